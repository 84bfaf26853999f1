//! Following the records from segment to segment: recovery, reading and verification all go this one way.
//!
//! Reads only. Works beside a writer: what looks wrong is looked at again before it is called wrong.

use std::ops::Range;

use crate::block::{Hash, Header, Seq};
use crate::disk::{Disk, DiskCause, DiskError};
use crate::fault::{Fault, Part, ReadError, Why};
use crate::survey::{Heading, Segment, read_heading};
use crate::walk::{Depth, End, Frame, Position, Step, Walk, Window, segment_name};

/// A record that checked.
pub(crate) struct Passed {
    pub header: Header,
    pub hash: Hash,
    pub body: Range<u64>,
}

/// Where the records end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    /// The segment they end in.
    pub segment: Segment,
    pub at: Position,
    pub end: End,
}

pub(crate) struct Trail<D: Disk> {
    disk: D,
    frame: Frame,
    segment: Segment,
    /// Bodies are hashed from this segment on; before it their checksums are enough.
    hashed_from: u64,
    walk: Walk<D>,
    /// How often the current place was looked at without finding a record.
    looks: u8,
    pub(crate) ending: Option<Ending>,
}

impl<D: Disk> Trail<D> {
    /// Begins at the first record of a segment.
    pub(crate) fn begin(
        disk: &D,
        frame: Frame,
        segment: Segment,
        hashed_from: u64,
    ) -> Result<Trail<D>, ReadError> {
        let window = open_segment(disk, &segment)?;
        let walk = Walk::begin(window, frame, segment.index, segment.start(), depth(&segment, hashed_from));
        Ok(Trail { disk: disk.clone(), frame, segment, hashed_from, walk, looks: 0, ending: None })
    }

    pub(crate) fn at(&self) -> Position {
        self.walk.at
    }

    pub(crate) fn segment(&self) -> Segment {
        self.segment
    }

    /// The body of the record just passed.
    pub(crate) fn body(&mut self, passed: &Passed) -> Result<&[u8], DiskError> {
        self.walk.body(&passed.body)
    }

    /// What ended the trail, with its window on the last segment.
    pub(crate) fn walk(&mut self) -> &mut Walk<D> {
        &mut self.walk
    }

    /// The next record; `None` where they end, with [`Trail::ending`] set.
    pub(crate) fn next(&mut self) -> Result<Option<Passed>, ReadError> {
        match self.follow() {
            Err(ReadError::Damaged(fault)) => {
                // Retention gives a file another name before it is written anew: then this is no damage.
                if self.disk.list()?.contains(&segment_name(self.segment.index)) {
                    Err(fault.into())
                } else {
                    Err(ReadError::Gone { seq: self.at().seq.next() })
                }
            }
            other => other,
        }
    }

    fn follow(&mut self) -> Result<Option<Passed>, ReadError> {
        loop {
            if self.ending.is_some() {
                return Ok(None);
            }
            let end = match self.walk.step()? {
                Step::Record { header, hash, body } => {
                    self.looks = 0;
                    return Ok(Some(Passed { header, hash, body }));
                }
                Step::End(end) => end,
            };
            match end {
                End::Continued => self.pass_on()?,
                End::Stopped | End::Blank | End::Stale { .. } | End::Unsound { .. } => {
                    self.look_again(end)?
                }
            }
        }
    }

    /// What stands here is no record. It may have become one since it was read; it is rot where something sound
    /// follows; else the records end here.
    fn look_again(&mut self, end: End) -> Result<(), ReadError> {
        match self.looks {
            0 => {
                self.walk.window.forget();
                self.looks = 1;
            }
            1 => match self.proof()? {
                Some(_) => {
                    self.walk.window.forget();
                    self.looks = 2;
                }
                None => self.finish(end),
            },
            _ => {
                if let Some(proof) = self.proof()? {
                    let part = match end {
                        End::Unsound { part } => part,
                        End::Stopped | End::Blank | End::Stale { .. } | End::Continued => Part::Header,
                    };
                    return Err(self.walk.fault(Why::Rotten { part, proof }).into());
                }
                self.finish(end);
            }
        }
        Ok(())
    }

    fn finish(&mut self, end: End) {
        self.ending = Some(Ending { segment: self.segment, at: self.walk.at, end });
    }

    /// Something sound that was written after what stands here.
    fn proof(&mut self) -> Result<Option<Seq>, ReadError> {
        if let Some(seq) = self.walk.later()? {
            return Ok(Some(seq));
        }
        Ok(match self.next_heading()? {
            Some(Heading::Used(next)) => Some(next.first),
            Some(Heading::Vacant { .. }) | None => None,
        })
    }

    fn next_heading(&self) -> Result<Option<Heading>, ReadError> {
        let index = self.segment.index + 1;
        let mut window = match Window::open(&self.disk, &segment_name(index)) {
            Ok(window) => window,
            Err(DiskError { cause: DiskCause::Missing, .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if window.bytes() != self.frame.segment_bytes {
            let why = Why::SegmentLength { found: window.bytes(), expected: self.frame.segment_bytes };
            return Err(Fault { file: segment_name(index), offset: window.bytes(), seq: None, why }.into());
        }
        Ok(Some(read_heading(&mut window, self.frame, index)?))
    }

    /// Goes on in the next segment, which must follow exactly on this one.
    fn pass_on(&mut self) -> Result<(), ReadError> {
        if let Some(proof) = self.walk.later()? {
            return Err(self.walk.fault(Why::Rotten { part: Part::Header, proof }).into());
        }
        let at = self.walk.at;
        let next = match self.next_heading()? {
            Some(Heading::Used(next)) => next,
            Some(Heading::Vacant { .. }) => {
                self.finish(End::Continued);
                return Ok(());
            }
            None => {
                let file = segment_name(self.segment.index + 1);
                let why = Why::SegmentMissing;
                return Err(Fault { file, offset: 0, seq: Some(at.seq.next()), why }.into());
            }
        };
        let fault = |why| Fault { file: segment_name(next.index), offset: 0, seq: Some(at.seq.next()), why };
        if next.first != at.seq.next() {
            return Err(fault(Why::OutOfOrder { found: next.first }).into());
        }
        if next.chain != at.chain {
            return Err(fault(Why::ChainBroken).into());
        }
        if next.epoch < at.epoch {
            return Err(fault(Why::EpochBack { found: next.epoch }).into());
        }
        let window = open_segment(&self.disk, &next)?;
        self.walk = Walk::begin(window, self.frame, next.index, next.start(), depth(&next, self.hashed_from));
        self.segment = next;
        self.looks = 0;
        Ok(())
    }
}

fn depth(segment: &Segment, hashed_from: u64) -> Depth {
    if segment.index < hashed_from { Depth::Checksum } else { Depth::Hash }
}

fn open_segment<D: Disk>(disk: &D, segment: &Segment) -> Result<Window<D>, ReadError> {
    match Window::open(disk, &segment_name(segment.index)) {
        Ok(window) => Ok(window),
        // It was there when the folder was looked at: retention was faster.
        Err(DiskError { cause: DiskCause::Missing, .. }) => Err(ReadError::Gone { seq: segment.first }),
        Err(error) => Err(error.into()),
    }
}
