use serde_json::json;

use crate::{
    address::Address,
    error::Result,
    http::{Call, Reply, routes},
};

routes! {
    "POST" "/recover" => recover,
}

async fn recover(call: Call) -> Result<Reply> {
    let address = Address::email(call.body.text("email")?.unwrap_or_default())?;
    let asked = call.asked()?;
    call.check_captcha().await?;
    call.auth.send_recovery(&address, &asked, call.request.client()).await?;
    Ok(Reply::pending(json!({})))
}
