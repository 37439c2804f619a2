use serde_json::json;

use crate::{
    error::{Error, ErrorKind, Result},
    http::{Call, Reply, routes},
};

routes! {
    "POST" "/resend" => resend,
}

async fn resend(call: Call) -> Result<Reply> {
    let kind = call.body.text("type")?.unwrap_or_default().to_owned();
    let address = call.one_address("Only an email address or phone number should be provided on resend.")?;
    let is_right = match kind.as_str() {
        "signup" | "email_change" => address.is_email(),
        "sms" | "phone_change" => !address.is_email(),
        "" => return Err(Error::from(ErrorKind::ValidationFailed).detail("Type is required.")),
        _ => {
            return Err(Error::from(ErrorKind::ValidationFailed)
                .detail("The type is one of signup, email_change, sms and phone_change."));
        }
    };
    if !is_right {
        let missing = if address.is_email() {
            "a phone number"
        } else {
            "an email address"
        };
        return Err(Error::from(ErrorKind::ValidationFailed).detail(format!("Type {kind} requires {missing}.")));
    }
    let asked = call.asked()?;
    call.check_captcha().await?;
    let client = call.request.client();
    match kind.as_str() {
        "signup" | "sms" => call.auth.resend_confirmation(&address, &asked, client).await?,
        _ => call.auth.resend_change(&address, &asked, client).await?,
    }
    Ok(Reply::pending(json!({})))
}
