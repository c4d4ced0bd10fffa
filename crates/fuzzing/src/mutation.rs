//! Mutations of recorded answers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;
use token_core::percent_encode;

use crate::corpus::Recorded;

/// A placeholder for JSON that a `Value` cannot represent.
const HERE: &str = "\u{1}here\u{1}";

/// JSON that a field may have instead of its proper value.
const ODD: [&str; 26] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "0.5",
    "3600.0",
    "1e400",
    "18446744073709551616",
    "1744787786000",
    r#""""#,
    r#"" ""#,
    r#""soon""#,
    r#""3600""#,
    r#""3600 seconds""#,
    r#""2026-11-25T10:00:00Z""#,
    r#""Bearer ""#,
    r#""jwt""#,
    r#""DPoP""#,
    r#""\u00a0""#,
    r#""a\r\nb\u0000""#,
    "[]",
    "{}",
    r#"[{"a":[1]}]"#,
    r#"{"token":7}"#,
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
];

/// Fields that may be added to an answer.
const FIELDS: [&str; 12] = [
    "error",
    "error_description",
    "message",
    "msg",
    "code",
    "status",
    "expires_in",
    "expires_at",
    "token_type",
    "refresh_token",
    "data",
    "scope",
];

/// Statuses, each with a different meaning.
const STATUSES: [u16; 22] = [
    200, 201, 204, 206, 301, 302, 307, 400, 401, 403, 404, 405, 408, 410, 418, 425, 429, 500, 502,
    503, 504, 599,
];

/// Headers that an endpoint or a client reads.
const HEADERS: [&str; 4] = ["retry-after", "content-type", "date", "www-authenticate"];

/// How a server writes a secret that it echoes.
const SPELLINGS: [fn(&str) -> String; 7] = [
    str::to_owned,
    str::to_uppercase,
    percent_encode,
    |text| percent_encode(&percent_encode(text)),
    |text| BASE64_STANDARD.encode(format!("id:{text}")),
    |text| {
        text.chars()
            .map(|c| format!("&#{};", u32::from(c)))
            .collect()
    },
    |text| {
        text.chars()
            .map(|c| format!("\\u{:04x}", u32::from(c)))
            .collect()
    },
];

/// One mutation.
#[derive(Clone, Debug)]
pub enum Mutation {
    /// Another status.
    Status(u16),
    /// An additional header.
    Header(&'static str, String),
    /// A redirect to this URL.
    Redirect(String),
    /// Another byte.
    Byte(Index, u8),
    /// An additional text.
    Insert(Index, String),
    /// A part is missing.
    Remove(Index, usize),
    /// A part is repeated.
    Repeat(Index, usize),
    /// The end is missing.
    Cut(Index),
    /// Another value in a field.
    Value(Index, &'static str),
    /// An additional field.
    Field(&'static str, &'static str),
    /// A field that quotes a secret.
    Echo(&'static str, Index, fn(&str) -> String),
}

/// Returns a strategy for any mutation.
pub fn any_mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        2 => select(&STATUSES[..]).prop_map(Mutation::Status),
        1 => (select(&HEADERS[..]), header_value())
            .prop_map(|(name, value)| Mutation::Header(name, value)),
        1 => location().prop_map(Mutation::Redirect),
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        1 => (at(), "\\PC{0,8}|[{}\\[\\]\",:]{1,4}")
            .prop_map(|(at, text)| Mutation::Insert(at, text)),
        1 => (at(), 1..20_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        1 => (at(), 1..60_usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
        1 => at().prop_map(Mutation::Cut),
        6 => (at(), select(&ODD[..])).prop_map(|(at, odd)| Mutation::Value(at, odd)),
        3 => (select(&FIELDS[..]), select(&ODD[..]))
            .prop_map(|(name, odd)| Mutation::Field(name, odd)),
        4 => (select(&FIELDS[..]), at(), select(&SPELLINGS[..]))
            .prop_map(|(name, secret, spell)| Mutation::Echo(name, secret, spell)),
    ]
}

fn header_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,30}",
        select(
            &[
                "0",
                "-1",
                "99999999999999999999",
                "Wed, 25 Nov 2026 10:00:00 GMT",
                "application/x-www-form-urlencoded",
                "text/html",
                "Basic realm=\"x\"",
                "Bearer error=\"invalid_token\"",
            ][..]
        )
        .prop_map(str::to_owned),
    ]
}

/// Returns a strategy for URLs, valid and odd ones. Every part but the host contains
/// [`MARKER`](crate::law::MARKER).
fn location() -> impl Strategy<Value = String> {
    let schemes = select(&["https://", "http://", "//", "", "ftp://", "HTTPS://"][..]);
    let users = select(&["", "zq9marker@", "u:zq9marker@"][..]);
    let hosts = prop_oneof![
        select(
            &[
                "evil.example",
                "evil.example:8443",
                "[::1]:80",
                "",
                "EVIL.example."
            ][..]
        )
        .prop_map(str::to_owned),
        "\\PC{0,12}",
    ];
    let rests = select(
        &[
            "",
            "/",
            "/zq9marker",
            "?t=zq9marker",
            "#zq9marker",
            "\\zq9marker",
        ][..],
    );
    let absolute = (schemes, users, hosts, rests)
        .prop_map(|(scheme, user, host, rest)| format!("{scheme}{user}{host}{rest}"));
    let relative = select(
        &[
            "zq9marker",
            "zq9marker/x",
            "zq9marker:80",
            "../zq9marker",
            "?zq9marker",
        ][..],
    );
    prop_oneof![4 => absolute, 1 => relative.prop_map(str::to_owned)]
}

/// Returns the answer with these mutations. `secrets` are the secrets that it may quote.
pub fn apply(mutations: &[Mutation], recorded: &Recorded, secrets: &[&str]) -> Recorded {
    let mut answer = recorded.clone();
    mutations
        .iter()
        .for_each(|mutation| change(mutation, &mut answer, secrets));
    answer
}

fn change(mutation: &Mutation, answer: &mut Recorded, secrets: &[&str]) {
    let body = &mut answer.body;
    match mutation {
        Mutation::Status(status) => answer.status = *status,
        Mutation::Header(name, value) => answer.headers.push(((*name).to_owned(), value.clone())),
        Mutation::Redirect(location) => {
            answer.status = 302;
            answer.headers = vec![("location".to_owned(), location.clone())];
        }
        Mutation::Byte(at, byte) if !body.is_empty() => *at.get_mut(body) = *byte,
        Mutation::Insert(at, text) => {
            let at = at.index(body.len() + 1);
            body.splice(at..at, text.bytes());
        }
        Mutation::Remove(at, length) if !body.is_empty() => {
            let at = at.index(body.len());
            body.drain(at..(at + length).min(body.len()));
        }
        Mutation::Repeat(at, length) if !body.is_empty() => {
            let at = at.index(body.len());
            body.extend_from_within(at..(at + length).min(body.len()));
        }
        Mutation::Cut(at) => body.truncate(at.index(body.len() + 1)),
        Mutation::Value(at, odd) => change_value(answer, *at, odd),
        Mutation::Field(name, odd) => add_field(answer, name, odd),
        Mutation::Echo(name, secret, spell) => {
            let secret: &&str = secret.get(secrets);
            let text = format!("no: {} ({secret})", spell(secret));
            add_field(answer, name, &Value::from(text).to_string());
        }
        _ => {}
    }
}

fn change_value(answer: &mut Recorded, at: Index, odd: &str) {
    let Some(mut document) = answer.json() else {
        return;
    };
    let mut leaves = Vec::new();
    collect_leaves(&mut document, &mut leaves);
    if leaves.is_empty() {
        return;
    }
    let at = at.index(leaves.len());
    if let Some(leaf) = leaves.get_mut(at) {
        **leaf = Value::from(HERE);
    }
    write(answer, &document, odd);
}

fn add_field(answer: &mut Recorded, name: &str, odd: &str) {
    let Some(Value::Object(mut fields)) = answer.json() else {
        return;
    };
    fields.insert(name.to_owned(), Value::from(HERE));
    write(answer, &Value::Object(fields), odd);
}

fn write(answer: &mut Recorded, document: &Value, odd: &str) {
    let here = Value::from(HERE).to_string();
    answer.body = document.to_string().replace(&here, odd).into_bytes();
}

fn collect_leaves<'v>(value: &'v mut Value, leaves: &mut Vec<&'v mut Value>) {
    match value {
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|value| collect_leaves(value, leaves)),
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| collect_leaves(value, leaves)),
        leaf => leaves.push(leaf),
    }
}
