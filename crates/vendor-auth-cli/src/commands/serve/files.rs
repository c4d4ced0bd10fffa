//! The files of a profile, and which of them have the newest token.

use vendor_auth::Token;

use super::sink::Sink;
use crate::failure::say;
use crate::output::Printed;

/// Files that are written again until each has the newest token.
pub(super) struct Files(Vec<File>);

struct File {
    sink: Sink,
    has: Option<Token>,
    /// What was said last, so that it is said once.
    failure: Option<String>,
}

impl Files {
    pub(super) fn new(sinks: &[Sink]) -> Self {
        let files = sinks.iter().map(|sink| File {
            sink: sink.clone(),
            has: None,
            failure: None,
        });
        Self(files.collect())
    }

    /// Writes the token into each file that does not have it, and returns whether all have it. One
    /// that cannot be written keeps no other from it.
    pub(super) async fn write(&mut self, printed: &Printed<'_>) -> bool {
        let mut have_all = true;
        for file in &mut self.0 {
            have_all &= file.write(printed).await;
        }
        have_all
    }
}

impl File {
    async fn write(&mut self, printed: &Printed<'_>) -> bool {
        if is_same(self.has.as_ref(), printed.token) {
            return true;
        }
        let failure = self.sink.write(printed).await.err();
        let failure = failure.map(|failure| format!("{}: {failure}", printed.profile));
        if let Some(text) = failure.as_ref().filter(|_| failure != self.failure) {
            say(text);
        }
        if failure.is_none() {
            self.has = Some(printed.token.clone());
        }
        self.failure = failure;
        self.failure.is_none()
    }
}

/// Returns whether this is the token that was handed on last: a vendor may repeat a token with
/// another end, and another process's token may have the same generation.
pub(super) fn is_same(last: Option<&Token>, token: &Token) -> bool {
    last.is_some_and(|last| last.generation() == token.generation() && last.same_secrets_as(token))
}
