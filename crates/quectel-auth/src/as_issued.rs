use token_core::Secret;

pub(crate) const NOT_AS_ISSUED: &str = "has surrounding white space or a control \
    character, such as the line end of the file that it was read from";

/// Returns whether a secret can be one that the vendor issued. With a line end it gives another
/// signature, of which the vendor only says "Unauthorized".
pub(crate) fn is_as_issued(secret: &Secret) -> bool {
    let secret = secret.expose();
    secret.trim() == secret && !secret.chars().any(char::is_control)
}
