//! A mail server that takes its time, so that whoever waits learns whether a mail was sent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use auth_core::{DeliveryError, Mail, Mailer, NewUser, Sms, SmsSender};
use serde_json::json;

use crate::{App, Driver, PASSWORD, eventually, stories_on_memory};

stories_on_memory![nobody_waits_for_the_mail_server,];

/// Five seconds for each mail.
#[derive(Clone, Default)]
pub(super) struct Slow(Arc<AtomicUsize>);

#[async_trait::async_trait]
impl Mailer for Slow {
    async fn send(&self, _: &Mail) -> Result<(), DeliveryError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(())
    }
}

#[async_trait::async_trait]
impl SmsSender for Slow {
    async fn send(&self, _: &Sms) -> Result<(), DeliveryError> {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(())
    }
}

async fn nobody_waits_for_the_mail_server(app: App) {
    let slow = Slow::default();
    let mailer = slow.clone();
    let app = App::with(app.driver, |builder| builder.mailer(mailer)).await;
    for number in 0..4 {
        let new = NewUser::with_password("email", format!("u{number}@example.com"), PASSWORD).confirmed(true);
        app.auth.create_user(new).await.unwrap();
    }
    let begun = Instant::now();
    for (number, path) in ["signup", "magiclink", "recover", "otp"].into_iter().enumerate() {
        for email in [format!("u{number}@example.com"), format!("nobody{number}@example.com")] {
            let body = json!({ "email": email, "password": PASSWORD });
            let answer = app.keeper().post(&format!("/api/auth/{path}"), body).await;
            assert_eq!(answer.status(), 200, "{answer:?}");
        }
    }
    // Eight requests; one that waited would take longer than all of them.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    if app.driver == Driver::Core {
        let is_asked = || (slow.0.load(Ordering::SeqCst) > 0).then_some(());
        eventually("it is asked all the same", async || is_asked()).await;
    }
}
