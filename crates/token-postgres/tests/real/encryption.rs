//! TLS to the server.

use std::sync::LazyLock;

use local_servers::{Certificate, Postgres};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use token_postgres::PostgresStoreBuilder;

use crate::place::{Place, SERVER};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

static ENCRYPTED: LazyLock<(Postgres, String)> = LazyLock::new(|| {
    let authority = authority();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let chain = params.signed_by(&key, &authority).unwrap().pem();
    let certificate = Certificate {
        chain,
        key: key.serialize_pem(),
        authority: authority.pem(),
    };
    let server = Postgres::with().tls(certificate.clone()).start().unwrap();
    (server, certificate.authority)
});

fn to(host: &str, sslmode: &str) -> PostgresStoreBuilder {
    let url = ENCRYPTED.0.url().replace("127.0.0.1", host);
    Place::unmigrated(format!("{url}?sslmode={sslmode}")).builder()
}

async fn failure(builder: PostgresStoreBuilder) -> String {
    builder
        .build()
        .unwrap()
        .check()
        .await
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn a_given_authority_is_trusted_in_every_mode_with_tls() {
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        let store = to("localhost", mode)
            .root_certificates_pem(ENCRYPTED.1.as_bytes())
            .build()
            .unwrap();
        store.migrate().await.unwrap();
    }
}

#[tokio::test]
async fn with_sslmode_require_the_connection_is_encrypted() {
    let store = to("localhost", "require&application_name=encrypted")
        .root_certificates_pem(ENCRYPTED.1.as_bytes());
    let store = store.build().unwrap();
    store.migrate().await.unwrap();
    let used = ENCRYPTED.0.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'encrypted'");
    assert_eq!(used.unwrap().trim(), "t");
}

// FAULTS.md row 31
#[tokio::test]
async fn with_sslmode_require_a_server_without_tls_is_refused() {
    let url = format!("{}?sslmode=require", SERVER.url());
    let said = failure(Place::unmigrated(url).builder()).await;
    assert!(said.contains("server does not support TLS"), "{said}");
}

// FAULTS.md row 47
#[tokio::test]
async fn an_unknown_authority_or_another_name_is_refused_even_with_sslmode_prefer() {
    for mode in ["prefer", "require"] {
        let stranger = authority().pem();
        for builder in [
            to("localhost", mode),
            to("localhost", mode).root_certificates_pem(stranger.as_bytes()),
        ] {
            let said = failure(builder).await;
            assert!(said.contains("invalid peer certificate"), "{said}");
        }
        let said =
            failure(to("127.0.0.1", mode).root_certificates_pem(ENCRYPTED.1.as_bytes())).await;
        assert!(said.contains("certificate not valid for name"), "{said}");
    }
}

#[test]
fn invalid_root_certificates_are_refused() {
    for pem in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let error = to("localhost", "require")
            .root_certificates_pem(pem.as_bytes())
            .build()
            .unwrap_err();
        assert_eq!(error.field(), "root_certificates_pem");
    }
}
