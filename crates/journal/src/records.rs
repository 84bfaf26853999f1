//! Reading the records back, one at a time, every one checked again.
//!
//! Reads only, takes no lock, and may be used beside a writer in this process or another.

use crate::block::{Hash, Seq};
use crate::disk::Disk;
use crate::fault::{Fault, ReadError, Why};
use crate::survey::Segment;
use crate::trail::Trail;
use crate::walk::{Frame, segment_name};

/// A record as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place.
    pub seq: Seq,
    /// The epoch it was written in.
    pub epoch: u32,
    /// Its hash, which the next record names.
    pub hash: Hash,
    /// The segment it stands in.
    pub segment: u64,
    /// Where its header stands in that segment's file, bytes.
    pub offset: u64,
    /// What was appended.
    pub body: Vec<u8>,
}

/// The records from one on, in order. Memory is bounded by one record and a read-ahead of 256 KiB. After an
/// error there is nothing more.
pub struct Records<D: Disk> {
    trail: Trail<D>,
    from: Seq,
    /// The last one to hand out: it is durable, so that it must be there.
    until: Option<Seq>,
    done: bool,
}

impl<D: Disk> Records<D> {
    pub(crate) fn begin(
        disk: &D,
        frame: Frame,
        segment: Segment,
        from: Seq,
        until: Option<Seq>,
    ) -> Result<Records<D>, ReadError> {
        Ok(Records { trail: Trail::begin(disk, frame, segment, 0)?, from, until, done: false })
    }

    fn advance(&mut self) -> Result<Option<Record>, ReadError> {
        loop {
            let at = self.trail.at();
            if self.until.is_some_and(|until| at.seq >= until) {
                return Ok(None);
            }
            let Some(passed) = self.trail.next()? else {
                return match self.until {
                    None => Ok(None),
                    Some(_) => {
                        let file = segment_name(self.trail.segment().index);
                        Err(Fault { file, offset: at.offset, seq: Some(at.seq.next()), why: Why::Lost }
                            .into())
                    }
                };
            };
            if passed.header.seq >= self.from {
                return Ok(Some(Record {
                    seq: passed.header.seq,
                    epoch: passed.header.epoch,
                    hash: passed.hash,
                    segment: passed.header.segment,
                    offset: passed.header.offset,
                    body: self.trail.body(&passed)?.to_vec(),
                }));
            }
        }
    }
}

impl<D: Disk> Iterator for Records<D> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.advance().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}
