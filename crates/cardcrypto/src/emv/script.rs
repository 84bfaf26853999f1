//! Messages from the issuer to the card behind the answer: their MAC, and a new PIN under cover.
//!
//! Which command is sent, and whether the card ran it, is not known here.

use zeroize::Zeroizing;

use super::cryptogram::{Cryptogram, session_key};
use super::keys::{card_master_key, common_session_key, visa_script_key};
use super::{EmvError, ScriptCipher, ScriptKeyMethod, SessionKeyMethod};
use crate::cipher::{Tdes, cbc_encrypt, ecb_encrypt, xor};
use crate::key::TdesKey;
use crate::mac::{Padding, retail_mac};
use crate::pin::Pin;

/// The key of one transaction's script messages from the issuer's key for integrity or confidentiality, both
/// triple DES of double length.
///
/// # Errors
/// [`EmvError::Key`].
pub fn script_key(issuer: &Tdes, cryptogram: &Cryptogram<'_>) -> Result<TdesKey, EmvError> {
    let master = card_master_key(issuer, cryptogram.master_key, cryptogram.pan, cryptogram.sequence);
    let cipher = Tdes::new(&master);
    match cryptogram.profile.rules().script_key {
        ScriptKeyMethod::Visa => visa_script_key(&master, cryptogram.atc),
        ScriptKeyMethod::Common => Ok(common_session_key(&cipher, cryptogram.arqc)),
        ScriptKeyMethod::Pboc => {
            session_key(SessionKeyMethod::Pboc, &cipher, cryptogram.atc, cryptogram.unpredictable)
                .ok_or(EmvError::Key)
        }
    }
}

/// The MAC of a script command (EMV Book 2, 9.2; ISO/IEC 9797-1 MAC algorithm 3, padding 2), of which cards
/// take four to eight bytes. Where the profile says so it covers counter and cryptogram between header and
/// data.
pub fn command_mac(session: &Tdes, cryptogram: &Cryptogram<'_>, header: &[u8], data: &[u8]) -> [u8; 8] {
    let mut covered = Vec::with_capacity(header.len() + 10 + data.len());
    covered.extend_from_slice(header);
    if cryptogram.profile.rules().script_covers_transaction {
        covered.extend_from_slice(&cryptogram.atc);
        covered.extend_from_slice(&cryptogram.arqc);
    }
    covered.extend_from_slice(data);
    retail_mac(session, Padding::OneThenZeros, &covered)
}

/// Enciphers script data (EMV Book 2, 9.3).
///
/// # Errors
/// [`EmvError::ScriptData`] for more than 255 bytes where the length takes one.
pub fn encipher(session: &Tdes, how: ScriptCipher, data: &[u8]) -> Result<Vec<u8>, EmvError> {
    let mut out = Zeroizing::new(Vec::with_capacity(data.len() + 16));
    let (length_in_front, always_filled, chained) = match how {
        ScriptCipher::Visa => (true, true, false),
        ScriptCipher::Mastercard => (false, false, true),
        ScriptCipher::Emv => (false, true, true),
        ScriptCipher::Pboc => (true, false, false),
    };
    if length_in_front {
        out.push(u8::try_from(data.len()).map_err(|_| EmvError::ScriptData)?);
    }
    out.extend_from_slice(data);
    if always_filled || !out.len().is_multiple_of(8) {
        out.push(0x80);
        let whole = out.len().next_multiple_of(8);
        out.resize(whole, 0);
    }
    let done = if chained { cbc_encrypt(session, [0; 8], &mut out) } else { ecb_encrypt(session, &mut out) };
    done.expect("filled to whole blocks");
    Ok(out.to_vec())
}

/// The clear block of a new PIN as Visa's cards take it (VIS): bound to the card's cryptogram key, and to the
/// current PIN where the card shall check that.
///
/// # Errors
/// [`EmvError::Key`] for a card key of another than double length.
pub fn visa_pin_block(
    card_key: &TdesKey,
    pin: &Pin,
    current: Option<&Pin>,
) -> Result<Zeroizing<[u8; 8]>, EmvError> {
    let key: &[u8; 16] = card_key.expose().try_into().map_err(|_| EmvError::Key)?;
    let bound = [0, 0, 0, 0, key[4], key[5], key[6], key[7]];
    let mut block = Zeroizing::new([0xFF; 8]);
    block[0] = pin.expose().len() as u8;
    put(&mut block, 2, pin);
    let mut folded = Zeroizing::new(xor(*block, &bound));
    if let Some(current) = current {
        let mut mask = Zeroizing::new([0; 8]);
        put(&mut mask, 0, current);
        *folded = xor(*folded, &mask);
    }
    Ok(folded)
}

/// The clear block of a new PIN in ISO 9564-1 format 2.
pub fn format_2_pin_block(pin: &Pin) -> Zeroizing<[u8; 8]> {
    let mut block = Zeroizing::new([0xFF; 8]);
    block[0] = 0x20 | pin.expose().len() as u8;
    put(&mut block, 2, pin);
    block
}

/// Writes the PIN's digits from a half byte on.
fn put(block: &mut [u8; 8], first: usize, pin: &Pin) {
    for (place, digit) in (first..).zip(pin.expose()) {
        let byte = &mut block[place / 2];
        *byte = if place % 2 == 0 { digit << 4 | (*byte & 0x0F) } else { (*byte & 0xF0) | digit };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hexadecimal::{decode, encode};

    fn key(text: &str) -> TdesKey {
        TdesKey::new(&decode(text.as_bytes()).unwrap()).unwrap()
    }

    /// Values of pyemv's documentation.
    #[test]
    fn blocks_and_codes_are_as_published() {
        let pin = Pin::parse("1234").unwrap();
        let card = key("0123456789ABCDEFFEDCBA9876543210");
        let block = visa_pin_block(&card, &pin, None).unwrap();
        assert_eq!(encode(&*block), "041234FF76543210");
        assert_eq!(encode(&*format_2_pin_block(&Pin::parse("123456789012").unwrap())), "2C123456789012FF");
        let session = Tdes::new(&card);
        let emv = encipher(&session, ScriptCipher::Emv, &*format_2_pin_block(&Pin::parse("9999").unwrap()));
        assert_eq!(encode(&emv.unwrap()), "5A862D1381CCB94822CFDD706A376178");
        assert_eq!(encipher(&session, ScriptCipher::Visa, &[0; 256]), Err(EmvError::ScriptData));
        assert_eq!(encipher(&session, ScriptCipher::Mastercard, &[0; 8]).unwrap().len(), 8);
        assert_eq!(encipher(&session, ScriptCipher::Pboc, &[0; 7]).unwrap().len(), 8);
        assert_eq!(encipher(&session, ScriptCipher::Visa, &[0; 7]).unwrap().len(), 16);
    }
}
