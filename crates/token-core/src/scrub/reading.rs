//! Readings of a text: verbatim, with its escapes decoded, and with its base64 and hex decoded.

use std::ops::Range;

use zeroize::{Zeroize, Zeroizing};

use super::escape::{FAMILIES, Family};

/// How many times escapes of all families are decoded.
const MOST_LAYERS: usize = 4;
/// How many successive encoders, each of one family, are undone exactly.
const MOST_ENCODERS: usize = 2;

/// The bytes that a text spells in one reading, each with the part of the text that spells it.
/// Wiped on drop.
pub(super) struct Reading(Vec<Spelled>);

#[derive(Clone, Copy)]
struct Spelled {
    byte: u8,
    start: usize,
    end: usize,
}

/// Returns all readings of a text in which a secret is searched: with one or two encoders undone,
/// with mixed escapes decoded, and with base64 and hex decoded.
pub(super) fn readings(text: &str) -> Vec<Reading> {
    let mixed = layers(Reading::of(text));
    let packed = mixed.last().map(Reading::unpacked).unwrap_or_default();
    let mut readings = one_family_at_a_time(text);
    readings.extend(packed.into_iter().flat_map(layers));
    readings.extend(mixed.into_iter().skip(1));
    readings
}

/// Returns a reading and what results when the escapes of all families are decoded once, twice, and
/// so on.
pub(super) fn layers(reading: Reading) -> Vec<Reading> {
    let deeper = |reading: &Reading| reading.unescaped(&FAMILIES);
    let mut layers = vec![reading];
    while layers.len() <= MOST_LAYERS
        && let Some(next) = layers.last().and_then(deeper)
    {
        layers.push(next);
    }
    layers
}

/// Returns the readings of what real encoders produce. Decoding all families at once takes a
/// backslash that percent-encoding left unchanged for an escape.
fn one_family_at_a_time(text: &str) -> Vec<Reading> {
    let mut all = Vec::new();
    let mut latest = vec![Reading::of(text)];
    for _ in 0..MOST_ENCODERS {
        let next = latest
            .iter()
            .flat_map(|reading| {
                FAMILIES
                    .iter()
                    .filter_map(|family| reading.unescaped(&[*family]))
            })
            .collect();
        all.append(&mut latest);
        latest = next;
    }
    all.append(&mut latest);
    all
}

impl Reading {
    /// Returns the reading of the verbatim text.
    pub(super) fn of(text: &str) -> Self {
        let spell = |(at, byte)| Spelled {
            byte,
            start: at,
            end: at + 1,
        };
        Self(text.bytes().enumerate().map(spell).collect())
    }

    /// Returns the bytes to compare. Some servers change the case; a plus sign and a space are the
    /// same in a form.
    pub(super) fn folded(&self) -> Zeroizing<Vec<u8>> {
        let fold = |spelled: &Spelled| match spelled.byte.to_ascii_lowercase() {
            b'+' => b' ',
            other => other,
        };
        Zeroizing::new(self.0.iter().map(fold).collect())
    }

    /// Hides the part of the text that spells these bytes.
    pub(super) fn hide(&self, bytes: Range<usize>, hidden: &mut [bool]) {
        let Some([first, .., last] | [first @ last]) = self.0.get(bytes) else {
            return;
        };
        if let Some(part) = hidden.get_mut(first.start..last.end) {
            part.fill(true);
        }
    }

    /// Decodes every escape of these families once; `None` if there is none.
    fn unescaped(&self, families: &[Family]) -> Option<Self> {
        let bytes = self.bytes();
        let mut decoded = Vec::with_capacity(bytes.len());
        let mut at = 0;
        while let Some(spelled) = self.0.get(at) {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some((length, c)) = families.iter().find_map(|family| family(rest)) else {
                decoded.push(*spelled);
                at += 1;
                continue;
            };
            let end = self
                .0
                .get(at + length - 1)
                .map_or(spelled.end, |last| last.end);
            decoded.extend(c.bytes().map(|byte| Spelled {
                byte,
                end,
                ..*spelled
            }));
            at += length;
        }
        (decoded.len() < bytes.len()).then_some(Self(decoded))
    }

    /// Decodes everything that may be base64 or hex. The start of the encoded text is not known, so
    /// every alignment is tried.
    fn unpacked(&self) -> Vec<Self> {
        [BASE64, HEX]
            .iter()
            .flat_map(|packing| {
                (0..packing.digits).map(|skipped| self.unpacked_after(skipped, packing))
            })
            .filter(|reading| !reading.0.is_empty())
            .collect()
    }

    /// Decodes with an alignment at which the first group consists of its last `skipped` digits.
    fn unpacked_after(&self, skipped: usize, packing: &Packing) -> Self {
        let is_digit = |spelled: &Spelled| (packing.value)(spelled.byte).is_some();
        let mut bytes = Vec::with_capacity(self.0.len());
        for run in self.0.chunk_by(|a, b| is_digit(a) == is_digit(b)) {
            if run.len() < 2 || !run.iter().any(is_digit) {
                continue;
            }
            let (cut, whole) = run.split_at(skipped.min(run.len()));
            bytes.extend(packing.bytes_of(cut, packing.digits - skipped));
            for group in whole.chunks(packing.digits) {
                bytes.extend(packing.bytes_of(group, 0));
            }
            bytes.push(Spelled::between_runs(run));
        }
        Self(bytes)
    }

    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.iter().map(|spelled| spelled.byte).collect())
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|spelled| spelled.byte.zeroize());
    }
}

impl Spelled {
    /// Returns a byte that occurs in no secret, so that no piece extends beyond a run.
    fn between_runs(run: &[Spelled]) -> Self {
        let end = run.last().map_or(0, |last| last.end);
        let start = end;
        Self {
            byte: 0,
            start,
            end,
        }
    }
}

/// How bytes are written as groups of digits.
struct Packing {
    digits: usize,
    bits: usize,
    value: fn(u8) -> Option<u8>,
}

const BASE64: Packing = Packing {
    digits: 4,
    bits: 6,
    value: sextet,
};

const HEX: Packing = Packing {
    digits: 2,
    bits: 4,
    value: nibble,
};

impl Packing {
    /// Returns the bytes of a group, each of which is in two adjacent digits; of an incomplete
    /// group, the complete bytes. `first` is the position of its first digit in the group.
    fn bytes_of(&self, group: &[Spelled], first: usize) -> impl Iterator<Item = Spelled> {
        let pairs = (first..).zip(group.iter().zip(group.iter().skip(1)));
        pairs.filter_map(|(nth, (first, second))| {
            let high = u16::from((self.value)(first.byte)?);
            let low = u16::from((self.value)(second.byte)?);
            let spare = 2 * (self.bits - 4 - nth);
            let [byte, _] = ((high << self.bits | low) >> spare).to_le_bytes();
            let (start, end) = (first.start, second.end);
            Some(Spelled { byte, start, end })
        })
    }
}

/// Returns the value of a digit of the standard or the URL-safe base64 alphabet.
fn sextet(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| value.try_into().ok())
}
