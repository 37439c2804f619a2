use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{DeliveryError, Mail, Mailer, Sms, SmsSender};

/// Keeps mails instead of sending them, for tests. Clones share them.
///
/// ```
/// use auth_core::{Mail, Mailer, MemoryMailer};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mailer = MemoryMailer::default();
/// mailer.send(&Mail::new("m1", "ada@example.com", "Hello", "How are you?")).await?;
/// assert_eq!(mailer.sent()[0].subject, "Hello");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryMailer(Arc<Kept<Mail>>);

/// Keeps text messages instead of sending them, for tests. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemorySms(Arc<Kept<Sms>>);

macro_rules! memory {
    ($name:ident, $port:ident, $message:ident, $what:literal $($more:tt)*) => {
        impl $name {
            #[doc = concat!("All ", $what, " so far, oldest first.")]
            pub fn sent(&self) -> Vec<$message> {
                self.0.all()
            }

            #[doc = concat!("All ", $what, " as soon as there are that many; `None` when that takes too long.")]
            pub async fn wait_for(&self, count: usize, at_most: Duration) -> Option<Vec<$message>> {
                self.0.wait_for(count, at_most).await
            }

            #[doc = concat!("Forgets all ", $what, ".")]
            pub fn clear(&self) {
                self.0.lock().clear();
            }
        }

        #[async_trait]
        impl $port for $name {
            async fn send(&self, message: &$message) -> Result<(), DeliveryError> {
                self.0.add(message.clone());
                Ok(())
            }

            $($more)*
        }
    };
}

memory!(MemoryMailer, Mailer, Mail, "mails");
memory!(MemorySms, SmsSender, Sms, "text messages" fn name(&self) -> &str { "memory" });

struct Kept<T> {
    messages: Mutex<Vec<T>>,
    added: Notify,
}

impl<T: Clone> Kept<T> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<T> {
        self.lock().clone()
    }

    fn add(&self, message: T) {
        self.lock().push(message);
        self.added.notify_waiters();
    }

    async fn wait_for(&self, count: usize, at_most: Duration) -> Option<Vec<T>> {
        let enough = async {
            loop {
                let added = self.added.notified();
                let all = self.all();
                if all.len() >= count {
                    return all;
                }
                added.await;
            }
        };
        tokio::time::timeout(at_most, enough).await.ok()
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            messages: Mutex::default(),
            added: Notify::new(),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.messages.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_with_the_message_or_with_the_time() {
        let sender = MemorySms::default();
        let waiting = tokio::spawn({
            let sender = sender.clone();
            async move { sender.wait_for(2, Duration::from_secs(10)).await }
        });
        for id in ["a", "b"] {
            sender.send(&Sms::new(id, "15551234567", "hi")).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(waiting.await.unwrap().unwrap().len(), 2);
        assert!(sender.wait_for(3, Duration::from_millis(10)).await.is_none());
        sender.clear();
        assert!(sender.sent().is_empty());
    }
}
