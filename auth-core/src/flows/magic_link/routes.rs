use serde_json::json;

use crate::{
    address::Address,
    error::Result,
    http::{Call, Reply, routes},
};

routes! {
    "POST" "/magiclink" => magic_link,
    "POST" "/otp" => one_time_code,
}

async fn magic_link(call: Call) -> Result<Reply> {
    let address = Address::email(call.body.text("email")?.unwrap_or_default())?;
    send(call, &address, true).await
}

async fn one_time_code(call: Call) -> Result<Reply> {
    let address = call.one_address("Only an email address or phone number should be provided")?;
    call.check_channel()?;
    let makes_account = call.body.flag("create_user")?.unwrap_or(true);
    send(call, &address, makes_account).await
}

async fn send(call: Call, address: &Address, makes_account: bool) -> Result<Reply> {
    let data = call.body.object("data")?.cloned().unwrap_or_default();
    let asked = call.asked()?;
    call.check_captcha().await?;
    let client = call.request.client();
    call.auth
        .send_way_in(address, makes_account, data, &asked, client)
        .await?;
    Ok(Reply::pending(json!({})))
}
