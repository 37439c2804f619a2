//! A page that every cache may keep, sent with a new session cookie: the next visitor would be given it as well.

use std::time::Duration;

use crate::{App, stories};

stories![a_response_with_a_session_cookie_is_kept_by_no_cache,];

const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn a_response_with_a_session_cookie_is_kept_by_no_cache(app: App) {
    let said = |answer: &crate::Answer| {
        let said = answer.headers.get_all("cache-control").iter();
        said.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let ada = app.signed_up("ada@example.com").await;
    let as_it_is = ada.get("/cached").await;
    assert_eq!(as_it_is.set_cookies(), [""; 0]);
    assert_eq!(said(&as_it_is), ["public, max-age=300"]);
    app.wait(2 * DAY);
    let renewed = ada.get("/cached").await;
    assert_eq!(renewed.set_cookies().len(), 1);
    assert_eq!(said(&renewed), ["no-store"]);
    // One that clears a cookie would sign everybody out.
    app.wait(100 * DAY);
    let over = ada.get("/cached").await;
    assert!(over.set_cookies()[0].contains("Max-Age=0"));
    assert_eq!(said(&over), ["no-store"]);
}
