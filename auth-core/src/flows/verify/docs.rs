use crate::{
    error::ErrorKind,
    http::{Answer, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("GET", "/verify"),
        name: "open_link",
        summary: "What a mailed link opens: a page whose button redeems it, or, if configured, what redeems it at once.",
        query: &[
            Member::new("token", Kind::Text, "The link's token."),
            Member::new("token_hash", Kind::Text, "The same, by its other name."),
            Member::new("type", Kind::Text, "What the link is for.").required(),
            Member::new(
                "redirect_to",
                Kind::Text,
                "Where to go afterwards: a path, or a URL that the server allows.",
            ),
        ],
        answers: &[Answer::Page, Answer::SeeOther],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("POST", "/verify"),
        name: "verify_otp",
        summary: "Redeems a code with its address, or a link's token; signs in.",
        body: &[
            Member::new("type", Kind::Choice(TYPES), "What the code or link is for.").required(),
            Member::new("token", Kind::Text, "The code that was typed."),
            Member::new(
                "email",
                Kind::Email,
                "Where the code was sent; this or the phone number.",
            ),
            Member::new("phone", Kind::Text, "The phone number, in E.164 form."),
            Member::new(
                "token_hash",
                Kind::Text,
                "A link's token, which says itself whose it is.",
            ),
            Member::REDIRECT_TO,
        ],
        answers: &[Answer::Json("SessionOrMessage")],
        refusals: &[
            ErrorKind::EmailExists,
            ErrorKind::InvalidEmail,
            ErrorKind::OtpExpired,
            ErrorKind::PhoneExists,
            ErrorKind::Throttled,
            ErrorKind::UserBanned,
        ],
        ..RouteDoc::PLAIN
    },
];

const TYPES: &[&str] = &[
    "signup",
    "invite",
    "magiclink",
    "recovery",
    "email",
    "email_change",
    "email_change_current",
    "email_change_new",
    "sms",
    "phone_change",
];
