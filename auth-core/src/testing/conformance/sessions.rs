//! Sessions: the seed's cases, of which ten suit a store without users, and what they left out.

use std::sync::Arc;

use super::{
    Case, cases,
    fixtures::{ACTIVE, IDLE, NOW, Sessions, kind, object, session, user},
    rotations::{replacement, rotation},
};
use crate::{
    adapter::{Adapter, Recent},
    clock::Timestamp,
    error::ErrorKind,
    id::{SessionId, UserId},
    model::{Attributes, SessionPatch, SharedSession},
};

pub(super) const CASES: &[Case<Sessions>] = cases![
    at22_get_session_returns_the_target,
    at23_get_session_returns_none_for_an_unknown_id,
    at24_get_sessions_returns_the_users_own,
    at25_get_sessions_returns_nothing_for_an_unknown_user,
    at26_set_session_inserts,
    at28_delete_session_deletes_the_target,
    at29_delete_session_ignores_an_unknown_id,
    at30_delete_sessions_deletes_the_users_own,
    at31_delete_sessions_ignores_an_unknown_user,
    at32_update_session_changes_the_given_attribute,
    a_duplicate_session_id_is_refused_and_changes_nothing,
    updating_an_unknown_session_is_refused,
    updating_a_deleted_session_does_not_bring_it_back,
    an_empty_session_patch_changes_nothing,
    every_session_column_can_be_patched_alone,
    sessions_come_oldest_first,
    all_sessions_but_one_can_be_deleted,
    dead_sessions_are_deleted_and_no_others,
    a_session_at_its_last_moment_is_alive,
    a_session_is_deleted_if_dead_only_if_dead,
    session_times_round_trip_in_64_bits,
    attempts_are_counted_by_subject_action_and_window,
];

pub(super) const WITH_USERS: &[Case<Arc<dyn Adapter>>] = cases![
    at27_set_session_refuses_an_unknown_user,
    at33_get_session_and_user_returns_both,
    at34_get_session_and_user_returns_none_for_an_unknown_id,
    a_session_and_its_user_are_found_by_the_sessions_user_id,
    ids_mean_nothing_whatever_they_look_like,
];

async fn at22_get_session_returns_the_target(store: Sessions) {
    let session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    assert_eq!(store.get_session(&session.id).await.unwrap(), Some(session));
}

async fn at23_get_session_returns_none_for_an_unknown_id(store: Sessions) {
    assert_eq!(store.get_session(&SessionId::from("*")).await.unwrap(), None);
}

async fn at24_get_sessions_returns_the_users_own(store: Sessions) {
    let one = session("one", &user("one"));
    store.set_session(&one).await.unwrap();
    store.set_session(&session("two", &user("two"))).await.unwrap();
    assert_eq!(store.get_sessions_by_user_id(&one.user_id).await.unwrap(), [one]);
}

async fn at25_get_sessions_returns_nothing_for_an_unknown_user(store: Sessions) {
    store.set_session(&session("one", &user("one"))).await.unwrap();
    assert_eq!(store.get_sessions_by_user_id(&UserId::from("*")).await.unwrap(), []);
}

async fn at26_set_session_inserts(store: Sessions) {
    let mut session = session("one", &user("one"));
    session.previous_digest = None;
    session.previous_expires = None;
    session.absolute_expires = None;
    session.ip = None;
    session.user_agent = None;
    session.persistent = false;
    store.set_session(&session).await.unwrap();
    assert_eq!(store.get_session(&session.id).await.unwrap(), Some(session));
}

async fn at27_set_session_refuses_an_unknown_user(store: Arc<dyn Adapter>) {
    // A pair of stores cannot know; what it must not do is fail in another way.
    match store.set_session(&session("one", &user("nobody"))).await {
        Ok(()) => assert_eq!(
            store.get_session_and_user(&SessionId::from("ses_one")).await.unwrap(),
            None
        ),
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidUserId),
    }
}

async fn at28_delete_session_deletes_the_target(store: Sessions) {
    let (one, two) = (session("one", &user("one")), session("two", &user("one")));
    store.set_session(&one).await.unwrap();
    store.set_session(&two).await.unwrap();
    assert!(store.delete_session(&one.id).await.unwrap());
    assert_eq!(store.get_session(&one.id).await.unwrap(), None);
    assert_eq!(store.get_sessions_by_user_id(&two.user_id).await.unwrap(), [two]);
}

async fn at29_delete_session_ignores_an_unknown_id(store: Sessions) {
    assert!(!store.delete_session(&SessionId::from("*")).await.unwrap());
}

async fn at30_delete_sessions_deletes_the_users_own(store: Sessions) {
    let (one, two) = (session("one", &user("one")), session("two", &user("two")));
    store.set_session(&one).await.unwrap();
    store.set_session(&two).await.unwrap();
    store.delete_sessions_by_user_id(&one.user_id, None).await.unwrap();
    assert_eq!(store.get_session(&one.id).await.unwrap(), None);
    assert_eq!(store.get_session(&two.id).await.unwrap(), Some(two));
}

async fn at31_delete_sessions_ignores_an_unknown_user(store: Sessions) {
    store
        .delete_sessions_by_user_id(&UserId::from("*"), None)
        .await
        .unwrap();
}

async fn at32_update_session_changes_the_given_attribute(store: Sessions) {
    let mut session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    let patch = SessionPatch {
        attributes: Attributes::new().with("country", "YY"),
        ..SessionPatch::default()
    };
    store.update_session(&session.id, &patch).await.unwrap();
    patch.apply(&mut session);
    assert_eq!(session.attributes.get("country"), Some(&"YY".into()));
    assert_eq!(store.get_session(&session.id).await.unwrap(), Some(session));
}

async fn at33_get_session_and_user_returns_both(store: Arc<dyn Adapter>) {
    let user = user("one");
    let session = session("one", &user);
    store.set_user(&user, None).await.unwrap();
    store.set_session(&session).await.unwrap();
    let found = store.get_session_and_user(&session.id).await.unwrap();
    assert_eq!(found, Some((session.clone(), user.clone())));
    // As requests ask.
    let recent = told(store.get_recent_session_and_user(&session.id).await.unwrap());
    let (shared, shared_user) = recent.unwrap();
    assert_eq!((&**shared, &*shared_user), (&session, &user));
    let recent = told(store.get_recent_session(&session.id).await.unwrap());
    assert_eq!(recent.map(SharedSession::into_record), Some(session));
}

async fn at34_get_session_and_user_returns_none_for_an_unknown_id(store: Arc<dyn Adapter>) {
    let id = SessionId::from("*");
    assert_eq!(store.get_session_and_user(&id).await.unwrap(), None);
    assert_eq!(told(store.get_recent_session_and_user(&id).await.unwrap()), None);
    assert_eq!(told(store.get_recent_session(&id).await.unwrap()), None);
}

fn told<T>(recent: Recent<T>) -> Option<T> {
    match recent {
        Recent::Current(found) => found,
        Recent::MaybeOld(found) => Some(found),
    }
}

/// Seed 002 says "the user whose id is the session's id", which can only be a slip.
async fn a_session_and_its_user_are_found_by_the_sessions_user_id(store: Arc<dyn Adapter>) {
    let (mut trap, owner) = (user("trap"), user("owner"));
    let session = session("same", &owner);
    trap.id = UserId::from(session.id.as_str());
    store.set_user(&trap, None).await.unwrap();
    store.set_user(&owner, None).await.unwrap();
    store.set_session(&session).await.unwrap();
    let (_, found) = store.get_session_and_user(&session.id).await.unwrap().unwrap();
    assert_eq!(found.id, owner.id);
}

async fn a_duplicate_session_id_is_refused_and_changes_nothing(store: Sessions) {
    let one = session("same", &user("one"));
    store.set_session(&one).await.unwrap();
    let refused = store.set_session(&session("same", &user("two"))).await;
    assert_eq!(kind(refused), ErrorKind::DatabaseUpdateFailed);
    assert_eq!(store.get_session(&one.id).await.unwrap(), Some(one));
}

async fn updating_an_unknown_session_is_refused(store: Sessions) {
    let unknown = SessionId::from("*");
    let patch = SessionPatch {
        last_seen: Some(NOW),
        ..SessionPatch::default()
    };
    let refused = store.update_session(&unknown, &patch).await;
    assert_eq!(kind(refused), ErrorKind::InvalidSessionId);
    let refused = store.update_session(&unknown, &SessionPatch::default()).await;
    assert_eq!(kind(refused), ErrorKind::InvalidSessionId);
}

async fn updating_a_deleted_session_does_not_bring_it_back(store: Sessions) {
    let session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    store.delete_session(&session.id).await.unwrap();
    let patch = SessionPatch {
        idle_expires: Some(IDLE),
        ..SessionPatch::default()
    };
    assert_eq!(
        kind(store.update_session(&session.id, &patch).await),
        ErrorKind::InvalidSessionId
    );
    for rotation in [rotation("new"), replacement("new")] {
        let rotated = store
            .rotate_session(&session.id, &session.secret_digest, &rotation)
            .await;
        assert!(!rotated.unwrap());
    }
    assert_eq!(store.get_session(&session.id).await.unwrap(), None);
    assert_eq!(store.get_sessions_by_user_id(&session.user_id).await.unwrap(), []);
}

async fn an_empty_session_patch_changes_nothing(store: Sessions) {
    let session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    store
        .update_session(&session.id, &SessionPatch::default())
        .await
        .unwrap();
    assert_eq!(store.get_session(&session.id).await.unwrap(), Some(session));
}

async fn every_session_column_can_be_patched_alone(store: Sessions) {
    let mut session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    let later = Timestamp::from_unix_ms(NOW.as_unix_ms() + 5);
    let none = SessionPatch::default;
    for patch in [
        SessionPatch {
            active_expires: Some(later),
            ..none()
        },
        SessionPatch {
            idle_expires: Some(later),
            ..none()
        },
        SessionPatch {
            payload: Some(object("a", "b")),
            ..none()
        },
        SessionPatch {
            data: Some(object("c", "d")),
            ..none()
        },
        SessionPatch { aal: Some(2), ..none() },
        SessionPatch {
            amr: Some(Vec::new()),
            ..none()
        },
        SessionPatch {
            last_seen: Some(later),
            ..none()
        },
        SessionPatch {
            updated_at: Some(later),
            ..none()
        },
        SessionPatch {
            attributes: Attributes::new().with("visits", 1),
            ..none()
        },
    ] {
        store.update_session(&session.id, &patch).await.unwrap();
        patch.apply(&mut session);
        assert_eq!(store.get_session(&session.id).await.unwrap().as_ref(), Some(&session));
    }
}

async fn sessions_come_oldest_first(store: Sessions) {
    let owner = user("one");
    let mut sessions = Vec::new();
    for (index, name) in ["c", "a", "b"].into_iter().enumerate() {
        let mut session = session(name, &owner);
        session.created_at = Timestamp::from_unix_ms(NOW.as_unix_ms() + i64::try_from(index).unwrap());
        store.set_session(&session).await.unwrap();
        sessions.push(session);
    }
    assert_eq!(store.get_sessions_by_user_id(&owner.id).await.unwrap(), sessions);
}

async fn all_sessions_but_one_can_be_deleted(store: Sessions) {
    let (keep, other) = (session("keep", &user("one")), session("other", &user("one")));
    let stranger = session("stranger", &user("two"));
    for session in [&keep, &other, &stranger] {
        store.set_session(session).await.unwrap();
    }
    store
        .delete_sessions_by_user_id(&keep.user_id, Some(&keep.id))
        .await
        .unwrap();
    assert_eq!(store.get_sessions_by_user_id(&keep.user_id).await.unwrap(), [keep]);
    assert_eq!(store.get_session(&stranger.id).await.unwrap(), Some(stranger));
}

async fn dead_sessions_are_deleted_and_no_others(store: Sessions) {
    let after = |end: Timestamp| Timestamp::from_unix_ms(end.as_unix_ms() + 1);
    let mut idle_dead = session("idle_dead", &user("one"));
    idle_dead.absolute_expires = None;
    let mut absolute_dead = session("absolute_dead", &user("one"));
    absolute_dead.idle_expires = after(after(IDLE));
    absolute_dead.absolute_expires = Some(IDLE);
    let mut alive = session("alive", &user("one"));
    alive.idle_expires = after(IDLE);
    alive.absolute_expires = None;
    let mut stranger = session("stranger", &user("two"));
    stranger.absolute_expires = None;
    for session in [&idle_dead, &absolute_dead, &alive, &stranger] {
        store.set_session(session).await.unwrap();
    }
    let now = after(IDLE);
    let owner = &alive.user_id;
    assert_eq!(store.delete_expired_sessions(Some(owner), now).await.unwrap(), 2);
    assert_eq!(store.get_sessions_by_user_id(owner).await.unwrap(), [alive.clone()]);
    assert!(store.get_session(&stranger.id).await.unwrap().is_some());
    assert_eq!(store.delete_expired_sessions(None, now).await.unwrap(), 1);
    assert_eq!(store.delete_expired_sessions(None, now).await.unwrap(), 0);
    assert_eq!(store.get_session(&stranger.id).await.unwrap(), None);
    assert_eq!(
        store
            .delete_expired_sessions(Some(&UserId::from("*")), now)
            .await
            .unwrap(),
        0
    );
}

async fn a_session_at_its_last_moment_is_alive(store: Sessions) {
    let mut session = session("one", &user("one"));
    session.absolute_expires = Some(IDLE);
    store.set_session(&session).await.unwrap();
    assert_eq!(store.delete_expired_sessions(None, IDLE).await.unwrap(), 0);
    store.delete_session_if_dead(&session.id, IDLE).await.unwrap();
    assert!(store.get_session(&session.id).await.unwrap().is_some());
}

async fn a_session_is_deleted_if_dead_only_if_dead(store: Sessions) {
    let session = session("one", &user("one"));
    store.set_session(&session).await.unwrap();
    store.delete_session_if_dead(&session.id, ACTIVE).await.unwrap();
    assert!(store.get_session(&session.id).await.unwrap().is_some());
    let dead = Timestamp::from_unix_ms(IDLE.as_unix_ms() + 1);
    store.delete_session_if_dead(&session.id, dead).await.unwrap();
    assert_eq!(store.get_session(&session.id).await.unwrap(), None);
    store.delete_session_if_dead(&session.id, dead).await.unwrap();
}

async fn session_times_round_trip_in_64_bits(store: Sessions) {
    // Beyond what a double holds exactly, before 1970, and the year 275760.
    for (index, ms) in [i64::MAX, i64::MIN, (1 << 53) + 1, -1, 0, 8_640_000_000_000_000]
        .into_iter()
        .enumerate()
    {
        let mut session = session(&index.to_string(), &user("one"));
        session.active_expires = Timestamp::from_unix_ms(ms);
        session.absolute_expires = Some(Timestamp::from_unix_ms(ms));
        store.set_session(&session).await.unwrap();
        assert_eq!(store.get_session(&session.id).await.unwrap(), Some(session));
    }
}

async fn attempts_are_counted_by_subject_action_and_window(store: Sessions) {
    let window = std::time::Duration::from_secs(60);
    let (one, two) = ("one".into(), "two".into());
    let ends = NOW + window;
    for count in 1..=3 {
        let counted = store.count_attempt(&one, "sign_in", window, NOW).await.unwrap();
        assert_eq!((counted.count, counted.window_ends), (count, ends));
    }
    assert_eq!(
        store.count_attempt(&two, "sign_in", window, NOW).await.unwrap().count,
        1
    );
    assert_eq!(
        store.count_attempt(&one, "sign_up", window, NOW).await.unwrap().count,
        1
    );
    // The window does not slide, and its last moment belongs to it.
    assert_eq!(
        store.count_attempt(&one, "sign_in", window, ends).await.unwrap().count,
        4
    );
    let after = Timestamp::from_unix_ms(ends.as_unix_ms() + 1);
    let counted = store.count_attempt(&one, "sign_in", window, after).await.unwrap();
    assert_eq!((counted.count, counted.window_ends), (1, after + window));
    store.clear_attempts(&one, "sign_in").await.unwrap();
    assert_eq!(
        store.count_attempt(&one, "sign_in", window, after).await.unwrap().count,
        1
    );
    assert_eq!(store.delete_expired_attempts(after).await.unwrap(), 2);
    assert_eq!(
        store.count_attempt(&two, "sign_in", window, after).await.unwrap().count,
        1
    );
}

async fn ids_mean_nothing_whatever_they_look_like(store: Arc<dyn Adapter>) {
    let ids = [
        "",
        "1",
        "01",
        "1 ",
        " 1 ",
        "u",
        "U",
        "ü",
        "u\u{308}",
        "a:b",
        "{a}",
        "*",
        r#"{"a":"b"}"#,
    ];
    for id in ids {
        let mut user = user(&format!("user {id}"));
        user.id = UserId::from(id);
        store.set_user(&user, None).await.unwrap();
        let mut session = session("one", &user);
        session.id = SessionId::from(id);
        store.set_session(&session).await.unwrap();
    }
    for (number, id) in ids.into_iter().enumerate() {
        let (user, session) = (UserId::from(id), SessionId::from(id));
        let found = store.get_session_and_user(&session).await.unwrap().unwrap();
        assert_eq!((&found.0.id, &found.0.user_id, &found.1.id), (&session, &user, &user));
        let theirs = store.get_sessions_by_user_id(&user).await.unwrap();
        assert_eq!(theirs.iter().map(|session| &session.id).collect::<Vec<_>>(), [&session]);
        if number % 2 == 0 {
            store.delete_sessions_by_user_id(&user, None).await.unwrap();
        } else {
            assert!(store.delete_session(&session).await.unwrap());
        }
        assert_eq!(store.get_sessions_by_user_id(&user).await.unwrap(), []);
        // And nobody else's.
        if let Some(next) = ids.get(number + 1) {
            assert!(store.get_session(&SessionId::from(*next)).await.unwrap().is_some());
        }
    }
}
