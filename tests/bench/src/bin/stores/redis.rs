//! The same commands straight through redis-rs.

use std::sync::Arc;

use auth_core::adapters::AnyAdapter;

use crate::{Failure, beside, rows::Rows};

pub(crate) async fn beside_redis(url: &str, adapter: &AnyAdapter) -> Result<(), Failure> {
    let connection = ::redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let rows = Rows::make(adapter).await?;
    let key = |id: &str| format!("auth:s:{{{id}}}");
    let there = key(rows.template().id.as_str());
    beside("redis", "lookup", rows.lookup(), || {
        let (mut connection, key) = (connection.clone(), there.clone());
        async move {
            let mut command = ::redis::cmd("HMGET");
            command.arg(&key).arg(&["h", "u", "f", "x", "p", "d", "m"]);
            let fields: Vec<Option<Vec<u8>>> = command.query_async(&mut connection).await.expect("it answers");
            assert!(fields[0].is_some());
        }
    })
    .await;
    // What our scripts do, so that it is the same work for the server: a comparison and two writes, with as many arguments.
    let renewal = Arc::new(::redis::Script::new(
        "local head = redis.call('HGET', KEYS[1], 'h') if not head or #head < 33 then return 0 end \
         redis.call('HSET', KEYS[1], 'h', head) redis.call('PEXPIRE', KEYS[1], ARGV[1]) return 1",
    ));
    let month = 30_u64 * 24 * 3_600_000;
    beside("redis", "renew", rows.renew(), || {
        let (mut connection, key, renewal) = (connection.clone(), key(&rows.turn()), Arc::clone(&renewal));
        async move {
            let mut renewal = renewal.key(key);
            for argument in [month, 2, 3, 4, 5, 6, 7] {
                renewal.arg(argument);
            }
            let renewed: u64 = renewal.invoke_async(&mut connection).await.expect("it answers");
            assert_eq!(renewed, 1);
        }
    })
    .await;
    let removal = Arc::new(::redis::Script::new(
        "local user = redis.call('HGET', KEYS[1], 'u') redis.call('DEL', KEYS[1]) return user",
    ));
    beside("redis", "delete", rows.delete(), || {
        let (mut connection, removal) = (connection.clone(), Arc::clone(&removal));
        async move {
            let removal = removal.key("of-the-bench");
            removal.invoke_async::<Option<String>>(&mut connection).await.map(drop).expect("it answers");
        }
    })
    .await;
    Ok(())
}
