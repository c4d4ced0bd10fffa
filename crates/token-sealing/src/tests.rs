use proptest::prelude::*;

use super::*;

const BODY: &str = "{\"access\":\"A-s3cr3t\"}";

fn sealing_key(id: &str, byte: u8) -> SealingKey {
    SealingKey::new(id, [byte; 32]).unwrap()
}

fn sealing() -> Sealing {
    Sealing::with(sealing_key("2026-03", 0xC5))
}

fn key(grant: &str) -> TokenKey {
    TokenKey::of("acme", "api.acme.example", grant)
}

fn record() -> Record {
    Record::new(
        RefreshFingerprint([1; 32]),
        Generation::new(7),
        Secret::from(BODY),
    )
}

fn sealed() -> String {
    sealing().seal(&key("1"), &record()).unwrap()
}

fn open(sealing: &Sealing, sealed: &str) -> Result<Secret, StoreError> {
    sealing.open(
        &key("1"),
        RefreshFingerprint([1; 32]),
        Generation::new(7),
        sealed,
    )
}

fn why_not(sealing: &Sealing, sealed: &str) -> String {
    open(sealing, sealed).unwrap_err().to_string()
}

#[test]
fn a_sealed_record_opens_and_shows_its_key_id_alone() {
    let sealed = sealed();
    assert!(sealed.starts_with("v1.2026-03.") && sealed.is_ascii());
    assert!(!sealed.contains("s3cr3t"));
    assert_eq!(open(&sealing(), &sealed).unwrap().expose(), BODY);
}

#[test]
fn the_same_record_is_never_sealed_to_the_same_text() {
    assert_ne!(sealed(), sealed());
}

#[test]
fn a_body_that_was_swapped_between_two_keys_does_not_open() {
    let (one, other) = (key("1"), key("2"));
    let of_one = sealing().seal(&one, &record()).unwrap();
    let of_other = sealing().seal(&other, &record()).unwrap();
    for (here, moved) in [(&one, &of_other), (&other, &of_one)] {
        let opened = sealing().open(here, RefreshFingerprint([1; 32]), Generation::new(7), moved);
        assert!(opened.unwrap_err().to_string().contains("moved here"));
    }
}

#[test]
fn a_record_of_another_generation_or_fingerprint_does_not_open() {
    let sealed = sealed();
    for (fingerprint, generation) in [([1; 32], 8), ([2; 32], 7)] {
        let opened = sealing().open(
            &key("1"),
            RefreshFingerprint(fingerprint),
            Generation::new(generation),
            &sealed,
        );
        assert!(opened.unwrap_err().to_string().contains("moved here"));
    }
}

#[test]
fn every_flipped_bit_is_seen() {
    let sealed = sealed();
    for place in 0..sealed.len() {
        for bit in 0..8 {
            let mut bytes = sealed.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let Ok(flipped) = String::from_utf8(bytes) else {
                continue;
            };
            assert!(
                open(&sealing(), &flipped).is_err(),
                "bit {bit} of byte {place}"
            );
        }
    }
}

#[test]
fn a_record_that_is_cut_short_anywhere_says_so() {
    let sealed = sealed();
    let id = "v1.".len();
    for length in id..sealed.len() {
        let why = why_not(&sealing(), sealed.get(..length).unwrap());
        assert!(why.contains("cut short"), "{length} bytes: {why}");
    }
    assert!(why_not(&sealing(), "v1.2026-03.AAAA.").contains("cut short"));
}

#[test]
fn a_key_that_was_not_given_is_named() {
    let why = why_not(&Sealing::with(sealing_key("2026-04", 0xC5)), &sealed());
    assert!(
        why.contains("was not given") && why.contains("2026-03"),
        "{why}"
    );
}

#[test]
fn another_key_of_the_same_id_is_told_from_a_changed_record() {
    let why = why_not(&Sealing::with(sealing_key("2026-03", 0xC6)), &sealed());
    assert!(
        why.contains("another key than") && why.contains("2026-03"),
        "{why}"
    );
    let mut bytes = sealed().into_bytes();
    let last = bytes.len() - 10;
    bytes[last] = if bytes[last] == b'A' { b'B' } else { b'A' };
    let why = why_not(&sealing(), &String::from_utf8(bytes).unwrap());
    assert!(why.contains("was changed"), "{why}");
}

#[test]
fn text_of_another_program_or_a_newer_version_is_told_apart() {
    for foreign in [
        "",
        "hello",
        "{\"access\":\"A\"}",
        "v.x.AAAA.",
        "a.b.c.",
        "v1.k y.AAAA.",
        "v1.k.%%.",
        BODY,
    ] {
        assert!(
            why_not(&sealing(), foreign).contains("not sealed by this library"),
            "{foreign}"
        );
    }
    assert!(why_not(&sealing(), "v2.2026-03.AAAA.").contains("newer version"));
}

#[test]
fn an_older_key_opens_while_it_is_given_and_never_seals() {
    let rotated =
        Sealing::with(sealing_key("2026-04", 4)).or_opened_by(sealing_key("2026-03", 0xC5));
    assert_eq!(open(&rotated, &sealed()).unwrap().expose(), BODY);
    let resealed = rotated.seal(&key("1"), &record()).unwrap();
    assert!(resealed.starts_with("v1.2026-04."));
    assert!(why_not(&sealing(), &resealed).contains("2026-04"));
}

#[test]
fn two_keys_of_one_id_open_each_its_own() {
    let both = Sealing::with(sealing_key("2026-03", 4)).or_opened_by(sealing_key("2026-03", 0xC5));
    assert_eq!(open(&both, &sealed()).unwrap().expose(), BODY);
}

#[test]
fn a_key_id_is_short_and_printable() {
    for id in ["", "a.b", "a b", "é", "a\n", &"x".repeat(33)] {
        assert_eq!(
            SealingKey::new(id, [0; 32]).unwrap_err().field(),
            "key id",
            "{id:?}"
        );
    }
    assert!(SealingKey::new(&"x".repeat(32), [0; 32]).is_ok());
}

#[test]
fn a_key_is_read_from_either_base64_and_nothing_else() {
    let same = |text: &str| {
        let key = SealingKey::from_base64("2026-03", &Secret::from(text)).unwrap();
        Sealing::with(key)
    };
    let sealed = Sealing::with(sealing_key("2026-03", 0xFB))
        .seal(&key("1"), &record())
        .unwrap();
    for text in [
        "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=\n",
        "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s",
    ] {
        assert_eq!(open(&same(text), &sealed).unwrap().expose(), BODY);
    }
    for text in [
        "",
        "AAAA",
        &"A".repeat(42),
        &"A".repeat(44),
        &"A".repeat(64),
        "not base64!",
    ] {
        let error = SealingKey::from_base64("k", &Secret::from(text)).unwrap_err();
        assert_eq!(error.field(), "sealing key", "{text}");
    }
}

#[test]
fn no_debug_and_no_error_shows_a_key_or_a_body() {
    let key = SealingKey::new("2026-03", *b"0123456789abcdef0123456789ABCDEF").unwrap();
    let sealing = Sealing::with(key.clone()).or_opened_by(key.clone());
    let shown = format!("{key:?} {key:#?} {sealing:?} {sealing:#?}");
    assert!(
        !shown.contains("0123") && !shown.contains("48, 49"),
        "{shown}"
    );
    assert!(!why_not(&self::sealing(), BODY).contains("s3cr3t"));
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens_as_it_was(
        body in any::<String>(), id in "[A-Za-z0-9_-]{1,32}", secret in any::<[u8; 32]>(),
        fingerprint in any::<[u8; 32]>(), generation in any::<u64>(), grant in any::<String>(),
    ) {
        let sealing = Sealing::with(SealingKey::new(&id, secret).unwrap());
        let (key, fingerprint, generation) = (key(&grant), RefreshFingerprint(fingerprint), Generation::new(generation));
        let record = Record::new(fingerprint, generation, Secret::from(body.clone()));
        let sealed = sealing.seal(&key, &record).unwrap();
        let opened = sealing.open(&key, fingerprint, generation, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), body);
    }

    #[test]
    fn no_text_at_all_makes_it_panic_or_open(text in any::<String>(), tail in "[A-Za-z0-9_.-]{0,200}") {
        prop_assert!(open(&sealing(), &text).is_err());
        let ours = format!("v1.2026-03.{tail}");
        prop_assert!(open(&sealing(), &ours).is_err());
    }
}
