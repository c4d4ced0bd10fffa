//! Addresses with parameters added.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The unreserved characters of RFC 3986 section 2.3 stay as they are.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Adds the parameters that are not empty.
pub(crate) fn with_params(uri: &str, params: &[(&str, &str)]) -> String {
    let mut uri = uri.to_owned();
    for (name, value) in params.iter().filter(|(_, value)| !value.is_empty()) {
        let joint = if uri.contains('?') { '&' } else { '?' };
        uri.push(joint);
        uri.push_str(name);
        uri.push('=');
        uri.extend(utf8_percent_encode(value, VALUE));
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::with_params;

    #[test]
    fn parameters_join_those_that_are_there() {
        let full = with_params("https://a/b?c=d", &[("code", "x y"), ("state", "")]);
        assert_eq!(full, "https://a/b?c=d&code=x%20y");
    }
}
