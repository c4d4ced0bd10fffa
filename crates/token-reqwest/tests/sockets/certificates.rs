//! Certificates that will not do, and whether somebody has to act.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa};
use token_core::{Error, ErrorKind, HttpClient, SendFailure};
use token_reqwest::ReqwestClient;

use crate::authority::{Authority, showing};
use crate::raw::{MINUTE, TOKEN, assert_unsent, refresh};

fn params() -> CertificateParams {
    CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap()
}

async fn error_of(authority: &Authority, shown: (Vec<u8>, rcgen::KeyPair)) -> Error {
    let server = showing(shown.0, &shown.1).await;
    let client = ReqwestClient::builder().add_root_certificates_pem(&authority.pem());
    let url = format!("https://{}/t", server.address());
    let error = client.build().unwrap().send(refresh(&url), MINUTE).await;
    let error = error.unwrap_err();
    assert_unsent(&error, SendFailure::Tls);
    assert_eq!(server.heard().count(TOKEN), 0);
    error.to_error()
}

#[track_caller]
fn assert_told(error: &Error, what: &str, to_do: &str) {
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Config, "{text}");
    assert!(text.contains(what) && text.contains(to_do), "{text}");
    assert!(
        !text.contains("later") && !text.contains("[scrubbed]"),
        "{text}"
    );
}

// FAULTS.md rows 84 and 101
#[tokio::test]
async fn an_authoritys_own_certificate_is_told_as_such() {
    let authority = Authority::new();
    let mut params = params();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let error = error_of(&authority, authority.sign(&params)).await;
    assert_told(&error, "CA:TRUE", "have it issue one");
}

// FAULTS.md rows 84 and 101
#[tokio::test]
async fn a_certificate_of_version_1_is_told_as_such() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign(&params());
    let error = error_of(&authority, (as_version_1(&certificate), key)).await;
    assert_told(&error, "version 1", "version 3");
}

// FAULTS.md rows 84 and 101
#[tokio::test]
async fn a_certificate_without_a_subject_alt_name_is_told_as_such() {
    let authority = Authority::new();
    let nameless = CertificateParams::new(Vec::new()).unwrap();
    let error = error_of(&authority, authority.sign(&nameless)).await;
    assert_told(&error, "no subjectAltName", "have one issued");
}

// FAULTS.md row 101
#[tokio::test]
async fn an_unknown_issuer_and_a_wrong_name_are_for_somebody_to_mend() {
    let authority = Authority::new();
    let error = error_of(&authority, Authority::new().sign(&params())).await;
    assert_told(&error, "issuer is not trusted", "add_root_certificates_pem");
    let other = CertificateParams::new(vec!["other.example".to_owned()]).unwrap();
    let error = error_of(&authority, authority.sign(&other)).await;
    assert_told(&error, "another host", "correct the URL");
    assert!(!error.to_string().contains("other.example"), "{error}");
}

// FAULTS.md row 101
#[tokio::test]
async fn a_certificate_for_clients_only_is_for_somebody_to_mend() {
    let authority = Authority::new();
    let mut params = params();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let error = error_of(&authority, authority.sign(&params)).await;
    assert_told(&error, "not meant for servers", "serverAuth");
}

// FAULTS.md row 101
#[tokio::test]
async fn a_certificates_dates_pass_by_themselves() {
    let authority = Authority::new();
    for (from, to, why) in [(2000, 2001, "expired"), (4000, 4001, "not valid yet")] {
        let mut params = params();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        let error = error_of(&authority, authority.sign(&params)).await;
        assert_eq!(
            error.kind(),
            ErrorKind::Transient { after: None },
            "{error}"
        );
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// The same certificate without the field that says "version 3", which is how version 1 is written.
/// Its signature does not matter: the version is looked at first.
fn as_version_1(certificate: &[u8]) -> Vec<u8> {
    const VERSION_3: [u8; 5] = [0xa0, 0x03, 0x02, 0x01, 0x02];
    let outer = contents(certificate);
    let body = contents(outer);
    let rest = body.strip_prefix(&VERSION_3).unwrap();
    let after = &outer[header_length(outer) + body.len()..];
    sequence(&[sequence(rest).as_slice(), after].concat())
}

/// What is inside the sequence at the beginning.
fn contents(der: &[u8]) -> &[u8] {
    let header = header_length(der);
    let length = der[2..header]
        .iter()
        .fold(0, |length, byte| length * 256 + usize::from(*byte));
    &der[header..header + length]
}

/// Of a sequence of more than 127 bytes.
fn header_length(der: &[u8]) -> usize {
    assert_eq!(der[0], 0x30);
    2 + usize::from(der[1] & 0x7f)
}

fn sequence(inside: &[u8]) -> Vec<u8> {
    let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82], &length[..], inside].concat()
}
