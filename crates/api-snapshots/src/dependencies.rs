//! Which other crates are part of a crate's public API, read from rustdoc's JSON.

use std::collections::BTreeSet;

use serde_json::Value;

const STANDARD: [&str; 4] = ["std", "core", "alloc", "proc_macro"];

/// Returns the crates whose types, traits or modules the API names or re-exports, the standard
/// library left out.
pub(crate) fn public(rustdoc: &Value) -> BTreeSet<String> {
    let items = rustdoc["index"].as_object().into_iter().flatten();
    let ours = items
        .map(|(_, item)| item)
        .filter(|item| item["crate_id"] == 0);
    let mut names = BTreeSet::new();
    for item in ours.filter(|item| !is_given(&item["inner"]["impl"])) {
        named_in(&item["inner"], rustdoc, &mut names);
    }
    names
}

/// Writes `token_core::Secret` for `token_core::token::secret::Secret`: rustdoc names the module
/// that defines a type of another crate, which is often private there and moves.
pub(crate) fn without_modules(api: &str, foreign: &BTreeSet<String>) -> String {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut text = String::new();
    for piece in api.split_inclusive(|c| !is_path(c)) {
        let path = piece.trim_end_matches(|c| !is_path(c));
        let names: Vec<_> = path.split("::").collect();
        let is_module = |name: &&str| name.starts_with(char::is_lowercase);
        let modules = names.iter().skip(1).copied().take_while(is_module).count();
        match names.split_first() {
            Some((first, rest)) if foreign.contains(*first) && modules < rest.len() => {
                text.push_str(first);
                for name in rest.iter().skip(modules) {
                    text.push_str("::");
                    text.push_str(name);
                }
                text.push_str(piece.strip_prefix(path).unwrap_or_default());
            }
            _ => text.push_str(piece),
        }
    }
    text
}

/// Whether the compiler or another crate implements it for every type.
fn is_given(implementation: &Value) -> bool {
    !implementation["blanket_impl"].is_null() || implementation["is_synthetic"] == true
}

fn named_in(value: &Value, rustdoc: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => {
            for value in values {
                named_in(value, rustdoc, names);
            }
        }
        Value::Object(fields) => {
            names.extend(foreign_crate(value, rustdoc));
            for value in fields.values() {
                named_in(value, rustdoc, names);
            }
        }
        _ => {}
    }
}

/// Returns the crate of a path (`{"path": …, "id": …}`) or a re-export (`{"source": …, "id": …}`).
fn foreign_crate(value: &Value, rustdoc: &Value) -> Option<String> {
    let reexport = value["source"].as_str();
    let id = value["id"]
        .as_u64()
        .filter(|_| reexport.is_some() || value["path"].is_string())?;
    let known = rustdoc["paths"][id.to_string()]["crate_id"].as_u64();
    let name = match known {
        Some(0) => return None,
        Some(number) => rustdoc["external_crates"][number.to_string()]["name"].as_str()?,
        None if rustdoc["index"][id.to_string()].is_object() => return None,
        None => reexport?.trim_start_matches("::").split("::").next()?,
    };
    (!STANDARD.contains(&name)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_foreign_type_is_named_without_its_modules() {
        let foreign = ["b", "http"].map(str::to_owned).into();
        let short = |api| without_modules(api, &foreign);
        assert_eq!(
            short("fn a::m::A::f(&b::x::y::B) -> b::C\n"),
            "fn a::m::A::f(&b::B) -> b::C\n"
        );
        assert_eq!(
            short("pub use a::http\npub use http::header\n"),
            "pub use a::http\npub use http::header\n"
        );
    }

    #[test]
    fn types_traits_and_reexports_of_other_crates_are_found() {
        let rustdoc = json!({
            "index": {
                "1": {"crate_id": 0, "inner": {"function": {"sig": {"inputs": [
                    ["uri", {"resolved_path": {"path": "Uri", "id": 7}}],
                    ["text", {"resolved_path": {"path": "String", "id": 8}}],
                    ["own", {"resolved_path": {"path": "Own", "id": 2}}],
                    ["private", {"resolved_path": {"path": "Private", "id": 11}}],
                ]}}}},
                "2": {"crate_id": 0, "inner": {"struct": {}}},
                "3": {"crate_id": 0, "inner": {"use": {"source": "::bytes", "id": 9}}},
                "4": {"crate_id": 0, "inner": {"impl": {
                    "blanket_impl": {"generic": "T"},
                    "trait": {"path": "Instrument", "id": 10},
                }}},
            },
            "paths": {
                "2": {"crate_id": 0},
                "7": {"crate_id": 20},
                "8": {"crate_id": 21},
                "10": {"crate_id": 22},
            },
            "external_crates": {
                "20": {"name": "http"}, "21": {"name": "alloc"}, "22": {"name": "tracing"},
            },
        });
        assert_eq!(
            public(&rustdoc),
            ["bytes", "http"].map(str::to_owned).into()
        );
    }
}
