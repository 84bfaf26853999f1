//! Electronic signatures on their way in: parts put together.
//!
//! The image itself is not looked at: it is kept elsewhere under the hash of its bytes.

use crate::settings::SignatureLimits;
use machine::ids::{Acceptor, CardId};
use machine::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// Which signature: the sale's terminal, batch and STAN.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct UploadKey {
    pub acceptor: Acceptor,
    pub batch: u32,
    pub stan: u32,
}

/// What the first part says of the sale; later parts need not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SaleNamed {
    pub rrn: u64,
    pub amount: i64,
    pub card: Option<CardId>,
}

/// What a part says of those that follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Following {
    /// More follow.
    Some,
    /// This is the last.
    None,
    /// Nothing is said: the last is the one that is shorter than the first, or that nothing follows.
    Unsaid,
}

/// An upload under way.
struct Upload {
    sale: SaleNamed,
    image: Vec<u8>,
    /// Bytes of the first part.
    first: usize,
    /// Whether its parts say what follows.
    said: bool,
    /// The number of the last part taken, from 1.
    part: u8,
    heard: Timestamp,
    /// Its length before the last part, so that a part sent again takes the place of itself.
    before: usize,
}

/// What became of a part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Kept; more follow.
    More,
    /// The image is whole.
    Whole(SaleNamed, Vec<u8>),
    /// It does not follow on the parts before, or the first never came.
    OutOfOrder,
    /// The image is longer than any, or too many are under way.
    TooMuch,
}

/// Uploads under way, bounded in number, bytes and age.
pub(crate) struct Uploads {
    limits: SignatureLimits,
    under_way: BTreeMap<UploadKey, Upload>,
    /// In the order they began, to find the oldest; may name uploads that have ended.
    begun: VecDeque<UploadKey>,
    bytes: usize,
    /// Dropped unfinished so far.
    pub dropped: u64,
}

impl Uploads {
    pub fn new(limits: SignatureLimits) -> Uploads {
        Uploads { limits, under_way: BTreeMap::new(), begun: VecDeque::new(), bytes: 0, dropped: 0 }
    }

    /// Takes part number `part`, from 1 on. The first says which sale; a part sent again replaces itself.
    pub fn take(
        &mut self,
        key: UploadKey,
        sale: Option<SaleNamed>,
        (part, following): (u8, Following),
        bytes: &[u8],
        now: Timestamp,
    ) -> Part {
        if bytes.is_empty() || bytes.len() > self.limits.image_bytes_max {
            return Part::TooMuch;
        }
        if part == 1 {
            let Some(sale) = sale else { return Part::OutOfOrder };
            self.forget(key);
            if following == Following::None {
                return Part::Whole(sale, bytes.to_vec());
            }
            self.make_room(bytes.len());
            let (image, first, said) = (bytes.to_vec(), bytes.len(), following == Following::Some);
            self.bytes += image.len();
            self.under_way.insert(key, Upload { sale, image, first, said, part: 1, heard: now, before: 0 });
            self.begun.push_back(key);
            return Part::More;
        }
        let Some(upload) = self.under_way.get_mut(&key) else { return Part::OutOfOrder };
        if part == upload.part {
            self.bytes -= upload.image.len() - upload.before;
            upload.image.truncate(upload.before);
        } else if part != upload.part + 1 {
            return Part::OutOfOrder;
        }
        if upload.image.len() + bytes.len() > self.limits.image_bytes_max {
            self.forget(key);
            self.dropped += 1;
            return Part::TooMuch;
        }
        upload.before = upload.image.len();
        upload.part = part;
        upload.heard = now;
        upload.image.extend_from_slice(bytes);
        self.bytes += bytes.len();
        let last = match following {
            Following::None => true,
            Following::Some => false,
            Following::Unsaid => bytes.len() < upload.first,
        };
        if !last {
            return Part::More;
        }
        match self.forget(key) {
            Some(upload) => Part::Whole(upload.sale, upload.image),
            None => Part::OutOfOrder,
        }
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Ends those whose next part did not come in time. Handed out are those that may well be whole; the others
    /// are dropped.
    pub fn expire(&mut self, now: Timestamp) -> Vec<(UploadKey, SaleNamed, Vec<u8>)> {
        let part_ms = self.limits.part_ms;
        let quiet =
            |(key, upload): (&UploadKey, &Upload)| (now.since(upload.heard) > part_ms).then_some(*key);
        let quiet: Vec<UploadKey> = self.under_way.iter().filter_map(quiet).collect();
        let mut whole = Vec::new();
        for key in quiet {
            match self.forget(key) {
                Some(upload) if !upload.said => whole.push((key, upload.sale, upload.image)),
                Some(_) | None => self.dropped += 1,
            }
        }
        whole
    }

    fn forget(&mut self, key: UploadKey) -> Option<Upload> {
        let gone = self.under_way.remove(&key);
        self.bytes -= gone.as_ref().map_or(0, |upload| upload.image.len());
        self.begun.retain(|begun| *begun != key);
        gone
    }

    /// Makes room for one more: the oldest give way.
    fn make_room(&mut self, bytes: usize) {
        while self.under_way.len() >= self.limits.uploads_max || self.bytes + bytes > self.limits.bytes_max {
            let Some(oldest) = self.begun.front().copied() else { return };
            self.forget(oldest);
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine::ids::{MerchantId, TerminalId};

    fn key(stan: u32) -> UploadKey {
        let acceptor = Acceptor { merchant: MerchantId([b'1'; 15]), terminal: TerminalId([b'2'; 8]) };
        UploadKey { acceptor, batch: 1, stan }
    }

    const SALE: SaleNamed = SaleNamed { rrn: 7, amount: 100, card: None };

    #[test]
    fn parts_make_an_image() {
        let (more, last) = (Following::Some, Following::None);
        let mut uploads = Uploads::new(SignatureLimits::DEFAULT);
        let now = Timestamp(0);
        assert_eq!(uploads.take(key(1), Some(SALE), (1, more), b"ab", now), Part::More);
        assert_eq!(uploads.take(key(2), Some(SALE), (1, more), b"xx", now), Part::More);
        assert_eq!(uploads.take(key(1), None, (2, more), b"cd", now), Part::More);
        assert_eq!(uploads.take(key(1), None, (2, more), b"CD", now), Part::More, "sent again");
        assert_eq!(uploads.take(key(1), None, (4, more), b"no", now), Part::OutOfOrder);
        assert_eq!(uploads.take(key(1), None, (3, last), b"ef", now), Part::Whole(SALE, b"abCDef".to_vec()));
        assert_eq!(uploads.take(key(1), None, (3, last), b"ef", now), Part::OutOfOrder);
        assert_eq!(uploads.bytes, 2);
    }

    #[test]
    fn uploads_are_bounded() {
        let limits = SignatureLimits { image_bytes_max: 10, uploads_max: 3, bytes_max: 20, part_ms: 100 };
        let mut uploads = Uploads::new(limits);
        for stan in 0..100 {
            assert_eq!(
                uploads.take(key(stan), Some(SALE), (1, Following::Some), &[7; 8], Timestamp(0)),
                Part::More
            );
            assert!(uploads.under_way.len() <= 2 && uploads.bytes <= 20 && uploads.begun.len() <= 2);
        }
        assert_eq!(uploads.dropped, 98);
        assert_eq!(uploads.take(key(99), None, (2, Following::None), &[7; 8], Timestamp(0)), Part::TooMuch);
        assert_eq!(
            uploads.take(key(1), Some(SALE), (1, Following::None), &[7; 11], Timestamp(0)),
            Part::TooMuch
        );
        assert!(uploads.expire(Timestamp(100)).is_empty() && !uploads.is_empty());
        assert!(uploads.expire(Timestamp(101)).is_empty(), "parts were said to follow");
        assert!(uploads.is_empty() && uploads.bytes == 0 && uploads.begun.is_empty());
    }

    #[test]
    fn parts_that_say_nothing_end_with_a_short_one_or_with_silence() {
        let mut uploads = Uploads::new(SignatureLimits::DEFAULT);
        let (unsaid, now) = (Following::Unsaid, Timestamp(0));
        assert_eq!(uploads.take(key(1), Some(SALE), (1, unsaid), b"abc", now), Part::More);
        assert_eq!(uploads.take(key(1), Some(SALE), (2, unsaid), b"def", now), Part::More);
        assert_eq!(
            uploads.take(key(1), None, (3, unsaid), b"g", now),
            Part::Whole(SALE, b"abcdefg".to_vec())
        );
        assert_eq!(uploads.take(key(2), Some(SALE), (1, unsaid), b"abc", now), Part::More);
        assert_eq!(uploads.take(key(2), Some(SALE), (2, unsaid), b"def", now), Part::More);
        let quiet = now.plus(SignatureLimits::DEFAULT.part_ms + 1);
        assert_eq!(uploads.expire(quiet), [(key(2), SALE, b"abcdef".to_vec())]);
        assert_eq!((uploads.is_empty(), uploads.bytes, uploads.dropped), (true, 0, 0));
    }
}
