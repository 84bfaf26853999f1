//! From the fields of a request to the command it asks.
//!
//! Nothing is decided about money here; what is refused here could not be asked, or must not be.

use super::{Made, On, Request};
use crate::card::{StatedCard, entry_of};
use crate::chip::Proof;
use crate::edge::{Edge, Kept};
use crate::evidence::{NamedCard, cause_of};
use crate::keys::{KeySlot, Working};
use crate::signature::{Following, Part, SaleNamed, UploadKey};
use cardcrypto::Track2;
use cardcrypto::esign::feature_code;
use cardcrypto::hsm::{DataMode, EncryptedPin};
use cardcrypto::pin_block::PinFormat;
use iso8583::tlv::Tag;
use iso8583::unionpay::{De53, De61};
use machine::cause::Cause;
use machine::command::{
    Authorize, Checks, Command, Entry, Follow, Original, PinCheck, Place, Purpose, Reverse, Signature,
};
use machine::ids::{ApprovalCode, Origin, TransactionId};
use machine::money::{Currency, Money};
use machine::time::Timestamp;
use zeroize::Zeroizing;

/// Result of the issuer's script, one byte of status in front (PBOC, UnionPay: `DF31`).
const SCRIPT_RESULT: Tag = Tag(0xDF31);

/// A new transaction, or an advice of one.
pub(super) fn authorize(
    edge: &mut Edge,
    request: &Request<'_, '_>,
    purpose: Purpose,
    advice: bool,
    slot: Option<KeySlot>,
    now: Timestamp,
) -> Result<Made, Cause> {
    let inquiry = purpose == Purpose::BalanceInquiry;
    let amount = if inquiry { Money::zero(edge.settings.currency) } else { amount_of(edge, request)? };
    let stated = stated_card(edge, request, slot)?.ok_or(Cause::FormatError)?;
    let named = edge.name_card(&stated.pan)?;
    let entry = entry_mode(request, &stated, &named)?.ok_or(Cause::FormatError)?;
    let (mut checks, mut proof): (_, Option<Box<Proof>>) = (Checks::NONE, None);
    if !advice {
        checks.pin = pin_of(edge, request, &stated, &named, slot)?;
        let message = request.message;
        let chip = edge.check_chip(message.tlv(55), message.number(23), amount.minor, &stated)?;
        checks.chip = chip.check;
        proof = chip.proof;
        checks.value = edge.check_value(&stated, entry)?;
    }
    let ask = Authorize {
        origin: request.origin(),
        purpose,
        card: named.id,
        amount,
        entry,
        place: Place::Terminal(request.acceptor),
        expiry: stated.expiry,
        checks,
        advice,
        answer_by: (!advice).then(|| now.plus(edge.settings.answer_ms)),
    };
    Ok(Made::Ask(Command::Authorize(ask), On::Transaction(proof)))
}

/// A tip or other amount added to an earlier sale: what is posted is the amount added, in field 48 (n12). The
/// whole amount in field 4 was posted with the sale.
pub(super) fn adjust(edge: &mut Edge, request: &Request<'_, '_>, now: Timestamp) -> Result<Made, Cause> {
    let added = request.message.digits(48).filter(|digits| digits.len() == 12);
    let added = added.and_then(|digits| digits.parse::<i64>().ok()).ok_or(Cause::FormatError)?;
    let currency = amount_of(edge, request)?.currency;
    let made = authorize(edge, request, Purpose::Sale, true, None, now)?;
    let Made::Ask(Command::Authorize(ask), on) = made else { return Err(Cause::FormatError) };
    Ok(Made::Ask(Command::Authorize(Authorize { amount: Money::new(added, currency), ..ask }), on))
}

/// A transaction that follows an earlier one.
pub(super) fn follow(
    edge: &mut Edge,
    request: &Request<'_, '_>,
    purpose: Purpose,
    advice: bool,
    slot: Option<KeySlot>,
) -> Result<Made, Cause> {
    let amount = amount_of(edge, request)?;
    let original = original_of(request, purpose)?;
    let stated = stated_card(edge, request, slot)?;
    let (mut card, mut entry, mut checks) = (None, Entry::Manual, Checks::NONE);
    if let Some(stated) = &stated {
        let named = edge.name_card(&stated.pan)?;
        card = Some(named.id);
        entry = entry_mode(request, stated, &named)?.unwrap_or(Entry::Manual);
        if !advice {
            checks.pin = pin_of(edge, request, stated, &named, slot)?;
        }
    }
    let ask = Follow {
        origin: request.origin(),
        purpose,
        original,
        card,
        amount,
        entry,
        place: Place::Terminal(request.acceptor),
        checks,
        advice,
        last: true,
    };
    Ok(Made::Ask(Command::Follow(ask), On::Transaction(None)))
}

/// A reversal shares the number of the message it takes back. Whatever is wrong with the rest of it, it is
/// asked: a security module that does not answer must not keep money held.
pub(super) fn reverse(edge: &mut Edge, request: &Request<'_, '_>) -> Result<Made, Cause> {
    let amount = amount_of(edge, request)?;
    let number = request.message.text(2);
    let stated = StatedCard::read(number.as_deref(), None, None)?;
    let card = stated.and_then(|stated| edge.name_card(&stated.pan).ok()).map(|named| named.id);
    let ask = Reverse {
        original: Original::Message(request.origin()),
        card,
        amount: Some(amount),
        remaining: None,
        place: Some(Place::Terminal(request.acceptor)),
    };
    Ok(Made::Ask(Command::Reverse(ask), On::Transaction(None)))
}

/// What the chip said of an issuer script. Field 61 names the transaction it came with.
pub(super) fn script(request: &Request<'_, '_>) -> Result<Made, Cause> {
    let original = named_message(request)?.ok_or(Cause::FormatError)?;
    let status = request.message.tlv(55).and_then(|tlv| tlv.find(SCRIPT_RESULT)).and_then(<[u8]>::first);
    // Upper half: 0 not performed, 1 failed, 2 done (EMV Book 4, Annex A5).
    let executed = status.is_some_and(|status| status >> 4 == 2);
    Ok(Made::Ask(Command::ScriptResult { original, executed }, On::Script))
}

/// A signature, or a part of one: 60.3 says which part (800 all of it, 801 the first, 802 to 809 the others), and
/// 60.4 of a part, where it does, whether more follow (8) or not (9).
pub(super) fn signature(edge: &mut Edge, request: &Request<'_, '_>, now: Timestamp) -> Result<Made, Cause> {
    const PARTS_MAX: u8 = 9;
    let message = request.message;
    let (part, following) = match (request.de60.network, request.de60.capability) {
        (809, _) => (PARTS_MAX, Following::None),
        (network @ 801..=808, said) => {
            let following = match said {
                Some(8) => Following::Some,
                Some(9) => Following::None,
                Some(_) | None => Following::Unsaid,
            };
            ((network - 800) as u8, following)
        }
        (_, _) => (1, Following::None),
    };
    let sale = if part == 1 { Some(signed_sale(edge, request)?) } else { None };
    let image = message.raw(62).ok_or(Cause::FormatError)?;
    let key = UploadKey { acceptor: request.acceptor, batch: request.de60.batch, stan: request.stan };
    let taken = edge.uploads.take(key, sale, (part, following), image, now);
    edge.counters.uploads_dropped = edge.uploads.dropped;
    match taken {
        Part::More => Ok(Made::Say),
        Part::OutOfOrder | Part::TooMuch => Err(Cause::FormatError),
        Part::Whole(sale, image) => {
            let (kept, command) = attach(key, sale, image);
            Ok(Made::Keep(kept, command))
        }
    }
}

/// An image that is whole, and the command that puts it under its sale.
pub(crate) fn attach(key: UploadKey, sale: SaleNamed, image: Vec<u8>) -> (Kept, Command) {
    let name = *blake3::hash(&image).as_bytes();
    let command = Command::AttachSignature(Signature {
        sale: Origin::Terminal { acceptor: key.acceptor, batch: key.batch, stan: key.stan },
        rrn: sale.rrn,
        amount: sale.amount,
        card: sale.card,
        image: name,
        image_bytes: image.len() as u32,
    });
    (Kept { name, image }, command)
}

/// The sale a signature says it belongs to. That the two numbers drawn into the image (its feature code) can be
/// made of the message is part of reading it; that they are the sale's is the machine's to say.
fn signed_sale(edge: &mut Edge, request: &Request<'_, '_>) -> Result<SaleNamed, Cause> {
    let message = request.message;
    let reference = message.text(37).ok_or(Cause::FormatError)?;
    let date = message.text(15);
    feature_code(date.as_deref(), &reference).ok_or(Cause::FormatError)?;
    let rrn = reference.parse::<u64>().map_err(|_| Cause::FormatError)?;
    let amount = message.number(4).ok_or(Cause::FormatError)? as i64;
    let stated = StatedCard::read(message.text(2).as_deref(), None, None)?;
    let card = match stated {
        Some(stated) => Some(edge.name_card(&stated.pan)?.id),
        None => None,
    };
    Ok(SaleNamed { rrn, amount, card })
}

/// Field 4 in the currency of field 49.
fn amount_of(edge: &Edge, request: &Request<'_, '_>) -> Result<Money, Cause> {
    let minor = request.message.number(4).ok_or(Cause::FormatError)? as i64;
    let stated = request.message.text(49);
    let currency = match stated.as_deref().map(str::parse::<u16>) {
        None => edge.settings.currency,
        Some(Ok(code)) => Currency(code),
        Some(Err(_)) => return Err(Cause::FormatError),
    };
    if currency != edge.settings.currency {
        return Err(Cause::CurrencyMismatch);
    }
    Ok(Money::new(minor, currency))
}

/// What the message says of the card.
fn stated_card(
    edge: &mut Edge,
    request: &Request<'_, '_>,
    slot: Option<KeySlot>,
) -> Result<Option<StatedCard>, Cause> {
    let message = request.message;
    let mut number = Zeroizing::new([0; 19]);
    let number = message.copy_text(2, number.as_mut());
    let mut expiry = [0; 4];
    let expiry = message.copy_text(14, &mut expiry);
    let track = track_of(edge, request, slot)?;
    StatedCard::read(number, expiry, track)
}

/// Track 2, deciphered under the terminal's track key where field 53 says that it is enciphered.
fn track_of(
    edge: &mut Edge,
    request: &Request<'_, '_>,
    slot: Option<KeySlot>,
) -> Result<Option<Track2>, Cause> {
    let message = request.message;
    if !message.has(35) {
        return Ok(None);
    }
    let enciphered =
        message.digits(53).and_then(|digits| De53::parse(&digits).ok()).is_some_and(|it| it.track == 1);
    if enciphered {
        let slot = slot.ok_or(Cause::MacError)?;
        let key = edge.working_key(slot, Working::Track).map_err(cause_of)?;
        let packed = message.raw(35).unwrap_or_default();
        let mut packed = Zeroizing::new(packed.to_vec());
        edge.hsm.decrypt_data(key.into(), DataMode::UnionPayTrack, &mut packed).map_err(cause_of)?;
        let units = message.units(35).unwrap_or_default();
        return Track2::from_packed(&packed, units).map(Some).map_err(|_| Cause::FormatError);
    }
    let mut text = Zeroizing::new([0; 40]);
    let text = message.copy_text(35, text.as_mut()).ok_or(Cause::FormatError)?;
    Track2::parse(text).map(Some).map_err(|_| Cause::FormatError)
}

/// How the card came in, field 22; none where the field is not there.
fn entry_mode(
    request: &Request<'_, '_>,
    stated: &StatedCard,
    named: &NamedCard,
) -> Result<Option<Entry>, Cause> {
    let Some(digits) = request.message.digits(22) else { return Ok(None) };
    let mode = digits.get(..2).and_then(|mode| mode.parse::<u8>().ok()).ok_or(Cause::FormatError)?;
    let chip = named.entry.is_some_and(|entry| entry.chip);
    let by_track = stated.track.as_ref().is_some_and(|track| track.service_code().has_chip());
    entry_of(mode, chip || by_track).map(Some)
}

/// The PIN in field 52, read as field 53 says: 1 without card number, 2 with it; 0 DES, 6 triple DES.
fn pin_of(
    edge: &mut Edge,
    request: &Request<'_, '_>,
    stated: &StatedCard,
    named: &NamedCard,
    slot: Option<KeySlot>,
) -> Result<PinCheck, Cause> {
    let Some(block) = request.message.binary::<8>(52) else { return Ok(PinCheck::Absent) };
    let digits = request.message.digits(53).ok_or(Cause::PinFormatError)?;
    let how = De53::parse(&digits).map_err(|_| Cause::PinFormatError)?;
    let format = match how.pin_format {
        1 => PinFormat::UnionPayNoPan,
        2 => PinFormat::Iso0,
        _ => return Err(Cause::PinFormatError),
    };
    let which = match how.algorithm {
        0 => Working::PinSingle,
        6 => Working::PinDouble,
        _ => return Err(Cause::NotSupported),
    };
    let slot = slot.ok_or(Cause::MacError)?;
    let key = edge.working_key(slot, which).map_err(cause_of)?;
    let pin = EncryptedPin { key: key.into(), format, block: &block, pan: &stated.pan };
    edge.check_pin(&pin, named.entry.as_ref())
}

/// The message field 61 names: batch and STAN of the same terminal.
fn named_message(request: &Request<'_, '_>) -> Result<Option<Origin>, Cause> {
    let Some(digits) = request.message.digits(61) else { return Ok(None) };
    let named = De61::parse(&digits).map_err(|_| Cause::FormatError)?;
    let origin = Origin::Terminal { acceptor: request.acceptor, batch: named.batch, stan: named.stan };
    Ok((named.stan != 0).then_some(origin))
}

/// What a transaction follows. A void names a message of its own terminal (field 61); a refund may come from
/// another terminal of the merchant and names the reference number (37) first; a completion names the approval
/// (38), since the terminal that opened the hold may be another one.
fn original_of(request: &Request<'_, '_>, purpose: Purpose) -> Result<Original, Cause> {
    let message = named_message(request)?.map(Original::Message);
    let reference = request.message.text(37).and_then(|text| text.trim().parse().ok());
    let number = reference.map(|rrn: u64| Original::Number(TransactionId(rrn)));
    let code = request.message.text(38).and_then(|text| text.trim().parse().ok());
    let approval = code.map(|code: u32| Original::Approval(ApprovalCode(code)));
    let of_hold = matches!(purpose, Purpose::Completion | Purpose::PreAuthorizationCancel);
    let order = match purpose == Purpose::Refund {
        true => [number, message, None],
        false if of_hold => [approval, message, number],
        false => [message, number, None],
    };
    order.into_iter().flatten().next().ok_or(Cause::FormatError)
}
