use std::sync::{Arc, PoisonError, RwLock};

use deadpool::managed::Manager as _;
use deadpool_postgres::{ClientWrapper, Manager};
use tokio::sync::Mutex;

use super::error::sql_error;
use crate::adapters::sql::SqlError;

/// One connection that everybody reads on, made anew when it breaks.
pub(super) struct Reader {
    manager: Manager,
    begin: Arc<str>,
    client: RwLock<Option<Arc<ClientWrapper>>>,
    /// Held while connecting, so that one does it and the others wait.
    connecting: Mutex<()>,
}

impl Reader {
    /// One whose connections begin with these statements.
    pub(super) fn new(manager: Manager, begin: Arc<str>) -> Self {
        Self {
            manager,
            begin,
            client: RwLock::default(),
            connecting: Mutex::default(),
        }
    }

    /// The connection, or why there is none.
    pub(super) async fn client(&self) -> Result<Arc<ClientWrapper>, SqlError> {
        if let Some(client) = self.open() {
            return Ok(client);
        }
        let _connecting = self.connecting.lock().await;
        if let Some(client) = self.open() {
            return Ok(client);
        }
        let client = Arc::new(self.manager.create().await.map_err(sql_error)?);
        client.batch_execute(&self.begin).await.map_err(sql_error)?;
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&client));
        Ok(client)
    }

    /// Asks this connection no more: it did not answer in time, and nobody may ever say that it is over. Those who wait
    /// for it still do.
    pub(super) fn give_up(&self, silent: Option<&Arc<ClientWrapper>>) {
        let mut client = self.client.write().unwrap_or_else(PoisonError::into_inner);
        if client
            .as_ref()
            .zip(silent)
            .is_some_and(|(client, silent)| Arc::ptr_eq(client, silent))
        {
            *client = None;
        }
    }

    fn open(&self) -> Option<Arc<ClientWrapper>> {
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner);
        client.as_ref().filter(|client| !client.is_closed()).cloned()
    }
}
