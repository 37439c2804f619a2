//! Plain HTML forms: a browser without a script can do everything.

use auth_core::{Attribute, MemoryMailer};
use serde_json::json;

use crate::{App, PASSWORD, eventually, stories};

stories![
    a_form_signs_up_and_goes_on,
    a_refused_form_goes_back_with_a_code,
    a_form_waits_for_its_mail_where_it_says,
    a_code_is_typed_into_a_form,
    a_form_that_comes_too_early_says_how_long_to_wait,
    a_form_that_changes_the_address_waits_and_shows_for_whom,
    an_empty_field_for_the_password_is_no_password,
    fields_become_attributes_of_their_kind,
    two_targets_in_one_query_are_none,
    a_form_means_another_method_by_saying_so,
    a_form_without_a_page_goes_to_the_sign_in_page,
    a_navigation_without_a_session_goes_to_the_sign_in_page,
];

const SIGN_UP: &str = "email=ada%40example.com&password=correct+horse+battery&data%5Bname%5D=Ada";

async fn a_form_signs_up_and_goes_on(app: App) {
    let browser = app.browser();
    let answer = browser
        .form("/api/auth/signup", &format!("{SIGN_UP}&redirect_to=%2Fnotes%3Fx%3D1"))
        .await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/notes?x=1")));
    assert_eq!(answer.set_cookies().len(), 1);
    let user = browser.get("/api/auth/user").await.json();
    assert_eq!(user["user_metadata"]["name"], "Ada");
    let out = browser.form("/api/auth/logout", "").await;
    assert_eq!((out.status(), out.header("location")), (303, Some("/")));
    assert_eq!(browser.token(), None);
}

async fn a_refused_form_goes_back_with_a_code(app: App) {
    let browser = app
        .browser()
        .with("referer", "https://app.example.com/in?error_code=old&a=b");
    let answer = browser
        .form(
            "/api/auth/token?grant_type=password",
            "email=a%40example.com&password=x",
        )
        .await;
    assert_eq!(
        (answer.status(), answer.header("location")),
        (303, Some("/in?a=b&error_code=invalid_credentials"))
    );
    // A page of another site is nowhere to go back to.
    let browser = app.browser().with("referer", "https://evil.example.com/");
    let answer = browser
        .form(
            "/api/auth/token?grant_type=password",
            "email=a%40example.com&password=x",
        )
        .await;
    assert_eq!(answer.header("location"), Some("/?error_code=invalid_credentials"));
}

/// An application that sends mails, and what it has sent.
async fn with_mails(app: App) -> (App, MemoryMailer) {
    let mails = MemoryMailer::default();
    let mailer = mails.clone();
    (App::with(app.driver, |builder| builder.mailer(mailer)).await, mails)
}

/// The code of the newest mail to an address.
async fn code(app: &App, mails: &MemoryMailer, to: &str) -> String {
    let mail = eventually(format_args!("{to} gets a mail"), async || {
        app.auth.deliver_due().await.unwrap();
        mails.sent().into_iter().rev().find(|mail| mail.to == to)
    })
    .await;
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    mail.text.split_whitespace().find(is_code).unwrap().to_owned()
}

async fn a_form_waits_for_its_mail_where_it_says(app: App) {
    let (app, _) = with_mails(app).await;
    for (path, to) in [
        ("signup", "ada%2Bnotes%40example.com"),
        ("otp", "grace%40example.com"),
        ("magiclink", "joan%40example.com"),
        ("recover", "nobody%40example.com"),
        ("resend", "mary%40example.com"),
    ] {
        let form = format!("email={to}&password=correct+horse+battery&type=signup&redirect_to=%2Fnotes");
        let waits = format!("{form}&pending_to=%2Fmail%3Ffor%3D{path}%26email%3Dold");
        let answer = app.browser().form(&format!("/api/auth/{path}"), &waits).await;
        let expected = format!("/mail?for={path}&email={to}");
        assert_eq!((answer.status(), answer.header("location")), (303, Some(&*expected)));
    }
    // Without such a page it goes on; and never to a page of somebody else.
    for pending_to in ["", "&pending_to=", "&pending_to=https%3A%2F%2Fevil.test%2F"] {
        let form = format!(
            "email=tess{}%40example.com&redirect_to=%2Fnotes{pending_to}",
            pending_to.len()
        );
        let answer = app.browser().form("/api/auth/otp", &form).await;
        assert_eq!(answer.header("location"), Some("/notes"), "{pending_to}");
    }
    // Nothing to wait for: on at once.
    let app = App::new(app.driver).await;
    let form = format!("{SIGN_UP}&redirect_to=%2Fnotes&pending_to=%2Fmail");
    let answer = app.browser().form("/api/auth/signup", &form).await;
    assert_eq!(answer.header("location"), Some("/notes"));
}

async fn a_code_is_typed_into_a_form(app: App) {
    let (app, mails) = with_mails(app).await;
    let browser = app
        .browser()
        .with("referer", "https://app.example.com/mail?email=ada%40example.com");
    browser.form("/api/auth/signup", SIGN_UP).await;
    let code = code(&app, &mails, "ada@example.com").await;
    let typed = |code: &str| format!("type=signup&email=ada%40example.com&token={code}&redirect_to=%2Fnotes");
    let wrong = if code == "123456" { "654321" } else { "123456" };
    let answer = browser.form("/api/auth/verify", &typed(wrong)).await;
    assert_eq!(
        answer.header("location"),
        Some("/mail?email=ada%40example.com&error_code=otp_expired")
    );
    let answer = browser.form("/api/auth/verify", &typed(&code)).await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/notes")));
    assert!(browser.token().is_some());
    assert_eq!(answer.text(), "");
}

async fn a_form_that_comes_too_early_says_how_long_to_wait(app: App) {
    let (app, _) = with_mails(app).await;
    let browser = app
        .browser()
        .with("referer", "https://app.example.com/mail?retry_after=7");
    let ask = "email=ada%40example.com&redirect_to=%2F";
    assert_eq!(browser.form("/api/auth/otp", ask).await.header("location"), Some("/"));
    let answer = browser.form("/api/auth/otp", ask).await;
    let wait = answer.header("retry-after").unwrap();
    let expected = format!("/mail?error_code=over_email_send_rate_limit&retry_after={wait}");
    assert_eq!(answer.header("location"), Some(&*expected));
}

async fn a_form_that_changes_the_address_waits_and_shows_for_whom(app: App) {
    for order in [
        ["ada@example.com", "lovelace@example.com"],
        ["lovelace@example.com", "ada@example.com"],
    ] {
        let (app, mails) = with_mails(app.clone()).await;
        let browser = app.browser();
        browser.form("/api/auth/signup", SIGN_UP).await;
        let first = code(&app, &mails, "ada@example.com").await;
        let typed = format!("type=signup&email=ada%40example.com&token={first}");
        browser.form("/api/auth/verify", &typed).await;
        let user = browser.get("/api/auth/user").await.json();
        let user_id = user["id"].as_str().unwrap().into();
        assert_eq!(app.auth.get_pending_changes(&user_id).await.unwrap(), []);

        mails.clear();
        let change = "_method=put&email=lovelace%40example.com&redirect_to=%2Faccount&pending_to=%2Fwait";
        let answer = browser.form("/api/auth/user", change).await;
        assert_eq!(answer.header("location"), Some("/wait?email=lovelace%40example.com"));
        let waits_for = async || {
            let pending = app.auth.get_pending_changes(&user_id).await.unwrap();
            let [change] = pending.as_slice() else {
                return Vec::new();
            };
            assert_eq!(
                (change.new_address.as_str(), change.is_phone),
                ("lovelace@example.com", false)
            );
            change.waits_for.clone()
        };
        assert_eq!(waits_for().await, ["lovelace@example.com", "ada@example.com"]);
        // Either may answer first; until both have, the old one counts.
        for (index, address) in order.iter().enumerate() {
            let present = browser.get("/api/auth/user").await.json();
            assert_eq!(present["email"], "ada@example.com");
            let code = code(&app, &mails, address).await;
            let typed = format!("type=email_change&email={address}&token={code}&redirect_to=%2Faccount");
            let answer = browser.form("/api/auth/verify", &typed).await;
            assert_eq!(answer.header("location"), Some("/account"));
            assert_eq!(waits_for().await, order[index + 1..]);
        }
        let changed = browser.get("/api/auth/user").await.json();
        assert_eq!(changed["email"], "lovelace@example.com");
    }
}

/// A page may have a field for it that nobody has to fill in.
async fn an_empty_field_for_the_password_is_no_password(app: App) {
    let browser = app.signed_up("ada@example.com").await;
    let change = "_method=put&current_password=&nonce=&password=a+new+long+password&redirect_to=%2Faccount";
    let answer = browser.form("/api/auth/user", change).await;
    assert_eq!(answer.header("location"), Some("/account"));
    app.wait(std::time::Duration::from_secs(16 * 60));
    let change = "_method=put&current_password=&password=another+long+password&redirect_to=%2Faccount";
    let answer = browser.form("/api/auth/user", change).await;
    assert_eq!(answer.header("location"), Some("/?error_code=reauthentication_needed"));
    // A page of which the person filled in another field.
    let change = "_method=put&password=&current_password=&email=&data%5Bname%5D=Ada&redirect_to=%2Faccount";
    let answer = browser.form("/api/auth/user", change).await;
    assert_eq!(answer.header("location"), Some("/account"));
    let user = browser.get("/api/auth/user").await.json();
    assert_eq!(user["user_metadata"]["name"], "Ada");
    assert_eq!(
        app.browser()
            .sign_in("ada@example.com", "a new long password")
            .await
            .status(),
        200
    );
}

/// Declared attributes of every kind, as text.
async fn fields_become_attributes_of_their_kind(app: App) {
    let app = App::with(app.driver, |builder| {
        builder
            .user_attribute(Attribute::integer("age").editable())
            .user_attribute(Attribute::real("height").editable())
            .user_attribute(Attribute::boolean("likes_tea").editable())
            .user_attribute(Attribute::timestamp("born").editable())
            .user_attribute(Attribute::json("tags").editable())
    })
    .await;
    let fields = "attributes%5Busername%5D=42&attributes%5Bage%5D=+36+&attributes%5Bheight%5D=1.7&attributes%5Blikes_tea%5D=on\
                  &attributes%5Bborn%5D=-1&attributes%5Btags%5D=%5B1%2C2%5D";
    let browser = app.browser();
    let answer = browser.form("/api/auth/signup", &format!("{SIGN_UP}&{fields}")).await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/")));
    let attributes = async || browser.get("/api/auth/user").await.json()["attributes"].clone();
    let all = json!({
        "username": "42", "credits": null, "age": 36, "height": 1.7, "likes_tea": true, "born": -1, "tags": [1, 2],
    });
    assert_eq!(attributes().await, all);
    // An empty field leaves it; `off` is said.
    let change = "_method=put&attributes%5Bage%5D=&attributes%5Blikes_tea%5D=off";
    browser.form("/api/auth/user", change).await;
    assert_eq!(
        (&attributes().await["age"], &attributes().await["likes_tea"]),
        (&json!(36), &json!(false))
    );
    for wrong in [
        "age%5D=old",
        "age%5D=1.5",
        "height%5D=tall",
        "likes_tea%5D=perhaps",
        "tags%5D=%7B",
    ] {
        let change = format!("_method=put&attributes%5B{wrong}");
        let answer = browser.form("/api/auth/user", &change).await;
        assert_eq!(
            answer.header("location"),
            Some("/?error_code=validation_failed"),
            "{wrong}"
        );
    }
}

/// Whoever reads the first would be led elsewhere than whoever reads the last.
async fn two_targets_in_one_query_are_none(app: App) {
    for name in ["redirect_to", "pending_to"] {
        let path = format!("/api/auth/signup?{name}=%2Fa&{name}=%2Fb");
        let answer = app.browser().form(&path, SIGN_UP).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (400, "validation_failed")
        );
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
}

async fn a_form_means_another_method_by_saying_so(app: App) {
    let browser = app.signed_up("ada@example.com").await;
    let change = "_method=PUT&password=a+new+long+password&current_password=correct+horse+battery";
    let answer = browser.form("/api/auth/user", change).await;
    assert_eq!((answer.status(), answer.header("location")), (303, Some("/")));
    let current = browser.token().unwrap();
    let handle = current.split_once('.').unwrap().0.to_owned();
    let answer = browser
        .form(
            &format!("/api/auth/sessions/{handle}"),
            "_method=delete&redirect_to=/bye",
        )
        .await;
    assert_eq!(answer.header("location"), Some("/bye"));
    assert_eq!(browser.token(), None);
    // Without it, POST is no method of that route; and JSON cannot say it.
    assert_eq!(browser.form("/api/auth/user", "x=y").await.status(), 405);
    let json = browser
        .post("/api/auth/user", serde_json::json!({ "_method": "DELETE" }))
        .await;
    assert_eq!(json.status(), 405);
    let answer = browser.form("/api/auth/user", "_method=GET").await;
    assert_ne!(answer.status(), 200);
}

async fn a_form_without_a_page_goes_to_the_sign_in_page(app: App) {
    let app = App::with(app.driver, |builder| builder.sign_in_page("/in")).await;
    let answer = app
        .browser()
        .form(
            "/api/auth/token?grant_type=password",
            "email=a%40example.com&password=x",
        )
        .await;
    assert_eq!(answer.header("location"), Some("/in?error_code=invalid_credentials"));
}

async fn a_navigation_without_a_session_goes_to_the_sign_in_page(app: App) {
    let app = App::with(app.driver, |builder| builder.sign_in_page("/in")).await;
    let person = app.browser().with("accept", "text/html,*/*");
    let answer = person.get("/me?x=1").await;
    assert_eq!(
        (answer.status(), answer.header("location")),
        (303, Some("/in?redirect_to=%2Fme%3Fx%3D1"))
    );
    let guarded = person.get("/guarded").await;
    assert_eq!(guarded.header("location"), Some("/in?redirect_to=%2Fguarded"));
    let script = app.browser().with("accept", "application/json");
    assert_eq!(script.get("/me").await.status(), 401);
    let fetch = app.browser().with("accept", "text/html").with("sec-fetch-mode", "cors");
    assert_eq!(fetch.get("/me").await.status(), 401);
    // Signing in brings them where they wanted to go.
    app.signed_up("ada@example.com").await;
    let body = format!(
        "email=ada%40example.com&password={}&redirect_to=%2Fme%3Fx%3D1",
        PASSWORD.replace(' ', "+")
    );
    let answer = app.browser().form("/api/auth/token?grant_type=password", &body).await;
    assert_eq!(answer.header("location"), Some("/me?x=1"));
}
