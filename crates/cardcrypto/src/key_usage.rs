//! What a key is for, who may do what with it, and whether it may leave: the words of key blocks, as types.
//!
//! The letters are those of ANSI X9.143:2021 (tables 1 to 4, TR-31 before it). No key lives here.

use std::fmt;

use crate::key::KeyAlgorithm;

macro_rules! coded {
    (
        $(#[$docs:meta])* $name:ident: $code:ty, not one of ours: $other:ident;
        $($(#[$variant_docs:meta])* $variant:ident = $letters:literal,)*
    ) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_docs])* $variant,)*
            /// One that a vendor defined: kept, and permitted nothing.
            $other($code),
        }

        impl $name {
            /// Every named one, for tables and tests.
            pub const NAMED: &[Self] = &[$(Self::$variant),*];

            /// The letters of the key block.
            pub const fn code(self) -> $code {
                match self {
                    $(Self::$variant => *$letters,)*
                    Self::$other(code) => code,
                }
            }

            /// The one with these letters, if it is named here.
            const fn named(code: $code) -> Option<Self> {
                match &code {
                    $($letters => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

coded! {
    /// What a key is for (X9.143:2021, table 1).
    KeyUsage: [u8; 2], not one of ours: Proprietary;
    /// Base derivation key of DUKPT.
    DukptBase = b"B0",
    /// Initial key of DUKPT.
    DukptInitial = b"B1",
    /// Base key variant (deprecated).
    BaseVariant = b"B2",
    /// Key derivation key outside X9.24: our terminals' working keys come from one.
    Derivation = b"B3",
    /// Card verification (CVV, CVC).
    CardVerification = b"C0",
    /// Data encryption.
    Data = b"D0",
    /// Asymmetric data encryption.
    AsymmetricData = b"D1",
    /// Data encryption of a decimalization table.
    DecimalizationTable = b"D2",
    /// Data encryption of sensitive data.
    SensitiveData = b"D3",
    /// EMV issuer master key: application cryptograms.
    EmvCryptogram = b"E0",
    /// EMV issuer master key: secure messaging for confidentiality.
    EmvConfidentiality = b"E1",
    /// EMV issuer master key: secure messaging for integrity.
    EmvIntegrity = b"E2",
    /// EMV issuer master key: data authentication code.
    EmvDataAuthentication = b"E3",
    /// EMV issuer master key: dynamic numbers.
    EmvDynamicNumber = b"E4",
    /// EMV issuer master key: card personalization.
    EmvPersonalization = b"E5",
    /// EMV issuer master key: other.
    EmvOther = b"E6",
    /// EMV asymmetric key pair for PIN encryption.
    EmvAsymmetricPin = b"E7",
    /// Initialization vector.
    InitializationVector = b"I0",
    /// Key encryption or wrapping: a terminal master key, a zone master key.
    KeyEncryption = b"K0",
    /// Key block protection.
    KeyBlockProtection = b"K1",
    /// TR-34 asymmetric key.
    Tr34Asymmetric = b"K2",
    /// Asymmetric key for key agreement or wrapping.
    AsymmetricAgreement = b"K3",
    /// Key block protection by ISO 20038.
    Iso20038Protection = b"K4",
    /// MAC: ISO 16609 algorithm 1 with triple DES.
    MacIso16609 = b"M0",
    /// MAC: ISO 9797-1 algorithm 1 (chaining).
    MacAlgorithm1 = b"M1",
    /// MAC: ISO 9797-1 algorithm 2.
    MacAlgorithm2 = b"M2",
    /// MAC: ISO 9797-1 algorithm 3 (retail).
    MacAlgorithm3 = b"M3",
    /// MAC: ISO 9797-1 algorithm 4.
    MacAlgorithm4 = b"M4",
    /// MAC: ISO 9797-1:1999 algorithm 5.
    MacAlgorithm5 = b"M5",
    /// MAC: CMAC (ISO 9797-1:2011 algorithm 5).
    MacCmac = b"M6",
    /// MAC: HMAC.
    MacHmac = b"M7",
    /// MAC: ISO 9797-1:2011 algorithm 6.
    MacAlgorithm6 = b"M8",
    /// PIN encryption.
    PinEncryption = b"P0",
    /// PIN generation.
    PinGeneration = b"P1",
    /// Asymmetric key for signatures.
    Signature = b"S0",
    /// Asymmetric key of a certificate authority.
    CertificateAuthority = b"S1",
    /// Asymmetric key, non X9.24.
    AsymmetricOther = b"S2",
    /// PIN verification: other algorithm.
    PinVerification = b"V0",
    /// PIN verification: IBM 3624.
    PinVerificationIbm3624 = b"V1",
    /// PIN verification: Visa PVV.
    PinVerificationVisa = b"V2",
    /// PIN verification: X9.132 algorithm 1.
    PinVerificationX9132A1 = b"V3",
    /// PIN verification: X9.132 algorithm 2.
    PinVerificationX9132A2 = b"V4",
    /// PIN verification: X9.132 algorithm 3.
    PinVerificationX9132A3 = b"V5",
    /// Keyed hash of card numbers. No standard has letters for it: a number, which the standard leaves to
    /// vendors.
    CardHash = b"10",
    /// UnionPay's MAC between terminal and centre, which is none of ISO's: a vendor's number as well.
    MacUnionPay = b"11",
}

coded! {
    /// What may be done with a key (X9.143:2021, table 3).
    KeyMode: [u8; 1], not one of ours: Proprietary;
    /// Both encrypt and decrypt, wrap and unwrap.
    Both = b"B",
    /// Both generate and verify.
    GenerateAndVerify = b"C",
    /// Decrypt or unwrap only.
    Decrypt = b"D",
    /// Encrypt or wrap only.
    Encrypt = b"E",
    /// Generate only.
    Generate = b"G",
    /// No restriction beyond the usage.
    Unrestricted = b"N",
    /// Sign only.
    Sign = b"S",
    /// Sign and decrypt.
    SignAndDecrypt = b"T",
    /// Verify only.
    Verify = b"V",
    /// Derive other keys.
    Derive = b"X",
    /// Create variants of the key.
    Vary = b"Y",
}

impl KeyUsage {
    /// The usage with these letters or digits; `None` where no key block can have them.
    pub const fn of_code(code: [u8; 2]) -> Option<Self> {
        match Self::named(code) {
            Some(usage) => Some(usage),
            None if code[0].is_ascii_digit() && code[1].is_ascii_digit() => Some(Self::Proprietary(code)),
            None => None,
        }
    }
}

impl KeyMode {
    /// The mode with this letter or digit; `None` where no key block can have it.
    pub const fn of_code(code: u8) -> Option<Self> {
        match Self::named([code]) {
            Some(mode) => Some(mode),
            None if code.is_ascii_digit() => Some(Self::Proprietary([code])),
            None => None,
        }
    }
}

/// Whether a key may leave the HSM (X9.143:2021, table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exportability {
    /// `E`: in a key block only.
    InKeyBlock,
    /// `N`: never.
    Never,
    /// `S`: also under a key encryption key without a block, as terminals are sent their working keys.
    Sensitive,
}

impl Exportability {
    /// The letter of the key block.
    pub const fn code(self) -> u8 {
        match self {
            Self::InKeyBlock => b'E',
            Self::Never => b'N',
            Self::Sensitive => b'S',
        }
    }

    /// The one with this letter.
    pub const fn of_code(code: u8) -> Option<Self> {
        match code {
            b'E' => Some(Self::InKeyBlock),
            b'N' => Some(Self::Never),
            b'S' => Some(Self::Sensitive),
            _ => None,
        }
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyStatus {
    /// In full use.
    Active,
    /// Replaced, but still taken for what was made under it: it checks and decrypts, it makes and encrypts
    /// nothing.
    Overlap,
    /// Its time is over; refused.
    Expired,
    /// Taken out of use by a person; refused.
    Retired,
}

impl KeyStatus {
    /// Every status, for tables and tests.
    pub const ALL: [Self; 4] = [Self::Active, Self::Overlap, Self::Expired, Self::Retired];

    /// The word in a key store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Overlap => "overlap",
            Self::Expired => "expired",
            Self::Retired => "retired",
        }
    }

    /// The status of a word in a key store.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// One thing done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAct {
    /// Encrypt or wrap.
    Encrypt,
    /// Decrypt or unwrap.
    Decrypt,
    /// Make a MAC or a verification value.
    Generate,
    /// Check a MAC, a PIN, a verification value.
    Verify,
    /// Derive other keys from it.
    Derive,
}

impl KeyAct {
    /// Every act, for tables and tests.
    pub const ALL: [Self; 5] = [Self::Encrypt, Self::Decrypt, Self::Generate, Self::Verify, Self::Derive];

    /// Whether the mode permits it.
    pub const fn permitted_by(self, mode: KeyMode) -> bool {
        match mode {
            KeyMode::Unrestricted => true,
            KeyMode::Both => matches!(self, Self::Encrypt | Self::Decrypt),
            KeyMode::GenerateAndVerify => matches!(self, Self::Generate | Self::Verify),
            KeyMode::Decrypt => matches!(self, Self::Decrypt),
            KeyMode::Encrypt => matches!(self, Self::Encrypt),
            KeyMode::Generate => matches!(self, Self::Generate),
            KeyMode::Verify => matches!(self, Self::Verify),
            KeyMode::Derive => matches!(self, Self::Derive),
            KeyMode::Sign | KeyMode::SignAndDecrypt | KeyMode::Vary | KeyMode::Proprietary(_) => false,
        }
    }

    /// Whether it makes something new, which a replaced key must not.
    pub const fn makes(self) -> bool {
        match self {
            Self::Encrypt | Self::Generate => true,
            Self::Decrypt | Self::Verify | Self::Derive => false,
        }
    }
}

/// Everything about a key but the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyAttributes {
    /// What it is for.
    pub usage: KeyUsage,
    /// What it is a key of.
    pub algorithm: KeyAlgorithm,
    /// What may be done with it.
    pub mode: KeyMode,
    /// Whether it may leave.
    pub exportability: Exportability,
    /// Its version, two characters: `00` where none is kept (X9.143:2021, 4.3.5).
    pub version: [u8; 2],
}

impl KeyAttributes {
    /// Attributes of a key without version that never leaves.
    pub const fn new(usage: KeyUsage, algorithm: KeyAlgorithm, mode: KeyMode) -> Self {
        Self { usage, algorithm, mode, exportability: Exportability::Never, version: *b"00" }
    }

    /// The same with another exportability.
    pub const fn exportable(self, exportability: Exportability) -> Self {
        Self { exportability, ..self }
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.code();
        write!(f, "{}{}", char::from(first), char::from(second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_name_one_usage_each() {
        for usage in KeyUsage::NAMED {
            assert_eq!(KeyUsage::of_code(usage.code()), Some(*usage));
        }
        assert_eq!(KeyUsage::of_code(*b"77"), Some(KeyUsage::Proprietary(*b"77")));
        assert_eq!(KeyUsage::of_code(*b"Q0"), None);
        for mode in KeyMode::NAMED {
            assert_eq!(KeyMode::of_code(mode.code()[0]), Some(*mode));
        }
        assert_eq!(KeyMode::of_code(b'Z'), None);
    }
}
