//! One request, which is sent once or twice.

use std::future::poll_fn;
use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::uri::{self, Uri};
use http::{HeaderValue, Request, Response};
use http_body::Body;
use token_cache::{Answered, ApiCall};
use token_core::{ApiResponse, Error};
use tower_service::Service;

use crate::BoxError;
use crate::request_body::RequestBody;
use crate::response_body::ResponseBody;
use crate::sent_body::SentBody;
use crate::settings::Settings;

pub(crate) async fn send<S, B, R>(
    settings: Arc<Settings>,
    mut service: S,
    request: Request<B>,
) -> Result<Response<ResponseBody<R>>, BoxError>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    B: Body,
    B::Error: Into<BoxError>,
    R: Body + Unpin,
{
    let (parts, body) = request.into_parts();
    let body = SentBody::of(body, settings.replay_limit).await?;
    let mut call = settings.tokens.api_call();
    loop {
        // The first time it is ready, and says so again.
        let ready = poll_fn(|cx| service.poll_ready(cx)).await;
        ready.map_err(Into::into)?;
        let request = settings.authorize(&mut call, &parts, &body).await?;
        let response = service.call(request).await.map_err(Into::into)?;
        let (answered, response) = settings.judge(&mut call, response, &body).await?;
        if answered == Answered::Final {
            return Ok(response);
        }
    }
}

impl Settings {
    /// Makes a copy of the request that has the token.
    async fn authorize<B>(
        &self,
        call: &mut ApiCall<'_>,
        parts: &Parts,
        body: &SentBody<B>,
    ) -> Result<Request<RequestBody<B>>, Error> {
        let (mut parts, mut seen) = (parts.clone(), body.as_seen());
        let complete = self
            .origin
            .as_ref()
            .and_then(|origin| on(origin, &parts.uri));
        let had_no_host = complete.is_some();
        parts.uri = complete.unwrap_or(parts.uri);
        call.authorize(&mut parts, &mut seen).await?;
        let replaced = seen.into_replaced();
        if had_no_host {
            parts.uri = without_host(parts.uri);
        }
        if let Some(bytes) = &replaced
            && let Some(stated) = parts.headers.get_mut(CONTENT_LENGTH)
        {
            *stated = HeaderValue::from(bytes.len());
        }
        Ok(Request::from_parts(parts, body.to_send(replaced)))
    }

    /// Reads what the endpoint needs of the response, and lets it judge.
    async fn judge<B, R: Body + Unpin>(
        &self,
        call: &mut ApiCall<'_>,
        response: Response<R>,
        sent: &SentBody<B>,
    ) -> Result<(Answered, Response<ResponseBody<R>>), Error> {
        let (parts, body) = response.into_parts();
        let judged = self.protocol.judged(&parts);
        let mut body = ResponseBody::unread(body);
        if let Some(limit) = call.needs_body(judged.status(), judged.headers()) {
            _ = call.read_in_time(body.read_up_to(limit)).await;
        }
        let whole = body.whole();
        let answer = ApiResponse::new(judged.status(), judged.headers(), whole.as_deref());
        let answered = sent.judged(|has_copy| call.judge(&answer, has_copy))?;
        Ok((answered, Response::from_parts(parts, body)))
    }
}

/// Returns the URI with this origin; `None` if it has a host or no path.
fn on(origin: &Uri, uri: &Uri) -> Option<Uri> {
    if uri.authority().is_some() || !uri.path().starts_with('/') {
        return None;
    }
    let mut parts = origin.clone().into_parts();
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).ok()
}

fn without_host(uri: Uri) -> Uri {
    let mut parts = uri::Parts::default();
    parts.path_and_query = uri.into_parts().path_and_query;
    Uri::from_parts(parts).unwrap_or_default()
}
