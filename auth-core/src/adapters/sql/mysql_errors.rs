use super::SqlErrorKind;

/// What an error number means.
///
/// <https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html>
pub(crate) fn mysql_error_kind(code: u16, message: &str) -> SqlErrorKind {
    match code {
        1062 if message.ends_with("PRIMARY'") => SqlErrorKind::PrimaryKey,
        1062 => SqlErrorKind::Unique,
        1216 | 1452 => SqlErrorKind::ForeignKey,
        // A dead lock; MariaDB's record that changed since it was read.
        1213 | 1020 => SqlErrorKind::Again,
        // Out of range, truncated, not of the character set, too long.
        1264 | 1265 | 1366 | 1406 => SqlErrorKind::Value,
        _ => SqlErrorKind::Other,
    }
}
