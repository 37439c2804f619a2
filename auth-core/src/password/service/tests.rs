use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::{
    entropy::OsEntropy,
    error::{Error, WeakPasswordReason},
    password::Argon2Params,
};

const RIGHT: &str = "correct horse battery";

/// The least that is allowed, so that the tests are quick.
fn quick() -> PasswordConfig {
    PasswordConfig::default().argon2(Argon2Params {
        memory_kib: 7_168,
        passes: 5,
    })
}

fn passwords(config: &PasswordConfig) -> Passwords {
    assert_eq!(config.problems(), []);
    Passwords::new(config, None, Arc::new(OsEntropy))
}

fn ada() -> UserId {
    UserId::from("ada")
}

async fn check(stored: &str, typed: &str) -> Result<Verified> {
    let stored = HashedPassword::from_stored(stored);
    passwords(&quick())
        .verify(Password::new(typed), Some((&ada(), &stored)))
        .await
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

#[tokio::test]
async fn a_new_hash_is_argon2id_with_a_salt_of_its_own() {
    let passwords = passwords(&PasswordConfig::default());
    let one = passwords.hash(Password::new(RIGHT), &ada()).await.unwrap();
    let two = passwords.hash(Password::new(RIGHT), &ada()).await.unwrap();
    assert!(one.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_ne!(one.expose(), two.expose());
    assert_eq!(
        passwords
            .verify(Password::new(RIGHT), Some((&ada(), &one)))
            .await
            .unwrap(),
        Verified::Yes
    );
    assert_eq!(
        passwords
            .verify(Password::new("wrong horse"), Some((&ada(), &two)))
            .await
            .unwrap(),
        Verified::No
    );
}

#[tokio::test]
async fn every_character_counts_and_nothing_is_changed() {
    let passwords = passwords(&quick());
    let long = format!(" {}\0end", "x".repeat(100));
    let hash = passwords.hash(Password::new(long.as_str()), &ada()).await.unwrap();
    for other in [
        long.trim(),
        &long.to_uppercase(),
        &long[..80],
        &format!("{long} "),
        &long.replace('\0', ""),
    ] {
        let verified = passwords
            .verify(Password::new(other), Some((&ada(), &hash)))
            .await
            .unwrap();
        assert_eq!(verified, Verified::No, "{other:?}");
    }
    assert_eq!(
        passwords
            .verify(Password::new(long), Some((&ada(), &hash)))
            .await
            .unwrap(),
        Verified::Yes
    );
    let emoji = "\u{1f600}".repeat(64);
    let changed = format!("{}\u{1f601}", "\u{1f600}".repeat(63));
    let hash = passwords.hash(Password::new(emoji), &ada()).await.unwrap();
    assert_eq!(
        passwords
            .verify(Password::new(changed), Some((&ada(), &hash)))
            .await
            .unwrap(),
        Verified::No
    );
}

#[tokio::test]
async fn composed_and_decomposed_text_is_one_password() {
    let passwords = passwords(&quick());
    let hash = passwords
        .hash(Password::new("caf\u{e9} au lait"), &ada())
        .await
        .unwrap();
    let verified = passwords
        .verify(Password::new("cafe\u{301} au lait"), Some((&ada(), &hash)))
        .await;
    assert_eq!(verified.unwrap(), Verified::Yes);
    // NFKC would fold the ligature; NFC does not.
    let hash = passwords
        .hash(Password::new("\u{fb01}ne and dandy"), &ada())
        .await
        .unwrap();
    let verified = passwords
        .verify(Password::new("fine and dandy"), Some((&ada(), &hash)))
        .await;
    assert_eq!(verified.unwrap(), Verified::No);
}

#[tokio::test]
async fn hashes_of_other_libraries_verify_and_are_outdated() {
    let bcrypt_hash = bcrypt::hash_with_salt(RIGHT, 4, *b"0123456789abcdef").unwrap();
    for stored in [
        // Lucia 0.8–0.10 and 0.2.1–2.x.
        "abcdefghij123456:b3c1279e32929c5cfb2d1c4694b7eb55b09fe91b8729172be9ec8ebd9d48f3af9b4ec6703d6e1f15639daccc1d2550853608c0eb05232ca329e6dadfef2d8fea",
        "s2:abcdefghij123456:8a1a7ecd8b0dde71bb6beff57c4ddbc55ce37752aa2493e4c74ebc1e721a8d12a8092e0601b84d9cf88b4677fe506f4864ced2180dcd2a49b4c700930a574438",
        "$pbkdf2-sha256$i=10000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$rqRM8zWcxqR5JgdNH2Ukv6ZDL0xynSbmRCDsePeFnOo",
        "pbkdf2_sha256$10000$saltsaltsalt$0SOa+V3Fd2V0vTtS33stkGPdRvKQ8KdSjhrGsxC1ldE=",
        // What is no hash of this password, whoever made it.
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$invalidinvalidinvalidinvalid",
        &bcrypt_hash.format_for_version(bcrypt::Version::TwoA),
        &bcrypt_hash.format_for_version(bcrypt::Version::TwoB),
        &bcrypt_hash.format_for_version(bcrypt::Version::TwoY),
    ] {
        let expected = if stored.contains("invalid") {
            Verified::No
        } else {
            Verified::Outdated
        };
        assert_eq!(check(stored, RIGHT).await.unwrap(), expected, "{stored}");
        assert_eq!(
            check(stored, "wrong horse battery").await.unwrap(),
            Verified::No,
            "{stored}"
        );
    }
}

/// From the test suites of argon2's reference implementation, of crypt_blowfish, of PHP, of GoTrue and of Firebase's scrypt.
#[tokio::test]
async fn hashes_that_others_published_verify() {
    for (stored, right) in [
        (
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "password",
        ),
        (
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "password",
        ),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        (
            "$2a$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi",
            "rasmuslerdorf",
        ),
        ("$2y$10$SXEz2HeT8PUIGQXo9yeUIem8KzNxgG0d7o/.eGj2rj8KbRgAuRVlq", "test"),
        (FIREBASE, "user1password"),
        (
            "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==",
            "mytestpassword",
        ),
    ] {
        assert_eq!(check(stored, right).await.unwrap(), Verified::Outdated, "{stored}");
        assert_eq!(check(stored, RIGHT).await.unwrap(), Verified::No, "{stored}");
    }
}

const FIREBASE: &str = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

#[tokio::test]
async fn lucias_nfkc_hashes_verify_for_the_text_as_it_is_typed() {
    let stored = "s2:abcdefghij123456:53d1d23299db366b65355456c66e1fa41a823d114ceee1c4c5340b7f2f48ee438b4e252e1b49ea8aa5b23e8e353904d768eb0a1b9fc08bb7fbd0c31acc8c44b1";
    assert_eq!(
        check(stored, "\u{fb01}anc\u{e9}e horse").await.unwrap(),
        Verified::Outdated
    );
    assert_eq!(check(stored, "fiance\u{301}e horse").await.unwrap(), Verified::Outdated);
    assert_eq!(check(stored, "fiancee horse").await.unwrap(), Verified::No);
}

#[tokio::test]
async fn a_hash_parameter_bomb_is_refused_before_any_memory_is_taken() {
    let salt_and_hash = "c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g";
    let started = Instant::now();
    for stored in [
        format!("$argon2id$v=19$m=4294967295,t=2,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=19456,t=4294967295,p=1${salt_and_hash}"),
        format!("$argon2id$v=19$m=19456,t=2,p=16777215${salt_and_hash}"),
        format!("$argon2id$v=99$m=19456,t=2,p=1${salt_and_hash}"),
        format!("$pbkdf2-sha256$i=4294967295,l=32${salt_and_hash}"),
        "pbkdf2_sha256$4294967295$salt$0SOa+V3Fd2V0vTtS33stkGPdRvKQ8KdSjhrGsxC1ldE=".to_owned(),
        format!("$2b$31${}", "a".repeat(53)),
        format!("s2:{}:{}", "a".repeat(100_000), "00".repeat(64)),
        FIREBASE.replace("n=14", "n=20"),
        FIREBASE.replace("n=14", "n=300"),
        FIREBASE.replace("r=8", "r=4294967295"),
        FIREBASE.replace("p=1", "p=4294967295"),
        FIREBASE.replace(",sk=", ",key="),
        FIREBASE.replace("v=1", "v=2"),
        "plain text".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            kind(check(&stored, RIGHT).await),
            ErrorKind::OutdatedPassword,
            "{stored}"
        );
    }
    // A dummy hash for each, no bomb.
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn there_is_one_hash_of_work_whatever_the_state_of_the_account() {
    let passwords = passwords(&quick());
    let right = passwords.hash(Password::new(RIGHT), &ada()).await.unwrap();
    for stored in [
        None,
        None,
        Some(right),
        Some(HashedPassword::from_stored("unknown format")),
    ] {
        let before = passwords.hashes();
        let ada = ada();
        let there = stored.as_ref().map(|hash| (&ada, hash));
        let _ = passwords.verify(Password::new("wrong horse"), there).await;
        assert_eq!(passwords.hashes(), before + 1);
    }
}

#[tokio::test]
async fn a_pepper_can_be_replaced() {
    let (old, new) = ([1_u8; 32], [2_u8; 32]);
    let first = passwords(&quick().pepper(1, old));
    let second = passwords(&quick().pepper(1, old).pepper(2, new));
    let without = passwords(&quick());
    let hash = first.hash(Password::new(RIGHT), &ada()).await.unwrap();
    assert!(hash.expose().contains(",keyid=MQ$"));
    let verify = async |passwords: &Passwords, hash: &HashedPassword| {
        passwords.verify(Password::new(RIGHT), Some((&ada(), hash))).await
    };
    assert_eq!(verify(&first, &hash).await.unwrap(), Verified::Yes);
    assert_eq!(verify(&second, &hash).await.unwrap(), Verified::Outdated);
    assert_eq!(kind(verify(&without, &hash).await), ErrorKind::OutdatedPassword);
    let hash = second.hash(Password::new(RIGHT), &ada()).await.unwrap();
    assert_eq!(verify(&second, &hash).await.unwrap(), Verified::Yes);
    // Hashes from before there was a pepper.
    let hash = without.hash(Password::new(RIGHT), &ada()).await.unwrap();
    assert_eq!(verify(&first, &hash).await.unwrap(), Verified::Outdated);
}

#[tokio::test]
async fn another_hasher_serves_everywhere() {
    struct Reversed;
    impl PasswordHasher for Reversed {
        fn hash(&self, password: &Password) -> Result<HashedPassword> {
            Ok(HashedPassword::from_stored(
                password.expose().chars().rev().collect::<String>(),
            ))
        }
        fn verify(&self, password: &Password, stored: &HashedPassword) -> Result<Verified> {
            let same = self.hash(password)?.expose() == stored.expose();
            Ok(if same { Verified::Yes } else { Verified::No })
        }
    }
    let passwords = Passwords::new(&quick(), Some(Arc::new(Reversed)), Arc::new(OsEntropy));
    let hash = passwords.hash(Password::new("abc"), &ada()).await.unwrap();
    assert_eq!(hash.expose(), "cba");
    assert_eq!(
        passwords
            .verify(Password::new("abc"), Some((&ada(), &hash)))
            .await
            .unwrap(),
        Verified::Yes
    );
}

#[tokio::test]
async fn a_megabyte_is_refused_before_any_work() {
    let passwords = passwords(&PasswordConfig::default());
    let megabyte = Password::new("x".repeat(1 << 20));
    let error: Error = passwords.check_new(&megabyte, &[]).await.unwrap_err();
    assert_eq!(error.weak_password_reasons(), [WeakPasswordReason::Length]);
    assert!(passwords.check_size(&megabyte).is_err());
    assert_eq!(passwords.hashes(), 0);
}

#[test]
fn weak_configurations_are_refused() {
    let problems = |config: PasswordConfig| config.problems().len();
    let argon2 = |memory_kib, passes| problems(PasswordConfig::default().argon2(Argon2Params { memory_kib, passes }));
    assert_eq!(problems(PasswordConfig::default()), 0);
    assert_eq!(problems(PasswordConfig::default().min_length(7)), 1);
    assert_eq!(problems(PasswordConfig::default().min_length(4)), 1);
    assert_eq!(problems(PasswordConfig::default().max_bytes(64)), 1);
    assert_eq!(problems(PasswordConfig::default().threads(0)), 1);
    assert_eq!(problems(PasswordConfig::default().pepper(1, "short")), 1);
    assert_eq!(
        problems(PasswordConfig::default().pepper(1, [0; 32]).pepper(1, [1; 32])),
        1
    );
    for (memory, passes) in [
        (47_104, 1),
        (19_456, 2),
        (12_288, 3),
        (9_216, 4),
        (7_168, 5),
        (65_536, 4),
    ] {
        assert_eq!(argon2(memory, passes), 0, "{memory} {passes}");
    }
    for (memory, passes) in [(19_456, 1), (12_288, 2), (7_167, 5), (4_096, 16), (0, 0), (u32::MAX, 2)] {
        assert_eq!(argon2(memory, passes), 1, "{memory} {passes}");
    }
}

proptest! {
    #[test]
    fn no_stored_text_makes_verification_panic(stored in r"[$a-z0-9:=,/+_-]{0,80}") {
        use crate::password::argon2id::Argon2id;
        let hasher = Argon2id { params: Argon2Params::default(), peppers: Vec::new(), entropy: Arc::new(OsEntropy) };
        prop_assume!(!stored.contains("m="));
        let _ = hasher.verify(&Password::new("x"), &HashedPassword::from_stored(stored));
    }
}
