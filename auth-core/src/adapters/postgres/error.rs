use std::{error::Error as StdError, fmt};

use tokio_postgres::error::SqlState;

use crate::adapters::sql::{SqlError, SqlErrorKind, is_primary_key};

/// What the server said, without its details: those quote values, people's addresses among them.
#[derive(Debug)]
struct Refused {
    code: SqlState,
    message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code.code())
    }
}

impl StdError for Refused {}

pub(super) fn sql_error(error: tokio_postgres::Error) -> SqlError {
    let Some(refused) = error.as_db_error() else {
        return SqlError::new(SqlErrorKind::Other, error);
    };
    let code = refused.code();
    let kind = if *code == SqlState::UNIQUE_VIOLATION {
        match is_primary_key(refused.constraint(), refused.table()) {
            true => SqlErrorKind::PrimaryKey,
            false => SqlErrorKind::Unique,
        }
    } else if *code == SqlState::FOREIGN_KEY_VIOLATION {
        SqlErrorKind::ForeignKey
    } else if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
        SqlErrorKind::Again
    } else if code.code().starts_with("22") || is_too_long_for_its_index(code.code(), refused.message()) {
        SqlErrorKind::Value
    } else {
        SqlErrorKind::Other
    };
    let refused = Refused {
        code: code.clone(),
        message: refused.message().to_owned(),
    };
    SqlError::new(kind, refused)
}

/// Its code alone may as well mean that the server takes no writes for now.
fn is_too_long_for_its_index(code: &str, message: &str) -> bool {
    code == SqlState::PROGRAM_LIMIT_EXCEEDED.code() && message.starts_with("index row")
}
