//! Text from files, servers and the command line, for a terminal.

/// Writes characters that direct a terminal as `\u{1b}`. Lines stay lines.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match directs(character) {
            true => shown.extend(character.escape_unicode()),
            false => shown.push(character),
        }
    }
    shown
}

/// Returns whether it is a control character other than a line feed, or turns the direction of what
/// is written.
fn directs(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    turns || (character.is_control() && character != '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_directs_a_terminal_is_shown_and_the_rest_is_left() {
        let text = "é ✓\n\x1b[31m\u{9b}1m\u{202e}\t\r";
        let shown = "é ✓\n\\u{1b}[31m\\u{9b}1m\\u{202e}\\u{9}\\u{d}";
        assert_eq!(printable(text), shown);
    }
}
