//! Why TLS failed, in constant texts: rustls's own quote names out of the server's certificate.

use rustls::{AlertDescription, CertificateError, Error};

/// One line for a person.
pub(crate) fn why(error: &Error) -> &'static str {
    match error {
        Error::InvalidCertificate(error) => why_not_trusted(error),
        Error::AlertReceived(alert) => why_refused(*alert),
        Error::PeerIncompatible(_) => "no TLS version or cipher suite in common",
        Error::NoCertificatesPresented => "the server has no certificate",
        Error::InvalidMessage(_) => "the other side does not speak TLS",
        _ => "the handshake failed",
    }
}

/// Whether the server ended the handshake over the client's certificate.
pub(crate) fn refused_our_certificate(error: &Error) -> bool {
    let Error::AlertReceived(alert) = error else {
        return false;
    };
    concerns_our_certificate(*alert)
}

fn why_not_trusted(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => {
            "the certificate's issuer is not trusted; a private one is added with `add_root_certificates_pem`"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another host"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired, or this machine's clock is wrong"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet, or this machine's clock is wrong"
        }
        CertificateError::Revoked => "the certificate was revoked",
        CertificateError::BadEncoding => "the certificate is malformed",
        _ => "the certificate is not valid",
    }
}

fn why_refused(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::CertificateRequired => "the server requires a client certificate",
        alert if concerns_our_certificate(alert) => "the server refuses the client certificate",
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
