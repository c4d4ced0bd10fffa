//! What the builder says about common mistakes.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there, or the test fails"
)]

use oauth2_refresh::{OAuth2, OAuth2Builder};
use token_core::BuildError;

fn builder() -> OAuth2Builder {
    OAuth2::token_url("https://id.example.com/oauth2/token").client_id("app-1")
}

fn refusal(builder: OAuth2Builder) -> BuildError {
    builder.build().unwrap_err()
}

#[test]
fn a_missing_account_is_asked_for_with_the_reason() {
    for builder in [builder(), builder().account(" ")] {
        let error = refusal(builder);
        assert_eq!(error.field(), "account");
        let said = error.to_string();
        assert!(said.contains("whose grant this is"), "{said}");
        assert!(said.contains("client_credentials()"), "{said}");
    }
}

#[test]
fn a_client_secret_with_the_line_end_of_its_file_is_refused() {
    for secret in ["secret-of-app-1\n", "secret\r\n"] {
        let error = refusal(builder().account("alice").client_secret(secret));
        assert_eq!(error.field(), "client_secret");
        assert!(!error.to_string().contains("secret-of"), "{error}");
    }
    let spaces = builder().account("alice").client_secret(" a secret ");
    assert!(spaces.build().is_ok());
}
