//! The subcommands that do one thing and end. What they answer goes to standard output, to be read by programs.

use auth_core::{AdminUserAttributes, Auth, ErrorKind, UserId};

use crate::{Failure, Settings, duration, setup};

pub(crate) async fn migrate(auth: &Auth, dry_run: bool) -> Result<(), Failure> {
    if dry_run {
        let plan = auth.migration_plan().await?;
        for statement in plan.statements() {
            println!("{statement};");
        }
        return Ok(());
    }
    auth.migrate().await?;
    Ok(())
}

/// Fails unless the server could serve.
pub(crate) async fn check(auth: &Auth, settings: &Settings) -> Result<(), Failure> {
    setup::idle_timeout(settings)?;
    let plan = auth.migration_plan().await?;
    let missing: Vec<&str> = plan.missing().collect();
    if !missing.is_empty() {
        return Err(Failure::new(format!(
            "the database lacks {}: run `auth-server migrate`",
            missing.join(", ")
        )));
    }
    println!("ok");
    Ok(())
}

pub(crate) async fn create_user(auth: &Auth, email: &str, role: Option<&str>) -> Result<(), Failure> {
    let mut given = AdminUserAttributes::default().email(email).email_confirm(true);
    // In an argument, everybody on the machine could read it.
    if let Ok(password) = std::env::var("AUTH_NEW_PASSWORD") {
        given = given.password(password);
    }
    if let Some(role) = role {
        given = given.role(role);
    }
    let user = auth.admin_create_user(given).await?;
    println!("{}", user.id);
    Ok(())
}

pub(crate) async fn revoke_sessions(auth: &Auth, user: &str) -> Result<(), Failure> {
    let id = find(auth, user).await?;
    let live = auth.get_all_user_sessions(&id).await?.len();
    auth.invalidate_all_user_sessions(&id).await?;
    println!("{live}");
    Ok(())
}

async fn find(auth: &Auth, user: &str) -> Result<UserId, Failure> {
    let found = match user.contains('@') {
        true => auth.get_user_by_provider_id("email", user).await,
        false => auth.get_user(&UserId::from(user)).await,
    };
    match found {
        Ok(user) => Ok(user.id),
        Err(error) if matches!(error.kind(), ErrorKind::InvalidUserId | ErrorKind::InvalidProviderId) => {
            Err(Failure::new(format!("there is no user {user}")))
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn rotate_keys(auth: &Auth) -> Result<(), Failure> {
    println!("{}", auth.rotate_signing_keys().await?);
    Ok(())
}

pub(crate) async fn sweep(auth: &Auth) -> Result<(), Failure> {
    let swept = auth.delete_expired().await?;
    println!(
        "sessions {}, links and codes {}, messages {}, events {}",
        swept.sessions, swept.tokens, swept.messages, swept.events
    );
    Ok(())
}

pub(crate) fn service_token(auth: &Auth, settings: &Settings, lifetime: &str) -> Result<(), Failure> {
    let lifetime = duration::parse(lifetime).map_err(Failure::new)?;
    if settings.secret.is_none() && settings.secret_file.is_none() {
        return Err(Failure::new(
            "a service token needs the server's own secret: --secret or --secret-file",
        ));
    }
    println!("{}", auth.service_token(lifetime));
    Ok(())
}
