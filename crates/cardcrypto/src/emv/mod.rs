//! Chip cards: which rules a card's cryptograms follow, and what is computed over.
//!
//! Whether a counter has been seen before is not known here; nor does anything here parse DE55.

pub mod cryptogram;
pub mod keys;
pub mod script;

use std::fmt;

use crate::mac::Padding;
pub use cryptogram::{Arpc, ArpcAsk, ChipData};
pub use keys::MasterKeyOption;

/// The rules of one cryptogram version of one scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Visa, cryptogram version 10: no session key.
    VisaCvn10,
    /// Visa, cryptogram version 18.
    VisaCvn18,
    /// Visa, cryptogram version 22.
    VisaCvn22,
    /// Mastercard, cryptogram version 16: session key by counter and unpredictable number.
    MastercardCvn16,
    /// Mastercard, cryptogram version 17: as 16, with the card's counters.
    MastercardCvn17,
    /// Mastercard, cryptogram version 20: common session key.
    MastercardCvn20,
    /// Mastercard, cryptogram version 21: as 20, with the card's counters.
    MastercardCvn21,
    /// Interac, cryptogram version 133.
    InteracCvn133,
    /// UnionPay, PBOC 3.0 cryptogram version 1 with triple DES. No program of others was found to compare
    /// with.
    Pboc,
    /// UnionPay, PBOC 3.0 cryptogram version 1 with SM4 (JR/T 0025.17). Unverified: neither a program of
    /// others nor published values were found.
    PbocSm4,
}

/// Whose card it is, as far as cryptograms are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// Interac.
    Interac,
    /// UnionPay.
    UnionPay,
}

/// How the key of a cryptogram comes from the card's master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionKeyMethod {
    /// It is the master key.
    MasterKey,
    /// EMV common session key from the transaction counter (EMV Book 2, A1.3.1).
    Common,
    /// From counter and unpredictable number (Mastercard SKD).
    Mastercard,
    /// Counter and its complement, each encrypted (PBOC 3.0).
    Pboc,
}

/// What of the issuer application data is covered by the cryptogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IssuerDataCovered {
    /// The card verification results.
    Results,
    /// The results and the card's counters.
    ResultsAndCounters,
    /// All of it.
    Whole,
}

/// How the issuer answers the card, and under which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArpcMethod {
    /// Method 1 under the master key (EMV Book 2, 8.2.1).
    OneUnderMasterKey,
    /// Method 1 under the session key.
    OneUnderSessionKey,
    /// Method 2 under the session key (EMV Book 2, 8.2.2).
    TwoUnderSessionKey,
}

/// How the keys of script messages come from the card's master keys for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptKeyMethod {
    /// Counter and its complement folded into the halves (Visa).
    Visa,
    /// EMV common session key from the cryptogram.
    Common,
    /// As the cryptogram's own key (PBOC 3.0).
    Pboc,
}

/// How data in scripts is enciphered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptCipher {
    /// Length in front, filled with `80`, each block for itself (Visa).
    Visa,
    /// Filled with `80` only where needed, chained (Mastercard).
    Mastercard,
    /// Filled with `80`, chained (EMV Book 2, A1.1).
    Emv,
    /// Length in front, filled with `80` only where needed, each block for itself (PBOC 3.0).
    Pboc,
}

/// All that tells one profile from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How the card's master keys come from the issuer's.
    pub master_key: MasterKeyOption,
    /// How the cryptogram's key comes from the card's.
    pub session_key: SessionKeyMethod,
    /// What of tag 9F10 is covered.
    pub issuer_data: IssuerDataCovered,
    /// How the data is filled.
    pub padding: Padding,
    /// How the issuer answers.
    pub arpc: ArpcMethod,
    /// Where script keys come from.
    pub script_key: ScriptKeyMethod,
    /// Whether a script's MAC covers counter and cryptogram between header and data.
    pub script_covers_transaction: bool,
    /// How script data is enciphered.
    pub script_cipher: ScriptCipher,
    /// Whether a new PIN lies in Visa's block, bound to the card's key, rather than in ISO format 2.
    pub visa_pin_block: bool,
}

impl Profile {
    /// Every profile, for tables and tests.
    pub const ALL: [Self; 10] = [
        Self::VisaCvn10,
        Self::VisaCvn18,
        Self::VisaCvn22,
        Self::MastercardCvn16,
        Self::MastercardCvn17,
        Self::MastercardCvn20,
        Self::MastercardCvn21,
        Self::InteracCvn133,
        Self::Pboc,
        Self::PbocSm4,
    ];

    /// The profile of a scheme's cryptogram version number as the card sends it, for triple DES.
    pub const fn of(scheme: Scheme, version: u8) -> Option<Self> {
        match (scheme, version) {
            (Scheme::Visa, 10) => Some(Self::VisaCvn10),
            (Scheme::Visa, 18) => Some(Self::VisaCvn18),
            (Scheme::Visa, 22) => Some(Self::VisaCvn22),
            (Scheme::Mastercard, 16) => Some(Self::MastercardCvn16),
            (Scheme::Mastercard, 17) => Some(Self::MastercardCvn17),
            (Scheme::Mastercard, 20) => Some(Self::MastercardCvn20),
            (Scheme::Mastercard, 21) => Some(Self::MastercardCvn21),
            (Scheme::Interac, 133) => Some(Self::InteracCvn133),
            (Scheme::UnionPay, 1) => Some(Self::Pboc),
            (Scheme::Visa | Scheme::Mastercard | Scheme::Interac | Scheme::UnionPay, _) => None,
        }
    }

    /// Whether its values were compared with a program that others wrote.
    pub const fn is_verified(self) -> bool {
        !matches!(self, Self::Pboc | Self::PbocSm4)
    }

    /// What tells it from the others.
    pub const fn rules(self) -> Rules {
        let visa = Rules {
            master_key: MasterKeyOption::B,
            session_key: SessionKeyMethod::Common,
            issuer_data: IssuerDataCovered::Whole,
            padding: Padding::OneThenZeros,
            arpc: ArpcMethod::TwoUnderSessionKey,
            script_key: ScriptKeyMethod::Visa,
            script_covers_transaction: true,
            script_cipher: ScriptCipher::Visa,
            visa_pin_block: true,
        };
        let mastercard = Rules {
            master_key: MasterKeyOption::A,
            session_key: SessionKeyMethod::Common,
            issuer_data: IssuerDataCovered::Results,
            padding: Padding::OneThenZeros,
            arpc: ArpcMethod::OneUnderSessionKey,
            script_key: ScriptKeyMethod::Common,
            script_covers_transaction: true,
            script_cipher: ScriptCipher::Mastercard,
            visa_pin_block: false,
        };
        let skd = Rules {
            session_key: SessionKeyMethod::Mastercard,
            arpc: ArpcMethod::OneUnderMasterKey,
            ..mastercard
        };
        match self {
            Self::VisaCvn10 => Rules {
                master_key: MasterKeyOption::A,
                session_key: SessionKeyMethod::MasterKey,
                issuer_data: IssuerDataCovered::Results,
                padding: Padding::Zeros,
                arpc: ArpcMethod::OneUnderMasterKey,
                ..visa
            },
            Self::VisaCvn18 => visa,
            Self::VisaCvn22 => Rules { script_key: ScriptKeyMethod::Common, visa_pin_block: false, ..visa },
            Self::MastercardCvn16 => skd,
            Self::MastercardCvn17 => Rules { issuer_data: IssuerDataCovered::ResultsAndCounters, ..skd },
            Self::MastercardCvn20 => mastercard,
            Self::MastercardCvn21 => {
                Rules { issuer_data: IssuerDataCovered::ResultsAndCounters, ..mastercard }
            }
            Self::InteracCvn133 => Rules {
                issuer_data: IssuerDataCovered::Whole,
                arpc: ArpcMethod::OneUnderSessionKey,
                script_covers_transaction: false,
                ..skd
            },
            Self::Pboc | Self::PbocSm4 => Rules {
                session_key: SessionKeyMethod::Pboc,
                script_key: ScriptKeyMethod::Pboc,
                script_cipher: ScriptCipher::Pboc,
                ..mastercard
            },
        }
    }

    /// The scheme whose layout the issuer application data has.
    const fn scheme(self) -> Scheme {
        match self {
            Self::VisaCvn10 | Self::VisaCvn18 | Self::VisaCvn22 => Scheme::Visa,
            Self::MastercardCvn16 | Self::MastercardCvn17 | Self::MastercardCvn20 | Self::MastercardCvn21 => {
                Scheme::Mastercard
            }
            Self::InteracCvn133 => Scheme::Interac,
            Self::Pboc | Self::PbocSm4 => Scheme::UnionPay,
        }
    }
}

/// What is malformed in a chip's data or a key for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmvError {
    /// A key of another than double length, or of another algorithm than the profile's.
    Key,
    /// The card sequence number is over 99.
    Sequence,
    /// The issuer application data (9F10) is too short or not laid out as the scheme's.
    IssuerData,
    /// Proprietary authentication data of more than eight bytes.
    ProprietaryData,
    /// The profile does not answer the card by this method.
    ArpcMethod,
    /// Script data of more than 255 bytes where its length takes one.
    ScriptData,
}

impl fmt::Display for EmvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EmvError::Key => "the key does not fit the profile",
            EmvError::Sequence => "a card sequence number has two digits",
            EmvError::IssuerData => "the issuer application data is not laid out as the scheme's",
            EmvError::ProprietaryData => "proprietary authentication data has at most eight bytes",
            EmvError::ArpcMethod => "the profile does not answer by this method",
            EmvError::ScriptData => "the script data is too long",
        })
    }
}

impl std::error::Error for EmvError {}

/// The parts of issuer application data (tag 9F10) that the schemes of this house lay out alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuerApplicationData<'a> {
    /// Which of the issuer's keys the card has.
    pub key_index: u8,
    /// The cryptogram version number.
    pub version: u8,
    /// The card verification results.
    pub results: &'a [u8],
    /// The card's counters, where it sends any.
    pub counters: &'a [u8],
    /// The cipher, as UnionPay's cards say it: 1 triple DES, 4 SM4.
    pub cipher: Option<u8>,
}

impl<'a> IssuerApplicationData<'a> {
    /// Takes tag 9F10 apart by a scheme's layout: Visa and UnionPay `length, key index, version, results`
    /// (the results begin with their own length), Mastercard `key index, version, 6 bytes of results, 2
    /// bytes, 8 bytes of counters` (M/Chip), Interac as Visa.
    ///
    /// # Errors
    /// [`EmvError::IssuerData`].
    pub fn parse(scheme: Scheme, data: &'a [u8]) -> Result<Self, EmvError> {
        match scheme {
            Scheme::Visa | Scheme::UnionPay | Scheme::Interac => {
                let (&[_, key_index, version], rest) =
                    data.split_first_chunk::<3>().ok_or(EmvError::IssuerData)?;
                let len = usize::from(*rest.first().ok_or(EmvError::IssuerData)?) + 1;
                let (results, rest) = rest.split_at_checked(len).ok_or(EmvError::IssuerData)?;
                let cipher = match scheme {
                    Scheme::UnionPay => rest.first().copied(),
                    Scheme::Visa | Scheme::Mastercard | Scheme::Interac => None,
                };
                Ok(Self { key_index, version, results, counters: &[], cipher })
            }
            Scheme::Mastercard => {
                let (&[key_index, version], rest) =
                    data.split_first_chunk::<2>().ok_or(EmvError::IssuerData)?;
                let (results, rest) = rest.split_at_checked(6).ok_or(EmvError::IssuerData)?;
                let counters = rest.get(2..10).unwrap_or(&[]);
                Ok(Self { key_index, version, results, counters, cipher: None })
            }
        }
    }
}
