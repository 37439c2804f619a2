use crate::{
    address::Address,
    error::Result,
    http::{Call, Reply, routes, user_answer},
};

routes! {
    "POST" "/invite" => invite,
}

async fn invite(call: Call) -> Result<Reply> {
    let administrator = call.require_admin().await?;
    let address = Address::email(call.body.text("email")?.unwrap_or_default())?;
    let data = call.body.object("data")?.cloned().unwrap_or_default();
    let asked = call.asked_for_another()?;
    let client = administrator.client(&call);
    let user = call.auth.invite(&address, data, &asked, &client).await?;
    Ok(Reply::pending(user_answer(&call.auth, &user).await?))
}
