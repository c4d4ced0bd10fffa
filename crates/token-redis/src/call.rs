//! One thing that the server is asked: one round trip, or two where it does not know the script
//! yet.

use std::time::Duration;

use redis::{Cmd, Value};
use token_core::store::StoreError;

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
    pub(crate) server: Server,
}

/// What a server must be like to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// Any that answers: what is kept can be read there, and what was begun can be ended.
    Any,
    /// One that keeps what it is given: before a token is spent.
    Fit,
}

/// What the server answered.
pub(crate) struct Answered {
    pub(crate) value: Value,
    /// Set if it was written, but not to as many replicas as asked for, as far as is known.
    pub(crate) lacking: Option<Lacking>,
    /// Whether it was asked before, over a connection that broke: it may have been done then
    /// already.
    pub(crate) is_repeated: bool,
}

/// Why a write does not count although the primary has it.
pub(crate) struct Lacking {
    pub(crate) what: &'static str,
    pub(crate) detail: String,
}

impl Answered {
    /// For a write that stands as it is, and is repeated until enough replicas have it.
    pub(crate) fn enough(self) -> Result<Value, StoreError> {
        match self.lacking {
            None => Ok(self.value),
            Some(lacking) => Err(lacking.told("")),
        }
    }
}

impl Lacking {
    pub(crate) fn too_few(acknowledged: u32, wanted: u32) -> Self {
        Self {
            what: "fewer replicas than asked for have the write",
            detail: format!("{acknowledged} of {wanted}"),
        }
    }

    pub(crate) fn told(&self, what_came_of_it: &str) -> StoreError {
        StoreError::new(self.what).with_detail(format!("{}{what_came_of_it}", self.detail))
    }
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
