//! TLS: who has the right certificate is talked to, nobody else.

use super::{
    Database, Place, Server, Settings, on_both,
    records::{key, user},
};
use crate::{
    adapter::{Store, UserAdapter},
    adapters::AnyAdapter,
    error::Error,
    model::Attributes,
};

on_both![only_a_server_with_the_right_certificate_is_talked_to,];

/// A certificate for a host, and its key.
fn certificate(host: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// Has the server show a certificate, from its next start on.
fn show(server: &Server, (certificate, key): &(String, String)) {
    server.write("shown.pem", certificate);
    server.write("shown.key", key);
}

async fn connect(server: &Server, how: &str, roots: Option<&str>) -> Result<AnyAdapter, Error> {
    let url = match server.database() {
        Database::Mariadb => format!("mysql://tls:tls@127.0.0.1:{}/auth?{how}", server.port()),
        Database::Postgres => format!("postgres://tls:tls@127.0.0.1:{}/postgres?{how}", server.port()),
    };
    let settings = Settings {
        root_certificates: roots.map(|pem| pem.as_bytes().to_vec()),
        ..Settings::default()
    };
    Place::at(server.database(), &url).try_open(&settings).await
}

async fn only_a_server_with_the_right_certificate_is_talked_to(database: Database) {
    let mut server = Server::prepare(database);
    let (right, wrong) = (certificate("127.0.0.1"), certificate("db.example.com"));
    show(&server, &right);
    match database {
        Database::Mariadb => {
            server.argument("--ssl-cert=shown.pem");
            server.argument("--ssl-key=shown.key");
        }
        Database::Postgres => {
            // One may come as they like, the other must not come without TLS.
            server.write(
                "pg_hba.conf",
                "hostssl all tls 127.0.0.1/32 trust\nhost all auth 127.0.0.1/32 trust\n",
            );
            for setting in ["ssl=on", "ssl_cert_file=shown.pem", "ssl_key_file=shown.key"] {
                server.argument("-c");
                server.argument(setting);
            }
        }
    }
    server.start_again().await;
    let admin = Place::of(&server).witness().await;
    let (with, without) = match database {
        Database::Mariadb => {
            admin
                .execute("CREATE USER 'tls'@'%' IDENTIFIED BY 'tls' REQUIRE SSL")
                .await;
            admin.execute("GRANT ALL ON auth.* TO 'tls'@'%'").await;
            ("require_ssl=true", "require_ssl=false")
        }
        Database::Postgres => {
            admin.execute("CREATE ROLE tls LOGIN SUPERUSER").await;
            ("sslmode=require", "sslmode=disable")
        }
    };
    let store = connect(&server, with, Some(&right.0)).await.unwrap();
    store.migrate().await.unwrap();
    let mut ada = user("ada");
    ada.attributes = Attributes::new();
    store.set_user(&ada, Some(&key("ada"))).await.unwrap();
    // The web's roots, and another's, do not vouch for it.
    let refused = async |how: &str, roots: Option<&str>| {
        let error = connect(&server, how, roots).await.map(drop).unwrap_err();
        assert!(error.is_store_failure(), "{how}: {error:?}");
        format!("{error:?}").to_lowercase()
    };
    assert!(refused(with, None).await.contains("certificate"));
    assert!(refused(with, Some(&wrong.0)).await.contains("certificate"));
    // It demands TLS.
    let told = refused(without, None).await;
    assert!(told.contains("hba") || told.contains("denied"), "{told}");
    // What is no certificate is no root.
    let nonsense = connect(&server, with, Some("nonsense")).await.map(drop).unwrap_err();
    assert!(!format!("{nonsense:?}").contains("tls:tls"));
    // Somebody else's, vouched for all the same.
    server.stop();
    show(&server, &wrong);
    server.start_again().await;
    let error = connect(&server, with, Some(&wrong.0)).await.map(drop).unwrap_err();
    assert!(format!("{error:?}").to_lowercase().contains("certificate"), "{error:?}");
    // The connections there were are not made anew with it either.
    for _ in 0..3 {
        store.get_user(&ada.id).await.unwrap_err();
    }
    server.stop();
    show(&server, &right);
    server.start_again().await;
    let found = match store.get_user(&ada.id).await {
        Err(_) => store.get_user(&ada.id).await,
        found => found,
    };
    assert_eq!(found.unwrap(), Some(ada));
}
