//! What every SQL database must do with the statements that are written once.

mod plans;
mod upgrade;
