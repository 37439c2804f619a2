//! A database that can be read and not written says so, and why.

use std::{error::Error as StdError, time::Duration};

use super::{
    Database, Over, Place, Server, Settings, over_both,
    records::{NOW, key, key_id, schema, session, user},
};
use crate::{
    Error, ErrorKind,
    adapter::{Adapter, AttemptAdapter, SessionAdapter, Store, UserAdapter},
    adapters::AnyAdapter,
    id::{SessionId, UserId},
    model::UserPatch,
};

over_both![a_read_only_server_says_so_and_is_still_read,];

/// Every act, on connections there have been all along.
pub(super) async fn acts(store: &AnyAdapter) -> Vec<Result<(), Error>> {
    let patch = UserPatch {
        role: Some("other".to_owned()),
        ..UserPatch::default()
    };
    let (ada, one) = (UserId::from("ada"), SessionId::from("one"));
    vec![
        store.set_user(&user("new"), Some(&key("new"))).await,
        store.update_user(&ada, &patch).await,
        store
            .rename_key(&ada, &key_id("ada"), &key_id("renamed"), &patch, NOW)
            .await,
        store.set_session(&session("two", "ada")).await,
        store.delete_session(&one).await.map(drop),
        store.delete_user(&ada).await,
        store
            .count_attempt(&"somebody".into(), "a", super::records::HOUR, NOW)
            .await
            .map(drop),
    ]
}

pub(super) fn chain(error: &Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}

pub(super) fn assert_refused(answers: Vec<Result<(), Error>>, reason: &str) {
    for (number, answer) in answers.into_iter().enumerate() {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DatabaseUpdateFailed, "act {number}: {error:?}");
        assert!(chain(&error).contains(reason), "act {number}: {}", chain(&error));
    }
}

async fn a_read_only_server_says_so_and_is_still_read(database: Database, over: Over) {
    let server = Server::start(database).await;
    let place = Place::at(database, &server.app_url());
    let store = place.open_over(over, &Settings::default()).await;
    store.declare(&schema()).unwrap();
    store.migrate().await.unwrap();
    store.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
    store.set_session(&session("one", "ada")).await.unwrap();
    let admin = Place::of(&server).with_prefix(&place.prefix).witness().await;
    let set = async |read_only: bool| match database {
        Database::Mariadb => {
            admin
                .execute(&format!("SET GLOBAL read_only = {}", i32::from(read_only)))
                .await
        }
        Database::Postgres => {
            let value = if read_only { "on" } else { "off" };
            admin
                .execute(&format!("ALTER SYSTEM SET default_transaction_read_only = {value}"))
                .await;
            admin.execute("SELECT pg_reload_conf()").await;
            // Connections hear of it when they next have nothing to do.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    let before = admin.everything().await;
    set(true).await;
    let reason = match database {
        Database::Mariadb => "--read-only",
        Database::Postgres => "read-only transaction",
    };
    assert_refused(acts(&store).await, reason);
    let (found, owner) = store
        .get_session_and_user(&SessionId::from("one"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.id.as_str(), owner.id.as_str()), ("one", "ada"));
    assert!(admin.everything().await == before);
    set(false).await;
    for (number, answer) in acts(&store).await.into_iter().enumerate() {
        answer.unwrap_or_else(|error| panic!("act {number}: {error:?}"));
    }
}
