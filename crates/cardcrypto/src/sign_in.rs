//! The working keys in field 62 of a UnionPay terminal's sign-in (Q/CUP 009.1).
//!
//! Which keys a terminal has is the host's to know; here their field is laid out, taken apart and, for
//! whoever plays a terminal, opened.

use std::fmt;

use crate::cipher::{BlockCipher, ecb_decrypt};
use crate::key::{CheckValue, Key, KeyAlgorithm};
use zeroize::Zeroizing;

/// Bytes of a key's check value in the field.
const CHECK_BYTES: usize = 4;

/// What a working key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkingKeyRole {
    /// PIN encryption (PIK).
    Pin,
    /// Message authentication (MAK).
    Mac,
    /// Track encryption (TDK).
    Track,
}

/// How field 62 is laid out, by the network code of field 60.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignInLayout {
    /// `001`: PIN and MAC key of 8 bytes.
    Single,
    /// `003`: PIN and MAC key of 16 bytes; a MAC key of 8 is followed by 8 zero bytes.
    Double,
    /// `004`: as `003`, and a track key.
    DoubleWithTrack,
    /// `005`: PIN and MAC key of SM4 (varies by acquirer).
    Sm4,
    /// `006`: as `005`, and a track key (varies by acquirer).
    Sm4WithTrack,
}

/// Why a field 62 is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// Not as many bytes as the layout has.
    Length,
    /// A key is not as long as its place.
    Key,
    /// A key's check value is another: wrong master key, or something was changed.
    CheckValue,
}

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SignInError::Length => "not as many bytes as the layout has",
            SignInError::Key => "the key is not as long as its place",
            SignInError::CheckValue => "the key's check value is another",
        })
    }
}

impl std::error::Error for SignInError {}

/// One key of the field, still encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedKey<'a> {
    /// What it is for.
    pub role: WorkingKeyRole,
    /// The key under the terminal's master key, 8 or 16 bytes.
    pub cryptogram: &'a [u8],
    /// Its check value.
    pub check_value: [u8; CHECK_BYTES],
}

impl SignInLayout {
    /// The layout of a network code.
    pub fn of_network_code(code: &str) -> Option<Self> {
        match code {
            "001" => Some(Self::Single),
            "003" => Some(Self::Double),
            "004" => Some(Self::DoubleWithTrack),
            "005" => Some(Self::Sm4),
            "006" => Some(Self::Sm4WithTrack),
            _ => None,
        }
    }

    /// The keys in their order.
    pub const fn roles(self) -> &'static [WorkingKeyRole] {
        use WorkingKeyRole::{Mac, Pin, Track};
        match self {
            Self::Single | Self::Double | Self::Sm4 => &[Pin, Mac],
            Self::DoubleWithTrack | Self::Sm4WithTrack => &[Pin, Mac, Track],
        }
    }

    /// Bytes of each key's place.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Single => 8,
            Self::Double | Self::DoubleWithTrack | Self::Sm4 | Self::Sm4WithTrack => 16,
        }
    }

    /// Bytes of the whole field.
    pub const fn bytes(self) -> usize {
        self.roles().len() * (self.key_bytes() + CHECK_BYTES)
    }

    const fn is_sm4(self) -> bool {
        matches!(self, Self::Sm4 | Self::Sm4WithTrack)
    }

    /// Takes the field apart. A MAC key whose second half is zeros is one of 8 bytes.
    ///
    /// # Errors
    /// [`SignInError::Length`].
    pub fn split(self, field: &[u8]) -> Result<Vec<SealedKey<'_>>, SignInError> {
        if field.len() != self.bytes() {
            return Err(SignInError::Length);
        }
        let places = field.chunks_exact(self.key_bytes() + CHECK_BYTES);
        let keys = self.roles().iter().zip(places).map(|(role, place)| {
            let (key, check) = place.split_at(self.key_bytes());
            let mut check_value = [0; CHECK_BYTES];
            check_value.copy_from_slice(check);
            let short =
                *role == WorkingKeyRole::Mac && !self.is_sm4() && key.len() == 16 && key[8..] == [0; 8];
            let cryptogram = if short { &key[..8] } else { key };
            SealedKey { role: *role, cryptogram, check_value }
        });
        Ok(keys.collect())
    }

    /// Lays the field out from keys in their order: each a cryptogram and its check value, as [`crate::Hsm`]
    /// exports them. A MAC key of 8 bytes is followed by zeros where its place has 16.
    ///
    /// # Errors
    /// [`SignInError::Length`] for more or fewer keys; [`SignInError::Key`].
    pub fn lay_out(self, keys: &[(&[u8], CheckValue)]) -> Result<Vec<u8>, SignInError> {
        if keys.len() != self.roles().len() {
            return Err(SignInError::Length);
        }
        let mut field = Vec::with_capacity(self.bytes());
        for (role, (cryptogram, check_value)) in self.roles().iter().zip(keys) {
            let short = *role == WorkingKeyRole::Mac && !self.is_sm4() && cryptogram.len() == 8;
            if cryptogram.len() != self.key_bytes() && !short {
                return Err(SignInError::Key);
            }
            field.extend_from_slice(cryptogram);
            field.resize(field.len() + self.key_bytes() - cryptogram.len(), 0);
            field.extend_from_slice(&check_value.bytes()[..CHECK_BYTES]);
        }
        Ok(field)
    }

    /// Opens one key under the terminal's master key and checks its check value, as a terminal does.
    ///
    /// # Errors
    /// [`SignInError::Key`] when it is no whole number of the master key's blocks;
    /// [`SignInError::CheckValue`].
    pub fn open<const N: usize>(
        self,
        master: &impl BlockCipher<N>,
        sealed: &SealedKey<'_>,
    ) -> Result<Key, SignInError> {
        let mut clear = Zeroizing::new(sealed.cryptogram.to_vec());
        ecb_decrypt(master, &mut clear).map_err(|_| SignInError::Key)?;
        let algorithm = match clear.len() {
            16 if self.is_sm4() => KeyAlgorithm::Sm4,
            16 => KeyAlgorithm::TdesDouble,
            _ => KeyAlgorithm::TdesSingle,
        };
        let key = Key::new(algorithm, &clear).map_err(|_| SignInError::Key)?;
        if key.check_value().begins_with(&sealed.check_value) {
            Ok(key)
        } else {
            Err(SignInError::CheckValue)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::Tdes;
    use crate::hexadecimal::{decode, encode};
    use crate::key::TdesKey;

    #[test]
    fn a_field_is_taken_apart_and_laid_out_again() {
        let field = decode(
            b"17ABC6704D3F6EE4D428292FD3334F0D08D7B4FB742558EC8FA12F8400000000000000005212F4C1FA33574C78E9138317B5EA57E36\
              78584EB7A8DF9",
        )
        .unwrap();
        let master = TdesKey::new(&decode(b"C4F6E5A15B356D435BBC61E2ACFF6A42").unwrap()).unwrap();
        let layout = SignInLayout::of_network_code("004").unwrap();
        let sealed = layout.split(&field).unwrap();
        let open = |sealed| layout.open(&Tdes::new(&master), sealed);
        let keys: Vec<Key> = sealed.iter().map(|sealed| open(sealed).unwrap()).collect();
        let shown: Vec<String> = keys.iter().map(|key| encode(key.expose())).collect();
        assert_eq!(
            shown,
            ["0123456789ABCDEFFEDCBA9876543210", "5CBE7E38A146FD5C", "89ABCDEF0123456776543210FEDCBA98"]
        );
        let parts: Vec<_> =
            sealed.iter().zip(&keys).map(|(sealed, key)| (sealed.cryptogram, key.check_value())).collect();
        assert_eq!(layout.lay_out(&parts), Ok(field.clone()));
        assert_eq!(layout.lay_out(&parts[1..]), Err(SignInError::Length));
        assert_eq!(SignInLayout::Double.split(&field), Err(SignInError::Length));
        let wrong = SealedKey { check_value: [0; 4], ..sealed[0] };
        assert_eq!(open(&wrong), Err(SignInError::CheckValue));
        assert_eq!(SignInLayout::of_network_code("002"), None);
        for (layout, bytes) in
            [(SignInLayout::Single, 24), (SignInLayout::Double, 40), (SignInLayout::Sm4, 40)]
        {
            assert_eq!(layout.bytes(), bytes);
        }
    }
}
