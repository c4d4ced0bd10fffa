//! No secret survives, however it is written.

use super::*;

/// Every way to write a character that the scrubber decodes.
const SPELLINGS: [fn(char) -> String; 9] = [
    |c| c.to_string(),
    |c| percent(c).to_uppercase(),
    percent,
    |c| percent(c).replace('%', "%25"),
    |c| percent(c).chars().map(percent).collect(),
    |c| format!("&#{};", u32::from(c)),
    |c| format!("&#x{:X};", u32::from(c)),
    |c| {
        c.encode_utf16(&mut [0; 2])
            .iter()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect()
    },
    |c| {
        c.to_string()
            .bytes()
            .map(|byte| format!("\\x{byte:02x}"))
            .collect()
    },
];

fn percent(c: char) -> String {
    c.to_string()
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect()
}

/// What real encoders produce for a character of a text.
const ENCODERS: [fn(char) -> String; 6] = [
    |c| c.to_string(),
    |c| percent_encode(&c.to_string()),
    |c| percent_encode(&c.to_string()).replace("%20", "+"),
    |c| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    },
    |c| {
        let json = serde_json::to_string(&c).unwrap();
        let quoted = json
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        quoted.unwrap().to_owned()
    },
    |c| {
        if c.is_ascii_punctuation() {
            format!("\\{c}")
        } else {
            c.to_string()
        }
    },
];

/// Fails if eight characters of a secret are left, however each was written.
fn assert_no_piece_is_left(secret: &str, spelled: &[String]) -> Result<(), TestCaseError> {
    let text = scrubbed(secret, &format!("refused: '{}' again", spelled.concat()));
    for piece in spelled.windows(SHORTEST_PIECE) {
        let piece = piece.concat();
        prop_assert!(!text.contains(&piece), "{piece} of {secret} in {text}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_secret_survives(secret in "[ -~]{4,40}", before in "\\PC{0,40}", after in "\\PC{0,40}") {
        // The mark itself may contain a very short secret.
        prop_assume!(!MARK.contains(&secret.to_ascii_lowercase()));
        let text = scrubbed(&secret, &format!("{before}{secret}{after}"));
        let without_marks = text.replace(MARK, "\u{0}");
        prop_assert!(!without_marks.contains(&secret), "{text}");
    }

    // FAULTS.md row 81. Without a backslash: in a mixture it is ambiguous whether an unescaped one
    // begins an escape.
    #[test]
    fn no_piece_survives_any_mixture_of_spellings(
        spelled in prop::collection::vec(("[ -\\[\\]-~éπ😀]", prop::sample::select(&SPELLINGS[..])), 8..40)
    ) {
        let secret: String = spelled.iter().map(|(c, _)| c.as_str()).collect();
        let spelled: Vec<_> = spelled.iter().map(|(c, spell)| c.chars().map(spell).collect()).collect();
        assert_no_piece_is_left(&secret, &spelled)?;
    }

    // FAULTS.md row 81
    #[test]
    fn no_piece_of_any_secret_survives_two_encoders(
        secret in "[ -~é😀]{8,40}|([%&;#x2540-9n]|\\\\){8,30}",
        first in prop::sample::select(&ENCODERS[..]),
        second in prop::sample::select(&ENCODERS[..]),
    ) {
        let encode = |c| first(c).chars().map(second).collect();
        let spelled: Vec<String> = secret.chars().map(encode).collect();
        assert_no_piece_is_left(&secret, &spelled)?;
    }

    // FAULTS.md row 81
    #[test]
    fn no_piece_survives_base64_or_hex(
        before in "[ -~]{0,9}", secret in "[ -~]{8,40}", after in "[ -~]{0,9}", first in 0..40_usize
    ) {
        let part = secret.get(first.min(secret.len() - 8)..).unwrap_or_default();
        let packed = format!("{before}{part}{after}");
        let hex: String = packed.bytes().map(|byte| format!("{byte:02x}")).collect();
        for (text, digits, bytes) in [
            (BASE64_STANDARD.encode(&packed), 4, 3),
            (BASE64_URL_SAFE.encode(&packed), 4, 3),
            (hex, 2, 1),
        ] {
            let told = scrubbed(&secret, &format!("refused: '{text}'"));
            let start = before.len().div_ceil(bytes) * digits;
            let end = (before.len() + part.len()) / bytes * digits;
            let inside = text.get(start..end).unwrap_or_default();
            let piece = 8_usize.div_ceil(bytes) * digits + digits;
            for left in inside.as_bytes().windows(piece) {
                let left = std::str::from_utf8(left).unwrap();
                prop_assert!(!told.contains(left), "{secret} in {told}");
            }
        }
    }
}

// FAULTS.md row 82
#[test]
fn the_compared_bytes_grow_linearly_with_the_text() {
    let compared = |text: &str| -> usize {
        let readings = readings(text);
        readings.iter().map(|reading| reading.folded().len()).sum()
    };
    for unit in [
        "a",
        "%25",
        "&amp;",
        "\\u0041",
        "dG9r",
        "746f",
        "%2526amp;",
        "pa$$&word ",
    ] {
        let text = |times: usize| unit.repeat(times);
        let (once, fourfold) = (compared(&text(64)), compared(&text(256)));
        let bound = 4 * once + 64;
        assert!(fourfold <= bound, "{unit}: {once} bytes, then {fourfold}");
        let worst = 64 * text(256).len();
        assert!(fourfold <= worst, "{unit}: {fourfold} of {worst}");
    }
}
