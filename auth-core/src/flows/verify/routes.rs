use serde_json::json;
use url::Url;

use super::{
    page,
    service::{Settled, method_of, purposes_of},
};
use crate::{
    adapter::Act,
    address::Address,
    error::{Error, ErrorKind, Result},
    flows::{letters::word_of, one_time::LinkStyle, sessions::NewSession},
    http::{Call, Delivery, Reply, error_pairs, routes, session_answer, session_pairs},
    id::UserId,
    model::{OneTimeToken, Purpose},
    proof::Proof,
};

routes! {
    "GET" "/verify" => look,
    "POST" "/verify" => verify,
}

/// A link from a mail was opened.
async fn look(call: Call) -> Result<Reply> {
    let missing = |sentence| Error::from(ErrorKind::ValidationFailed).detail(sentence);
    let token = call
        .query("token")?
        .or(call.query("token_hash")?)
        .unwrap_or_default()
        .to_owned();
    let kind = call.query("type")?.unwrap_or_default().to_owned();
    if kind.is_empty() {
        return Err(missing("Verify requires a verification type"));
    }
    if token.is_empty() {
        return Err(missing("Verify requires a token or a token hash"));
    }
    let redirect_to = call.query("redirect_to")?.map(str::to_owned);
    let takes_at_once = call.auth.inner.config.one_time.link_style == LinkStyle::Direct && !call.is_head;
    if takes_at_once {
        return Ok(follow(&call, &token, &kind, redirect_to.as_deref()).await);
    }
    let action = format!("{}/verify", call.auth.mount());
    let page = page::confirm(&action, &token, &kind, redirect_to.as_deref());
    let schemes = call.auth.inner.redirects.schemes(&call.auth.inner.config.site_url);
    Ok(Reply::page(page.leading_to(schemes)))
}

/// The button of the page, a link's secret sent by a script, or a code that was typed.
async fn verify(call: Call) -> Result<Reply> {
    let invalid = |sentence: &str| Err(Error::from(ErrorKind::ValidationFailed).detail(sentence));
    let kind = call.body.text("type")?.unwrap_or_default().to_owned();
    let given = |name| Ok::<_, Error>(call.body.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned));
    let (token, token_hash, redirect_to) = (given("token")?, given("token_hash")?, given("redirect_to")?);
    if kind.is_empty() {
        return invalid("Verify requires a verification type");
    }
    if let (true, None, Some(link)) = (call.body.is_form(), &token, &token_hash) {
        return Ok(follow(&call, link, &kind, redirect_to.as_deref()).await);
    }
    let purposes = purposes_of(&kind);
    let (token, method) = match (token, token_hash) {
        (None, None) | (Some(_), Some(_)) => return invalid("Verify requires either a token or a token hash"),
        (None, Some(link)) => {
            if given("email")?.is_some() || given("phone")?.is_some() || redirect_to.is_some() {
                return invalid("Only the token_hash and type should be provided");
            }
            let Some(purposes) = purposes else {
                return invalid("Unsupported verification type");
            };
            call.auth.limit_links(call.request.client()).await?;
            let token = call.auth.look_at_link(&link, purposes).await?;
            let method = method_of(token.purpose, true);
            (token, method)
        }
        (Some(code), None) => {
            if let (Some(email), None) = (given("email")?, given("phone")?)
                && Address::email(&email).is_err()
            {
                return Err(ErrorKind::InvalidEmail.into());
            }
            let address = call.one_address("Only an email address or phone number should be provided on verify")?;
            let Some(purposes) = purposes.filter(|purposes| is_for(&address, purposes)) else {
                return invalid("Unsupported verification type");
            };
            let token = typed(&call, &address, &code, purposes).await?;
            let method = method_of(token.purpose, false);
            (token, method)
        }
    };
    match call.auth.redeem(token, method, call.request.client()).await? {
        Settled::Half => Ok(Reply::ok(json!({ "msg": page::HALF, "code": "200" }))),
        Settled::Proven(proof) => sign_in(&call, *proof).await,
    }
}

/// The token of a code. A new address is nobody's yet: its code is looked for at the account of whoever is signed in, at the
/// one that has the address (half of a change is agreed to there), and at the one that asked for it last.
async fn typed(call: &Call, address: &Address, code: &str, purposes: &[Purpose]) -> Result<OneTimeToken> {
    let (auth, client, browser) = (&call.auth, call.request.client(), call.browser_mark());
    if purposes.iter().any(|purpose| purpose.is_change()) {
        let user_id = changing_user(call, address).await?;
        return auth
            .check_code(
                user_id.as_ref(),
                address.as_str(),
                code,
                purposes,
                browser.as_ref(),
                client,
            )
            .await;
    }
    auth.check_code_of(address, code, purposes, browser.as_ref(), client)
        .await
}

async fn changing_user(call: &Call, address: &Address) -> Result<Option<UserId>> {
    let asking = match call.request.validate_user().await {
        Err(error) if error.is_store_failure() => return Err(error),
        asking => asking.ok().flatten(),
    };
    if let Some((_, user)) = asking
        && call.auth.awaits_code_at(Some(&user.id), address).await?
    {
        return Ok(Some(user.id.clone()));
    }
    // All of it is asked, whoever it is, so that it takes as long.
    let owner = call.auth.inner.adapter.get_key_and_user(&address.key_id()).await?;
    let owner = owner.map(|(_, owner)| owner.id);
    let owner_is_asked = call.auth.awaits_code_at(owner.as_ref(), address).await?;
    let changing = call.auth.user_changing_to(address).await?;
    Ok(if owner_is_asked { owner } else { changing.or(owner) })
}

fn is_for(address: &Address, purposes: &[Purpose]) -> bool {
    let is_phone = |purpose: &Purpose| matches!(purpose, Purpose::Sms | Purpose::PhoneChange);
    purposes.iter().all(|purpose| is_phone(purpose) != address.is_email())
}

/// Opens the session and hands it over as the client gets its sessions.
pub(crate) async fn sign_in(call: &Call, proof: Proof) -> Result<Reply> {
    let session = NewSession::from_client(call.request.client().clone());
    let (user, issued) = call.auth.finish_sign_in(proof, session).await?;
    call.hand_over(&issued).await?;
    let answer = session_answer(&call.auth, &user, &issued, call.delivery).await?;
    Ok(Reply::ok(answer))
}

/// Takes a link and leads on, whatever comes of it: to the page that was asked for, with a session in a cookie, in the
/// fragment, or to be exchanged; or with what went wrong.
async fn follow(call: &Call, link: &str, kind: &str, redirect_to: Option<&str>) -> Reply {
    let auth = &call.auth;
    let found = match (purposes_of(kind), auth.limit_links(call.request.client()).await) {
        (Some(_), Err(error)) => Err(error),
        (Some(purposes), Ok(())) => auth.look_at_link(link, purposes).await,
        (None, _) => Err(ErrorKind::OtpExpired.into()),
    };
    let target = auth.target(found.as_ref().ok(), redirect_to);
    let is_pkce = link.starts_with("pkce_");
    let followed = match found {
        Ok(token) => take(call, token, target.clone()).await,
        Err(error) => Err(error),
    };
    match followed {
        Ok(target) => Reply::to(&target),
        Err(error) => {
            let mut target = target;
            let pairs = error_pairs(&error);
            // A page made by a server does not see the fragment.
            if is_pkce || auth.inner.config.one_time.link_style == LinkStyle::Page {
                target.query_pairs_mut().extend_pairs(&pairs);
            }
            Reply::to(&with_fragment(target, &pairs))
        }
    }
}

async fn take(call: &Call, token: OneTimeToken, mut target: Url) -> Result<Url> {
    let auth = &call.auth;
    let kind = word_of(token.purpose);
    let takes_tokens = token.says("takes_tokens") || call.delivery == Delivery::Body;
    let is_pkce = token.text("code_challenge").is_some();
    let method = method_of(token.purpose, true);
    let code = is_pkce.then(|| auth.issue_auth_code(&token, method)).transpose()?;
    let stored = code.as_ref().map(|code| Act::SetToken(code.record.clone()));
    let proof = match auth.redeem_and(token, method, stored, call.request.client()).await? {
        Settled::Proven(proof) => *proof,
        Settled::Half => {
            let pairs = [("message", page::HALF.to_owned())];
            if is_pkce || !takes_tokens {
                target.query_pairs_mut().extend_pairs(&pairs);
            }
            return Ok(with_fragment(target, &pairs));
        }
    };
    if let Some(code) = code {
        target.query_pairs_mut().append_pair("code", code.link.expose());
        return Ok(target);
    }
    let session = NewSession::from_client(call.request.client().clone());
    let (_, issued) = auth.finish_sign_in(proof, session).await?;
    if takes_tokens {
        call.request.diagnose_issued(&issued);
        let mut pairs = session_pairs(auth, &issued);
        pairs.push(("type", kind.to_owned()));
        return Ok(with_fragment(target, &pairs));
    }
    call.hand_over(&issued).await?;
    Ok(target)
}

fn with_fragment(mut target: Url, pairs: &[(&str, String)]) -> Url {
    let fragment = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    target.set_fragment(Some(&fragment));
    target
}

/// GoTrue's `grant_type=pkce`: the code of a redirect, and the verifier whose challenge was sent in the beginning.
pub(crate) async fn exchange(call: Call) -> Result<Reply> {
    let given = |name| Ok::<_, Error>(call.body.text(name)?.filter(|text| !text.is_empty()));
    let (Some(code), Some(verifier)) = (given("auth_code")?, given("code_verifier")?) else {
        return Err(Error::from(ErrorKind::ValidationFailed)
            .detail("invalid request: both auth code and code verifier should be non-empty"));
    };
    let token = call.auth.look_at_auth_code(code, verifier).await?;
    let method = token.text("method").unwrap_or_default();
    let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("otp");
    let settled = call.auth.redeem(token, method, call.request.client()).await;
    let settled = settled.map_err(|error| match error.kind() {
        ErrorKind::OtpExpired => ErrorKind::FlowStateNotFound.into(),
        _ => error,
    });
    match settled? {
        Settled::Proven(proof) => sign_in(&call, *proof).await,
        Settled::Half => Err(ErrorKind::FlowStateNotFound.into()),
    }
}

const METHODS: [&str; 5] = ["email/signup", "email_change", "invite", "magiclink", "recovery"];
