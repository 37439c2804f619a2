//! The tables, as data: names and types of the library's own columns.

use crate::model::{Attribute, AttributeKind};

/// The types all databases have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Blob,
    Integer,
    Real,
    Text,
}

/// Name, type and whether it must have a value.
pub(super) type Column = (&'static str, ColumnType, bool);

use ColumnType::{Blob, Integer, Text};

pub(super) const USER: &[Column] = &[
    ("id", Text, true),
    ("email", Text, false),
    ("phone", Text, false),
    ("email_confirmed_at", Integer, false),
    ("phone_confirmed_at", Integer, false),
    ("role", Text, true),
    ("app_metadata", Text, true),
    ("user_metadata", Text, true),
    ("is_anonymous", Integer, true),
    ("banned_until", Integer, false),
    ("last_sign_in_at", Integer, false),
    ("created_at", Integer, true),
    ("updated_at", Integer, true),
];

pub(super) const KEY: &[Column] = &[
    ("id", Text, true),
    ("user_id", Text, true),
    ("hashed_password", Text, false),
    ("is_primary", Integer, true),
    ("expires", Integer, false),
    ("created_at", Integer, true),
    ("updated_at", Integer, true),
];

pub(super) const SESSION: &[Column] = &[
    ("id", Text, true),
    ("user_id", Text, true),
    ("secret_digest", Blob, true),
    ("secret_issued_at", Integer, true),
    ("previous_digest", Blob, false),
    ("previous_issued_at", Integer, false),
    ("previous_expires", Integer, false),
    ("active_expires", Integer, true),
    ("idle_expires", Integer, true),
    ("absolute_expires", Integer, false),
    ("persistent", Integer, true),
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
    ("subject", Text, true),
    ("action", Text, true),
    ("count", Integer, true),
    ("window_ends", Integer, true),
];

pub(super) const SIGNING_KEY: &[Column] = &[
    ("generation", Integer, true),
    ("kid", Text, true),
    ("algorithm", Text, true),
    ("active_from", Integer, true),
    ("created_at", Integer, true),
    ("sealed", Blob, true),
];

pub(super) fn type_of(kind: AttributeKind) -> ColumnType {
    match kind {
        AttributeKind::Boolean | AttributeKind::Integer | AttributeKind::Timestamp => Integer,
        AttributeKind::Json | AttributeKind::Text => Text,
        AttributeKind::Real => ColumnType::Real,
    }
}

/// Refuses attributes that cannot be columns beside these.
pub(super) fn check_attributes(attributes: &[Attribute], own: &[Column]) -> Result<(), String> {
    for (index, attribute) in attributes.iter().enumerate() {
        let name = attribute.name();
        if !is_identifier(name) {
            return Err(format!("{name:?} cannot be a column's name: use a-z, 0-9 and _."));
        }
        let is_taken = own.iter().any(|(taken, ..)| *taken == name)
            || attributes[..index].iter().any(|earlier| earlier.name() == name);
        if is_taken {
            return Err(format!("there is a column {name} already."));
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
