//! Getting the next segment ready and spent ones out of the way, in steps short enough to stand between two
//! records, or on another thread.
//!
//! Touches only files the journal does not use: the new one under a temporary name, and those given up.

use std::collections::VecDeque;

use crate::aligned::Aligned;
use crate::disk::{Disk, DiskCause, DiskError};
use crate::snapshot::remove_if_there;
use crate::survey::Vacant;
use crate::walk::segment_name;

/// Zeros written in one step, bytes: about half a millisecond of a fast disk.
pub const PREPARE_STEP_BYTES: usize = 1 << 20;

/// Spent segments kept for new records; more are removed.
pub(crate) const SPENT_KEPT_MAX: usize = 2;

pub(crate) const ARCHIVED_SUFFIX: &str = ".archived";
pub(crate) const PART_SUFFIX: &str = ".part";

/// What becomes of segments that are no longer needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// Used again for new records; more than a few are removed.
    Recycled,
    /// Kept under the name `NNNNNNNNNN.archived`, for whoever takes them away.
    Archived,
}

/// How far the next segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// Ready: appending will not have to wait for it.
    Ready,
    /// Not yet: another step is due.
    More,
}

/// The work of getting one segment ready, and of clearing spent ones away. A value: step it wherever there is
/// time, on any thread, while records are appended.
pub struct Preparation<D: Disk> {
    disk: D,
    bytes: u64,
    spent: Spent,
    /// To be cleared away, oldest first: in between, the segments never have a gap.
    clear: VecDeque<u64>,
    target: Option<u64>,
    reused: bool,
    stage: Stage<D>,
    zeros: Option<Aligned>,
    failed: Option<DiskError>,
}

enum Stage<D: Disk> {
    /// Give a spent segment its new name.
    Recycle {
        spent: u64,
    },
    /// Make a file under a temporary name.
    Create,
    /// Fill it: only a file whose every block was once written is overwritten without a change of metadata.
    Fill {
        file: D::File,
        done: u64,
    },
    /// Make its name last.
    Name,
    Ready,
}

impl<D: Disk> Preparation<D> {
    /// Work for `target`, if a segment is due, taking what it can use or clear away from `spent`.
    pub(crate) fn begin(
        disk: &D,
        bytes: u64,
        target: Option<u64>,
        how: Spent,
        spent: &mut VecDeque<u64>,
    ) -> Preparation<D> {
        let keep = match how {
            Spent::Recycled => SPENT_KEPT_MAX,
            Spent::Archived => 0,
        };
        let clear = spent.drain(..spent.len().saturating_sub(keep)).collect();
        let stage = match (target, spent.pop_front()) {
            (None, oldest) => {
                spent.extend(oldest);
                spent.rotate_right(usize::from(oldest.is_some()));
                Stage::Ready
            }
            (Some(_), Some(spent)) => Stage::Recycle { spent },
            (Some(_), None) => Stage::Create,
        };
        Preparation {
            disk: disk.clone(),
            bytes,
            spent: how,
            clear,
            target,
            reused: matches!(stage, Stage::Recycle { .. }),
            stage,
            zeros: None,
            failed: None,
        }
    }

    fn name(&self) -> String {
        segment_name(self.target.unwrap_or_default())
    }

    fn part(&self) -> String {
        format!("{}{PART_SUFFIX}", self.name())
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.clear.is_empty() && matches!(self.stage, Stage::Ready)
    }

    /// The segment made ready, once it is.
    pub(crate) fn made(&self) -> Option<Vacant> {
        let index = self.target.filter(|_| self.is_ready())?;
        Some(Vacant { index, reused: self.reused })
    }

    /// The failure that makes the disk untrustworthy.
    pub(crate) fn failure(&self) -> Option<&DiskError> {
        self.failed.as_ref()
    }

    /// Does the next step.
    ///
    /// # Errors
    /// [`DiskCause::Full`]: step again when there is space. Anything else: the disk fails, every later step
    /// fails the same way, and the journal that takes this back stops.
    pub fn step(&mut self) -> Result<Prepared, DiskError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let mut done = self.advance();
        let full = matches!(&done, Err(error) if error.cause == DiskCause::Full);
        if full && matches!(self.stage, Stage::Create | Stage::Fill { .. }) {
            // What was reserved is given back: a full disk has better uses for half a segment.
            self.stage = Stage::Create;
            if let Err(error) = remove_if_there(&self.disk, &self.part()) {
                done = Err(error);
            }
        }
        if let Err(error) = &done
            && error.cause != DiskCause::Full
        {
            self.failed = Some(error.clone());
        }
        done
    }

    fn advance(&mut self) -> Result<Prepared, DiskError> {
        if let Some(index) = self.clear.front().copied() {
            let name = segment_name(index);
            match self.spent {
                Spent::Recycled => remove_if_there(&self.disk, &name)?,
                Spent::Archived => self.disk.rename(&name, &format!("{index:010}{ARCHIVED_SUFFIX}"))?,
            }
            // One after the other: a crash must not take a later one and leave an earlier.
            self.disk.sync_dir()?;
            self.clear.pop_front();
            return Ok(self.state());
        }
        match &mut self.stage {
            Stage::Recycle { spent } => {
                let spent = *spent;
                self.disk.rename(&segment_name(spent), &self.name())?;
                self.stage = Stage::Name;
            }
            Stage::Create => {
                remove_if_there(&self.disk, &self.part())?;
                let file = self.disk.create(&self.part(), self.bytes)?;
                self.stage = Stage::Fill { file, done: 0 };
            }
            Stage::Fill { file, done } if *done < self.bytes => {
                let zeros = self.zeros.get_or_insert_with(|| Aligned::zeroed(PREPARE_STEP_BYTES));
                let left = usize::try_from(self.bytes - *done).unwrap_or(usize::MAX);
                let run = &zeros.as_ref()[..left.min(PREPARE_STEP_BYTES)];
                self.disk.write_at(file, *done, run)?;
                *done += run.len() as u64;
            }
            Stage::Fill { file, .. } => {
                self.disk.sync(file)?;
                self.disk.rename(&self.part(), &self.name())?;
                (self.stage, self.zeros) = (Stage::Name, None);
            }
            Stage::Name => {
                self.disk.sync_dir()?;
                self.stage = Stage::Ready;
            }
            Stage::Ready => {}
        }
        Ok(self.state())
    }

    fn state(&self) -> Prepared {
        if self.is_ready() { Prepared::Ready } else { Prepared::More }
    }
}
