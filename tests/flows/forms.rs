//! Plain HTML forms: a browser without a script can do everything.

use crate::{App, PASSWORD, stories};

stories![
    a_form_signs_up_and_goes_on,
    a_refused_form_goes_back_with_a_code,
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
