//! What a case expects.

use super::super::fields::Fields;

pub(in super::super) enum Expected {
    Issued(ExpectedToken),
    RefreshTokenOnly(String, ExpectedError),
    Error(ExpectedError),
    Retry(ExpectedError),
    Continue(ExpectedRequest),
    Verdict(ExpectedVerdict),
}

/// Fields that are not given are not checked.
pub(in super::super) struct ExpectedRequest {
    pub(in super::super) method: Option<String>,
    pub(in super::super) url: Option<String>,
    pub(in super::super) headers: Vec<(String, String)>,
    pub(in super::super) body: Option<String>,
}

pub(in super::super) struct ExpectedToken {
    pub(in super::super) access: Option<String>,
    pub(in super::super) refresh: Option<Option<String>>,
    pub(in super::super) expires_in_millis: Option<i64>,
    pub(in super::super) placement: Option<String>,
    pub(in super::super) scopes: Option<Vec<String>>,
    pub(in super::super) extras: Vec<(String, String)>,
}

pub(in super::super) struct ExpectedError {
    pub(in super::super) kind: String,
    pub(in super::super) code: Option<Option<String>>,
    pub(in super::super) message: Option<Option<String>>,
    pub(in super::super) kills_live_token: Option<bool>,
    pub(in super::super) after_millis: Option<i64>,
}

/// What the answer of an API says about the token.
pub(in super::super) struct ExpectedVerdict {
    pub(in super::super) name: String,
    pub(in super::super) after_millis: Option<i64>,
}

const VERDICTS: [&str; 5] = [
    "Accepted",
    "TokenRefused",
    "InsufficientScope",
    "Throttled",
    "Other",
];

const KINDS: [&str; 8] = [
    "Transient",
    "Throttled",
    "InDoubt",
    "Rejected",
    "Locked",
    "Config",
    "Protocol",
    "Store",
];

impl Expected {
    pub(super) fn read(mut fields: Fields) -> Result<Self, String> {
        let expected = if let Some(token) = fields.object("issued")? {
            Self::Issued(ExpectedToken::read(token)?)
        } else if let Some(mut only) = fields.object("refresh_token_only")? {
            let refresh = only.required_text("refresh")?;
            Self::RefreshTokenOnly(refresh, ExpectedError::read(only)?)
        } else if let Some(error) = fields.object("error")? {
            Self::Error(ExpectedError::read(error)?)
        } else if let Some(error) = fields.object("retry")? {
            Self::Retry(ExpectedError::read(error)?)
        } else if let Some(request) = fields.object("continue")? {
            Self::Continue(ExpectedRequest::read(request)?)
        } else if let Some(verdict) = fields.object("verdict")? {
            Self::Verdict(ExpectedVerdict::read(verdict)?)
        } else {
            return Err(
                "`expect` must be `issued`, `refresh_token_only`, `error`, `retry`, `continue` or \
                 `verdict`"
                    .into(),
            );
        };
        fields.finish()?;
        Ok(expected)
    }
}

impl ExpectedRequest {
    pub(super) fn read(mut fields: Fields) -> Result<Self, String> {
        let request = Self {
            method: fields.text("method")?,
            url: fields.text("url")?,
            headers: fields.named_texts("headers")?,
            body: fields.text("body")?,
        };
        fields.finish()?;
        Ok(request)
    }
}

impl ExpectedToken {
    fn read(mut fields: Fields) -> Result<Self, String> {
        let token = Self {
            access: fields.text("access")?,
            refresh: fields.text_or_null("refresh")?,
            expires_in_millis: fields.seconds("expires_in_seconds")?,
            placement: fields.text("placement")?,
            scopes: fields.texts("scopes")?,
            extras: fields.named_texts("extras")?,
        };
        fields.finish()?;
        Ok(token)
    }
}

impl ExpectedError {
    fn read(mut fields: Fields) -> Result<Self, String> {
        let error = Self {
            kind: fields.required_text("kind")?,
            code: fields.text_or_null("code")?,
            message: fields.text_or_null("message")?,
            kills_live_token: fields.flag("kills_live_token")?,
            after_millis: fields.seconds("after_seconds")?,
        };
        fields.finish()?;
        if !KINDS.contains(&error.kind.as_str()) {
            return Err(format!(
                "the kind `{}` is not one of {}",
                error.kind,
                KINDS.join(", ")
            ));
        }
        Ok(error)
    }
}

impl ExpectedVerdict {
    fn read(mut fields: Fields) -> Result<Self, String> {
        let verdict = Self {
            name: fields.required_text("name")?,
            after_millis: fields.seconds("after_seconds")?,
        };
        fields.finish()?;
        if !VERDICTS.contains(&verdict.name.as_str()) {
            return Err(format!(
                "the verdict `{}` is not one of {}",
                verdict.name,
                VERDICTS.join(", ")
            ));
        }
        Ok(verdict)
    }
}
