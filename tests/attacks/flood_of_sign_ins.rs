//! Two hundred sign-ins at once: other pages are served meanwhile, memory stays what it was.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;

use crate::walk::{Running, Which, send, send_from};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axum_serves_other_pages_meanwhile() {
    flood(Which::Axum).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actix_serves_other_pages_meanwhile() {
    flood(Which::Actix).await;
}

async fn flood(which: Which) {
    let directory = tempfile::TempDir::new().unwrap();
    let server = Running::start(which, &directory.path().join("flood.db")).await;
    let address = server.address();
    let sign_in = move |number: usize| async move {
        let body = json!({ "email": format!("u{number}@example.com"), "password": "wrong horse" });
        let headers = [("content-type", "application/json")];
        // From twenty addresses of this machine, so that no client's limit keeps the hashing threads idle.
        let from = [127, 0, 1, u8::try_from(number % 20).unwrap() + 1].into();
        let path = "/api/auth/token?grant_type=password";
        send_from(from, address, "POST", path, &headers, &body.to_string()).await
    };
    // Warm: threads and their memory are there.
    for number in 0..4 {
        sign_in(1_000 + number).await.unwrap();
    }
    let before = server.memory_kib();
    let over = Arc::new(AtomicBool::new(false));
    let visitor = tokio::spawn({
        let over = Arc::clone(&over);
        async move {
            let mut served = 0;
            while !over.load(Ordering::SeqCst) {
                assert_eq!(send(address, "GET", "/sign-in", &[], "").await.unwrap().status, 200);
                served += 1;
            }
            served
        }
    });
    let flood: Vec<_> = (0..200).map(|number| tokio::spawn(sign_in(number))).collect();
    let mut evaluated = 0;
    for request in flood {
        let answer = request.await.unwrap().unwrap();
        match answer.status {
            400 => evaluated += 1,
            // The client's limit, or the queue's.
            429 | 503 => assert!(answer.header("retry-after").is_some()),
            status => panic!("{status}"),
        }
    }
    over.store(true, Ordering::SeqCst);
    let served = visitor.await.unwrap();
    assert!(evaluated > 100, "only {evaluated} were evaluated");
    assert!(served > 20, "only {served} pages were served meanwhile");
    let grown = server.memory_kib().saturating_sub(before);
    assert!(grown < 100 * 1024, "memory grew by {grown} KiB");
}
