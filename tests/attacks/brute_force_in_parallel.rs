//! Many guesses at the same moment, to slip past a limit that is read before it is written.

use std::time::Duration;

use auth_core::{Limit, Limits};

use crate::{App, stories};

stories![at_most_the_limit_is_evaluated,];

async fn at_most_the_limit_is_evaluated(app: App) {
    let limits = Limits::default().sign_in_per_account(Limit::new(5, Duration::from_secs(60)));
    let app = App::with(app.driver, move |builder| builder.limits(limits)).await;
    app.signed_up("ada@example.com").await;
    let before = app.auth.password_hashes();
    let guesses = (0..60).map(|number| {
        let browser = app.browser().from_ip(&format!("198.51.100.{number}"));
        async move {
            browser
                .sign_in("ada@example.com", &format!("guess number {number}"))
                .await
                .status()
        }
    });
    let statuses = futures_util::future::join_all(guesses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 55);
    assert_eq!(app.auth.password_hashes() - before, 5);
}
