//! Users in one store and sessions in another, of which either fails at any call of an act that is about both.

use super::records::{HOUR, NOW, key, schema, session, user};
use crate::{
    Error,
    adapter::{Adapter, SessionAdapter, SplitAdapter, Store, UserAdapter},
    adapters::MemoryAdapter,
    id::{SessionId, UserId},
    testing::{Fault, FaultyAdapter},
};

type Half = FaultyAdapter<MemoryAdapter>;

/// More calls than an act has at either store.
const CALLS: usize = 4;

/// Ada, who is signed in twice.
async fn signed_in_twice() -> (Half, Half, SplitAdapter<Half, Half>) {
    let (users, sessions) = (
        FaultyAdapter::new(MemoryAdapter::default()),
        FaultyAdapter::new(MemoryAdapter::default()),
    );
    let both = SplitAdapter::new(users.clone(), sessions.clone());
    both.declare(&schema()).unwrap();
    both.migrate().await.unwrap();
    both.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
    // That store keeps no session of nobody's, and Redis would not ask.
    for name in ["ada", "nobody"] {
        sessions.set_user(&user(name), None).await.unwrap();
    }
    for id in ["one", "two"] {
        both.set_session(&session(id, "ada")).await.unwrap();
    }
    (users, sessions, both)
}

/// Every way in which one call of one of the stores fails.
fn faults() -> impl Iterator<Item = (bool, Fault)> {
    (1..=CALLS).flat_map(|call| {
        [Fault::At(call), Fault::AfterwardsAt(call)]
            .into_iter()
            .flat_map(|fault| [(true, fault), (false, fault)])
    })
}

async fn fails<T>(at: &Half, fault: Fault, act: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    at.fail(fault);
    let answer = act.await;
    at.fail(Fault::Never);
    if let Err(error) = &answer {
        assert!(error.is_store_failure(), "{fault:?}: {error:?}");
    }
    answer
}

#[tokio::test]
async fn a_user_who_is_deleted_halfway_is_signed_out_and_can_be_deleted_again() {
    let (ada, mut failed) = (UserId::from("ada"), 0);
    for (of_users, fault) in faults() {
        let (users, sessions, both) = signed_in_twice().await;
        let half = if of_users { &users } else { &sessions };
        let deleted = fails(half, fault, both.delete_user(&ada)).await;
        let is_there = users.get_user(&ada).await.unwrap().is_some();
        let left = both.get_sessions_by_user_id(&ada).await.unwrap();
        if deleted.is_ok() {
            assert!(!is_there && left.is_empty(), "{fault:?}");
            continue;
        }
        failed += 1;
        // All or nothing of the sessions; and no session of nobody opens anything.
        assert!(left.is_empty() || (is_there && left.len() == 2), "{fault:?}: {left:?}");
        for id in ["one", "two"] {
            let found = both.get_session_and_user(&SessionId::from(id)).await.unwrap();
            assert_eq!(found.is_some(), is_there && !left.is_empty(), "{fault:?}");
        }
        both.delete_user(&ada).await.unwrap();
        assert!(users.get_user(&ada).await.unwrap().is_none());
        assert_eq!(both.get_sessions_by_user_id(&ada).await.unwrap(), []);
    }
    // Two calls at the sessions and one at the users, before and after.
    assert_eq!(failed, 6);
}

#[tokio::test]
async fn a_session_that_is_made_halfway_is_nobodys_or_can_be_ended() {
    let mut failed = 0;
    for owner in ["ada", "nobody"] {
        for (of_users, fault) in faults() {
            let (users, sessions, both) = signed_in_twice().await;
            let half = if of_users { &users } else { &sessions };
            let new = session("new", owner);
            half.fail(fault);
            let made = both.set_session(&new).await;
            half.fail(Fault::Never);
            let found = both.get_session_and_user(&new.id).await.unwrap();
            match made {
                Ok(()) => assert!(owner == "ada" && found.is_some(), "{fault:?}"),
                Err(error) if !error.is_store_failure() => assert!(owner == "nobody" && found.is_none()),
                Err(_) => {
                    failed += 1;
                    assert!(
                        owner == "ada" || found.is_none(),
                        "{fault:?}: a session of nobody's opens"
                    );
                }
            }
            // Whatever is left goes with its owner's others, and with its time.
            let owner = UserId::from(owner);
            both.delete_sessions_by_user_id(&owner, None).await.unwrap();
            assert_eq!(both.get_session(&new.id).await.unwrap(), None, "{fault:?}");
            both.delete_expired_sessions(None, NOW + 100 * HOUR).await.unwrap();
        }
    }
    // Ada: two calls; nobody: three, of which the first two are the same.
    assert_eq!(failed, 10);
}
