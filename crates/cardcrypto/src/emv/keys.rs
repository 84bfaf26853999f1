//! A card's keys from the issuer's, and a transaction's from the card's.
//!
//! What the keys then compute is next door.

use zeroize::Zeroizing;

use super::EmvError;
use crate::cipher::{BlockCipher, Sm4, Tdes, xor};
use crate::key::{Sm4Key, TdesKey, adjust_parity};
use crate::pan::Pan;
use crate::pin_verification::decimalize;

use sha1::{Digest, Sha1};

/// How a card's master key comes from the issuer's (EMV Book 2, A1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MasterKeyOption {
    /// The last sixteen digits of card number and sequence.
    A,
    /// For numbers of more than sixteen digits a decimalized hash of them; else as A.
    B,
}

/// The number that tells cards of one account apart (tag 5F34): 0 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CardSequence(u8);

impl CardSequence {
    /// The sequence number, 0 to 99.
    ///
    /// # Errors
    /// [`EmvError::Sequence`].
    pub const fn new(number: u8) -> Result<Self, EmvError> {
        if number > 99 { Err(EmvError::Sequence) } else { Ok(Self(number)) }
    }

    /// The number.
    #[cfg(feature = "payshield")]
    pub(crate) const fn number(self) -> u8 {
        self.0
    }
}

/// The eight bytes that stand for a card when its keys are derived.
fn diversifier(option: MasterKeyOption, pan: &Pan, sequence: CardSequence) -> Zeroizing<[u8; 8]> {
    let account = pan.ascii();
    let mut digits = Zeroizing::new([0_u8; 22]);
    let tail = [sequence.0 / 10, sequence.0 % 10];
    // Right aligned, so that what is missing on the left is zeros.
    let values = account.iter().map(|digit| digit - b'0').chain(tail);
    let count = account.len() + 2;
    for (to, from) in digits[22 - count..].iter_mut().zip(values) {
        *to = from;
    }
    let mut packed = Zeroizing::new([0_u8; 11]);
    for (to, pair) in packed.iter_mut().zip(digits.chunks_exact(2)) {
        *to = pair[0] << 4 | pair[1];
    }
    let mut out = Zeroizing::new([0; 8]);
    if option == MasterKeyOption::B && account.len() > 16 {
        let hashed = Sha1::digest(&packed[11 - count.div_ceil(2)..]);
        let found = decimalize::<16>(&hashed);
        for (to, pair) in out.iter_mut().zip(found.chunks_exact(2)) {
            *to = pair[0] << 4 | pair[1];
        }
    } else {
        out.copy_from_slice(&packed[3..]);
    }
    out
}

fn complement(block: &[u8; 8]) -> [u8; 8] {
    block.map(|byte| !byte)
}

fn double(first: [u8; 8], second: [u8; 8]) -> TdesKey {
    let mut bytes = Zeroizing::new([0; 16]);
    bytes[..8].copy_from_slice(&first);
    bytes[8..].copy_from_slice(&second);
    TdesKey::new(&*bytes).expect("sixteen bytes are a key of double length")
}

fn odd(first: [u8; 8], second: [u8; 8]) -> TdesKey {
    let (mut first, mut second) = (first, second);
    adjust_parity(&mut first);
    adjust_parity(&mut second);
    double(first, second)
}

/// A card's master key from the issuer's, with odd parity (EMV Book 2, A1.4.1 and A1.4.2).
pub fn card_master_key(issuer: &Tdes, option: MasterKeyOption, pan: &Pan, sequence: CardSequence) -> TdesKey {
    let card = diversifier(option, pan, sequence);
    odd(issuer.encrypt(*card), issuer.encrypt(complement(&card)))
}

/// A card's SM4 master key from the issuer's (JR/T 0025.17): the diversifier and its complement as one block.
/// Unverified.
pub fn card_master_key_sm4(
    issuer: &Sm4,
    option: MasterKeyOption,
    pan: &Pan,
    sequence: CardSequence,
) -> Sm4Key {
    let card = diversifier(option, pan, sequence);
    let mut block = Zeroizing::new([0; 16]);
    block[..8].copy_from_slice(&*card);
    block[8..].copy_from_slice(&complement(&card));
    Sm4Key::new(&issuer.encrypt(*block)).expect("a block of SM4 is a key of SM4")
}

/// EMV's common session key (EMV Book 2, A1.3.1), with odd parity. `diversification` is counter and six zero
/// bytes for cryptograms, counter, two zero bytes and unpredictable number in Mastercard's older way, the
/// cryptogram for scripts.
pub fn common_session_key(master: &Tdes, diversification: [u8; 8]) -> TdesKey {
    let with = |marker| {
        let mut block = diversification;
        block[2] = marker;
        master.encrypt(block)
    };
    odd(with(0xF0), with(0x0F))
}

/// What [`common_session_key`] takes for a cryptogram.
pub const fn by_counter(atc: [u8; 2]) -> [u8; 8] {
    [atc[0], atc[1], 0, 0, 0, 0, 0, 0]
}

/// What [`common_session_key`] takes in Mastercard's older way (M/Chip SKD).
pub const fn by_counter_and_number(atc: [u8; 2], unpredictable: [u8; 4]) -> [u8; 8] {
    let [a, b, c, d] = unpredictable;
    [atc[0], atc[1], 0, 0, a, b, c, d]
}

/// Visa's key for scripts: counter and its complement folded into the halves of the card's key, with odd
/// parity.
///
/// # Errors
/// [`EmvError::Key`] for a key of another than double length.
pub fn visa_script_key(master: &TdesKey, atc: [u8; 2]) -> Result<TdesKey, EmvError> {
    let (first, second) = halves(master)?;
    let counter = [0, 0, 0, 0, 0, 0, atc[0], atc[1]];
    let opposite = [0, 0, 0, 0, 0, 0, !atc[0], !atc[1]];
    Ok(odd(xor(first, &counter), xor(second, &opposite)))
}

/// PBOC's session key (PBOC 3.0 part 7): counter and its complement, each behind six zero bytes, encrypted.
/// Parity is left as it comes.
pub fn pboc_session_key(master: &Tdes, atc: [u8; 2]) -> TdesKey {
    double(
        master.encrypt([0, 0, 0, 0, 0, 0, atc[0], atc[1]]),
        master.encrypt([0, 0, 0, 0, 0, 0, !atc[0], !atc[1]]),
    )
}

/// PBOC's session key with SM4 (JR/T 0025.17): both as one block. Unverified.
pub fn pboc_session_key_sm4(master: &Sm4, atc: [u8; 2]) -> Sm4Key {
    let block = [0, 0, 0, 0, 0, 0, atc[0], atc[1], 0, 0, 0, 0, 0, 0, !atc[0], !atc[1]];
    Sm4Key::new(&master.encrypt(block)).expect("a block of SM4 is a key of SM4")
}

fn halves(key: &TdesKey) -> Result<([u8; 8], [u8; 8]), EmvError> {
    let bytes: &[u8; 16] = key.expose().try_into().map_err(|_| EmvError::Key)?;
    let (mut first, mut second) = ([0; 8], [0; 8]);
    first.copy_from_slice(&bytes[..8]);
    second.copy_from_slice(&bytes[8..]);
    Ok((first, second))
}

/// How high the tree of [`tree_session_key`] is, and how many children each key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Eight levels of four.
    HeightEight,
    /// Sixteen levels of two.
    HeightSixteen,
}

/// The session key of EMV 2000's tree (EMV 4.1 Book 2, A1.3), which old cards still use; initialization
/// vector zero, odd parity.
///
/// # Errors
/// [`EmvError::Key`] for a key of another than double length.
pub fn tree_session_key(master: &TdesKey, atc: [u8; 2], tree: Tree) -> Result<TdesKey, EmvError> {
    let (height, branches_log2) = match tree {
        Tree::HeightEight => (8, 2),
        Tree::HeightSixteen => (16, 1),
    };
    let branches = (1_u32 << branches_log2) - 1;
    let counter = u32::from(u16::from_be_bytes(atc));
    let (first, second) = halves(master)?;
    // What a key is derived from: its parent encrypts its grandparent.
    let mut grandparent = [[0; 8], [0; 8]];
    let mut parent = [first, second];
    for level in 1..=height {
        let branch = (counter >> (branches_log2 * (height - level)) & branches) as u8;
        let cipher = Tdes::new(&double(parent[0], parent[1]));
        let child = [
            cipher.encrypt(xor(grandparent[0], &[0, 0, 0, 0, 0, 0, 0, branch])),
            cipher.encrypt(xor(grandparent[1], &[0, 0, 0, 0, 0, 0, 0, branch ^ 0xF0])),
        ];
        if level == height {
            return Ok(odd(xor(child[0], &grandparent[0]), xor(child[1], &grandparent[1])));
        }
        grandparent = parent;
        parent = child;
    }
    Err(EmvError::Key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hexadecimal::{decode, encode};

    fn key(text: &str) -> TdesKey {
        TdesKey::new(&decode(text.as_bytes()).unwrap()).unwrap()
    }

    fn master(option: MasterKeyOption, pan: &str, sequence: u8) -> String {
        let issuer = Tdes::new(&key("0123456789ABCDEFFEDCBA9876543210"));
        let sequence = CardSequence::new(sequence).unwrap();
        encode(card_master_key(&issuer, option, &Pan::parse(pan).unwrap(), sequence).expose())
    }

    /// Values of a hardware module and of pyemv.
    #[test]
    fn card_keys_are_as_published() {
        use MasterKeyOption::{A, B};
        assert_eq!(master(A, "1234567890123456", 0), "154F349D8585CB7F6B0798E9839B10C1");
        assert_eq!(master(B, "1234567890123456", 0), "154F349D8585CB7F6B0798E9839B10C1");
        assert_eq!(master(A, "12345678901234567", 45), "946DC1A8C78A624519BC4645CB073737");
        assert_eq!(master(B, "12345678901234567", 45), "F767ECC2263B2C543775CB62AB6B57D6");
        assert!(CardSequence::new(100).is_err());
    }

    #[test]
    fn session_keys_are_as_published() {
        let card = key("7557B904161689EF2562866EC7B991B5");
        let cipher = Tdes::new(&card);
        let shown = |key: TdesKey| encode(key.expose());
        assert_eq!(
            shown(common_session_key(&cipher, by_counter([0, 0xFF]))),
            "C25EDC98BF38372A025192DF0DDF760B"
        );
        assert_eq!(shown(visa_script_key(&card, [0, 0xFF]).unwrap()), "7557B904161689102562866EC7B96EB5");
        assert_eq!(
            shown(tree_session_key(&card, [0, 0xFF], Tree::HeightEight).unwrap()),
            "169DF280E38C830B705B57EACDE304FE"
        );
        assert_eq!(shown(pboc_session_key(&cipher, [0, 1])), "61EC7D564C0EAB00E66EBF174B7C9FBA");
        assert_eq!(visa_script_key(&key("0123456789ABCDEF"), [0, 1]), Err(EmvError::Key));
    }
}
