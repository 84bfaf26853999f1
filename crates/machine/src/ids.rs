//! Names of things: accounts, cards, merchants, terminals, transactions, freezes.
//!
//! No card number: a card is the keyed hash the gateway made of it.

use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt;

/// An account, as the issuer numbers it. Shown as `acc_…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct AccountId(pub u64);

/// A card: the keyed hash of its number. Shown as `card_…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct CardId(pub [u8; 16]);

/// A merchant: DE42, 15 characters, padded with spaces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct MerchantId(pub [u8; 15]);

/// A terminal of a merchant: DE41, 8 characters, padded with spaces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct TerminalId(pub [u8; 8]);

/// Where a card is accepted: DE42 and DE41 together, for terminal numbers are unique only within an acquirer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub struct Acceptor {
    /// DE42.
    pub merchant: MerchantId,
    /// DE41.
    pub terminal: TerminalId,
}

/// A transaction, numbered by the machine from 1 on. Shown as `auth_…`; the last twelve digits are the
/// retrieval reference number (DE37).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct TransactionId(pub u64);

/// A freeze, numbered by the machine from 1 on. Shown as `frz_…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct FreezeId(pub u64);

/// Retrieval reference numbers are twelve digits (ISO 8583 DE37).
const RRN_MODULUS: u64 = 1_000_000_000_000;
/// Approval codes are six digits here (ISO 8583 DE38 takes six characters).
const APPROVAL_MODULUS: u64 = 1_000_000;

impl TransactionId {
    /// The retrieval reference number of the answer, DE37: 0 to 999,999,999,999.
    #[must_use]
    pub const fn rrn(self) -> u64 {
        self.0 % RRN_MODULUS
    }

    /// The approval code of an approval, DE38: 0 to 999,999. Follows from the number and runs through all
    /// codes before one comes again (the multiplier is coprime to the modulus), without showing volume.
    #[must_use]
    pub const fn approval(self) -> ApprovalCode {
        ApprovalCode(((self.0 % APPROVAL_MODULUS * 387_420_489 + 271_828) % APPROVAL_MODULUS) as u32)
    }
}

/// The six-digit code of an approval, DE38.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub struct ApprovalCode(pub u32);

impl fmt::Display for ApprovalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// Why a text is not the name of anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAName;

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not an identifier of the expected form")
    }
}

impl std::error::Error for NotAName {}

macro_rules! numbered {
    ($name:ident, $prefix:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = NotAName;
            fn from_str(text: &str) -> Result<Self, NotAName> {
                let digits = text.strip_prefix($prefix).ok_or(NotAName)?;
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(NotAName);
                }
                digits.parse().map($name).map_err(|_| NotAName)
            }
        }
    };
}
numbered!(AccountId, "acc_");
numbered!(TransactionId, "auth_");
numbered!(FreezeId, "frz_");

impl fmt::Display for CardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("card_")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for CardId {
    type Err = NotAName;
    fn from_str(text: &str) -> Result<Self, NotAName> {
        let hex = text.strip_prefix("card_").ok_or(NotAName)?.as_bytes();
        if hex.len() != 32 {
            return Err(NotAName);
        }
        let nibble = |b: u8| (b as char).to_digit(16).ok_or(NotAName);
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = (nibble(pair[0])? * 16 + nibble(pair[1])?) as u8;
        }
        Ok(CardId(id))
    }
}

macro_rules! padded {
    ($name:ident, $width:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = std::str::from_utf8(&self.0).unwrap_or("?");
                f.write_str(text.trim_end())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = NotAName;
            /// Printable ASCII, at most the field's width; shorter is padded with spaces.
            fn from_str(text: &str) -> Result<Self, NotAName> {
                let printable = text.bytes().all(|b| (b' '..=b'~').contains(&b));
                if text.is_empty() || text.len() > $width || !printable {
                    return Err(NotAName);
                }
                let mut id = [b' '; $width];
                id[..text.len()].copy_from_slice(text.as_bytes());
                Ok($name(id))
            }
        }
    };
}
padded!(MerchantId, 15);
padded!(TerminalId, 8);

/// Who asked, under which number: what makes a message the same message again. The class of message is
/// part of it where the trade reuses a number (a reversal shares the trace number of its original).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub enum Origin {
    /// A terminal's own message: DE42, DE41, batch (60.2), STAN (DE11).
    Terminal {
        /// Merchant and terminal.
        acceptor: Acceptor,
        /// Batch number, 0 to 999,999.
        batch: u32,
        /// System trace audit number, 0 to 999,999.
        stan: u32,
    },
    /// A message of another host: what DE90 names.
    Host {
        /// Acquiring institution, DE32: at most eleven digits.
        acquirer: u64,
        /// Forwarding institution, DE33: at most eleven digits; 0 if none.
        forwarder: u64,
        /// STAN, DE11.
        stan: u32,
        /// Transmission date and time, DE7, as the number MMDDhhmmss.
        transmitted: u32,
    },
    /// A request of the API: the hash of caller and idempotency key.
    Api([u8; 16]),
    /// The machine's own, numbered: seeding, sweeps.
    House(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_they_are_written() {
        let card = CardId([0xa5; 16]);
        assert_eq!(card.to_string().parse(), Ok(card));
        assert_eq!("acc_17".parse(), Ok(AccountId(17)));
        assert_eq!("00000001".parse::<TerminalId>().map(|t| t.to_string()), Ok("00000001".to_owned()));
        for bad in ["", "acc_", "acc_-1", "acc_1x", "card_1", "auth_99999999999999999999"] {
            assert!(bad.parse::<AccountId>().is_err() && bad.parse::<TransactionId>().is_err(), "{bad}");
        }
        assert!("1234567890123456".parse::<MerchantId>().is_err(), "sixteen characters");
        assert!("卡".parse::<TerminalId>().is_err());
    }

    #[test]
    fn approval_codes_do_not_repeat_within_a_million() {
        let mut seen = vec![false; 1_000_000];
        for number in 0..1_000_000 {
            let code = TransactionId(number).approval().0 as usize;
            assert!(!std::mem::replace(&mut seen[code], true), "{number}");
        }
    }
}
