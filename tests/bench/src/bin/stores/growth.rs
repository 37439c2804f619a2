//! One session among a thousand, and among a million: found and validated by ours, and found by the same statement straight
//! through drivers.

use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::{
    Auth, NewUser, SessionConfig, SessionId, SessionRecord, SessionToken, UserId,
    adapter::{Adapter, SessionAdapter},
    adapters::AnyAdapter,
};

use crate::{Failure, Work, build, print, rate, session};

/// How a driver is asked for a session by its id.
pub(crate) type Lookup = Box<dyn Fn(String) -> Work>;

/// What a database does by itself a while after so many inserts, and the drivers to put beside ours, by their names.
pub(crate) struct Beside<'a> {
    pub(crate) settle: &'a dyn Fn() -> Work,
    pub(crate) drivers: Vec<(&'a str, Lookup)>,
}

/// One session among a thousand, and among a million; of a thousand users. The ratio is of the rate among a thousand.
pub(crate) async fn growth(store: &str, adapter: AnyAdapter, beside: Beside<'_>) -> Result<(), Failure> {
    let auth = build(adapter.clone(), SessionConfig::default())?;
    auth.migrate().await?;
    let mut crowd = Crowd::make(&auth, &adapter).await?;
    let mut few = Vec::new();
    for (count, name) in [(1_000, "1 k sessions"), (1_000_000, "1 M sessions")] {
        crowd.grow(count).await?;
        (beside.settle)().await;
        let (next, secret) = (AtomicUsize::new(0), &crowd.secret);
        // A step that meets all of them, far apart.
        let id = || id(next.fetch_add(1, Ordering::Relaxed).wrapping_mul(7_919) % count);
        let lookup = || -> Work {
            let (adapter, id) = (adapter.clone(), SessionId::from(id()));
            Box::pin(async move { assert!(adapter.get_session_and_user(&id).await.expect("it answers").is_some()) })
        };
        let validate = || -> Work {
            let (auth, token) = (
                auth.clone(),
                SessionToken::parse(&format!("{}.{secret}", id())).expect("a token"),
            );
            Box::pin(async move { auth.validate_session_user(&token).await.map(drop).expect("it is valid") })
        };
        let mut found = vec![
            (format!("{store}, lookup"), warm(&lookup).await),
            (format!("{store}, validate"), warm(&validate).await),
        ];
        for (driver, ask) in &beside.drivers {
            found.push((format!("{store}, {driver}"), warm(&|| ask(id())).await));
        }
        for (at, (store, rate)) in found.iter().enumerate() {
            print(store, name, *rate, few.get(at).map(|few| (*few, rate / few)));
        }
        few = found.into_iter().map(|(_, rate)| rate).collect();
    }
    Ok(())
}

/// Sessions that differ in their ids and users, so that one secret opens them all.
struct Crowd<'a> {
    adapter: &'a AnyAdapter,
    users: Vec<UserId>,
    template: SessionRecord,
    secret: String,
    made: usize,
}

impl<'a> Crowd<'a> {
    async fn make(auth: &Auth, adapter: &'a AnyAdapter) -> Result<Self, Failure> {
        let mut users = Vec::new();
        for number in 0..1_000 {
            users.push(
                auth.create_user(NewUser::with_key("of-growth", number.to_string()))
                    .await?
                    .id,
            );
        }
        let issued = session(auth).await?;
        let template = adapter.get_session(&issued.session.id).await?.ok_or("a session")?;
        let token = issued.token.expose();
        let (_, secret) = token.split_once('.').ok_or("a secret")?;
        Ok(Self {
            adapter,
            users,
            template,
            secret: secret.to_owned(),
            made: 0,
        })
    }

    async fn grow(&mut self, count: usize) -> Result<(), Failure> {
        let adapter = self.adapter;
        while self.made < count {
            let batch = (self.made..count.min(self.made + 512)).map(|number| {
                let mut record = self.template.clone();
                record.id = SessionId::from(id(number));
                record.user_id = self.users[number % self.users.len()].clone();
                async move { adapter.set_session(&record).await }
            });
            let stored = futures_util::future::join_all(batch).await;
            self.made += stored.len();
            stored.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
        Ok(())
    }
}

/// The id of a session by its number: as long as those of the core, and as far from its neighbour's.
fn id(number: usize) -> String {
    // SplitMix64, which gives each number another.
    let mut bits = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    format!("ses_{:016x}00000000", bits ^ (bits >> 31))
}

/// The rate of what has been asked for a while: memory that a process sees for the first time is dear.
async fn warm(act: &impl Fn() -> Work) -> f64 {
    rate(act).await;
    rate(act).await
}
