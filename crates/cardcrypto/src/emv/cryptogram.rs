//! The card's proof (ARQC) and the issuer's answer (ARPC).
//!
//! What follows from a wrong proof is decided elsewhere.

use std::fmt;

use subtle::ConstantTimeEq;

use super::keys::{
    CardSequence, MasterKeyOption, by_counter, by_counter_and_number, card_master_key, card_master_key_sm4,
    common_session_key, pboc_session_key, pboc_session_key_sm4,
};
use super::{ArpcMethod, EmvError, IssuerApplicationData, IssuerDataCovered, Profile, SessionKeyMethod};
use crate::cipher::{BlockCipher, Sm4, Tdes, xor};
use crate::key::TdesKey;
use crate::mac::{Padding, cbc_mac, retail_mac};
use crate::pan::Pan;

/// What terminal and card brought, and the cryptogram covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChipData<'a> {
    /// 9F02, the amount.
    pub amount: [u8; 6],
    /// 9F03, the other amount.
    pub other_amount: [u8; 6],
    /// 9F1A, the terminal's country.
    pub country: [u8; 2],
    /// 95, what the terminal verified.
    pub terminal_results: [u8; 5],
    /// 5F2A, the currency.
    pub currency: [u8; 2],
    /// 9A, the date.
    pub date: [u8; 3],
    /// 9C, the type of transaction.
    pub kind: u8,
    /// 9F37, the terminal's unpredictable number.
    pub unpredictable: [u8; 4],
    /// 82, what the card can do.
    pub interchange_profile: [u8; 2],
    /// 9F36, the card's transaction counter.
    pub atc: [u8; 2],
    /// 9F10, issuer application data.
    pub issuer_data: &'a [u8],
}

impl ChipData<'_> {
    /// What the cryptogram covers, in order: 9F02 9F03 9F1A 95 5F2A 9A 9C 9F37 82 9F36, then what the profile
    /// covers of 9F10.
    ///
    /// # Errors
    /// [`EmvError::IssuerData`] when 9F10 is not laid out as the scheme's.
    pub fn covered(&self, profile: Profile) -> Result<Vec<u8>, EmvError> {
        let mut out = Vec::with_capacity(72);
        out.extend_from_slice(&self.amount);
        out.extend_from_slice(&self.other_amount);
        out.extend_from_slice(&self.country);
        out.extend_from_slice(&self.terminal_results);
        out.extend_from_slice(&self.currency);
        out.extend_from_slice(&self.date);
        out.push(self.kind);
        out.extend_from_slice(&self.unpredictable);
        out.extend_from_slice(&self.interchange_profile);
        out.extend_from_slice(&self.atc);
        match profile.rules().issuer_data {
            IssuerDataCovered::Whole => out.extend_from_slice(self.issuer_data),
            IssuerDataCovered::Results => {
                out.extend_from_slice(
                    IssuerApplicationData::parse(profile.scheme(), self.issuer_data)?.results,
                );
            }
            IssuerDataCovered::ResultsAndCounters => {
                let parts = IssuerApplicationData::parse(profile.scheme(), self.issuer_data)?;
                if parts.counters.is_empty() {
                    return Err(EmvError::IssuerData);
                }
                out.extend_from_slice(parts.results);
                out.extend_from_slice(parts.counters);
            }
        }
        Ok(out)
    }
}

/// The cryptogram of one transaction, and whose it is.
#[derive(Clone, Copy)]
pub struct Cryptogram<'a> {
    /// The rules it follows.
    pub profile: Profile,
    /// How the card's key comes from the issuer's: the profile's own unless the issuer's cards differ.
    pub master_key: MasterKeyOption,
    /// The card.
    pub pan: &'a Pan,
    /// Which card of the account.
    pub sequence: CardSequence,
    /// 9F36, the card's transaction counter.
    pub atc: [u8; 2],
    /// 9F37, the terminal's unpredictable number.
    pub unpredictable: [u8; 4],
    /// What it covers: see [`ChipData::covered`].
    pub data: &'a [u8],
    /// 9F26, as it came.
    pub arqc: [u8; 8],
}

impl fmt::Debug for Cryptogram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cryptogram({:?}, {:?}, counter {})", self.profile, self.pan, u16::from_be_bytes(self.atc))
    }
}

/// What the issuer wants to tell the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArpcAsk<'a> {
    /// Method 1: the response code.
    Code([u8; 2]),
    /// Method 2: what the card shall change of itself, and up to eight bytes of the issuer's own.
    StatusUpdate {
        /// The card status update.
        csu: [u8; 4],
        /// Proprietary authentication data.
        proprietary: &'a [u8],
    },
}

/// The issuer's answer: eight bytes by method 1, four by method 2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Arpc {
    bytes: [u8; 8],
    len: u8,
}

impl Arpc {
    pub(crate) fn new(code: &[u8]) -> Self {
        let mut bytes = [0; 8];
        bytes[..code.len()].copy_from_slice(code);
        Self { bytes, len: code.len() as u8 }
    }

    /// The answer's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The value of tag 91: the answer and what it is about.
    pub fn issuer_authentication_data(&self, ask: &ArpcAsk<'_>) -> Vec<u8> {
        let mut out = self.bytes().to_vec();
        match ask {
            ArpcAsk::Code(code) => out.extend_from_slice(code),
            ArpcAsk::StatusUpdate { csu, proprietary } => {
                out.extend_from_slice(csu);
                out.extend_from_slice(proprietary);
            }
        }
        out
    }
}

impl fmt::Debug for Arpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arpc({} bytes)", self.len)
    }
}

/// An application cryptogram with triple DES (EMV Book 2, 8.1; ISO/IEC 9797-1 MAC algorithm 3).
pub fn application_cryptogram(session: &Tdes, padding: Padding, data: &[u8]) -> [u8; 8] {
    retail_mac(session, padding, data)
}

/// The answer by method 1 (EMV Book 2, 8.2.1): the cryptogram, folded with the response code, encrypted.
pub fn arpc_method_1(key: &Tdes, arqc: [u8; 8], code: [u8; 2]) -> [u8; 8] {
    key.encrypt(xor(arqc, &[code[0], code[1], 0, 0, 0, 0, 0, 0]))
}

/// The answer by method 2 (EMV Book 2, 8.2.2): the first four bytes of a MAC over cryptogram, update and the
/// issuer's own data.
///
/// # Errors
/// [`EmvError::ProprietaryData`].
pub fn arpc_method_2(
    key: &Tdes,
    arqc: [u8; 8],
    csu: [u8; 4],
    proprietary: &[u8],
) -> Result<[u8; 4], EmvError> {
    if proprietary.len() > 8 {
        return Err(EmvError::ProprietaryData);
    }
    let mut data = [0; 20];
    data[..8].copy_from_slice(&arqc);
    data[8..12].copy_from_slice(&csu);
    data[12..12 + proprietary.len()].copy_from_slice(proprietary);
    let [a, b, c, d, ..] = retail_mac(key, Padding::OneThenZeros, &data[..12 + proprietary.len()]);
    Ok([a, b, c, d])
}

/// A card's keys for one transaction.
pub struct CardKeys {
    cipher: CardCipher,
    profile: Profile,
}

#[expect(clippy::large_enum_variant, reason = "lives for one cryptogram on the stack, and boxing costs time")]
enum CardCipher {
    Tdes { master: Tdes, session: Option<Tdes> },
    Sm4 { session: Sm4 },
}

/// The issuer's key that a card's keys come from.
pub enum IssuerKey<'a> {
    /// Triple DES of double length.
    Tdes(&'a Tdes),
    /// SM4.
    Sm4(&'a Sm4),
}

/// A session key with triple DES, for a counter and an unpredictable number; `None` where the master key
/// itself is used.
pub(super) fn session_key(
    method: SessionKeyMethod,
    master: &Tdes,
    atc: [u8; 2],
    unpredictable: [u8; 4],
) -> Option<TdesKey> {
    match method {
        SessionKeyMethod::MasterKey => None,
        SessionKeyMethod::Common => Some(common_session_key(master, by_counter(atc))),
        SessionKeyMethod::Mastercard => {
            Some(common_session_key(master, by_counter_and_number(atc, unpredictable)))
        }
        SessionKeyMethod::Pboc => Some(pboc_session_key(master, atc)),
    }
}

impl CardKeys {
    /// The keys of the card and transaction of `cryptogram`.
    ///
    /// # Errors
    /// [`EmvError::Key`] when the issuer's key is not of the profile's cipher.
    pub fn derive(issuer: &IssuerKey<'_>, cryptogram: &Cryptogram<'_>) -> Result<Self, EmvError> {
        let Cryptogram { profile, master_key, pan, sequence, atc, unpredictable, .. } = *cryptogram;
        let cipher = match (issuer, profile == Profile::PbocSm4) {
            (IssuerKey::Tdes(issuer), false) => {
                let master = Tdes::new(&card_master_key(issuer, master_key, pan, sequence));
                let session = session_key(profile.rules().session_key, &master, atc, unpredictable);
                CardCipher::Tdes { master, session: session.as_ref().map(Tdes::new) }
            }
            (IssuerKey::Sm4(issuer), true) => {
                let master = Sm4::new(&card_master_key_sm4(issuer, master_key, pan, sequence));
                CardCipher::Sm4 { session: Sm4::new(&pboc_session_key_sm4(&master, atc)) }
            }
            (IssuerKey::Tdes(_) | IssuerKey::Sm4(_), _) => return Err(EmvError::Key),
        };
        Ok(Self { cipher, profile })
    }

    /// The keys of a card that holds its own master key, for those who play one.
    ///
    /// # Errors
    /// [`EmvError::Key`] for a key of another than double length, and for the profile with SM4.
    pub fn of_card(
        profile: Profile,
        master: &TdesKey,
        atc: [u8; 2],
        unpredictable: [u8; 4],
    ) -> Result<Self, EmvError> {
        if profile == Profile::PbocSm4 || master.expose().len() != 16 {
            return Err(EmvError::Key);
        }
        let master = Tdes::new(master);
        let session = session_key(profile.rules().session_key, &master, atc, unpredictable);
        Ok(Self { cipher: CardCipher::Tdes { master, session: session.as_ref().map(Tdes::new) }, profile })
    }

    /// The cryptogram that the card should have sent over `data`.
    pub fn cryptogram(&self, data: &[u8]) -> [u8; 8] {
        let padding = self.profile.rules().padding;
        match &self.cipher {
            CardCipher::Tdes { master, session } => {
                application_cryptogram(session.as_ref().unwrap_or(master), padding, data)
            }
            CardCipher::Sm4 { session } => left(cbc_mac(session, padding, data)),
        }
    }

    /// Whether `arqc` is the cryptogram over `data`, compared in constant time.
    pub fn is_right(&self, data: &[u8], arqc: &[u8; 8]) -> subtle::Choice {
        self.cryptogram(data).ct_eq(arqc)
    }

    /// The issuer's answer to `arqc`.
    ///
    /// # Errors
    /// [`EmvError::ArpcMethod`] when the profile answers by the other method; [`EmvError::ProprietaryData`].
    pub fn answer(&self, arqc: [u8; 8], ask: &ArpcAsk<'_>) -> Result<Arpc, EmvError> {
        match &self.cipher {
            CardCipher::Tdes { master, session } => {
                let session = session.as_ref().unwrap_or(master);
                match (self.profile.rules().arpc, ask) {
                    (ArpcMethod::OneUnderMasterKey, ArpcAsk::Code(code)) => {
                        Ok(Arpc::new(&arpc_method_1(master, arqc, *code)))
                    }
                    (ArpcMethod::OneUnderSessionKey, ArpcAsk::Code(code)) => {
                        Ok(Arpc::new(&arpc_method_1(session, arqc, *code)))
                    }
                    (ArpcMethod::TwoUnderSessionKey, ArpcAsk::StatusUpdate { csu, proprietary }) => {
                        Ok(Arpc::new(&arpc_method_2(session, arqc, *csu, proprietary)?))
                    }
                    (
                        ArpcMethod::OneUnderMasterKey
                        | ArpcMethod::OneUnderSessionKey
                        | ArpcMethod::TwoUnderSessionKey,
                        ArpcAsk::Code(_) | ArpcAsk::StatusUpdate { .. },
                    ) => Err(EmvError::ArpcMethod),
                }
            }
            CardCipher::Sm4 { session } => match ask {
                ArpcAsk::Code(code) => {
                    let mut block = [0; 16];
                    block[..8].copy_from_slice(&xor(arqc, &[code[0], code[1], 0, 0, 0, 0, 0, 0]));
                    Ok(Arpc::new(&left(session.encrypt(block))))
                }
                ArpcAsk::StatusUpdate { .. } => Err(EmvError::ArpcMethod),
            },
        }
    }
}

impl fmt::Debug for CardKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardKeys({:?})", self.profile)
    }
}

fn left(block: [u8; 16]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = block;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hexadecimal::{decode, encode};

    /// Values of a hardware module (pyemv, tests against one), and UnionPay's by the rule of PBOC 3.0.
    #[test]
    fn cryptograms_and_answers_are_as_published() {
        let visa = "000000004000000000000000012480000480000124191105 0152BF45851800001C";
        let mastercard = "000000009999000000000000012480000000000124209906 00ABCDEF121800001C";
        let csu = ArpcAsk::StatusUpdate { csu: [0; 4], proprietary: &[] };
        for (profile, head, tail, arqc, ask, arpc) in [
            (
                Profile::VisaCvn10,
                visa,
                "03A06010",
                "29CCA15AE665FA2E",
                ArpcAsk::Code(*b"00"),
                "28993816AFAE4AEB",
            ),
            (Profile::VisaCvn22, visa, "06011203A0B800", "7A788EA6B8A3E733", csu, "9AF514C1"),
            (Profile::VisaCvn18, visa, "06011203A0B800", "7A788EA6B8A3E733", csu, "9AF514C1"),
            (
                Profile::MastercardCvn16,
                mastercard,
                "A00003220000",
                "24CCF3DEE3158C70",
                ArpcAsk::Code([0x00, 0x10]),
                "73F6BBF389A6586C",
            ),
            (
                Profile::MastercardCvn20,
                mastercard,
                "A00003220000",
                "CD29615D6452E70E",
                ArpcAsk::Code([0x00, 0x10]),
                "DFD0956606B68D64",
            ),
        ] {
            let bytes = decode(b"0123456789ABCDEFFEDCBA9876543210").unwrap();
            let issuer = Tdes::new(&TdesKey::new(&bytes).unwrap());
            let data = decode(format!("{head}{tail}").replace(' ', "").as_bytes()).unwrap();
            let pan = Pan::parse("1234567890123456").unwrap();
            let arqc: [u8; 8] = decode(arqc.as_bytes()).unwrap().try_into().unwrap();
            let cryptogram = Cryptogram {
                profile,
                master_key: profile.rules().master_key,
                pan: &pan,
                sequence: CardSequence::new(0).unwrap(),
                atc: [0, 0x1C],
                unpredictable: data[25..29].try_into().unwrap(),
                data: &data,
                arqc,
            };
            let keys = CardKeys::derive(&IssuerKey::Tdes(&issuer), &cryptogram).unwrap();
            assert!(bool::from(keys.is_right(&data, &arqc)), "{profile:?}");
            assert!(!bool::from(keys.is_right(&data[1..], &arqc)), "{profile:?}");
            assert_eq!(encode(keys.answer(arqc, &ask).unwrap().bytes()), arpc, "{profile:?}");
            let other = match ask {
                ArpcAsk::Code(_) => csu,
                ArpcAsk::StatusUpdate { .. } => ArpcAsk::Code([0; 2]),
            };
            assert_eq!(keys.answer(arqc, &other), Err(EmvError::ArpcMethod));
        }
    }

    #[test]
    fn the_issuer_s_own_data_has_a_bound() {
        let key = Tdes::new(&TdesKey::new(&[7; 16]).unwrap());
        assert!(arpc_method_2(&key, [0; 8], [0; 4], &[1; 8]).is_ok());
        assert_eq!(arpc_method_2(&key, [0; 8], [0; 4], &[1; 9]), Err(EmvError::ProprietaryData));
    }

    #[test]
    fn what_is_covered_follows_the_scheme() {
        let data = |issuer_data| ChipData {
            amount: [0, 0, 0, 1, 0, 0],
            other_amount: [0; 6],
            country: [1, 0x56],
            terminal_results: [0; 5],
            currency: [1, 0x56],
            date: [0x24, 9, 1],
            kind: 0,
            unpredictable: [0x11, 0x22, 0x33, 0x44],
            interchange_profile: [0x7C, 0],
            atc: [0, 1],
            issuer_data,
        };
        let unionpay = decode(b"07010103A0B80001").unwrap();
        assert_eq!(
            encode(&data(&unionpay).covered(Profile::Pboc).unwrap()),
            "00000001000000000000000001560000000000015624090100112233447C00000103A0B800"
        );
        let whole = data(&unionpay).covered(Profile::VisaCvn18).unwrap();
        assert!(encode(&whole).ends_with("000107010103A0B80001"));
        let mchip = decode(b"0110A000032200001234FF000000000000AA").unwrap();
        assert!(encode(&data(&mchip).covered(Profile::MastercardCvn20).unwrap()).ends_with("A00003220000"));
        assert!(
            encode(&data(&mchip).covered(Profile::MastercardCvn21).unwrap())
                .ends_with("A00003220000FF000000000000AA")
        );
        for (profile, short) in [
            (Profile::Pboc, &unionpay[..6]),
            (Profile::VisaCvn10, &unionpay[..3]),
            (Profile::MastercardCvn16, &mchip[..7]),
            (Profile::MastercardCvn17, &mchip[..12]),
            (Profile::MastercardCvn17, &[]),
        ] {
            assert_eq!(data(short).covered(profile), Err(EmvError::IssuerData), "{profile:?}");
        }
    }
}
