use std::path::PathBuf;

use auth_core::Auth;
use clap::{Parser, Subcommand};

use crate::{
    Failure, Settings, commands, serve,
    setup::{self, Parts},
};

/// A stand-alone auth server: accounts, sessions, mails and administration over HTTP.
#[derive(Parser)]
#[command(name = "auth-server", version, subcommand_required = false)]
#[expect(missing_debug_implementations, reason = "there are secrets in it")]
#[non_exhaustive]
pub struct Cli {
    /// What to do. [default: serve]
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A TOML file with settings, named as the flags are.
    #[arg(long, global = true, env = "AUTH_CONFIG")]
    pub config: Option<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// What to do.
#[derive(Subcommand)]
#[expect(missing_debug_implementations, reason = "there are passwords in it")]
#[non_exhaustive]
pub enum Command {
    /// Serve until Ctrl-C or SIGTERM.
    Serve,
    /// Create what is missing in the database.
    Migrate {
        /// Only print what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Check the configuration, and whether the database answers and has everything.
    Check,
    /// Make an account; prints its id. The password is read from AUTH_NEW_PASSWORD.
    CreateUser {
        /// The e-mail address; it counts as proven.
        #[arg(long = "for-email")]
        for_email: String,
        /// Another role than that of new users.
        #[arg(long = "with-role")]
        with_role: Option<String>,
    },
    /// End all sessions of a user.
    RevokeSessions {
        /// The user's id or e-mail address.
        user: String,
    },
    /// Make the next signing key now.
    RotateKeys,
    /// Delete what has expired.
    Sweep,
    /// Print a token with which a program may administrate.
    ServiceToken {
        /// How long it is good.
        #[arg(long, default_value = "1h")]
        lifetime: String,
    },
}

/// Does what the command line says.
///
/// # Errors
/// A sentence on what is wrong with the configuration, or what failed.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let settings = cli.settings.with_file(cli.config.as_ref())?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(&settings).await,
        command => {
            let auth = setup::auth(&settings, setup::addr(&settings), &Parts::default()).await?;
            let done = one_thing(command, &auth, &settings).await;
            // Written by a task that ends with this process.
            auth.flush_events().await;
            done
        }
    }
}

async fn one_thing(command: Command, auth: &Auth, settings: &Settings) -> Result<(), Failure> {
    match command {
        Command::Serve => serve::serve(settings).await,
        Command::Migrate { dry_run } => commands::migrate(auth, dry_run).await,
        Command::Check => commands::check(auth, settings).await,
        Command::CreateUser { for_email, with_role } => {
            commands::create_user(auth, &for_email, with_role.as_deref()).await
        }
        Command::RevokeSessions { user } => commands::revoke_sessions(auth, &user).await,
        Command::RotateKeys => commands::rotate_keys(auth).await,
        Command::Sweep => commands::sweep(auth).await,
        Command::ServiceToken { lifetime } => commands::service_token(auth, settings, &lifetime),
    }
}
