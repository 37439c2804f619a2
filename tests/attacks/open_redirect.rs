//! `redirect_to` that leads to another site.

use crate::{App, stories};

stories![
    a_target_elsewhere_is_never_followed_nor_reflected,
    targets_on_this_site_and_allowed_ones_pass,
];

const ELSEWHERE: &[&str] = &[
    "https://evil.test",
    "//evil.test",
    "///evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "/%0d%0aSet-Cookie:x=y",
    "https://app.example.com.evil.test",
    "https://app.example.com@evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://app.example.com/",
    " //evil.test",
    "/\t/evil.test",
    "/.//evil.test",
];

fn encoded(target: &str) -> String {
    url::form_urlencoded::byte_serialize(target.as_bytes()).collect()
}

async fn a_target_elsewhere_is_never_followed_nor_reflected(app: App) {
    app.signed_up("ada@example.com").await;
    let base = url::Url::parse("https://app.example.com/").unwrap();
    for target in ELSEWHERE {
        let body = format!(
            "email=ada%40example.com&password=correct+horse+battery&redirect_to={}",
            encoded(target)
        );
        let in_body = app.browser().form("/api/auth/token?grant_type=password", &body).await;
        let path = format!("/api/auth/logout?redirect_to={}", encoded(target));
        let in_query = app.signed_up(&format!("u{}@example.com", encoded(target).len())).await;
        let in_query = in_query.form(&path, "").await;
        for answer in [in_body, in_query] {
            assert_eq!(answer.status(), 303, "{target}");
            let reached = base.join(answer.header("location").unwrap()).unwrap();
            assert_eq!(reached.origin(), base.origin(), "{target}");
            assert!(!answer.text().contains("evil"));
        }
        app.auth
            .delete_user(
                &app.auth
                    .get_user_by_provider_id("email", &format!("u{}@example.com", encoded(target).len()))
                    .await
                    .unwrap()
                    .id,
            )
            .await
            .unwrap();
    }
}

async fn targets_on_this_site_and_allowed_ones_pass(app: App) {
    let app = App::with(app.driver, |builder| builder.redirect_url("https://shop.example.com")).await;
    app.signed_up("ada@example.com").await;
    for (target, location) in [
        ("/a?b=c#d", "/a?b=c#d"),
        ("https://app.example.com/a", "/a"),
        ("https://shop.example.com/cart", "https://shop.example.com/cart"),
        ("https://shop.example.com.evil.test/", "/"),
    ] {
        let body = format!(
            "email=ada%40example.com&password=correct+horse+battery&redirect_to={}",
            encoded(target)
        );
        let answer = app.browser().form("/api/auth/token?grant_type=password", &body).await;
        assert_eq!(answer.header("location"), Some(location));
    }
}
