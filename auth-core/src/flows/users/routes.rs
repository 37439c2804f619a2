use serde_json::json;

use crate::{
    error::{Error, ErrorKind, Result},
    flows::password::routes::editable_attributes,
    http::{Call, Delivery, Reply, routes, user_answer},
    model::{JsonObject, Session, User, UserPatch},
    password::Verified,
    secret::Password,
};

use super::EMAIL;

routes! {
    "GET" "/user" => get_user,
    "PUT" "/user" => update_user,
    "DELETE" "/user" => delete_user,
}

async fn get_user(call: Call) -> Result<Reply> {
    let (_, user) = call.request.require_user_of_route().await?;
    Ok(Reply::ok(user_answer(&call.auth, &user).await?))
}

/// All that can be refused is refused before anything is written; address, metadata and attributes are one act, and the
/// password comes last.
async fn update_user(mut call: Call) -> Result<Reply> {
    let (session, user) = call.request.require_user_of_route().await?;
    let password = call.body.take_password("password")?;
    let email = call.body.text("email")?.map(str::to_owned);
    let patch = UserPatch {
        user_metadata: call.body.object("data")?.map(|data| merged(&user.user_metadata, data)),
        attributes: editable_attributes(&call)?,
        ..UserPatch::default()
    };
    if password.is_some() || email.is_some() {
        prove_again(&mut call, &session, &user).await?;
    }
    if let Some(password) = &password {
        check_new_password(&call, &user, password).await?;
    }

    match email {
        Some(email) => change_email(&call, &user, &email, patch).await?,
        None if patch.is_empty() => {}
        None => drop(call.auth.change_user(&user.id, patch, call.request.client()).await?),
    }
    if let Some(password) = password {
        change_password(&call, &session, &user, password).await?;
    }
    let user = call.auth.get_user(&user.id).await?;
    Ok(Reply::ok(user_answer(&call.auth, &user).await?))
}

async fn delete_user(mut call: Call) -> Result<Reply> {
    let (session, user) = call.request.require_user_of_route().await?;
    prove_again(&mut call, &session, &user).await?;
    call.auth.remove_user(&user.id, call.request.client()).await?;
    call.request.set_session(None);
    Ok(Reply::ok(json!({})))
}

/// For acts that a stolen session must not be enough for: the current password, or a sign-in a moment ago.
async fn prove_again(call: &mut Call, session: &Session, user: &User) -> Result<()> {
    let Some(password) = call.body.take_password("current_password")? else {
        let age = call.auth.now().since(session.authenticated_at());
        if age <= call.auth.inner.config.sessions.fresh_for {
            return Ok(());
        }
        return Err(ErrorKind::ReauthenticationNeeded.into());
    };
    call.auth
        .check_current_password(user, password, call.request.client())
        .await
}

/// GoTrue's rule: members are added and overwritten one by one, `null` removes one.
fn merged(old: &JsonObject, given: &JsonObject) -> JsonObject {
    let mut merged = old.clone();
    for (name, value) in given {
        if value.is_null() {
            merged.remove(name);
        } else {
            merged.insert(name.clone(), value.clone());
        }
    }
    merged
}

async fn change_email(call: &Call, user: &User, email: &str, patch: UserPatch) -> Result<()> {
    let client = call.request.client();
    let changed = call
        .auth
        .change_provider_id(&user.id, EMAIL, email, patch, client)
        .await;
    changed.map(drop).map_err(|error| match error.kind() {
        ErrorKind::DuplicateKeyId => ErrorKind::EmailExists.into(),
        ErrorKind::InvalidUserId => {
            Error::from(ErrorKind::ValidationFailed).detail("This account has no e-mail address to change.")
        }
        _ => error,
    })
}

async fn check_new_password(call: &Call, user: &User, password: &Password) -> Result<()> {
    let passwords = &call.auth.inner.passwords;
    passwords.check_size(password)?;
    let context: Vec<&str> = user.email.as_deref().into_iter().collect();
    passwords.check_new(password, &context)?;
    if let Some(hash) = call.auth.password_of(&user.id).await? {
        let same = passwords.verify(Password::new(password.expose()), Some(hash)).await;
        if matches!(same, Ok(Verified::Yes | Verified::Outdated)) {
            return Err(ErrorKind::SamePassword.into());
        }
    }
    Ok(())
}

/// The other sessions end; a browser's own goes on with a new secret, so that a stolen copy of its cookie ends too. They
/// end before the password changes and once more after it: if a store fails in between, no thief stays.
async fn change_password(call: &Call, session: &Session, user: &User, password: Password) -> Result<()> {
    let client = call.request.client();
    call.auth.end_sessions(&user.id, Some(&session.id), client).await?;
    let user = call.auth.get_user(&user.id).await?;
    call.auth.store_password(&user, Some(password), client).await?;
    call.auth.end_sessions(&user.id, Some(&session.id), client).await?;
    if call.delivery == Delivery::Cookie || call.auth.inner.tokens.is_some() {
        call.request.replace_secret(session).await?;
    }
    Ok(())
}
