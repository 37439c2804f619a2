use auth_core::{PhoneConfig, Tokens};
use serde_json::json;

use crate::{App, MINUTE, PASSWORD, stories_of_both};

stories_of_both![App::with_post => {
    a_number_signs_up_proves_itself_and_signs_in,
    under_tokens_a_number_signs_in_and_refreshes,
    a_number_need_not_be_proven_when_that_is_configured,
    one_line_has_one_account,
    a_number_is_changed_by_a_code,
    a_taken_number_is_answered_like_a_free_one,
    the_code_of_a_change_is_sent_again,
    the_proof_of_a_number_is_sent_once_more,
    no_route_takes_a_channel_that_there_is_not,
} opaque {
}];

const NUMBER: &str = "15551234567";
const NEW: &str = "15557654321";

/// G6.3-04, G6.3-05, G6.4-05, G6.7-12.
async fn a_number_signs_up_proves_itself_and_signs_in(app: App) {
    let sign_in = async || {
        let body = json!({ "phone": "+1 555 123 4567", "password": PASSWORD });
        app.browser().post("/api/auth/token?grant_type=password", body).await
    };
    let browser = app.browser();
    let body = json!({ "phone": "+1 (555) 123-4567", "password": PASSWORD, "data": { "name": "Ada" } });
    let answer = browser.post("/api/auth/signup", body).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let user = answer.json();
    assert_eq!((&user["phone"], &user["email"]), (&json!(NUMBER), &json!("")));
    assert_eq!(
        user["app_metadata"],
        json!({ "provider": "phone", "providers": ["phone"] })
    );
    assert!(user["confirmation_sent_at"].is_string() && user["phone_confirmed_at"].is_null());
    let early = sign_in().await;
    assert_eq!(early.refusal(), (400, "phone_not_confirmed".to_owned()));
    assert_eq!(early.json()["msg"], "Phone not confirmed");
    let code = app.text_to(NUMBER).await.code();
    let answer = browser.verify("sms", NUMBER, &code).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let user = &answer.json()["user"];
    assert!(user["phone_confirmed_at"].is_string() && user["confirmed_at"].is_string());
    assert_eq!(sign_in().await.status(), 200);
    assert!(app.mails.sent().is_empty());
}

async fn under_tokens_a_number_signs_in_and_refreshes(app: App) {
    let app = App::with_post_and(app.driver, |builder| builder.sessions(Tokens::default())).await;
    let script = app.keeper();
    let body = json!({ "phone": NUMBER, "password": PASSWORD });
    let answer = script.post("/api/auth/signup", body.clone()).await;
    assert!(answer.json().get("access_token").is_none(), "{answer:?}");
    let code = app.text_to(NUMBER).await.code();
    let proven = script.verify("sms", NUMBER, &code).await.json();
    let session = script.post("/api/auth/token?grant_type=password", body).await.json();
    for session in [proven, session] {
        let ada = app.bearer(session["access_token"].as_str().unwrap());
        assert_eq!(ada.get("/api/auth/user").await.json()["phone"], NUMBER);
        let body = json!({ "refresh_token": session["refresh_token"] });
        let refreshed = script.post("/api/auth/token?grant_type=refresh_token", body).await;
        assert_eq!(refreshed.status(), 200, "{refreshed:?}");
        assert_eq!(refreshed.json()["user"]["phone"], NUMBER);
    }
}

/// G6.3-04, G6.3-05, G6.4-05, G6.7-12.
async fn a_number_need_not_be_proven_when_that_is_configured(app: App) {
    let phone = PhoneConfig::default().confirm(false);
    let app = App::with_post_and(app.driver, |builder| builder.phone(phone)).await;
    let body = json!({ "phone": "+15551234567", "password": PASSWORD });
    let answer = app.browser().post("/api/auth/signup", body.clone()).await;
    assert!(answer.json()["user"]["phone_confirmed_at"].is_string(), "{answer:?}");
    assert!(app.texts_to(NUMBER).await.is_empty());
    assert_eq!(
        app.browser().post("/api/auth/signup", body).await.refusal(),
        (422, "user_already_exists".to_owned())
    );
}

/// G6.3-13.
async fn one_line_has_one_account(app: App) {
    for number in ["+44 (0)20 7946 0018", "442079460018", "+44.20.7946.0018"] {
        let script = app.keeper();
        assert_eq!(
            script.post("/api/auth/otp", json!({ "phone": number })).await.status(),
            200
        );
        let code = app.text_to("442079460018").await.code();
        assert_eq!(script.verify("sms", number, &code).await.status(), 200, "{number}");
        app.wait(MINUTE);
    }
    assert_eq!(app.events.count(auth_core::EventKind::UserCreated), 1);
}

/// The owner hears of it, security statement 42.
///
/// G6.9-10, G6.9-18.
async fn a_number_is_changed_by_a_code(app: App) {
    let ada = app.confirmed("ada@example.com").await;
    let answer = ada.put("/api/auth/user", json!({ "phone": "+15551234567" })).await;
    assert_eq!(
        (answer.status(), &answer.json()["new_phone"]),
        (200, &json!(NUMBER)),
        "{answer:?}"
    );
    assert_eq!(answer.json()["phone"], "");
    let code = app.text_to(NUMBER).await.code();
    let answer = ada.verify("phone_change", NUMBER, &code).await;
    assert_eq!(
        (answer.status(), &answer.json()["user"]["phone"]),
        (200, &json!(NUMBER)),
        "{answer:?}"
    );
    // Either way in has the one password.
    let by_phone = json!({ "phone": NUMBER, "password": PASSWORD });
    assert_eq!(
        app.browser()
            .post("/api/auth/token?grant_type=password", by_phone)
            .await
            .status(),
        200
    );
    // A number that was added is a way in that was added.
    let told = app.mail_to("ada@example.com").await;
    assert_eq!(told.kind, "phone_changed");
    assert!(told.text.contains(NUMBER), "{told:?}");
    app.wait(MINUTE);
    app.mails.clear();
    ada.put("/api/auth/user", json!({ "phone": NEW })).await;
    let code = app.text_to(NEW).await.code();
    assert_eq!(
        ada.verify("phone_change", NEW, &code).await.json()["user"]["phone"],
        NEW
    );
    assert_eq!(app.mail_to("ada@example.com").await.kind, "phone_changed");
    let by_phone = json!({ "phone": NUMBER, "password": PASSWORD });
    assert_eq!(
        app.browser()
            .post("/api/auth/token?grant_type=password", by_phone)
            .await
            .status(),
        400
    );
}

/// G6.9-09.
async fn a_taken_number_is_answered_like_a_free_one(app: App) {
    let script = app.keeper();
    script.post("/api/auth/otp", json!({ "phone": NUMBER })).await;
    script.verify("sms", NUMBER, &app.text_to(NUMBER).await.code()).await;
    app.wait(MINUTE);
    app.texts.clear();
    let ada = app.confirmed("ada@example.com").await;
    let answer = ada.put("/api/auth/user", json!({ "phone": NUMBER })).await;
    assert_eq!((answer.status(), &answer.json()["new_phone"]), (200, &json!(NUMBER)));
    assert!(app.texts_to(NUMBER).await.is_empty());
    let open = app
        .beside(|builder| {
            builder
                .mailer(app.mails.clone())
                .sms_sender(app.texts.clone())
                .reveal_accounts(true)
        })
        .await;
    let open_ada = open.browser();
    open_ada.sign_in("ada@example.com", PASSWORD).await;
    app.wait(MINUTE);
    // G6.9-09.
    let refused = open_ada.put("/api/auth/user", json!({ "phone": NUMBER })).await;
    assert_eq!(refused.refusal(), (422, "phone_exists".to_owned()));
}

/// G6.7-28.
async fn the_code_of_a_change_is_sent_again(app: App) {
    let script = app.keeper();
    script.post("/api/auth/otp", json!({ "phone": NUMBER })).await;
    let session = script
        .verify("sms", NUMBER, &app.text_to(NUMBER).await.code())
        .await
        .json();
    app.wait(MINUTE);
    let ada = app.bearer(session["access_token"].as_str().unwrap());
    ada.put("/api/auth/user", json!({ "phone": NEW })).await;
    app.wait(MINUTE);
    let resend = async |number: &str| {
        app.keeper()
            .post("/api/auth/resend", json!({ "type": "phone_change", "phone": number }))
            .await
    };
    let answer = resend(NUMBER).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    assert_eq!(app.texts_to(NEW).await.len(), 2);
    assert_eq!(resend("15550000000").await.essence(), answer.essence());
    assert_eq!(
        ada.verify("phone_change", NEW, &app.text_to(NEW).await.code())
            .await
            .status(),
        200
    );
}

/// G6.7-28.
async fn the_proof_of_a_number_is_sent_once_more(app: App) {
    app.browser()
        .post("/api/auth/signup", json!({ "phone": NUMBER, "password": PASSWORD }))
        .await;
    let first = app.text_to(NUMBER).await.code();
    app.wait(MINUTE);
    let script = app.keeper();
    let answer = script
        .post("/api/auth/resend", json!({ "type": "sms", "phone": NUMBER }))
        .await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    let second = app.text_to(NUMBER).await.code();
    if first != second {
        assert_eq!(script.verify("sms", NUMBER, &first).await.status(), 403);
    }
    assert_eq!(script.verify("sms", NUMBER, &second).await.status(), 200);
}

/// GoTrue §2.3, §2.5.
async fn no_route_takes_a_channel_that_there_is_not(app: App) {
    let sentence = "Invalid channel, supported values are 'sms'.";
    let browser = app.browser();
    for path in ["/api/auth/signup", "/api/auth/otp"] {
        let body = json!({ "phone": NUMBER, "password": PASSWORD, "channel": "whatsapp" });
        let answer = browser.post(path, body).await;
        assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()), "{path}");
        assert_eq!(answer.json()["msg"], sentence, "{path}");
    }
    let ada = app.confirmed("ada@example.com").await;
    let body = json!({ "phone": NUMBER, "channel": "whatsapp" });
    assert_eq!(ada.put("/api/auth/user", body).await.json()["msg"], sentence);
    let body = json!({ "phone": NUMBER, "channel": "sms" });
    assert_eq!(ada.put("/api/auth/user", body).await.status(), 200);
}
