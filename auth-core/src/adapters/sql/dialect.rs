//! What databases spell differently. A new database is a new constant and a driver; the statements stay.

use super::columns::ColumnType;

/// One database's spelling.
pub(crate) struct Dialect {
    /// Encloses names.
    pub(crate) quote: char,
    /// The placeholder of the n-th value, counted from 1.
    pub(crate) placeholder: fn(usize) -> String,
    /// The name of a type.
    pub(crate) column_type: fn(ColumnType) -> &'static str,
    /// Lists the column names of a table; its value is the table's name, its schema a part of the text.
    pub(crate) columns_of: fn(schema: Option<&str>, table: &str) -> String,
    /// Counts an attempt and returns count and end of the window; values: subject, action, end of a new window, now, now.
    pub(crate) count_attempt: fn(table: &str) -> String,
    /// Behind a table's column list.
    pub(crate) table_options: &'static str,
    /// Whether an error says that a column is there already.
    pub(crate) is_duplicate_column: fn(&str) -> bool,
}

/// SQLite 3.38 or newer.
pub(crate) const SQLITE: Dialect = Dialect {
    quote: '"',
    placeholder: |number| format!("?{number}"),
    column_type: |column_type| match column_type {
        ColumnType::Blob => "BLOB",
        ColumnType::Integer => "INTEGER",
        ColumnType::Real => "REAL",
        ColumnType::Text => "TEXT",
    },
    columns_of: |schema, table| match schema {
        Some(schema) => format!("SELECT name FROM pragma_table_info('{table}', '{schema}')"),
        None => format!("SELECT name FROM pragma_table_info('{table}')"),
    },
    count_attempt: |table| {
        format!(
            "INSERT INTO {table} AS old (subject, action, count, window_ends) VALUES (?1, ?2, 1, ?3) \
             ON CONFLICT (subject, action) DO UPDATE SET \
             count = CASE WHEN old.window_ends < ?4 THEN 1 ELSE old.count + 1 END, \
             window_ends = CASE WHEN old.window_ends < ?4 THEN excluded.window_ends ELSE old.window_ends END \
             RETURNING count, window_ends"
        )
    },
    table_options: " STRICT, WITHOUT ROWID",
    is_duplicate_column: |message| message.contains("duplicate column name"),
};
