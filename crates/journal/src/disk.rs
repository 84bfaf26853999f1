//! The seam between the journal and whatever keeps its bytes: a real folder, memory, or a simulated disk.
//!
//! Only names, offsets and durability live here; nothing knows what a segment or a record is.

use std::fmt;

/// A flat folder of files that one process owns. What the methods promise is exactly what the journal relies
/// on, so a simulated disk may do anything these sentences allow: lose what was not made durable in units of
/// [`SECTOR_BYTES`], forget directory entries not yet synced, fail at any call.
///
/// A clone speaks of the same folder; it may be used on another thread.
pub trait Disk: Clone + Send + 'static {
    /// An open file.
    type File: Send;
    /// Holds the folder against other writers until dropped.
    type Lock: Send + Sync;

    /// Claims the folder for writing, or [`DiskCause::Busy`].
    ///
    /// # Errors
    /// Where another holds it.
    fn lock(&self) -> Result<Self::Lock, DiskError>;

    /// The names in the folder, in no particular order.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    fn list(&self) -> Result<Vec<String>, DiskError>;

    /// A new file of `bytes` zero bytes with the space for them reserved where the file system can; refuses a
    /// name that is taken. For bulk writing: see [`Disk::write_at`].
    ///
    /// # Errors
    /// [`DiskCause::Exists`], [`DiskCause::Full`], or a failure.
    fn create(&self, name: &str, bytes: u64) -> Result<Self::File, DiskError>;

    /// An existing file.
    ///
    /// # Errors
    /// [`DiskCause::Missing`], or a failure.
    fn open(&self, name: &str, access: Access) -> Result<Self::File, DiskError>;

    /// Length of the file, bytes.
    ///
    /// # Errors
    /// Where it cannot be learned.
    fn bytes(&self, file: &Self::File) -> Result<u64, DiskError>;

    /// Fills `into` from `offset` on. Sees every write made before, durable or not.
    ///
    /// # Errors
    /// [`DiskCause::Short`] where the file ends before, or a failure.
    fn read_at(&self, file: &Self::File, offset: u64, into: &mut [u8]) -> Result<(), DiskError>;

    /// Says that these bytes will be read soon. Advice only.
    fn expect_read(&self, _file: &Self::File, _offset: u64, _bytes: u64) {}

    /// Writes whole blocks from an aligned buffer to a file from [`Disk::create`]. Durable only after
    /// [`Disk::sync`].
    ///
    /// # Errors
    /// Any: what then stands at these bytes is unknown.
    fn write_at(&self, file: &Self::File, offset: u64, blocks: &[u8]) -> Result<(), DiskError>;

    /// Overwrites whole blocks, from an aligned buffer, inside a file opened with [`Access::Durable`]. When it
    /// returns well, these bytes survive anything; when it does not, each sector may be old or new.
    ///
    /// # Errors
    /// Any: the file handle must not be used again.
    fn write_durable(&self, file: &Self::File, offset: u64, blocks: &[u8]) -> Result<(), DiskError>;

    /// Makes all there is to read of a file durable, and its length; the file was made by [`Disk::create`] or opened
    /// with [`Access::Durable`]. Not its name: see [`Disk::sync_dir`].
    ///
    /// # Errors
    /// Any: the file handle must not be used again.
    fn sync(&self, file: &Self::File) -> Result<(), DiskError>;

    /// Gives a file another name, at once and whole; never over an existing one.
    ///
    /// # Errors
    /// [`DiskCause::Exists`], [`DiskCause::Missing`], or a failure.
    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError>;

    /// Removes a name.
    ///
    /// # Errors
    /// [`DiskCause::Missing`], or a failure.
    fn remove(&self, name: &str) -> Result<(), DiskError>;

    /// Makes every name given, changed or removed before durable.
    ///
    /// # Errors
    /// Any: which of the changes lasted is then unknown.
    fn sync_dir(&self) -> Result<(), DiskError>;
}

/// The unit a write may be torn at, bytes. Disks promise no more, whatever their block.
pub const SECTOR_BYTES: usize = 512;

/// What an existing file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    Read,
    /// [`Disk::write_durable`].
    Durable,
}

/// What the disk was asked when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Taking the lock on the folder.
    Lock,
    /// Reading the folder.
    List,
    /// Making a file.
    Create,
    /// Opening a file, or asking its length.
    Open,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Making a file durable.
    Sync,
    /// Renaming.
    Rename,
    /// Removing.
    Remove,
    /// Making names durable.
    SyncDir,
}

/// Why the disk did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskCause {
    /// No space, or a quota reached.
    Full,
    /// No such file.
    Missing,
    /// The name is taken.
    Exists,
    /// Another process writes here.
    Busy,
    /// The file ends before the bytes asked for.
    Short,
    /// The system's error number, such as 5 for an input/output error.
    Failed(i32),
    /// A simulated crash: nothing works any more.
    Crashed,
}

/// A refusal or failure of the disk, with what was asked of which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskError {
    /// What was asked.
    pub operation: Operation,
    /// Of which file; empty for the folder.
    pub file: String,
    /// Why not.
    pub cause: DiskCause,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doing = match self.operation {
            Operation::Lock => "locking the journal's folder",
            Operation::List => "reading the journal's folder",
            Operation::Create => "creating",
            Operation::Open => "opening",
            Operation::Read => "reading",
            Operation::Write => "writing",
            Operation::Sync => "syncing",
            Operation::Rename => "renaming",
            Operation::Remove => "removing",
            Operation::SyncDir => "syncing the journal's folder",
        };
        f.write_str(doing)?;
        if !self.file.is_empty() {
            write!(f, " {}", self.file)?;
        }
        match self.cause {
            DiskCause::Full => f.write_str(": no space left"),
            DiskCause::Missing => f.write_str(": no such file"),
            DiskCause::Exists => f.write_str(": the name is taken"),
            DiskCause::Busy => f.write_str(": another process writes this journal"),
            DiskCause::Short => f.write_str(": the file is too short"),
            DiskCause::Failed(number) => write!(f, ": {}", std::io::Error::from_raw_os_error(number)),
            DiskCause::Crashed => f.write_str(": crashed"),
        }
    }
}

impl std::error::Error for DiskError {}
