use std::{
    future::Future,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use mysql_async::{Conn, Pool, prelude::Queryable};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{self, error::Elapsed, timeout},
};

use super::{options::MysqlOptions, run};
use crate::{
    adapters::sql::{
        Dialect, MARIADB, MYSQL, Outcome, Positions, Row, Sql, SqlError, SqlErrorKind, Statement, Step,
        is_connection_good, is_script,
    },
    error::{Error, Result},
};

/// The connections of one database.
pub(super) struct MysqlDriver {
    dialect: &'static Dialect,
    pool: Pool,
    positions: Positions,
    under_way: Semaphore,
    /// As many as there are connections: who waits for one waits here and not at the pool.
    turns: Arc<Semaphore>,
    /// One fewer than there are connections, so that no session's check waits behind lists.
    lists: Semaphore,
    timeout: Duration,
    connect_timeout: Duration,
}

/// How often an act is repeated that the server broke off in favour of another.
const TRIES: usize = 10;

impl MysqlDriver {
    pub(super) async fn open(options: &MysqlOptions) -> Result<Self> {
        let asked = timeout(options.connect_timeout, version(options)).await;
        let version = asked.map_err(|_: Elapsed| Error::fetch_failed("MySQL did not answer in time"))??;
        let is_mariadb = version.contains("MariaDB");
        let (seconds, ms) = (options.timeout.as_secs().max(1), options.timeout.as_millis());
        let begin = vec![
            // Fewer locks; every act of ours is one that needs no more.
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
            "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'".to_owned(),
            format!("SET SESSION innodb_lock_wait_timeout = {seconds}"),
            if is_mariadb {
                format!("SET SESSION max_statement_time = {}", options.timeout.as_secs_f64())
            } else {
                format!("SET SESSION max_execution_time = {ms}")
            },
        ];
        Ok(Self {
            dialect: if is_mariadb { &MARIADB } else { &MYSQL },
            pool: Pool::new(options.opts(begin)?),
            positions: Positions::default(),
            under_way: Semaphore::new(options.queue.min(Semaphore::MAX_PERMITS)),
            turns: Arc::new(Semaphore::new(options.pool_size)),
            lists: Semaphore::new(options.pool_size.saturating_sub(1).max(1)),
            timeout: options.timeout,
            connect_timeout: options.connect_timeout,
        })
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, SqlError>>) -> Result<T, SqlError> {
        let _permit = self
            .under_way
            .try_acquire()
            .map_err(|_| other("too many statements are waiting for MySQL"))?;
        timeout(self.timeout, work).await.unwrap_or_else(|_| Err(late()))
    }

    /// A connection, which the pool has already, as a rule.
    ///
    /// A pool of mysql_async's that has woken somebody for a connection wakes nobody else when that somebody leaves without it, and
    /// while others wait, it gives the connection to none of them. So whoever asks the pool stays until it has answered: on a task
    /// that nobody who leaves takes along.
    async fn connection(&self) -> Result<Connection, SqlError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|error| SqlError::new(SqlErrorKind::Other, error))?;
        let pool = self.pool.clone();
        let mut asking = Box::pin(async move { (pool.get_conn().await, turn) });
        let at_once = asking.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let (conn, turn) = match at_once {
            Poll::Ready(answer) => answer,
            Poll::Pending => match tokio::spawn(timeout(self.connect_timeout.max(self.timeout), asking)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(Elapsed { .. })) => return Err(late()),
                Err(ended) => return Err(SqlError::new(SqlErrorKind::Other, ended)),
            },
        };
        let conn = Some(conn.map_err(run::sql_error)?);
        Ok(Connection { conn, _turn: turn })
    }

    async fn act(&self, steps: &[Step]) -> Result<Vec<Outcome>, SqlError> {
        for attempt in 1..TRIES {
            match self.try_act(steps).await {
                Err(error) if error.kind == SqlErrorKind::Again => {
                    // Those that got in each other's way come back one after the other.
                    time::sleep(Duration::from_millis(attempt as u64)).await;
                }
                done => return done,
            }
        }
        self.try_act(steps).await
    }

    async fn try_act(&self, steps: &[Step]) -> Result<Vec<Outcome>, SqlError> {
        let mut connection = self.connection().await?;
        let done = run::act(connection.get()?, &self.positions, steps).await;
        // A migration leaves its lock behind when it fails, and what it set in any case: its connection is closed.
        if !is_script(steps) {
            connection.give_back(&done);
        }
        done
    }
}

impl MysqlDriver {
    async fn rows(&self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        let mut connection = self.connection().await?;
        let rows = run::fetch(connection.get()?, &self.positions, statement).await;
        connection.give_back(&rows);
        rows
    }
}

async fn version(options: &MysqlOptions) -> Result<String> {
    let mut conn = Conn::new(options.opts(Vec::new())?)
        .await
        .map_err(Error::fetch_failed)?;
    let version: Option<String> = conn
        .query_first("SELECT VERSION()")
        .await
        .map_err(Error::fetch_failed)?;
    conn.disconnect().await.map_err(Error::fetch_failed)?;
    version.ok_or_else(|| Error::fetch_failed("MySQL did not tell its version"))
}

/// A connection in use. Whoever leaves in the middle of an act leaves a transaction that nobody knows: it is closed, and
/// the server undoes it.
struct Connection {
    conn: Option<Conn>,
    /// For whoever waits, once the connection is back.
    _turn: OwnedSemaphorePermit,
}

impl Connection {
    fn get(&mut self) -> Result<&mut Conn, SqlError> {
        self.conn.as_mut().ok_or_else(|| other("there is no connection"))
    }

    /// Back to the pool, unless the connection itself may be what failed.
    fn give_back<T>(&mut self, done: &Result<T, SqlError>) {
        if is_connection_good(done) {
            drop(self.conn.take());
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let (Some(conn), Ok(runtime)) = (self.conn.take(), Handle::try_current()) {
            runtime.spawn(conn.disconnect());
        }
    }
}

#[async_trait]
impl Sql for MysqlDriver {
    fn dialect(&self) -> &'static Dialect {
        self.dialect
    }

    async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        self.in_time(self.rows(&statement)).await
    }

    async fn list(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        self.in_time(async {
            let _turn = self.lists.acquire().await;
            self.rows(&statement).await
        })
        .await
    }

    async fn write(&self, steps: Vec<Step>) -> Result<Vec<Outcome>, SqlError> {
        if is_script(&steps) {
            return self.act(&steps).await;
        }
        self.in_time(self.act(&steps)).await
    }
}

fn late() -> SqlError {
    other("MySQL did not answer in time")
}

fn other(reason: &'static str) -> SqlError {
    SqlError::new(SqlErrorKind::Other, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::mysql::tests::options;

    #[tokio::test]
    #[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
    async fn who_leaves_when_its_turn_has_come_takes_no_connection_along() {
        let driver = MysqlDriver::open(&options().pool_size(1)).await.unwrap();
        for _ in 0..3 {
            // Two that wait for their turn.
            let mut held = driver.connection().await.unwrap();
            let mut waiting = [Box::pin(driver.connection()), Box::pin(driver.connection())];
            for one in &mut waiting {
                assert!(one.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            held.give_back(&Ok(()));
            drop(held);
            // The first is woken, and leaves before it has noticed.
            time::sleep(Duration::from_millis(50)).await;
            let [first, second] = waiting;
            drop(first);
            let second = timeout(Duration::from_secs(2), second).await;
            let mut second = second.expect("the connection is free").unwrap();
            second.give_back(&Ok(()));
            drop(second);
            is_free(&driver).await;

            // One whose turn it is, and the pool has nothing yet.
            let held = driver.pool.get_conn().await.unwrap();
            let mut asking = Box::pin(driver.connection());
            assert!(timeout(Duration::from_millis(50), &mut asking).await.is_err());
            drop(asking);
            drop(held);
            is_free(&driver).await;
        }
    }

    #[tokio::test]
    #[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
    async fn who_waits_in_vain_for_the_pool_gives_its_turn_back() {
        let in_vain = Duration::from_secs(1);
        let options = options().pool_size(1).timeout(in_vain).connect_timeout(in_vain);
        let driver = MysqlDriver::open(&options).await.unwrap();
        let held = driver.pool.get_conn().await.unwrap();
        let late = timeout(Duration::from_secs(5), driver.connection()).await;
        assert!(late.expect("it does not wait for ever").is_err());
        drop(held);
        is_free(&driver).await;
    }

    async fn is_free(driver: &MysqlDriver) {
        let newcomer = timeout(Duration::from_secs(2), driver.connection()).await;
        let mut newcomer = newcomer.expect("the connection is free").unwrap();
        newcomer.give_back(&Ok(()));
    }
}
