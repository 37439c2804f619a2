//! The page that a mailed link shows: one button, because whoever opens links in mails on their own presses none.

use crate::http::Page;

/// What the button does, in words.
fn words(kind: &str) -> (&'static str, &'static str, &'static str) {
    match kind {
        "invite" => (
            "You are invited",
            "Press the button to accept the invitation.",
            "Accept",
        ),
        "recovery" => (
            "Choose a new password",
            "Press the button to go on to a new password.",
            "Go on",
        ),
        "email_change" => (
            "Change of address",
            "Press the button to confirm the change of your address.",
            "Confirm",
        ),
        "magiclink" | "email" => ("Sign in", "Press the button to sign in.", "Sign in"),
        _ => (
            "Confirm your address",
            "Press the button to confirm your address.",
            "Confirm",
        ),
    }
}

/// The page with the button.
pub(super) fn confirm(action: &str, token: &str, kind: &str, redirect_to: Option<&str>) -> Page {
    let (title, sentence, button) = words(kind);
    let target = redirect_to.map_or_else(String::new, |target| hidden("redirect_to", target));
    Page::new(
        title,
        &format!(
            "<h1>{title}</h1><p>{sentence}</p><form method=\"post\" action=\"{}\">{}{}{target}\
             <button type=\"submit\">{button}</button></form>\
             <p class=\"small\">If you did not ask for this, close the page. Nothing happens then.</p>",
            Page::escape(action),
            hidden("token_hash", token),
            hidden("type", kind),
        ),
    )
}

/// GoTrue's sentence.
pub(super) const HALF: &str = "Confirmation link accepted. Please proceed to confirm link sent to the other email";

fn hidden(name: &str, value: &str) -> String {
    format!(
        "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
        Page::escape(value)
    )
}
