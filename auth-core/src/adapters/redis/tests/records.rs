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

/// Rows are cut and put together by a script: whatever is changed after whatever, the rest stays.
#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn changes_of_any_parts_in_any_order_are_those_of_the_record() {
    let place = Place::new().await;
    let store = place.store().await;
    let mut record = session("one");
    record.absolute_expires = Some(at(NOW + 3 * HOUR));
    record.ip = Some("2001:db8::1".parse().unwrap());
    store.set_session(&record).await.unwrap();
    let object = |size: u32| crate::JsonObject::from_iter([("\u{e9}".repeat(size as usize), size.into())]);
    let mut random = 7_u32;
    for step in 0..300 {
        let mut one_of = |many: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 16) % many
        };
        let now = NOW + i64::from(step);
        let objects = [crate::JsonObject::new(), object(one_of(200)), object(one_of(3))];
        let proofs: Vec<Amr> = (0..one_of(4))
            .map(|number| Amr {
                method: "p".repeat(number as usize),
                timestamp: at(now - i64::from(number)),
            })
            .collect();
        let countries = [AttributeValue::Null, "".into(), "a:country".into()];
        let mut patch = SessionPatch {
            payload: (one_of(3) == 0).then(|| objects[one_of(3) as usize].clone()),
            data: (one_of(3) == 0).then(|| objects[one_of(3) as usize].clone()),
            amr: (one_of(3) == 0).then_some(proofs),
            aal: (one_of(3) == 0).then(|| u8::try_from(1 + one_of(2)).unwrap()),
            last_seen: (one_of(3) == 0).then(|| at(now)),
            idle_expires: (one_of(5) == 0).then(|| at(now + 2 * HOUR)),
            updated_at: Some(at(now)),
            ..SessionPatch::default()
        };
        if one_of(3) == 0 {
            patch.attributes.set("country", countries[one_of(3) as usize].clone());
        }
        store.update_session(&record.id, &patch).await.unwrap();
        patch.apply(&mut record);
        if one_of(4) == 0 {
            let mut renewed = rotation(&step.to_string(), now);
            renewed.keeps_previous = one_of(2) == 0;
            let rotated = store.rotate_session(&record.id, &record.secret_digest, &renewed);
            assert!(rotated.await.unwrap());
            renewed.apply(&mut record);
        }
        assert_eq!(
            store.get_session(&record.id).await.unwrap().as_ref(),
            Some(&record),
            "{step}"
        );
    }
    place.clean().await;
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn what_makes_no_sense_is_an_error_and_never_a_session() {
    let place = Place::new().await;
    let store = place.store().await;
    let id = SessionId::from("one");
    for damage in [
        // A flag that is none, no secret, a user who is not where the user has to be.
        "SETRANGE $s1:{one} 0 \u{2}",
        "SETRANGE $s1:{one} 0 \0",
        "SETRANGE $s1:{one} 151 \u{2}",
        "SETRANGE $s1:{one} 154 x",
        // Half a part, and parts that hold something else.
        "APPEND $s1:{one} \0\u{1}p\0",
        "APPEND $s1:{one} \0\u{1}p\0\0\0\u{2}[]",
        "APPEND $s1:{one} \0\u{1}i\0\0\0\u{2}no",
        "APPEND $s1:{one} \0\u{1}m\0\0\0\u{2}no",
        "APPEND $s1:{one} \0\u{1}u\0\0\0\u{3}eve",
        "APPEND $s1:{one} \0\u{1}x\0\0\0\0",
        "LPUSH $s1:{two} text",
        "APPEND $s1:{two} text",
    ] {
        store.set_session(&session("one")).await.unwrap();
        let _: i64 = place.ask(damage).await;
        if damage.contains("two") {
            let _: String = place.ask("RENAME $s1:{two} $s1:{one}").await;
        }
        let error = store.get_session(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DatabaseFetchFailed, "{damage}");
        assert!(
            store.get_sessions_by_user_id(&UserId::from("ada")).await.is_err(),
            "{damage}"
        );
        // It can be taken away all the same, if it is a session's at all.
        match store.delete_session(&id).await {
            Ok(was_there) => assert!(was_there && !damage.contains("LPUSH"), "{damage}"),
            Err(_) => assert_eq!(place.ask::<i64>("DEL $s1:{one}").await, 1, "{damage}"),
        }
        assert_eq!(store.get_session(&id).await.unwrap(), None, "{damage}");
    }
    place.clean().await;
}

/// What is appended to half a part would be read as the rest of it.
#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn a_row_that_is_cut_off_is_not_written_to() {
    let place = Place::new().await;
    let store = place.store().await;
    for damage in ["APPEND $s1:{one} \0\u{1}b\0\0\0\u{9}Bro", "APPEND $s1:{one} \0"] {
        let record = session("one");
        store.set_session(&record).await.unwrap();
        let _: i64 = place.ask(damage).await;
        let before: Vec<u8> = place.ask("GET $s1:{one}").await;
        let patch = SessionPatch {
            data: Some(crate::JsonObject::from_iter([("a".to_owned(), 1.into())])),
            ..SessionPatch::default()
        };
        let error = store.update_session(&record.id, &patch).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DatabaseUpdateFailed);
        let renewed = rotation("second", NOW);
        let error = store.rotate_session(&record.id, &digest("first"), &renewed).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::DatabaseUpdateFailed);
        assert_eq!(place.ask::<Vec<u8>>("GET $s1:{one}").await, before);
        assert!(store.delete_session(&record.id).await.unwrap());
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
    let used: usize = place.ask("MEMORY USAGE $s1:{one}").await;
    assert!(used < 512, "{used} bytes");
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
