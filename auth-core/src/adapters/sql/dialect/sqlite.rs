use super::{super::columns::ColumnType, Dialect, SOME, on_conflict};

/// SQLite 3.38 or newer.
pub(crate) const SQLITE: Dialect = Dialect {
    quote: '"',
    placeholder: '?',
    column_type: |column_type| match column_type {
        ColumnType::Blob | ColumnType::Digest | ColumnType::LongBlob => "BLOB",
        ColumnType::Boolean | ColumnType::Integer => "INTEGER",
        ColumnType::Key | ColumnType::Name | ColumnType::Text => "TEXT",
        ColumnType::Real => "REAL",
    },
    table_options: " STRICT, WITHOUT ROWID",
    index_has_schema: true,
    qualifies_references: false,
    columns_of: |schema, table| {
        let (master, argument) = match schema {
            Some(schema) => (format!("\"{schema}\".sqlite_master"), format!(", '{schema}'")),
            None => ("sqlite_master".to_owned(), String::new()),
        };
        format!(
            "SELECT t.name, c.name FROM {master} t JOIN pragma_table_info(t.name{argument}) c \
             WHERE t.type = 'table' AND t.name = '{table}'"
        )
    },
    indexes_of: |schema, table| {
        let schema = schema.map(|schema| format!("\"{schema}\".")).unwrap_or_default();
        format!("SELECT name FROM {schema}sqlite_master WHERE type = 'index' AND tbl_name = '{table}'")
    },
    retype: None,
    create_schema: None,
    // There is one writer.
    lock: |_, _| (Vec::new(), Vec::new()),
    or_replace: on_conflict,
    delete_some: |table, key, condition| {
        format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {condition} LIMIT {SOME})")
    },
    count_attempt: |table| {
        vec![format!(
            "INSERT INTO {table} AS held (subject, action, count, window_ends) VALUES (?1, ?2, 1, ?3) \
             ON CONFLICT (subject, action) DO UPDATE SET \
             count = CASE WHEN held.window_ends < ?4 THEN 1 ELSE held.count + 1 END, \
             window_ends = CASE WHEN held.window_ends < ?4 THEN excluded.window_ends ELSE held.window_ends END \
             RETURNING count, window_ends"
        )]
    },
};
