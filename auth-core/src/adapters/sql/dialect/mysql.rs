use super::{super::columns::ColumnType, BeforeAndAfter, Dialect, SOME};

/// MySQL 8.0.17 or newer.
pub(crate) const MYSQL: Dialect = Dialect {
    // Compares bytes and keeps trailing spaces apart, as the other databases do.
    table_options: " ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin",
    lock,
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
    retype: Some(|table, definition| format!("ALTER TABLE {table} MODIFY {definition}")),
    create_schema: None,
    // MySQL's limit is one for reads alone.
    lock: |schema, name| {
        let (mut before, after) = lock(schema, name);
        before.insert(0, "SET SESSION max_statement_time = 0".to_owned());
        (before, after)
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

/// The server has one set of names for all its databases, of 64 characters at most. Whoever waits does so for as long as
/// another migrates: both variables and locks end with the connection, which is closed behind a migration.
fn lock(schema: Option<&str>, name: &str) -> BeforeAndAfter {
    let lock = format!("SHA2(CONCAT({}, '.{name}'), 256)", database(schema));
    (
        vec![format!("DO GET_LOCK({lock}, {A_YEAR})")],
        vec![format!("DO RELEASE_LOCK({lock})")],
    )
}

/// In seconds: not every server knows a lock without an end.
const A_YEAR: u32 = 31_536_000;

fn database(schema: Option<&str>) -> String {
    schema.map_or_else(|| "DATABASE()".to_owned(), |schema| format!("'{schema}'"))
}
