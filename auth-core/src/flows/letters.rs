//! From what a flow wants told to a message in the outbox.

use url::Url;

use crate::{
    adapter::Act,
    address::Address,
    auth::Auth,
    clock::Timestamp,
    delivery::{Channel, Letter, LetterKind},
    error::Result,
    flows::one_time::Issued,
    model::{OneTimeToken, Purpose, User},
    secret::LinkSecret,
};

impl Auth {
    /// A message with a link or a code.
    pub(crate) fn letter(&self, kind: LetterKind, to: &str, user: &User, issued: &Issued) -> Result<Act> {
        self.seal_issued(self.letter_to(kind, to, user), issued)
    }

    /// A message with a link or a code for the change to a new address.
    pub(crate) fn letter_about_change(
        &self,
        kind: LetterKind,
        to: &str,
        new: &Address,
        user: &User,
        issued: &Issued,
    ) -> Result<Act> {
        let mut letter = self.letter_to(kind, to, user);
        if let Address::Email(new) = new {
            letter.new_email = Some(new.clone());
        }
        self.seal_issued(letter, issued)
    }

    fn seal_issued(&self, mut letter: Letter, issued: &Issued) -> Result<Act> {
        let config = &self.inner.config.one_time;
        let redirect_to = issued.record.text("redirect_to");
        // A nonce is typed where it is asked for.
        if issued.record.purpose != Purpose::Reauthentication {
            letter.link = Some(self.link(&issued.link, issued.record.purpose, redirect_to));
        }
        letter.code = Some(issued.code.expose().to_owned());
        letter.minutes = Some(config.code_lifetime.as_secs().div_ceil(60));
        letter.link_minutes = Some(config.link_lifetime.as_secs().div_ceil(60));
        letter.redirect_to = redirect_to.map(str::to_owned);
        // What tells nothing but the code is not worth sending when that is over.
        let has_code_only = letter.kind.channel() == Some(Channel::Sms) || letter.kind == LetterKind::Reauthentication;
        let expires = match has_code_only {
            true => issued.record.code_expires,
            false => issued.record.expires(),
        };
        self.seal(letter, expires)
    }

    /// A message that only tells something.
    pub(crate) fn notice(
        &self,
        kind: LetterKind,
        to: &str,
        user: &User,
        change: impl FnOnce(&mut Letter),
    ) -> Result<Act> {
        let mut letter = self.letter_to(kind, to, user);
        change(&mut letter);
        self.seal(letter, self.now() + NOTICE_LIFETIME)
    }

    /// Tells the owner that somebody signed up with their address.
    pub(crate) fn account_exists_letter(&self, address: &Address, user: &User) -> Result<Act> {
        self.account_exists(address, user, None)
    }

    /// Tells the owner that somebody wanted to change the address of another account to theirs.
    pub(crate) fn address_taken_letter(&self, address: &Address, user: &User) -> Result<Act> {
        self.account_exists(address, user, Some(address))
    }

    fn account_exists(&self, address: &Address, user: &User, wanted: Option<&Address>) -> Result<Act> {
        match address {
            Address::Email(email) => self.notice(LetterKind::AccountExists, email, user, |letter| {
                let config = &self.inner.config;
                let page = |path: &Option<String>| path.as_ref().map(|path| format!("{}{path}", self.origin()));
                letter.link = page(&config.sign_in_page);
                letter.recovery_link = page(&config.forgot_password_page);
                letter.new_email = wanted.map(|wanted| wanted.as_str().to_owned());
            }),
            Address::Phone(_) => self.no_letter(address),
        }
    }

    /// Nothing, in an envelope like the others: whoever watches the store or the clock cannot tell that nobody is written to.
    pub(crate) fn no_letter(&self, address: &Address) -> Result<Act> {
        let nobody = Letter::new(LetterKind::Nothing, address.as_str());
        self.seal(nobody, self.now() + NOTICE_LIFETIME)
    }

    fn letter_to(&self, kind: LetterKind, to: &str, user: &User) -> Letter {
        let mut letter = Letter::new(kind, to);
        letter.user_id = Some(user.id.clone());
        letter.email.clone_from(&user.email);
        letter.phone.clone_from(&user.phone);
        letter.data = user.user_metadata.clone();
        letter.locale = user
            .user_metadata
            .get("locale")
            .and_then(|locale| locale.as_str())
            .map(str::to_owned);
        letter
    }

    fn seal(&self, mut letter: Letter, expires: Timestamp) -> Result<Act> {
        let inner = &self.inner;
        if self.test_code(&letter.to).is_some() {
            letter = Letter::new(LetterKind::Nothing, letter.to);
        }
        let message = letter.into_message(&inner.config.secret, inner.entropy.as_ref(), self.now(), expires)?;
        Ok(Act::Send(message))
    }

    /// Where a mailed link leads: built from the configuration, never from a request.
    pub(crate) fn link(&self, link: &LinkSecret, purpose: Purpose, redirect_to: Option<&str>) -> String {
        let mut text = format!(
            "{}{}/verify?token={}&type={}",
            self.origin(),
            self.mount(),
            link.expose(),
            word_of(purpose),
        );
        if let Some(target) = redirect_to {
            text.push_str("&redirect_to=");
            if target.contains(['&', '=', '#', '%', '+']) {
                text.extend(url::form_urlencoded::byte_serialize(target.as_bytes()));
            } else {
                text.push_str(target);
            }
        }
        text
    }

    /// Where to go in the end: what was asked for when it is allowed, else the site.
    pub(crate) fn target(&self, token: Option<&OneTimeToken>, asked: Option<&str>) -> Url {
        let config = &self.inner.config;
        let of_token = token.and_then(|token| token.text("redirect_to"));
        let allowed = asked.or(of_token).and_then(|target| self.inner.redirects.check(target));
        let target = allowed.and_then(|target| config.base_url.join(&target).ok());
        target.unwrap_or_else(|| config.site_url.clone())
    }
}

/// The word in links and answers; both halves of a change of address have the same.
pub(crate) fn word_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::EmailChangeCurrent => Purpose::EmailChange.as_str(),
        purpose => purpose.as_str(),
    }
}

/// Whoever reads a notice days later still wants to know.
const NOTICE_LIFETIME: std::time::Duration = std::time::Duration::from_secs(3 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{adapters::MemoryAdapter, flows::one_time::Asked, id::UserId, secret::Secret};

    #[tokio::test]
    async fn a_message_is_sent_for_as_long_as_something_in_it_is_good() {
        let auth = Auth::builder(MemoryAdapter::default())
            .secret(Secret::random().unwrap())
            .base_url("https://example.com")
            .build()
            .unwrap();
        let user = auth
            .create_user(crate::NewUser::with_key("username", "ada"))
            .await
            .unwrap();
        let ends = |kind: LetterKind, purpose: Purpose| {
            let issued = auth
                .issue(purpose, &UserId::from("ada"), "somebody", &Asked::default())
                .unwrap();
            let Ok(Act::Send(message)) = auth.letter(kind, "somebody", &user, &issued) else {
                panic!("{kind:?} sends nothing");
            };
            (message.expires, issued.record)
        };
        for (kind, purpose) in [
            (LetterKind::Code, Purpose::Sms),
            (LetterKind::SignUpCode, Purpose::Sms),
            (LetterKind::PhoneChangeCode, Purpose::PhoneChange),
            (LetterKind::Reauthentication, Purpose::Reauthentication),
            (LetterKind::ReauthenticationCode, Purpose::Reauthentication),
        ] {
            let (end, token) = ends(kind, purpose);
            assert!(end == token.code_expires && end < token.link_expires, "{kind:?}");
        }
        let (end, token) = ends(LetterKind::Confirmation, Purpose::Confirmation);
        assert_eq!(end, token.link_expires);
    }
}
