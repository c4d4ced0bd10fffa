//! What the browser shows in the end.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use sha2::{Digest as _, Sha256};

/// An answer to the browser.
pub(super) type Answer = Response<Full<Bytes>>;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#fff;color:#1b1b1b;\
font:1.125rem/1.5 system-ui,sans-serif}\
main{box-sizing:border-box;width:100%;max-width:36rem;padding:2rem}\
h1{margin:0 0 1rem;font-size:1.75rem;line-height:1.2}\
p{margin:0 0 1rem;overflow-wrap:anywhere}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#f1f1f1}}";

/// A page, without script and without anything from elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Page {
    status: StatusCode,
    heading: &'static str,
    paragraphs: Vec<String>,
}

impl Page {
    pub(super) fn logged_in(profile: &str) -> Self {
        Self {
            status: StatusCode::OK,
            heading: "You are logged in",
            paragraphs: vec![
                format!("The profile {profile} has its token."),
                "You can close this page and return to the terminal.".to_owned(),
            ],
        }
    }

    /// `failure` names the profile, and says what to do.
    pub(super) fn failed(failure: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            heading: "The login failed",
            paragraphs: vec![
                failure.to_owned(),
                "You can close this page and return to the terminal.".to_owned(),
            ],
        }
    }

    pub(super) fn not_ours(why: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            heading: "This is not the login that is under way",
            paragraphs: vec![
                format!("The redirect was not accepted: {why}."),
                "Open the address that the terminal shows, and log in there.".to_owned(),
            ],
        }
    }

    pub(super) fn another_user() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            heading: "This is the login of another user",
            paragraphs: vec![
                "The browser runs as another user of this machine than vendor-auth.".to_owned(),
                "If both are yours: log in with --no-browser, and paste the address of this page."
                    .to_owned(),
            ],
        }
    }

    pub(super) fn opened_before() -> Self {
        Self {
            status: StatusCode::CONFLICT,
            heading: "This address was opened before",
            paragraphs: vec![
                "Open the address that the terminal shows, and log in there.".to_owned(),
                "If you did not open it, another program did: log in again.".to_owned(),
            ],
        }
    }

    pub(super) fn over() -> Self {
        Self {
            status: StatusCode::CONFLICT,
            heading: "This login was answered before",
            paragraphs: vec!["The terminal tells how it ended.".to_owned()],
        }
    }

    pub(super) fn answer(&self) -> Answer {
        with_headers(self.status, self.html(), &[])
    }

    fn html(&self) -> String {
        let paragraphs = self.paragraphs.iter();
        let paragraphs = paragraphs.map(|text| format!("<p>{}</p>\n", escaped(text)));
        let (heading, paragraphs) = (self.heading, paragraphs.collect::<String>());
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <title>{heading} · vendor-auth</title>\n<style>{STYLE}</style>\n\
             <main>\n<h1>{heading}</h1>\n{paragraphs}</main>\n</html>\n"
        )
    }
}

/// Sends the browser to another path, so that the code is in neither its address bar nor its
/// history.
pub(super) fn see_other(path: &str) -> Answer {
    with_headers(StatusCode::SEE_OTHER, String::new(), &[(LOCATION, path)])
}

/// An answer without a page.
pub(super) fn plain(status: StatusCode) -> Answer {
    let text = status.canonical_reason().unwrap_or_default();
    let allow: &[_] = match status {
        StatusCode::METHOD_NOT_ALLOWED => &[(ALLOW, "GET")],
        _ => &[],
    };
    let mut answer = with_headers(status, format!("{text}\n"), allow);
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

fn with_headers(status: StatusCode, body: String, more: &[(HeaderName, &str)]) -> Answer {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        BASE64_STANDARD.encode(Sha256::digest(STYLE))
    );
    let always = [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, &*policy),
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    for (name, value) in always.iter().chain(more) {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_text_and_no_markup() {
        let html = Page::failed("demo: <script>alert('1')</script> & \"more\"").html();
        assert!(
            html.contains("<p>demo: &lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;")
        );
        assert!(!html.contains("<script"), "{html}");
    }
}
