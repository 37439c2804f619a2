//! One lookup among a thousand sessions, and among a million: ours, and the same statement straight through the driver.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use auth_core::{
    NewUser, SessionConfig, SessionId,
    adapter::{Adapter, SessionAdapter},
    adapters::AnyAdapter,
};

use crate::{Failure, Work, build, print, rate, session};

/// What a database does by itself a while after so many inserts, and how its driver is asked for a session by its id.
pub(crate) struct Beside<'a> {
    pub(crate) settle: &'a dyn Fn() -> Work,
    pub(crate) driver: Option<&'a dyn Fn(String) -> Work>,
}

/// One lookup among a thousand sessions, and among a million; of a thousand users. The ratio is of the rate among a thousand.
pub(crate) async fn growth(store: &str, adapter: AnyAdapter, beside: Beside<'_>) -> Result<(), Failure> {
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
    let (mut made, mut few) = (0_usize, Vec::new());
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
        (beside.settle)().await;
        let next = Arc::new(AtomicUsize::new(0));
        // A step that meets all of them, far apart.
        let id = || format!("growth{}", next.fetch_add(1, Ordering::Relaxed).wrapping_mul(7_919) % count);
        let ours = || -> Work {
            let (adapter, id) = (adapter.clone(), SessionId::from(id()));
            Box::pin(async move {
                let found = adapter.get_session_and_user(&id).await.expect("it answers");
                assert!(found.is_some());
            })
        };
        let mut found = vec![(store.to_owned(), warm(&ours).await)];
        if let Some(driver) = beside.driver {
            found.push((format!("{store}, driver"), warm(&|| driver(id())).await));
        }
        for (at, (store, rate)) in found.iter().enumerate() {
            print(store, name, *rate, few.get(at).map(|few| (*few, rate / few)));
        }
        few = found.into_iter().map(|(_, rate)| rate).collect();
    }
    Ok(())
}

/// The rate of what has been asked for a while: memory that a process sees for the first time is dear.
async fn warm(act: &impl Fn() -> Work) -> f64 {
    rate(act).await;
    rate(act).await
}
