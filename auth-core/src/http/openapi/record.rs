//! What is told about a route, as data.

use crate::error::ErrorKind;

/// The description of a route; it stands in its flow's `docs.rs`.
pub(crate) struct RouteDoc {
    /// Method and path, as in the table of routes.
    pub(crate) route: (&'static str, &'static str),
    /// The operation's name, for generated clients.
    pub(crate) name: &'static str,
    /// What it does, in a sentence.
    pub(crate) summary: &'static str,
    pub(crate) caller: Caller,
    /// What each `{}` of the path stands for.
    pub(crate) path: &'static [Member],
    pub(crate) query: &'static [Member],
    pub(crate) body: &'static [Member],
    pub(crate) answers: &'static [Answer],
    /// What it refuses, beyond what every route of its kind does.
    pub(crate) refusals: &'static [ErrorKind],
}

impl RouteDoc {
    /// A route for everybody without anything, to be completed.
    pub(crate) const PLAIN: Self = Self {
        route: ("", ""),
        name: "",
        summary: "",
        caller: Caller::Anybody,
        path: &[],
        query: &[],
        body: &[],
        answers: &[],
        refusals: &[],
    };
}

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A token with the role `service_role`, or a signed-in user who may.
    Administrator,
    Anybody,
    /// Whoever is signed in.
    User,
}

/// A member of a body or query, or a segment of a path.
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) about: &'static str,
}

impl Member {
    pub(crate) const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self {
            name,
            kind,
            required: false,
            about,
        }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Where to go afterwards; what reads it in the query reads it in the body, too.
    pub(crate) const REDIRECT_TO: Self = Self::new(
        "redirect_to",
        Kind::Text,
        "Where to go afterwards: a path, or a URL that the server allows; the body's word comes before the query's.",
    );

    /// Where a form goes on, at routes that lead nobody anywhere else.
    pub(super) const FORM_REDIRECT_TO: Self = Self::new(
        "redirect_to",
        Kind::Text,
        "Where a page's form goes on: a path, or a URL that the server allows; the body's word comes before the query's.",
    );

    /// Where a form goes on while a message is to be answered.
    pub(crate) const PENDING_TO: Self = Self::new(
        "pending_to",
        Kind::Text,
        "Where a page's form goes on while a mail or text message is to be answered; the address is added to its query.",
    );

    /// PKCE's challenge: the link then brings a code instead of a session.
    pub(crate) const CHANNEL: Self = Self::new("channel", Kind::Choice(&["sms"]), "How a phone number is reached.");
    pub(crate) const CODE_CHALLENGE: Self = Self::new(
        "code_challenge",
        Kind::Text,
        "What the verifier is later compared with (RFC 7636); the link then brings a code instead of a session.",
    );

    /// How the challenge was made.
    pub(crate) const CODE_CHALLENGE_METHOD: Self = Self::new(
        "code_challenge_method",
        Kind::Choice(&["s256", "plain"]),
        "How the challenge was made of the verifier.",
    );

    /// A captcha's token.
    pub(crate) const CAPTCHA: Self = Self::new(
        "gotrue_meta_security",
        Kind::Object,
        "`captcha_token`: what a captcha's widget gave, where the server asks for one.",
    );

    /// A new user's metadata.
    pub(crate) const DATA: Self = Self::new("data", Kind::Object, "The new user's metadata.");
}

/// What a member holds.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Choice(&'static [&'static str]),
    Email,
    Flag,
    Number,
    Object,
    Password,
    Text,
}

/// What a route answers when all is well.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// 200 with this schema.
    Json(&'static str),
    /// 204.
    NoContent,
    /// 200 with a page for people.
    Page,
    /// 303.
    SeeOther,
}
