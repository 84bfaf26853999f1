//! The card in hand: invented test cards with their stripe, their chip and what is wrong with them.
//!
//! No terminal lives here. Nothing of a card is shown: its `Debug` gives the ends of the number and no more.

use std::fmt;

use cardcrypto::cipher::Tdes;
use cardcrypto::emv::cryptogram::{application_cryptogram, arpc_method_1};
use cardcrypto::emv::keys::{CardSequence, MasterKeyOption, card_master_key, pboc_session_key};
use cardcrypto::key::TdesKey;
use cardcrypto::mac::Padding;
use cardcrypto::{Pan, Track2};
use subtle::ConstantTimeEq;

use crate::fault::CardFault;

/// How the card gets into the transaction (first two digits of DE22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// 05: the chip is inserted.
    Insert,
    /// 07: the chip is held to the reader.
    Tap,
    /// 02: the stripe is read.
    Swipe,
    /// 80: the stripe is read because the chip gave no answer.
    Fallback,
    /// 01: the number is typed in.
    Keyed,
}

impl Entry {
    /// The first two digits of DE22.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Insert => "05",
            Self::Tap => "07",
            Self::Swipe => "02",
            Self::Fallback => "80",
            Self::Keyed => "01",
        }
    }

    /// Whether the chip takes part.
    pub const fn is_chip(self) -> bool {
        match self {
            Self::Insert | Self::Tap => true,
            Self::Swipe | Self::Fallback | Self::Keyed => false,
        }
    }
}

/// How well a chip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipCondition {
    /// It answers.
    Sound,
    /// It gives no answer to reset.
    Damaged,
}

/// A chip of the PBOC 3.0 3DES profile. No executable peer of that profile exists: keep it behind this type.
#[derive(Clone)]
pub struct Chip {
    /// ICC master key for application cryptograms.
    master_key: TdesKey,
    /// Transactions so far (tag 9F36); rises before each cryptogram.
    counter: u16,
    /// Tag 84.
    pub application: Vec<u8>,
    /// Tag 82.
    pub interchange_profile: [u8; 2],
    /// Tag 9F08.
    pub version: [u8; 2],
    /// Key index in the issuer application data.
    pub key_index: u8,
    /// Card verification results in the issuer application data, with their length byte.
    pub verification_results: [u8; 4],
    /// Whether an approval without a right issuer cryptogram is void.
    pub issuer_must_prove: bool,
    /// How well it is.
    pub condition: ChipCondition,
}

/// Cryptogram version of the PBOC 3DES profile in the issuer application data.
const CRYPTOGRAM_VERSION: u8 = 0x01;
/// Algorithm in the issuer application data: 3DES.
const ALGORITHM_TDES: u8 = 0x01;

/// UnionPay credit.
pub const AID_CREDIT: [u8; 8] = [0xA0, 0x00, 0x00, 0x03, 0x33, 0x01, 0x01, 0x02];
/// UnionPay debit.
pub const AID_DEBIT: [u8; 8] = [0xA0, 0x00, 0x00, 0x03, 0x33, 0x01, 0x01, 0x01];

/// What a chip answers to a request for a cryptogram.
#[derive(Clone)]
pub struct Cryptogram {
    /// Tag 9F26.
    pub value: [u8; 8],
    /// Tag 9F36.
    pub counter: u16,
    /// Tag 9F10.
    pub issuer_data: Vec<u8>,
    session: TdesKey,
}

impl fmt::Debug for Cryptogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cryptogram(counter {})", self.counter)
    }
}

impl Cryptogram {
    /// Whether tag 91 (cryptogram 8, code 2) is the issuer's answer to this one: E(session key, ARQC xor code and zeros).
    pub fn believes(&self, issuer: &[u8]) -> bool {
        let Some((code, response)) = issuer.split_last_chunk::<2>() else {
            return false;
        };
        arpc_method_1(&Tdes::new(&self.session), self.value, *response).ct_eq(code).into()
    }
}

impl Chip {
    /// A chip with this ICC master key, fresh from the personalisation bureau.
    pub fn new(master_key: TdesKey) -> Self {
        Self {
            master_key,
            counter: 0,
            application: AID_CREDIT.to_vec(),
            interchange_profile: [0x7C, 0x00],
            version: [0x00, 0x30],
            key_index: 0x01,
            verification_results: [0x03, 0xA0, 0xB8, 0x00],
            issuer_must_prove: true,
            condition: ChipCondition::Sound,
        }
    }

    /// A chip whose key is derived from the issuer's by option A (EMV book 2, A1.4.1): the last 16 digits of card number
    /// and sequence number, and their complement, encrypted; odd parity.
    ///
    /// # Panics
    /// For a sequence number over 99.
    pub fn of_issuer(issuer_key: &TdesKey, pan: &Pan, sequence: u8) -> Self {
        let sequence = CardSequence::new(sequence).expect("a sequence number has two digits");
        Self::new(card_master_key(&Tdes::new(issuer_key), MasterKeyOption::A, pan, sequence))
    }

    /// Whether it gives an answer to reset.
    pub fn answers(&self) -> bool {
        match self.condition {
            ChipCondition::Sound => true,
            ChipCondition::Damaged => false,
        }
    }

    /// The counter of the last transaction.
    pub fn counter(&self) -> u16 {
        self.counter
    }

    /// The card has been used `more` times elsewhere.
    pub fn advance(&mut self, more: u16) {
        self.counter = self.counter.wrapping_add(more);
    }

    /// An online cryptogram over `data` (tags 9F02 9F03 9F1A 95 5F2A 9A 9C 9F37, without length bytes): the counter
    /// rises, then ISO 9797-1 algorithm 3 with padding 2 over the data, 82, 9F36 and the four bytes of verification
    /// results, under the session key of that counter.
    ///
    /// # Errors
    /// [`CardFault::ChipUnreadable`] from a damaged chip.
    pub fn generate(&mut self, data: &[u8]) -> Result<Cryptogram, CardFault> {
        if !self.answers() {
            return Err(CardFault::ChipUnreadable);
        }
        self.counter = self.counter.wrapping_add(1);
        let session = pboc_session_key(&Tdes::new(&self.master_key), self.counter.to_be_bytes());
        let mut input = data.to_vec();
        input.extend_from_slice(&self.interchange_profile);
        input.extend_from_slice(&self.counter.to_be_bytes());
        input.extend_from_slice(&self.verification_results);
        let value = application_cryptogram(&Tdes::new(&session), Padding::OneThenZeros, &input);
        let mut issuer_data = vec![0x07, self.key_index, CRYPTOGRAM_VERSION];
        issuer_data.extend_from_slice(&self.verification_results);
        issuer_data.push(ALGORITHM_TDES);
        Ok(Cryptogram { value, counter: self.counter, issuer_data, session })
    }
}

/// A card as the holder has it in hand.
#[derive(Clone)]
pub struct CardInHand {
    /// The number embossed on it and in its records.
    pub pan: Pan,
    /// DE14, `YYMM`.
    pub expiry: String,
    /// DE23, 0 to 99.
    pub sequence: u8,
    /// Track 2; `None` where there is no stripe.
    pub(crate) track2: Option<Track2>,
    /// What the chip has instead of the stripe: track 2 equivalent data, with the chip's own verification value.
    pub(crate) chip_track2: Option<Track2>,
    /// The chip.
    pub chip: Option<Chip>,
    /// Whether the chip answers without contact.
    pub contactless: bool,
}

impl fmt::Debug for CardInHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardInHand({})", self.pan.masked())
    }
}

impl CardInHand {
    /// A card with a stripe only. `track2` has `D` or `=` as separator; `None` when it is no track 2, is that of another
    /// card, or the expiry is not four digits.
    pub fn striped(pan: Pan, expiry: &str, track2: &str) -> Option<Self> {
        let track2 = well_formed(&pan, track2)?;
        let dated = expiry.len() == 4 && expiry.bytes().all(|byte| byte.is_ascii_digit());
        dated.then(|| Self {
            pan,
            expiry: expiry.to_owned(),
            sequence: 0,
            track2: Some(track2),
            chip_track2: None,
            chip: None,
            contactless: false,
        })
    }

    /// The same card with a chip in it, which also answers without contact. The chip's own track data are those of the
    /// stripe unless [`CardInHand::with_chip_track2`] says otherwise.
    #[must_use]
    pub fn with_chip(mut self, chip: Chip, sequence: u8) -> Self {
        self.chip_track2 = self.track2.clone();
        self.chip = Some(chip);
        self.sequence = sequence;
        self.contactless = true;
        self
    }

    /// The chip's own track data, as iCVV wants it; `None` where they are not well formed.
    pub fn with_chip_track2(mut self, track2: &str) -> Option<Self> {
        self.chip_track2 = Some(well_formed(&self.pan, track2)?);
        Some(self)
    }

    /// The service code of the stripe; `None` where it has none.
    pub fn service_code(&self) -> Option<&str> {
        let (_, rest) = self.track2.as_ref()?.expose().split_once('D')?;
        rest.get(..7)?.get(4..)
    }

    /// A counterfeit: the same data, with a chip that was copied at `counter` and does not know what the real one has
    /// done since.
    #[must_use]
    pub fn cloned_at(&self, counter: u16) -> Self {
        let mut clone = self.clone();
        if let Some(chip) = &mut clone.chip {
            chip.counter = counter;
        }
        clone
    }

    /// A counterfeit of the stripe alone, on a blank without a chip. `service_code` may be altered so that terminals do
    /// not ask for the chip; `None` where there is no stripe or the code is not three digits.
    pub fn stripe_copy(&self, service_code: Option<&str>) -> Option<Self> {
        let mut track = zeroize::Zeroizing::new(self.track2.as_ref()?.expose().to_owned());
        if let Some(code) = service_code {
            let at = track.find('D')? + 5;
            if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) || track.len() < at + 3 {
                return None;
            }
            track.replace_range(at..at + 3, code);
        }
        Self::striped(self.pan.clone(), &self.expiry, &track)
    }

    /// The same card after its chip has died.
    #[must_use]
    pub fn damaged(mut self) -> Self {
        if let Some(chip) = &mut self.chip {
            chip.condition = ChipCondition::Damaged;
        }
        self
    }

    /// Whether the stripe says that there is a chip (service code 2xx or 6xx, ISO/IEC 7813).
    pub(crate) fn stripe_names_chip(&self) -> bool {
        self.service_code().is_some_and(|code| code.starts_with(['2', '6']))
    }
}

/// The track, where it is one of this card.
fn well_formed(pan: &Pan, track2: &str) -> Option<Track2> {
    Track2::parse(track2).ok().filter(|track| track.pan() == *pan)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// PBOC 3.0, cryptogram version 01, 3DES: values computed twice from the rule, no executable peer.
    #[test]
    fn the_chip_makes_the_known_cryptogram() {
        let pan = Pan::parse("6225880212345675").unwrap();
        let issuer = TdesKey::new(&bytes("0123456789ABCDEFFEDCBA9876543210")).unwrap();
        let mut chip = Chip::of_issuer(&issuer, &pan, 0);
        assert_eq!(chip.master_key.expose(), bytes("7557B904161689EF2562866EC7B991B5"));
        let data = bytes("0000000100000000000000000156000000000001562409010011223344");
        let made = chip.generate(&data).unwrap();
        assert_eq!(made.session.expose(), bytes("61EC7D564C0EAB00E66EBF174B7C9FBA"));
        assert_eq!(made.value.as_slice(), bytes("DE5D66FAD60B9321"));
        assert_eq!((made.counter, chip.counter()), (1, 1));
        assert_eq!(made.issuer_data, bytes("07010103A0B80001"));
        assert!(made.believes(&bytes("2BA4E7F67202D1FB3030")));
        assert!(!made.believes(&bytes("2BA4E7F67202D1FB3531")));
        assert!(!made.believes(&bytes("2BA4E7F67202D1FA3030")));
        assert!(!made.believes(&bytes("3030")));
        assert!(!made.believes(&[]));
        assert_ne!(chip.generate(&data).unwrap().value, made.value);
    }

    #[test]
    fn tracks_are_taken_or_refused() {
        let striped =
            |track: &str| CardInHand::striped(Pan::parse("6225880212345675").unwrap(), "3012", track);
        let card = striped("6225880212345675=30122010000012300000").unwrap();
        assert_eq!(card.service_code(), Some("201"));
        assert!(card.stripe_names_chip());
        let copy = card.stripe_copy(Some("101")).unwrap();
        assert_eq!(copy.service_code(), Some("101"));
        assert!(card.stripe_copy(Some("1x1")).is_none());
        assert!(striped("6225880212345676=30122010000012300000").is_none());
        assert!(striped("6225880212345675=3012").is_none());
        assert!(striped("622588021234567530122010000").is_none());
        assert!(striped("6225880212345675=301220100000123000000").is_none());
        assert_eq!(format!("{card:?}"), "CardInHand(622588******5675)");
    }
}
