//! Another secret for a session, by compare and swap; the one before opens for a while, or what was before stays.

use super::{
    Case, cases,
    fixtures::{ACTIVE, IDLE, NOW, Sessions, digest, session, user},
};
use crate::{
    clock::Timestamp,
    id::SessionId,
    model::{SessionRecord, SessionRotation},
};

pub(super) const CASES: &[Case<Sessions>] = cases![
    rotation_replaces_the_secret_once,
    a_rotation_can_leave_what_was_before_as_it_was,
    a_rotation_that_leaves_it_changes_nothing_for_another_secret,
];

pub(super) fn rotation(secret: &str) -> SessionRotation {
    SessionRotation {
        secret_digest: digest(secret),
        secret_issued_at: Timestamp::from_unix_ms(NOW.as_unix_ms() + 5),
        previous_expires: Timestamp::from_unix_ms(NOW.as_unix_ms() + 30_000),
        active_expires: Timestamp::from_unix_ms(ACTIVE.as_unix_ms() + 1_000),
        idle_expires: Timestamp::from_unix_ms(IDLE.as_unix_ms() + 1_000),
        last_seen: Timestamp::from_unix_ms(NOW.as_unix_ms() + 7),
        keeps_previous: false,
    }
}

/// A rotation that leaves alone what was there before the secret that it replaces.
pub(super) fn replacement(secret: &str) -> SessionRotation {
    SessionRotation {
        keeps_previous: true,
        ..rotation(secret)
    }
}

async fn rotation_replaces_the_secret_once(store: Sessions) {
    let mut session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    let old = session.secret_digest;
    let new = rotation("new");
    assert!(store.rotate_session(&session.id, &old, &new).await.unwrap());
    new.apply(&mut session);
    assert_eq!(store.get_session(&session.id).await.unwrap().as_ref(), Some(&session));
    assert!(
        !store
            .rotate_session(&session.id, &old, &rotation("newer"))
            .await
            .unwrap()
    );
    let unknown = SessionId::from("*");
    assert!(!store.rotate_session(&unknown, &old, &rotation("newer")).await.unwrap());
    assert_eq!(store.get_session(&session.id).await.unwrap(), Some(session));
}

async fn a_rotation_can_leave_what_was_before_as_it_was(store: Sessions) {
    let (one, mut two) = (session("one", &user("one")), session("two", &user("one")));
    // Nothing is left as it was, too.
    two.previous_digest = None;
    two.previous_issued_at = None;
    two.previous_expires = None;
    for session in [&one, &two] {
        store.set_session(session).await.unwrap();
    }
    let new = replacement("new");
    let rotated = store.rotate_session(&one.id, &one.secret_digest, &new).await;
    assert!(rotated.unwrap());
    let expected = SessionRecord {
        secret_digest: new.secret_digest,
        secret_issued_at: new.secret_issued_at,
        active_expires: new.active_expires,
        idle_expires: new.idle_expires,
        last_seen: new.last_seen,
        updated_at: new.last_seen,
        ..one.clone()
    };
    assert_eq!(store.get_session(&one.id).await.unwrap(), Some(expected));
    assert_eq!(store.get_session(&two.id).await.unwrap().as_ref(), Some(&two));
    let rotated = store.rotate_session(&two.id, &two.secret_digest, &new).await;
    assert!(rotated.unwrap());
    new.apply(&mut two);
    assert_eq!(two.previous_digest, None);
    assert_eq!(store.get_session(&two.id).await.unwrap(), Some(two));
}

async fn a_rotation_that_leaves_it_changes_nothing_for_another_secret(store: Sessions) {
    let session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    // The one before opens the session for a while, and does not change its secret.
    for other in [digest("strange"), digest("previous")] {
        let rotated = store.rotate_session(&session.id, &other, &replacement("new")).await;
        assert!(!rotated.unwrap());
        assert_eq!(store.get_session(&session.id).await.unwrap().as_ref(), Some(&session));
    }
}
