use crate::{
    error::ErrorKind,
    http::{Answer, Caller, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("GET", "/admin/users"),
        name: "list_users",
        summary: "A page of users, newest first; `X-Total-Count` and `Link` say how many there are and where the others are.",
        query: &[
            PAGE,
            PER_PAGE,
            Member::new(
                "after",
                Kind::Text,
                "Where the last page ended, as its `Link` says, instead of a page; empty to begin so.",
            ),
            Member::new("filter", Kind::Text, "What stands in their address or number."),
            Member::new("sort", Kind::Text, "`created_at asc` or `created_at desc`."),
        ],
        answers: &[Answer::Json("Users")],
        ..ADMINISTRATION
    },
    RouteDoc {
        route: ("POST", "/admin/users"),
        name: "create_user",
        summary: "Makes an account; no mail is sent.",
        body: &[
            Member::new("id", Kind::Text, "The id; random unless given."),
            EMAIL,
            PHONE,
            PASSWORD,
            PASSWORD_HASH,
            EMAIL_CONFIRM,
            PHONE_CONFIRM,
            USER_METADATA,
            APP_METADATA,
            ROLE,
            BAN_DURATION,
            ATTRIBUTES,
        ],
        answers: &[Answer::Json("User")],
        refusals: MAKING,
        ..ADMINISTRATION
    },
    RouteDoc {
        route: ("GET", "/admin/users/{}"),
        name: "get_user_by_id",
        summary: "A user, by the id.",
        path: &[ID],
        answers: &[Answer::Json("User")],
        refusals: &[ErrorKind::UserNotFound],
        ..ADMINISTRATION
    },
    RouteDoc {
        route: ("PUT", "/admin/users/{}"),
        name: "update_user_by_id",
        summary: "Changes a user, at once and unasked; what is not given stays as it is.",
        path: &[ID],
        body: &[
            EMAIL,
            PHONE,
            PASSWORD,
            PASSWORD_HASH,
            EMAIL_CONFIRM,
            PHONE_CONFIRM,
            USER_METADATA,
            APP_METADATA,
            ROLE,
            BAN_DURATION,
            ATTRIBUTES,
        ],
        answers: &[Answer::Json("User")],
        refusals: CHANGING,
        ..ADMINISTRATION
    },
    RouteDoc {
        route: ("DELETE", "/admin/users/{}"),
        name: "delete_user_by_id",
        summary: "Deletes a user with everything that is theirs.",
        path: &[ID],
        body: &[Member::new(
            "should_soft_delete",
            Kind::Flag,
            "Keeps the id, and nothing else that says who it was.",
        )],
        answers: &[Answer::Json("Empty")],
        refusals: &[ErrorKind::UserNotFound],
        ..ADMINISTRATION
    },
    RouteDoc {
        route: ("GET", "/admin/users/{}/sessions"),
        name: "list_sessions_of_user",
        summary: "Every session of a user.",
        path: &[ID],
        answers: &[Answer::Json("Sessions")],
        refusals: &[ErrorKind::UserNotFound],
        ..ADMINISTRATION
    },
    RouteDoc {
        route: ("DELETE", "/admin/users/{}/sessions"),
        name: "end_sessions_of_user",
        summary: "Ends every session of a user.",
        path: &[ID],
        answers: &[Answer::Json("Empty")],
        refusals: &[ErrorKind::UserNotFound],
        ..ADMINISTRATION
    },
    RouteDoc {
        route: ("POST", "/admin/generate_link"),
        name: "generate_link",
        summary: "Makes a link instead of mailing it. Whoever has it has the account.",
        body: &[
            Member::new(
                "type",
                Kind::Choice(&[
                    "signup",
                    "invite",
                    "magiclink",
                    "recovery",
                    "email_change_current",
                    "email_change_new",
                ]),
                "What the link is for.",
            )
            .required(),
            Member::new("email", Kind::Email, "Whose link it is.").required(),
            Member::new("new_email", Kind::Email, "The address after a change."),
            PASSWORD,
            Member::DATA,
            Member::REDIRECT_TO,
        ],
        answers: &[Answer::Json("GeneratedLink")],
        refusals: LINKING,
        ..ADMINISTRATION
    },
    RouteDoc {
        route: ("GET", "/admin/events"),
        name: "list_events",
        summary: "What happened, newest first, where events are kept.",
        query: &[
            PAGE,
            PER_PAGE,
            BEFORE,
            Member::new("user_id", Kind::Text, "To whom it happened."),
            Member::new(
                "actor",
                Kind::Text,
                "Who did it: the id of a user, or a program's role.",
            ),
            Member::new("kind", Kind::Text, "What happened."),
        ],
        answers: &[Answer::Json("Events")],
        refusals: &[ErrorKind::FeatureDisabled],
        ..ADMINISTRATION
    },
    RouteDoc {
        route: ("GET", "/admin/audit"),
        name: "audit",
        summary: "The same as GoTrue writes it.",
        query: &[
            PAGE,
            PER_PAGE,
            BEFORE,
            Member::new(
                "query",
                Kind::Text,
                "`author:` with an id or an address, `action:` or `type:`.",
            ),
        ],
        answers: &[Answer::Json("AuditEntries")],
        refusals: &[ErrorKind::FeatureDisabled],
        ..ADMINISTRATION
    },
];

const ADMINISTRATION: RouteDoc = RouteDoc {
    caller: Caller::Administrator,
    ..RouteDoc::PLAIN
};

const MAKING: &[ErrorKind] = &[
    ErrorKind::Busy,
    ErrorKind::DuplicateKeyId,
    ErrorKind::DuplicateUserData,
    ErrorKind::EmailExists,
    ErrorKind::PhoneExists,
    ErrorKind::WeakPassword,
];

const CHANGING: &[ErrorKind] = &[
    ErrorKind::Busy,
    ErrorKind::DuplicateKeyId,
    ErrorKind::DuplicateUserData,
    ErrorKind::EmailExists,
    ErrorKind::PhoneExists,
    ErrorKind::UserNotFound,
    ErrorKind::WeakPassword,
];

const LINKING: &[ErrorKind] = &[
    ErrorKind::Busy,
    ErrorKind::DuplicateKeyId,
    ErrorKind::EmailExists,
    ErrorKind::UserNotFound,
    ErrorKind::WeakPassword,
];

const ID: Member = Member::new("id", Kind::Text, "The user's id.");
const PAGE: Member = Member::new("page", Kind::Number, "The page's number, from 1 on.");
const PER_PAGE: Member = Member::new(
    "per_page",
    Kind::Number,
    "How many are on a page, 50 unless given; 1000 at most.",
);
const BEFORE: Member = Member::new("before", Kind::Text, "The event to go on from, instead of a page.");
const EMAIL: Member = Member::new("email", Kind::Email, "The e-mail address.");
const PHONE: Member = Member::new("phone", Kind::Text, "The phone number, in E.164 form.");
const PASSWORD: Member = Member::new("password", Kind::Password, "The password.");
const PASSWORD_HASH: Member = Member::new("password_hash", Kind::Text, "The password's hash, from another system.");
const EMAIL_CONFIRM: Member = Member::new(
    "email_confirm",
    Kind::Flag,
    "Whether the address counts as proven from now on.",
);
const PHONE_CONFIRM: Member = Member::new(
    "phone_confirm",
    Kind::Flag,
    "Whether the number counts as proven from now on.",
);
const USER_METADATA: Member = Member::new("user_metadata", Kind::Object, "What the user notes, member by member.");
const APP_METADATA: Member = Member::new(
    "app_metadata",
    Kind::Object,
    "What the application notes, member by member.",
);
const ROLE: Member = Member::new("role", Kind::Text, "What the user may do, in a word.");
const BAN_DURATION: Member = Member::new(
    "ban_duration",
    Kind::Text,
    "`none`, or how long nobody gets in: `1h30m`.",
);
const ATTRIBUTES: Member = Member::new("attributes", Kind::Object, "Declared attributes.");
