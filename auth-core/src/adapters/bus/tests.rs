//! What every bus has to do, asked of real servers: each bus brings its ways of being cut off.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use crate::{
    Auth, ErrorKind, IssuedSession, NewUser, Secret, SessionToken,
    adapter::{Adapter, Invalidation, InvalidationSink, Invalidations},
    adapters::{CacheOptions, CachedAdapter},
    testing::FaultyAdapter,
};

/// Remembers what it is told.
#[derive(Default)]
pub(in crate::adapters) struct Heard {
    messages: Mutex<Vec<Invalidation>>,
    connected: AtomicUsize,
    lost: AtomicUsize,
}

impl Heard {
    pub(in crate::adapters) fn on(bus: &impl Invalidations) -> Arc<Self> {
        let heard = Arc::new(Self::default());
        let sink = Arc::downgrade(&heard);
        bus.subscribe(sink as std::sync::Weak<dyn InvalidationSink>);
        heard
    }

    pub(in crate::adapters) fn messages(&self) -> Vec<Invalidation> {
        self.messages.lock().unwrap().clone()
    }

    pub(in crate::adapters) fn connected(&self) -> usize {
        self.connected.load(SeqCst)
    }

    pub(in crate::adapters) fn lost(&self) -> usize {
        self.lost.load(SeqCst)
    }
}

impl InvalidationSink for Heard {
    fn invalidated(&self, invalidation: &Invalidation) {
        self.messages.lock().unwrap().push(invalidation.clone());
    }

    fn connected(&self) {
        self.connected.fetch_add(1, SeqCst);
    }

    fn lost(&self) {
        self.lost.fetch_add(1, SeqCst);
    }
}

/// Waits for a condition of the outside, ten seconds at most.
pub(in crate::adapters) async fn until(what: &str, condition: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    start.elapsed()
}

/// Messages arrive at everybody on the bus, in order, none lost.
pub(in crate::adapters) async fn a_thousand_messages_arrive_in_order(one: impl Invalidations, two: impl Invalidations) {
    let (here, there) = (Heard::on(&one), Heard::on(&two));
    let mut sent = Vec::new();
    for number in 0..1_000 {
        sent.push(match number % 3 {
            0 => Invalidation::Session(format!("s{number}").into()),
            1 => Invalidation::User(format!("ü:{number}").into()),
            _ => Invalidation::Everything,
        });
    }
    sent.push(Invalidation::Session("x".repeat(512).into()));
    sent.push(Invalidation::User(String::new().into()));
    for message in &sent {
        one.publish(message).await.unwrap();
    }
    until("all", || there.messages().len() >= sent.len()).await;
    assert_eq!(there.messages(), sent);
    until("its own", || here.messages().len() >= sent.len()).await;
    assert_eq!(here.messages(), sent);
    assert_eq!((there.connected(), there.lost()), (1, 0));
    // From many tasks at once.
    let publish = (0..1_000).map(|_| one.publish(&Invalidation::Everything));
    for published in futures_util::future::join_all(publish).await {
        published.unwrap();
    }
    until("all again", || there.messages().len() >= sent.len() + 1_000).await;
    // What is dropped hears no more, and does no harm.
    drop(here);
    one.publish(&Invalidation::Everything).await.unwrap();
}

/// A process: a store of its own on the common database, a cache that remembers for a minute, and a bus.
pub(in crate::adapters) struct Process<A> {
    pub(in crate::adapters) auth: Auth,
    pub(in crate::adapters) inner: FaultyAdapter<A>,
}

impl<A: Adapter + Clone> Process<A> {
    pub(in crate::adapters) fn new(store: A, bus: impl Invalidations) -> Self {
        let options = CacheOptions::default()
            .time_to_live(Duration::from_secs(60))
            .invalidations(bus);
        let inner = FaultyAdapter::new(store);
        let builder = Auth::builder(CachedAdapter::new(inner.clone(), options)).base_url("https://example.com");
        let auth = builder.secret(Secret::random().unwrap()).build().unwrap();
        Self { auth, inner }
    }

    /// How many questions five validations are to the store.
    pub(in crate::adapters) async fn questions(&self, token: &SessionToken) -> usize {
        self.inner.forget_calls();
        for _ in 0..5 {
            self.auth.validate_session_user(token).await.unwrap();
        }
        self.inner.calls().len()
    }

    /// Waits until it is served from memory: a message about what was done before may come a moment later.
    async fn remembers(&self, token: &SessionToken) {
        let start = Instant::now();
        while self.questions(token).await > 0 {
            assert!(start.elapsed() < Duration::from_secs(2), "never remembered");
        }
    }
}

/// A session of Ada's.
pub(in crate::adapters) async fn ada_in(auth: &Auth) -> IssuedSession {
    let new = NewUser::with_password("username", "ada", "correct horse battery");
    auth.create_user(new).await.unwrap();
    let proof = auth
        .authenticate_user("username", "ada", "correct horse battery")
        .await
        .unwrap();
    auth.create_session(&proof, Default::default()).await.unwrap()
}

/// Two processes, a session of Ada's that both remember, and what the second's bus heard.
async fn signed_in<A: Adapter + Clone, B: Invalidations + Clone>(
    stores: [A; 2],
    buses: &[B; 2],
) -> ([Process<A>; 2], IssuedSession, Arc<Heard>) {
    let [one, two] = stores;
    let (one, two) = (Process::new(one, buses[0].clone()), Process::new(two, buses[1].clone()));
    // Told after the cache.
    let heard = Heard::on(&buses[1]);
    one.auth.migrate().await.unwrap();
    let issued = ada_in(&one.auth).await;
    one.auth.validate_session_user(&issued.token).await.unwrap();
    // What signing in had to say has been said.
    let mark = Invalidation::Session("mark".into());
    buses[0].publish(&mark).await.unwrap();
    until("the mark", || heard.messages().contains(&mark)).await;
    two.remembers(&issued.token).await;
    ([one, two], issued, heard)
}

/// The very next lookup after the message is refused.
pub(in crate::adapters) async fn a_revocation_elsewhere_is_seen_with_the_message<A, B>(stores: [A; 2], buses: [B; 2])
where
    A: Adapter + Clone,
    B: Invalidations + Clone,
{
    let ([one, two], issued, heard) = signed_in(stores, &buses).await;
    let messages = heard.messages().len();
    let revoked = Instant::now();
    one.auth.invalidate_session(&issued.session.id).await.unwrap();
    until("the message", || heard.messages().len() > messages).await;
    let refused = two.auth.validate_session_user(&issued.token).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidSessionId);
    println!("revoked and refused elsewhere within {:?}", revoked.elapsed());
    assert!(
        revoked.elapsed() < Duration::from_secs(2),
        "long before the minute is over"
    );
}

/// Without the connection nothing is served from memory; with the next one everything is as before.
pub(in crate::adapters) async fn a_connection_that_is_killed_is_made_up_for<A, B>(
    stores: [A; 2],
    buses: [B; 2],
    kill: impl AsyncFn(),
) where
    A: Adapter + Clone,
    B: Invalidations + Clone,
{
    let ([one, two], issued, heard) = signed_in(stores, &buses).await;
    let other = Heard::on(&buses[0]);
    for round in 1..=2 {
        let lost = heard.lost();
        kill().await;
        until("lost", || heard.lost() > lost).await;
        let questions = two.questions(&issued.token).await;
        // Still without: five questions for five validations.
        assert!(questions == 5 || heard.connected() > round, "{questions}");
        // Whoever speaks now is heard by whoever listens then.
        one.auth
            .update_session_data(&issued.session.id, Default::default())
            .await
            .unwrap();
        let back = until("back", || heard.connected() > round && other.connected() > round).await;
        println!("connected again after {back:?}");
        two.remembers(&issued.token).await;
    }
    let revoked = Invalidation::Session(issued.session.id.clone());
    let messages = || heard.messages().iter().filter(|message| **message == revoked).count();
    let before = messages();
    one.auth.invalidate_session(&issued.session.id).await.unwrap();
    until("the message", || messages() > before).await;
    assert!(two.auth.validate_session_user(&issued.token).await.is_err());
}

/// Whatever stands on the channel, everything is forgotten and nothing ends.
pub(in crate::adapters) async fn strange_messages_mean_everything<A, B>(
    stores: [A; 2],
    buses: [B; 2],
    shout: impl AsyncFn(&str),
) where
    A: Adapter + Clone,
    B: Invalidations + Clone,
{
    let ([_one, two], issued, heard) = signed_in(stores, &buses).await;
    for strange in ["", "?", "s", "x:y", "*", ":::", "\u{1f980}", &"z".repeat(7_000)] {
        let before = heard.messages().len();
        shout(strange).await;
        until("the message", || heard.messages().len() > before).await;
        assert_eq!(heard.messages().last(), Some(&Invalidation::Everything), "{strange:?}");
        assert_eq!(two.questions(&issued.token).await, 1, "{strange:?}");
    }
    assert_eq!(heard.lost(), 0);
}
