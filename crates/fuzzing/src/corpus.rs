//! Recorded answers: the cases of the vendor crates.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use token_core::reexports::Bytes;
use token_core::reexports::http::Response;

/// An answer as a server gave it, or as a vendor documents it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The HTTP status.
    pub status: u16,
    /// Name and value of each header.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Recorded {
    /// Returns all answers in the cases of this crate.
    pub fn of(crate_name: &str) -> Vec<Self> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let cases = here.join("..").join(crate_name).join("tests/data");
        let mut folders: Vec<_> = fs::read_dir(cases)
            .expect("the crate has cases")
            .map(|entry| entry.unwrap().path())
            .collect();
        folders.sort();
        let answers: Vec<_> = folders
            .iter()
            .filter_map(|folder| Self::read(folder))
            .collect();
        assert!(!answers.is_empty(), "{crate_name} has no recorded answer");
        answers
    }

    fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join("case.json")).unwrap();
        let case: Value = serde_json::from_str(&text).unwrap();
        let answer = case.get("answer")?;
        let headers = answer.get("headers").and_then(Value::as_object);
        let headers = headers
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        let status = answer.get("status").and_then(Value::as_u64);
        let body = answer.get("body").and_then(Value::as_str);
        Some(Self {
            status: status.map_or(200, |status| status.try_into().unwrap()),
            headers: headers.collect(),
            body: body.unwrap_or_default().as_bytes().to_vec(),
        })
    }

    /// Returns the body if it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Converts the answer into an HTTP response. Invalid headers are left out.
    pub fn response(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.body.clone()));
        *response.status_mut() = self.status.try_into().unwrap_or_default();
        for (name, value) in &self.headers {
            let name = name.parse::<token_core::reexports::http::HeaderName>();
            if let (Ok(name), Ok(value)) = (name, value.parse()) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}
