//! Implementations of the [ports](crate::adapter): in memory, and SQL databases behind features.
//!
//! | adapter | feature | for |
//! |---|---|---|
//! | [`MemoryAdapter`] | – | tests, and trying things out |
//! | [`MemorySessions`] | – | sessions beside users kept elsewhere, gone with the process |
//! | [`SqliteAdapter`] | `sqlite` | one machine |
//! | [`PostgresAdapter`] | `postgres` | many |
//! | [`MysqlAdapter`] | `mysql` | many |
//! | [`RedisSessions`] | `redis` | sessions beside users kept elsewhere, for many machines |
//! | [`AnyAdapter`] | – | whichever of them a URL names at run time |
//! | [`CachedAdapter`] | – | in front of any of them: sessions asked for often |
//! | [`ReplicatedAdapter`] | – | lookups at a read replica |
//!
//! Buses between processes: [`MemoryInvalidations`], [`RedisInvalidations`], [`PostgresInvalidations`].

mod any;
mod bus;
mod cached;
#[cfg(all(
    test,
    unix,
    feature = "mysql",
    feature = "postgres",
    feature = "sqlite",
    feature = "sqlx",
    feature = "testing"
))]
mod fault_tests;
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod replicated;
#[cfg(any(feature = "mysql", feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(all(feature = "sqlx", any(feature = "mysql", feature = "postgres", feature = "sqlite")))]
mod sqlx;
mod wrapped;

pub use any::AnyAdapter;
pub use cached::{CacheOptions, CachedAdapter};
pub use memory::{MemoryAdapter, MemoryInvalidations, MemorySessions};
#[cfg(feature = "mysql")]
#[cfg_attr(docsrs, doc(cfg(feature = "mysql")))]
pub use mysql::{MysqlAdapter, MysqlOptions};
#[cfg(feature = "postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
pub use postgres::{PostgresAdapter, PostgresInvalidations, PostgresOptions};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis::{RedisInvalidations, RedisOptions, RedisSessions};
pub use replicated::ReplicatedAdapter;
#[cfg(feature = "sqlite")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
pub use sqlite::{SqliteAdapter, SqliteOptions, Synchronous};
#[cfg(all(feature = "sqlx", any(feature = "mysql", feature = "postgres", feature = "sqlite")))]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlx")))]
pub use sqlx::PoolLimits;

#[cfg(all(test, feature = "sqlite", feature = "testing"))]
mod tests;
