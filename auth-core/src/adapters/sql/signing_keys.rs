use async_trait::async_trait;

use super::{SqlValue, Statement, Step, adapter::SqlAdapter, rows::Reader, values::signing_key_values};
use crate::{
    adapter::SigningKeyAdapter,
    error::{Error, Result},
    model::SigningKeyRecord,
};

#[async_trait]
impl SigningKeyAdapter for SqlAdapter {
    async fn get_signing_keys(&self) -> Result<Vec<SigningKeyRecord>> {
        let rows = self.read(&self.queries().get_signing_keys, Vec::new()).await?;
        rows.into_iter().map(|row| Reader::new(row).signing_key()).collect()
    }

    async fn set_signing_key(&self, key: &SigningKeyRecord) -> Result<bool> {
        let insert = Statement::new(&self.queries().insert_signing_key, signing_key_values(key));
        match self.write(vec![Step::any(insert)]).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind.is_duplicate() => Ok(false),
            Err(error) => Err(Error::update_failed(error)),
        }
    }

    async fn delete_signing_keys(&self, up_to: i64) -> Result<()> {
        let values = vec![SqlValue::Integer(up_to)];
        self.execute(&self.queries().delete_signing_keys, values)
            .await
            .map(drop)
    }
}
