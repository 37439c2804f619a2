//! The bus on a real PostgreSQL.

use std::time::Duration;

use tokio_postgres::{Client, NoTls};

use super::*;
use crate::{
    ErrorKind,
    adapters::{
        PostgresAdapter,
        bus::tests::{self as common, Heard, until},
        postgres::tests::{options, url},
    },
};

async fn control() -> Client {
    let (client, connection) = tokio_postgres::connect(&url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Options whose bus is found again among all connections, by its name.
fn named() -> (PostgresOptions, String) {
    let options = options();
    let name = format!("bus_{}", options.schema.clone().unwrap());
    let url = format!("{}?application_name={name}", options.url);
    (PostgresOptions { url, ..options }, name)
}

async fn two(options: &PostgresOptions) -> [PostgresInvalidations; 2] {
    [
        PostgresInvalidations::open(options.clone()).await.unwrap(),
        PostgresInvalidations::open(options.clone()).await.unwrap(),
    ]
}

async fn stores(options: &PostgresOptions) -> [PostgresAdapter; 2] {
    [
        PostgresAdapter::open(options.clone()).await.unwrap(),
        PostgresAdapter::open(options.clone()).await.unwrap(),
    ]
}

async fn connections(control: &Client, name: &str) -> i64 {
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    control.query_one(count, &[&name]).await.unwrap().get(0)
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_thousand_messages_arrive_in_order() {
    let [one, two] = two(&options()).await;
    // Another application on the same server.
    let stranger = Heard::on(&PostgresInvalidations::open(options()).await.unwrap());
    common::a_thousand_messages_arrive_in_order(one, two).await;
    assert!(stranger.messages().is_empty());
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_revocation_elsewhere_is_seen_with_the_message() {
    let options = options();
    common::a_revocation_elsewhere_is_seen_with_the_message(stores(&options).await, two(&options).await).await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_connection_that_is_killed_is_made_up_for() {
    let (options, name) = named();
    let control = control().await;
    let kill = async || {
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
        let killed = control.query(kill, &[&name]).await.unwrap();
        assert_eq!(killed.len(), 2);
    };
    let stores = stores(&PostgresOptions {
        url: url(),
        ..options.clone()
    })
    .await;
    common::a_connection_that_is_killed_is_made_up_for(stores, two(&options).await, kill).await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn strange_messages_mean_everything() {
    let options = options();
    let control = control().await;
    let channel = format!("{}.auth_invalidations", options.schema.clone().unwrap());
    let shout = async |message: &str| {
        control
            .execute("SELECT pg_notify($1, $2)", &[&channel, &message])
            .await
            .unwrap();
    };
    common::strange_messages_mean_everything(stores(&options).await, two(&options).await, shout).await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_listener_that_the_server_forgot_is_found_out() {
    let bus = PostgresInvalidations::open(options()).await.unwrap();
    let heard = Heard::on(&bus);
    // As a pooler does between two transactions.
    bus.bus
        .with_speaker(async |client| client.batch_execute("UNLISTEN *").await.unwrap())
        .await;
    let noticed = until("noticed", || heard.lost() == 1).await;
    assert!(noticed < Duration::from_secs(3), "{noticed:?}");
    until("back", || heard.connected() == 2).await;
    bus.publish(&Invalidation::Everything).await.unwrap();
    until("heard", || !heard.messages().is_empty()).await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn it_ends_with_its_last_handle() {
    let (options, name) = named();
    let control = control().await;
    let bus = PostgresInvalidations::open(options).await.unwrap();
    let heard = Heard::on(&bus);
    let clone = bus.clone();
    drop(bus);
    clone.publish(&Invalidation::Everything).await.unwrap();
    assert_eq!(connections(&control, &name).await, 1);
    drop(clone);
    until("told", || heard.lost() == 1).await;
    for _ in 0..100 {
        if connections(&control, &name).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(connections(&control, &name).await, 0);
}

#[tokio::test]
async fn whoever_is_not_there_is_named_and_no_password_is_shown() {
    let options = PostgresOptions::new("postgres://app:hunter2@127.0.0.1:1/app");
    let error = PostgresInvalidations::open(options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DatabaseFetchFailed);
    assert!(!format!("{error:?}").contains("hunter2"));
    let error = PostgresInvalidations::connect("nonsense").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValidationFailed);
}
