//! What an application hands to the library may ask the library: nothing is locked while it is called.

use std::{
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use async_trait::async_trait;
use auth_core::{
    Auth, Captcha, CaptchaAnswer, CaptchaCheck, CaptchaToken, DeliveryError, Event, EventSink, HashedPassword,
    LeakCheck, LeakDigest, LeakedPasswords, Mail, Mailer, Password, PasswordHasher, UserId, UserQuery, Verified,
};
use serde_json::json;

use crate::{App, MINUTE, PASSWORD, passwords, stories_on_memory};

// The callback holds up the thread of the request, on which drivers of databases have work to do here.
stories_on_memory![g6_12_14_callbacks_may_call_back,];

const ADA: &str = "ada@example.com";

/// Calls back, and counts what came of it.
#[derive(Clone, Default)]
struct Back {
    auth: Arc<OnceLock<Auth>>,
    called: Arc<AtomicUsize>,
    stuck: Arc<AtomicUsize>,
}

impl Back {
    /// Asks from a thread of its own, while whoever calls waits: it would wait for ever for a lock that the caller holds.
    fn call(&self) {
        let Some(auth) = self.auth.get().cloned() else { return };
        let (done, answered) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                auth.list_users(&UserQuery {
                    limit: 1,
                    ..UserQuery::default()
                })
                .await
                .unwrap();
                let nobody = auth.get_user(&UserId::from("nobody")).await;
                assert!(nobody.is_err());
                auth.delete_expired_sessions().await.unwrap();
                let made = auth.sign_in_anonymously(Default::default(), Default::default()).await;
                assert!(made.is_err(), "nobody is anonymous here");
            });
            let _ = done.send(());
        });
        self.called.fetch_add(1, Ordering::SeqCst);
        if answered.recv_timeout(Duration::from_secs(10)).is_err() {
            self.stuck.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl EventSink for Back {
    fn emit(&self, _: &Event) {
        self.call();
    }
}

#[async_trait]
impl Mailer for Back {
    async fn send(&self, _: &Mail) -> Result<(), DeliveryError> {
        self.call();
        Ok(())
    }
}

#[async_trait]
impl Captcha for Back {
    async fn check(&self, _: &CaptchaToken, _: Option<IpAddr>) -> auth_core::Result<CaptchaAnswer> {
        self.call();
        Ok(CaptchaAnswer::Passed)
    }
}

#[async_trait]
impl LeakedPasswords for Back {
    async fn contains(&self, _: &LeakDigest) -> auth_core::Result<bool> {
        self.call();
        Ok(false)
    }
}

impl PasswordHasher for Back {
    fn hash(&self, _: &Password) -> auth_core::Result<HashedPassword> {
        self.call();
        Ok(HashedPassword::from_stored("a hash"))
    }

    fn verify(&self, _: &Password, _: &HashedPassword) -> auth_core::Result<Verified> {
        self.call();
        Ok(Verified::Outdated)
    }
}

/// G6.12-14.
async fn g6_12_14_callbacks_may_call_back(app: App) {
    let back = Back::default();
    let ids = back.clone();
    let number = AtomicUsize::new(0);
    let app = App::with(app.driver, |builder| {
        builder
            .events(back.clone())
            .mailer(back.clone())
            .captcha(CaptchaCheck::new(back.clone()).timeout(Duration::from_secs(10)))
            .passwords(passwords().leak_check(LeakCheck::new(back.clone()).timeout(Duration::from_secs(5))))
            .password_hasher(back.clone())
            .user_ids(move || {
                ids.call();
                format!("user{}", number.fetch_add(1, Ordering::SeqCst))
            })
    })
    .await;
    back.auth.set(app.auth.clone()).ok().unwrap();

    let token = json!({ "captcha_token": "x" });
    let body = json!({ "email": ADA, "password": PASSWORD, "gotrue_meta_security": token });
    assert_eq!(app.keeper().post("/api/auth/signup", body.clone()).await.status(), 200);
    app.deliver().await;
    let link = auth_core::GenerateLink::recovery(ADA);
    let link = app.auth.generate_link(link).await.unwrap();
    let browser = app.browser();
    assert_eq!(browser.verify_link("recovery", &link.hashed_token).await.status(), 200);
    // Each of them is in the middle of something: a renewal, a change, an end.
    app.wait(Duration::from_secs(2 * 24 * 3_600));
    assert_eq!(browser.get("/many").await.status(), 200);
    assert_eq!(app.keeper().post("/api/auth/recover", body).await.status(), 200);
    app.wait(MINUTE);
    app.deliver().await;
    assert_eq!(browser.post("/api/auth/logout", json!({})).await.status(), 204);
    assert!(
        back.called.load(Ordering::SeqCst) > 10,
        "{}",
        back.called.load(Ordering::SeqCst)
    );
    assert_eq!(back.stuck.load(Ordering::SeqCst), 0);
}
