use serde_json::Value;

use crate::{
    address::Address,
    error::{Error, ErrorKind, Result},
    flows::{
        one_time::Asked,
        sessions::{IssuedSession, NewSession},
        verify,
    },
    http::{Call, Reply, receipt_answer, routes, session_answer},
    model::{Attribute, AttributeValue, Attributes, User},
    secret::Password,
};

use super::{SignUp, service::SignedUp};

routes! {
    "POST" "/signup" => sign_up,
    "POST" "/token" => token,
}

async fn sign_up(mut call: Call) -> Result<Reply> {
    let given = |name| Ok::<_, Error>(call.body.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
    let (email, phone) = (given("email")?, given("phone")?);
    call.check_channel()?;
    let password = take_password(&mut call)?;
    if email.is_none() && phone.is_none() && password.is_none() {
        return anonymous(call).await;
    }
    let password =
        password.ok_or_else(|| Error::from(ErrorKind::ValidationFailed).detail("Signup requires a valid password"))?;
    let sign_up = match (email, phone) {
        (Some(_), Some(_)) => {
            return Err(Error::from(ErrorKind::ValidationFailed)
                .detail("Only an email address or phone number should be provided on signup."));
        }
        (None, Some(phone)) => SignUp::with_phone(phone, password),
        (email, None) => SignUp::new(email.unwrap_or_default(), password),
    };
    let sign_up = sign_up
        .user_metadata(call.body.object("data")?.cloned().unwrap_or_default())
        .attributes(editable_attributes(&call)?)
        .session(new_session(&call)?);
    let asked = if call.auth.confirms(&sign_up.address()?) {
        call.asked()?
    } else {
        Asked::default()
    };
    call.check_captcha().await?;
    match call.auth.sign_up(sign_up, &asked).await? {
        SignedUp::In(signed_in_now) => signed_in(&call, &signed_in_now.0, &signed_in_now.1).await,
        SignedUp::Awaited(receipt) => Ok(Reply::pending(receipt_answer(&call.auth, &receipt))),
    }
}

async fn anonymous(call: Call) -> Result<Reply> {
    let data = call.body.object("data")?.cloned().unwrap_or_default();
    let session = new_session(&call)?;
    call.check_captcha().await?;
    let (user, issued) = call.auth.sign_in_anonymously(data, session).await?;
    signed_in(&call, &user, &issued).await
}

async fn token(mut call: Call) -> Result<Reply> {
    match call.query("grant_type")? {
        Some("password") => {}
        Some("refresh_token") => return crate::flows::tokens::routes::grant(&call).await,
        Some("pkce") => return verify::routes::exchange(call).await,
        _ => return Err(Error::from(ErrorKind::InvalidCredentials).detail("unsupported_grant_type")),
    }
    let address = credentials(&call)?;
    let password = take_password(&mut call)?;
    let password =
        password.ok_or_else(|| Error::from(ErrorKind::ValidationFailed).detail("A password is required."))?;
    let session = new_session(&call)?;
    call.check_captcha().await?;
    let (user, issued) = call.auth.sign_in(&address, password, session).await?;
    signed_in(&call, &user, &issued).await
}

async fn signed_in(call: &Call, user: &User, issued: &IssuedSession) -> Result<Reply> {
    call.hand_over(issued).await?;
    Ok(Reply::ok(
        session_answer(&call.auth, user, issued, call.delivery).await?,
    ))
}

/// An empty one is none.
fn take_password(call: &mut Call) -> Result<Option<Password>> {
    let password = call.body.take_password("password")?;
    Ok(password.filter(|password| !password.is_empty()))
}

fn credentials(call: &Call) -> Result<Address> {
    let is_there = |name| Ok::<_, Error>(call.body.text(name)?.is_some_and(|text| !text.is_empty()));
    if !is_there("email")? && !is_there("phone")? {
        return Err(Error::from(ErrorKind::ValidationFailed).detail("missing email or phone"));
    }
    call.one_address("Only an email address or phone number should be provided on login.")
}

fn new_session(call: &Call) -> Result<NewSession> {
    let mut session = NewSession::from_client(call.request.client().clone());
    session.persistent = call.body.flag("remember")?.unwrap_or(true);
    Ok(session)
}

/// The attributes a user may set; the others are ignored as if they were not declared.
pub(crate) fn editable_attributes(call: &Call) -> Result<Attributes> {
    declared_attributes(call, Attribute::is_editable)
}

/// The declared attributes of a body that the caller may set.
pub(crate) fn declared_attributes(call: &Call, may_set: impl Fn(&Attribute) -> bool) -> Result<Attributes> {
    let mut attributes = Attributes::new();
    let Some(given) = call.body.object("attributes")? else {
        return Ok(attributes);
    };
    let declared = call.auth.inner.config.schema.user_attributes();
    for attribute in declared.iter().filter(|attribute| may_set(attribute)) {
        let value = match given.get(attribute.name()) {
            None => continue,
            Some(Value::String(typed)) if call.body.is_form() => AttributeValue::from_form(attribute.kind(), typed)?,
            Some(value) => Some(AttributeValue::from_json(attribute.kind(), value.clone())?),
        };
        if let Some(value) = value {
            attributes.set(attribute.name(), value);
        }
    }
    Ok(attributes)
}
