//! The very commands of the adapter, as Redis heard them, straight through redis-rs.

use std::sync::Arc;

use ::redis::{Client, Cmd, IntoConnectionInfo, Value, aio::MultiplexedConnection};
use auth_core::adapters::AnyAdapter;
use futures_util::StreamExt;

use crate::{Failure, Work, beside, growth::Lookup, rows::Rows};

pub(crate) async fn beside_redis(url: &str, adapter: &AnyAdapter) -> Result<(), Failure> {
    let client = open(url)?;
    let connection = client.get_multiplexed_async_connection().await?;
    let rows = Rows::make(adapter).await?;
    let there = rows.template().id.to_string();
    measure("lookup", &client, &connection, rows.lookup(), || there.clone()).await?;
    measure("create", &client, &connection, rows.create(), || rows.fresh()).await?;
    measure("renew", &client, &connection, rows.renew(), || rows.turn()).await?;
    measure("+ delete", &client, &connection, rows.delete(), || rows.fresh()).await
}

/// The lookup of a session as the adapter asks for it.
pub(crate) async fn lookups(url: &str, ours: Work) -> Result<Lookup, Failure> {
    let client = open(url)?;
    let connection = client.get_multiplexed_async_connection().await?;
    let commands = Arc::new(heard(&client, &connection, ours).await?);
    Ok(Box::new(move |id| {
        let (connection, commands) = (connection.clone(), Arc::clone(&commands));
        Box::pin(async move {
            let answers = repeat(&commands, connection, &id).await;
            assert!(answers.iter().all(|answer| !matches!(answer, Value::Nil)));
        })
    }))
}

/// As our adapter has it: by default a command waits in the kernel until the one before it is acknowledged, which is less
/// work and a longer wait.
fn open(url: &str) -> Result<Client, Failure> {
    let info = url.into_connection_info()?;
    let settings = info.tcp_settings().clone().set_nodelay(true);
    Ok(Client::open(info.set_tcp_settings(settings))?)
}

async fn measure(
    act: &str,
    client: &Client,
    connection: &MultiplexedConnection,
    ours: impl Fn() -> Work,
    id: impl Fn() -> String,
) -> Result<(), Failure> {
    let commands = Arc::new(heard(client, connection, ours()).await?);
    let expected = Arc::new(repeat(&commands, connection.clone(), &id()).await);
    beside("redis", act, ours, || {
        let (connection, commands, expected) = (connection.clone(), Arc::clone(&commands), Arc::clone(&expected));
        let id = id();
        async move {
            let answers = repeat(&commands, connection, &id).await;
            // Until when an index lists a session is another moment each time; what was done is the same.
            assert_eq!(answers.last(), expected.last(), "the same was done");
        }
    })
    .await;
    Ok(())
}

async fn repeat(commands: &[Vec<Word>], mut connection: MultiplexedConnection, id: &str) -> Vec<Value> {
    let mut answers = Vec::new();
    for command in commands {
        let mut told = Cmd::new();
        for word in command {
            word.add_to(&mut told, id);
        }
        answers.push(told.query_async(&mut connection).await.expect("it answers"));
    }
    answers
}

/// A word of a command.
enum Word {
    Fixed(Vec<u8>),
    /// The id of the session, between these.
    Id(Vec<u8>, Vec<u8>),
}

impl Word {
    fn add_to(&self, command: &mut Cmd, id: &str) {
        match self {
            Self::Fixed(word) => command.arg(word),
            Self::Id(before, after) => command.arg([before, id.as_bytes(), after].concat()),
        };
    }
}

/// What Redis is told by an act.
async fn heard(client: &Client, connection: &MultiplexedConnection, act: Work) -> Result<Vec<Vec<Word>>, Failure> {
    const END: &str = "the end of the act";
    let mut monitor = client.get_async_monitor().await?.into_on_message::<String>();
    act.await;
    ::redis::cmd("ECHO")
        .arg(END)
        .query_async::<String>(&mut connection.clone())
        .await?;
    let mut commands = Vec::new();
    while let Some(line) = monitor.next().await {
        let (source, words) = line.split_once("] ").ok_or("a line of MONITOR")?;
        let words = unquoted(words);
        if words.last().is_some_and(|word| word == END.as_bytes()) {
            break;
        }
        // What a script does is in the script.
        if !source.ends_with("lua") {
            commands.push(words);
        }
    }
    let key = commands
        .iter()
        .flatten()
        .find_map(|word| word.strip_prefix(b"auth:s1:{")?.strip_suffix(b"}"));
    let id = key.ok_or("the key of a session")?.to_vec();
    let as_word = |word: Vec<u8>| match word.windows(id.len()).position(|part| part == id) {
        Some(at) => Word::Id(word[..at].to_vec(), word[at + id.len()..].to_vec()),
        None => Word::Fixed(word),
    };
    Ok(commands
        .into_iter()
        .map(|words| words.into_iter().map(as_word).collect())
        .collect())
}

/// The words between quotes, with their escapes undone.
fn unquoted(line: &str) -> Vec<Vec<u8>> {
    let (mut words, mut rest) = (Vec::new(), line.bytes());
    while rest.any(|byte| byte == b'"') {
        let mut word = Vec::new();
        while let Some(byte) = rest.next().filter(|&byte| byte != b'"') {
            word.push(match byte {
                b'\\' => match rest.next() {
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b't') => b'\t',
                    Some(b'a') => 7,
                    Some(b'b') => 8,
                    Some(b'x') => {
                        let mut digit = || {
                            rest.next()
                                .and_then(|digit| char::from(digit).to_digit(16))
                                .unwrap_or_default()
                        };
                        u8::try_from(digit() * 16 + digit()).unwrap_or_default()
                    }
                    other => other.unwrap_or_default(),
                },
                byte => byte,
            });
        }
        words.push(word);
    }
    words
}
