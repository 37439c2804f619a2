use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::timeout,
};
use tokio_postgres::{NoTls, config::SslMode};

use super::{options::PostgresOptions, reader::Reader, run, tls};
use crate::{
    adapters::sql::{
        Dialect, Outcome, POSTGRES, Row, Sql, SqlError, SqlErrorKind, Statement, Step, is_connection_good, is_script,
    },
    error::{Error, Result},
};

/// The connections of one database.
pub(super) struct PostgresDriver {
    readers: Box<[Reader]>,
    next: AtomicUsize,
    writers: Pool,
    under_way: Semaphore,
    timeout: Duration,
}

/// How often an act is repeated that the server broke off in favour of another.
const TRIES: usize = 5;

impl PostgresDriver {
    pub(super) async fn open(options: &PostgresOptions) -> Result<Self> {
        let config = options.config()?;
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => None,
            _ => Some(tls::connector(options)?),
        };
        let manager = || {
            let settings = ManagerConfig {
                // Whether the connection is closed; a question to the server would double the round trips.
                recycling_method: RecyclingMethod::Fast,
            };
            match &tls {
                None => Manager::from_config(config.clone(), NoTls, settings),
                Some(tls) => Manager::from_config(config.clone(), tls.clone(), settings),
            }
        };
        let begin: Arc<str> = options.begin().into();
        let writers = Pool::builder(manager())
            .post_create(begins_with(Arc::clone(&begin)))
            .max_size(options.pool_size)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(options.timeout),
                create: Some(options.connect_timeout),
                recycle: Some(options.timeout),
            })
            .build()
            .map_err(Error::fetch_failed)?;
        let driver = Self {
            readers: (0..options.readers)
                .map(|_| Reader::new(manager(), Arc::clone(&begin)))
                .collect(),
            next: AtomicUsize::new(0),
            writers,
            under_way: Semaphore::new(options.queue.min(Semaphore::MAX_PERMITS)),
            timeout: options.timeout,
        };
        let alive = driver.fetch(Statement::text("SELECT 1")).await;
        alive.map_err(Error::fetch_failed)?;
        Ok(driver)
    }

    /// Bounds a piece of work; `late` is told when it did not end in time.
    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, SqlError>>,
        late: impl FnOnce(),
    ) -> Result<T, SqlError> {
        let other = |reason: &'static str| SqlError::new(SqlErrorKind::Other, reason);
        let _permit = self
            .under_way
            .try_acquire()
            .map_err(|_| other("too many statements are waiting for PostgreSQL"))?;
        timeout(self.timeout, work).await.unwrap_or_else(|_| {
            late();
            Err(other("PostgreSQL did not answer in time"))
        })
    }

    async fn act(&self, steps: &[Step]) -> Result<Vec<Outcome>, SqlError> {
        for _ in 1..TRIES {
            match self.try_act(steps).await {
                Err(error) if error.kind == SqlErrorKind::Again => {}
                done => return done,
            }
        }
        self.try_act(steps).await
    }

    async fn try_act(&self, steps: &[Step]) -> Result<Vec<Outcome>, SqlError> {
        let mut writer = self.writer().await?;
        let done = run::act(writer.client()?, steps).await;
        writer.give_back(&done);
        done
    }

    async fn writer(&self) -> Result<Writer, SqlError> {
        let client = self.writers.get().await;
        let client = client.map_err(|error| SqlError::new(SqlErrorKind::Other, error))?;
        Ok(Writer(Some(client)))
    }
}

fn begins_with(begin: Arc<str>) -> Hook {
    Hook::async_fn(move |client, _| {
        let begin = Arc::clone(&begin);
        Box::pin(async move { client.batch_execute(&begin).await.map_err(HookError::Backend) })
    })
}

/// A connection in an act. Whoever leaves in the middle of one leaves a transaction that nobody knows: it is closed, and
/// the server undoes it.
struct Writer(Option<Object>);

impl Writer {
    fn client(&self) -> Result<&Object, SqlError> {
        let none = || SqlError::new(SqlErrorKind::Other, "there is no connection");
        self.0.as_ref().ok_or_else(none)
    }

    /// Back to the pool, unless the connection itself may be what failed.
    fn give_back<T>(&mut self, done: &Result<T, SqlError>) {
        if is_connection_good(done) {
            drop(self.0.take());
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

#[async_trait]
impl Sql for PostgresDriver {
    fn dialect(&self) -> &'static Dialect {
        &POSTGRES
    }

    async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.readers.len();
        let (reader, asked) = (&self.readers[next], OnceCell::new());
        let work = async {
            let client = asked.get_or_try_init(|| reader.client()).await?;
            run::fetch(client, &statement).await
        };
        self.in_time(work, || reader.give_up(asked.get())).await
    }

    /// By itself on a connection: those of the readers answer in the order in which they were asked.
    async fn list(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        let work = async {
            let mut writer = self.writer().await?;
            let rows = run::fetch(writer.client()?, &statement).await;
            writer.give_back(&rows);
            rows
        };
        self.in_time(work, || {}).await
    }

    async fn write(&self, steps: Vec<Step>) -> Result<Vec<Outcome>, SqlError> {
        if is_script(&steps) {
            return self.act(&steps).await;
        }
        self.in_time(self.act(&steps), || {}).await
    }
}
