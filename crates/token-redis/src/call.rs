//! One thing that the server is asked: one round trip, or two where it does not know the script yet.

use std::time::Duration;

use redis::Cmd;

use crate::script::Script;

/// How many replicas must have a write before it counts, and how long they are waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replicas {
    pub(crate) count: u32,
    pub(crate) within: Duration,
}

pub(crate) struct Call<'a> {
    pub(crate) script: &'a Script,
    /// Where the record is.
    pub(crate) place: &'a str,
    pub(crate) arguments: &'a [&'a str],
    /// Its write counts when so many replicas have it.
    pub(crate) replicas: Option<Replicas>,
}

impl Call<'_> {
    /// By the script's name, which the server knows once it has seen the text.
    pub(crate) fn by_name(&self) -> Cmd {
        self.invoke("EVALSHA", self.script.hash())
    }

    /// With the script's text, which the server keeps from then on.
    pub(crate) fn with_text(&self) -> Cmd {
        self.invoke("EVAL", self.script.text())
    }

    fn invoke(&self, name: &str, what: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(what).arg(1).arg(self.place).arg(self.arguments);
        command
    }
}
