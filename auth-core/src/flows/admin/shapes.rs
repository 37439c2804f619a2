//! Events as administrators read them: ours, and GoTrue's entries.

use serde_json::{Value, json};

use crate::model::EventRecord;

pub(super) fn event_shape(event: &EventRecord) -> Value {
    json!({
        "id": event.id,
        "kind": event.kind,
        "created_at": event.at.to_rfc3339(),
        "user_id": event.user_id.as_ref().map(|id| id.as_str()),
        "session_id": event.session_id.as_ref().map(|id| id.as_str()),
        "account": event.account,
        "ip": event.ip.map(|ip| ip.to_string()),
        "user_agent": event.user_agent,
        "reason": event.reason,
        "actor": event.actor,
    })
}

/// GoTrue's. To whom it happened is in the traits, because an administrator may have done it.
pub(super) fn audit_shape(event: &EventRecord) -> Value {
    let (action, class) = action_and_class(&event.kind);
    let user_id = event.user_id.as_ref().map(|id| id.as_str());
    json!({
        "id": event.id,
        "created_at": event.at.to_rfc3339(),
        "ip_address": event.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        "payload": {
            "action": action,
            // What was kept before anybody wrote down who it was is the user's own.
            "actor_id": event.actor.as_deref().or(user_id),
            "actor_via_sso": false,
            "log_type": class,
            "timestamp": event.at.to_rfc3339(),
            "traits": {
                "reason": event.reason,
                "session_id": event.session_id.as_ref().map(|id| id.as_str()),
                "user_id": user_id,
            },
        },
    })
}

/// What GoTrue calls an event of this kind, and its class.
pub(super) fn action_and_class(kind: &str) -> (&str, &'static str) {
    ACTIONS
        .iter()
        .find(|(ours, _, _)| *ours == kind)
        .map_or((kind, "account"), |(_, action, class)| (*action, *class))
}

/// Our word for what GoTrue calls so.
pub(super) fn kind_of_action(action: &str) -> &str {
    ACTIONS
        .iter()
        .find(|(_, theirs, _)| *theirs == action)
        .map_or(action, |(ours, _, _)| *ours)
}

/// Ours, GoTrue's, and its class.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("authn_login_success", "login", "account"),
    ("authn_password_change", "user_updated_password", "user"),
    ("authn_token_reuse", "token_revoked", "token"),
    ("session_renewed", "token_refreshed", "token"),
    ("session_revoked", "logout", "account"),
    ("user_address_confirmed", "user_confirmed", "user"),
    ("user_confirmation_requested", "user_confirmation_requested", "user"),
    ("user_created", "user_signedup", "team"),
    ("user_deleted", "user_deleted", "team"),
    ("user_invite_accepted", "invite_accepted", "account"),
    ("user_invited", "user_invited", "team"),
    ("user_reauthenticate_requested", "user_reauthenticate_requested", "user"),
    ("user_recovery_requested", "user_recovery_requested", "user"),
    ("user_repeated_signup", "user_repeated_signup", "user"),
    ("user_updated", "user_modified", "user"),
];
