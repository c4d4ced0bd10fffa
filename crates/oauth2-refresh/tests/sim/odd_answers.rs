//! Odd answers: the grant lives on.

use token_sim::{InvalidGrant, Oddity};

use super::*;

impl Setup {
    fn refresh_token(&self) -> Secret {
        self.sim.grant().refresh_token().unwrap().into()
    }

    async fn spend(&self, refresh: Secret) -> Result<Outcome, Error> {
        let now = Timestamp::from_unix_millis(self.sim.clock().now_ms());
        let token = Token::from_refresh_token(refresh).unwrap();
        let request = self.endpoint.refresh(&token, &attempt(now, 1)).unwrap();
        exchange(&self.endpoint, &self.http, &request, now).await
    }
}

/// The new refresh token, with or without an access token.
fn kept(outcome: Result<Outcome, Error>) -> Secret {
    match outcome {
        Ok(Outcome::Issued(token)) => token.refresh().unwrap().clone(),
        Ok(Outcome::RefreshTokenOnly { refresh, .. }) => refresh,
        other => panic!("the rotation is lost: {other:?}"),
    }
}

// FAULTS.md rows 49 and 50
#[tokio::test]
async fn after_every_odd_answer_the_new_refresh_token_is_in_hand_or_in_doubt() {
    for oddity in Oddity::ALL {
        let setup = Setup::by_token_url(OAuth2Server::builder(), |builder| builder).await;
        let first = setup.refresh_token();
        setup.sim.fault(Fault::odd(oddity));
        let answered = setup.spend(first).await;
        if !oddity.is_readable() {
            assert_eq!(
                answered.unwrap_err().kind(),
                ErrorKind::InDoubt,
                "{oddity:?}"
            );
            continue;
        }
        let alone = matches!(answered, Ok(Outcome::RefreshTokenOnly { .. }));
        assert!(!alone || !oddity.has_usable_access_token(), "{oddity:?}");
        let next = setup.spend(kept(answered)).await;
        assert!(
            matches!(next, Ok(Outcome::Issued(_))),
            "{oddity:?}: {next:?}"
        );
    }
}

// FAULTS.md row 77
#[tokio::test]
async fn a_revoked_grant_is_rejected_in_whatever_words() {
    for words in InvalidGrant::ALL {
        let setup = Setup::by_token_url(OAuth2Server::builder().invalid_grant(words), |builder| {
            builder
        })
        .await;
        let refused = setup
            .spend(Secret::from("a-refresh-token-of-nobody"))
            .await
            .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Rejected, "{words:?}: {refused}");
        assert!(
            !format!("{refused} {refused:?}").contains("of-nobody"),
            "{words:?}"
        );
    }
}

// FAULTS.md row 52
#[tokio::test]
async fn an_answer_in_a_wrapper_in_a_form_or_compressed_is_read() {
    for (wrapper, fault) in [
        (None, Fault::form_encoded()),
        (None, Fault::gzip()),
        (Some("data"), Fault::in_field("data")),
        (Some("0"), Fault::in_list()),
    ] {
        let describe = |builder: OAuth2Builder| match wrapper {
            Some(wrapper) => builder.wrapped_in(wrapper),
            None => builder,
        };
        let setup = Setup::by_token_url(OAuth2Server::builder(), describe).await;
        let first = setup.refresh_token();
        setup.sim.fault(fault);
        let answered = setup.spend(first).await;
        assert!(
            matches!(answered, Ok(Outcome::Issued(_))),
            "{wrapper:?}: {answered:?}"
        );
    }
}

// FAULTS.md row 70
#[tokio::test]
async fn a_token_is_due_before_the_end_that_the_server_tells_of_its_refresh_token() {
    let server = OAuth2Server::builder()
        .refresh_token_lifetime(Duration::from_secs(400))
        .refresh_expires_in_field("refresh_expires_in");
    let setup = Setup::by_token_url(server, |builder| builder).await;
    let first = setup.refresh_token();
    let Ok(Outcome::Issued(token)) = setup.spend(first).await else {
        panic!("no token");
    };
    let issued = token.validity().issued_at();
    assert_eq!(
        token.refresh_expires_at(),
        Some(issued.after(Duration::from_secs(400)))
    );
    assert_eq!(
        token.validity().refresh_at(),
        issued.after(Duration::from_secs(300))
    );
}
