//! Many requests at once on one idle session: one renewal, and nobody is signed out.

use std::time::Duration;

use auth_core::EventKind;

use crate::{App, Driver, stories};

stories![
    parallel_requests_of_an_idle_session_renew_it_once,
    parallel_requests_never_wipe_a_session,
    a_lost_race_is_read_again_and_not_signed_out,
];

/// The same with a cache of sessions in front of the store.
mod with_a_cache {
    use super::*;

    stories![cached =>
        parallel_requests_of_an_idle_session_renew_it_once,
        parallel_requests_never_wipe_a_session,
        a_lost_race_is_read_again_and_not_signed_out,
    ];
}

async fn cached(driver: Driver) -> App {
    App::with_cache(driver).await
}

async fn parallel_requests_of_an_idle_session_renew_it_once(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    app.wait(Duration::from_secs(2 * 24 * 3_600));
    let tabs: Vec<_> = (0..30).map(|_| ada.copy()).collect();
    let answers = futures_util::future::join_all(tabs.iter().map(|tab| tab.get("/me"))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    let cookies: Vec<_> = answers.iter().flat_map(|answer| answer.set_cookies()).collect();
    assert_eq!(cookies.len(), 1);
    assert_eq!(app.events.count(EventKind::SessionRenewed), 1);
    // Every tab of the browser has the one new cookie from now on.
    let renewed = tabs.iter().find(|tab| tab.token() != ada.token()).unwrap();
    app.wait(Duration::from_secs(60));
    assert_eq!(renewed.get("/me").await.status(), 200);
    assert_eq!(
        renewed.get("/api/auth/sessions").await.json()["sessions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

async fn parallel_requests_never_wipe_a_session(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for _ in 0..10 {
        app.wait(Duration::from_secs(2 * 24 * 3_600));
        let (one, two) = (ada.copy(), ada.copy());
        let (first, second) = tokio::join!(one.get("/me"), two.get("/api/auth/session"));
        assert_eq!((first.status(), second.status()), (200, 200));
        assert!(second.json()["session"].is_object());
        let newest = if one.token() == ada.token() { two } else { one };
        ada.set_token(newest.token().unwrap());
    }
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn a_lost_race_is_read_again_and_not_signed_out(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let late = ada.copy();
    app.wait(Duration::from_secs(2 * 24 * 3_600));
    ada.get("/me").await;
    let answer = late.get("/me").await;
    assert_eq!((answer.status(), answer.set_cookies().len()), (200, 0));
}
