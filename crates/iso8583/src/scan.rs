//! Looking for the first byte that does not belong: digits eight bytes at a time.
//!
//! No allocation, no table, no knowledge of fields.

const NIBBLE_TOPS: u64 = 0x8888_8888_8888_8888;
const BYTE_TOPS: u64 = 0x8080_8080_8080_8080;
const ASCII_ZEROS: u64 = 0x3030_3030_3030_3030;
/// Added to a byte 0 to 127, sets its top bit when the byte is 10 or more.
const OVER_NINE: u64 = 0x7676_7676_7676_7676;
const SPACES: u64 = 0x2020_2020_2020_2020;
const ONES: u64 = 0x0101_0101_0101_0101;

/// Whether a nibble of the word is over nine: its top bit and one of the two below it are set.
const fn has_letter_nibble(word: u64) -> bool {
    word & ((word << 1) | (word << 2)) & NIBBLE_TOPS != 0
}

/// Whether a byte of the word is not an ASCII digit.
const fn has_no_digit(word: u64) -> bool {
    let flat = word ^ ASCII_ZEROS;
    (flat.wrapping_add(OVER_NINE) | flat) & BYTE_TOPS != 0
}

/// Whether a byte of the word is under 0x20 or over 0x7E. A byte below one that is under 0x20 may be taken for
/// bad too, never the other way round.
const fn has_unprintable(word: u64) -> bool {
    (word.wrapping_sub(SPACES) | word.wrapping_add(ONES) | word) & BYTE_TOPS != 0
}

const fn is_bcd(byte: u8) -> bool {
    byte & 0x0F <= 9 && byte >> 4 <= 9
}

/// Whether any word of the bytes has the fault: eight bytes at a time, the last ones overlapping those before.
/// Bytes that are fewer than eight stand between bytes `fill`, which have no fault.
#[inline]
fn any_word(bytes: &[u8], fill: u8, has_fault: impl Fn(u64) -> bool) -> bool {
    if let Some(last) = bytes.last_chunk::<8>() {
        bytes.chunks_exact(8).any(|chunk| {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            has_fault(u64::from_le_bytes(word))
        }) || has_fault(u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let word = u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
        has_fault(word)
    } else {
        let mut word = [fill; 8];
        for (slot, byte) in word.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        has_fault(u64::from_le_bytes(word))
    }
}

/// The first byte with a nibble over nine.
#[inline]
pub(crate) fn first_not_bcd(bytes: &[u8]) -> Option<usize> {
    if any_word(bytes, 0, has_letter_nibble) { bytes.iter().position(|byte| !is_bcd(*byte)) } else { None }
}

/// The first byte that is not an ASCII digit.
#[inline]
pub(crate) fn first_not_digit(bytes: &[u8]) -> Option<usize> {
    if any_word(bytes, b'0', has_no_digit) {
        bytes.iter().position(|byte| !byte.is_ascii_digit())
    } else {
        None
    }
}

/// Whether every byte is printable ASCII. May say no where it is so, never yes where it is not.
#[inline]
pub(crate) fn surely_printable(bytes: &[u8]) -> bool {
    !any_word(bytes, b' ', has_unprintable)
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
    if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 }
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
                    assert_eq!(first_not_bcd(&bcd), bcd.iter().position(|b| b & 15 > 9 || b >> 4 > 9));
                    let mut digits = vec![b'9'; length];
                    digits[at] = byte;
                    assert_eq!(first_not_digit(&digits), digits.iter().position(|b| !b.is_ascii_digit()));
                }
            }
        }
        assert_eq!(first_not_digit(&[0xFF; 17]), Some(0));
        assert_eq!(hex(&[0x0A, 0xF9]), "0AF9");
    }
}
