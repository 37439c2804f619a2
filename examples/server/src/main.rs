//! `auth-server [serve|migrate|check|create-user|revoke-sessions|rotate-keys|sweep|service-token] --help`

use std::process::ExitCode;

use auth_server::Cli;
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    auth_server::init_logging();
    match auth_server::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
