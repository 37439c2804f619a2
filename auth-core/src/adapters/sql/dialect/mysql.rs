use super::{super::columns::ColumnType, Dialect, SOME};

/// MySQL 8.0.17 or newer.
pub(crate) const MYSQL: Dialect = Dialect {
    // Compares bytes and keeps trailing spaces apart, as the other databases do.
    table_options: " ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin",
    ..MARIADB
};

/// MariaDB 10.11 or newer.
pub(crate) const MARIADB: Dialect = Dialect {
    quote: '`',
    placeholder: '?',
    column_type: |column_type| match column_type {
        ColumnType::Blob => "BLOB",
        ColumnType::Boolean => "BOOLEAN",
        ColumnType::Digest => "BINARY(32)",
        ColumnType::Integer => "BIGINT",
        // The longest index is 3072 bytes, four to a character.
        ColumnType::Key => "VARCHAR(512)",
        ColumnType::LongBlob => "LONGBLOB",
        ColumnType::Name => "VARCHAR(64)",
        ColumnType::Real => "DOUBLE",
        ColumnType::Text => "LONGTEXT",
    },
    table_options: " ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
    index_has_schema: false,
    qualifies_references: true,
    columns_of: |schema, table| {
        format!(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = {} AND table_name = '{table}'",
            database(schema)
        )
    },
    indexes_of: |schema, table| {
        format!(
            "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = {} AND table_name = '{table}'",
            database(schema)
        )
    },
    create_schema: None,
    // Ends with the connection as well.
    lock: |name| {
        (
            vec![format!("DO GET_LOCK('{name}', 60)")],
            vec![format!("DO RELEASE_LOCK('{name}')")],
        )
    },
    // Another unique value that is taken comes here as well: it is no replacement, so the row gets no user and is refused.
    or_replace: |columns| {
        let others = columns.iter().skip(1);
        let assignments: Vec<String> = others
            .map(|column| match column.as_str() {
                "`user_id`" => "`user_id` = IF(`id` = VALUES(`id`), VALUES(`user_id`), NULL)".to_owned(),
                column => format!("{column} = VALUES({column})"),
            })
            .collect();
        format!(" ON DUPLICATE KEY UPDATE {}", assignments.join(", "))
    },
    // Assignments happen from left to right: the count is made before the window it looks at changes.
    delete_some: |table, _, condition| format!("DELETE FROM {table} WHERE {condition} LIMIT {SOME}"),
    count_attempt: |table| {
        vec![
            format!(
                "INSERT INTO {table} (subject, action, count, window_ends) VALUES (?1, ?2, 1, ?3) \
                 ON DUPLICATE KEY UPDATE count = IF(window_ends < ?4, 1, count + 1), \
                 window_ends = IF(window_ends < ?4, ?3, window_ends)"
            ),
            format!("SELECT count, window_ends FROM {table} WHERE subject = ?1 AND action = ?2"),
        ]
    },
};

fn database(schema: Option<&str>) -> String {
    schema.map_or_else(|| "DATABASE()".to_owned(), |schema| format!("'{schema}'"))
}
