//! Two caches on one database stand for two processes: neither sees what the other does but by the bus.

use std::sync::Weak;

use super::{races::WRITES, races::write, *};
use crate::{
    ErrorKind, NewUser,
    adapter::{InvalidationSink, Invalidations},
};

async fn two_on(directory: &TempDir, options: CacheOptions) -> (Cached<SqliteAdapter>, Cached<SqliteAdapter>) {
    (
        on_file(directory, options.clone()).await,
        on_file(directory, options).await,
    )
}

#[tokio::test]
async fn they_hear_of_each_other() {
    let directory = TempDir::new().unwrap();
    let options = CacheOptions::default().invalidations(MemoryInvalidations::default());
    let (one, two) = two_on(&directory, options).await;
    for name in WRITES {
        let id = ada_in(&one).await;
        let old = served(&two, &id).await;
        assert_eq!(served(&one, &id).await, old);
        write(&one, name).await;
        assert_eq!(served(&one, &id).await, served(&two, &id).await, "{name}");
        assert_ne!(served(&two, &id).await, old, "{name}");
        one.delete_user(&UserId::from("ada")).await.unwrap();
    }
    // A key that is renamed changes its user.
    let id = ada_in(&one).await;
    let key = KeyRecord {
        id: KeyId::from("email:a"),
        user_id: UserId::from("ada"),
        hashed_password: None,
        primary: true,
        expires: None,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    };
    one.set_key(&key).await.unwrap();
    served(&two, &id).await;
    one.rename_key(
        &key.user_id,
        &key.id,
        &KeyId::from("email:b"),
        &role("admin"),
        Timestamp::default(),
    )
    .await
    .unwrap();
    assert_eq!(served(&two, &id).await.unwrap().1.role, "admin");
}

#[tokio::test]
async fn a_write_that_is_cut_off_is_told_too() {
    let directory = TempDir::new().unwrap();
    let options = CacheOptions::default().invalidations(MemoryInvalidations::default());
    let (one, two) = two_on(&directory, options).await;
    let id = ada_in(&one).await;
    served(&two, &id).await;
    let hold = one.inner().hold_after("delete_session");
    let writer = tokio::spawn(async move { one.delete_session(&SessionId::from("one")).await });
    hold.reached().await;
    writer.abort();
    assert!(writer.await.unwrap_err().is_cancelled());
    // The message leaves in a task of its own.
    tokio::task::yield_now().await;
    assert_eq!(served(&two, &id).await, None);
}

#[tokio::test]
async fn without_their_bus_nothing_is_served_from_memory() {
    let directory = TempDir::new().unwrap();
    let bus = MemoryInvalidations::default();
    let options = CacheOptions::default().invalidations(bus.clone());
    let (one, two) = two_on(&directory, options.clone()).await;
    let ada = UserId::from("ada");
    let id = ada_in(&one).await;
    served(&two, &id).await;
    bus.cut();
    // The write is done though nobody can be told.
    one.update_user(&ada, &role("admin")).await.unwrap();
    assert_eq!(served(&two, &id).await.unwrap().1.role, "admin");
    two.inner().forget_calls();
    for _ in 0..3 {
        served(&two, &id).await;
    }
    assert_eq!(two.inner().calls().len(), 3);
    // One that starts meanwhile waits for the bus, too.
    let three = on_file(&directory, options).await;
    served(&three, &id).await;
    one.update_user(&ada, &role("editor")).await.unwrap();
    assert_eq!(served(&three, &id).await.unwrap().1.role, "editor");
    // What was read meanwhile is not served afterwards; then all is as before.
    one.update_user(&ada, &role("author")).await.unwrap();
    bus.mend();
    assert_eq!(served(&two, &id).await.unwrap().1.role, "author");
    assert_eq!(served(&three, &id).await.unwrap().1.role, "author");
    two.inner().forget_calls();
    served(&two, &id).await;
    assert!(two.inner().calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_hangs_delays_a_write_no_longer_than_the_time_to_live() {
    struct Hanging;

    #[async_trait]
    impl Invalidations for Hanging {
        async fn publish(&self, _: &Invalidation) -> Result<()> {
            std::future::pending().await
        }

        fn subscribe(&self, _: Weak<dyn InvalidationSink>) {}
    }

    let store = cached(CacheOptions::default().invalidations(Hanging));
    let id = ada_in(&store).await;
    let start = tokio::time::Instant::now();
    assert!(store.delete_session(&id).await.unwrap());
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn a_no_is_never_an_old_one() {
    let directory = TempDir::new().unwrap();
    // Without a bus: each goes on with what it read for five seconds.
    let (one, two) = two_on(&directory, CacheOptions::default()).await;
    let auth = |adapter| {
        let builder = Auth::builder(adapter).base_url("https://example.com");
        builder.secret(Secret::random().unwrap()).build().unwrap()
    };
    let (one, two) = (auth(one), auth(two));
    let new = NewUser::with_password("username", "ada", "correct horse battery");
    let user = one.create_user(new).await.unwrap();
    let proof = one
        .authenticate_user("username", "ada", "correct horse battery")
        .await
        .unwrap();
    let issued = one.create_session(&proof, Default::default()).await.unwrap();
    two.validate_session_user(&issued.token).await.unwrap();
    two.validate_session(&issued.token).await.unwrap();
    // Renewed by one, it opens at the other with its new secret.
    let renewed = one.renew_session(&issued.token).await.unwrap();
    two.validate_session(&renewed.token).await.unwrap();
    let again = one.renew_session(&renewed.token).await.unwrap();
    two.validate_session_user(&again.token).await.unwrap();
    // A ban the other has cached is lifted by one.
    let banned = |until: Option<Timestamp>| UserPatch {
        banned_until: Some(until),
        ..UserPatch::default()
    };
    let ban = Timestamp::from_unix_ms(i64::MAX);
    let adapter = on_file(&directory, CacheOptions::default()).await;
    two.delete_expired_sessions().await.unwrap();
    adapter.update_user(&user.id, &banned(Some(ban))).await.unwrap();
    let refused = two.validate_session_user(&again.token).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidSessionId);
    adapter.update_user(&user.id, &banned(None)).await.unwrap();
    two.validate_session_user(&again.token).await.unwrap();
}
