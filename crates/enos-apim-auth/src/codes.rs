//! The meaning of the codes of the token service and of the gateway in front of it.

use token_core::{ErrorKind, Step};

/// The meaning of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The request succeeded.
    Granted,
    /// The request was refused.
    Refused(ErrorKind),
    /// The digest was used before: a later timestamp is accepted.
    SignAgain,
    /// The digest is wrong: because of our clock or of the secret.
    Mistrusted,
}

const TRANSIENT: ErrorKind = ErrorKind::Transient { after: None };

/// Returns the meaning of a code: of "Get Access Token" and "Refresh Access Token" on
/// `support.enos-iot.com` (0 to 1204), or of the gateway, from the vendor's common SDK for Java
/// (401 to 599).
pub(crate) fn verdict(code: i64, step: Step) -> Verdict {
    let asked_to_refresh = step == Step::Refresh;
    match code {
        0 => Verdict::Granted,
        1001 => Verdict::SignAgain,
        1003 | 497 => Verdict::Mistrusted,
        // 1203: the token has expired; 1204: it cannot be refreshed. Neither makes sense for a get,
        // and the next get may succeed.
        1203 | 1204 if asked_to_refresh => Verdict::Refused(ErrorKind::Rejected),
        1203 | 1204 => Verdict::Refused(TRANSIENT),
        401 if asked_to_refresh => Verdict::Refused(ErrorKind::Rejected),
        1002 | 1004 | 1202 | 401 | 403 | 404 | 405 | 498 => Verdict::Refused(ErrorKind::Config),
        429 => Verdict::Refused(ErrorKind::Throttled { after: None }),
        1005 | 500..=599 => Verdict::Refused(TRANSIENT),
        // Not documented, so nothing is given up.
        _ => Verdict::Refused(ErrorKind::Protocol),
    }
}

/// Returns whether an HTTP status is the gateway's own, which counts whatever the body is.
pub(crate) fn is_gateway_status(status: u16) -> bool {
    matches!(status, 401 | 403 | 497 | 498)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_token_is_rejected_only_where_a_get_can_follow() {
        for code in [1203, 1204, 401] {
            assert_eq!(
                verdict(code, Step::Refresh),
                Verdict::Refused(ErrorKind::Rejected),
                "{code}"
            );
            assert_ne!(
                verdict(code, Step::Login),
                Verdict::Refused(ErrorKind::Rejected),
                "{code}"
            );
        }
    }

    #[test]
    fn only_zero_is_success() {
        for code in [i64::MIN, -1, 1, 2, 200, 10000, i64::MAX] {
            assert_eq!(
                verdict(code, Step::Login),
                Verdict::Refused(ErrorKind::Protocol),
                "{code}"
            );
        }
        assert_eq!(verdict(0, Step::Login), Verdict::Granted);
    }
}
