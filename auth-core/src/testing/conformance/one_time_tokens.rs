//! One-time tokens: kept whole, replaced, tried, taken once and gone with their user.

use std::{sync::Arc, time::Duration};

use super::{
    Case, cases,
    fixtures::{NOW, digest, kind, link, message, token, user},
    races::{RACERS, race},
};
use crate::{
    adapter::{Act, Adapter},
    error::ErrorKind,
    model::{JsonObject, OneTimeToken, Purpose, User},
};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    tokens_round_trip,
    a_token_takes_the_place_of_the_one_before,
    two_tokens_never_share_a_link,
    a_token_needs_a_user,
    a_token_is_taken_once,
    one_of_many_takes_the_same_token_with_all_that_goes_with_it,
    tries_are_counted_up_to_a_bound,
    no_more_racers_than_allowed_hear_of_a_token,
    a_try_in_another_browser_counts_nothing,
    a_try_at_a_code_that_is_over_counts_nothing,
    tokens_go_with_their_user,
    tokens_are_deleted_when_nothing_of_them_is_good,
];

const SECOND: Duration = Duration::from_secs(1);

async fn user_in(store: &Store, name: &str) -> User {
    let user = user(name);
    store.set_user(&user, None).await.unwrap();
    user
}

async fn set(store: &Store, token: &OneTimeToken) {
    store.commit(&[Act::SetToken(token.clone())]).await.unwrap();
}

/// The tokens of the user of this one.
async fn stored(store: &Store, token: &OneTimeToken) -> Vec<OneTimeToken> {
    store.get_tokens_by_user_id(&token.user_id).await.unwrap()
}

async fn tokens_round_trip(store: Store) {
    let user = user_in(&store, "one").await;
    user_in(&store, "two").await;
    let full = token(Purpose::Recovery, &user);
    let bare = OneTimeToken {
        code_digest: None,
        browser_digest: None,
        attempts: 0,
        data: JsonObject::new(),
        ..token(Purpose::AuthCode, &user)
    };
    assert_eq!(stored(&store, &full).await, []);
    for token in [&full, &bare] {
        set(&store, token).await;
        let found = store.get_token_by_link(&token.link_digest).await.unwrap();
        assert_eq!(found.as_ref(), Some(token));
    }
    let found = stored(&store, &full).await;
    assert_eq!(found.len(), 2);
    assert!(found.contains(&full) && found.contains(&bare));
    assert_eq!(store.get_token_by_link(&digest("another")).await.unwrap(), None);
    for purpose in Purpose::ALL {
        set(&store, &token(*purpose, &user)).await;
    }
    let found = stored(&store, &full).await;
    assert_eq!(found.len(), Purpose::ALL.len());
    for purpose in Purpose::ALL {
        assert!(found.contains(&token(*purpose, &user)), "{purpose}");
    }
}

async fn a_token_takes_the_place_of_the_one_before(store: Store) {
    let user = user_in(&store, "one").await;
    let first = token(Purpose::MagicLink, &user);
    set(&store, &first).await;
    let second = OneTimeToken {
        sent_to: "new@example.com".to_owned(),
        link_digest: digest("second link"),
        code_digest: None,
        browser_digest: Some(digest("second browser")),
        attempts: 0,
        data: JsonObject::new(),
        link_expires: first.link_expires + SECOND,
        code_expires: first.code_expires + SECOND,
        created_at: first.created_at + SECOND,
        ..first.clone()
    };
    set(&store, &second).await;
    assert_eq!(stored(&store, &first).await, std::slice::from_ref(&second));
    assert_eq!(store.get_token_by_link(&first.link_digest).await.unwrap(), None);
    // Once more the same is no change.
    set(&store, &second).await;
    assert_eq!(stored(&store, &first).await, [second]);
}

async fn two_tokens_never_share_a_link(store: Store) {
    let (one, two) = (user_in(&store, "one").await, user_in(&store, "two").await);
    let first = token(Purpose::MagicLink, &one);
    let second = OneTimeToken {
        link_digest: first.link_digest,
        ..token(Purpose::MagicLink, &two)
    };
    set(&store, &first).await;
    let refused = store.commit(&[Act::SetToken(second.clone())]).await;
    assert_eq!(kind(refused), ErrorKind::DatabaseUpdateFailed);
    assert_eq!(stored(&store, &first).await, [first]);
    assert_eq!(stored(&store, &second).await, []);
}

async fn a_token_needs_a_user(store: Store) {
    let token = token(Purpose::Confirmation, &user("nobody"));
    let refused = store.commit(&[Act::SetToken(token)]).await;
    assert_eq!(kind(refused), ErrorKind::InvalidUserId);
}

async fn a_token_is_taken_once(store: Store) {
    let user = user_in(&store, "one").await;
    let token = token(Purpose::MagicLink, &user);
    set(&store, &token).await;
    let take = async |link| store.commit(&[Act::TakeToken(token.id.clone(), link)]).await;
    // Under this id another token may be by now.
    assert_eq!(kind(take(digest("another")).await), ErrorKind::OtpExpired);
    assert_eq!(stored(&store, &token).await, std::slice::from_ref(&token));
    take(token.link_digest).await.unwrap();
    assert_eq!(stored(&store, &token).await, []);
    assert_eq!(store.get_token_by_link(&token.link_digest).await.unwrap(), None);
    assert_eq!(kind(take(token.link_digest).await), ErrorKind::OtpExpired);
}

async fn one_of_many_takes_the_same_token_with_all_that_goes_with_it(store: Store) {
    let user = user_in(&store, "one").await;
    let token = token(Purpose::MagicLink, &user);
    set(&store, &token).await;
    let taken = race(|number| {
        let (store, token) = (Arc::clone(&store), token.clone());
        async move {
            let acts = [
                Act::Send(message(&number.to_string())),
                Act::TakeToken(token.id, token.link_digest),
            ];
            store.commit(&acts).await
        }
    })
    .await;
    assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1);
    let mut late = taken.iter().filter_map(|taken| taken.as_ref().err());
    assert!(late.all(|error| error.kind() == ErrorKind::OtpExpired));
    let winner = taken.iter().position(Result::is_ok).unwrap();
    let sent = store.lease_messages(NOW, NOW + SECOND, 100).await.unwrap();
    let sent: Vec<String> = sent.into_iter().map(|message| message.id).collect();
    assert_eq!(sent, [message(&winner.to_string()).id]);
}

async fn tries_are_counted_up_to_a_bound(store: Store) {
    let user = user_in(&store, "one").await;
    let token = OneTimeToken {
        attempts: 0,
        ..token(Purpose::Sms, &user)
    };
    set(&store, &token).await;
    let browser = token.browser_digest;
    let count = || store.count_try(&token.id, browser.as_ref(), 3, NOW);
    for attempts in 1..=3 {
        let counted = OneTimeToken {
            attempts,
            ..token.clone()
        };
        assert_eq!(count().await.unwrap(), Some(counted));
    }
    assert_eq!(count().await.unwrap(), None);
    assert_eq!(stored(&store, &token).await[0].attempts, 3);
    // The link is as good as before.
    assert!(store.get_token_by_link(&token.link_digest).await.unwrap().is_some());
    assert_eq!(
        store.count_try("*", browser.as_ref(), 3, NOW).await.unwrap(),
        None,
        "there is no such token"
    );
}

async fn no_more_racers_than_allowed_hear_of_a_token(store: Store) {
    const ALLOWED: u32 = 5;
    let user = user_in(&store, "one").await;
    let token = OneTimeToken {
        attempts: 0,
        browser_digest: None,
        ..token(Purpose::Sms, &user)
    };
    set(&store, &token).await;
    let heard = race(|_| {
        let (store, id) = (Arc::clone(&store), token.id.clone());
        async move { store.count_try(&id, None, ALLOWED, NOW).await.unwrap() }
    })
    .await;
    assert_eq!(heard.len(), RACERS);
    let mut numbers: Vec<u32> = heard.into_iter().flatten().map(|token| token.attempts).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=ALLOWED).collect::<Vec<_>>());
}

async fn a_try_in_another_browser_counts_nothing(store: Store) {
    let user = user_in(&store, "one").await;
    let bound = OneTimeToken {
        attempts: 0,
        ..token(Purpose::MagicLink, &user)
    };
    let free = OneTimeToken {
        browser_digest: None,
        attempts: 0,
        ..token(Purpose::Invite, &user)
    };
    set(&store, &bound).await;
    set(&store, &free).await;
    let other = digest("another browser");
    for browser in [None, Some(&other)] {
        assert_eq!(store.count_try(&bound.id, browser, 3, NOW).await.unwrap(), None);
        // What is bound to none is tried in any.
        assert!(store.count_try(&free.id, browser, 3, NOW).await.unwrap().is_some());
    }
    let counted = store.count_try(&bound.id, bound.browser_digest.as_ref(), 3, NOW).await;
    assert_eq!(counted.unwrap().unwrap().attempts, 1);
}

async fn a_try_at_a_code_that_is_over_counts_nothing(store: Store) {
    let user = user_in(&store, "one").await;
    let token = OneTimeToken {
        browser_digest: None,
        attempts: 0,
        ..token(Purpose::MagicLink, &user)
    };
    set(&store, &token).await;
    let late = token.code_expires + Duration::from_millis(1);
    assert_eq!(store.count_try(&token.id, None, 3, late).await.unwrap(), None);
    // The moment of expiry itself is still alive.
    let counted = store.count_try(&token.id, None, 3, token.code_expires).await;
    assert_eq!(counted.unwrap().unwrap().attempts, 1);
}

async fn tokens_go_with_their_user(store: Store) {
    let (one, two) = (user_in(&store, "one").await, user_in(&store, "two").await);
    let (gone, kept) = (token(Purpose::Recovery, &one), token(Purpose::Recovery, &two));
    set(&store, &gone).await;
    set(&store, &kept).await;
    store.delete_user(&one.id).await.unwrap();
    assert_eq!(stored(&store, &gone).await, []);
    assert_eq!(store.get_token_by_link(&gone.link_digest).await.unwrap(), None);
    assert_eq!(stored(&store, &kept).await, [kept]);
}

async fn tokens_are_deleted_when_nothing_of_them_is_good(store: Store) {
    let user = user_in(&store, "one").await;
    let ending = |purpose: Purpose, link_after: u64, code_after: u64| OneTimeToken {
        link_digest: link(purpose.as_str()),
        link_expires: NOW + Duration::from_secs(link_after),
        code_expires: NOW + Duration::from_secs(code_after),
        ..token(purpose, &user)
    };
    for token in [
        ending(Purpose::AuthCode, 1, 2),
        ending(Purpose::Invite, 9, 1),
        ending(Purpose::MagicLink, 1, 9),
        ending(Purpose::Recovery, 3, 3),
    ] {
        set(&store, &token).await;
    }
    let at = |seconds| store.delete_expired_tokens(NOW + Duration::from_secs(seconds));
    assert_eq!(at(2).await.unwrap(), 0, "the moment of expiry itself is still alive");
    assert_eq!(at(3).await.unwrap(), 1);
    assert_eq!(at(4).await.unwrap(), 1);
    let left = store.get_tokens_by_user_id(&user.id).await.unwrap();
    assert!(
        left.iter()
            .all(|token| matches!(token.purpose, Purpose::Invite | Purpose::MagicLink))
    );
    assert_eq!(left.len(), 2);
    assert_eq!(at(10).await.unwrap(), 2);
}
