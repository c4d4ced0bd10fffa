use super::*;

fn kind(status: u16, code: &str, message: &str, presented: Presented) -> ErrorKind {
    Refusal {
        code,
        message,
        status: StatusCode::from_u16(status).unwrap(),
        after: None,
        presented,
    }
    .kind()
}

// FAULTS.md row 33
#[test]
fn a_400_that_means_retry_does_not_end_the_grant() {
    let transient = ErrorKind::Transient { after: None };
    let collision = "Token request is already being processed";
    for (code, message) in [
        ("temporarily_unavailable", ""),
        ("server_error", ""),
        ("invalid_grant", collision),
    ] {
        assert_eq!(
            kind(400, code, message, Presented::Grant),
            transient,
            "{code}"
        );
    }
    let throttled = ErrorKind::Throttled { after: None };
    assert_eq!(kind(400, "slow_down", "", Presented::Grant), throttled);
}

#[test]
fn a_refused_client_login_is_a_config_error() {
    for code in ["invalid_grant", "invalid_token", "access_denied"] {
        assert_eq!(kind(400, code, "", Presented::Grant), ErrorKind::Rejected);
        assert_eq!(
            kind(400, code, "", Presented::ClientCredentials),
            ErrorKind::Config
        );
    }
}

#[test]
fn an_unknown_code_is_judged_by_the_status_and_ends_no_grant() {
    for (status, expected) in [
        (401, ErrorKind::Config),
        (404, ErrorKind::Config),
        (400, ErrorKind::Protocol),
        (403, ErrorKind::Protocol),
        (200, ErrorKind::Protocol),
    ] {
        assert_eq!(
            kind(status, "never_heard_of", "", Presented::Grant),
            expected
        );
    }
}

#[test]
fn an_unknown_code_leads_to_a_new_login_where_there_is_one() {
    let refused = kind(400, "never_heard_of", "", Presented::RenewableGrant);
    assert_eq!(refused, ErrorKind::Rejected);
}

// FAULTS.md row 67
#[test]
fn a_refresh_that_is_called_invalid_leads_to_a_new_login_and_a_wrong_client_does_not() {
    for code in ["invalid_request", "unauthorized"] {
        assert_eq!(
            kind(400, code, "", Presented::RenewableGrant),
            ErrorKind::Rejected
        );
        assert_eq!(kind(400, code, "", Presented::Grant), ErrorKind::Config);
        assert_eq!(
            kind(400, code, "", Presented::ClientCredentials),
            ErrorKind::Config
        );
    }
    let wrong_client = kind(401, "invalid_client", "", Presented::RenewableGrant);
    assert_eq!(wrong_client, ErrorKind::Config);
}

#[test]
fn each_documented_code_means_what_its_document_says() {
    let throttled = ErrorKind::Throttled { after: None };
    let transient = ErrorKind::Transient { after: None };
    for (kind_of_error, codes) in [
        (
            ErrorKind::Rejected,
            &[
                "invalid_grant",
                "invalid_token",
                "access_denied",
                "login_required",
                "interaction_required",
                "consent_required",
                "account_selection_required",
                "bad_verification_code",
                "invalid_code",
                "expired_token",
                "token_expired",
                "token_revoked",
                "token_inactive",
                "grant_expired",
                "grant_revoked",
                "grant_not_found",
            ][..],
        ),
        (
            ErrorKind::Config,
            &[
                "invalid_client",
                "unauthorized_client",
                "invalid_scope",
                "insufficient_scope",
                "invalid_target",
                "unsupported_grant_type",
                "unsupported_response_type",
                "unsupported_token_type",
                "redirect_uri_mismatch",
                "incorrect_client_credentials",
                "bad_client_secret",
                "invalid_client_id",
                "invalid_request",
                "unauthorized",
            ],
        ),
        (transient, &["temporarily_unavailable", "server_error"]),
        (
            throttled,
            &[
                "slow_down",
                "ratelimited",
                "rate_limit_exceeded",
                "too_many_requests",
            ],
        ),
    ] {
        for code in codes {
            assert_eq!(
                kind(400, code, "", Presented::Grant),
                kind_of_error,
                "{code}"
            );
        }
    }
}
