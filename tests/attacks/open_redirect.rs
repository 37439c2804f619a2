//! `redirect_to` that leads to another site.

use auth_core::GenerateLink;

use crate::{App, MINUTE, stories};

stories![
    a_target_elsewhere_is_never_followed_nor_reflected,
    targets_on_this_site_and_allowed_ones_pass,
    what_is_not_allowed_leads_to_the_site,
    no_link_carries_a_target_that_is_not_allowed,
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

/// The site may be elsewhere than the library.
async fn what_is_not_allowed_leads_to_the_site(app: App) {
    for (site, home) in [
        ("https://shop.example.com/start", "https://shop.example.com/start"),
        ("https://app.example.com/start", "/start"),
        ("myapp://home", "myapp://home"),
    ] {
        let app = App::with(app.driver, |builder| builder.site_url(site)).await;
        app.signed_up("ada@example.com").await;
        for target in ["", "&redirect_to=https%3A%2F%2Fevil.test"] {
            let body = format!("email=ada%40example.com&password=correct+horse+battery{target}");
            let answer = app.browser().form("/api/auth/token?grant_type=password", &body).await;
            assert_eq!(answer.header("location"), Some(home), "{target}");
        }
    }
}

/// Nor do those that the application asks for with what somebody has typed.
async fn no_link_carries_a_target_that_is_not_allowed(app: App) {
    let app = App::with_post_and(app.driver, |builder| builder).await;
    app.confirmed("ada@example.com").await;
    // What is encoded once more than it should be is a strange path, and stays on this site.
    for target in ELSEWHERE.iter().filter(|target| !target.starts_with("/%")) {
        app.wait(MINUTE);
        app.auth
            .reset_password_for_email("ada@example.com", Some(target))
            .await
            .unwrap();
        let mail = app.mail_to("ada@example.com").await;
        assert_eq!(mail.query("redirect_to"), None, "{target}");
        let wanted = GenerateLink::recovery("ada@example.com").redirect_to(*target);
        let link = app.auth.generate_link(wanted).await.unwrap();
        assert!(!link.action_link.contains("redirect_to"), "{}", link.action_link);
        assert_eq!(link.redirect_to, "https://app.example.com/");
    }
}
