//! A value that cannot be sent leaves nothing of its act.

use crate::{
    adapter::{Store, UserAdapter},
    adapters::{
        PostgresAdapter,
        postgres::tests::options,
        sql::{SqlValue, Statement, Step, values::text},
    },
    clock::Timestamp,
    id::UserId,
    model::User,
};

#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn an_act_with_a_value_that_postgres_cannot_be_sent_is_undone() {
    let adapter = PostgresAdapter::open(options()).await.unwrap();
    adapter.migrate().await.unwrap();
    let sql = adapter.sql();
    let user = User::new(UserId::from("ada"), Timestamp::default());
    adapter.set_user(&user, None).await.unwrap();
    let change = |role: SqlValue| {
        let change = format!("UPDATE {} SET role = $1 WHERE id = $2", sql.tables.user);
        Step::any(Statement::new(&change.into(), vec![role, text("ada")]))
    };
    // Few, and more than are polled in order.
    for before in [1, 50] {
        for after in [0, 50] {
            let steps = (0..before).map(|_| change(text("other")));
            let steps = steps.chain([change(SqlValue::Integer(1))]);
            let steps = steps.chain((0..after).map(|_| change(text("other"))));
            let error = sql.write(steps.collect()).await.map(drop).unwrap_err();
            assert_eq!(error.step, before);
            assert_eq!(adapter.get_user(&user.id).await.unwrap().as_ref(), Some(&user));
        }
    }
}
