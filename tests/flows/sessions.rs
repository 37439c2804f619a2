use std::time::Duration;

use auth_core::{
    Attributes, AuthBuilder, ErrorKind, IssuedSession, JsonObject, NewSession, NewUser, SessionConfig, SessionId,
    SessionState, SessionToken, UserId, adapter::SessionAdapter,
};

use super::stores::{Core, on_every_store};
use crate::{PASSWORD, Store};

on_every_store![
    n19_a_session_is_active_then_idle_then_dead,
    n20_the_periods_have_their_defaults,
    n20_the_idle_period_can_be_another,
    n21_a_token_is_an_id_and_a_secret,
    n22_a_session_is_made_for_a_proof,
    n23_a_session_is_read_without_renewal,
    n24_a_session_is_read_with_its_user,
    n25_an_idle_session_is_renewed,
    n26_an_idle_session_is_renewed_with_its_user,
    n27_a_renewed_session_keeps_its_id_and_loses_its_old_secret,
    n28_an_ended_session_is_gone,
    n29_all_sessions_of_a_user_end_and_no_others,
    n30_dead_sessions_are_deleted_and_awaited,
    n31_live_sessions_are_listed,
    n49_parallel_renewals_leave_one_session,
    l01_no_secret_is_in_the_store,
    l03_the_absolute_end_comes_whatever_happens,
    l08_attributes_of_sessions_can_be_changed,
    l09_all_sessions_but_one_end,
    l11_the_sweep_deletes_exactly_the_dead,
    data_stays_with_the_session,
    a_wrong_secret_opens_nothing_and_ends_nothing,
];

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const MOMENT: Duration = Duration::from_millis(1);

fn kind<T>(result: auth_core::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

/// A session of a user of this name, who is made if there is none.
async fn session(core: &Core, name: &str) -> IssuedSession {
    session_with(core, name, NewSession::default()).await
}

async fn session_with(core: &Core, name: &str, new: NewSession) -> IssuedSession {
    // The second time the user is there.
    let _ = core
        .auth
        .create_user(NewUser::with_password("username", name, PASSWORD))
        .await;
    let proof = core.auth.authenticate_user("username", name, PASSWORD).await.unwrap();
    core.auth.create_session(&proof, new).await.unwrap()
}

async fn n19_a_session_is_active_then_idle_then_dead(core: Core) {
    let token = session(&core, "ada").await.token;
    let state = async || core.auth.get_session(&token).await.map(|session| session.state);
    core.clock.advance(DAY);
    assert_eq!(state().await.unwrap(), SessionState::Active);
    core.clock.advance(MOMENT);
    assert_eq!(state().await.unwrap(), SessionState::Idle);
    core.clock.advance(14 * DAY - MOMENT);
    assert_eq!(state().await.unwrap(), SessionState::Idle);
    core.clock.advance(MOMENT);
    assert_eq!(kind(state().await), ErrorKind::InvalidSessionId);
}

async fn n20_the_periods_have_their_defaults(core: Core) {
    let made = session(&core, "ada").await.session;
    assert_eq!(made.active_expires, made.created_at + DAY);
    assert_eq!(made.idle_expires, made.created_at + 15 * DAY);
    assert_eq!(made.absolute_expires, None);
    let core = Core::on(Store::Memory, |builder| {
        builder.sessions(SessionConfig::default().active_period(HOUR))
    })
    .await;
    let made = session(&core, "ada").await.session;
    assert_eq!(made.active_expires, made.created_at + HOUR);
    assert_eq!(made.idle_expires, made.created_at + HOUR + 14 * DAY);
}

async fn n20_the_idle_period_can_be_another(_: Core) {
    let core = Core::on(Store::Memory, |builder| {
        builder.sessions(SessionConfig::default().idle_period(2 * DAY))
    })
    .await;
    let made = session(&core, "ada").await;
    assert_eq!(made.session.idle_expires, made.session.created_at + 3 * DAY);
    core.clock.advance(3 * DAY);
    // The last moment, and a renewal counts anew.
    let renewed = core.auth.validate_session(&made.token).await.unwrap();
    assert_eq!(renewed.session.idle_expires, made.session.created_at + 6 * DAY);
    core.clock.advance(3 * DAY + MOMENT);
    assert_eq!(
        kind(core.auth.validate_session(&renewed.renewed.unwrap()).await),
        ErrorKind::InvalidSessionId
    );
}

async fn n21_a_token_is_an_id_and_a_secret(core: Core) {
    let issued = session(&core, "ada").await;
    let text = issued.token.expose();
    let (id, secret) = text.split_once('.').unwrap();
    assert_eq!(id, issued.session.id.as_str());
    assert!(id.starts_with("ses_") && id.len() == 28);
    // 256 bits in base64url.
    assert_eq!(secret.len(), 43);
}

async fn n22_a_session_is_made_for_a_proof(core: Core) {
    let issued = session(&core, "ada").await;
    assert_eq!(issued.session.state, SessionState::Active);
    assert!(issued.session.fresh);
    assert_eq!(issued.session.amr[0].method, "password");
}

async fn n23_a_session_is_read_without_renewal(core: Core) {
    let issued = session(&core, "ada").await;
    core.clock.advance(2 * DAY);
    let read = core.auth.get_session(&issued.token).await.unwrap();
    assert_eq!((read.state, read.fresh), (SessionState::Idle, false));
    assert_eq!(read.idle_expires, issued.session.idle_expires);
    assert_eq!(kind(SessionToken::parse("nonsense")), ErrorKind::InvalidSessionId);
}

async fn n24_a_session_is_read_with_its_user(core: Core) {
    let issued = session(&core, "ada").await;
    let (read, user) = core.auth.get_session_user(&issued.token).await.unwrap();
    assert_eq!((&read.id, &user.id), (&issued.session.id, &issued.session.user_id));
    core.clock.advance(16 * DAY);
    let dead = core.auth.get_session_user(&issued.token).await;
    assert_eq!(kind(dead), ErrorKind::InvalidSessionId);
}

async fn n25_an_idle_session_is_renewed(core: Core) {
    let issued = session(&core, "ada").await;
    let active = core.auth.validate_session(&issued.token).await.unwrap();
    assert!(active.renewed.is_none() && !active.session.fresh);
    core.clock.advance(2 * DAY);
    let idle = core.auth.validate_session(&issued.token).await.unwrap();
    assert!(idle.renewed.is_some() && idle.session.fresh);
    assert_eq!(idle.session.state, SessionState::Active);
}

async fn n26_an_idle_session_is_renewed_with_its_user(core: Core) {
    let issued = session(&core, "ada").await;
    core.clock.advance(2 * DAY);
    let (valid, user) = core.auth.validate_session_user(&issued.token).await.unwrap();
    assert!(valid.renewed.is_some());
    assert_eq!(user.id, issued.session.user_id);
}

async fn n27_a_renewed_session_keeps_its_id_and_loses_its_old_secret(core: Core) {
    let issued = session(&core, "ada").await;
    let renewed = core.auth.renew_session(&issued.token).await.unwrap();
    assert_eq!(renewed.session.id, issued.session.id);
    core.clock.advance(Duration::from_secs(30));
    // The last moment of the grace.
    assert!(core.auth.get_session(&issued.token).await.is_ok());
    core.clock.advance(MOMENT);
    assert_eq!(
        kind(core.auth.get_session(&issued.token).await),
        ErrorKind::InvalidSessionId
    );
    assert!(core.auth.get_session(&renewed.token).await.is_ok());
    assert_eq!(
        kind(core.auth.renew_session(&issued.token).await),
        ErrorKind::InvalidSessionId
    );
    core.clock.advance(16 * DAY);
    assert_eq!(
        kind(core.auth.renew_session(&renewed.token).await),
        ErrorKind::InvalidSessionId
    );
}

async fn n28_an_ended_session_is_gone(core: Core) {
    let issued = session(&core, "ada").await;
    core.auth.invalidate_session(&issued.session.id).await.unwrap();
    core.auth.invalidate_session(&issued.session.id).await.unwrap();
    core.auth.invalidate_session(&SessionId::from("*")).await.unwrap();
    assert_eq!(
        kind(core.auth.get_session(&issued.token).await),
        ErrorKind::InvalidSessionId
    );
}

async fn n29_all_sessions_of_a_user_end_and_no_others(core: Core) {
    let (one, two) = (session(&core, "ada").await, session(&core, "ada").await);
    let other = session(&core, "grace").await;
    core.auth
        .invalidate_all_user_sessions(&one.session.user_id)
        .await
        .unwrap();
    core.auth
        .invalidate_all_user_sessions(&UserId::from("*"))
        .await
        .unwrap();
    for ended in [one, two] {
        assert_eq!(
            kind(core.auth.get_session(&ended.token).await),
            ErrorKind::InvalidSessionId
        );
    }
    assert!(core.auth.get_session(&other.token).await.is_ok());
}

async fn n30_dead_sessions_are_deleted_and_awaited(core: Core) {
    // Nothing is cleared away on the side.
    let scheduled = |builder: AuthBuilder| builder.sessions(SessionConfig::default().auto_database_cleanup(false));
    let core = Core::on(core.kept, scheduled).await;
    let dead = session(&core, "ada").await;
    let of_another = session(&core, "grace").await;
    core.clock.advance(14 * DAY);
    let alive = session(&core, "ada").await;
    core.clock.advance(DAY + MOMENT);
    let rows = async || {
        let mut there = Vec::new();
        for issued in [&dead, &of_another, &alive] {
            there.push(core.store.get_session(&issued.session.id).await.unwrap().is_some());
        }
        there
    };
    assert_eq!(rows().await, [true, true, true]);
    core.auth
        .delete_expired_user_sessions(&dead.session.user_id)
        .await
        .unwrap();
    core.auth
        .delete_expired_user_sessions(&UserId::from("*"))
        .await
        .unwrap();
    assert_eq!(rows().await, [false, true, true]);
    assert_eq!(
        kind(core.auth.get_session(&dead.token).await),
        ErrorKind::InvalidSessionId
    );
    assert!(core.auth.get_session(&alive.token).await.is_ok());
}

async fn n31_live_sessions_are_listed(core: Core) {
    let dead = session(&core, "ada").await;
    core.clock.advance(2 * DAY);
    let idle = session(&core, "ada").await;
    core.clock.advance(13 * DAY + MOMENT);
    let listed = core.auth.get_all_user_sessions(&dead.session.user_id).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|session| &session.id).collect();
    assert_eq!(ids, [&idle.session.id]);
    let unknown = core.auth.get_all_user_sessions(&UserId::from("*")).await;
    assert_eq!(kind(unknown), ErrorKind::InvalidUserId);
}

async fn n49_parallel_renewals_leave_one_session(core: Core) {
    let issued = session(&core, "ada").await;
    core.clock.advance(2 * DAY);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (auth, token) = (core.auth.clone(), issued.token.clone());
            tokio::spawn(async move { auth.validate_session(&token).await.unwrap() })
        })
        .collect();
    let mut renewals = 0;
    for task in tasks {
        renewals += usize::from(task.await.unwrap().renewed.is_some());
    }
    assert_eq!(renewals, 1);
    let listed = core.auth.get_all_user_sessions(&issued.session.user_id).await.unwrap();
    assert_eq!(listed.len(), 1);
}

/// Whichever way sessions work; G6.5-15 is that of refresh tokens, used ones and those of an ended session too.
async fn l01_no_secret_is_in_the_store(_: Core) {
    use auth_core::{Auth, Secret, SessionStrategy, Tokens, adapters::SqliteAdapter};
    for strategy in [
        SessionStrategy::from(SessionConfig::default()),
        Tokens::default().into(),
    ] {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("auth.db");
        let store = SqliteAdapter::connect(&format!("sqlite://{}", path.display())).await;
        let auth = Auth::builder(store.unwrap())
            .secret(Secret::random().unwrap())
            .base_url("https://app.example.com")
            .sessions(strategy)
            .build()
            .unwrap();
        auth.migrate().await.unwrap();
        auth.create_user(NewUser::with_password("username", "ada", PASSWORD))
            .await
            .unwrap();
        let proof = auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
        let issued = auth.create_session(&proof, NewSession::default()).await.unwrap();
        let mut secrets = vec![issued.token.expose().split_once('.').unwrap().1.to_owned()];
        if let Some(first) = issued.tokens {
            let second = auth
                .refresh_session(first.refresh.expose())
                .await
                .unwrap()
                .tokens
                .unwrap();
            auth.validate_access_token(second.access.expose(), None).await.unwrap();
            let ended = auth.create_session(&proof, NewSession::default()).await.unwrap();
            let third = ended.tokens.unwrap();
            auth.revoke_session(&ended.session.id).await.unwrap();
            // Whole, and each part that is as long as a secret: the id and the number of the line are none.
            for token in [first.refresh.expose(), second.refresh.expose(), third.refresh.expose()] {
                secrets.push(token.to_owned());
                secrets.extend(token.rsplit('.').next().map(str::to_owned));
            }
        }
        let mut dump = Vec::new();
        for file in std::fs::read_dir(directory.path()).unwrap() {
            dump.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
        let contains = |needle: &[u8]| dump.windows(needle.len()).any(|window| window == needle);
        assert!(
            contains(issued.session.id.as_str().as_bytes()),
            "the dump holds the session"
        );
        for secret in secrets.iter().map(String::as_bytes) {
            assert!(!contains(secret) && !contains(&secret[..20]));
        }
        assert!(!contains(PASSWORD.as_bytes()));
    }
}

async fn l03_the_absolute_end_comes_whatever_happens(_: Core) {
    let core = Core::on(Store::Sqlite, |builder| {
        builder.sessions(SessionConfig::default().absolute_period(3 * DAY))
    })
    .await;
    let mut token = session(&core, "ada").await.token;
    for _ in 0..2 {
        core.clock.advance(DAY + HOUR);
        token = core.auth.validate_session(&token).await.unwrap().renewed.unwrap();
    }
    let read = core.auth.get_session(&token).await.unwrap();
    assert_eq!(read.expires(), read.created_at + 3 * DAY);
    core.clock.advance(22 * HOUR);
    assert!(core.auth.validate_session(&token).await.is_ok());
    core.clock.advance(MOMENT);
    assert_eq!(
        kind(core.auth.validate_session(&token).await),
        ErrorKind::InvalidSessionId
    );
}

async fn l08_attributes_of_sessions_can_be_changed(core: Core) {
    let mut new = NewSession::default();
    new.attributes = Attributes::new().with("country", "XX");
    let issued = session_with(&core, "ada", new).await;
    let id = &issued.session.id;
    let change = Attributes::new().with("country", "YY");
    core.auth.update_session_attributes(id, change.clone()).await.unwrap();
    assert_eq!(core.auth.get_session(&issued.token).await.unwrap().attributes, change);
    let unknown = core.auth.update_session_attributes(&SessionId::from("*"), change).await;
    assert_eq!(kind(unknown), ErrorKind::InvalidSessionId);
    let undeclared = core
        .auth
        .update_session_attributes(id, Attributes::new().with("x", 1))
        .await;
    assert_eq!(kind(undeclared), ErrorKind::ValidationFailed);
}

async fn l09_all_sessions_but_one_end(core: Core) {
    let (keep, other) = (session(&core, "ada").await, session(&core, "ada").await);
    core.auth
        .invalidate_other_user_sessions(&keep.session.user_id, &keep.session.id)
        .await
        .unwrap();
    assert!(core.auth.get_session(&keep.token).await.is_ok());
    assert_eq!(
        kind(core.auth.get_session(&other.token).await),
        ErrorKind::InvalidSessionId
    );
}

async fn l11_the_sweep_deletes_exactly_the_dead(core: Core) {
    let (dead, other_dead) = (session(&core, "ada").await, session(&core, "grace").await);
    core.clock.advance(14 * DAY);
    let alive = session(&core, "edsger").await;
    core.clock.advance(DAY + MOMENT);
    assert_eq!(core.auth.delete_expired_sessions().await.unwrap(), 2);
    assert_eq!(core.auth.delete_expired_sessions().await.unwrap(), 0);
    assert!(core.auth.get_session(&alive.token).await.is_ok());
    for gone in [dead, other_dead] {
        assert_eq!(
            kind(core.auth.get_session(&gone.token).await),
            ErrorKind::InvalidSessionId
        );
    }
}

async fn data_stays_with_the_session(core: Core) {
    let issued = session(&core, "ada").await;
    let mut data = JsonObject::new();
    data.insert("cart".to_owned(), serde_json::json!([1, 2]));
    core.auth
        .update_session_data(&issued.session.id, data.clone())
        .await
        .unwrap();
    assert_eq!(core.auth.get_session(&issued.token).await.unwrap().data, data);
    let unknown = core.auth.update_session_data(&SessionId::from("*"), data).await;
    assert_eq!(kind(unknown), ErrorKind::Unauthorised);
}

async fn a_wrong_secret_opens_nothing_and_ends_nothing(core: Core) {
    let (one, two) = (session(&core, "ada").await, session(&core, "ada").await);
    let (one_text, two_text) = (one.token.expose(), two.token.expose());
    let secret = two_text.split_once('.').unwrap().1;
    let mixed = format!("{}.{secret}", one_text.split_once('.').unwrap().0);
    let mixed = SessionToken::parse(&mixed).unwrap();
    assert_eq!(
        kind(core.auth.validate_session(&mixed).await),
        ErrorKind::InvalidSessionId
    );
    assert!(core.auth.validate_session(&one.token).await.is_ok());
}
