use auth_core::{LinkStyle, OneTimeConfig, Tokens};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{App, Client, MINUTE, Received, stories_of_both};

stories_of_both![App::with_post => {
    opening_a_link_shows_a_page_and_takes_nothing,
    a_link_without_its_parts_is_refused_in_json,
    what_is_wrong_with_a_verification_is_said,
    every_type_is_known,
    a_link_that_opens_nothing_leads_on_with_the_reason,
    a_direct_link_that_opens_nothing_says_so_in_the_same_place,
    a_direct_link_is_not_taken_by_head,
    a_code_that_is_over_is_told_apart,
    a_browser_that_asked_by_cookie_gets_a_cookie,
    the_page_says_what_it_is_for_in_any_case,
} opaque {
    a_code_is_exchanged_by_the_client_that_asked,
    a_direct_link_leads_on_at_once,
    the_secret_of_a_link_opens_a_session,
}];

const ADA: &str = "ada@example.com";
const PATH: &str = "/api/auth/verify";

async fn asked_by(client: &Client, more: Value) -> Received {
    client.app.wait(MINUTE);
    let mut body = json!({ "email": ADA });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = client.post("/api/auth/otp", body).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    client.app.mail_to(ADA).await
}

async fn direct(app: &App, tokens: bool) -> App {
    App::with_post_and(app.driver, |builder| {
        let builder = builder.one_time(OneTimeConfig::default().link_style(LinkStyle::Direct));
        if tokens {
            builder.sessions(Tokens::default())
        } else {
            builder
        }
    })
    .await
}

/// G6.7-23.
async fn opening_a_link_shows_a_page_and_takes_nothing(app: App) {
    let browser = app.browser();
    let mail = asked_by(&browser, json!({})).await;
    let page = browser.get(&mail.path()).await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(page.set_cookies().is_empty());
    assert_eq!(app.browser().press(&page).await.status(), 303);
}

/// G6.7-22.
async fn a_link_without_its_parts_is_refused_in_json(app: App) {
    for query in ["", "?token=x", "?type=signup", "?token=&type=signup", "?token=x&type="] {
        let answer = app.browser().get(&format!("{PATH}{query}")).await;
        assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()), "{query}");
    }
    let twice = app.browser().get(&format!("{PATH}?token=a&token=b&type=signup")).await;
    assert_eq!(twice.status(), 400);
}

/// G6.7-16, G6.7-17.
async fn what_is_wrong_with_a_verification_is_said(app: App) {
    let secret = "a".repeat(43);
    for (body, status, sentence) in [
        (
            json!({ "token": "123456", "email": ADA }),
            400,
            "Verify requires a verification type",
        ),
        (
            json!({ "type": "email", "email": ADA }),
            400,
            "Verify requires either a token or a token hash",
        ),
        (
            json!({ "type": "email", "email": ADA, "token": "123456", "token_hash": secret }),
            400,
            "Verify requires either a token or a token hash",
        ),
        (
            json!({ "type": "email", "token_hash": secret, "email": ADA }),
            400,
            "Only the token_hash and type should be provided",
        ),
        (
            json!({ "type": "email", "token_hash": secret, "phone": "+15551234567" }),
            400,
            "Only the token_hash and type should be provided",
        ),
        (
            json!({ "type": "email", "token_hash": secret, "redirect_to": "/" }),
            400,
            "Only the token_hash and type should be provided",
        ),
        (
            json!({ "type": "email", "token": "123456", "email": ADA, "phone": "+15551234567" }),
            400,
            "Only an email address or phone number should be provided on verify",
        ),
        (
            json!({ "type": "email", "token": "123456" }),
            400,
            "One of email or phone must be set",
        ),
        (
            json!({ "type": "email", "token": "123456", "email": "xx" }),
            422,
            "Invalid email format",
        ),
        (
            json!({ "type": "sms", "token": "123456", "phone": "abc" }),
            400,
            "Invalid phone number format (E.164 required)",
        ),
        (
            json!({ "type": "sms", "token": "123456", "email": ADA }),
            400,
            "Unsupported verification type",
        ),
        (
            json!({ "type": "nonsense", "token": "123456", "email": ADA }),
            400,
            "Unsupported verification type",
        ),
        (
            json!({ "type": "nonsense", "token_hash": secret }),
            400,
            "Unsupported verification type",
        ),
        (
            json!({ "type": "email", "token_hash": secret }),
            403,
            "Email link is invalid or has expired",
        ),
    ] {
        let answer = app.keeper().post(PATH, body.clone()).await;
        assert_eq!(
            (answer.status(), &answer.json()["msg"]),
            (status, &json!(sentence)),
            "{body}"
        );
    }
}

/// G6.7-15.
async fn the_secret_of_a_link_opens_a_session(app: App) {
    for tokens in [false, true] {
        let app = App::with_post_and(app.driver, |builder| match tokens {
            true => builder.sessions(Tokens::default()),
            false => builder,
        })
        .await;
        let mail = asked_by(&app.keeper(), json!({})).await;
        let answer = app.keeper().verify_link("email", &mail.secret()).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        let session = answer.json();
        assert_eq!(session["refresh_token"].is_string(), tokens);
        let access = session["access_token"].as_str().unwrap();
        assert_eq!(app.bearer(access).get("/api/auth/user").await.json()["email"], ADA);
        let again = app.keeper().verify_link("email", &mail.secret()).await;
        assert_eq!(again.json()["msg"], "Email link is invalid or has expired");
        assert_eq!(again.refusal(), (403, "otp_expired".to_owned()));
    }
}

/// Each type opens what was sent for it; `email` is sign-up and magic link.
///
/// G6.7-13.
async fn every_type_is_known(app: App) {
    app.browser().sign_up(ADA, crate::PASSWORD).await;
    let code = app.mail_to(ADA).await.code();
    // Wrong ones by other words first.
    for kind in ["invite", "recovery", "email_change"] {
        assert_eq!(app.keeper().verify(kind, ADA, &code).await.status(), 403, "{kind}");
    }
    let link = app.mail_to(ADA).await.secret();
    assert_eq!(app.keeper().verify_link("email", &link).await.status(), 200);
    let mail = asked_by(&app.keeper(), json!({})).await;
    assert_eq!(app.keeper().verify("email", ADA, &mail.code()).await.status(), 200);
    app.wait(MINUTE);
    app.keeper().post("/api/auth/recover", json!({ "email": ADA })).await;
    let mail = app.mail_to(ADA).await;
    assert_eq!(app.keeper().verify("recovery", ADA, &mail.code()).await.status(), 200);
}

/// G6.7-21.
async fn a_link_that_opens_nothing_leads_on_with_the_reason(app: App) {
    let browser = app.browser();
    let mail = asked_by(&browser, json!({})).await;
    let page = browser.get(&mail.path()).await;
    assert_eq!(browser.press(&page).await.fragment("error"), None);
    let again = browser.press(&page).await;
    assert_eq!(again.fragment("error").as_deref(), Some("access_denied"));
    assert_eq!(again.fragment("error_code").as_deref(), Some("otp_expired"));
    assert_eq!(
        again.fragment("error_description").as_deref(),
        Some("Email link is invalid or has expired")
    );
    // For pages made by servers, which never see a fragment.
    assert_eq!(again.target_query("error_code").as_deref(), Some("otp_expired"));
    assert!(again.set_cookies().is_empty());
}

/// G6.7-19.
async fn a_direct_link_leads_on_at_once(app: App) {
    for tokens in [false, true] {
        let app = direct(&app, tokens).await;
        let script = app.keeper();
        let mail = asked_by(&script, json!({})).await;
        let answer = app.browser().get(&mail.path()).await;
        let fragment = answer.location().fragment().unwrap().to_owned();
        let names: Vec<_> = url::form_urlencoded::parse(fragment.as_bytes())
            .map(|(name, _)| name.into_owned())
            .collect();
        let expected = [
            "access_token",
            "expires_at",
            "expires_in",
            "refresh_token",
            "token_type",
            "type",
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .filter(|name| tokens || *name != "refresh_token")
            .collect();
        assert_eq!(names, expected);
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let access = answer.fragment("access_token").unwrap();
        assert_eq!(app.bearer(&access).get("/api/auth/user").await.json()["email"], ADA);
    }
}

/// G6.7-21.
async fn a_direct_link_that_opens_nothing_says_so_in_the_same_place(app: App) {
    let app = direct(&app, false).await;
    let mail = asked_by(&app.keeper(), json!({})).await;
    assert!(app.browser().get(&mail.path()).await.fragment("access_token").is_some());
    let again = app.browser().get(&mail.path()).await;
    assert_eq!(again.fragment("error_code").as_deref(), Some("otp_expired"));
    assert_eq!(again.location().query(), None);
    // A client of PKCE reads the query.
    let pkce = app
        .browser()
        .get(&format!("{PATH}?token=pkce_{}&type=signup", "a".repeat(43)))
        .await;
    assert_eq!(pkce.target_query("error_code").as_deref(), Some("otp_expired"));
    assert_eq!(pkce.fragment("error").as_deref(), Some("access_denied"));
    let unknown = app.browser().get(&format!("{PATH}?token=x&type=nonsense")).await;
    assert_eq!(unknown.fragment("error_code").as_deref(), Some("otp_expired"));
}

/// G6.7-23.
async fn a_direct_link_is_not_taken_by_head(app: App) {
    let app = direct(&app, false).await;
    let mail = asked_by(&app.keeper(), json!({})).await;
    for _ in 0..2 {
        assert_eq!(app.browser().send("HEAD", &mail.path(), None, "").await.status(), 200);
    }
    assert!(app.browser().get(&mail.path()).await.fragment("access_token").is_some());
}

/// RFC 7636 §4.2.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(verifier))
}

fn sha256(text: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(text.as_bytes()).into()
}

const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-~";

/// G6.4-18, G6.4-19, G6.7-20.
async fn a_code_is_exchanged_by_the_client_that_asked(app: App) {
    for (tokens, method) in [(false, "s256"), (true, "plain")] {
        let app = direct(&app, tokens).await;
        let script = app.keeper();
        let value = if method == "plain" {
            VERIFIER.to_owned()
        } else {
            challenge(VERIFIER)
        };
        let more = json!({ "code_challenge": value, "code_challenge_method": method });
        let mail = asked_by(&script, more).await;
        assert!(mail.secret().starts_with("pkce_"));
        let answer = app.browser().get(&mail.path()).await;
        assert!(
            answer.fragment("access_token").is_none() && answer.set_cookies().is_empty(),
            "{answer:?}"
        );
        let code = answer.target_query("code").unwrap();
        let exchange = async |code: &str, verifier: &str| {
            let body = json!({ "auth_code": code, "code_verifier": verifier });
            script.post("/api/auth/token?grant_type=pkce", body).await
        };
        for (code, verifier) in [("", VERIFIER), (code.as_str(), "")] {
            assert_eq!(
                exchange(code, verifier).await.refusal(),
                (400, "validation_failed".to_owned())
            );
        }
        assert_eq!(
            exchange("nonsense", VERIFIER).await.refusal(),
            (404, "flow_state_not_found".to_owned())
        );
        assert_eq!(
            exchange(&code, "another").await.refusal(),
            (400, "bad_code_verifier".to_owned())
        );
        // The code opens nothing by itself.
        assert_eq!(script.verify_link("email", &code).await.status(), 403);
        let session = exchange(&code, VERIFIER).await;
        assert_eq!(session.status(), 200, "{session:?}");
        assert_eq!(session.json()["user"]["email"], ADA);
        assert_eq!(session.json()["refresh_token"].is_string(), tokens);
        assert_eq!(
            exchange(&code, VERIFIER).await.refusal(),
            (404, "flow_state_not_found".to_owned())
        );
    }
}

/// G6.4-19.
async fn a_code_that_is_over_is_told_apart(app: App) {
    let script = app.keeper();
    let more = json!({ "code_challenge": challenge(VERIFIER), "code_challenge_method": "s256" });
    let mail = asked_by(&script, more).await;
    let code = app.browser().follow(&mail).await.target_query("code").unwrap();
    app.wait(std::time::Duration::from_secs(301));
    let body = json!({ "auth_code": code, "code_verifier": VERIFIER });
    let answer = script.post("/api/auth/token?grant_type=pkce", body).await;
    assert_eq!(answer.refusal(), (422, "flow_state_expired".to_owned()));
}

async fn a_browser_that_asked_by_cookie_gets_a_cookie(app: App) {
    let browser = app.browser();
    let mail = asked_by(&browser, json!({})).await;
    // Wherever it is opened.
    let elsewhere = app.browser();
    let answer = elsewhere.follow(&mail).await;
    assert_eq!(answer.location().fragment(), None);
    assert!(elsewhere.token().is_some());
    assert_eq!(elsewhere.get("/me").await.status(), 200);
    // A second sign-in in the same browser ends the one before.
    let first = elsewhere.copy();
    elsewhere.follow(&asked_by(&browser, json!({})).await).await;
    assert_eq!(first.get("/me").await.status(), 401);
}

async fn the_page_says_what_it_is_for_in_any_case(app: App) {
    for (kind, word) in [
        ("invite", "Accept"),
        ("recovery", "Go on"),
        ("email_change", "Confirm"),
        ("magiclink", "Sign in"),
        ("signup", "Confirm"),
        ("%3Cscript%3E", "Confirm"),
    ] {
        let path = format!("{PATH}?token=%22%3E%3Cscript%3Ex&type={kind}&redirect_to=%27%3E%3Cscript%3Ey");
        let page = app.browser().get(&path).await;
        assert!(
            page.text()
                .contains(&format!("<button type=\"submit\">{word}</button>")),
            "{kind}"
        );
        assert!(!page.text().contains("<script"), "{}", page.text());
    }
}
