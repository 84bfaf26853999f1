//! The card as a message states it: number, expiry, service code, and how it came in.
//!
//! Whether any of it is true is not known here: see `evidence` and `chip`.

use cardcrypto::{Pan, Track2};
use machine::cause::Cause;
use machine::command::Entry;
use machine::time::Expiry;

/// The card as a message states it.
pub(crate) struct StatedCard {
    pub pan: Pan,
    pub expiry: Option<Expiry>,
    pub track: Option<Track2>,
}

impl StatedCard {
    /// Puts together what a message says of the card: DE2, DE14 and track 2. None where it says no number.
    ///
    /// # Errors
    /// [`Cause::FormatError`] where number or expiry cannot be read, or number and track contradict each other.
    pub fn read(
        number: Option<&str>,
        expiry: Option<&str>,
        track: Option<Track2>,
    ) -> Result<Option<StatedCard>, Cause> {
        let number = number.map(Pan::parse).transpose().map_err(|_| Cause::FormatError)?;
        let pan = match (number, &track) {
            (Some(number), Some(track)) if number != track.pan() => return Err(Cause::FormatError),
            (Some(number), _) => number,
            (None, Some(track)) => track.pan(),
            (None, None) => return Ok(None),
        };
        // The track is nearer to the card than what a person typed.
        let expiry = match (&track, expiry) {
            (Some(track), _) => Some(parse_expiry(track.expiry().digits())?),
            (None, Some(typed)) => Some(parse_expiry(typed.as_bytes())?),
            (None, None) => None,
        };
        Ok(Some(StatedCard { pan, expiry, track }))
    }
}

/// An expiry, YYMM.
fn parse_expiry(yymm: &[u8]) -> Result<Expiry, Cause> {
    let pair = |at: usize| match yymm.get(at..at + 2) {
        Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => Ok((tens - b'0') * 10 + (ones - b'0')),
        Some(_) | None => Err(Cause::FormatError),
    };
    let expiry = Expiry { year: pair(0)?, month: pair(2)? };
    if (1..=12).contains(&expiry.month) { Ok(expiry) } else { Err(Cause::FormatError) }
}

/// How the card came in, by the first two digits of DE22 (ISO 8583:1987 and Q/CUP 006.4). A stripe is a fallback
/// where the card has a chip, by its service code or by what the issuer knows of it.
///
/// # Errors
/// [`Cause::FormatError`] for a mode that is none.
pub(crate) fn entry_of(mode: u8, chip_card: bool) -> Result<Entry, Cause> {
    Ok(match mode {
        // Not stated: nothing speaks for a card being there.
        0 | 1 => Entry::Manual,
        2 | 90 if chip_card => Entry::Fallback,
        2 | 90 => Entry::Stripe,
        3 | 4 => Entry::Code,
        5 | 95 => Entry::Chip,
        // Contactless: chip (07, 98), stripe image (91), phone (96).
        7 | 91 | 96 | 98 => Entry::Contactless,
        // Credentials on file.
        10 => Entry::OnFile,
        80 => Entry::Fallback,
        _ => return Err(Cause::FormatError),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_track_must_agree() {
        let track = || Track2::parse("6225880212345675D3012101").ok();
        let read = |number, expiry, track| {
            StatedCard::read(number, expiry, track).map(|card| card.map(|c| c.expiry))
        };
        let good = Ok(Some(Some(Expiry { year: 30, month: 12 })));
        assert_eq!(read(Some("6225880212345675"), None, track()), good);
        assert_eq!(read(None, Some("2911"), track()), good, "the track is nearer to the card");
        assert_eq!(read(Some("6225880212345676"), None, track()), Err(Cause::FormatError));
        assert_eq!(read(Some("62258802123"), None, None), Err(Cause::FormatError));
        assert_eq!(read(Some("6225880212345675"), Some("3013"), None), Err(Cause::FormatError));
        assert_eq!(read(Some("6225880212345675"), None, None), Ok(Some(None)));
        assert_eq!(read(None, Some("3012"), None), Ok(None));
    }

    #[test]
    fn a_chip_card_by_its_stripe_is_a_fallback() {
        assert_eq!(entry_of(2, false), Ok(Entry::Stripe));
        assert_eq!(entry_of(2, true), Ok(Entry::Fallback));
        assert_eq!(entry_of(5, true), Ok(Entry::Chip));
        assert_eq!(entry_of(7, true), Ok(Entry::Contactless));
        assert_eq!(entry_of(80, false), Ok(Entry::Fallback));
        assert_eq!(entry_of(77, false), Err(Cause::FormatError));
    }
}
