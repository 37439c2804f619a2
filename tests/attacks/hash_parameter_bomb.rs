//! A stored hash whose parameters would take all memory or hours: refused as any wrong password is.

use auth_core::{Clock, HashedPassword, KeyId, KeyRecord, User, UserId, adapter::UserAdapter};

use crate::{App, PASSWORD, stories};

stories![a_bomb_in_the_database_does_not_go_off,];

async fn a_bomb_in_the_database_does_not_go_off(app: App) {
    let wrong = {
        app.signed_up("ada@example.com").await;
        app.browser().sign_in("ada@example.com", "wrong horse").await
    };
    let rest = "c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g";
    for (index, bomb) in [
        format!("$argon2id$v=19$m=4294967295,t=1,p=1${rest}"),
        format!("$argon2id$v=19$m=19456,t=4294967295,p=1${rest}"),
        format!("$pbkdf2-sha256$i=4294967295,l=32${rest}"),
        format!("$2b$31${}", "a".repeat(53)),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("bomb{index}@example.com");
        let user = User::new(UserId::from(email.as_str()), app.clock.now());
        let key = KeyRecord {
            id: KeyId::new("email", &email).unwrap(),
            user_id: user.id.clone(),
            hashed_password: Some(HashedPassword::from_stored(bomb)),
            primary: true,
            expires: None,
            created_at: app.clock.now(),
            updated_at: app.clock.now(),
        };
        app.store.set_user(&user, Some(&key)).await.unwrap();
        let before = app.auth.password_hashes();
        let answer = app.browser().sign_in(&email, PASSWORD).await;
        assert_eq!(answer.essence(), wrong.essence());
        assert_eq!(app.auth.password_hashes(), before + 1);
    }
}
