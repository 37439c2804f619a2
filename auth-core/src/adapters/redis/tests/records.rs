//! Sessions as they are stored.

use serde_json::json;

use super::*;
use crate::{
    adapter::SessionAdapter,
    model::{AttributeValue, SessionPatch},
};

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn attributes_of_every_kind_round_trip() {
    let place = Place::new().await;
    let store = place.another().await;
    let schema = Schema::new(
        Vec::new(),
        vec![
            Attribute::boolean("boolean"),
            Attribute::integer("integer"),
            Attribute::json("json"),
            Attribute::real("real"),
            Attribute::text("text"),
            Attribute::timestamp("timestamp"),
        ],
    );
    store.declare(&schema).unwrap();
    let names = ["boolean", "integer", "json", "real", "text", "timestamp"];
    let null = Attributes::from_iter(names.map(|name| (name, AttributeValue::Null)));
    let full = |sign: i64| {
        Attributes::new()
            .with("boolean", sign > 0)
            .with("integer", sign * i64::MAX)
            .with("json", json!({ "a": [null, sign, "{}"] }))
            .with("real", 0.1 * f64::from(i32::try_from(sign).unwrap()))
            .with("text", "\u{1f600}\r\n\0")
            .with("timestamp", at(sign * i64::MAX))
    };
    for (name, attributes) in [("null", null.clone()), ("full", full(1)), ("minus", full(-1))] {
        let mut record = session(name);
        record.attributes = attributes;
        store.set_session(&record).await.unwrap();
        assert_eq!(store.get_session(&record.id).await.unwrap().as_ref(), Some(&record));
        for attributes in [full(1), null.clone()] {
            let patch = SessionPatch {
                attributes,
                ..SessionPatch::default()
            };
            store.update_session(&record.id, &patch).await.unwrap();
            patch.apply(&mut record);
            assert_eq!(store.get_session(&record.id).await.unwrap().as_ref(), Some(&record));
        }
    }
    let unknown = SessionPatch {
        attributes: Attributes::new().with("unknown", 1),
        ..SessionPatch::default()
    };
    assert!(store.update_session(&SessionId::from("full"), &unknown).await.is_err());
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn what_makes_no_sense_is_an_error_and_never_a_session() {
    let place = Place::new().await;
    let store = place.store().await;
    let id = SessionId::from("one");
    for damage in [
        "HDEL $s:{one} h",
        "HDEL $s:{one} u",
        "HDEL $s:{one} f",
        "HSET $s:{one} h short",
        "HSET $s:{one} x soon",
        "HSET $s:{one} p []",
        "HSET $s:{one} m {}",
        "APPEND $s:{two} text",
    ] {
        store.set_session(&session("one")).await.unwrap();
        let _: i64 = place.ask(damage).await;
        if damage.starts_with("APPEND") {
            let _: String = place.ask("RENAME $s:{two} $s:{one}").await;
        }
        let error = store.get_session(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DatabaseFetchFailed, "{damage}");
        assert!(
            store.get_sessions_by_user_id(&UserId::from("ada")).await.is_err(),
            "{damage}"
        );
        assert_eq!(place.ask::<i64>("DEL $s:{one}").await, 1);
    }
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn only_digests_are_stored_and_a_session_is_small() {
    let place = Place::new().await;
    let store = place.store().await;
    store.set_session(&session("one")).await.unwrap();
    assert_eq!(place.keys().await.len(), 2);
    let used: usize = place.ask("MEMORY USAGE $s:{one}").await;
    assert!(used < 1_024, "{used} bytes");
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_server_that_forgot_the_scripts_is_taught_them() {
    let place = Place::new().await;
    let store = place.store().await;
    let record = session("one");
    let forget = async || place.ask::<String>("SCRIPT FLUSH SYNC").await;
    forget().await;
    store.set_session(&record).await.unwrap();
    forget().await;
    let renewed = rotation("second", NOW);
    assert!(
        store
            .rotate_session(&record.id, &digest("first"), &renewed)
            .await
            .unwrap()
    );
    forget().await;
    store
        .update_session(&record.id, &SessionPatch::default())
        .await
        .unwrap();
    forget().await;
    assert!(store.delete_session(&record.id).await.unwrap());
    place.clean().await;
}
