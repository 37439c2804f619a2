//! Who sends mails and text messages.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use auth_core::{
    AuthBuilder, ConsoleMailer, DeliveryError, FileMailer, Mail, Mailbox, Mailer, ReqwestClient, Sms, SmsSender,
    SmtpMailer, TwilioSms, WebhookSecrets, WebhookSms,
};

use crate::{Failure, Settings, metrics::Metrics, store};

pub(crate) fn configure(
    mut builder: AuthBuilder,
    settings: &Settings,
    metrics: Option<&Metrics>,
) -> Result<AuthBuilder, Failure> {
    if let Some(mailer) = mailer(settings)? {
        builder = builder.mailer(Counted(mailer, metrics.cloned()));
    }
    if let Some(sender) = sms_sender(settings)? {
        builder = builder.sms_sender(Counted(sender, metrics.cloned()));
    }
    Ok(builder)
}

fn mailer(settings: &Settings) -> Result<Option<Arc<dyn Mailer>>, Failure> {
    let from = || match &settings.mail_from {
        Some(from) => Ok(Mailbox::parse(from)?),
        None => Err(Failure::new("--mail-from is missing: who do mails come from?")),
    };
    if let Some(url) = &settings.smtp {
        let mut mailer = SmtpMailer::from_url(url, from()?)?;
        if let Some(path) = &settings.smtp_ca {
            mailer = mailer.root_certificates(store::read(path)?)?;
        }
        return Ok(Some(Arc::new(mailer)));
    }
    if settings.smtp_ca.is_some() {
        return Err(Failure::new("--smtp is missing: what is --smtp-ca for?"));
    }
    if let Some(folder) = &settings.mail_files {
        return Ok(Some(Arc::new(FileMailer::new(folder, from()?))));
    }
    Ok(match settings.mail_console {
        Some(true) => Some(Arc::new(ConsoleMailer::default())),
        _ => None,
    })
}

fn sms_sender(settings: &Settings) -> Result<Option<Arc<dyn SmsSender>>, Failure> {
    let client = || {
        ReqwestClient::new(Duration::from_secs(10)).map_err(|error| Failure::new(format!("no HTTP client: {error}")))
    };
    let needed = |value: &Option<String>, flag: &str| {
        value
            .clone()
            .ok_or_else(|| Failure::new(format!("{flag} is missing: --sms needs it")))
    };
    Ok(match settings.sms.as_deref() {
        None => None,
        Some("console") => Some(Arc::new(ConsoleMailer::default())),
        Some("twilio") => Some(Arc::new(TwilioSms::new(
            client()?,
            needed(&settings.twilio_account, "--twilio-account")?,
            needed(&settings.twilio_token, "--twilio-token")?,
            needed(&settings.twilio_from, "--twilio-from")?,
        )?)),
        Some(url) => {
            let secrets = WebhookSecrets::parse(&needed(&settings.sms_webhook_secret, "--sms-webhook-secret")?)?;
            Some(Arc::new(WebhookSms::new(client()?, url, secrets)?))
        }
    })
}

/// Counts what is sent and what is not.
struct Counted<T>(T, Option<Metrics>);

impl<T> Counted<T> {
    fn count(&self, channel: &'static str, sent: Result<(), DeliveryError>) -> Result<(), DeliveryError> {
        if let Some(metrics) = &self.1 {
            metrics.count_message(channel, sent.is_ok());
        }
        sent
    }
}

#[async_trait]
impl Mailer for Counted<Arc<dyn Mailer>> {
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
        let sent = self.0.send(mail).await;
        self.count("mail", sent)
    }
}

#[async_trait]
impl SmsSender for Counted<Arc<dyn SmsSender>> {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn send(&self, sms: &Sms) -> Result<(), DeliveryError> {
        let sent = self.0.send(sms).await;
        self.count("sms", sent)
    }
}
