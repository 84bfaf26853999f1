//! Looking for the first byte that does not belong: digits eight bytes at a time.
//!
//! No allocation, no table, no knowledge of fields.

const NIBBLE_TOPS: u64 = 0x8888_8888_8888_8888;
const BYTE_TOPS: u64 = 0x8080_8080_8080_8080;
const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;
/// Added to a byte 0 to 127, sets its top bit when the byte is 10 or more.
const OVER_NINE: u64 = 0x7676_7676_7676_7676;

fn word(chunk: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(chunk);
    u64::from_le_bytes(bytes)
}

/// Whether a nibble of the word is over nine: its top bit and one of the two below it are set.
const fn has_letter_nibble(word: u64) -> bool {
    word & ((word << 1) | (word << 2)) & NIBBLE_TOPS != 0
}

const fn is_bcd(byte: u8) -> bool {
    byte & 0x0F <= 9 && byte >> 4 <= 9
}

/// The first byte with a nibble over nine.
pub(crate) fn first_not_bcd(bytes: &[u8]) -> Option<usize> {
    let mut chunks = bytes.chunks_exact(8);
    let mut clean = 0;
    for chunk in &mut chunks {
        if has_letter_nibble(word(chunk)) {
            break;
        }
        clean += 8;
    }
    bytes[clean..]
        .iter()
        .position(|byte| !is_bcd(*byte))
        .map(|at| clean + at)
}

/// The first byte that is not an ASCII digit.
pub(crate) fn first_not_digit(bytes: &[u8]) -> Option<usize> {
    let mut clean = 0;
    for chunk in bytes.chunks_exact(8) {
        let flat = word(chunk) ^ ASCII_ZEROS;
        if (flat.wrapping_add(OVER_NINE) | flat) & BYTE_TOPS != 0 {
            break;
        }
        clean += 8;
    }
    bytes[clean..]
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .map(|at| clean + at)
}

/// The first byte that is not a hexadecimal digit.
pub(crate) fn first_not_hex(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| !byte.is_ascii_hexdigit())
}

/// The value of a hexadecimal digit.
pub(crate) const fn hex_value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The upper-case hexadecimal digit of the low nibble.
pub(crate) const fn hex_digit(nibble: u8) -> u8 {
    let nibble = nibble & 0x0F;
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'A' + nibble - 10
    }
}

/// Upper-case hexadecimal of bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(hex_digit(byte >> 4)));
        text.push(char::from(hex_digit(*byte)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_is_judged_like_the_plain_way() {
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=255u8 {
                    let mut bcd = vec![0x99; length];
                    bcd[at] = byte;
                    assert_eq!(
                        first_not_bcd(&bcd),
                        bcd.iter().position(|b| b & 15 > 9 || b >> 4 > 9)
                    );
                    let mut digits = vec![b'9'; length];
                    digits[at] = byte;
                    assert_eq!(
                        first_not_digit(&digits),
                        digits.iter().position(|b| !b.is_ascii_digit())
                    );
                }
            }
        }
        assert_eq!(first_not_digit(&[0xFF; 17]), Some(0));
        assert_eq!(hex(&[0x0A, 0xF9]), "0AF9");
    }
}
