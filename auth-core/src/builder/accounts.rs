//! Settings of the ways in that need a mail or a text message, and of who looks after accounts.

use std::{sync::Arc, time::Duration};

use super::AuthBuilder;
use crate::{
    delivery::{Mailer, SmsSender, Templates},
    flows::{
        admin::AdminConfig,
        auth_cookie::CookieOptions,
        confirmation::{EmailConfig, PhoneConfig},
        one_time::OneTimeConfig,
    },
};

impl AuthBuilder {
    /// Where mails and links lead when nothing else was asked for. Default the base URL.
    pub fn site_url(mut self, url: impl Into<String>) -> Self {
        self.site_url = Some(url.into());
        self
    }

    /// What the site is called, in mails. Default its host.
    pub fn site_name(mut self, name: impl Into<String>) -> Self {
        self.site_name = Some(name.into());
        self
    }

    /// Sends mails: by SMTP, to the console, into files. With one, new addresses have to be proven; without, they count at
    /// once and nothing that needs a mail works.
    pub fn mailer(mut self, mailer: impl Mailer) -> Self {
        self.mailer = Some(Arc::new(mailer));
        self
    }

    /// One more address that mails may go to, or all of a domain, `@example.com`, without those below it. Default anybody. Once one is
    /// named, whatever would mail somebody else is refused, and notices to others are left out: for servers that are only
    /// tried out, with a copy of real people's data.
    ///
    /// ```
    /// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
    /// let auth = Auth::builder(MemoryAdapter::default())
    ///     .secret(Secret::random()?)
    ///     .base_url("https://staging.example.com")
    ///     .mail_only_to("@example.com")
    ///     .mail_only_to("tester@agency.example")
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mail_only_to(mut self, address_or_domain: impl Into<String>) -> Self {
        self.mail_only_to.push(address_or_domain.into());
        self
    }

    /// Sends text messages. With one, people can sign up and in with phone numbers.
    pub fn sms_sender(mut self, sender: impl SmsSender) -> Self {
        self.sms_sender = Some(Arc::new(sender));
        self
    }

    /// The words of mails and text messages.
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = templates;
        self
    }

    /// Signing in with e-mail addresses.
    pub fn email(mut self, email: EmailConfig) -> Self {
        self.email = email;
        self
    }

    /// Signing in with phone numbers.
    pub fn phone(mut self, phone: PhoneConfig) -> Self {
        self.phone = phone;
        self
    }

    /// Whether accounts without any address are made. Default no.
    pub fn anonymous(mut self, allowed: bool) -> Self {
        self.anonymous = allowed;
        self
    }

    /// Whether answers may say that somebody has an account with an address. Default no: a sign-up with a taken address is
    /// answered like any other, and its owner gets a mail. Without address confirmation, sign-up says so anyway.
    pub fn reveal_accounts(mut self, reveal: bool) -> Self {
        self.reveal_accounts = reveal;
        self
    }

    /// Answers a wrong password with `email_not_confirmed` as well, when nobody has proven the account's address: as GoTrue did in
    /// 2021, for the test suites of its clients of then. Strangers learn who has begun to sign up.
    pub fn danger_reveal_unconfirmed(mut self) -> Self {
        self.reveal_unconfirmed = true;
        self
    }

    /// Links and codes.
    pub fn one_time(mut self, one_time: OneTimeConfig) -> Self {
        self.one_time = one_time;
        self
    }

    /// Who may administrate.
    pub fn admin(mut self, admin: AdminConfig) -> Self {
        self.admin = admin;
        self
    }

    /// The `aud` of users, and of the access tokens of [`Tokens`](crate::Tokens). Default `authenticated`; may be empty, 255
    /// bytes at most. Access tokens for another audience are refused, so with another one everybody's are renewed.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// The role of new users. Default `authenticated`; may be empty, 255 bytes at most.
    pub fn default_role(mut self, role: impl Into<String>) -> Self {
        self.default_role = role.into();
        self
    }

    /// Whether events are kept in the store, for `GET /admin/events`. Default no: they go where
    /// [`AuthBuilder::events`] sends them, and nowhere else.
    pub fn keep_events(mut self, keep: bool) -> Self {
        self.keeps_events = keep;
        self
    }

    /// For how long events are kept, once [`Auth::delete_expired`](crate::Auth::delete_expired) runs. Default 90 days:
    /// whoever looks into a break-in that was noticed late needs them, and addresses of people are in them.
    pub fn event_lifetime(mut self, lifetime: Duration) -> Self {
        self.event_lifetime = lifetime;
        self
    }

    /// Whether a client that does not say how (`st-auth-mode: header` or `cookie`) gets its tokens in the body, as GoTrue's
    /// clients expect. Default no: scripts of a page should not see them. Forms get cookies all the same.
    pub fn tokens_in_body(mut self, in_body: bool) -> Self {
        self.tokens_in_body = in_body;
        self
    }

    /// Whether failures of `POST /token` are told as OAuth tells them (RFC 6749 §5.2), `{"error": "invalid_grant",
    /// "error_description": "…"}`: as GoTrue did until August 2024, for clients of that time. Default no. Clients that name a
    /// version (`X-Supabase-Api-Version`) hear that version's, and 429 and answers of 500 and above are told as ever. `/openapi.json`
    /// describes the default.
    pub fn oauth_token_errors(mut self, oauth: bool) -> Self {
        self.oauth_token_errors = oauth;
        self
    }

    /// A cookie for pages that hold their tokens themselves: they tell `POST /cookie` what happened, and
    /// [`AuthRequest::get_user_by_cookie`](crate::AuthRequest::get_user_by_cookie) knows who is asking. Default none.
    pub fn auth_cookie(mut self, options: CookieOptions) -> Self {
        self.auth_cookie = Some(options);
        self
    }
}
