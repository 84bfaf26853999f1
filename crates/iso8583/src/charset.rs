//! Character sets of text fields: EBCDIC code page 037 and GBK.
//!
//! Only characters that survive the way there and back are text here; anything else is refused, so that what is
//! shown can be written again byte for byte.

use encoding_rs::GBK;

/// Code page 037 of the printable ASCII characters 0x20 to 0x7E (IBM CDRA, CP00037).
const EBCDIC_OF_ASCII: [u8; 95] = [
    0x40, 0x5A, 0x7F, 0x7B, 0x5B, 0x6C, 0x50, 0x7D, 0x4D, 0x5D, 0x5C, 0x4E, 0x6B, 0x60, 0x4B, 0x61, 0xF0,
    0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0x7A, 0x5E, 0x4C, 0x7E, 0x6E, 0x6F, 0x7C, 0xC1,
    0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9,
    0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xBA, 0xE0, 0xBB, 0xB0, 0x6D, 0x79, 0x81, 0x82, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0xA2, 0xA3,
    0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xC0, 0x4F, 0xD0, 0xA1,
];

/// The way back; 0 for what is not printable ASCII.
const ASCII_OF_EBCDIC: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < EBCDIC_OF_ASCII.len() {
        let code = EBCDIC_OF_ASCII[at] as usize;
        assert!(table[code] == 0, "code page 037 maps no two characters to one byte");
        table[code] = 0x20 + at as u8;
        at += 1;
    }
    table
};

/// GBK pairs that decode but would be written back as another pair (the doubled ideographic space and euro sign).
const GBK_ONE_WAY: [[u8; 2]; 2] = [[0xA2, 0xE3], [0xA3, 0xA0]];

/// The printable ASCII character of an EBCDIC byte.
pub(crate) const fn from_ebcdic(byte: u8) -> Option<u8> {
    match ASCII_OF_EBCDIC[byte as usize] {
        0 => None,
        ascii => Some(ascii),
    }
}

/// The EBCDIC byte of a printable ASCII character.
pub(crate) const fn to_ebcdic(byte: u8) -> Option<u8> {
    if byte < 0x20 || byte > 0x7E { None } else { Some(EBCDIC_OF_ASCII[(byte - 0x20) as usize]) }
}

/// The first byte that is neither printable ASCII nor the start of a GBK pair that survives both ways.
pub(crate) fn first_not_gbk(bytes: &[u8]) -> Option<usize> {
    if crate::scan::surely_printable(bytes) {
        return None;
    }
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            0x20..=0x7E => at += 1,
            0x81..=0xFE => {
                let Some(pair) = bytes.get(at..at + 2) else {
                    return Some(at);
                };
                if !is_gbk_pair([pair[0], pair[1]]) {
                    return Some(at);
                }
                at += 2;
            }
            _ => return Some(at),
        }
    }
    None
}

/// Whether the two bytes are one character, and the only spelling of it.
fn is_gbk_pair(pair: [u8; 2]) -> bool {
    if !matches!(pair[1], 0x40..=0x7E | 0x80..=0xFE) || GBK_ONE_WAY.contains(&pair) {
        return false;
    }
    let mut utf8 = [0; 8];
    let (result, _, _) =
        GBK.new_decoder_without_bom_handling().decode_to_utf8_without_replacement(&pair, &mut utf8, true);
    result == encoding_rs::DecoderResult::InputEmpty
}

/// The text of GBK bytes that [`first_not_gbk`] found nothing wrong with.
pub(crate) fn from_gbk(bytes: &[u8]) -> String {
    GBK.decode_without_bom_handling(bytes).0.into_owned()
}

/// Appends text as GBK; otherwise the byte of the text at which the first character without GBK stands.
pub(crate) fn to_gbk(text: &str, out: &mut Vec<u8>) -> Result<(), usize> {
    if text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    for (at, character) in text.char_indices() {
        let mut utf8 = [0; 4];
        let (bytes, _, lost) = GBK.encode(character.encode_utf8(&mut utf8));
        if lost {
            return Err(at);
        }
        out.extend_from_slice(&bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ebcdic_goes_there_and_back() {
        for ascii in 0x20..=0x7E {
            assert_eq!(to_ebcdic(ascii).and_then(from_ebcdic), Some(ascii));
        }
        assert_eq!(to_ebcdic(b'A'), Some(0xC1));
        assert_eq!(to_ebcdic(b'9'), Some(0xF9));
        assert_eq!(to_ebcdic(b'='), Some(0x7E));
        assert_eq!(to_ebcdic(0x7F), None);
        assert_eq!(from_ebcdic(0x00), None);
    }

    #[test]
    fn every_gbk_pair_taken_is_written_back_as_it_came() {
        let mut taken = 0;
        for lead in 0x81..=0xFEu8 {
            for trail in 0..=0xFFu8 {
                let pair = [lead, trail];
                if first_not_gbk(&pair).is_none() {
                    taken += 1;
                    let mut back = Vec::new();
                    assert_eq!(to_gbk(&from_gbk(&pair), &mut back), Ok(()));
                    assert_eq!(back, pair);
                }
            }
        }
        // 23,940 code positions of GBK, less the two that have another spelling.
        assert_eq!(taken, 23_938);
        assert_eq!(first_not_gbk(b"\xC4\xE3\xBA\xC3 ok"), None);
        assert_eq!(first_not_gbk(b"ok\xC4"), Some(2));
        assert_eq!(to_gbk("ok \u{1F600}", &mut Vec::new()), Err(3));
    }
}
