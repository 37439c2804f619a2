use crate::{
    error::ErrorKind,
    http::{Answer, Caller, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("GET", "/reauthenticate"),
        name: "reauthenticate",
        summary: "Sends a code that proves who asks for a dangerous change; by GET as GoTrue does.",
        refusals: &[
            ErrorKind::EmailNotAuthorized,
            ErrorKind::FeatureDisabled,
            ErrorKind::InvalidRequest,
            ErrorKind::NonceEmailNotConfirmed,
            ErrorKind::NoncePhoneNotConfirmed,
            ErrorKind::OverEmailSendRateLimit,
            ErrorKind::OverSmsSendRateLimit,
            ErrorKind::Throttled,
            ErrorKind::ValidationFailed,
        ],
        ..SENDING
    },
    RouteDoc {
        route: ("POST", "/reauthenticate"),
        name: "send_nonce",
        summary: "Sends a code that proves who asks for a dangerous change; `PUT /user` takes it as `nonce`.",
        ..SENDING
    },
];

const SENDING: RouteDoc = RouteDoc {
    caller: Caller::User,
    answers: &[Answer::Json("Empty")],
    refusals: &[
        ErrorKind::EmailNotAuthorized,
        ErrorKind::FeatureDisabled,
        ErrorKind::NonceEmailNotConfirmed,
        ErrorKind::NoncePhoneNotConfirmed,
        ErrorKind::OverEmailSendRateLimit,
        ErrorKind::OverSmsSendRateLimit,
        ErrorKind::Throttled,
    ],
    ..RouteDoc::PLAIN
};
