//! A stand-alone auth server: the library, configured from outside, for programs that are not written in Rust.
//!
//! Settings come from flags, then `AUTH_…` in the environment, then a TOML file; every subcommand takes the same ones.

mod cli;
mod commands;
mod delivery;
mod duration;
mod failure;
mod metrics;
mod serve;
mod settings;
mod setup;
mod store;

pub use cli::{Cli, Command, run};
pub use failure::Failure;
pub use settings::Settings;

/// Writes events and errors to standard error; `RUST_LOG` chooses which.
pub fn init_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,auth=info".into());
    // A second call, as in tests, changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
