//! Redis over TLS: whom the library believes.

use super::{
    super::{RedisInvalidations, RedisOptions, RedisSessions},
    server::Server,
};
use crate::{
    ErrorKind,
    adapter::Store,
    adapters::{MemorySessions, tests::free_port},
    entropy::generate_random_string,
    testing::conformance,
};

/// A server that speaks nothing else, and the certificate that vouches for `localhost`.
async fn start() -> (Server, String, String) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = tempfile::TempDir::new().unwrap();
    let file = |name: &str, pem: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let pem = own.cert.pem();
    let (certificate, key) = (file("certificate", &pem), file("key", &own.signing_key.serialize_pem()));
    let port = free_port();
    let arguments = [
        "--port",
        "0",
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &certificate,
        "--tls-auth-clients",
        "no",
    ];
    let server = Server::start_at(port, &arguments).await;
    (server, format!("rediss://localhost:{port}"), pem)
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn sessions_over_tls_pass_the_suite() {
    let (_server, url, pem) = start().await;
    let expected = conformance::run_sessions(async || MemorySessions::default()).await;
    let report = conformance::run_sessions(async || {
        let prefix = format!("{}:", generate_random_string(12).unwrap());
        let options = RedisOptions::new(&url).root_certificates(pem.as_str());
        RedisSessions::open(options.key_prefix(prefix)).await.unwrap()
    })
    .await;
    assert_eq!(report, expected);
    // The bus connects by the same way.
    RedisInvalidations::open(RedisOptions::new(&url).root_certificates(pem.as_str()))
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_server_nobody_vouches_for_is_not_believed() {
    let (_server, url, pem) = start().await;
    let trusted = RedisOptions::new(&url).root_certificates(pem.as_str());
    RedisSessions::open(trusted).await.unwrap().ping().await.unwrap();
    let stranger = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let refused = [
        ("the web's roots", RedisOptions::new(&url)),
        (
            "another's certificate",
            RedisOptions::new(&url).root_certificates(stranger.cert.pem()),
        ),
        (
            "another name",
            RedisOptions::new(url.replace("localhost", "127.0.0.1")).root_certificates(pem.as_str()),
        ),
        ("in clear", RedisOptions::new(url.replace("rediss", "redis"))),
        (
            "unchecked",
            RedisOptions::new(format!("{url}/#insecure")).root_certificates(pem.as_str()),
        ),
    ];
    for (case, options) in refused {
        let error = RedisSessions::open(options).await.unwrap_err();
        assert!(
            error.is_store_failure() || error.kind() == ErrorKind::ValidationFailed,
            "{case}: {error}"
        );
    }
}

#[tokio::test]
async fn certificates_that_are_none_are_a_mistake_of_the_configuration() {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (url, pem) in [
        ("rediss://localhost:1", String::new()),
        ("rediss://localhost:1", "nothing".to_owned()),
        ("redis://localhost:1", own.cert.pem()),
    ] {
        for options in [RedisOptions::new(url), RedisOptions::cluster([url])] {
            let error = RedisSessions::open(options.root_certificates(pem.as_str()))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ValidationFailed, "{url} {pem}: {error}");
        }
    }
}
