//! The tables, as data: names and types of the library's own columns, keys and indexes.

use crate::model::{Attribute, AttributeKind};

/// The types all databases have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Blob,
    Boolean,
    /// 32 bytes that stand in an index.
    Digest,
    Integer,
    /// Text that stands in an index: 512 characters where a database needs a bound.
    Key,
    /// Bytes of any length: 4 GiB where a database needs a bound.
    LongBlob,
    /// Text that stands in an index beside a key: 64 characters where a database needs a bound.
    Name,
    Real,
    Text,
}

/// Name, type and whether it must have a value.
pub(super) type Column = (&'static str, ColumnType, bool);

/// One of the library's tables.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) primary_key: &'static [&'static str],
    /// Whether `user_id` refers to a user and goes with it.
    pub(super) is_owned: bool,
    /// Columns whose values are unique.
    pub(super) unique: &'static [&'static str],
    /// The last part of an index's name, and its columns.
    pub(super) indexes: &'static [(&'static str, &'static [&'static str])],
}

/// The number of the newest shape of the tables. A database that has seen a higher one is left alone.
pub(super) const VERSION: i64 = 2;

pub(super) const TABLES: &[Table] = &[
    Table {
        name: "user",
        columns: USER,
        primary_key: &["id"],
        is_owned: false,
        unique: &[],
        indexes: &[("created_at", &["created_at", "id"]), ("email", &["email"])],
    },
    Table {
        name: "key",
        columns: KEY,
        primary_key: &["id"],
        is_owned: true,
        unique: &[],
        indexes: &[("user_id", &["user_id", "created_at"])],
    },
    Table {
        name: "session",
        columns: SESSION,
        primary_key: &["id"],
        is_owned: true,
        unique: &[],
        indexes: &[
            ("user_id", &["user_id", "created_at"]),
            ("idle_expires", &["idle_expires"]),
            ("absolute_expires", &["absolute_expires"]),
        ],
    },
    Table {
        name: "attempt",
        columns: ATTEMPT,
        primary_key: &["subject", "action"],
        is_owned: false,
        unique: &[],
        indexes: &[("window_ends", &["window_ends"])],
    },
    Table {
        name: "one_time_token",
        columns: ONE_TIME_TOKEN,
        primary_key: &["id"],
        is_owned: true,
        unique: &["link_digest"],
        indexes: &[
            ("user_id", &["user_id"]),
            ("sent_to", &["sent_to"]),
            ("expires", &["link_expires", "code_expires"]),
        ],
    },
    Table {
        name: "outbox",
        columns: OUTBOX,
        primary_key: &["id"],
        is_owned: false,
        unique: &[],
        indexes: &[("due_at", &["due_at", "id"])],
    },
    Table {
        name: "event",
        columns: EVENT,
        primary_key: &["id"],
        // It stays when its user goes.
        is_owned: false,
        unique: &[],
        indexes: &[
            ("user_id", &["user_id", "id"]),
            ("kind", &["kind", "id"]),
            ("actor", &["actor", "id"]),
            ("at", &["at"]),
        ],
    },
    Table {
        name: "signing_key",
        columns: SIGNING_KEY,
        primary_key: &["generation"],
        is_owned: false,
        unique: &[],
        indexes: &[],
    },
    Table {
        name: "migration",
        columns: &[("version", ColumnType::Integer, true)],
        primary_key: &["version"],
        is_owned: false,
        unique: &[],
        indexes: &[],
    },
];

use ColumnType::{Blob, Boolean, Digest, Integer, Key, LongBlob, Name, Text};

pub(super) const USER: &[Column] = &[
    ("id", Key, true),
    ("email", Key, false),
    ("phone", Key, false),
    ("email_confirmed_at", Integer, false),
    ("phone_confirmed_at", Integer, false),
    ("role", Text, true),
    ("app_metadata", Text, true),
    ("user_metadata", Text, true),
    ("is_anonymous", Boolean, true),
    ("banned_until", Integer, false),
    ("last_sign_in_at", Integer, false),
    ("deleted_at", Integer, false),
    ("created_at", Integer, true),
    ("updated_at", Integer, true),
];

pub(super) const KEY: &[Column] = &[
    ("id", Key, true),
    ("user_id", Key, true),
    ("hashed_password", Text, false),
    ("is_primary", Boolean, true),
    ("expires", Integer, false),
    ("created_at", Integer, true),
    ("updated_at", Integer, true),
];

pub(super) const SESSION: &[Column] = &[
    ("id", Key, true),
    ("user_id", Key, true),
    ("secret_digest", Blob, true),
    ("secret_issued_at", Integer, true),
    ("previous_digest", Blob, false),
    ("previous_issued_at", Integer, false),
    ("previous_expires", Integer, false),
    ("active_expires", Integer, true),
    ("idle_expires", Integer, true),
    ("absolute_expires", Integer, false),
    ("persistent", Boolean, true),
    ("payload", Text, true),
    ("data", Text, true),
    ("aal", Integer, true),
    ("amr", Text, true),
    ("ip", Text, false),
    ("user_agent", Text, false),
    ("last_seen", Integer, true),
    ("created_at", Integer, true),
    ("updated_at", Integer, true),
];

pub(super) const ATTEMPT: &[Column] = &[
    ("subject", Key, true),
    ("action", Name, true),
    ("count", Integer, true),
    ("window_ends", Integer, true),
];

pub(super) const ONE_TIME_TOKEN: &[Column] = &[
    ("id", Key, true),
    ("user_id", Key, true),
    ("purpose", Key, true),
    ("sent_to", Key, true),
    ("link_digest", Digest, true),
    ("code_digest", Blob, false),
    ("browser_digest", Blob, false),
    ("attempts", Integer, true),
    ("data", Text, true),
    ("link_expires", Integer, true),
    ("code_expires", Integer, true),
    ("created_at", Integer, true),
];

pub(super) const OUTBOX: &[Column] = &[
    ("id", Name, true),
    ("sealed", LongBlob, true),
    ("attempts", Integer, true),
    ("due_at", Integer, true),
    ("expires", Integer, true),
    ("created_at", Integer, true),
];

pub(super) const EVENT: &[Column] = &[
    ("id", Name, true),
    ("kind", Name, true),
    ("at", Integer, true),
    ("user_id", Key, false),
    ("session_id", Key, false),
    ("account", Text, false),
    ("ip", Text, false),
    ("user_agent", Text, false),
    ("reason", Text, false),
    ("actor", Key, false),
];

pub(super) const SIGNING_KEY: &[Column] = &[
    ("generation", Integer, true),
    ("kid", Text, true),
    ("algorithm", Text, true),
    ("active_from", Integer, true),
    ("created_at", Integer, true),
    ("sealed", Blob, true),
];

pub(super) fn type_of(attribute: &Attribute) -> ColumnType {
    match attribute.kind() {
        AttributeKind::Boolean => Boolean,
        AttributeKind::Integer | AttributeKind::Timestamp => Integer,
        AttributeKind::Json | AttributeKind::Text if attribute.is_unique() => Key,
        AttributeKind::Json | AttributeKind::Text => Text,
        AttributeKind::Real => ColumnType::Real,
    }
}

/// The longest name of a table, column or index that every database takes (PostgreSQL's bound).
const LONGEST_NAME: usize = 63;

/// Refuses attributes that cannot be columns beside these.
pub(super) fn check_attributes(attributes: &[Attribute], own: &[Column], prefix: &str) -> Result<(), String> {
    for (index, attribute) in attributes.iter().enumerate() {
        let name = attribute.name();
        if !is_identifier(name) {
            return Err(format!("{name:?} cannot be a column's name: use a-z, 0-9 and _."));
        }
        if prefix.len() + "session_".len() + name.len() > LONGEST_NAME {
            return Err(format!("{name:?} is too long for the name of an index on it."));
        }
        let is_taken = own.iter().any(|(taken, ..)| *taken == name)
            || attributes[..index].iter().any(|earlier| earlier.name() == name);
        if is_taken {
            return Err(format!("there is a column {name} already."));
        }
        // Its index would be called as that of the primary key is, and the next migration would take it to be there.
        if name.trim_end_matches(|last: char| last.is_ascii_digit()) == "pkey" {
            return Err(format!("{name:?} stands in the name of PostgreSQL's primary key."));
        }
    }
    Ok(())
}

/// Plain lower-case names, which every database takes and nobody can smuggle SQL into.
pub(super) fn is_identifier(name: &str) -> bool {
    name.len() <= 48
        && name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_that_cannot_be_columns_are_refused() {
        let refused = |names: &[&str]| {
            let attributes: Vec<_> = names
                .iter()
                .copied()
                .map(|name| Attribute::text(name).unique())
                .collect();
            check_attributes(&attributes, USER, "auth_").err()
        };
        assert_eq!(refused(&["display_name", "x_pkey", "login"]), None);
        let long = "x".repeat(48);
        assert_eq!(refused(&[&long]), None);
        for names in [
            &["email"][..],
            &["Name"],
            &["a-b"],
            &[""],
            &["twice", "twice"],
            &["pkey"],
            &["pkey1"],
            &[&format!("{long}x")],
        ] {
            assert!(refused(names).is_some(), "{names:?}");
        }
    }

    /// MariaDB shortens text by itself where an index needs it; MySQL refuses the table.
    #[test]
    fn columns_of_indexes_have_types_that_every_database_can_index() {
        for table in TABLES {
            let indexed = table.indexes.iter().flat_map(|(_, columns)| *columns);
            for name in indexed.chain(table.primary_key).chain(table.unique) {
                let (_, column_type, _) = table.columns.iter().find(|(column, ..)| column == name).unwrap();
                assert!(
                    matches!(column_type, Digest | Integer | Key | Name),
                    "{}.{name} is {column_type:?}",
                    table.name
                );
            }
        }
    }
}
