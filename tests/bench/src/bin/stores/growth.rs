//! One lookup among a thousand sessions, and among a million.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use auth_core::{
    NewUser, SessionConfig, SessionId,
    adapter::{Adapter, SessionAdapter},
    adapters::AnyAdapter,
};

use crate::{Failure, build, print, rate, session};

/// One lookup among a thousand sessions, and among a million; of a thousand users.
pub(crate) async fn growth(store: &str, adapter: AnyAdapter, settle: impl AsyncFn() -> Result<(), Failure>) -> Result<(), Failure> {
    let auth = build(adapter.clone(), SessionConfig::default())?;
    auth.migrate().await?;
    let mut users = Vec::new();
    for number in 0..1_000 {
        users.push(auth.create_user(NewUser::with_key("of-growth", number.to_string())).await?.id);
    }
    let template = {
        let issued = session(&auth).await?;
        adapter.get_session(&issued.session.id).await?.ok_or("a session")?
    };
    let (mut made, mut few) = (0_usize, 0.0);
    for (count, name) in [(1_000_usize, "1 k sessions"), (1_000_000, "1 M sessions")] {
        while made < count {
            let batch = (made..count.min(made + 512)).map(|number| {
                let (mut record, adapter) = (template.clone(), adapter.clone());
                record.id = SessionId::from(format!("growth{number}"));
                record.user_id = users[number % users.len()].clone();
                async move { adapter.set_session(&record).await }
            });
            made += batch.len();
            for stored in futures_util::future::join_all(batch).await {
                stored?;
            }
        }
        settle().await?;
        let next = Arc::new(AtomicUsize::new(0));
        let found = rate(|| {
            // A step that meets all of them, far apart.
            let number = next.fetch_add(1, Ordering::Relaxed).wrapping_mul(7_919) % count;
            let (adapter, id) = (adapter.clone(), SessionId::from(format!("growth{number}")));
            async move {
                let found = adapter.get_session_and_user(&id).await.expect("it answers");
                assert!(found.is_some());
            }
        })
        .await;
        print(store, name, found, (few > 0.0).then_some(few));
        few = found;
    }
    Ok(())
}
