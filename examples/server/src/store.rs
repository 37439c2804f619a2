//! Where things are kept.

use std::{fs, path::Path};

use auth_core::adapters::{
    AnyAdapter, MysqlAdapter, MysqlOptions, PostgresAdapter, PostgresOptions, RedisOptions, RedisSessions,
};

use crate::{Failure, Settings};

/// The database, and the session store if there is one; both are reached.
pub(crate) async fn open(settings: &Settings) -> Result<AnyAdapter, Failure> {
    let adapter = database(settings).await?;
    let Some(url) = &settings.sessions else {
        return match settings.sessions_ca {
            Some(_) => Err(Failure::new("--sessions is missing: what is --sessions-ca for?")),
            None => Ok(adapter),
        };
    };
    let mut options = RedisOptions::new(url);
    if let Some(path) = &settings.sessions_ca {
        options = options.root_certificates(read(path)?);
    }
    Ok(adapter.with_sessions(RedisSessions::open(options).await?))
}

/// The URL of the database.
pub(crate) fn url(settings: &Settings) -> &str {
    settings.database.as_deref().unwrap_or("sqlite://auth-server.db")
}

/// A file that a setting names.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// The options of the two databases have the same methods, and no trait in common.
macro_rules! configured {
    ($options:expr, $settings:expr, $certificates:expr) => {{
        let mut options = $options;
        if let Some(pem) = $certificates {
            options = options.root_certificates(pem);
        }
        if let Some(schema) = &$settings.database_schema {
            options = options.schema(schema);
        }
        if let Some(size) = $settings.database_pool {
            options = options.pool_size(size);
        }
        options
    }};
}

async fn database(settings: &Settings) -> Result<AnyAdapter, Failure> {
    let url = url(settings);
    let certificates = settings.database_ca.as_deref().map(read).transpose()?;
    match url.split(':').next() {
        Some("postgres" | "postgresql") => {
            let options = configured!(PostgresOptions::new(url), settings, certificates);
            Ok(AnyAdapter::new(PostgresAdapter::open(options).await?))
        }
        Some("mysql" | "mariadb") => {
            let url = url.replacen("mariadb:", "mysql:", 1);
            let options = configured!(MysqlOptions::new(url), settings, certificates);
            Ok(AnyAdapter::new(MysqlAdapter::open(options).await?))
        }
        _ if certificates.is_some() || settings.database_schema.is_some() || settings.database_pool.is_some() => Err(
            Failure::new("--database-ca, --database-schema and --database-pool are for postgres:// and mysql://"),
        ),
        _ => Ok(AnyAdapter::connect(url).await?),
    }
}
