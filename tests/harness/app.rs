use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    rc::Rc,
    time::Duration,
};

use auth_core::{
    Attribute, Auth, AuthBuilder, Clock, Limit, Limits, MemoryMailer, MemorySms, PasswordConfig, Secret, Timestamp,
    Tokens,
    adapters::{AnyAdapter, CacheOptions, CachedAdapter},
    testing::{EventLog, FaultyAdapter, ManualClock},
};
use bytes::Bytes;
use http::{Request, Response};

use super::{Client, Store, actix, axum, core, socket};

/// A password that no policy minds.
pub const PASSWORD: &str = "correct horse battery";

/// Who carries requests to the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    Core,
    /// The core, over another store than memory.
    CoreOn(Store),
    /// The core, with token sessions, over a store.
    CoreWithTokens(Store),
    Axum,
    Actix,
    /// axum, over a real connection.
    AxumSocket,
    /// actix-web, over a real connection.
    ActixSocket,
}

impl Driver {
    pub const ALL: [Self; 3] = [Self::Core, Self::Axum, Self::Actix];

    /// Where its applications keep things.
    fn kept(self) -> Store {
        match self {
            Self::CoreOn(store) | Self::CoreWithTokens(store) => store,
            _ => Store::Memory,
        }
    }
}

pub(super) type Answering = Pin<Box<dyn Future<Output = Response<Bytes>>>>;

/// An application with the library in it, and everything a test wants to turn or look at.
///
/// Its own routes: `/public`, `/me`, `/session`, `/maybe`, `/maybe_session`, `/optional` (session and user, where there are),
/// `/guarded`, `/fresh`, `/many` (asks eight times at once), `/broken` (asks, then fails), `/cached` (asks, and may be kept by
/// every cache), `/cookies` (sets cookies of its own), `/write` (POST), `/checked` (asks the store), `/lenient` (takes anybody).
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "nobody prints an application")]
pub struct App {
    pub driver: Driver,
    pub auth: Auth,
    pub clock: ManualClock,
    pub events: EventLog,
    pub store: FaultyAdapter<AnyAdapter>,
    /// What was mailed, by an application [with post](App::with_post).
    pub mails: MemoryMailer,
    /// What was sent as text messages, by an application [with post](App::with_post).
    pub texts: MemorySms,
    /// Where it listens, over real connections.
    pub(super) address: Option<SocketAddr>,
    pub(super) call: Rc<dyn Fn(Request<Bytes>, IpAddr) -> Answering>,
}

/// How the tests' applications hash, so that any of them reads what another wrote as its own.
pub fn passwords() -> PasswordConfig {
    PasswordConfig::default().danger_cheap_hashes().queue(1_000)
}

/// What a test changes of the configuration.
pub type Setup = fn(AuthBuilder) -> AuthBuilder;

impl App {
    pub async fn new(driver: Driver) -> Self {
        Self::with(driver, |builder| builder).await
    }

    pub async fn with(driver: Driver, setup: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Self {
        let store = FaultyAdapter::new(driver.kept().open().await);
        Self::over(driver, store, ManualClock::default(), setup).await
    }

    /// An application with a cache of sessions in front of its store.
    pub async fn with_cache(driver: Driver) -> Self {
        let cached = CachedAdapter::new(driver.kept().open().await, CacheOptions::default());
        let store = FaultyAdapter::new(AnyAdapter::new(cached));
        Self::over(driver, store, ManualClock::default(), |builder| builder).await
    }

    /// Another process over the same store, at the same time.
    pub async fn beside(&self, setup: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Self {
        Self::over(self.driver, self.store.clone(), self.clock.clone(), setup).await
    }

    async fn over(
        driver: Driver,
        store: FaultyAdapter<AnyAdapter>,
        clock: ManualClock,
        setup: impl FnOnce(AuthBuilder) -> AuthBuilder,
    ) -> Self {
        let events = EventLog::default();
        let generous = Limit::new(100_000, Duration::from_secs(60));
        let builder = Auth::builder(store.clone())
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .trusted_origin("https://admin.example.com")
            .clock(clock.clone())
            .events(events.clone())
            .passwords(passwords())
            .limits(
                Limits::default()
                    .sign_in_per_client(generous)
                    .sign_up_per_account(generous)
                    .sign_up_per_client(generous),
            )
            .user_attribute(Attribute::text("username").unique().editable())
            .user_attribute(Attribute::integer("credits"));
        let builder = match driver {
            Driver::AxumSocket | Driver::ActixSocket => builder.trusted_proxy(socket::PROXY),
            Driver::CoreWithTokens(_) => builder.sessions(Tokens::default().check_store(true)),
            Driver::Core | Driver::CoreOn(_) | Driver::Axum | Driver::Actix => builder,
        };
        let auth = setup(builder).build().expect("the configuration is sound");
        auth.migrate().await.expect("the store is there");
        let in_process = |call| (None, call);
        let on_port = |(address, call)| (Some(address), call);
        let (address, call) = match driver {
            Driver::Core | Driver::CoreOn(_) | Driver::CoreWithTokens(_) => in_process(core::driver(auth.clone())),
            Driver::Axum => in_process(axum::driver(auth.clone())),
            Driver::Actix => in_process(actix::driver(auth.clone()).await),
            Driver::AxumSocket => on_port(socket::axum_driver(auth.clone()).await),
            Driver::ActixSocket => on_port(socket::actix_driver(auth.clone())),
        };
        Self {
            driver,
            auth,
            clock,
            events,
            store,
            mails: MemoryMailer::default(),
            texts: MemorySms::default(),
            address,
            call,
        }
    }

    /// A browser: keeps cookies, says where its requests come from.
    pub fn browser(&self) -> Client {
        Client::browser(self.clone())
    }

    /// A script: no cookies, no origin.
    pub fn script(&self) -> Client {
        Client::script(self.clone())
    }

    /// A program that keeps its tokens itself.
    pub fn keeper(&self) -> Client {
        self.script().with("st-auth-mode", "header")
    }

    /// A browser in which somebody has just signed up.
    pub async fn signed_up(&self, email: &str) -> Client {
        let browser = self.browser();
        let answer = browser.sign_up(email, PASSWORD).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        browser
    }

    /// The time, as the library reads it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves time on.
    pub fn wait(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The name of the session cookie.
    pub fn cookie_name(&self) -> &'static str {
        "__Host-auth_session"
    }
}
