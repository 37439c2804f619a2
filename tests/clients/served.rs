use std::net::{SocketAddr, TcpListener};

use auth_actix::AuthMiddleware;
use auth_axum::AuthLayer;
use auth_core::{
    Auth, AuthBuilder, CookieOptions, Limits, LinkStyle, OneTimeConfig, PasswordConfig, PhoneConfig, Secret, Tokens,
    adapters::MemoryAdapter,
};
use tokio::sync::oneshot;

use crate::letterbox::Letterbox;

/// Which framework serves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Framework {
    Actix,
    Axum,
}

/// A server on a port of its own, on threads of its own; it ends with this value.
pub(crate) struct Served {
    pub(crate) auth: Auth,
    pub(crate) letterbox: Letterbox,
    address: SocketAddr,
    _alive: oneshot::Sender<()>,
}

impl Served {
    /// A server as GoTrue's clients know it: tokens, addresses that are confirmed by links that lead on at once, and no limits.
    pub(crate) async fn start(framework: Framework) -> Self {
        Self::with(framework, |builder, letterbox| letterbox.of(builder)).await
    }

    /// The same, without anybody who sends mails or text messages.
    pub(crate) async fn without_post(framework: Framework) -> Self {
        Self::with(framework, |builder, _| {
            builder.phone(PhoneConfig::default().enabled(true))
        })
        .await
    }

    async fn with(framework: Framework, setup: fn(AuthBuilder, &Letterbox) -> AuthBuilder) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let letterbox = Letterbox::open().await;
        let builder = Auth::builder(MemoryAdapter::default())
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url(format!("http://localhost:{}", address.port()))
            .sessions(Tokens::default())
            .one_time(OneTimeConfig::default().link_style(LinkStyle::Direct))
            .passwords(PasswordConfig::default().danger_cheap_hashes().queue(1_000))
            .limits(Limits::danger_unlimited())
            .keep_events(true)
            .auth_cookie(CookieOptions::default())
            .user_ids(uuid);
        let auth = setup(builder, &letterbox).build().expect("the configuration is sound");
        auth.migrate().await.unwrap();
        let (alive, over) = oneshot::channel();
        match framework {
            Framework::Actix => actix(listener, auth.clone(), over),
            Framework::Axum => axum(listener, auth.clone(), over),
        }
        Self {
            auth,
            letterbox,
            address,
            _alive: alive,
        }
    }

    /// Where the routes are.
    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}{}", self.address.port(), self.auth.base_path())
    }

    /// An administrator's token.
    pub(crate) fn service_token(&self) -> String {
        self.auth.service_token(std::time::Duration::from_secs(3_600))
    }
}

/// The administration of today's JavaScript client takes no other ids.
fn uuid() -> String {
    let random = auth_core::generate_random_string(16).unwrap();
    let hex: String = random.bytes().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c, d) = (&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20]);
    format!("{a}-{b}-4{c}-8{d}-{}", &hex[20..])
}

fn axum(listener: TcpListener, auth: Auth, over: oneshot::Receiver<()>) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let app = axum::Router::new()
                .nest_service(auth.base_path(), auth_axum::routes(&auth))
                .layer(AuthLayer::new(auth))
                .into_make_service_with_connect_info::<SocketAddr>();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            tokio::select! {
                served = async { axum::serve(listener, app).await } => served.unwrap(),
                _ = over => {}
            }
        });
    });
}

fn actix(listener: TcpListener, auth: Auth, over: oneshot::Receiver<()>) {
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = actix_web::HttpServer::new(move || {
                actix_web::App::new()
                    .wrap(AuthMiddleware::new(auth.clone()))
                    .service(auth_actix::routes(&auth))
            })
            .workers(2)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
            let handle = server.handle();
            actix_web::rt::spawn(async move {
                // Nobody holds the server any more.
                let _ = over.await;
                handle.stop(false).await;
            });
            server.await.unwrap();
        });
    });
}
