//! The libraries speak to programmers. This is what their advice means for who runs the command.

/// What the libraries say, and what is said here. The first one that fits is taken.
const WORDS: [(&str, &str); 8] = [
    (
        "add a private CA with `add_root_certificates_pem`",
        "write `ca_file = \"PATH\"` under `[http]`, with the authority's certificate",
    ),
    (
        "set one with `client_certificate_pem`",
        "this command has none to show",
    ),
    (
        "call `system_proxy()` on the client's builder",
        "remove `proxy` under `[http]`",
    ),
    (
        "use `polling_only` of the store's builder to connect without it",
        "allow it to this user",
    ),
    (
        "see `skip_server_check` of the store's builder",
        "allow it to this user",
    ),
    (
        "run `PostgresStore::migrate` or the files in migrations/",
        "the first token creates them, if the role may",
    ),
    (
        "run `PostgresStore::migrate` of the newest library in use",
        "use the newest version of this command",
    ),
    (
        "run `PostgresStore::migrate`",
        "use the newest version of this command",
    ),
];

/// Returns a library's text in words of this command.
pub(crate) fn of_the_command(text: String) -> String {
    let fitting = WORDS.iter().find(|(theirs, _)| text.contains(theirs));
    match fitting {
        Some((theirs, ours)) => text.replace(theirs, ours),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_for_programmers_is_said_in_words_of_the_command() {
        let theirs = "the certificate's issuer is not trusted; add a private CA with \
                      `add_root_certificates_pem` [login]";
        let ours = "the certificate's issuer is not trusted; write `ca_file = \"PATH\"` under \
                    `[http]`, with the authority's certificate [login]";
        assert_eq!(of_the_command(theirs.to_owned()), ours);
        assert_eq!(of_the_command("retry later".to_owned()), "retry later");
    }
}
