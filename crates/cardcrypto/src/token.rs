//! The card number's keyed hash, by which everything behind the gateway knows a card.
//!
//! No unkeyed hash of a card number lives here: nineteen digits are guessed in an afternoon (PCI DSS
//! 3.5.1.1).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

use crate::key::HmacKey;
use crate::pan::Pan;

/// A card's keyed hash: 16 bytes, meaningless without the key, the same for the same card under the same key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardToken(pub [u8; 16]);

impl fmt::Debug for CardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardToken({})", crate::hexadecimal::encode(&self.0))
    }
}

/// Makes card tokens: HMAC-SHA-256 (FIPS 198-1) under a key of its own, cut to 16 bytes.
///
/// HMAC and not a faster hash, because every HSM has it. The key's state is prepared once. For a rotation two
/// hashers live side by side: a card is looked up under the new one, then the old one.
#[derive(Clone)]
pub struct CardHasher {
    prepared: Hmac<Sha256>,
}

impl CardHasher {
    /// The hasher under `key`.
    pub fn new(key: &HmacKey) -> Self {
        let prepared = Hmac::new_from_slice(key.expose()).expect("HMAC takes keys of every length");
        Self { prepared }
    }

    /// The token of a card.
    pub fn token(&self, pan: &Pan) -> CardToken {
        let mut mac = self.prepared.clone();
        mac.update(pan.ascii());
        let code = mac.finalize().into_bytes();
        let mut token = [0; 16];
        token.copy_from_slice(&code[..16]);
        CardToken(token)
    }
}

impl fmt::Debug for CardHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardHasher(prepared)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_depends_on_card_and_key() {
        let hasher = |byte| CardHasher::new(&HmacKey::new(&[byte; 32]).unwrap());
        let pan = |text| Pan::parse(text).unwrap();
        let token = hasher(1).token(&pan("6225880212345675"));
        assert_eq!(token, hasher(1).token(&pan("6225880212345675")));
        assert_ne!(token, hasher(2).token(&pan("6225880212345675")));
        assert_ne!(token, hasher(1).token(&pan("6225880212345676")));
        // Independently: python3 -c 'import
        // hmac;print(hmac.new(b"\1"*32,b"6225880212345675","sha256").hexdigest())'
        assert_eq!(format!("{token:?}"), "CardToken(5FA0DE74F8CE91E3753D9D96B99ABD8B)");
    }
}
