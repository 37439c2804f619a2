//! The shapes of bodies and answers.

use utoipa::openapi::{
    ArrayBuilder, KnownFormat, Ref, RefOr, SchemaFormat,
    schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type},
};

use super::{Kind, Member};
use Shape::{
    Flag, ListOf, Moment, MomentOrNull, Number, NumberOrText, Object, Objects, One, OneOrNull, Text, TextOrNull,
};

/// The schema of a member; a body may say `null` for what it leaves out.
pub(super) fn member_schema(member: &Member, nullable: bool) -> RefOr<Schema> {
    let (base, format) = match member.kind {
        Kind::Choice(_) | Kind::Text => (Type::String, None),
        Kind::Email => (Type::String, Some(SchemaFormat::Custom("email".to_owned()))),
        Kind::Flag => (Type::Boolean, None),
        Kind::Number => (Type::Integer, None),
        Kind::Object => (Type::Object, None),
        Kind::Password => (Type::String, Some(SchemaFormat::KnownFormat(KnownFormat::Password))),
    };
    let schema_type = if nullable {
        SchemaType::from_iter([base, Type::Null])
    } else {
        SchemaType::new(base)
    };
    let choices = match member.kind {
        Kind::Choice(choices) => Some(choices.iter().map(|choice| (*choice).to_owned()).collect::<Vec<_>>()),
        _ => None,
    };
    ObjectBuilder::new()
        .schema_type(schema_type)
        .format(format)
        .description(Some(member.about))
        .enum_values(choices)
        .into()
}

/// What routes answer, by name; a `!` after a member's name says that it is always there.
const ANSWERS: &[(&str, &[(&str, Shape)])] = &[
    (
        "AuditEntry",
        &[
            ("id!", Text),
            ("created_at!", Moment),
            ("ip_address!", Text),
            ("payload!", Object),
        ],
    ),
    (
        "Document",
        &[
            ("openapi!", Text),
            ("info!", Object),
            ("paths!", Object),
            ("components", Object),
        ],
    ),
    ("Empty", &[]),
    (
        "Error",
        &[
            ("code!", NumberOrText),
            ("error_code", Text),
            ("msg", Text),
            ("message!", Text),
            ("weak_password", Object),
            ("error_id", Text),
        ],
    ),
    (
        "Event",
        &[
            ("id!", Text),
            ("kind!", Text),
            ("created_at!", Moment),
            ("user_id", TextOrNull),
            ("session_id", TextOrNull),
            ("account", TextOrNull),
            ("ip", TextOrNull),
            ("user_agent", TextOrNull),
            ("reason", TextOrNull),
            ("actor", TextOrNull),
        ],
    ),
    ("Events", &[("events!", ListOf("Event"))]),
    (
        "GeneratedLink",
        &[
            ("id!", Text),
            ("action_link!", Text),
            ("email_otp!", Text),
            ("hashed_token!", Text),
            ("verification_type!", Text),
            ("redirect_to!", Text),
        ],
    ),
    ("Health", &[("name!", Text), ("version!", Text), ("description", Text)]),
    (
        "Identity",
        &[
            ("id!", Text),
            ("identity_id!", Text),
            ("user_id!", Text),
            ("provider!", Text),
            ("identity_data", Object),
            ("email", Text),
            ("last_sign_in_at", MomentOrNull),
            ("created_at", Moment),
            ("updated_at", Moment),
        ],
    ),
    ("Message", &[("msg!", Text), ("code!", Text)]),
    ("Keys", &[("keys!", Objects)]),
    (
        "ListedSession",
        &[
            ("id!", Text),
            ("user_id!", Text),
            ("current!", Flag),
            ("created_at!", Moment),
            ("last_seen_at!", Moment),
            ("refreshed_at!", MomentOrNull),
            ("expires_at!", Number),
            ("ip", TextOrNull),
            ("user_agent", TextOrNull),
            ("aal", Text),
            ("amr", Objects),
            ("attributes", Object),
        ],
    ),
    (
        "Session",
        &[
            ("access_token", Text),
            ("token_type", Text),
            ("refresh_token", Text),
            ("expires_in!", Number),
            ("expires_at!", Number),
            ("user!", One("User")),
            ("weak_password", Object),
        ],
    ),
    (
        "SessionAndUser",
        &[("session!", OneOrNull("ListedSession")), ("user!", OneOrNull("User"))],
    ),
    ("Sessions", &[("sessions!", ListOf("ListedSession"))]),
    (
        "Settings",
        &[
            ("external!", Object),
            ("disable_signup!", Flag),
            ("mailer_autoconfirm!", Flag),
            ("phone_autoconfirm!", Flag),
            ("sms_provider", Text),
            ("saml_enabled", Flag),
            ("passkeys_enabled", Flag),
        ],
    ),
    ("SignedOut", &[("status!", Text)]),
    (
        "User",
        &[
            ("id!", Text),
            ("aud!", Text),
            ("role!", Text),
            ("email!", Text),
            ("phone!", Text),
            ("email_confirmed_at", Moment),
            ("phone_confirmed_at", Moment),
            ("confirmed_at", Moment),
            ("last_sign_in_at", Moment),
            ("banned_until", Moment),
            ("confirmation_sent_at", Moment),
            ("recovery_sent_at", Moment),
            ("invited_at", Moment),
            ("email_change_sent_at", Moment),
            ("new_email", Text),
            ("new_phone", Text),
            ("phone_change_sent_at", Moment),
            ("reauthentication_sent_at", Moment),
            ("deleted_at", Moment),
            ("app_metadata!", Object),
            ("user_metadata!", Object),
            ("identities!", ListOf("Identity")),
            ("is_anonymous!", Flag),
            ("created_at!", Moment),
            ("updated_at!", Moment),
            ("attributes", Object),
        ],
    ),
    ("Users", &[("users!", ListOf("User")), ("aud", Text)]),
];

/// A value in an answer.
#[derive(Clone, Copy)]
enum Shape {
    Flag,
    ListOf(&'static str),
    Moment,
    MomentOrNull,
    Number,
    NumberOrText,
    Object,
    Objects,
    One(&'static str),
    OneOrNull(&'static str),
    Text,
    TextOrNull,
}

/// Answers that are lists.
const LISTS: &[(&str, &str)] = &[("AuditEntries", "AuditEntry")];

/// Answers that are one of two.
const ALTERNATIVES: &[(&str, [&str; 2])] = &[
    ("SessionOrMessage", ["Session", "Message"]),
    ("SessionOrUser", ["Session", "User"]),
];

/// The answers' schemas.
pub(super) fn schemas() -> impl Iterator<Item = (String, RefOr<Schema>)> {
    let alternatives = ALTERNATIVES.iter().map(|(name, [one, other])| {
        let either = AnyOfBuilder::new()
            .item(Ref::from_schema_name(*one))
            .item(Ref::from_schema_name(*other));
        ((*name).to_owned(), either.into())
    });
    let lists = LISTS.iter().map(|(name, of)| ((*name).to_owned(), ListOf(of).schema()));
    objects().chain(alternatives).chain(lists)
}

fn objects() -> impl Iterator<Item = (String, RefOr<Schema>)> {
    ANSWERS.iter().map(|(name, members)| {
        let mut object = ObjectBuilder::new();
        for (member, shape) in *members {
            let name = member.trim_end_matches('!');
            object = object.property(name, shape.schema());
            if name != *member {
                object = object.required(name);
            }
        }
        ((*name).to_owned(), object.into())
    })
}

impl Shape {
    fn schema(self) -> RefOr<Schema> {
        let plain = |types: &[Type]| match types {
            [one] => ObjectBuilder::new().schema_type(one.clone()),
            several => ObjectBuilder::new().schema_type(SchemaType::from_iter(several.iter().cloned())),
        };
        let moment = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));
        match self {
            Flag => plain(&[Type::Boolean]).into(),
            ListOf(name) => ArrayBuilder::new().items(Ref::from_schema_name(name)).into(),
            Moment => plain(&[Type::String]).format(moment).into(),
            MomentOrNull => plain(&[Type::String, Type::Null]).format(moment).into(),
            Number => plain(&[Type::Integer]).into(),
            NumberOrText => plain(&[Type::Integer, Type::String]).into(),
            Object => plain(&[Type::Object]).into(),
            Objects => ArrayBuilder::new().items(ObjectBuilder::new().build()).into(),
            One(name) => Ref::from_schema_name(name).into(),
            OneOrNull(name) => AnyOfBuilder::new()
                .item(Ref::from_schema_name(name))
                .item(plain(&[Type::Null]))
                .into(),
            Text => plain(&[Type::String]).into(),
            TextOrNull => plain(&[Type::String, Type::Null]).into(),
        }
    }
}
