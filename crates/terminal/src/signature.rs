//! The holder's electronic signature under a sale: its queue, its parts, the slip it is written under.
//!
//! The image is bytes as given. Field terminals compress 128 x 64 or 320 x 210 pixels by JBIG1; no coder for it lives
//! here, nor does anything that draws.

use iso8583::tlv::{self, Tag};

use crate::batch::LogEntry;
use crate::fault::PosError;
use crate::kernel::packed;
use crate::settings::PosSettings;

/// The largest image: nine parts (801 to 809) of what DE62 holds.
pub const SIGNATURE_BYTES_MAX: usize = PARTS_MAX * PART_BYTES_MAX;
/// Most bytes of one part (DE62, LLL).
const PART_BYTES_MAX: usize = 999;
/// 801 to 809.
const PARTS_MAX: usize = 9;
/// After so many tries the slip is printed on paper instead.
pub(crate) const SIGNATURE_TRIES_MAX: u8 = 3;

/// In how many messages an image travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// In one (60.3 = 800).
    One,
    /// In parts of at most so many bytes (60.3 = 801, then 802 to 809).
    Of(usize),
}

/// A signature that waits to be sent.
#[derive(Clone, Debug)]
pub(crate) struct WaitingSignature {
    pub(crate) stan: u32,
    image: Vec<u8>,
    part_bytes: usize,
    whole: bool,
    sent: usize,
    pub(crate) tries: u8,
}

impl WaitingSignature {
    pub(crate) fn new(stan: u32, image: &[u8], parts: Parts) -> Result<Self, PosError> {
        let part_bytes = match parts {
            Parts::One => PART_BYTES_MAX,
            Parts::Of(bytes) => bytes.min(PART_BYTES_MAX),
        };
        if image.is_empty() || part_bytes == 0 || image.len().div_ceil(part_bytes) > PARTS_MAX {
            return Err(PosError::SignatureSize);
        }
        let whole = parts == Parts::One;
        if whole && image.len() > PART_BYTES_MAX {
            return Err(PosError::SignatureSize);
        }
        Ok(Self { stan, image: image.to_vec(), part_bytes, whole, sent: 0, tries: 0 })
    }

    /// DE60.3 and DE62 of the next message.
    pub(crate) fn part(&self) -> (String, &[u8]) {
        let start = self.sent * self.part_bytes;
        let end = (start + self.part_bytes).min(self.image.len());
        let code = if self.whole { 800 } else { 801 + self.sent };
        (code.to_string(), &self.image[start..end])
    }

    /// The part in hand was accepted; whether that was the last.
    pub(crate) fn accepted(&mut self) -> bool {
        self.sent += 1;
        self.tries = 0;
        self.sent * self.part_bytes >= self.image.len()
    }
}

/// DE55 of a signature: the slip's data under two-byte tags FFxx, which are primitive although the constructed bit is
/// set.
pub(crate) fn slip_data(settings: &PosSettings, entry: &LogEntry) -> Vec<u8> {
    let mut data = Vec::new();
    let mut put = |tag: u32, value: &[u8]| {
        if !value.is_empty() {
            tlv::write(Tag(tag), value, &mut data);
        }
    };
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    let (issuer, acquirer) =
        entry.institutions.as_deref().and_then(|text| text.split_at_checked(11)).unwrap_or_default();
    let full = entry.at.full();
    put(0xFF00, &gbk(&settings.merchant_name));
    put(0xFF01, &gbk(entry.kind.zh()));
    put(0xFF02, &packed(&settings.operator));
    put(0xFF03, &gbk(acquirer.trim()));
    put(0xFF04, &gbk(issuer.trim()));
    put(0xFF05, &packed(&entry.expiry));
    put(0xFF06, &packed(&format!("{}{}{}", &full[..4], entry.date, entry.time)));
    put(0xFF07, entry.approval.as_deref().unwrap_or_default().as_bytes());
    put(0xFF09, entry.organisation.as_deref().unwrap_or_default().as_bytes());
    put(0xFF0A, &packed(&settings.currency));
    if let Some(chip) = &entry.chip_data {
        let chip = tlv::Tlv::new(chip, tlv::PrivateTags::Primitive);
        for (slip, tag) in [
            (0xFF22, 0x84),
            (0xFF23, 0x9F26),
            (0xFF26, 0x9F37),
            (0xFF27, 0x82),
            (0xFF28, 0x95),
            (0xFF2A, 0x9F36),
            (0xFF2B, 0x9F10),
        ] {
            put(slip, chip.find(Tag(tag)).unwrap_or_default());
        }
        put(0xFF2F, &packed(&format!("{:02}", entry.sequence)));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_travel_whole_or_in_parts() {
        let mut signature = WaitingSignature::new(7, &[1, 2, 3, 4, 5], Parts::Of(2)).unwrap();
        assert_eq!(signature.part(), ("801".to_owned(), &[1u8, 2][..]));
        assert!(!signature.accepted());
        assert_eq!(signature.part(), ("802".to_owned(), &[3u8, 4][..]));
        assert!(!signature.accepted());
        assert_eq!(signature.part(), ("803".to_owned(), &[5u8][..]));
        assert!(signature.accepted());
        assert_eq!(WaitingSignature::new(7, &[9; 999], Parts::One).unwrap().part().0, "800");
        for (bytes, parts) in [
            (0, Parts::One),
            (1000, Parts::One),
            (10, Parts::Of(1)),
            (5, Parts::Of(0)),
            (8992, Parts::Of(5000)),
        ] {
            assert_eq!(
                WaitingSignature::new(7, &vec![9; bytes], parts).err(),
                Some(PosError::SignatureSize),
                "{bytes}"
            );
        }
    }
}
