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

pub(crate) struct Call {
    pub(crate) command: Cmd,
    /// The same with the script's text, which the server keeps from then on.
    pub(crate) with_text: Cmd,
    pub(crate) replicas: Option<Replicas>,
}

impl Call {
    pub(crate) fn script(script: &Script, key: &str, arguments: &[&str]) -> Self {
        let invoke = |name: &str, what: &str| {
            let mut command = redis::cmd(name);
            command.arg(what).arg(1).arg(key).arg(arguments);
            command
        };
        Self {
            command: invoke("EVALSHA", script.hash()),
            with_text: invoke("EVAL", script.text()),
            replicas: None,
        }
    }

    /// Its write counts when so many replicas have it.
    pub(crate) fn acknowledged_by(mut self, replicas: Option<Replicas>) -> Self {
        self.replicas = replicas;
        self
    }
}
