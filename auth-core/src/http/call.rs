//! One call of a route, and what routes read of it.

use url::form_urlencoded;

use crate::{
    address::Address,
    auth::Auth,
    error::{Error, ErrorKind, Result},
    flows::{
        one_time::{Asked, Challenge},
        sessions::IssuedSession,
    },
    request::{
        AuthRequest, BearerReading, CookieReading, OriginFacts, OriginRefusal, RequestView, read_bearer, read_cookie,
        speaks_supertokens,
    },
};

use super::{Body, Delivery};

/// One call of a route.
pub(crate) struct Call {
    pub(crate) auth: Auth,
    pub(crate) request: AuthRequest,
    pub(crate) body: Body,
    pub(crate) query: Vec<(String, String)>,
    /// The segments that `{}` stood for.
    pub(crate) parameters: Vec<String>,
    pub(crate) delivery: Delivery,
    /// Whether only the headers of a GET are wanted.
    pub(crate) is_head: bool,
    /// Whether the browser says that this site sent the request.
    pub(crate) is_same_origin: bool,
    /// Whether the browser says that a page of a site that is not trusted sent the request.
    pub(crate) is_from_elsewhere: bool,
    /// What stands behind `Authorization: Bearer`.
    pub(crate) bearer: Option<String>,
    /// What `X-JWT-AUD` says.
    audience: Option<String>,
    /// Whether the client is one of SuperTokens'.
    pub(crate) speaks_supertokens: bool,
    /// What marks the browser that asked for a code.
    pub(super) mark: Option<String>,
}

impl Call {
    pub(super) fn new(
        auth: &Auth,
        request: &AuthRequest,
        view: &dyn RequestView,
        body: Body,
        delivery: Delivery,
        parameters: Vec<String>,
    ) -> Self {
        let query = view.query().unwrap_or_default();
        let mut is_same_origin = false;
        view.each_header(&http::HeaderName::from_static("sec-fetch-site"), &mut |value| {
            is_same_origin = value == b"same-origin";
        });
        let facts = OriginFacts::as_of_a_change(view);
        let is_from_elsewhere = matches!(
            auth.inner.origins.check(&facts),
            Err(OriginRefusal::FetchSite | OriginRefusal::Origin)
        );
        let mut audience = None;
        view.each_header(&http::HeaderName::from_static("x-jwt-aud"), &mut |value| {
            audience = Some(String::from_utf8_lossy(value).into_owned());
        });
        let mark = match read_cookie(auth.inner.marks.name(), view) {
            CookieReading::One(value) => Some(value.into_owned()),
            CookieReading::Conflict | CookieReading::Missing => None,
        };
        let bearer = match read_bearer(view) {
            BearerReading::Token(token) => Some(token.to_owned()),
            _ => None,
        };
        Self {
            auth: auth.clone(),
            request: request.clone(),
            body,
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            parameters,
            delivery,
            is_head: view.method() == "HEAD",
            is_same_origin,
            is_from_elsewhere,
            bearer,
            audience,
            speaks_supertokens: speaks_supertokens(view),
            mark,
        }
    }

    /// A member of the query.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when it is given twice.
    pub(crate) fn query(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.query.iter().filter(|(key, _)| key == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Error::from(ErrorKind::ValidationFailed).detail(format!("`{name}` is given twice.")));
        }
        Ok(first)
    }

    /// What the browser was given to hold when it asked for a code.
    pub(crate) fn mark(&self) -> Option<&str> {
        self.mark.as_deref()
    }

    /// There is one audience here; a client that asks for another must not take our user for one of that.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedAudience`].
    pub(crate) fn check_audience(&self) -> Result<()> {
        let asked = self.audience.as_deref().filter(|asked| !asked.is_empty());
        match asked {
            Some(asked) if asked != self.auth.inner.config.audience => Err(ErrorKind::UnexpectedAudience.into()),
            _ => Ok(()),
        }
    }

    /// The e-mail address or the phone number of the body, in canonical form.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when there is none, more than one, or it is no address.
    pub(crate) fn one_address(&self, both: &str) -> Result<Address> {
        let given = |name| Ok::<_, Error>(self.body.text(name)?.filter(|text| !text.is_empty()));
        match (given("email")?, given("phone")?) {
            (Some(email), None) => Address::email(email),
            (None, Some(phone)) => Address::phone(phone),
            (Some(_), Some(_)) => Err(Error::from(ErrorKind::ValidationFailed).detail(both)),
            (None, None) => Err(Error::from(ErrorKind::ValidationFailed).detail("One of email or phone must be set")),
        }
    }

    /// What comes with a request for a link or code; a browser is given something to hold.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`] when the challenge of PKCE is none.
    pub(crate) fn asked(&self) -> Result<Asked> {
        let challenge = Challenge::read(
            self.body.text("code_challenge")?,
            self.body.text("code_challenge_method")?,
        )?;
        Ok(Asked {
            redirect_to: self.redirect_to()?,
            challenge,
            browser: self.mark_browser()?,
            ..Asked::by(self.delivery)
        })
    }

    /// As [`Call::asked`] for a link that is somebody else's: their browser will follow it, so nothing of this one goes into it.
    ///
    /// # Errors
    /// As [`Call::redirect_to`].
    pub(crate) fn asked_for_another(&self) -> Result<Asked> {
        Ok(Asked {
            redirect_to: self.redirect_to()?,
            ..Asked::by(self.delivery)
        })
    }

    /// Refuses ways to a phone number that there are not.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`].
    pub(crate) fn check_channel(&self) -> Result<()> {
        match self.body.text("channel")? {
            None | Some("" | "sms") => Ok(()),
            Some(_) => {
                Err(Error::from(ErrorKind::ValidationFailed).detail("Invalid channel, supported values are 'sms'."))
            }
        }
    }

    /// Where a link should lead in the end, if that is allowed.
    pub(crate) fn redirect_to(&self) -> Result<Option<String>> {
        let asked = match self.body.text("redirect_to")? {
            Some(target) => Some(target),
            None => self.query("redirect_to")?,
        };
        Ok(self.auth.allowed(asked))
    }

    /// Hands a session to the client, in the way this client gets sessions. A browser's earlier one ends, so that nobody is
    /// signed in twice in one browser and a planted session does not live on.
    pub(crate) async fn hand_over(&self, issued: &IssuedSession) -> Result<()> {
        self.request.diagnose_issued(issued);
        if self.delivery == Delivery::Cookie {
            self.request.end_presented_session().await?;
            self.request.forget_headers();
            self.request.set_session(Some(issued));
        } else if let Some(tokens) = &issued.tokens {
            if self.speaks_supertokens {
                self.request.forget_cookies();
            }
            self.request.hand_over(tokens);
        }
        Ok(())
    }
}
