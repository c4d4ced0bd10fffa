//! The errors that a refusal of a token ends in.

use token_core::{Error, ErrorKind};

pub(in crate::cache) fn refused_again() -> Error {
    let what = "the API refused the token, and it was refreshed and refused again";
    Error::new(ErrorKind::RefusedAgain, what)
}

pub(super) fn cannot_be_sent_again() -> Error {
    Error::new(
        ErrorKind::Transient { after: None },
        "the API refused the token, and the body is a stream that cannot be sent again",
    )
}
