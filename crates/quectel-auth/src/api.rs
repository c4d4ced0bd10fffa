//! The code in the answer of an API, for both families of APIs.

use token_core::ApiResponse;

/// The longest body that is searched for a code. A refusal has no data, and is far shorter.
const LONGEST: usize = 65_536;

/// Returns how many bytes of the body are needed: both APIs answer in JSON, with the code beside the
/// data, and the vendor does not say with which HTTP status.
pub(crate) fn needs_body(response: &ApiResponse<'_>) -> Option<usize> {
    let may_have_code = is_of_the_api(response) && response.may_be_json_within(LONGEST);
    may_have_code.then_some(LONGEST)
}

/// Returns the code of the API, if it sent one.
pub(crate) fn code(response: &ApiResponse<'_>) -> Option<String> {
    let document = response.document().filter(|_| is_of_the_api(response))?;
    document.code(&["code"])
}

/// A server error may come after the request was carried out, and a redirect comes from elsewhere:
/// no code in them says the opposite.
fn is_of_the_api(response: &ApiResponse<'_>) -> bool {
    response.status().is_success() || response.status().is_client_error()
}
