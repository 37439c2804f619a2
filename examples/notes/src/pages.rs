use auth_core::{Key, PendingChange, Session, User};
use minijinja::{Environment, Value, context};

use crate::{Note, Visit, setup::ADMIN};

/// A finished page.
pub type Page = Result<String, minijinja::Error>;

/// The pages, rendered from the templates beside this crate.
#[derive(Clone, Debug)]
pub struct Pages {
    templates: Environment<'static>,
    by_phone: bool,
}

/// What the account page shows.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each application fills it in")]
pub struct AccountView<'a> {
    /// Who is signed in.
    pub user: &'a User,
    /// On this device.
    pub current: &'a Session,
    /// On all devices.
    pub sessions: &'a [Session],
    /// How they sign in.
    pub keys: &'a [Key],
    /// Changes of address that wait for an answer.
    pub pending: &'a [PendingChange],
}

impl Pages {
    /// The style sheet, served at `/style.css`.
    pub const STYLE: &'static str = include_str!("../templates/style.css");

    /// The pages, with those for phone numbers or without.
    pub fn new(by_phone: bool) -> Self {
        let mut templates = Environment::new();
        for (name, source) in [
            ("layout.html", include_str!("../templates/layout.html")),
            ("home.html", include_str!("../templates/home.html")),
            ("notes.html", include_str!("../templates/notes.html")),
            ("sign_in.html", include_str!("../templates/sign_in.html")),
            ("sign_in_code.html", include_str!("../templates/sign_in_code.html")),
            ("sign_up.html", include_str!("../templates/sign_up.html")),
            ("check_mail.html", include_str!("../templates/check_mail.html")),
            (
                "forgot_password.html",
                include_str!("../templates/forgot_password.html"),
            ),
            ("new_password.html", include_str!("../templates/new_password.html")),
            ("account.html", include_str!("../templates/account.html")),
            ("change.html", include_str!("../templates/change.html")),
            ("proof.html", include_str!("../templates/proof.html")),
        ] {
            // The templates are part of the program; a test renders each of them.
            let added = templates.add_template(name, source);
            debug_assert!(added.is_ok(), "{name} does not parse");
        }
        Self { templates, by_phone }
    }

    /// What a stranger sees.
    ///
    /// # Errors
    /// When a template fails.
    pub fn home(&self, visit: &Visit) -> Page {
        self.render("home.html", visit, context! {})
    }

    /// A user's notes.
    ///
    /// # Errors
    /// When a template fails.
    pub fn notes(&self, visit: &Visit, user: &User, notes: &[Note]) -> Page {
        let notes: Vec<Value> = notes
            .iter()
            .map(|note| context! { id => note.id, text => note.text.as_str() })
            .collect();
        self.render("notes.html", visit, context! { user => who(user), notes })
    }

    /// The form to sign in with a password.
    ///
    /// # Errors
    /// When a template fails.
    pub fn sign_in(&self, visit: &Visit) -> Page {
        // Whoever has not answered the mail or message of their sign-up may have lost it.
        let unconfirmed = match visit.error_code.as_deref() {
            Some("email_not_confirmed") => Some("email"),
            Some("phone_not_confirmed") => Some("phone"),
            _ => None,
        };
        self.render("sign_in.html", visit, context! { unconfirmed })
    }

    /// The form to ask for a link or code.
    ///
    /// # Errors
    /// When a template fails.
    pub fn sign_in_code(&self, visit: &Visit) -> Page {
        self.render("sign_in_code.html", visit, context! {})
    }

    /// The form to sign up with.
    ///
    /// # Errors
    /// When a template fails.
    pub fn sign_up(&self, visit: &Visit) -> Page {
        self.render("sign_up.html", visit, context! {})
    }

    /// Where people wait for a mail or text message, and type its code.
    ///
    /// # Errors
    /// When a template fails.
    pub fn check_mail(&self, visit: &Visit) -> Page {
        let by_text = visit.phone.is_some() && visit.email.is_none();
        // What was sent, what its code is good for, and which route sends it again.
        let (sent, kind, again) = match visit.sent.as_deref() {
            Some("recovery") => ("recovery", "recovery", "recover"),
            Some("sign-up") if by_text => ("sign-up", "sms", "resend"),
            Some("sign-up") => ("sign-up", "signup", "resend"),
            _ if by_text => ("sign-in", "sms", "otp"),
            _ => ("sign-in", "email", "otp"),
        };
        let onward = match sent {
            "recovery" => "/new-password",
            _ => visit.redirect_to.as_deref().unwrap_or("/"),
        };
        self.render(
            "check_mail.html",
            visit,
            context! { by_text, sent, kind, again, onward },
        )
    }

    /// The form to ask for a new password.
    ///
    /// # Errors
    /// When a template fails.
    pub fn forgot_password(&self, visit: &Visit) -> Page {
        self.render("forgot_password.html", visit, context! {})
    }

    /// The form for a new password, where a recovery link and an invitation lead; without a user the link was no good.
    ///
    /// # Errors
    /// When a template fails.
    pub fn new_password(&self, visit: &Visit, user: Option<&User>) -> Page {
        self.render("new_password.html", visit, context! { user => user.map(who) })
    }

    /// Devices, addresses, password, farewell.
    ///
    /// # Errors
    /// When a template fails.
    pub fn account(&self, visit: &Visit, view: AccountView<'_>) -> Page {
        let sessions: Vec<Value> = view
            .sessions
            .iter()
            .map(|session| {
                context! {
                    id => session.id.as_str(),
                    current => session.id == view.current.id,
                    device => session.user_agent.as_deref().map_or("Unknown device".to_owned(), device),
                    ip => session.ip.map(|ip| ip.to_string()),
                    created_at => session.created_at.to_string().replace('T', " ").get(..16),
                }
            })
            .collect();
        let pending = |is_phone: bool| {
            let change = view.pending.iter().find(|change| change.is_phone == is_phone)?;
            Some(context! { new => change.new_address.as_str(), waits_for => &change.waits_for })
        };
        self.render(
            "account.html",
            visit,
            context! {
                user => who(view.user),
                sessions,
                may_invite => view.user.role == ADMIN,
                has_password => view.keys.iter().any(|key| key.has_password),
                confirms_by_code => visit.confirm.as_deref() == Some("code"),
                pending_email => pending(false),
                pending_phone => pending(true),
            },
        )
    }

    fn render(&self, name: &str, visit: &Visit, more: Value) -> Page {
        let common = context! {
            by_phone => self.by_phone,
            error => visit.error(),
            notice => visit.notice(),
            redirect_to => visit.redirect_to.as_deref().unwrap_or("/"),
            email => visit.email.as_deref(),
            phone => visit.phone.as_deref(),
        };
        self.templates.get_template(name)?.render(context! { ..more, ..common })
    }
}

fn who(user: &User) -> Value {
    context! {
        email => user.email.as_deref(),
        phone => user.phone.as_deref(),
        name => user.email.as_deref().or(user.phone.as_deref()),
    }
}

/// A browser's name for itself in words, or as it is when it says something else.
fn device(user_agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| {
        let mut names = names.iter();
        names.find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    // Those that imitate another stand before it.
    let browser = named(&[
        ("Edg", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = named(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ => user_agent.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use auth_core::{
        Attributes, Auth, Digest, HashedPassword, JsonObject, KeyId, KeyRecord, OneTimeToken, Purpose, Secret,
        SessionId, SessionRecord, Timestamp, UserId,
        adapter::{Act, SessionAdapter, TokenAdapter},
        adapters::MemoryAdapter,
    };

    use super::*;

    /// In every place that somebody else fills in.
    const EVIL: &str = "\"><script>'@example.com";

    fn visit(sent: &str) -> Visit {
        Visit {
            redirect_to: Some(EVIL.to_owned()),
            error_code: Some(EVIL.to_owned()),
            retry_after: Some(EVIL.to_owned()),
            email: Some(EVIL.to_owned()),
            phone: Some(EVIL.to_owned()),
            sent: Some(sent.to_owned()),
            done: Some(EVIL.to_owned()),
            confirm: Some(EVIL.to_owned()),
        }
    }

    fn check(page: Page) {
        let page = page.unwrap();
        assert!(page.contains("<h1>") && page.contains("That did not work."), "{page}");
        assert!(!page.contains("<script>") && !page.contains("<b>bold"), "{page}");
    }

    #[test]
    fn every_page_renders_and_escapes() {
        let pages = Pages::new(true);
        let mut user = User::new(UserId::from("u"), Timestamp::default());
        user.email = Some(EVIL.to_owned());
        let note = Note {
            id: 1,
            text: "<b>bold</b>".to_owned(),
        };
        let texted = |sent| Visit {
            email: None,
            ..visit(sent)
        };
        for page in [
            pages.home(&visit("")),
            pages.notes(&visit(""), &user, &[note]),
            pages.sign_in(&visit("")),
            pages.sign_in_code(&visit("")),
            pages.sign_up(&visit("")),
            pages.check_mail(&visit("sign-up")),
            pages.check_mail(&visit("sign-in")),
            pages.check_mail(&visit("recovery")),
            pages.check_mail(&texted("sign-up")),
            pages.check_mail(&texted("sign-in")),
            pages.forgot_password(&visit("")),
            pages.new_password(&visit(""), None),
            pages.new_password(&visit(""), Some(&user)),
        ] {
            check(page);
        }
    }

    /// With a change of both addresses on its way; each page asks for the proof that there is.
    #[tokio::test]
    async fn the_account_page_renders_and_escapes() {
        let auth = hostile_store().await;
        let id = UserId::from("u");
        let user = auth.get_user(&id).await.unwrap();
        let sessions = auth.get_all_user_sessions(&id).await.unwrap();
        let keys = auth.get_all_user_keys(&id).await.unwrap();
        let pending = auth.get_pending_changes(&id).await.unwrap();
        assert_eq!((sessions.len(), keys.len(), pending.len()), (1, 1, 2));
        let view = AccountView {
            user: &user,
            current: &sessions[0],
            sessions: &sessions,
            keys: &keys,
            pending: &pending,
        };
        let pages = Pages::new(true);
        let by_code = Visit {
            confirm: Some("code".to_owned()),
            ..visit("")
        };
        for (visit, proof) in [(visit(""), "current_password"), (by_code, "nonce")] {
            let page = pages.account(&visit, view).unwrap();
            assert!(page.contains(&format!("name=\"{proof}\"")), "{page}");
            for (before, times) in [("class=\"grow\">", 1), ("Changes to <strong>", 2), ("Code sent to ", 3)] {
                assert_eq!(
                    page.matches(&format!("{before}&quot;&gt;&lt;")).count(),
                    times,
                    "{page}"
                );
            }
            check(Ok(page));
        }
    }

    /// A store with a user of whom others have written everything they can, and more than the library would have taken.
    async fn hostile_store() -> Auth {
        let (id, soon) = (UserId::from("u"), Timestamp::from_unix_ms(4_102_444_800_000));
        let mut user = User::new(id.clone(), Timestamp::default());
        user.email = Some(EVIL.to_owned());
        user.phone = Some(EVIL.to_owned());
        user.role = ADMIN.to_owned();
        let key = KeyRecord {
            id: KeyId::from(format!("email:{EVIL}")),
            user_id: id.clone(),
            hashed_password: Some(HashedPassword::from_stored(EVIL)),
            primary: true,
            expires: None,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        };
        let changes = [Purpose::EmailChange, Purpose::EmailChangeCurrent, Purpose::PhoneChange];
        let changes = changes.map(|purpose| {
            Act::SetToken(OneTimeToken {
                id: OneTimeToken::slot(purpose, &id),
                user_id: id.clone(),
                purpose,
                sent_to: EVIL.to_owned(),
                link_digest: Digest::of(purpose.to_string().as_bytes()),
                code_digest: None,
                browser_digest: None,
                attempts: 0,
                data: JsonObject::new(),
                link_expires: soon,
                code_expires: soon,
                created_at: Timestamp::default(),
            })
        });
        let session = SessionRecord {
            id: SessionId::from("s"),
            user_id: id.clone(),
            secret_digest: Digest::of(b""),
            secret_issued_at: Timestamp::default(),
            previous_digest: None,
            previous_issued_at: None,
            previous_expires: None,
            active_expires: soon,
            idle_expires: soon,
            absolute_expires: None,
            persistent: true,
            payload: JsonObject::new(),
            data: JsonObject::new(),
            aal: 1,
            amr: Vec::new(),
            ip: None,
            user_agent: Some(EVIL.to_owned()),
            last_seen: Timestamp::default(),
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            attributes: Attributes::new(),
        };
        let store = MemoryAdapter::default();
        store.commit(&[Act::SetUser(Box::new(user), Some(key))]).await.unwrap();
        store.commit(&changes).await.unwrap();
        store.set_session(&session).await.unwrap();
        let auth = Auth::builder(store)
            .secret(Secret::random().unwrap())
            .base_url("https://example.com");
        auth.build().unwrap()
    }

    #[test]
    fn a_device_is_named_in_words() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        assert_eq!(device(chrome), "Chrome on Linux");
        assert_eq!(device("curl/8.5"), "curl/8.5");
    }
}
