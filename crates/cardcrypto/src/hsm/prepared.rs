//! A key made ready: its schedules, and what each cipher can do.
//!
//! Who may use it is asked before, in the slots.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

use super::HsmError;
use super::ask::{DataMode, EncryptedPin, MacAlgorithm, MacCode, PinCipherBlock};
use crate::cipher::{
    Aes, BlockCipher, PartialBlock, Sm4, Tdes, cbc_decrypt, cbc_encrypt, ecb_decrypt, ecb_encrypt,
};
use crate::emv::cryptogram::IssuerKey;
use crate::entropy::Entropy;
use crate::key::Key;
use crate::key_usage::KeyUsage;
use crate::mac::{UnionPayEcbMac, cbc_mac, cmac, retail_mac};
use crate::pan::Pan;
use crate::pin::Pin;
use crate::pin_block::{PinBlock, PinBlockError, PinFormat, decipher_iso4, encipher_iso4};
use crate::token::CardHasher;
use crate::track;

/// A key ready for use.
#[expect(
    clippy::large_enum_variant,
    reason = "DES is the hot path, and each key is boxed with its slot already"
)]
pub(super) enum Prepared {
    Tdes(Tdes),
    Aes(Box<Aes>),
    Sm4(Sm4),
    Hmac(Box<Hmac<Sha256>>),
    Card(Box<CardHasher>),
}

impl Prepared {
    pub(super) fn new(usage: KeyUsage, key: &Key) -> Self {
        match key {
            Key::Tdes(key) => Self::Tdes(Tdes::new(key)),
            Key::Aes(key) => Self::Aes(Box::new(Aes::new(key))),
            Key::Sm4(key) => Self::Sm4(Sm4::new(key)),
            Key::Hmac(key) if usage == KeyUsage::CardHash => Self::Card(Box::new(CardHasher::new(key))),
            Key::Hmac(key) => Self::hmac(key.expose()),
        }
    }

    pub(super) fn hmac(key: &[u8]) -> Self {
        Self::Hmac(Box::new(Hmac::new_from_slice(key).expect("HMAC takes keys of every length")))
    }

    pub(super) fn tdes(&self) -> Result<&Tdes, HsmError> {
        match self {
            Self::Tdes(tdes) => Ok(tdes),
            Self::Aes(_) | Self::Sm4(_) | Self::Hmac(_) | Self::Card(_) => Err(HsmError::WrongAlgorithm),
        }
    }

    /// The issuer's key of chip cards.
    pub(super) fn issuer(&self) -> Result<IssuerKey<'_>, HsmError> {
        match self {
            Self::Tdes(tdes) => Ok(IssuerKey::Tdes(tdes)),
            Self::Sm4(sm4) => Ok(IssuerKey::Sm4(sm4)),
            Self::Aes(_) | Self::Hmac(_) | Self::Card(_) => Err(HsmError::WrongAlgorithm),
        }
    }

    pub(super) fn encrypt_data(&self, mode: DataMode, data: &mut [u8]) -> Result<(), HsmError> {
        match self {
            Self::Tdes(key) => encrypt(key, mode, data),
            Self::Aes(key) => encrypt(&**key, mode, data),
            Self::Sm4(key) => encrypt(key, mode, data),
            Self::Hmac(_) | Self::Card(_) => Err(HsmError::WrongAlgorithm),
        }
    }

    pub(super) fn decrypt_data(&self, mode: DataMode, data: &mut [u8]) -> Result<(), HsmError> {
        match self {
            Self::Tdes(key) => decrypt(key, mode, data),
            Self::Aes(key) => decrypt(&**key, mode, data),
            Self::Sm4(key) => decrypt(key, mode, data),
            Self::Hmac(_) | Self::Card(_) => Err(HsmError::WrongAlgorithm),
        }
    }

    pub(super) fn mac(&self, algorithm: MacAlgorithm, data: &[u8]) -> Result<MacCode, HsmError> {
        Ok(match (algorithm, self) {
            (MacAlgorithm::UnionPayEcb, Self::Tdes(key)) => {
                MacCode::new(&UnionPayEcbMac::over(key, data).field())
            }
            (MacAlgorithm::UnionPayEcb, Self::Sm4(key)) => {
                MacCode::new(&UnionPayEcbMac::over(key, data).field())
            }
            (MacAlgorithm::Retail { padding }, Self::Tdes(key)) => {
                MacCode::new(&retail_mac(key, padding, data))
            }
            (MacAlgorithm::Cbc { padding }, Self::Tdes(key)) => MacCode::new(&cbc_mac(key, padding, data)),
            (MacAlgorithm::Cbc { padding }, Self::Aes(key)) => MacCode::new(&cbc_mac(&**key, padding, data)),
            (MacAlgorithm::Cbc { padding }, Self::Sm4(key)) => MacCode::new(&cbc_mac(key, padding, data)),
            (MacAlgorithm::Cmac, Self::Tdes(key)) => MacCode::new(&cmac(key, &[data])),
            (MacAlgorithm::Cmac, Self::Aes(key)) => MacCode::new(&cmac(&**key, &[data])),
            (MacAlgorithm::Cmac, Self::Sm4(key)) => MacCode::new(&cmac(key, &[data])),
            (MacAlgorithm::HmacSha256, Self::Hmac(key)) => {
                let mut mac = (**key).clone();
                mac.update(data);
                MacCode::new(&mac.finalize().into_bytes())
            }
            (
                MacAlgorithm::UnionPayEcb
                | MacAlgorithm::Retail { .. }
                | MacAlgorithm::Cbc { .. }
                | MacAlgorithm::Cmac
                | MacAlgorithm::HmacSha256,
                Self::Tdes(_) | Self::Aes(_) | Self::Sm4(_) | Self::Hmac(_) | Self::Card(_),
            ) => return Err(HsmError::WrongAlgorithm),
        })
    }

    pub(super) fn open_pin(&self, pin: &EncryptedPin<'_>) -> Result<Pin, HsmError> {
        if pin.block.len() != pin.format.bytes() {
            return Err(PinBlockError::Size.into());
        }
        match (pin.format, self) {
            (PinFormat::Iso4, Self::Aes(key)) => open_iso4(&**key, pin),
            (PinFormat::Iso4, Self::Sm4(key)) => open_iso4(key, pin),
            (format, Self::Tdes(key)) if format.bytes() == 8 => {
                let block: [u8; 8] = pin.block.try_into().map_err(|_| PinBlockError::Size)?;
                Ok(PinBlock::new(key.decrypt(block)).decode(format, pin.pan)?)
            }
            (_, Self::Tdes(_) | Self::Aes(_) | Self::Sm4(_) | Self::Hmac(_) | Self::Card(_)) => {
                Err(PinBlockError::Cipher.into())
            }
        }
    }

    pub(super) fn close_pin(
        &self,
        pin: &Pin,
        pan: &Pan,
        format: PinFormat,
        entropy: &dyn Entropy,
    ) -> Result<PinCipherBlock, HsmError> {
        let mut random = [0; 8];
        match (format, self) {
            (PinFormat::Iso4, Self::Aes(key)) => {
                entropy.fill(&mut random)?;
                Ok(PinCipherBlock::new(&encipher_iso4(&**key, pin, pan, random)))
            }
            (PinFormat::Iso4, Self::Sm4(key)) => {
                entropy.fill(&mut random)?;
                Ok(PinCipherBlock::new(&encipher_iso4(key, pin, pan, random)))
            }
            (format, Self::Tdes(key)) if format.bytes() == 8 => {
                let clear = PinBlock::encode(format, pin, pan, entropy)?;
                Ok(PinCipherBlock::new(&key.encrypt(*clear.expose())))
            }
            (_, Self::Tdes(_) | Self::Aes(_) | Self::Sm4(_) | Self::Hmac(_) | Self::Card(_)) => {
                Err(PinBlockError::Cipher.into())
            }
        }
    }
}

fn open_iso4(key: &impl BlockCipher<16>, pin: &EncryptedPin<'_>) -> Result<Pin, HsmError> {
    let block = pin.block.try_into().map_err(|_| PinBlockError::Size)?;
    Ok(decipher_iso4(key, block, pin.pan)?)
}

const PARTIAL: HsmError = HsmError::Input("the data is not a whole number of blocks");
const SHORT_TRACK: HsmError = HsmError::Input("the packed track is too short to be encrypted");

fn encrypt<const N: usize>(
    key: &impl BlockCipher<N>,
    mode: DataMode,
    data: &mut [u8],
) -> Result<(), HsmError> {
    let partial = |PartialBlock| PARTIAL;
    match mode {
        DataMode::Ecb => ecb_encrypt(key, data).map_err(partial),
        DataMode::Cbc { iv } => cbc_encrypt(key, first(iv), data).map_err(partial),
        DataMode::UnionPayTrack => track::encrypt_packed(key, data).map_err(|_| SHORT_TRACK),
    }
}

fn decrypt<const N: usize>(
    key: &impl BlockCipher<N>,
    mode: DataMode,
    data: &mut [u8],
) -> Result<(), HsmError> {
    let partial = |PartialBlock| PARTIAL;
    match mode {
        DataMode::Ecb => ecb_decrypt(key, data).map_err(partial),
        DataMode::Cbc { iv } => cbc_decrypt(key, first(iv), data).map_err(partial),
        DataMode::UnionPayTrack => track::decrypt_packed(key, data).map_err(|_| SHORT_TRACK),
    }
}

/// As many bytes of an initialization vector as a block has.
fn first<const N: usize>(iv: [u8; 16]) -> [u8; N] {
    std::array::from_fn(|at| iv[at])
}
