use auth_core::{Session, User};
use minijinja::{Environment, Value, context};

use crate::Note;

/// A finished page.
pub type Page = Result<String, minijinja::Error>;

/// The pages, rendered from the templates beside this crate.
#[derive(Clone, Debug)]
pub struct Pages {
    templates: Environment<'static>,
}

impl Default for Pages {
    fn default() -> Self {
        let mut templates = Environment::new();
        for (name, source) in [
            ("layout.html", include_str!("../templates/layout.html")),
            ("home.html", include_str!("../templates/home.html")),
            ("notes.html", include_str!("../templates/notes.html")),
            ("sign_in.html", include_str!("../templates/sign_in.html")),
            ("sign_up.html", include_str!("../templates/sign_up.html")),
            ("account.html", include_str!("../templates/account.html")),
        ] {
            // The templates are part of the program; a test renders each of them.
            let added = templates.add_template(name, source);
            debug_assert!(added.is_ok(), "{name} does not parse");
        }
        Self { templates }
    }
}

impl Pages {
    /// The style sheet, served at `/style.css`.
    pub const STYLE: &'static str = include_str!("../templates/style.css");

    /// What a stranger sees.
    ///
    /// # Errors
    /// When a template fails.
    pub fn home(&self) -> Page {
        self.render("home.html", context! {})
    }

    /// A user's notes.
    ///
    /// # Errors
    /// When a template fails.
    pub fn notes(&self, user: &User, notes: &[Note]) -> Page {
        let notes: Vec<Value> = notes
            .iter()
            .map(|note| context! { id => note.id, text => note.text.as_str() })
            .collect();
        self.render("notes.html", context! { user => who(user), notes })
    }

    /// The form to sign in with; afterwards people go to `redirect_to`.
    ///
    /// # Errors
    /// When a template fails.
    pub fn sign_in(&self, redirect_to: Option<&str>, error_code: Option<&str>) -> Page {
        self.render(
            "sign_in.html",
            context! { redirect_to, error => error_code.map(sentence) },
        )
    }

    /// The form to sign up with.
    ///
    /// # Errors
    /// When a template fails.
    pub fn sign_up(&self, error_code: Option<&str>) -> Page {
        self.render("sign_up.html", context! { error => error_code.map(sentence) })
    }

    /// Password, devices, farewell.
    ///
    /// # Errors
    /// When a template fails.
    pub fn account(&self, user: &User, current: &Session, sessions: &[Session], error_code: Option<&str>) -> Page {
        let sessions: Vec<Value> = sessions
            .iter()
            .map(|session| {
                context! {
                    id => session.id.as_str(),
                    current => session.id == current.id,
                    user_agent => session.user_agent.as_deref().unwrap_or("Unknown device"),
                    ip => session.ip.map(|ip| ip.to_string()),
                    created_at => session.created_at.to_string().replace('T', " "),
                }
            })
            .collect();
        self.render(
            "account.html",
            context! { user => who(user), sessions, error => error_code.map(sentence) },
        )
    }

    fn render(&self, name: &str, values: Value) -> Page {
        self.templates.get_template(name)?.render(values)
    }
}

fn who(user: &User) -> Value {
    context! { email => user.email.as_deref() }
}

/// What a person is told for an error code of the library.
fn sentence(error_code: &str) -> &'static str {
    match error_code {
        "email_exists" | "user_already_exists" => "There is an account with this address already.",
        "invalid_credentials" => "Address or password is wrong.",
        "no_authorization" | "session_not_found" => "Please sign in first.",
        "over_capacity" | "unexpected_failure" => "Something went wrong on our side. Please try again.",
        "over_request_rate_limit" => "Too many attempts. Please wait a while.",
        "reauthentication_needed" => "Please give your current password.",
        "same_password" => "The new password is the old one.",
        "validation_failed" => "That does not look right. Please check what you typed.",
        "weak_password" => "This password is too easy to guess. Use at least eight characters that are not common.",
        _ => "That did not work.",
    }
}

#[cfg(test)]
mod tests {
    use auth_core::{Timestamp, UserId};

    use super::*;

    #[test]
    fn every_page_renders_and_escapes() {
        let pages = Pages::default();
        let mut user = User::new(UserId::from("u"), Timestamp::default());
        user.email = Some("<script>@example.com".to_owned());
        let note = Note {
            id: 1,
            text: "<b>bold</b>".to_owned(),
        };
        assert!(pages.home().unwrap().contains("Sign up"));
        let notes = pages.notes(&user, &[note]).unwrap();
        assert!(!notes.contains("<script>") && !notes.contains("<b>bold"));
        assert!(pages.sign_up(Some("weak_password")).unwrap().contains("easy to guess"));
        let page = pages.sign_in(Some("\"><script>"), Some("<script>")).unwrap();
        assert!(!page.contains("<script>"));
    }
}
