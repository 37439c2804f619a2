//! The core on the stores it ships with, for what needs no HTTP.

use auth_core::{
    Attribute, Auth, AuthBuilder, Secret,
    adapters::{MemoryAdapter, SqliteAdapter},
    testing::ManualClock,
};

/// One core and the clock it reads.
pub(super) struct Core {
    pub(super) auth: Auth,
    pub(super) clock: ManualClock,
}

impl Core {
    async fn build(builder: AuthBuilder, setup: fn(AuthBuilder) -> AuthBuilder) -> Self {
        let clock = ManualClock::default();
        let builder = builder
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .clock(clock.clone())
            .user_attribute(Attribute::text("username").unique())
            .user_attribute(Attribute::integer("age"))
            .session_attribute(Attribute::text("country"));
        let auth = setup(builder).build().unwrap();
        auth.migrate().await.unwrap();
        Self { auth, clock }
    }

    pub(super) async fn memory(setup: fn(AuthBuilder) -> AuthBuilder) -> Self {
        Self::build(Auth::builder(MemoryAdapter::default()), setup).await
    }

    pub(super) async fn sqlite(setup: fn(AuthBuilder) -> AuthBuilder) -> Self {
        let adapter = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
        Self::build(Auth::builder(adapter), setup).await
    }
}

/// Runs each story on every store.
macro_rules! on_every_store {
    ($($story:ident,)+) => {
        mod memory {
            $(#[tokio::test] async fn $story() {
                super::$story($crate::flows::stores::Core::memory(|builder| builder).await).await;
            })+
        }
        mod sqlite {
            $(#[tokio::test] async fn $story() {
                super::$story($crate::flows::stores::Core::sqlite(|builder| builder).await).await;
            })+
        }
    };
}
pub(super) use on_every_store;
