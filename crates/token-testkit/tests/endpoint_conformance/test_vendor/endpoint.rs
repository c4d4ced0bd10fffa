//! How the vendor is asked, and how its answers are read.

use super::*;

impl TokenEndpoint for Acme {
    fn key(&self) -> TokenKey {
        match self.flaw {
            Flaw::KeyHasTheSecret => {
                TokenKey::of("acme", self.base.authority(), self.api_key.expose())
            }
            Flaw::KeyChanges => {
                TokenKey::of("acme", self.base.authority(), &self.counted().to_string())
            }
            _ => TokenKey::of("acme", self.base.authority(), "acme-id"),
        }
    }

    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        let builder = Request::post(&self.base, "/login");
        let builder = match self.flaw {
            Flaw::ForgetsTheKey => builder.form("key", self.api_key.expose()),
            _ => builder.form_secret("key", &self.api_key),
        };
        let builder = builder
            .form("at", &attempt.now().unix_millis().to_string())
            .form("nonce", &attempt.nonce_text());
        let request = match self.flaw {
            Flaw::CountsRequests => builder.form("n", &self.counted().to_string()),
            Flaw::AsksOnce if attempt.now().unix_millis() % 2 == 1 => {
                builder.header(AUTHORIZATION, "\n")
            }
            _ => builder,
        };
        Some(request.build(Step::Login))
    }

    fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        let Some(refresh) = token.refresh() else {
            return Err(Error::new(ErrorKind::Rejected, "there is no refresh token"));
        };
        let host = token
            .extra("host")
            .filter(|_| self.has(Flaw::RefreshesWhereTheAnswerSays));
        let base = match host {
            Some(host) => BaseUrl::parse(
                &format!("https://{}.example", host.expose()),
                PlainHttp::Refused,
            )
            .unwrap(),
            None => self.base.clone(),
        };
        let path = match self.flaw {
            Flaw::TokenInThePath => format!("{}/refresh", refresh.expose()),
            Flaw::TokenNotEncoded => format!("/refresh?refresh_token={}", refresh.expose()),
            _ => "/refresh".into(),
        };
        let builder = Request::post(&base, &path)
            .query("v", "2")
            .basic("acme-id", &self.api_key)
            .remember(token.access());
        let builder = match self.flaw {
            Flaw::ForgetsTheToken => builder.form("refresh_token", refresh.expose()),
            _ => builder.form_secret("refresh_token", refresh),
        };
        builder.build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        if self.has(Flaw::IndexesTheBody) {
            let _ = answer.body()[0];
        }
        if self.has(Flaw::ReadsWhatIsThere)
            && let Some(torn) = self.torn(answer)
        {
            return torn;
        }
        if self.has(Flaw::CountsAnswers) && self.counted() % 2 == 1 {
            return Err(answer.error(ErrorKind::Protocol, "odd"));
        }
        let document = self.document(answer)?;
        let refresh = self.secret(&document, "refresh");
        if document.has(&["token"]) || refresh.is_some() {
            return self.issued(answer, &document, refresh);
        }
        if let Some(ticket) = document.text(&["ticket"]).filter(|_| self.two_steps) {
            let next =
                Request::post(&self.base, "/confirm").json_secret("ticket", &Secret::from(ticket));
            return next.build(Step::Further("confirm")).map(Outcome::Continue);
        }
        if self.has(Flaw::ForgivesACode) {
            return Err(answer.error(ErrorKind::Transient { after: None }, "asked again"));
        }
        let error = self.refused(answer, &document);
        match document.text(&["error"]) {
            Some("repeated") => Ok(Outcome::Retry(error)),
            _ => Err(error),
        }
    }

    fn authorize(
        &self,
        token: &Token,
        request: &mut Parts,
        body: &mut ApiBody<'_>,
        _: &Attempt,
    ) -> Result<(), Error> {
        api::authorize(self, token, request, body)
    }

    fn judge(&self, response: &ApiResponse<'_>) -> ApiVerdict {
        api::judge(self, response)
    }

    fn judge_needs_body(&self, response: &ApiResponse<'_>) -> Option<usize> {
        api::judge_needs_body(self, response)
    }
}
