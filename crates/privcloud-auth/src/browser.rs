//! What a person's browser opens, and what it comes back with.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use token_core::{BuildError, Error, ErrorKind, Scrubber, Secret, percent_encode};

use crate::config::Config;

/// Whom a JWT stands in for ("authorizeByJWT", `/api/authorizeByJWT.do`).
///
/// The vendor takes a request that names nobody as one by the enterprise administrator. So that no empty field becomes an administrator,
/// that is a choice of its own here, and an empty address is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActingAs {
    /// The person with this e-mail address.
    Email(String),
    /// The person with this telephone number.
    Phone(String),
    /// The person with this number in the cloud.
    BabelId(String),
    /// The enterprise administrator, who may do everything: no person is named in the request.
    EnterpriseAdministrator,
}

pub(crate) fn authorize_url(config: &Config, redirect_uri: &str, data: &str) -> Result<String, BuildError> {
    if !redirect_uri.starts_with("https://") && !redirect_uri.starts_with("http://") {
        return Err(BuildError::invalid("redirect_uri", "must be an absolute URL"));
    }
    if data.is_empty() {
        return Err(BuildError::invalid(
            "data",
            "is empty, so that anybody's redirect would fit",
        ));
    }
    let names = &config.dialect.parameters;
    let address = config.base.join(&config.dialect.paths.authorize);
    let query = [
        (&names.response_type, "code"),
        (&names.client_id, &config.client_id),
        (&names.redirect_uri, redirect_uri),
        (&names.data, data),
    ];
    Ok(with_query(&address, query))
}

pub(crate) fn authorize_by_jwt_url(
    config: &Config,
    jwt: &Secret,
    acting_as: &ActingAs,
) -> Result<Secret, BuildError> {
    if jwt.is_empty() {
        return Err(BuildError::invalid("jwt", "is empty"));
    }
    let names = &config.dialect.parameters;
    let person = match acting_as {
        ActingAs::Email(email) => Some((&names.email, email.as_str())),
        ActingAs::Phone(phone) => Some((&names.phone, phone.as_str())),
        ActingAs::BabelId(id) => Some((&names.babel_id, id.as_str())),
        ActingAs::EnterpriseAdministrator => None,
    };
    if person.is_some_and(|(_, who)| who.trim().is_empty()) {
        return Err(BuildError::invalid(
            "acting_as",
            "names nobody, which the vendor takes for the enterprise administrator",
        ));
    }
    let address = config.base.join(&config.dialect.paths.authorize_by_jwt);
    let query = [
        (&names.response_type, "code"),
        (&names.client_id, &config.client_id),
        (&names.jwt_token, jwt.expose()),
    ];
    Ok(with_query(&address, query.into_iter().chain(person)).into())
}

pub(crate) fn read_redirect(config: &Config, redirect: &str, expected_data: &str) -> Result<Secret, Error> {
    if expected_data.is_empty() {
        return Err(Error::new(
            ErrorKind::Config,
            "without `data`, anybody's redirect would fit",
        ));
    }
    let names = &config.dialect.parameters;
    let query = query_of(redirect);
    let data = only(query, &names.data)?;
    if !fits(data, expected_data) {
        return Err(Error::new(
            ErrorKind::Rejected,
            "the redirect does not belong to the authorization that was begun",
        ));
    }
    let refused = || refusal(query, expected_data, &names.code);
    let code = only(query, &names.code).map_err(|error| refused().unwrap_or(error))?;
    Ok(Secret::from(decoded(code).into_owned()))
}

/// The redirect's own word for why there is no code (RFC 6749 section 4.1.2.1).
fn refusal(query: &str, data: &str, code_name: &str) -> Option<Error> {
    let codes = values(query, code_name).map(|code| Secret::from(decoded(code).into_owned()));
    let secrets: Vec<_> = codes.chain([Secret::from(data)]).collect();
    let code = values(query, "error").next()?;
    let error = Error::new(ErrorKind::Rejected, "the authorization was refused");
    Some(error.with_code(&decoded(code), &Scrubber::new(&secrets)))
}

fn with_query<'a>(address: &str, query: impl IntoIterator<Item = (&'a String, &'a str)>) -> String {
    let pairs: Vec<_> = query
        .into_iter()
        .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)))
        .collect();
    format!("{address}?{}", pairs.join("&"))
}

/// The query of a URL, or the text itself where it is a query alone.
fn query_of(redirect: &str) -> &str {
    let without_fragment = redirect.split('#').next().unwrap_or_default();
    match without_fragment.split_once('?') {
        Some((_, query)) => query,
        None => without_fragment,
    }
}

/// The one value with this name; two would leave open which one the vendor meant.
fn only<'a>(query: &'a str, name: &str) -> Result<&'a str, Error> {
    let mut values = values(query, name);
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Ok(value),
        _ => Err(Error::new(
            ErrorKind::Protocol,
            "the redirect does not have exactly one code and one `data`",
        )),
    }
}

fn values<'a>(query: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(move |(key, _)| decoded(key) == name)
        .map(|(_, value)| value)
}

/// Nothing says whether the vendor encodes what it sends back, so both readings are compared, without an early exit.
fn fits(data: &str, expected: &str) -> bool {
    let expected = Secret::from(expected);
    let as_it_is = Secret::from(data).same_as(&expected);
    let as_encoded = Secret::from(decoded(data).into_owned()).same_as(&expected);
    as_it_is | as_encoded
}

fn decoded(text: &str) -> Cow<'_, str> {
    match text.contains('+') {
        true => Cow::Owned(
            percent_decode_str(&text.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned(),
        ),
        false => percent_decode_str(text).decode_utf8_lossy(),
    }
}
