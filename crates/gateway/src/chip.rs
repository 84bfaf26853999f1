//! What a chip can prove, and the verification value of a track: who issued the card, under which keys, and what
//! the security module says of it.
//!
//! No decision: a verdict travels in the command, and the machine weighs it, the chip's counter with it.

use crate::card::StatedCard;
use crate::edge::Edge;
use crate::evidence::cause_of;
use cardcrypto::cvv::{Cvv, SERVICE_CODE_ICVV};
use cardcrypto::emv::cryptogram::{ArpcAsk, ChipData, Cryptogram};
use cardcrypto::emv::keys::CardSequence;
use cardcrypto::emv::{ArpcMethod, EmvError, MasterKeyOption, Profile};
use cardcrypto::hsm::CardData;
use cardcrypto::{HsmError, KeyHandle, Pan};
use iso8583::tlv::{Tag, Tlv};
use machine::cause::Cause;
use machine::command::{ChipCheck, Entry, ValueCheck};

/// What is known of the cards of a range of numbers.
#[derive(Clone, Debug)]
pub struct IssuerRange {
    /// The first digits of the numbers, 1 to 19 of them; of several ranges the longest that fits counts.
    pub prefix: String,
    /// The verification values on their tracks, where they are to be checked.
    pub value: Option<ValueProfile>,
    /// Their chips, where cryptograms are to be checked.
    pub chip: Option<ChipProfile>,
}

/// Card verification values of a range.
#[derive(Clone, Copy, Debug)]
pub struct ValueProfile {
    /// The key (usage card verification).
    pub key: KeyHandle,
    /// Where the value begins behind the service code: 5 where PVKI and PVV stand before it.
    pub place: u8,
}

/// Chips of a range.
#[derive(Clone, Copy, Debug)]
pub struct ChipProfile {
    /// The issuer's master key for application cryptograms.
    pub key: KeyHandle,
    /// The rules their cryptograms follow.
    pub profile: Profile,
    /// How a card's key comes from the issuer's.
    pub master_key: MasterKeyOption,
}

/// Issuer authentication data, tag 91 of an answer.
pub(crate) const ISSUER_AUTHENTICATION: Tag = Tag(0x91);

/// A cryptogram that was found right, kept until the decision is there and the card can be answered.
pub(crate) struct Proof {
    chip: ChipProfile,
    pan: Pan,
    sequence: CardSequence,
    counter: [u8; 2],
    unpredictable: [u8; 4],
    covered: Vec<u8>,
    arqc: [u8; 8],
    /// The answer to an approval, made when the cryptogram was checked.
    approval: Vec<u8>,
}

/// What the chip proved, and the proof where there is one to answer.
pub(crate) struct Chip {
    pub check: ChipCheck,
    pub proof: Option<Box<Proof>>,
}

const ABSENT: Chip = Chip { check: ChipCheck::Absent, proof: None };

/// How the issuer tells the card yes, or no with its response code (DE39). Method 1: the two characters of the
/// code, but at Mastercard the bits of its own response code. Method 2: the card status update, in which the
/// highest bit of the second byte says that the transaction is approved (EMV Book 3, annex C10).
const fn telling(profile: Profile, code: Option<[u8; 2]>) -> ArpcAsk<'static> {
    let rules = profile.rules();
    match (rules.arpc, profile, code) {
        (ArpcMethod::TwoUnderSessionKey, _, None) => {
            ArpcAsk::StatusUpdate { csu: [0, 0x80, 0, 0], proprietary: &[] }
        }
        (ArpcMethod::TwoUnderSessionKey, _, Some(_)) => {
            ArpcAsk::StatusUpdate { csu: [0; 4], proprietary: &[] }
        }
        (
            _,
            Profile::MastercardCvn16
            | Profile::MastercardCvn17
            | Profile::MastercardCvn20
            | Profile::MastercardCvn21,
            code,
        ) => ArpcAsk::Code([0, if code.is_none() { 0x10 } else { 0 }]),
        (_, _, None) => ArpcAsk::Code(*b"00"),
        (_, _, Some(code)) => ArpcAsk::Code(code),
    }
}

/// The cause of what the module said of a chip. Data that no card of the issuer sends is the message's fault.
const fn cause_of_chip(error: HsmError) -> Cause {
    if let HsmError::Chip(EmvError::IssuerData | EmvError::Sequence) = error {
        return Cause::FormatError;
    }
    cause_of(error)
}

impl Proof {
    fn cryptogram(&self) -> Cryptogram<'_> {
        Cryptogram {
            profile: self.chip.profile,
            master_key: self.chip.master_key,
            pan: &self.pan,
            sequence: self.sequence,
            atc: self.counter,
            unpredictable: self.unpredictable,
            data: &self.covered,
            arqc: self.arqc,
        }
    }

    /// What the card is told of an approval, or of a decline with that code; none where the module fails, for an
    /// answer without it is better than no answer.
    pub fn answer(&self, edge: &Edge, decline: Option<[u8; 2]>) -> Option<Vec<u8>> {
        if decline.is_none() {
            return Some(self.approval.clone());
        }
        let ask = telling(self.chip.profile, decline);
        let arpc = edge.hsm.answer_arqc(self.chip.key, &self.cryptogram(), &ask).ok().flatten()?;
        Some(arpc.issuer_authentication_data(&ask))
    }
}

/// A value of exactly so many bytes.
fn exactly<const N: usize>(tlv: &Tlv<'_>, tag: u32) -> Option<[u8; N]> {
    tlv.find(Tag(tag))?.try_into().ok()
}

impl Edge {
    /// Checks the cryptogram in field 55, where there is one and the issuer's key for it is known. Its amount must
    /// be the message's: a cryptogram over another proves nothing of this one.
    ///
    /// # Errors
    /// [`Cause::FormatError`] for chip data that cannot be read, [`Cause::SecurityModuleDown`].
    pub fn check_chip(
        &self,
        tlv: Option<Tlv<'_>>,
        sequence: Option<u64>,
        minor: i64,
        card: &StatedCard,
    ) -> Result<Chip, Cause> {
        let Some(tlv) = tlv else { return Ok(ABSENT) };
        tlv.walk(&mut |_, _| ()).map_err(|_| Cause::FormatError)?;
        let range = self.range_of(&card.pan);
        let (Some(chip), Some(arqc)) = (range.and_then(|range| range.chip), exactly::<8>(&tlv, 0x9F26))
        else {
            return Ok(ABSENT);
        };
        let Some(data) = chip_data(&tlv) else { return Err(Cause::FormatError) };
        if data.amount != packed(minor) {
            return Err(Cause::FormatError);
        }
        let sequence = sequence.and_then(|number| u8::try_from(number).ok()).unwrap_or(0);
        let sequence = CardSequence::new(sequence).map_err(|_| Cause::FormatError)?;
        let covered = data.covered(chip.profile).map_err(|_| Cause::FormatError)?;
        let mut proof = Proof {
            chip,
            pan: card.pan.clone(),
            sequence,
            counter: data.atc,
            unpredictable: data.unpredictable,
            covered,
            arqc,
            approval: Vec::new(),
        };
        let counter = u16::from_be_bytes(data.atc);
        let ask = telling(chip.profile, None);
        match self.hsm.answer_arqc(chip.key, &proof.cryptogram(), &ask).map_err(cause_of_chip)? {
            Some(arpc) => {
                proof.approval = arpc.issuer_authentication_data(&ask);
                Ok(Chip { check: ChipCheck::Verified { counter }, proof: Some(Box::new(proof)) })
            }
            None => Ok(Chip { check: ChipCheck::Refused { counter }, proof: None }),
        }
    }

    /// Checks the verification value on the track: the chip's image of the track has one of its own, so that it
    /// is worth nothing on a stripe.
    ///
    /// # Errors
    /// [`Cause::SecurityModuleDown`].
    pub fn check_value(&self, card: &StatedCard, entry: Entry) -> Result<ValueCheck, Cause> {
        let profile = self.range_of(&card.pan).and_then(|range| range.value);
        let (Some(track), Some(profile)) = (&card.track, profile) else { return Ok(ValueCheck::Absent) };
        let service_code = match entry {
            Entry::Stripe | Entry::Fallback => track.service_code(),
            Entry::Chip | Entry::Contactless => SERVICE_CODE_ICVV,
            Entry::Code | Entry::Manual | Entry::OnFile => return Ok(ValueCheck::Absent),
        };
        let place = usize::from(profile.place);
        let value = track.expose_discretionary().get(place..place + 3).and_then(Cvv::parse);
        // A track of this issuer without a value is not the issuer's.
        let Some(value) = value else { return Ok(ValueCheck::Wrong) };
        let data = CardData { pan: &card.pan, expiry: track.expiry(), service_code };
        let verdict = self.hsm.verify_cvv(profile.key, &data, &value).map_err(cause_of)?;
        Ok(if verdict.is_right() { ValueCheck::Right } else { ValueCheck::Wrong })
    }

    fn range_of(&self, pan: &Pan) -> Option<&IssuerRange> {
        let fits = |range: &&IssuerRange| pan.expose().starts_with(range.prefix.as_str());
        self.keys.issuers.iter().filter(fits).max_by_key(|range| range.prefix.len())
    }
}

/// What a cryptogram covers, from the elements of field 55.
fn chip_data<'a>(tlv: &Tlv<'a>) -> Option<ChipData<'a>> {
    Some(ChipData {
        amount: exactly(tlv, 0x9F02)?,
        other_amount: exactly(tlv, 0x9F03).unwrap_or([0; 6]),
        country: exactly(tlv, 0x9F1A)?,
        terminal_results: exactly(tlv, 0x95)?,
        currency: exactly(tlv, 0x5F2A)?,
        date: exactly(tlv, 0x9A)?,
        kind: exactly::<1>(tlv, 0x9C)?[0],
        unpredictable: exactly(tlv, 0x9F37)?,
        interchange_profile: exactly(tlv, 0x82)?,
        atc: exactly(tlv, 0x9F36)?,
        issuer_data: tlv.find(Tag(0x9F10))?,
    })
}

/// Twelve digits, packed.
fn packed(minor: i64) -> [u8; 6] {
    let mut left = minor.unsigned_abs();
    let mut bytes = [0; 6];
    for byte in bytes.iter_mut().rev() {
        *byte = (left / 10 % 10) as u8 * 16 + (left % 10) as u8;
        left /= 100;
    }
    bytes
}
