//! Tables that somebody made by hand, or a newer release.

use super::{
    Database, Place, Settings, on_both,
    records::{key, schema, user},
};
use crate::{
    Attribute, ErrorKind,
    adapter::{Schema, Store, UserAdapter},
};

on_both![
    a_printed_migration_that_is_run_by_hand_is_all_there_is_to_do,
    tables_of_a_newer_release_are_left_as_they_are,
];

async fn a_printed_migration_that_is_run_by_hand_is_all_there_is_to_do(database: Database) {
    let place = Place::shared(database);
    let store = place.open(&Settings::default()).await;
    store.declare(&schema()).unwrap();
    let printed = store.migration_plan().await.unwrap().to_string();
    place.witness().await.run_script(&printed).await;
    assert!(store.migration_plan().await.unwrap().is_empty());
    store.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
    assert!(store.get_user(&user("ada").id).await.unwrap().is_some());
}

async fn tables_of_a_newer_release_are_left_as_they_are(database: Database) {
    let place = Place::shared(database);
    let store = place.open(&Settings::default()).await;
    store.migrate().await.unwrap();
    let (witness, migration) = (place.witness().await, format!("{}migration", place.prefix));
    witness
        .execute(&format!("INSERT INTO {migration} (version) VALUES (99)"))
        .await;

    let older = place.open(&Settings::default()).await;
    older
        .declare(&Schema::new(vec![Attribute::text("nickname")], Vec::new()))
        .unwrap();
    for refused in [older.migrate().await, older.migration_plan().await.map(drop)] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::DatabaseUpdateFailed);
        assert!(format!("{refused:?}").contains("newer release"), "{refused:?}");
    }

    witness
        .execute(&format!("DELETE FROM {migration} WHERE version = 99"))
        .await;
    let plan = older.migration_plan().await.unwrap();
    let missing: Vec<&str> = plan.missing().collect();
    assert_eq!(
        missing,
        [format!("column {}user.nickname", place.prefix)],
        "nothing was done"
    );
}
