use super::{super::columns::ColumnType, Dialect, SOME, on_conflict};

/// Whether a constraint of a table is its primary key. A unique attribute may be called `…_pkey`, too; PostgreSQL counts where the
/// name is taken, and cuts where it is too long.
pub(crate) fn is_primary_key(constraint: Option<&str>, table: Option<&str>) -> bool {
    const CUT: usize = 63 - "_pkey".len();
    let named = |constraint: &str, table: &str| {
        let cut = constraint
            .trim_end_matches(|last: char| last.is_ascii_digit())
            .strip_suffix("_pkey");
        cut.is_some_and(|cut| cut == table || cut.len() == CUT && table.starts_with(cut))
    };
    constraint
        .zip(table)
        .is_some_and(|(constraint, table)| named(constraint, table))
}

/// PostgreSQL 12 or newer.
pub(crate) const POSTGRES: Dialect = Dialect {
    quote: '"',
    placeholder: '$',
    column_type: |column_type| match column_type {
        ColumnType::Blob | ColumnType::Digest | ColumnType::LongBlob => "BYTEA",
        ColumnType::Boolean => "BOOLEAN",
        ColumnType::Integer => "BIGINT",
        // Bytes in order: comparing them asks no locale, and an upgrade of one cannot break an index.
        ColumnType::Key | ColumnType::Name => "TEXT COLLATE \"C\"",
        ColumnType::Real => "DOUBLE PRECISION",
        ColumnType::Text => "TEXT",
    },
    table_options: "",
    index_has_schema: false,
    qualifies_references: true,
    columns_of: |schema, table| {
        format!(
            "SELECT c.relname::text, a.attname::text FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
             WHERE c.oid = {} AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped",
            relation(schema, table)
        )
    },
    indexes_of: |schema, table| {
        format!(
            "SELECT c.relname::text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE i.indrelid = {}",
            relation(schema, table)
        )
    },
    retype: None,
    // Not IF NOT EXISTS, which asks for the right to make one even if it is there.
    create_schema: Some(|schema| {
        format!("DO $$ BEGIN IF to_regnamespace('{schema}') IS NULL THEN CREATE SCHEMA {schema}; END IF; END $$")
    }),
    lock: |_, name| {
        let lock = vec![
            "SET LOCAL statement_timeout = 0".to_owned(),
            "SET LOCAL lock_timeout = 0".to_owned(),
            format!("SELECT pg_advisory_xact_lock(hashtext('{name}'))"),
        ];
        (lock, Vec::new())
    },
    or_replace: on_conflict,
    // A row that changed meanwhile stands elsewhere, and stays.
    delete_some: |table, _, condition| {
        format!(
            "DELETE FROM {table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM {table} WHERE {condition} LIMIT {SOME}))"
        )
    },
    count_attempt: |table| {
        vec![format!(
            "INSERT INTO {table} AS held (subject, action, count, window_ends) VALUES ($1, $2, 1, $3) \
             ON CONFLICT (subject, action) DO UPDATE SET \
             count = CASE WHEN held.window_ends < $4 THEN 1 ELSE held.count + 1 END, \
             window_ends = CASE WHEN held.window_ends < $4 THEN excluded.window_ends ELSE held.window_ends END \
             RETURNING count, window_ends"
        )]
    },
};

/// The table's number, or NULL. By its number every catalog has an index; among a hundred thousand tables that nobody has
/// counted yet, a join by names reads them all.
fn relation(schema: Option<&str>, table: &str) -> String {
    let schema = schema.map_or_else(|| "current_schema()".to_owned(), |schema| format!("'{schema}'"));
    format!("to_regclass(quote_ident({schema}) || '.' || quote_ident('{table}'))")
}

#[cfg(test)]
mod tests {
    use super::is_primary_key;

    #[test]
    fn a_primary_key_is_known_by_its_table() {
        assert!(is_primary_key(Some("auth_user_pkey"), Some("auth_user")));
        assert!(is_primary_key(Some("auth_user_pkey1"), Some("auth_user")));
        assert!(!is_primary_key(Some("auth_user_x_pkey"), Some("auth_user")));
        assert!(!is_primary_key(Some("auth_pkey"), Some("auth_user")));
        assert!(!is_primary_key(Some("auth_user_email"), Some("auth_user")));
        assert!(!is_primary_key(Some("auth_user_pkey"), None));
        // PostgreSQL cuts the table's name so that the whole has 63 letters.
        let (table, cut) = ("t".repeat(63), "t".repeat(58));
        assert!(is_primary_key(Some(&format!("{cut}_pkey")), Some(&table)));
    }
}
