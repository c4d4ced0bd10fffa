//! A look at a certificate that was not trusted. Nothing is sent to that server.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use vendor_auth::types::Timestamp;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::target::Target;
use crate::commands::status::relative;
use crate::grant;

/// Nobody else vouches for it.
pub(super) const SELF_SIGNED: &str = "it is self-signed";
/// The most names that are shown.
const MOST_NAMES: usize = 3;

/// Returns what is odd about the server's certificate.
pub(super) async fn look(target: &Target, within: Duration) -> Option<String> {
    let der = timeout(within, presented(target)).await.ok()??;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    Some(describe(&certificate, grant::now()))
}

async fn presented(target: &Target) -> Option<CertificateDer<'static>> {
    let host = target.host.trim_matches(['[', ']']).to_owned();
    let stream = TcpStream::connect((host.as_str(), target.port))
        .await
        .ok()?;
    let eye = Arc::new(Eye::default());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&eye) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let name = ServerName::try_from(host).ok()?;
    // It ends with an error: the verifier has seen enough.
    drop(
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await,
    );
    eye.seen()
}

fn describe(certificate: &X509Certificate<'_>, now: Timestamp) -> String {
    let validity = certificate.validity();
    let at = |seconds| Timestamp::from_unix_seconds(seconds);
    let (from, until) = (
        at(validity.not_before.timestamp()),
        at(validity.not_after.timestamp()),
    );
    let mut facts = Vec::new();
    if certificate.subject() == certificate.issuer() {
        facts.push(SELF_SIGNED.to_owned());
    }
    if from > now {
        facts.push(format!("it is valid from {from} ({})", relative(from, now)));
    }
    if until < now {
        facts.push(format!("it expired at {until} ({})", relative(until, now)));
    }
    facts.push(format!("it names {}", names(certificate)));
    facts.join("; ")
}

/// Returns the hosts that the certificate is for. They come from the server.
fn names(certificate: &X509Certificate<'_>) -> String {
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let names = alternative.map_or(&[][..], |it| &it.value.general_names);
    let hosts = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(harmless(name)),
        _ => None,
    });
    let hosts: Vec<_> = hosts.take(MOST_NAMES).collect();
    match hosts.is_empty() {
        true => "no host".to_owned(),
        false => hosts.join(", "),
    }
}

fn harmless(name: &str) -> String {
    let is_harmless = |c: &char| c.is_ascii_alphanumeric() || ".-*".contains(*c);
    name.chars().filter(is_harmless).take(80).collect()
}

/// Keeps the certificate, and refuses it.
#[derive(Debug, Default)]
struct Eye(Mutex<Option<CertificateDer<'static>>>);

impl Eye {
    fn seen(&self) -> Option<CertificateDer<'static>> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.take()
    }
}

impl ServerCertVerifier for Eye {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Some(end_entity.clone().into_owned());
        Err(Error::General("only looked at".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only looked at".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only looked at".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = ring::default_provider();
        provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
