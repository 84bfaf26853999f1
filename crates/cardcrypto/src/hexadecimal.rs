//! Hexadecimal text of key blocks, key stores and MAC fields.
//!
//! No other text encoding lives here.

/// The upper-case digits.
const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// Upper-case hexadecimal characters of a half byte (0 to 15).
pub(crate) const fn digit(nibble: u8) -> u8 {
    DIGITS[(nibble & 0x0F) as usize]
}

/// The upper-case text of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(digit(byte >> 4)));
        text.push(char::from(digit(*byte)));
    }
    text
}

/// The value of one hexadecimal character of either case.
pub(crate) const fn value(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'F' => Some(character - b'A' + 10),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

/// The bytes of a text of either case; `None` for an odd length or another character.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_and_other_text_is_refused() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(encode(&all).as_bytes()), Some(all));
        assert_eq!(decode(b"0aF"), None);
        assert_eq!(decode(b"0g"), None);
        assert_eq!(decode(b""), Some(Vec::new()));
    }
}
