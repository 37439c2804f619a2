//! Servers close connections that nobody has used for a while: nobody hears of it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::{
    Database, Over, Place, Server, Settings, over_both,
    records::{key, schema, session, user},
};
use crate::{
    adapter::{SessionAdapter, Store, UserAdapter},
    id::SessionId,
};

over_both![connections_that_the_server_closed_are_replaced,];

async fn connections_that_the_server_closed_are_replaced(database: Database, over: Over) {
    let mut server = Server::prepare(database);
    server.argument(match database {
        Database::Mariadb => "--wait-timeout=1",
        Database::Postgres => "--idle_session_timeout=1s",
    });
    server.start_again().await;
    let settings = Settings {
        pool_size: 2,
        ..Settings::default()
    };
    let store = Place::of(&server).open_over(over, &settings).await;
    store.declare(&schema()).unwrap();
    store.migrate().await.unwrap();
    store.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
    for round in 0..3 {
        let began = Instant::now();
        // More than there are connections, so that each is used.
        let calls = (0..16).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let mine = session(&format!("{round}-{number}"), "ada");
                assert_eq!(store.get_session(&SessionId::from("nobody's")).await?, None);
                store.set_session(&mine).await?;
                store.delete_session(&mine.id).await
            })
        });
        for (number, call) in join_all(calls.collect::<Vec<_>>()).await.into_iter().enumerate() {
            assert!(call.unwrap().unwrap(), "round {round}, call {number}");
        }
        assert!(
            began.elapsed() < Duration::from_secs(2),
            "round {round} took {:?}",
            began.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(2_500)).await;
    }
}
