//! Escapes of single characters: percent-encoding, HTML entities, backslash escapes.

use std::str;

/// A decoded character, or a byte of one.
pub(super) struct Decoded {
    bytes: [u8; 4],
    length: usize,
}

/// The number of characters in which the semicolon of an entity is searched: more than any entity
/// in the table has.
const LONGEST_ENTITY: usize = 10;

/// The entities of ASCII punctuation (HTML, section 13.5). Each encoder writes only some of them,
/// but not the same ones.
const ENTITIES: [(&str, char); 38] = [
    ("amp", '&'),
    ("apos", '\''),
    ("ast", '*'),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("dollar", '$'),
    ("equals", '='),
    ("excl", '!'),
    ("grave", '`'),
    ("gt", '>'),
    ("hat", '^'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lcub", '{'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lsqb", '['),
    ("lt", '<'),
    ("midast", '*'),
    ("nbsp", ' '),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrace", '}'),
    ("rbrack", ']'),
    ("rcub", '}'),
    ("rpar", ')'),
    ("rsqb", ']'),
    ("semi", ';'),
    ("sol", '/'),
    ("tab", '\t'),
    ("verbar", '|'),
    ("vert", '|'),
];

/// A function that decodes the escape at the start of a text: its length and its character.
pub(super) type Family = fn(&[u8]) -> Option<(usize, Decoded)>;

/// All families of escapes.
pub(super) const FAMILIES: [Family; 3] = [percent, entity, backslash];

/// `%26`
fn percent(text: &[u8]) -> Option<(usize, Decoded)> {
    let [b'%', high, low, ..] = text else {
        return None;
    };
    Some((3, Decoded::byte(number(&[*high, *low], 16)?)?))
}

/// `&amp;`, `&#38;`, `&#x26;`
fn entity(text: &[u8]) -> Option<(usize, Decoded)> {
    let text = text.strip_prefix(b"&")?;
    let end = text
        .iter()
        .take(LONGEST_ENTITY)
        .position(|byte| *byte == b';')?;
    let name = text.get(..end)?.to_ascii_lowercase();
    let c = match name.as_slice() {
        [b'#', b'x', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        name => {
            let known = ENTITIES
                .iter()
                .find(|(known, _)| known.as_bytes() == name)?;
            known.1
        }
    };
    Some((end + 2, Decoded::character(c)))
}

/// `\u0026`, `\x26`, `
/// `, and any escaped punctuation.
fn backslash(text: &[u8]) -> Option<(usize, Decoded)> {
    let c = match text.strip_prefix(b"\\")? {
        [b'u', digits @ ..] => return unicode(digits),
        [b'x', high, low, ..] => return Some((4, Decoded::byte(number(&[*high, *low], 16)?)?)),
        [b'n', ..] => '\n',
        [b'r', ..] => '\r',
        [b't', ..] => '\t',
        [b'b', ..] => '\u{8}',
        [b'f', ..] => '\u{c}',
        [c, ..] if c.is_ascii_punctuation() => char::from(*c),
        _ => return None,
    };
    Some((2, Decoded::character(c)))
}

/// Four hexadecimal digits, or a pair of surrogates: `D83D\uDE00`, both after `\u`.
fn unicode(text: &[u8]) -> Option<(usize, Decoded)> {
    let unit = |at: usize| number(text.get(at..at + 4)?, 16);
    let first = unit(0)?;
    if let Some(c) = char::from_u32(first) {
        return Some((6, Decoded::character(c)));
    }
    let second = unit(6).filter(|_| text.get(4..6) == Some(b"\\u"))?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(units).next()?.ok()?;
    Some((12, Decoded::character(c)))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let all_digits = digits
        .iter()
        .all(|digit| char::from(*digit).is_digit(radix));
    let text = str::from_utf8(digits).ok().filter(|_| all_digits)?;
    u32::from_str_radix(text, radix).ok()
}

impl Decoded {
    fn byte(value: u32) -> Option<Self> {
        let value = u8::try_from(value).ok()?;
        Some(Self {
            bytes: [value, 0, 0, 0],
            length: 1,
        })
    }

    fn character(c: char) -> Self {
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len();
        Self { bytes, length }
    }

    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> {
        self.bytes.iter().take(self.length).copied()
    }
}
