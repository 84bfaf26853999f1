//! PIN blocks, PIN verification and card verification values.
//!
//! Keys of single transactions are next door.

use cardcrypto::cipher::{Aes, BlockCipher, Tdes};
use cardcrypto::cvv::{Expiry, ServiceCode, card_verification_value};
use cardcrypto::key::{AesKey, TdesKey};
use cardcrypto::pin_block::{
    PinBlock, PinFormat, decipher_iso4, encipher_iso4, iso4_pan_field, iso4_pin_field,
};
use cardcrypto::pin_verification::{Ibm3624, PinOffset, visa_pvv};
use cardcrypto::{Pan, Pin, SystemEntropy};

use crate::entry::{Entry, Stop, Tally, block, hex, refused};

fn digits(values: &[u8]) -> String {
    values.iter().map(|value| char::from(b'0' + value)).collect()
}

/// The format of a name such as `ISO-0`, `ISO 9564 format 3` or `CUP-no-PAN`; `None` for the card number
/// field alone.
fn format(name: &str) -> Result<Option<PinFormat>, Stop> {
    let name = name.to_ascii_uppercase();
    if name.contains("PAN-FIELD") || name.contains("PAN FIELD") {
        return Ok(None);
    }
    if name.contains("NO-PAN") || name.contains("NO PAN") || name.starts_with("CUP") {
        return Ok(Some(PinFormat::UnionPayNoPan));
    }
    let number = name.replace("9564", "").bytes().find(u8::is_ascii_digit);
    match number {
        Some(b'0') => Ok(Some(PinFormat::Iso0)),
        Some(b'1') => Ok(Some(PinFormat::Iso1)),
        Some(b'2') => Ok(Some(PinFormat::Iso2)),
        Some(b'3') => Ok(Some(PinFormat::Iso3)),
        Some(b'4') => Ok(Some(PinFormat::Iso4)),
        Some(_) | None => Err(Stop::Unsupported("this PIN block format".to_owned())),
    }
}

pub fn pin_block(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    match format(entry.text("format")?)? {
        None => pan_field(entry, tally),
        Some(PinFormat::Iso4) => format_4(entry, tally),
        Some(
            format @ (PinFormat::Iso0
            | PinFormat::Iso1
            | PinFormat::Iso2
            | PinFormat::Iso3
            | PinFormat::UnionPayNoPan),
        ) => short_block(format, entry, tally),
    }
}

fn pan_field(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let field = iso4_pan_field(entry.text("pan")?).ok_or_else(|| refused("no card number field"))?;
    tally.field(entry, "pan_field", &field);
    Ok(())
}

/// The card number; formats that do not need one may go without.
fn card(format: PinFormat, entry: &Entry<'_>) -> Result<Pan, Stop> {
    if entry.has("pan") || format.is_bound() {
        return entry.pan();
    }
    Pan::parse("4111111111111111").map_err(refused)
}

fn short_block(format: PinFormat, entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let pan = card(format, entry)?;
    let pin = entry.maybe_text("pin").map(Pin::parse).transpose().map_err(refused)?;
    let key = if entry.has("key") { Some(Tdes::new(&entry.tdes("key")?)) } else { None };
    if let Some(pin) = &pin {
        let made = PinBlock::encode(format, pin, &pan, &SystemEntropy).map_err(refused)?;
        if !matches!(format, PinFormat::Iso1 | PinFormat::Iso3) {
            tally.field(entry, "clear_block", made.expose());
        }
        let back = made.decode(format, &pan).map_err(refused)?;
        tally.holds(entry, "the block made here holds another PIN", back == *pin);
    }
    let mut given = Vec::new();
    given.extend(entry.maybe_bytes("clear_block")?);
    if let (Some(key), Some(enciphered)) = (&key, entry.maybe_bytes("enciphered_block")?) {
        let clear = key.decrypt(block(&enciphered)?);
        tally.holds(entry, "encrypted again it is another", key.encrypt(clear).as_slice() == enciphered);
        given.push(clear.to_vec());
    }
    for clear in given {
        let found = PinBlock::new(block(&clear)?).decode(format, &pan).map_err(refused)?;
        if let Some(pin) = &pin {
            tally.same(entry, "pin", &digits(found.expose()), &digits(pin.expose()));
        }
    }
    Ok(())
}

fn format_4(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let pan = entry.pan()?;
    pan_field(entry, tally)?;
    let pin = entry.maybe_text("pin").map(Pin::parse).transpose().map_err(refused)?;
    let random = match (&pin, entry.maybe_bytes("pin_field")?) {
        (Some(pin), Some(field)) if field.len() == 16 => {
            let random = block(&field[8..])?;
            tally.field(entry, "pin_field", &*iso4_pin_field(pin, random));
            Some(random)
        }
        _ => None,
    };
    let Some(key) = entry.maybe_bytes("key")? else {
        return Ok(());
    };
    let cipher = Aes::new(&AesKey::new(&key).map_err(refused)?);
    if let Some(pin) = &pin {
        let made = encipher_iso4(&cipher, pin, &pan, random.unwrap_or([0x5A; 8]));
        if random.is_some() {
            tally.field(entry, "enciphered_block", &made);
        }
        let back = decipher_iso4(&cipher, made, &pan).map_err(refused)?;
        tally.holds(entry, "the block made here holds another PIN", back == *pin);
    }
    if let Some(enciphered) = entry.maybe_bytes("enciphered_block")? {
        let found = decipher_iso4(&cipher, block(&enciphered)?, &pan).map_err(refused)?;
        if let Some(pin) = &pin {
            tally.same(entry, "pin", &digits(found.expose()), &digits(pin.expose()));
        }
    }
    Ok(())
}

pub fn verification(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let method = entry.text("method")?.to_ascii_lowercase();
    let pvk = Tdes::new(&entry.tdes("pvk")?);
    let pan = entry.pan()?;
    if method.contains("pvv") || method.contains("visa") {
        let index: u8 = entry.text("pvki")?.parse().map_err(|_| refused("the key index is no digit"))?;
        if index > 9 {
            return Err(refused("the key index is no digit"));
        }
        let pin = Pin::parse(entry.text("pin")?).map_err(refused)?;
        let made = visa_pvv(&pvk, index, &pin, &pan);
        let shown = String::from_utf8_lossy(made.expose()).into_owned();
        tally.same(entry, "pvv", &shown, entry.text("pvv")?);
        return Ok(());
    }
    if !method.contains("3624") {
        return Err(Stop::Unsupported("this method of PIN verification".to_owned()));
    }
    let small = |field| u8::try_from(entry.number(field)?).map_err(|_| refused("too large"));
    let fill = u8::from_str_radix(entry.text("pan_pad")?, 16).map_err(|_| refused("no hexadecimal digit"))?;
    let rule = Ibm3624::new(
        entry.text("conversion_table")?,
        small("pan_verify_offset")?,
        small("pan_verify_length")?,
        fill,
    )
    .map_err(refused)?;
    if let Some(natural) = entry.maybe_text("natural_pin") {
        let zeros = PinOffset::parse(&"0".repeat(natural.len())).map_err(refused)?;
        let made = rule.pin(&pvk, &pan, &zeros).map_err(refused)?;
        tally.same(entry, "natural_pin", &digits(made.expose()), natural);
    }
    if let Some(offset) = entry.maybe_text("offset") {
        let pin = Pin::parse(entry.text("pin")?).map_err(refused)?;
        let made = rule.offset(&pvk, &pan, &pin).map_err(refused)?;
        tally.same(entry, "offset", &digits(made.expose()), offset);
        let given = PinOffset::parse(offset).map_err(refused)?;
        let back = rule.pin(&pvk, &pan, &given).map_err(refused)?;
        tally.same(entry, "pin", &digits(back.expose()), &digits(pin.expose()));
    }
    Ok(())
}

pub fn cvv(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    entry.maybe_text("kind");
    let key: TdesKey = entry.tdes("cvk")?;
    if key.expose().len() != 16 {
        return Err(refused("a card verification key has double length"));
    }
    let expiry = Expiry::parse(entry.text("expiry")?).ok_or_else(|| refused("no expiry"))?;
    let code = ServiceCode::parse(entry.text("service_code")?).ok_or_else(|| refused("no service code"))?;
    let made = card_verification_value(&Tdes::new(&key), &entry.pan()?, expiry, code);
    let shown = String::from_utf8_lossy(made.expose()).into_owned();
    tally.same(entry, "cvv", &shown, entry.text("cvv")?);
    Ok(())
}

/// What a derived PIN key does with the entry's PIN, for the neighbours.
pub fn encrypted_iso0(entry: &Entry<'_>, key: &Tdes, tally: &mut Tally) -> Result<(), Stop> {
    let pin = Pin::parse(entry.text("pin")?).map_err(refused)?;
    let clear = PinBlock::encode(PinFormat::Iso0, &pin, &entry.pan()?, &SystemEntropy).map_err(refused)?;
    tally.field(entry, "pin_block_iso0", clear.expose());
    tally.field(entry, "encrypted_pin_block", &key.encrypt(*clear.expose()));
    if let Some(given) = entry.maybe_bytes("encrypted_pin_block")? {
        let back = PinBlock::new(key.decrypt(block(&given)?));
        let found = back.decode(PinFormat::Iso0, &entry.pan()?).map_err(refused)?;
        tally.holds(entry, &format!("pin: another in {}", hex(&given)), found == pin);
    }
    Ok(())
}
