//! A disk in memory that can be crashed, torn, filled and made to lie: the twin of a real one, for tests and
//! for worlds that run without files.
//!
//! Nothing here knows what is written. All chance comes from seeds given by the caller.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Access, Disk, DiskCause, DiskError, Operation, SECTOR_BYTES};

/// A disk in memory. A clone is the same disk; [`MemoryDisk::after_crash`] makes another one of what lasted.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    world: Arc<Mutex<World>>,
}

/// What the disk does wrong, and when. Calls are counted from 0 over all methods of [`Disk`].
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// What happens at these calls.
    pub at: BTreeMap<u64, Failure>,
    /// Decides which sectors of a torn write arrive.
    pub seed: u64,
    /// Writes that should be durable, and syncs, are only said to be: a disk that lies.
    pub lies: bool,
    /// Bytes all files together may have; more is [`DiskCause::Full`].
    pub capacity: Option<u64>,
}

/// One thing going wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The call is refused and does nothing.
    Refused(DiskCause),
    /// The call fails after doing some of it: a write leaves each sector old or new, a sync makes some durable.
    Torn(DiskCause),
    /// As torn, and nothing works any more.
    Crash,
}

/// What of the writes not made durable lasts over a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// Nothing.
    Nothing,
    /// Everything.
    Everything,
    /// Each sector and each change of a name by chance.
    Chance {
        /// Where chance comes from.
        seed: u64,
    },
}

/// An open file of [`MemoryDisk`].
pub struct MemoryFile {
    node: usize,
    name: String,
}

/// The claim on a [`MemoryDisk`].
pub struct MemoryLock {
    world: Arc<Mutex<World>>,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        held(&self.world).locked = false;
    }
}

#[derive(Clone, Default)]
struct World {
    nodes: Vec<Node>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    changes: Vec<Change>,
    faults: Faults,
    calls: u64,
    log: Vec<Operation>,
    crashed: bool,
    locked: bool,
}

#[derive(Clone, Default)]
struct Node {
    now: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

#[derive(Clone)]
enum Change {
    Link(String, usize),
    Rename(String, String),
    Remove(String),
}

/// Small seeded dice (splitmix64): the same seed gives the same throws for ever.
struct Dice(u64);

impl Dice {
    fn flip(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) & 1 == 1
    }
}

fn held(world: &Arc<Mutex<World>>) -> MutexGuard<'_, World> {
    // A panic elsewhere leaves plain bytes; they are as good as before.
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    fn sectors(offset: usize, bytes: usize) -> std::ops::Range<usize> {
        offset / SECTOR_BYTES..(offset + bytes).div_ceil(SECTOR_BYTES)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        if self.now.len() < offset + bytes.len() {
            self.now.resize(offset + bytes.len(), 0);
        }
        self.now[offset..offset + bytes.len()].copy_from_slice(bytes);
        self.dirty.extend(Node::sectors(offset, bytes.len()));
    }

    /// Makes the sectors durable that `lasts` picks.
    fn settle(&mut self, mut lasts: impl FnMut() -> bool) {
        for sector in std::mem::take(&mut self.dirty) {
            let end = ((sector + 1) * SECTOR_BYTES).min(self.now.len());
            let range = sector * SECTOR_BYTES..end;
            if lasts() && !range.is_empty() {
                if self.durable.len() < end {
                    self.durable.resize(end, 0);
                }
                self.durable[range.clone()].copy_from_slice(&self.now[range]);
            }
        }
    }
}

impl World {
    /// Counts a call and says what goes wrong with it.
    fn call(&mut self, operation: Operation, file: &str) -> Result<Option<Failure>, DiskError> {
        let failed = |cause| DiskError { operation, file: file.to_owned(), cause };
        if self.crashed {
            return Err(failed(DiskCause::Crashed));
        }
        let failure = self.faults.at.get(&self.calls).copied();
        self.calls += 1;
        self.log.push(operation);
        match failure {
            Some(Failure::Refused(cause)) => Err(failed(cause)),
            Some(Failure::Crash) => {
                self.crashed = true;
                Ok(failure)
            }
            Some(Failure::Torn(_)) | None => Ok(failure),
        }
    }

    /// A call that either happens or does not: torn ones happen or not by chance.
    fn whole(&mut self, operation: Operation, file: &str) -> Result<Outcome, DiskError> {
        let failure = self.call(operation, file)?;
        let mut dice = self.dice();
        Ok(match failure {
            None => Outcome { happens: true, then: None },
            Some(Failure::Torn(cause) | Failure::Refused(cause)) => {
                Outcome { happens: dice.flip(), then: Some(cause) }
            }
            Some(Failure::Crash) => Outcome { happens: dice.flip(), then: Some(DiskCause::Crashed) },
        })
    }

    fn dice(&self) -> Dice {
        Dice(self.faults.seed ^ self.calls.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    fn find(&self, name: &str, operation: Operation) -> Result<usize, DiskError> {
        self.names.get(name).copied().ok_or_else(|| DiskError {
            operation,
            file: name.to_owned(),
            cause: DiskCause::Missing,
        })
    }

    fn room_for(&self, more: usize) -> bool {
        let used: usize = self.names.values().map(|node| self.nodes[*node].now.len()).sum();
        self.faults.capacity.is_none_or(|capacity| (used + more) as u64 <= capacity)
    }
}

struct Outcome {
    happens: bool,
    then: Option<DiskCause>,
}

impl Outcome {
    fn finish(self, operation: Operation, file: &str) -> Result<(), DiskError> {
        match self.then {
            None => Ok(()),
            Some(cause) => Err(DiskError { operation, file: file.to_owned(), cause }),
        }
    }
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    /// What goes wrong from now on. The count of calls goes on.
    pub fn set_faults(&self, faults: Faults) {
        held(&self.world).faults = faults;
    }

    /// Calls so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        held(&self.world).calls
    }

    /// What was asked, call by call.
    #[must_use]
    pub fn asked(&self) -> Vec<Operation> {
        held(&self.world).log.clone()
    }

    /// What a machine finds that starts after the power went now. This disk is left as it is.
    #[must_use]
    pub fn after_crash(&self, lasts: Lasts) -> MemoryDisk {
        let mut world = held(&self.world).clone();
        let mut dice = Dice(match lasts {
            Lasts::Chance { seed } => seed,
            Lasts::Nothing | Lasts::Everything => 0,
        });
        let mut kept = || match lasts {
            Lasts::Nothing => false,
            Lasts::Everything => true,
            Lasts::Chance { .. } => dice.flip(),
        };
        let mut names = std::mem::take(&mut world.durable_names);
        for change in std::mem::take(&mut world.changes) {
            if !kept() {
                continue;
            }
            match change {
                Change::Link(name, node) => {
                    names.insert(name, node);
                }
                Change::Rename(from, to) => {
                    if let Some(node) = names.remove(&from) {
                        names.insert(to, node);
                    }
                }
                Change::Remove(name) => {
                    names.remove(&name);
                }
            }
        }
        for node in &mut world.nodes {
            node.settle(&mut kept);
            node.now.clone_from(&node.durable);
        }
        world.durable_names.clone_from(&names);
        world.names = names;
        world.faults = Faults { capacity: world.faults.capacity, ..Faults::default() };
        (world.calls, world.crashed, world.locked) = (0, false, false);
        world.log.clear();
        MemoryDisk { world: Arc::new(Mutex::new(world)) }
    }

    /// Another disk with the same files, all of them durable: for tests that damage one byte at a time.
    #[must_use]
    pub fn copy(&self) -> MemoryDisk {
        self.after_crash(Lasts::Everything)
    }

    /// The names and lengths of all files.
    #[must_use]
    pub fn contents(&self) -> Vec<(String, usize)> {
        let world = held(&self.world);
        world.names.iter().map(|(name, node)| (name.clone(), world.nodes[*node].now.len())).collect()
    }

    /// Changes the bytes of a file behind everyone's back: rot, truncation, a clumsy operator. Without effect
    /// where there is no such file.
    pub fn damage(&self, name: &str, how: impl FnOnce(&mut Vec<u8>)) {
        let mut world = held(&self.world);
        if let Some(node) = world.names.get(name).copied() {
            let node = &mut world.nodes[node];
            how(&mut node.now);
            node.durable.clone_from(&node.now);
            node.dirty.clear();
        }
    }

    /// Gives each file the name the closure says, `None` removing it: misplaced and swapped files.
    pub fn shuffle(&self, how: impl Fn(&str) -> Option<String>) {
        let mut world = held(&self.world);
        let names: BTreeMap<_, _> =
            world.names.iter().filter_map(|(name, node)| Some((how(name)?, *node))).collect();
        world.durable_names.clone_from(&names);
        world.names = names;
        world.changes.clear();
    }
}

impl Disk for MemoryDisk {
    type File = MemoryFile;
    type Lock = MemoryLock;

    fn lock(&self) -> Result<MemoryLock, DiskError> {
        let mut world = held(&self.world);
        world.whole(Operation::Lock, "")?.finish(Operation::Lock, "")?;
        if world.locked {
            return Err(DiskError {
                operation: Operation::Lock,
                file: String::new(),
                cause: DiskCause::Busy,
            });
        }
        world.locked = true;
        Ok(MemoryLock { world: Arc::clone(&self.world) })
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let mut world = held(&self.world);
        world.whole(Operation::List, "")?.finish(Operation::List, "")?;
        Ok(world.names.keys().cloned().collect())
    }

    fn create(&self, name: &str, bytes: u64) -> Result<MemoryFile, DiskError> {
        let mut world = held(&self.world);
        let outcome = world.whole(Operation::Create, name)?;
        let failed = |cause| DiskError { operation: Operation::Create, file: name.to_owned(), cause };
        if world.names.contains_key(name) {
            return Err(failed(DiskCause::Exists));
        }
        let bytes = usize::try_from(bytes).map_err(|_| failed(DiskCause::Full))?;
        let room = world.room_for(bytes);
        let node = world.nodes.len();
        if outcome.happens {
            // As on a real disk the name is there even where the space is not.
            let now = vec![0; if room { bytes } else { 0 }];
            let dirty = Node::sectors(0, now.len()).collect();
            world.nodes.push(Node { now, durable: Vec::new(), dirty });
            world.names.insert(name.to_owned(), node);
            world.changes.push(Change::Link(name.to_owned(), node));
        }
        outcome.finish(Operation::Create, name)?;
        if !room {
            return Err(failed(DiskCause::Full));
        }
        Ok(MemoryFile { node, name: name.to_owned() })
    }

    fn open(&self, name: &str, _access: Access) -> Result<MemoryFile, DiskError> {
        let mut world = held(&self.world);
        world.whole(Operation::Open, name)?.finish(Operation::Open, name)?;
        let node = world.find(name, Operation::Open)?;
        Ok(MemoryFile { node, name: name.to_owned() })
    }

    fn bytes(&self, file: &MemoryFile) -> Result<u64, DiskError> {
        let mut world = held(&self.world);
        world.whole(Operation::Open, &file.name)?.finish(Operation::Open, &file.name)?;
        Ok(world.nodes[file.node].now.len() as u64)
    }

    fn read_at(&self, file: &MemoryFile, offset: u64, into: &mut [u8]) -> Result<(), DiskError> {
        let mut world = held(&self.world);
        world.whole(Operation::Read, &file.name)?.finish(Operation::Read, &file.name)?;
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|offset| world.nodes[file.node].now.get(offset..)?.get(..into.len()));
        match bytes {
            Some(bytes) => {
                into.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(DiskError {
                operation: Operation::Read,
                file: file.name.clone(),
                cause: DiskCause::Short,
            }),
        }
    }

    fn write_at(&self, file: &MemoryFile, offset: u64, blocks: &[u8]) -> Result<(), DiskError> {
        self.write(file, offset, blocks, false)
    }

    fn write_durable(&self, file: &MemoryFile, offset: u64, blocks: &[u8]) -> Result<(), DiskError> {
        self.write(file, offset, blocks, true)
    }

    fn sync(&self, file: &MemoryFile) -> Result<(), DiskError> {
        let mut world = held(&self.world);
        let failure = world.call(Operation::Sync, &file.name)?;
        let mut dice = world.dice();
        let lies = world.faults.lies;
        if !lies {
            world.nodes[file.node].settle(|| failure.is_none() || dice.flip());
        }
        fail(failure, Operation::Sync, &file.name)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let mut world = held(&self.world);
        let outcome = world.whole(Operation::Rename, from)?;
        let node = world.find(from, Operation::Rename)?;
        if world.names.contains_key(to) {
            let (operation, file) = (Operation::Rename, to.to_owned());
            return Err(DiskError { operation, file, cause: DiskCause::Exists });
        }
        if outcome.happens {
            world.names.remove(from);
            world.names.insert(to.to_owned(), node);
            world.changes.push(Change::Rename(from.to_owned(), to.to_owned()));
        }
        outcome.finish(Operation::Rename, from)
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        let mut world = held(&self.world);
        let outcome = world.whole(Operation::Remove, name)?;
        world.find(name, Operation::Remove)?;
        if outcome.happens {
            world.names.remove(name);
            world.changes.push(Change::Remove(name.to_owned()));
        }
        outcome.finish(Operation::Remove, name)
    }

    fn sync_dir(&self) -> Result<(), DiskError> {
        let mut world = held(&self.world);
        let outcome = world.whole(Operation::SyncDir, "")?;
        if outcome.happens && !world.faults.lies {
            world.durable_names = world.names.clone();
            world.changes.clear();
        }
        outcome.finish(Operation::SyncDir, "")
    }
}

fn fail(failure: Option<Failure>, operation: Operation, file: &str) -> Result<(), DiskError> {
    let cause = match failure {
        None => return Ok(()),
        Some(Failure::Torn(cause) | Failure::Refused(cause)) => cause,
        Some(Failure::Crash) => DiskCause::Crashed,
    };
    Err(DiskError { operation, file: file.to_owned(), cause })
}

impl MemoryDisk {
    fn write(&self, file: &MemoryFile, offset: u64, blocks: &[u8], durable: bool) -> Result<(), DiskError> {
        let mut world = held(&self.world);
        let failure = world.call(Operation::Write, &file.name)?;
        let failed = |cause| DiskError { operation: Operation::Write, file: file.name.clone(), cause };
        let offset = usize::try_from(offset).map_err(|_| failed(DiskCause::Full))?;
        assert!(
            offset.is_multiple_of(SECTOR_BYTES) && blocks.len().is_multiple_of(SECTOR_BYTES),
            "direct writes are of whole sectors"
        );
        let grows = (offset + blocks.len()).saturating_sub(world.nodes[file.node].now.len());
        if !world.room_for(grows) {
            return Err(failed(DiskCause::Full));
        }
        let mut dice = world.dice();
        let lies = world.faults.lies;
        let node = &mut world.nodes[file.node];
        if failure.is_none() {
            node.write(offset, blocks);
        } else {
            for (index, sector) in blocks.chunks(SECTOR_BYTES).enumerate() {
                if dice.flip() {
                    node.write(offset + index * SECTOR_BYTES, sector);
                }
            }
        }
        if durable && !lies && failure.is_none() {
            // A write that failed may still be read, and yet not be on the disk.
            node.settle(|| true);
        }
        fail(failure, Operation::Write, &file.name)
    }
}
