use token_core::json::Document;
use token_core::{Answer, ApiResponse, Error, ErrorKind};

/// The code and the message of an answer, which are read before the token is looked for.
pub(crate) struct Reply<'d> {
    /// The vendor's code, or the HTTP status if the body has none, as with a gateway's own refusal.
    pub(crate) code: String,
    /// Whether the code comes from the vendor.
    pub(crate) from_vendor: bool,
    /// The vendor's message, from whichever field has it.
    pub(crate) message: &'d str,
}

impl<'d> Reply<'d> {
    pub(crate) fn of(answer: &Answer<'_>, document: &'d Document) -> Self {
        let code = document.code(&["code"]);
        Self {
            from_vendor: code.is_some(),
            code: code.unwrap_or_else(|| answer.status().as_str().to_owned()),
            message: message(document),
        }
    }
}

impl Reply<'_> {
    pub(crate) fn refusal(&self, answer: &Answer<'_>, kind: ErrorKind) -> Error {
        match self.from_vendor {
            true => answer.refused(kind, &self.code, self.message),
            false => answer.refused_in_another_format(kind, &self.code, self.message),
        }
    }
}

/// Returns the code in the answer of an API, if it has one. The vendor does not say with which HTTP
/// status it comes.
pub(crate) fn api_code(response: &ApiResponse<'_>) -> Option<String> {
    response.refusal_document()?.code(&["code"])
}

fn message(document: &Document) -> &str {
    let texts = ["msg", "error", "message"].map(|name| document.text(&[name]).unwrap_or_default());
    texts
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// Returns the kind of a code that is about the service rather than the caller. 50000 and 70000 are
/// documented; the others are HTTP status codes.
pub(crate) fn service_failure(code: &str) -> Option<ErrorKind> {
    match code {
        "50000" | "70000" | "408" | "500" | "502" | "503" | "504" => {
            Some(ErrorKind::Transient { after: None })
        }
        "429" => Some(ErrorKind::Throttled { after: None }),
        _ => None,
    }
}
