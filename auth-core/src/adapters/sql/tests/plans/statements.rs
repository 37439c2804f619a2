//! What is explained, and what is not and why.

use std::sync::Arc;

use crate::{
    adapters::sql::{
        SqlAdapter, SqlValue, columns,
        queries::Queries,
        values::{text, time},
    },
    clock::Timestamp,
    id::UserId,
    model::{EventQuery, UserPatch, UserQuery},
};

/// How a statement is found to use an index.
enum Place {
    /// By its plan, with values that match few rows or none.
    By(Vec<SqlValue>),
    /// It need not, for a reason.
    #[expect(dead_code, reason = "the reason is for whoever reads or adds one")]
    Exempt(&'static str),
}

use Place::{By, Exempt};

const INSERT: Place = Exempt("a plain insert looks for nothing");
const RING: Place = Exempt("there are a handful of signing keys, and each process reads all of them");

/// Places every field of `Queries`: a new one does not compile until it is here.
macro_rules! placed {
    ($queries:expr; $($field:ident: $place:expr,)+) => {{
        let Queries { schema: _, count_attempt: _, $($field,)+ } = $queries;
        [$((stringify!($field), Arc::clone($field), $place),)+]
    }};
}

/// Every statement of requests that must use an index.
pub(super) fn statements(sql: &SqlAdapter) -> Vec<(&'static str, Arc<str>, Vec<SqlValue>)> {
    let fixed = fixed(sql)
        .into_iter()
        .filter_map(|(name, statement, place)| match place {
            By(values) => Some((name, statement, values)),
            Exempt(_) => None,
        });
    // One statement or two, all with the same values.
    let attempt = vec![text("a77"), text("sign_in"), now(), now()];
    let counting = sql.queries().count_attempt.iter();
    let counting = counting.map(|statement| ("count_attempt", Arc::clone(statement), attempt.clone()));
    fixed.chain(counting).chain(patches(sql)).chain(listings(sql)).collect()
}

/// What is changed of one row, whichever columns these are.
fn patches(sql: &SqlAdapter) -> Vec<(&'static str, Arc<str>, Vec<SqlValue>)> {
    let patch = UserPatch {
        updated_at: Some(Timestamp::from_unix_ms(5)),
        ..UserPatch::default()
    };
    let tables = &sql.tables;
    let patches = [
        ("update_user", sql.user_update("u77", &patch).unwrap()),
        (
            "update_key",
            sql.update(&tables.key, "email:77", vec![("updated_at", now())]),
        ),
        (
            "update_session",
            sql.update(&tables.session, "s77", vec![("last_seen", now())]),
        ),
    ];
    let patches = patches.into_iter();
    patches
        .map(|(name, update)| (name, update.unwrap()))
        .map(|(name, update)| (name, update.sql, update.values))
        .collect()
}

/// The first pages that administrators see.
fn listings(sql: &SqlAdapter) -> Vec<(&'static str, Arc<str>, Vec<SqlValue>)> {
    let users = |oldest_first, after: Option<&str>| {
        let query = UserQuery {
            oldest_first,
            after: after.map(|id| (Timestamp::from_unix_ms(77), UserId::from(id))),
            limit: 50,
            ..UserQuery::default()
        };
        sql.user_list(&query)
    };
    let of_actor = EventQuery {
        actor: Some("u77".to_owned()),
        limit: 50,
        ..EventQuery::default()
    };
    let events = |user: Option<&str>, kind: Option<&str>, before: Option<&str>| {
        let query = EventQuery {
            user_id: user.map(UserId::from),
            actor: None,
            kind: kind.map(str::to_owned),
            before: before.map(str::to_owned),
            limit: 50,
        };
        sql.event_list(&query)
    };
    let listings = [
        ("newest users", users(false, None)),
        ("oldest users", users(true, None)),
        ("older users", users(false, Some("u77"))),
        ("newer users", users(true, Some("u77"))),
        ("events", events(None, None, None)),
        ("older events", events(None, None, Some("e77"))),
        ("events of a user", events(Some("u77"), None, Some("e77"))),
        ("events of a kind", events(None, Some("k7"), Some("e77"))),
        ("events of an actor", sql.event_list(&of_actor)),
        ("events of a user and a kind", events(Some("u77"), Some("k77"), None)),
    ];
    let listings = listings.into_iter();
    listings
        .map(|(name, (sql, values))| (name, sql.into(), values))
        .collect()
}

fn now() -> SqlValue {
    time(Timestamp::from_unix_ms(5))
}

fn digest() -> SqlValue {
    SqlValue::Blob((*b"digest").into())
}

fn link() -> SqlValue {
    SqlValue::Blob((*b"link77").into())
}

fn by<const COUNT: usize>(values: [SqlValue; COUNT]) -> Place {
    By(values.into())
}

fn fixed(sql: &SqlAdapter) -> impl IntoIterator<Item = (&'static str, Arc<str>, Place)> + use<> {
    let rotated = || vec![digest(), now(), now(), now(), now(), text("s77"), digest()];
    let one_time_token = vec![SqlValue::Null; columns::ONE_TIME_TOKEN.len()];
    placed! {
        sql.queries();
        get_user: by([text("u77")]),
        insert_user: INSERT,
        touch_user: by([text("u77")]),
        delete_user: by([text("u77")]),
        get_key: by([text("email:77")]),
        get_key_and_user: by([text("email:77")]),
        get_keys_of_user: by([text("u77")]),
        insert_key: INSERT,
        delete_key: by([text("email:77")]),
        delete_non_primary_key: by([text("email:77")]),
        delete_keys_of_user: by([text("u77")]),
        delete_other_keys: by([text("u77"), text("email:77")]),
        rename_key: by([text("email:x"), now(), text("email:78"), text("u78")]),
        set_key_password: by([text("hash"), now(), text("email:77")]),
        set_password: by([text("hash"), now(), text("u77")]),
        replace_hash: by([text("new"), text("email:77"), text("hash")]),
        get_session: by([text("s77")]),
        get_session_and_user: by([text("s77")]),
        get_sessions_of_user: by([text("u77")]),
        insert_session: INSERT,
        rotate_session: By([rotated(), vec![now()]].concat()),
        replace_secret: By(rotated()),
        delete_session: by([text("s77")]),
        delete_sessions_of_user: by([text("u77")]),
        delete_other_sessions: by([text("u77"), text("s77")]),
        delete_idle: by([now()]),
        delete_ended: by([now()]),
        delete_expired_of_user: by([text("u77"), now()]),
        delete_session_if_dead: by([text("s77"), now()]),
        get_signing_keys: RING,
        insert_signing_key: INSERT,
        delete_signing_keys: RING,
        get_token: by([text("signup:u77")]),
        get_token_by_link: by([link()]),
        get_tokens_of_address: by([text("77@example.com")]),
        get_tokens_of_user: by([text("u77")]),
        set_token: By(one_time_token),
        count_try: by([text("signup:u77"), now(), now(), digest()]),
        take_token: by([text("signup:u77"), link()]),
        delete_tokens_of_user: by([text("u77")]),
        delete_expired_tokens: by([now()]),
        insert_message: INSERT,
        get_due_messages: by([now(), now()]),
        lease_message: by([now(), text("m77"), now()]),
        postpone_message: by([now(), text("m77"), now()]),
        delete_message: by([text("m77")]),
        next_message_due: by([]),
        insert_event: INSERT,
        delete_events: by([now()]),
        clear_attempts: by([text("a77"), text("sign_in")]),
        delete_expired_attempts: by([now()]),
    }
}
