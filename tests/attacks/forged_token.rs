//! Tokens with changed bytes: refused, never an error of ours.

use crate::{App, stories};

stories![every_changed_byte_is_refused,];

async fn every_changed_byte_is_refused(app: App) {
    let token = app.signed_up("ada@example.com").await.token().unwrap();
    for position in 0..token.len() {
        for replacement in ["0", "Z", "_", ".", "-", "%00"] {
            let mut forged = token.clone();
            forged.replace_range(position..=position, replacement);
            if forged == token {
                continue;
            }
            let browser = app.browser();
            browser.set_token(forged.as_str());
            assert_eq!(browser.get("/me").await.status(), 401, "{forged}");
            let bearer = app.script().with("authorization", format!("Bearer {forged}"));
            assert_eq!(bearer.get("/me").await.status(), 401, "{forged}");
        }
    }
    // None of it ended the session.
    let browser = app.browser();
    browser.set_token(token);
    assert_eq!(browser.get("/me").await.status(), 200);
}
