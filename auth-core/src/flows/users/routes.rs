use std::sync::Arc;

use serde_json::json;

use super::check_metadata;
use crate::{
    address::Address,
    auth::Auth,
    error::{ErrorKind, Result},
    flows::{one_time::Asked, password::routes::editable_attributes},
    http::{Call, Reply, routes, user_answer},
    model::{Amr, JsonObject, Session, User, UserPatch},
    password::Verified,
    secret::{HashedPassword, Password},
};

routes! {
    "GET" "/user" => get_user,
    "PUT" "/user" => update_user,
    "DELETE" "/user" => delete_user,
}

async fn get_user(call: Call) -> Result<Reply> {
    call.check_audience()?;
    let (_, user) = call.require_user().await?;
    Ok(Reply::ok(user_answer(&call.auth, &user).await?))
}

/// All that can be refused is refused before anything is written; address, metadata and attributes are one act, and the
/// password comes last.
async fn update_user(mut call: Call) -> Result<Reply> {
    let (session, user) = require_current(&call).await?;
    let password = call.body.take_password("password")?;
    // A form sends its empty fields along.
    let password = password.filter(|password| !call.body.is_form() || !password.is_empty());
    let email = call.address("email", user.email.as_deref())?;
    let phone = call.address("phone", user.phone.as_deref())?;
    call.check_channel()?;
    if call.body.object("app_metadata")?.is_some() {
        return Err(ErrorKind::NotAdmin.into());
    }
    let patch = UserPatch {
        user_metadata: call.body.object("data")?.map(|data| merged(&user.user_metadata, data)),
        attributes: editable_attributes(&call)?,
        ..UserPatch::default()
    };
    check_metadata(patch.user_metadata.as_ref())?;
    let declared = call.auth.inner.config.schema.user_attributes();
    call.auth.check_attributes(&patch.attributes, declared)?;
    let is_grave = password.is_some() || email.is_some() || phone.is_some();
    let gets_key = email.iter().chain(&phone).any(|address| !call.auth.confirms(address));
    if user.is_anonymous && password.is_some() && !gets_key {
        return Err(ErrorKind::AnonymousNeedsAddress.into());
    }
    if let Some(password) = &password {
        // What is too weak is refused first: the code that proves who asks is good once.
        check_new_password(&call, &session, &user, email.as_ref(), password).await?;
    }
    if is_grave && user.is_anonymous {
        check_not_behind(&session)?;
    } else if is_grave {
        if password.is_some() && asks_for_current(&call, &session, &user).await? {
            check_current(&mut call, &user).await?;
        } else {
            prove_again(&mut call, &session, &user).await?;
        }
    }

    let (auth, client) = (&call.auth, call.request.client());
    if password.is_some() {
        auth.limit_password_changes(&user.id, client).await?;
    }
    let addresses = email.into_iter().chain(phone);
    let (awaited, at_once): (Vec<_>, Vec<_>) = addresses.partition(|address| auth.confirms(address));
    for address in &at_once {
        auth.check_nobody_elses(&user, address).await?;
    }
    let asked = if awaited.is_empty() {
        Asked::default()
    } else {
        call.asked()?
    };
    let hash = match password {
        Some(password) => Some(hash_another(auth, &user, password).await?),
        None => None,
    };
    for address in &awaited {
        auth.check_change(&user, address, client).await?;
    }

    let mut user = user;
    let mut patch = Some(patch);
    for address in &at_once {
        let patch = patch.take().unwrap_or_default();
        user = auth.change_address(None, user, address, patch, None, client).await?;
    }
    if let Some(patch) = patch.filter(|patch| !patch.is_empty()) {
        user = auth.change_user(&user.id, patch, client).await?;
    }
    if let Some(hash) = hash {
        change_password(&call, &session, &user, &hash).await?;
    }
    // After the password, whose change voids whatever was sent before it.
    for address in &awaited {
        auth.ask_for_change(&user, address, &asked, client).await?;
    }
    let user = call.auth.get_user(&user.id).await?;
    let answer = user_answer(&call.auth, &user).await?;
    Ok(if awaited.is_empty() {
        Reply::ok(answer)
    } else {
        Reply::pending(answer)
    })
}

async fn delete_user(mut call: Call) -> Result<Reply> {
    let (session, user) = require_current(&call).await?;
    match user.is_anonymous {
        true => check_not_behind(&session)?,
        false => prove_again(&mut call, &session, &user).await?,
    }
    call.auth.remove_user(&user.id, call.request.client()).await?;
    call.request.set_session(None);
    Ok(Reply::ok(json!({})))
}

/// As [`Call::require_user`], with the user as the store itself has them: what is decided about an
/// account and written to it must not rest on what a cache or a replica remembers.
async fn require_current(call: &Call) -> Result<(Arc<Session>, User)> {
    let (session, _) = call.require_user().await?;
    match call.auth.live_session_and_user(&session.id).await? {
        Some((record, user)) if call.request.still_opens(&record) => Ok((session, user)),
        _ => Err(call.explained(ErrorKind::NotAuthenticated.into()).await?),
    }
}

/// Who has no address has nothing to prove again; but it may be somebody with a copy of what was replaced.
fn check_not_behind(session: &Session) -> Result<()> {
    match session.straggler {
        true => Err(ErrorKind::UpdateNeedsReauthentication.into()),
        false => Ok(()),
    }
}

/// For acts that a stolen session must not be enough for: the current password, a code that was sent for this, or a sign-in a
/// moment ago.
async fn prove_again(call: &mut Call, session: &Session, user: &User) -> Result<()> {
    if let Some(nonce) = call.body.text("nonce")?.filter(|nonce| !nonce.is_empty()) {
        return call.auth.take_nonce(user, nonce, call.request.client()).await;
    }
    let Some(password) = current_password(call)? else {
        let age = call.auth.now().since(session.authenticated_at());
        if age <= call.auth.inner.config.sessions.fresh_for {
            return Ok(());
        }
        return Err(ErrorKind::UpdateNeedsReauthentication.into());
    };
    call.auth
        .check_current_password(user, password, call.request.client())
        .await
}

/// Whether a new password takes the current one, however fresh the session is. Who has none cannot give it, and who came in by
/// what was sent to them may have forgotten it: they prove who they are as for any other change.
async fn asks_for_current(call: &Call, session: &Session, user: &User) -> Result<bool> {
    let was_sent = |amr: &Amr| ["magiclink", "otp", "recovery"].contains(&amr.method.as_str());
    if !call.auth.inner.passwords.asks_for_current() || session.amr.first().is_some_and(was_sent) {
        return Ok(false);
    }
    Ok(call.auth.password_of(&user.id).await?.is_some())
}

async fn check_current(call: &mut Call, user: &User) -> Result<()> {
    let password = current_password(call)?.ok_or(ErrorKind::CurrentPasswordRequired)?;
    call.auth
        .check_current_password(user, password, call.request.client())
        .await
}

/// A form sends its empty fields along.
fn current_password(call: &mut Call) -> Result<Option<Password>> {
    let password = call.body.take_password("current_password")?;
    Ok(password.filter(|password| !password.is_empty()))
}

/// GoTrue's rule: members are added and overwritten one by one, `null` removes one.
pub(crate) fn merged(old: &JsonObject, given: &JsonObject) -> JsonObject {
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

impl Call {
    /// Another address or number than the present one; the present one again is no change.
    fn address(&self, name: &str, present: Option<&str>) -> Result<Option<Address>> {
        let Some(typed) = self.body.text(name)?.filter(|typed| !typed.is_empty()) else {
            return Ok(None);
        };
        let address = if name == "email" {
            Address::email(typed)?
        } else {
            Address::phone(typed)?
        };
        let address = Some(address).filter(|address| Some(address.as_str()) != present);
        // Where nobody signs in with a number, nobody sets one either: it would count without a proof.
        address
            .iter()
            .try_for_each(|address| self.auth.check_signups(address))?;
        Ok(address)
    }
}

/// Counted before it costs anything: a list of leaked passwords may be asked.
async fn check_new_password(
    call: &Call,
    session: &Session,
    user: &User,
    new: Option<&Address>,
    password: &Password,
) -> Result<()> {
    let passwords = &call.auth.inner.passwords;
    passwords.check_size(password)?;
    call.auth
        .limit_new_passwords(&session.id, call.request.client())
        .await?;
    let context: Vec<&str> = user
        .email
        .as_deref()
        .into_iter()
        .chain(new.map(Address::as_str))
        .collect();
    passwords.check_new(password, &context).await
}

/// The hash of a password that is not the present one.
async fn hash_another(auth: &Auth, user: &User, password: Password) -> Result<HashedPassword> {
    let passwords = &auth.inner.passwords;
    if let Some(hash) = auth.password_of(&user.id).await? {
        let same = passwords
            .verify(Password::new(password.expose()), Some((&user.id, &hash)))
            .await;
        if matches!(same, Ok(Verified::Yes | Verified::Outdated)) {
            return Err(ErrorKind::SamePassword.into());
        }
    }
    passwords.hash(password, &user.id).await
}

/// The other sessions end; a browser's own goes on with a new secret, so that a stolen copy of its cookie ends too. They
/// end before the password changes and once more after it: if a store fails in between, no thief stays.
async fn change_password(call: &Call, session: &Session, user: &User, hash: &HashedPassword) -> Result<()> {
    let client = call.request.client();
    call.auth.end_sessions(&user.id, Some(&session.id), client).await?;
    let user = call.auth.get_user(&user.id).await?;
    call.auth.store_password(&user, Some(hash), client).await?;
    call.auth.end_sessions(&user.id, Some(&session.id), client).await?;
    call.request.replace_secret(session).await
}
