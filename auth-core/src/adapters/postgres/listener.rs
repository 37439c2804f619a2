use std::{future::poll_fn, sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Socket, tls::MakeTlsConnect, types::Type};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{error::sql_error, options::PostgresOptions, tls};
use crate::{
    adapters::bus::{ANSWER, HEARTBEAT, Line, Unsaid},
    error::{Error, Result},
    secret::Digest,
};

type Stream = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// One connection that listens and speaks.
pub(super) struct Listener {
    config: Config,
    tls: MakeRustlsConnect,
    channel: String,
    begin: String,
    patience: Duration,
}

impl Listener {
    pub(super) fn new(options: &PostgresOptions) -> Result<Self> {
        Ok(Self {
            config: options.config()?,
            tls: tls::connector(options)?,
            channel: channel(&options.whole_prefix()),
            begin: options.begin(),
            patience: options.timeout.max(options.connect_timeout),
        })
    }
}

/// What the tables begin with, and `invalidations`; the digest of it where PostgreSQL would cut it (63 bytes).
fn channel(whole_prefix: &str) -> String {
    let channel = format!("{whole_prefix}invalidations");
    if channel.len() <= LONGEST_NAME {
        return channel;
    }
    let digest = Digest::of(channel.as_bytes());
    let hex: String = digest.as_bytes()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("invalidations_{hex}")
}

const LONGEST_NAME: usize = 63;

impl Line for Listener {
    type Open = Stream;
    type Speaker = Arc<Client>;

    async fn open(&self) -> Result<(Arc<Client>, Stream)> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, mut stream) = connected.map_err(failed)?;
        let listen = format!("{}; LISTEN \"{}\"", self.begin, self.channel.replace('"', "\"\""));
        let listened = tokio::select! {
            error = drive(&mut stream, |_, _| {}) => Err(error),
            listened = client.batch_execute(&listen) => listened.map_err(failed),
        };
        listened.map(|()| (Arc::new(client), stream))
    }

    async fn listen(&self, client: Arc<Client>, mut stream: Stream, hear: impl Fn(&str) + Send + Sync) -> Error {
        let driven = drive(&mut stream, |channel, message| {
            if channel == self.channel {
                hear(message);
            }
        });
        tokio::select! {
            error = driven => error,
            error = silence(&client, &self.channel) => error,
        }
    }

    async fn say(&self, client: Arc<Client>, message: &str) -> Result<(), Unsaid> {
        let notify = "SELECT pg_notify($1, $2)";
        let parameters: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)] =
            &[(&self.channel, Type::TEXT), (&message, Type::TEXT)];
        match client.query_typed(notify, parameters).await {
            Ok(_) => Ok(()),
            Err(error) if error.as_db_error().is_none() => Err(Unsaid::Lost(Error::update_failed(error))),
            Err(error) => Err(Unsaid::Refused(Error::update_failed(sql_error(error)))),
        }
    }

    fn patience(&self) -> Duration {
        self.patience
    }
}

/// Keeps the connection going until its end.
async fn drive(stream: &mut Stream, hear: impl Fn(&str, &str)) -> Error {
    loop {
        match poll_fn(|context| stream.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(told))) => hear(told.channel(), told.payload()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return failed(error),
            None => return Error::fetch_failed("PostgreSQL closed the connection"),
        }
    }
}

/// Asks, whenever it has been quiet for a moment, whether the server still knows that somebody listens: a pooler in between may
/// have given the connection to somebody else.
async fn silence(client: &Client, channel: &str) -> Error {
    loop {
        sleep(HEARTBEAT).await;
        let query = "SELECT 1 FROM pg_listening_channels() AS channel WHERE channel = $1";
        let parameters: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)] = &[(&channel, Type::TEXT)];
        match timeout(ANSWER, client.query_typed(query, parameters)).await {
            Ok(Ok(rows)) if rows.is_empty() => {
                return Error::fetch_failed("PostgreSQL does not know that this connection listens");
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return failed(error),
            Err(late) => return Error::fetch_failed(late),
        }
    }
}

fn failed(error: tokio_postgres::Error) -> Error {
    Error::fetch_failed(sql_error(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_no_longer_than_postgresql_takes_and_differ() {
        assert_eq!(channel("auth_"), "auth_invalidations");
        assert_eq!(channel("shop.auth_"), "shop.auth_invalidations");
        let long = |schema: char| channel(&format!("{}.auth_", String::from(schema).repeat(48)));
        assert!(long('a').len() <= LONGEST_NAME);
        assert_ne!(long('a'), long('b'));
    }
}
