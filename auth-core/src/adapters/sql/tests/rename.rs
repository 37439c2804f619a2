//! Between the look at a key and its new name, the key becomes somebody else's.

use async_trait::async_trait;

use crate::{
    ErrorKind, Timestamp,
    adapter::{Store, UserAdapter},
    adapters::{
        SqliteAdapter,
        sql::{Dialect, Outcome, Row, Sql, SqlAdapter, SqlError, Statement, Step},
    },
    id::{KeyId, UserId},
    model::{KeyRecord, User, UserPatch},
};

/// Before anything is written, the key of the first user is the second's.
struct Meanwhile(SqliteAdapter);

#[async_trait]
impl Sql for Meanwhile {
    fn dialect(&self) -> &'static Dialect {
        self.0.sql().dialect()
    }

    async fn fetch(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        self.0.sql().driver.fetch(statement).await
    }

    async fn write(&self, steps: Vec<Step>) -> Result<Vec<Outcome>, SqlError> {
        let key = self.0.get_key(&key_id()).await.unwrap().unwrap();
        self.0.delete_key(&key.id).await.unwrap();
        let user_id = UserId::from("second");
        self.0.set_key(&KeyRecord { user_id, ..key }).await.unwrap();
        self.0.sql().driver.write(steps).await
    }
}

fn key_id() -> KeyId {
    KeyId::from("email:ada@example.com".to_owned())
}

#[tokio::test]
async fn a_key_that_became_anothers_is_not_renamed() {
    let adapter = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
    adapter.migrate().await.unwrap();
    let now = Timestamp::default();
    let [first, second] = ["first", "second"].map(|id| User::new(UserId::from(id), now));
    adapter.set_user(&first, None).await.unwrap();
    adapter.set_user(&second, None).await.unwrap();
    let key = KeyRecord {
        id: key_id(),
        user_id: first.id.clone(),
        hashed_password: None,
        primary: true,
        expires: None,
        created_at: now,
        updated_at: now,
    };
    adapter.set_key(&key).await.unwrap();

    let slow = SqlAdapter::new(Meanwhile(adapter.clone()), "auth_").unwrap();
    let patch = UserPatch {
        email: Some(Some("new@example.com".to_owned())),
        ..UserPatch::default()
    };
    let new_id = KeyId::from("email:new@example.com".to_owned());
    let renamed = slow.rename_key(&key.id, &new_id, &patch, now).await;
    assert_eq!(renamed.unwrap_err().kind(), ErrorKind::InvalidKeyId);
    assert_eq!(adapter.get_key(&new_id).await.unwrap(), None);
    assert_eq!(adapter.get_user(&first.id).await.unwrap(), Some(first));
}
