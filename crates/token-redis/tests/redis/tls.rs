//! `rediss://`.

use local_servers::{Certificate, Redis};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use token_core::TokenStore;
use token_core::store::{CommitCondition, Committed};
use token_redis::{RedisStore, Servers};

use crate::setup::{key, record, sealing};

#[tokio::test]
async fn tls_works_and_an_unknown_authority_is_not_trusted() {
    let certificate = certificate();
    let redis = Redis::with().tls(certificate.clone()).start().unwrap();
    let builder = || RedisStore::builder(Servers::node(redis.tls_url().unwrap()), sealing());
    let trusting = builder().certificate_authority_pem(certificate.authority.as_bytes());
    let store = trusting.connect().await.unwrap();
    let stored = store
        .commit(&key(), &CommitCondition::Overwrite, &record(1))
        .await
        .unwrap();
    assert_eq!(stored, Committed::Stored);

    let unknown = self::certificate().authority;
    builder()
        .certificate_authority_pem(unknown.as_bytes())
        .connect()
        .await
        .unwrap_err();
    builder().connect().await.unwrap_err();
}

fn certificate() -> Certificate {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let chain = params.signed_by(&key, &issuer).unwrap();
    Certificate {
        chain: chain.pem(),
        key: key.serialize_pem(),
        authority: authority.pem(),
    }
}
