//! Listings of users: in order, page by page, and by a part of the address or number.

use std::{sync::Arc, time::Duration};

use super::{
    Case, cases,
    fixtures::{NOW, user},
};
use crate::{
    adapter::Adapter,
    id::UserId,
    model::{User, UserQuery},
};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    users_are_listed_whole,
    users_are_listed_newest_or_oldest_first,
    users_of_the_same_moment_are_listed_by_their_ids,
    users_are_listed_page_by_page_and_counted_on_all_pages,
    users_are_listed_from_where_the_last_page_ended,
    users_are_found_by_a_part_of_the_address_or_number,
    what_is_looked_for_is_text_and_no_pattern,
];

const EVERYBODY: UserQuery = UserQuery {
    filter: None,
    oldest_first: false,
    after: None,
    offset: 0,
    limit: 100,
};

fn looking_for(filter: &str) -> UserQuery {
    UserQuery {
        filter: Some(filter.to_owned()),
        ..EVERYBODY
    }
}

/// The n-th user.
async fn add(store: &Store, number: u64, email: Option<&str>, phone: Option<&str>) {
    let user = User {
        email: email.map(str::to_owned),
        phone: phone.map(str::to_owned),
        created_at: NOW + Duration::from_secs(number),
        ..user(&number.to_string())
    };
    store.set_user(&user, None).await.unwrap();
}

async fn found(store: &Store, query: &UserQuery) -> Vec<u64> {
    let users = store.get_users(query).await.unwrap();
    let number = |user: User| user.id.as_str().trim_start_matches("user_").parse().unwrap();
    users.into_iter().map(number).collect()
}

async fn users_are_listed_whole(store: Store) {
    assert_eq!(store.get_users(&EVERYBODY).await.unwrap(), []);
    assert_eq!(store.count_users(&EVERYBODY).await.unwrap(), 0);
    let mut one = user("one");
    one.deleted_at = Some(NOW);
    store.set_user(&one, None).await.unwrap();
    assert_eq!(store.get_users(&EVERYBODY).await.unwrap(), [one]);
}

async fn users_are_listed_newest_or_oldest_first(store: Store) {
    for number in [2, 1, 3] {
        add(&store, number, None, None).await;
    }
    assert_eq!(found(&store, &EVERYBODY).await, [3, 2, 1]);
    let oldest_first = UserQuery {
        oldest_first: true,
        ..EVERYBODY
    };
    assert_eq!(found(&store, &oldest_first).await, [1, 2, 3]);
}

async fn users_of_the_same_moment_are_listed_by_their_ids(store: Store) {
    for name in ["2", "10", "1"] {
        store.set_user(&user(name), None).await.unwrap();
    }
    let oldest_first = UserQuery {
        oldest_first: true,
        ..EVERYBODY
    };
    assert_eq!(found(&store, &oldest_first).await, [1, 10, 2]);
    assert_eq!(found(&store, &EVERYBODY).await, [2, 10, 1]);
}

async fn users_are_listed_page_by_page_and_counted_on_all_pages(store: Store) {
    for number in 1..=7 {
        add(&store, number, Some(&format!("{number}@example.com")), None).await;
    }
    let page = |offset, limit| UserQuery {
        offset,
        limit,
        ..looking_for("example")
    };
    for (query, numbers) in [
        (page(0, 3), vec![7, 6, 5]),
        (page(3, 3), vec![4, 3, 2]),
        (page(6, 3), vec![1]),
        (page(9, 3), vec![]),
        (page(u64::MAX, 3), vec![]),
        (page(0, 0), vec![]),
    ] {
        assert_eq!(found(&store, &query).await, numbers, "{query:?}");
        let everybody = UserQuery {
            filter: None,
            ..query.clone()
        };
        assert_eq!(found(&store, &everybody).await, numbers, "{query:?}");
        assert_eq!(store.count_users(&query).await.unwrap(), 7);
        assert_eq!(store.count_users(&everybody).await.unwrap(), 7);
    }
}

async fn users_are_listed_from_where_the_last_page_ended(store: Store) {
    for number in 1..=4 {
        add(&store, number, Some(&format!("{number}@example.com")), None).await;
    }
    // Two more of the third's moment.
    for number in [30, 31] {
        let user = User {
            created_at: NOW + Duration::from_secs(3),
            email: (number == 30).then(|| "30@example.com".to_owned()),
            phone: None,
            ..user(&number.to_string())
        };
        store.set_user(&user, None).await.unwrap();
    }
    let after = |seconds, id: &str| UserQuery {
        after: Some((NOW + Duration::from_secs(seconds), UserId::from(id))),
        ..EVERYBODY
    };
    for (query, numbers) in [
        (after(9, ""), vec![4, 31, 30, 3, 2, 1]),
        (after(4, "user_4"), vec![31, 30, 3, 2, 1]),
        (after(3, "user_30"), vec![3, 2, 1]),
        // Whoever stood there is gone.
        (after(3, "user_305"), vec![30, 3, 2, 1]),
        (after(1, "user_1"), vec![]),
    ] {
        assert_eq!(found(&store, &query).await, numbers, "{query:?}");
        assert_eq!(store.count_users(&query).await.unwrap(), 6);
        let addressed = UserQuery {
            filter: Some("example".to_owned()),
            ..query.clone()
        };
        let with_address: Vec<u64> = numbers.into_iter().filter(|number| *number != 31).collect();
        assert_eq!(found(&store, &addressed).await, with_address, "{addressed:?}");
        assert_eq!(store.count_users(&addressed).await.unwrap(), 5);
    }
    let oldest_first = UserQuery {
        oldest_first: true,
        limit: 2,
        ..after(3, "user_3")
    };
    assert_eq!(found(&store, &oldest_first).await, [30, 31]);
    let skipping = UserQuery {
        offset: 2,
        ..oldest_first
    };
    assert_eq!(found(&store, &skipping).await, [4]);
}

async fn users_are_found_by_a_part_of_the_address_or_number(store: Store) {
    add(&store, 1, Some("ada@example.com"), None).await;
    add(&store, 2, Some("grace@example.org"), Some("4917012345")).await;
    add(&store, 3, None, Some("15551234567")).await;
    add(&store, 4, None, None).await;
    for (filter, numbers) in [
        ("ada@example.com", vec![1]),
        ("ada", vec![1]),
        ("@example.", vec![2, 1]),
        (".org", vec![2]),
        ("49170", vec![2]),
        ("1234", vec![3, 2]),
        ("", vec![3, 2, 1]),
        ("user_", vec![]),
        ("editor", vec![]),
    ] {
        assert_eq!(found(&store, &looking_for(filter)).await, numbers, "{filter}");
        let count = store.count_users(&looking_for(filter)).await.unwrap();
        assert_eq!(count, numbers.len() as u64, "{filter}");
    }
}

async fn what_is_looked_for_is_text_and_no_pattern(store: Store) {
    let addresses = [
        "a%b@x.example",
        "a_b@x.example",
        "a!b@x.example",
        "a\\b@x.example",
        "a'b@x.example",
        "a*[b]?@x.example",
    ];
    for (number, address) in (1..).zip(addresses) {
        add(&store, number, Some(address), None).await;
    }
    add(&store, 9, Some("acb@x.example"), None).await;
    for (filter, numbers) in [
        ("a%b", vec![1]),
        ("a_b", vec![2]),
        ("a!b", vec![3]),
        ("a\\b", vec![4]),
        ("a'b", vec![5]),
        ("*[b]?", vec![6]),
        ("%", vec![1]),
        ("_", vec![2]),
        ("!", vec![3]),
        ("\\", vec![4]),
        ("!%", vec![]),
        ("\\%", vec![]),
        ("%'", vec![]),
        ("' OR '1' = '1", vec![]),
        ("a\0", vec![]),
        ("\0", vec![]),
        ("%\0", vec![]),
    ] {
        assert_eq!(found(&store, &looking_for(filter)).await, numbers, "{filter:?}");
        let count = store.count_users(&looking_for(filter)).await.unwrap();
        assert_eq!(count, numbers.len() as u64, "{filter:?}");
    }
}
