//! Unacceptable certificates, and whether somebody has to act.

use crate::Client;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa};
use token_core::{Error, ErrorKind, HttpClient, SendFailure};

use super::authority::{Authority, showing};
use super::raw::{MINUTE, TOKEN, assert_unsent, refresh};

fn params() -> CertificateParams {
    CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap()
}

async fn error_of(authority: &Authority, shown: (Vec<u8>, rcgen::KeyPair)) -> Error {
    let server = showing(shown.0, &shown.1).await;
    let client = Client::builder().add_root_certificates_pem(&authority.pem());
    let url = format!("https://{}/t", server.address());
    let error = client.build().unwrap().send(refresh(&url), MINUTE).await;
    let error = error.unwrap_err();
    assert_unsent(&error, SendFailure::Tls);
    assert_eq!(server.heard().count(TOKEN), 0);
    error.to_error()
}

#[track_caller]
fn assert_names(error: &Error, what: &str, to_do: &str) {
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
async fn a_ca_certificate_of_a_server_is_named_in_the_error() {
    let authority = Authority::new();
    let mut params = params();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let error = error_of(&authority, authority.sign(&params)).await;
    assert_names(&error, "CA:TRUE", "CA:FALSE");
}

// FAULTS.md rows 84 and 101
#[tokio::test]
async fn a_version_1_certificate_is_named_in_the_error() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign(&params());
    let error = error_of(&authority, (as_version_1(&certificate), key)).await;
    assert_names(&error, "version 1", "version 3");
}

// FAULTS.md rows 84 and 101
#[tokio::test]
async fn a_missing_subject_alt_name_is_named_in_the_error() {
    let authority = Authority::new();
    let nameless = CertificateParams::new(Vec::new()).unwrap();
    let error = error_of(&authority, authority.sign(&nameless)).await;
    assert_names(&error, "no subjectAltName", "issue one");
}

// FAULTS.md row 101
#[tokio::test]
async fn an_unknown_issuer_and_a_wrong_name_are_config_errors() {
    let authority = Authority::new();
    let error = error_of(&authority, Authority::new().sign(&params())).await;
    assert_names(&error, "issuer is not trusted", "add_root_certificates_pem");
    let other = CertificateParams::new(vec!["other.example".to_owned()]).unwrap();
    let error = error_of(&authority, authority.sign(&other)).await;
    assert_names(&error, "another host", "correct the URL");
    assert!(!error.to_string().contains("other.example"), "{error}");
}

// FAULTS.md row 101
#[tokio::test]
async fn a_client_only_certificate_is_a_config_error() {
    let authority = Authority::new();
    let mut params = params();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let error = error_of(&authority, authority.sign(&params)).await;
    assert_names(&error, "not valid for servers", "serverAuth");
}

// FAULTS.md row 101
#[tokio::test]
async fn an_expired_or_not_yet_valid_certificate_is_transient() {
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

/// Returns the certificate without the field for version 3, which makes it version 1. Its signature
/// does not matter: the version is checked first.
fn as_version_1(certificate: &[u8]) -> Vec<u8> {
    const VERSION_3: [u8; 5] = [0xa0, 0x03, 0x02, 0x01, 0x02];
    let outer = contents(certificate);
    let body = contents(outer);
    let rest = body.strip_prefix(&VERSION_3).unwrap();
    let after = &outer[header_length(outer) + body.len()..];
    sequence(&[sequence(rest).as_slice(), after].concat())
}

/// Returns the contents of the sequence at the beginning.
fn contents(der: &[u8]) -> &[u8] {
    let header = header_length(der);
    let length = der[2..header]
        .iter()
        .fold(0, |length, byte| length * 256 + usize::from(*byte));
    &der[header..header + length]
}

/// Returns the length of the header of a sequence of more than 127 bytes.
fn header_length(der: &[u8]) -> usize {
    assert_eq!(der[0], 0x30);
    2 + usize::from(der[1] & 0x7f)
}

fn sequence(inside: &[u8]) -> Vec<u8> {
    let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
    [&[0x30, 0x82], &length[..], inside].concat()
}
