use crate::{
    error::{Error, ErrorKind, Result},
    flows::sessions::{IssuedSession, NewSession},
    http::{Call, Delivery, Reply, routes, session_answer},
    model::{AttributeValue, Attributes, User},
    secret::Password,
};

use super::SignUp;

routes! {
    "POST" "/signup" => sign_up,
    "POST" "/token" => token,
}

async fn sign_up(mut call: Call) -> Result<Reply> {
    let (email, password) = credentials(&mut call)?;
    let sign_up = SignUp::new(email, password)
        .user_metadata(call.body.object("data")?.cloned().unwrap_or_default())
        .attributes(editable_attributes(&call)?)
        .session(new_session(&call)?);
    let (user, issued) = call.auth.sign_up_with_email(sign_up).await?;
    signed_in(&call, &user, &issued).await
}

async fn token(mut call: Call) -> Result<Reply> {
    match call.query("grant_type")? {
        Some("password") => {}
        Some("refresh_token") => return crate::flows::tokens::routes::grant(&call).await,
        _ => return Err(Error::from(ErrorKind::InvalidCredentials).detail("unsupported_grant_type")),
    }
    let (email, password) = credentials(&mut call)?;
    let session = new_session(&call)?;
    let (user, issued) = call.auth.sign_in_with_email(&email, password, session).await?;
    signed_in(&call, &user, &issued).await
}

/// Hands over the session; the one that came with the request ends, so that nobody is signed in twice in one browser
/// and a planted session does not live on.
async fn signed_in(call: &Call, user: &User, issued: &IssuedSession) -> Result<Reply> {
    if call.delivery == Delivery::Cookie {
        call.request.end_presented_session().await?;
        call.request.set_session(Some(issued));
    } else if let Some(tokens) = &issued.tokens {
        call.request.hand_over(tokens);
    }
    Ok(Reply::ok(
        session_answer(&call.auth, user, issued, call.delivery).await?,
    ))
}

fn credentials(call: &mut Call) -> Result<(String, Password)> {
    let email = call.body.text("email")?.unwrap_or_default().to_owned();
    let password = call.body.take_password("password")?;
    let password =
        password.ok_or_else(|| Error::from(ErrorKind::ValidationFailed).detail("A password is required."))?;
    Ok((email, password))
}

fn new_session(call: &Call) -> Result<NewSession> {
    let mut session = NewSession::from_client(call.request.client().clone());
    session.persistent = call.body.flag("remember")?.unwrap_or(true);
    Ok(session)
}

/// The attributes a user may set; the others are ignored as if they were not declared.
pub(crate) fn editable_attributes(call: &Call) -> Result<Attributes> {
    let mut attributes = Attributes::new();
    let Some(given) = call.body.object("attributes")? else {
        return Ok(attributes);
    };
    let declared = call.auth.inner.config.schema.user_attributes();
    for attribute in declared.iter().filter(|attribute| attribute.is_editable()) {
        if let Some(value) = given.get(attribute.name()) {
            attributes.set(
                attribute.name(),
                AttributeValue::from_json(attribute.kind(), value.clone())?,
            );
        }
    }
    Ok(attributes)
}
