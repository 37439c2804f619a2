//! A form that is refused leads back to the page it was posted from, whichever name of this machine was opened.

use tempfile::TempDir;
use url::Url;

use super::{Browser, Mails, Running, Which, http::Received};

#[tokio::test]
async fn a_refused_form_returns_to_its_page() {
    for which in [Which::Axum, Which::Actix] {
        let (directory, mails) = (TempDir::new().unwrap(), Mails::new());
        let [mail, folder] = mails.arguments();
        let more = [mail.as_str(), folder.as_str()];
        let server = Running::start_with(which, &directory.path().join("app.db"), &more).await;
        let printed = server.line("open ").await;
        let port = server.address().port();
        assert_eq!(printed, format!("http://localhost:{port}"));
        for (number, origin) in [printed, format!("http://127.0.0.1:{port}")].iter().enumerate() {
            let email = format!("ada{number}@example.com");
            be_refused(&Browser::at(origin, server.address()), origin, &email).await;
        }
        server.stop().await;
    }
}

async fn be_refused(ada: &Browser, origin: &str, email: &str) {
    let sign_in = "/api/auth/token?grant_type=password";
    let weak = [("email", email), ("password", "short")];
    let wrong = [("email", email), ("password", "not her password")];
    for (page, action, typed, reason, told) in [
        (
            "/sign-up",
            "/api/auth/signup",
            weak,
            "weak_password",
            "too easy to guess",
        ),
        (
            "/sign-in?redirect_to=/account",
            sign_in,
            wrong,
            "invalid_credentials",
            "Address or password is wrong.",
        ),
    ] {
        let answer = ada.submit(page, action, &typed).await;
        let back = location(&answer, origin);
        assert!(is_page(&back, origin, page) && has_reason(&back, reason), "{back}");
        let page = ada.get(&back[url::Position::BeforePath..]).await;
        assert!(page.body.contains(told), "{page:?}");
    }

    // What is done leads on at the same address, and back again from there.
    let typed = [("email", email), ("password", "correct horse battery")];
    let answer = ada.submit("/sign-up", "/api/auth/signup", &typed).await;
    let waiting = location(&answer, origin);
    assert!(is_page(&waiting, origin, "/check-mail"), "{waiting}");
    let waiting = &waiting[url::Position::BeforePath..];
    let answer = ada.submit(waiting, "/api/auth/verify", &[("token", "000 000")]).await;
    let back = location(&answer, origin);
    assert!(
        is_page(&back, origin, waiting) && has_reason(&back, "otp_expired"),
        "{back}"
    );
}

/// Where a redirect leads a browser that is at `origin`.
fn location(answer: &Received, origin: &str) -> Url {
    assert_eq!(answer.status, 303, "{answer:?}");
    let here = Url::parse(origin).unwrap();
    here.join(answer.header("location").unwrap()).unwrap()
}

/// Whether it is this page, with whatever the page was told before.
fn is_page(url: &Url, origin: &str, page: &str) -> bool {
    let page = Url::parse(origin).unwrap().join(page).unwrap();
    let is_kept = |pair| url.query_pairs().any(|there| there == pair);
    url.origin() == page.origin() && url.path() == page.path() && page.query_pairs().all(is_kept)
}

fn has_reason(url: &Url, reason: &str) -> bool {
    url.query_pairs()
        .any(|(name, value)| name == "error_code" && value == reason)
}
