//! Explains TLS failures in constant texts: those of rustls quote names from the server's
//! certificate.

use rustls::{AlertDescription, CertificateError, Error};

const NOT_FOR_SERVERS: &str =
    "the certificate is not valid for servers; issue one with the extended key usage serverAuth";

/// Returns a one-line explanation.
pub(super) fn why(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(error) => why_not_trusted(error),
        Error::AlertReceived(alert) => why_refused(*alert),
        Error::PeerIncompatible(_) => "no TLS version or cipher suite in common",
        Error::NoCertificatesPresented => "the server presented no certificate",
        Error::InvalidMessage(_) => "the peer does not speak TLS",
        _ => "the handshake failed",
    }
}

/// Returns whether the server ended the handshake because of the client's certificate.
pub(super) fn refused_our_certificate(error: &Error) -> bool {
    let Error::AlertReceived(alert) = error else {
        return false;
    };
    concerns_our_certificate(*alert)
}

/// Returns whether the error stays until a setting or a certificate is changed. A broken handshake
/// or a certificate's dates can resolve by themselves.
pub(super) fn is_permanent(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(error) => !passes_by_itself(error),
        Error::AlertReceived(alert) => *alert == AlertDescription::CertificateRequired,
        _ => false,
    }
}

fn passes_by_itself(error: &CertificateError) -> bool {
    matches!(
        error,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
            | CertificateError::UnknownRevocationStatus
            | CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. }
    )
}

fn why_not_trusted(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => {
            "the certificate's issuer is not trusted; add a private CA with `add_root_certificates_pem`"
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "the certificate has no subjectAltName; issue one that names this host there (the common name is ignored)"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another host; correct the URL's host or issue a certificate for it"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired, or this machine's clock is wrong"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet, or this machine's clock is wrong"
        }
        CertificateError::Revoked => "the certificate was revoked; the server needs another",
        CertificateError::BadEncoding => "the certificate is malformed; the server needs another",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            NOT_FOR_SERVERS
        }
        CertificateError::Other(other) => why_not_usable(&other.to_string()),
        _ => "the certificate is not valid; the server needs another",
    }
}

/// Errors that rustls has no variant for come from its verifier and are known by their texts.
fn why_not_usable(named: &str) -> &'static str {
    match named {
        "CaUsedAsEndEntity" => {
            "the server presented a CA certificate (CA:TRUE); issue a certificate for the server (CA:FALSE)"
        }
        "UnsupportedCertVersion" => {
            "the certificate is X.509 version 1; issue one of version 3 with this host as its subjectAltName"
        }
        "certificate had invalid extensions" => NOT_FOR_SERVERS,
        _ => "the certificate is not valid; the server needs another",
    }
}

fn why_refused(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::CertificateRequired => {
            "the server requires a client certificate; set one with `client_certificate_pem`"
        }
        alert if concerns_our_certificate(alert) => "the server refused the client certificate",
        AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => {
            "no TLS version or cipher suite in common, or a client certificate is missing"
        }
        AlertDescription::UnrecognisedName => "the server does not know this host name",
        _ => "the server ended the handshake",
    }
}

fn concerns_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError // the signature over the handshake
    )
}
