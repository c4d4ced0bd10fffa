use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::token::Token;
use crate::token::expiry::Validity;

fn number(text: &str) -> Result<i64, NotANumber> {
    Document::parse(format!("{{\"n\":{text}}}").as_bytes())
        .unwrap()
        .number(&["n"])
        .unwrap()
}

// FAULTS.md row 15
#[test]
fn clear_numbers_are_read_leniently_and_unclear_ones_refused() {
    for clear in [
        "3600",
        "3600.0",
        "\"3600\"",
        "\" 3600 \"",
        "\"3600.0\"",
        "3.6e3",
        "3600.9",
    ] {
        assert_eq!(number(clear), Ok(3600), "{clear}");
    }
    for huge in [
        "18446744073709551616",
        "1e300",
        "1e400",
        "\"1e400\"",
        "\"99999999999999999999\"",
    ] {
        assert_eq!(number(huge), Ok(i64::MAX), "{huge}");
    }
    assert_eq!(number("-1e400"), Ok(i64::MIN));
    for unclear in [
        "\"NaN\"",
        "\"inf\"",
        "\"\"",
        "true",
        "[]",
        "\"soon\"",
        "\"3600 seconds\"",
        "\"infinity\"",
        "\"1.2.3\"",
        "\"e5\"",
    ] {
        assert_eq!(number(unclear), Err(NotANumber), "{unclear}");
    }
}

// FAULTS.md row 23
#[test]
fn a_bom_is_tolerated_and_trailing_bytes_duplicate_keys_and_deep_nesting_are_refused() {
    assert!(Document::parse(b"\xEF\xBB\xBF{\"a\":1}\r\n").is_ok());
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for bad in [
        "{\"a\":1}{",
        "{\"a\":1,\"a\":2}",
        "{\"x\":{\"a\":1,\"a\":1}}",
        deep.as_str(),
    ] {
        assert_eq!(
            Document::parse(bad.as_bytes()).err(),
            Some(Malformed::NotJson)
        );
    }
    assert_eq!(Document::parse(b"{\"a\":").err(), Some(Malformed::CutShort));
    assert_eq!(Document::parse(b"  <html>").err(), Some(Malformed::Html));
    assert_eq!(Document::parse(b" \n").err(), Some(Malformed::Empty));
}

#[test]
fn the_first_name_that_is_present_and_not_null_is_used() {
    let document = Document::parse(br#"{"a":null,"b":{"c":"x"},"d":"y"}"#).unwrap();
    assert_eq!(document.text(&["a", "b.c", "d"]), Some("x"));
    assert_eq!(document.text(&["b.missing", "b"]), None);
}

#[test]
fn a_long_name_and_one_below_another_are_found_and_one_of_another_length_is_not() {
    let long = "n".repeat(70);
    let body = format!(r#"{{"{long}":"x","é":"y"}}"#);
    let document = Document::parse(body.as_bytes()).unwrap();
    assert_eq!(document.text(&[&long]), Some("x"));
    assert_eq!(document.text(&["é"]), Some("y"));
    assert!(!document.has(&[&"n".repeat(71), "e", "", "n.n"]));
    let document = Document::parse(br#"{"a":{"bcd":"x"}}"#).unwrap();
    assert_eq!(document.text(&["a.bcd"]), Some("x"));
    assert_eq!(document.within("a").text(&["bcd"]), Some("x"));
}

// FAULTS.md row 49
#[test]
fn a_byte_that_is_not_utf8_affects_only_its_own_string() {
    for bad in [
        &b"{\"a\":\"x\",\"note\":\"caf\xE9\",\"n\":1}"[..],
        b"{\"note\":\"\xFF\xFE\",\"a\":\"x\",\"n\":1}",
    ] {
        let document = Document::parse(bad).unwrap();
        assert_eq!(document.text(&["a"]), Some("x"));
        assert_eq!(document.number(&["n"]), Some(Ok(1)));
        assert!(document.oddity().is_some());
    }
    let utf16: Vec<u8> = "{\"a\":1}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(Document::parse(&utf16).err(), Some(Malformed::NotJson));
}

// FAULTS.md row 77
#[test]
fn the_ascii_part_of_a_gbk_body_is_read() {
    // The second byte of a character may be a backslash, here of U+8A98.
    let body = b"{\"error\":\"invalid_grant\",\"msg\":\"\xD5\x5C\",\"x\":\"y\"}";
    let document = Document::parse(body).unwrap();
    assert_eq!(document.text(&["error"]), Some("invalid_grant"));
    assert_eq!(document.text(&["x"]), Some("y"));
}

// FAULTS.md row 52
#[test]
fn a_form_is_read_as_an_object_of_strings() {
    let document =
        Document::parse_form(b"access_token=A%2B1&expires_in=3600&scope=a+b&empty=").unwrap();
    assert_eq!(document.text(&["access_token"]), Some("A+1"));
    assert_eq!(document.number(&["expires_in"]), Some(Ok(3600)));
    assert_eq!(document.words(&["scope"]), ["a", "b"]);
    assert_eq!(document.text(&["empty"]), Some(""));
    assert_eq!(
        Document::parse_form(b"{\"a\":\"x\"}").unwrap().text(&["a"]),
        Some("x")
    );
    for (bad, malformed) in [
        (&b"a=1&a=2"[..], Malformed::NotJson),
        (b"no pairs", Malformed::NotJson),
        (b"", Malformed::Empty),
        (b"<html>", Malformed::Html),
    ] {
        assert_eq!(Document::parse_form(bad).err(), Some(malformed));
    }
}

// FAULTS.md row 52
#[test]
fn a_wrapper_is_removed_and_list_items_have_an_index() {
    let parse = |text: &str| Document::parse(text.as_bytes()).unwrap();
    assert_eq!(
        parse(r#"{"data":{"a":"x"}}"#).within("data").text(&["a"]),
        Some("x")
    );
    assert_eq!(parse(r#"[{"a":"x"}]"#).within("0").text(&["a"]), Some("x"));
    assert_eq!(
        parse(r#"{"a":"x","data":null}"#)
            .within("data")
            .text(&["a"]),
        Some("x")
    );
    assert_eq!(
        parse(r#"{"l":[{"a":"x"}]}"#).text(&["l.1.a", "l.0.a"]),
        Some("x")
    );
}

// FAULTS.md row 59
#[test]
fn a_blank_string_is_not_a_secret() {
    let document = Document::parse(r#"{"a":"  ","b":"\u200b","c":" ok"}"#.as_bytes()).unwrap();
    assert!(document.secret(&["a"]).is_none() && document.secret(&["b"]).is_none());
    assert_eq!(document.secret(&["c"]).unwrap().expose(), " ok");
}

#[test]
fn a_name_with_a_dot_is_no_path() {
    let document = Document::parse(br#"{"a.b":"x","c":{"d.e":"y","":"z"}}"#).unwrap();
    assert!(!document.has(&["a.b", "c.d.e", "c.d", "a", ""]));
    assert_eq!(document.text(&["c."]), Some("z"));
}

#[test]
fn a_secret_shares_the_text_of_its_document_until_it_is_an_extra_of_a_token() {
    let document = Document::parse(br#"{"a":"A1","n":[1,"\u0041\n2"]}"#).unwrap();
    let (whole, part) = (document.texts.expose(), document.secret(&["a"]).unwrap());
    assert!(
        whole
            .as_bytes()
            .as_ptr_range()
            .contains(&part.expose().as_ptr())
    );
    assert_eq!(part.expose(), "A1");
    assert_eq!(document.text(&["n.1"]), Some("A\n2"));
    let token = Token::builder(part.clone(), Validity::expired()).extra("a", part);
    let token = token.build().unwrap();
    let kept = [token.access(), token.extra("a").unwrap()].map(Secret::expose);
    assert_eq!(kept, ["A1", "A1"]);
    let range = document.texts.expose().as_bytes().as_ptr_range();
    assert!(kept.iter().all(|text| !range.contains(&text.as_ptr())));
}

proptest! {
    #[test]
    fn every_string_is_read_as_it_was_written(texts in proptest::collection::vec(".*", 0..9)) {
        let fields = (0..).map(|n| format!("f{n}")).zip(&texts);
        let written = serde_json::to_vec(&fields.clone().collect::<BTreeMap<_, _>>()).unwrap();
        let document = Document::parse(&written).unwrap();
        for (name, text) in fields {
            prop_assert_eq!(document.text(&[&name]), Some(text.as_str()));
        }
    }

    #[test]
    fn a_form_has_room_for_any_bytes(bytes in proptest::collection::vec(0x80_u8.., 0..99)) {
        let escaped: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        for value in [&bytes[..], escaped.as_bytes()] {
            let document = Document::parse_form(&[b"a=", value].concat()).unwrap();
            prop_assert_eq!(document.text(&["a"]), Some(&*String::from_utf8_lossy(&bytes)));
        }
    }

    #[test]
    fn no_body_causes_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Document::parse(&body).map(|document| document.number(&["a", "a.b"]));
        let _ = Document::parse_form(&body).map(|document| document.number(&["a", "a.b"]));
    }
}
