//! The EMV kernel, as small as an online-only terminal needs it: asks the chip for a cryptogram and makes DE55 of it.
//!
//! No offline approval, no certificates, no application selection: this terminal always goes online.

use iso8583::tlv::{self, Tag};

use crate::card::{CardInHand, Chip, Cryptogram};
use crate::fault::CardFault;
use crate::moment::Moment;

/// What the terminal tells the chip about the transaction.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// Tag 9F02, minor units.
    pub amount: u64,
    /// Tag 9C: the first two digits of the processing code.
    pub kind: u8,
    /// Tag 9F1A, ISO 3166 numeric.
    pub country: &'a str,
    /// Tag 5F2A, ISO 4217 numeric.
    pub currency: &'a str,
    /// Tag 9F1E: eight characters.
    pub device: &'a str,
    /// Tag 9F41.
    pub stan: u32,
    /// Whether the PIN was entered to be verified online.
    pub pin_online: bool,
    /// Clock and dice.
    pub moment: Moment,
}

/// A chip transaction under way.
#[derive(Clone, Debug)]
pub struct ChipSale {
    /// DE55.
    pub data: Vec<u8>,
    /// The chip's answer, against which the issuer's is checked.
    pub cryptogram: Cryptogram,
    /// Terminal verification results (tag 95).
    pub verification: [u8; 5],
}

/// Tag 9F09 of this terminal.
const APPLICATION_VERSION: [u8; 2] = [0x00, 0x20];
/// Tag 9F33: keyed, stripe and chip; PIN online, signature; no offline data authentication but SDA, DDA, CDA.
const CAPABILITIES: [u8; 3] = [0xE0, 0xE1, 0xC8];
/// Tag 9F35: attended, online only with offline capability, merchant.
const TERMINAL_TYPE: [u8; 1] = [0x22];
/// Tag 9F27: an ARQC.
const GO_ONLINE: [u8; 1] = [0x80];

/// Asks the chip of `card` for an online cryptogram and builds DE55 in the order of Q/CUP 009.1.
///
/// # Errors
/// [`CardFault::NoChip`] or [`CardFault::ChipUnreadable`].
pub fn go_online(card: &mut CardInHand, occasion: &Occasion<'_>) -> Result<ChipSale, CardFault> {
    let chip = card.chip.as_mut().ok_or(CardFault::NoChip)?;
    let verification = verification_results(chip, occasion);
    let amount = packed(&format!("{:012}", occasion.amount));
    let country = packed(&format!("{:0>4}", occasion.country));
    let currency = packed(&format!("{:0>4}", occasion.currency));
    let date = packed(&occasion.moment.at.yymmdd());
    let nonce = occasion.moment.nonce.to_be_bytes();

    let mut input = Vec::with_capacity(33);
    for part in [&amount[..], &[0; 6], &country, &verification, &currency, &date, &[occasion.kind], &nonce] {
        input.extend_from_slice(part);
    }
    let cryptogram = chip.generate(&input)?;

    let holder: [u8; 3] = if occasion.pin_online { [0x42, 0x03, 0x00] } else { [0x1E, 0x03, 0x00] };
    let stan = packed(&format!("{:08}", occasion.stan));
    let mut data = Vec::with_capacity(160);
    for (tag, value) in [
        (0x9F26, &cryptogram.value[..]),
        (0x9F27, &GO_ONLINE),
        (0x9F10, &cryptogram.issuer_data),
        (0x9F37, &nonce),
        (0x9F36, &cryptogram.counter.to_be_bytes()),
        (0x95, &verification),
        (0x9A, &date),
        (0x9C, &[occasion.kind]),
        (0x9F02, &amount),
        (0x5F2A, &currency),
        (0x82, &chip.interchange_profile),
        (0x9F1A, &country),
        (0x9F03, &[0; 6]),
        (0x9F33, &CAPABILITIES),
        (0x9F34, &holder),
        (0x9F35, &TERMINAL_TYPE),
        (0x9F1E, occasion.device.as_bytes()),
        (0x84, &chip.application),
        (0x9F09, &APPLICATION_VERSION),
        (0x9F41, &stan),
    ] {
        tlv::write(Tag(tag), value, &mut data);
    }
    Ok(ChipSale { data, cryptogram, verification })
}

/// Tag 95: application versions differ; online PIN entered; over the floor limit, which is zero.
fn verification_results(chip: &Chip, occasion: &Occasion<'_>) -> [u8; 5] {
    let version = if chip.version == APPLICATION_VERSION { 0x00 } else { 0x80 };
    let pin = if occasion.pin_online { 0x04 } else { 0x00 };
    [0x00, version, pin, 0x80, 0x00]
}

/// Digits as packed BCD, an odd number filled with a zero in front. Characters that are no digit become zero.
pub(crate) fn packed(digits: &str) -> Vec<u8> {
    let filled = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
    let value = |byte: u8| if byte.is_ascii_digit() { byte - b'0' } else { 0 };
    filled.as_bytes().chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}
