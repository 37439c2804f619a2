//! What the parts cost: `cargo bench -p auth-core --features aws-lc,sqlite,testing`.
//!
//! Absolute times are this machine's; read them as ratios within one run.
#![allow(
    clippy::unwrap_used,
    clippy::allow_attributes,
    missing_docs,
    reason = "a benchmark reports by panicking"
)]

use std::{hint::black_box, time::Duration};

use auth_core::{
    Algorithm, Auth, AuthRequest, Clock, Digest, NewUser, Secret, SessionId, SessionRecord, SessionToken, SystemClock,
    Tokens, UserId,
    adapter::{Adapter, SessionAdapter},
    adapters::{CacheOptions, CachedAdapter, MemoryAdapter, SqliteAdapter, SqliteOptions, Synchronous},
};
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main, measurement::WallTime};
use tokio::runtime::Runtime;

fn auth(adapter: impl Adapter) -> Auth {
    Auth::builder(adapter)
        .secret(Secret::random().unwrap())
        .base_url("https://app.example.com")
        .build()
        .unwrap()
}

fn request(cookie: &str) -> http::request::Parts {
    let request = http::Request::get("/me")
        .header("host", "app.example.com")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
        .header("accept", "text/html")
        .header("cookie", cookie);
    request.body(()).unwrap().into_parts().0
}

/// Nineteen cookies of others, and ours.
fn crowded(token: &SessionToken) -> String {
    let others: Vec<String> = (0..19)
        .map(|number| format!("cookie{number}=some-value-of-another-{number}"))
        .collect();
    format!("{}; __Host-auth_session={}", others.join("; "), token.expose().as_str())
}

/// A user with a session, among as many others as asked.
async fn prepared(auth: &Auth, store: &impl SessionAdapter, others: usize) -> SessionToken {
    auth.migrate().await.unwrap();
    let user = auth
        .create_user(NewUser::with_password("username", "ada", "correct horse battery"))
        .await
        .unwrap();
    let proof = auth
        .authenticate_user("username", "ada", "correct horse battery")
        .await
        .unwrap();
    let issued = auth.create_session(&proof, Default::default()).await.unwrap();
    fill(store, &user.id, others).await;
    issued.token
}

async fn fill(store: &impl SessionAdapter, user_id: &UserId, sessions: usize) {
    let now = SystemClock.now();
    let later = now + Duration::from_secs(24 * 3_600);
    for start in (0..sessions).step_by(512) {
        let inserts = (start..sessions.min(start + 512)).map(|number| {
            let record = SessionRecord {
                id: SessionId::from(format!("ses_{number:024}")),
                user_id: user_id.clone(),
                secret_digest: Digest::of(&number.to_be_bytes()),
                secret_issued_at: now,
                previous_digest: None,
                previous_issued_at: None,
                previous_expires: None,
                active_expires: later,
                idle_expires: later,
                absolute_expires: None,
                persistent: true,
                payload: Default::default(),
                data: Default::default(),
                aal: 1,
                amr: Vec::new(),
                ip: None,
                user_agent: Some("Mozilla/5.0".to_owned()),
                last_seen: now,
                created_at: now,
                updated_at: now,
                attributes: Default::default(),
            };
            async move { store.set_session(&record).await.unwrap() }
        });
        futures_util::future::join_all(inserts).await;
    }
}

fn requests(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let store = MemoryAdapter::default();
    let auth = auth(store.clone());
    let token = runtime.block_on(prepared(&auth, &store, 0));
    let parts = request(&crowded(&token));
    let text = token.expose();

    let mut group = criterion.benchmark_group("request");
    group.bench_function("never asked", |bench| {
        bench.iter(|| {
            let request = AuthRequest::unseen(black_box(&auth));
            request.take_effects().is_empty()
        });
    });
    group.bench_function("seen: twenty cookies, ours the last", |bench| {
        bench.iter(|| AuthRequest::new(black_box(&auth), black_box(&parts)));
    });
    group.bench_function("token parsed", |bench| {
        bench.iter(|| SessionToken::parse(black_box(&text)).unwrap());
    });
    group.finish();
}

fn validation(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut group = criterion.benchmark_group("validate_user");
    for sessions in [1_000, 1_000_000] {
        let store = MemoryAdapter::default();
        let auth = auth(store.clone());
        let token = runtime.block_on(prepared(&auth, &store, sessions));
        group.bench_function(BenchmarkId::new("memory", sessions), |bench| {
            bench.to_async(&runtime).iter(|| async {
                let request = AuthRequest::new(
                    &auth,
                    &request(&format!("__Host-auth_session={}", token.expose().as_str())),
                );
                assert!(request.validate_user().await.unwrap().is_some());
            });
        });
    }
    // Never past its time: a hit, whatever stands behind it.
    {
        let store = MemoryAdapter::default();
        let options = CacheOptions::default().time_to_live(Duration::from_secs(60));
        let auth = auth(CachedAdapter::new(store.clone(), options));
        let token = runtime.block_on(prepared(&auth, &store, 1_000));
        group.bench_function(BenchmarkId::new("cached", 1_000), |bench| {
            bench.to_async(&runtime).iter(|| async {
                let request = AuthRequest::new(
                    &auth,
                    &request(&format!("__Host-auth_session={}", token.expose().as_str())),
                );
                assert!(request.validate_user().await.unwrap().is_some());
            });
        });
    }
    for sessions in [1_000, 1_000_000] {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("bench.db");
        let options = SqliteOptions::new(&format!("sqlite://{}", path.display())).synchronous(Synchronous::Normal);
        let store = runtime.block_on(SqliteAdapter::open(options)).unwrap();
        let auth = auth(store.clone());
        let token = runtime.block_on(prepared(&auth, &store, sessions));
        group.bench_function(BenchmarkId::new("sqlite", sessions), |bench| {
            bench.to_async(&runtime).iter(|| async {
                let request = AuthRequest::new(
                    &auth,
                    &request(&format!("__Host-auth_session={}", token.expose().as_str())),
                );
                assert!(request.validate_user().await.unwrap().is_some());
            });
        });
        // The same row straight through the driver, for the ratio.
        let connection = rusqlite::Connection::open(&path).unwrap();
        let id = token.id().as_str().to_owned();
        group.bench_function(BenchmarkId::new("bare rusqlite", sessions), |bench| {
            bench.iter(|| {
                let mut statement = connection
                    .prepare_cached("SELECT * FROM auth_session s JOIN auth_user u ON u.id = s.user_id WHERE s.id = ?")
                    .unwrap();
                statement.query_row([&id], |row| row.get::<_, String>(0)).unwrap()
            });
        });
    }
    group.finish();
}

/// Local checks per algorithm, with and without the cache, beside the bare signature check; refresh and create.
fn tokens(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut group = criterion.benchmark_group("tokens");
    for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa] {
        for cached in [0, 1_000] {
            let auth = Auth::builder(MemoryAdapter::default())
                .secret(Secret::random().unwrap())
                .base_url("https://app.example.com")
                .sessions(Tokens::default().algorithm(algorithm).cached_tokens(cached))
                .build()
                .unwrap();
            let (proof, set) = runtime.block_on(async {
                let new = NewUser::with_password("username", "ada", "correct horse battery");
                auth.create_user(new).await.unwrap();
                let proof = auth
                    .authenticate_user("username", "ada", "correct horse battery")
                    .await
                    .unwrap();
                let issued = auth.create_session(&proof, Default::default()).await.unwrap();
                (proof, issued.tokens.unwrap())
            });
            let cookie = format!(
                "__Host-auth_access={}; __Host-auth_refresh={}; __Host-auth_marker=x",
                set.access.expose(),
                set.refresh.expose()
            );
            let parts = request(&cookie);
            if cached > 0 && algorithm == Algorithm::Hs256 {
                // By what a remembered token could be found.
                let text = set.access.expose().to_owned();
                group.bench_function("found by a digest of it all", |bench| {
                    bench.iter(|| Digest::of(black_box(text.as_bytes())));
                });
                let hasher = std::hash::RandomState::new();
                group.bench_function("found by a keyed hash of its signature, compared whole", |bench| {
                    let other = text.clone();
                    bench.iter(|| {
                        let text = black_box(text.as_str());
                        let name = std::hash::BuildHasher::hash_one(&hasher, text.rsplit('.').next());
                        (name, text == black_box(other.as_str()))
                    });
                });
            }
            let kind = if cached == 0 { "checked" } else { "remembered" };
            group.bench_function(BenchmarkId::new(kind, algorithm.as_str()), |bench| {
                bench.to_async(&runtime).iter(|| async {
                    let request = AuthRequest::new(&auth, &parts);
                    assert!(request.validate().await.unwrap().is_some());
                });
            });
            if cached > 0 {
                continue;
            }
            group.bench_function(BenchmarkId::new("refresh", algorithm.as_str()), |bench| {
                bench
                    .to_async(&runtime)
                    .iter(|| async { auth.refresh_session(set.refresh.expose()).await.unwrap() });
            });
            group.bench_function(BenchmarkId::new("create", algorithm.as_str()), |bench| {
                bench.to_async(&runtime).iter(|| async {
                    auth.create_session(&proof, Default::default())
                        .await
                        .unwrap()
                        .tokens
                        .is_some()
                });
            });
        }
    }
    es256(&mut group);
    // The library call alone: what any application would do with the same token.
    let key = [7; 32];
    let claims =
        serde_json::json!({ "sub": "25zgny5lp9y0q25vnhjsenw3x", "exp": 9_999_999_999_u64, "filling": "x".repeat(500) });
    let token = jsonwebtoken::encode(
        &jsonwebtoken::Header::default(),
        &claims,
        &jsonwebtoken::EncodingKey::from_secret(&key),
    )
    .unwrap();
    let decoding = jsonwebtoken::DecodingKey::from_secret(&key);
    let validation = jsonwebtoken::Validation::default();
    group.bench_function("bare jsonwebtoken HS256", |bench| {
        bench.iter(|| jsonwebtoken::decode::<serde_json::Value>(black_box(&token), &decoding, &validation).unwrap());
    });
    group.finish();
}

/// Both back ends of ES256, on the same key and message.
fn es256(group: &mut BenchmarkGroup<'_, WallTime>) {
    use p256::ecdsa::{
        Signature, SigningKey,
        signature::{Signer, Verifier},
    };

    let message = [b'x'; 700];
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let signature: Signature = key.sign(&message);
    group.bench_function("ES256 signed by p256", |bench| {
        bench.iter(|| -> Signature { key.sign(black_box(&message)) });
    });
    group.bench_function("ES256 checked by p256", |bench| {
        bench.iter(|| key.verifying_key().verify(black_box(&message), &signature).unwrap());
    });
    #[cfg(feature = "aws-lc")]
    {
        use aws_lc_rs::{rand::SystemRandom, signature};
        let point = key.verifying_key().to_sec1_point(false);
        let pair = signature::EcdsaKeyPair::from_private_key_and_public_key(
            &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            &[7; 32],
            point.as_bytes(),
        );
        let pair = pair.unwrap();
        let parsed = signature::ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point.as_bytes()).unwrap();
        let other = signature.to_bytes();
        group.bench_function("ES256 signed by AWS-LC", |bench| {
            bench.iter(|| pair.sign(&SystemRandom::new(), black_box(&message)).unwrap());
        });
        group.bench_function("ES256 checked by AWS-LC", |bench| {
            bench.iter(|| parsed.verify_sig(black_box(&message), &other).unwrap());
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    targets = requests, validation, tokens
}
criterion_main!(benches);
