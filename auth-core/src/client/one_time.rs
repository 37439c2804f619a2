use super::{ApiError, GoTrueApi, SessionOrUser, request::Request};
use crate::{model::JsonObject, secret::WireToken};

/// What goes with asking for a link or a code.
///
/// ```
/// use auth_core::client::OtpOptions;
///
/// let only_known_people = OtpOptions::default().create_user(false);
/// # let _ = only_known_people;
/// ```
#[derive(Clone, Debug, Default)]
pub struct OtpOptions {
    redirect_to: Option<String>,
    create_user: Option<bool>,
}

impl OtpOptions {
    /// Where the link in the mail leads in the end.
    #[must_use]
    pub fn redirect_to(mut self, url: impl Into<String>) -> Self {
        self.redirect_to = Some(url.into());
        self
    }

    /// Whether an unknown address gets an account. Servers say yes unless told otherwise.
    #[must_use]
    pub fn create_user(mut self, create_user: bool) -> Self {
        self.create_user = Some(create_user);
        self
    }
}

/// What a code or link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OtpKind {
    /// Signing in, or confirming an address.
    Email,
    /// A new address.
    EmailChange,
    /// An invitation.
    Invite,
    /// Signing in.
    MagicLink,
    /// A new phone number.
    PhoneChange,
    /// A forgotten password.
    Recovery,
    /// Confirming an address.
    Signup,
    /// Signing in, or confirming a number.
    Sms,
}

impl OtpKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::EmailChange => "email_change",
            Self::Invite => "invite",
            Self::MagicLink => "magiclink",
            Self::PhoneChange => "phone_change",
            Self::Recovery => "recovery",
            Self::Signup => "signup",
            Self::Sms => "sms",
        }
    }
}

/// A code or a link's token, to be redeemed by [`GoTrueApi::verify_otp`].
///
/// ```
/// use auth_core::client::{OtpKind, VerifyOtp};
///
/// let typed = VerifyOtp::email("ada@example.com", "123456", OtpKind::Recovery);
/// let clicked = VerifyOtp::token_hash("pkce_6f…", OtpKind::MagicLink);
/// assert!(!format!("{typed:?}").contains("123456"));
/// # let _ = clicked;
/// ```
#[derive(Clone, Debug)]
pub struct VerifyOtp {
    address: Option<(&'static str, String)>,
    token: WireToken,
    kind: OtpKind,
    redirect_to: Option<String>,
}

impl VerifyOtp {
    /// A code that came by e-mail.
    pub fn email(email: impl Into<String>, token: impl Into<WireToken>, kind: OtpKind) -> Self {
        Self {
            address: Some(("email", email.into())),
            token: token.into(),
            kind,
            redirect_to: None,
        }
    }

    /// A code that came by SMS.
    pub fn phone(phone: impl Into<String>, token: impl Into<WireToken>, kind: OtpKind) -> Self {
        Self {
            address: Some(("phone", phone.into())),
            ..Self::email("", token, kind)
        }
    }

    /// What stands in a link. It says itself whose it is.
    pub fn token_hash(token_hash: impl Into<WireToken>, kind: OtpKind) -> Self {
        Self {
            address: None,
            ..Self::email("", token_hash, kind)
        }
    }

    /// Where a browser would be sent.
    #[must_use]
    pub fn redirect_to(mut self, url: impl Into<String>) -> Self {
        self.redirect_to = Some(url.into());
        self
    }
}

impl GoTrueApi {
    /// Sends a link to sign in with. Whether the address may be an unknown one's, only newer servers can be told; they are
    /// asked at `/otp`.
    ///
    /// # Errors
    /// What the server refuses, and a server that does not answer.
    #[doc(alias = "sendMagicLinkEmail")]
    pub async fn send_magic_link_email(&self, email: &str, options: OtpOptions) -> Result<JsonObject, ApiError> {
        let path = match options.create_user {
            Some(_) => "/otp",
            None => "/magiclink",
        };
        let request = Request::post(path)
            .query("redirect_to", options.redirect_to.as_deref())
            .member("email", Some(email))
            .member("create_user", options.create_user);
        self.tell(request).await
    }

    /// Sends a code by SMS. An unknown number gets an account, unless the options say otherwise.
    ///
    /// # Errors
    /// As [`GoTrueApi::send_magic_link_email`].
    #[doc(alias = "sendMobileOTP")]
    pub async fn send_mobile_otp(&self, phone: &str, options: OtpOptions) -> Result<JsonObject, ApiError> {
        let request = Request::post("/otp")
            .query("redirect_to", options.redirect_to.as_deref())
            .member("phone", Some(phone))
            .member("create_user", options.create_user);
        self.tell(request).await
    }

    /// Signs in with a code that came by SMS.
    ///
    /// # Errors
    /// As [`GoTrueApi::send_magic_link_email`].
    #[doc(alias = "verifyMobileOTP")]
    pub async fn verify_mobile_otp(
        &self,
        phone: &str,
        token: impl Into<WireToken>,
        redirect_to: Option<&str>,
    ) -> Result<SessionOrUser, ApiError> {
        let mut otp = VerifyOtp::phone(phone, token, OtpKind::Sms);
        otp.redirect_to = redirect_to.map(str::to_owned);
        self.verify_otp(otp).await
    }

    /// Redeems a code or a link's token.
    ///
    /// # Errors
    /// As [`GoTrueApi::send_magic_link_email`].
    #[doc(alias = "verifyOTP")]
    pub async fn verify_otp(&self, otp: VerifyOtp) -> Result<SessionOrUser, ApiError> {
        let token = match otp.address {
            Some(_) => "token",
            None => "token_hash",
        };
        let mut request = Request::post("/verify")
            .member(token, Some(otp.token.expose()))
            .member("type", Some(otp.kind.as_str()))
            .member("redirect_to", otp.redirect_to);
        if let Some((name, address)) = otp.address {
            request = request.member(name, Some(address));
        }
        self.ask_session_or_user(request).await
    }

    /// Sends a link to whoever forgot the password. The answer is the same for unknown addresses.
    ///
    /// # Errors
    /// As [`GoTrueApi::send_magic_link_email`].
    #[doc(alias = "resetPasswordForEmail")]
    pub async fn reset_password_for_email(
        &self,
        email: &str,
        redirect_to: Option<&str>,
    ) -> Result<JsonObject, ApiError> {
        let request = Request::post("/recover")
            .query("redirect_to", redirect_to)
            .member("email", Some(email));
        self.tell(request).await
    }
}
