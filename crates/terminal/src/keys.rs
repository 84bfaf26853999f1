//! The terminal's keys and what it does with them: unpacking working keys, MACs, PIN blocks, encrypted tracks.
//!
//! DE62 is opened by this crate's own reading of the specification, not by the one the host seals it with. No message is
//! built here, and no key leaves.

use cardcrypto::cipher::{BlockCipher, Tdes, ecb_decrypt};
use cardcrypto::entropy::{Entropy, EntropyFailed};
use cardcrypto::key::TdesKey;
use cardcrypto::mac::UnionPayEcbMac;
use cardcrypto::pin_block::{PinBlock, PinFormat};
use cardcrypto::track::encrypt_packed;
use cardcrypto::{Pan, Pin};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::fault::PosError;
use crate::settings::{KeySet, PinForm};

/// Bytes of a check value in DE62.
const CHECK_BYTES: usize = 4;

/// The working keys of a day.
#[derive(Clone, Debug)]
pub(crate) struct WorkingKeys {
    pik: TdesKey,
    mak: TdesKey,
    tdk: Option<TdesKey>,
}

impl WorkingKeys {
    /// The keys of DE62 of a sign-in reply: each under the terminal master key (3DES-ECB), each followed by the first
    /// four bytes of its encryption of zeros.
    pub(crate) fn unpack(tmk: &TdesKey, set: KeySet, field: &[u8]) -> Result<Self, PosError> {
        let (width, tracks) = match set {
            KeySet::Single => (8, false),
            KeySet::Double => (16, false),
            KeySet::DoubleWithTrack => (16, true),
        };
        let parts = if tracks { 3 } else { 2 };
        if field.len() != parts * (width + CHECK_BYTES) {
            return Err(PosError::KeysLength);
        }
        let tmk = Tdes::new(tmk);
        let mut chunks = field.chunks_exact(width + CHECK_BYTES);
        let mut next = |name| match chunks.next() {
            Some(chunk) => unwrap_key(&tmk, chunk, name),
            None => Err(PosError::KeysLength),
        };
        let (pik, mak) = (next("PIK")?, next("MAK")?);
        let tdk = if tracks { Some(next("TDK")?) } else { None };
        Ok(Self { pik, mak, tdk })
    }

    /// DE64 over MTI to the field before 64.
    pub(crate) fn mac(&self, data: &[u8]) -> [u8; 8] {
        UnionPayEcbMac::over(&Tdes::new(&self.mak), data).field()
    }

    /// Whether `code` is the MAC of `data`.
    pub(crate) fn mac_holds(&self, data: &[u8], code: &[u8]) -> bool {
        self.mac(data).ct_eq(code).into()
    }

    /// DE52.
    pub(crate) fn pin_block(&self, form: PinForm, pin: &Pin, pan: &Pan) -> [u8; 8] {
        let format = match form {
            PinForm::WithPan => PinFormat::Iso0,
            PinForm::WithoutPan => PinFormat::UnionPayNoPan,
        };
        let block = PinBlock::encode(format, pin, pan, &NoFill).expect("these formats have no random fill");
        Tdes::new(&self.pik).encrypt(*block.expose())
    }

    /// Whether the PIN key is of single length.
    pub(crate) fn pin_key_is_single(&self) -> bool {
        self.pik.expose().len() == 8
    }

    /// Encrypts packed track data in place (Q/CUP 009.1); a track too short for it stays as it is.
    pub(crate) fn encrypt_track(&self, packed: &mut [u8]) -> Result<(), PosError> {
        let tdk = self.tdk.as_ref().ok_or(PosError::NoTrackKey)?;
        // Nothing but a too short track is refused.
        encrypt_packed(&Tdes::new(tdk), packed).or(Ok(()))
    }
}

/// One key and its check value. A field of 16 bytes that ends in eight zero bytes holds a key of 8.
fn unwrap_key(tmk: &Tdes, chunk: &[u8], name: &'static str) -> Result<TdesKey, PosError> {
    let (wrapped, check) = chunk.split_at(chunk.len() - CHECK_BYTES);
    let wrapped = match wrapped.split_at_checked(8) {
        Some((key, zeros)) if zeros.iter().all(|byte| *byte == 0) => key,
        Some(_) | None => wrapped,
    };
    let mut clear = Zeroizing::new(wrapped.to_vec());
    ecb_decrypt(tmk, &mut clear).map_err(|_| PosError::KeysLength)?;
    let key = TdesKey::new(&clear).map_err(|_| PosError::KeysLength)?;
    let zeros = Tdes::new(&key).encrypt([0; 8]);
    if zeros[..CHECK_BYTES].ct_eq(check).into() { Ok(key) } else { Err(PosError::KeyCheck(name)) }
}

/// The formats of this terminal are filled with `F`; whoever asks for dice is refused.
struct NoFill;

impl Entropy for NoFill {
    fn fill(&self, _out: &mut [u8]) -> Result<(), EntropyFailed> {
        Err(EntropyFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    const TMK: &str = "C4F6E5A15B356D435BBC61E2ACFF6A42";
    const PIK: &str = "17ABC6704D3F6EE4D428292FD3334F0D08D7B4FB";
    const MAK: &str = "742558EC8FA12F8400000000000000005212F4C1";
    const TDK: &str = "FA33574C78E9138317B5EA57E3678584EB7A8DF9";

    fn unpack(set: KeySet, field: &str) -> Result<WorkingKeys, PosError> {
        WorkingKeys::unpack(&TdesKey::new(&bytes(TMK)).unwrap(), set, &bytes(field))
    }

    /// The layout of 60.3 = 004, with clear keys PIK 0123..3210, MAK 5CBE.., TDK 89AB.. (computed twice, independently).
    #[test]
    fn working_keys_are_taken_with_their_check_values() {
        let keys = unpack(KeySet::DoubleWithTrack, &format!("{PIK}{MAK}{TDK}")).unwrap();
        assert_eq!(keys.pik.expose(), bytes("0123456789ABCDEFFEDCBA9876543210"));
        assert_eq!(keys.mak.expose(), bytes("5CBE7E38A146FD5C"));
        assert_eq!(keys.tdk.unwrap().expose(), bytes("89ABCDEF0123456776543210FEDCBA98"));
        assert!(unpack(KeySet::Double, &format!("{PIK}{MAK}")).unwrap().tdk.is_none());

        let refused = |set, field: &str| unpack(set, field).err();
        assert_eq!(refused(KeySet::Double, &format!("{PIK}{MAK}{TDK}")), Some(PosError::KeysLength));
        assert_eq!(refused(KeySet::Single, ""), Some(PosError::KeysLength));
        assert_eq!(
            refused(KeySet::Double, &format!("{MAK}{}", &PIK.replace("B4FB", "B4FC"))),
            Some(PosError::KeyCheck("MAK"))
        );
        assert_eq!(
            refused(KeySet::Double, &format!("{}{MAK}", PIK.replace("17AB", "17AC"))),
            Some(PosError::KeyCheck("PIK"))
        );
    }

    /// Chinese terminals' rule, two tracks (computed).
    #[test]
    fn tracks_are_encrypted_in_their_tail() {
        let keys = unpack(KeySet::DoubleWithTrack, &format!("{PIK}{MAK}{TDK}")).unwrap();
        let check = |clear: &str, hidden: &str| {
            let mut packed = bytes(&format!("{clear}0"));
            keys.encrypt_track(&mut packed).unwrap();
            assert_eq!(packed, bytes(hidden));
        };
        check("6225880212345675D30122010000012300000", "6225880212345675D30131478A6EBB0E28E700");
        check("6228480402564890018D29121200000000000", "6228480402564890018DCBE60354688DA4A300");
        keys.encrypt_track(&mut [0; 8]).unwrap();
        keys.encrypt_track(&mut []).unwrap();
    }
}
