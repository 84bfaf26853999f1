//! A real folder: direct, synchronous writes where the file system takes them, plain writes and fdatasync
//! where it does not.
//!
//! Nothing here knows what is written.

use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustix::fs::{Advice, AtFlags, FallocateFlags, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::aligned::Aligned;
use crate::block::BLOCK_BYTES;
use crate::disk::{Access, Disk, DiskCause, DiskError, Operation};

/// A folder of a real file system.
#[derive(Clone)]
pub struct Files {
    folder: Arc<OwnedFd>,
    direct: Arc<OnceLock<bool>>,
}

/// An open file of [`Files`].
pub struct OpenFile {
    fd: OwnedFd,
    name: String,
    /// Whether a write is durable when it returns, or needs an fdatasync.
    synchronous: bool,
}

/// The advisory lock on a folder; dropped with the last of the journal.
pub struct FolderLock {
    _fd: OwnedFd,
}

/// The name of the file that learns whether the file system takes direct writes.
const PROBE: &str = "direct.part";

impl Files {
    /// The folder at `path`, made if it is not there.
    ///
    /// # Errors
    /// Where it cannot be made or opened.
    pub fn create(path: &Path) -> Result<Files, DiskError> {
        std::fs::create_dir_all(path).map_err(|error| DiskError {
            operation: Operation::Create,
            file: path.display().to_string(),
            cause: error
                .raw_os_error()
                .map_or(DiskCause::Missing, |number| cause(Errno::from_raw_os_error(number))),
        })?;
        Files::open(path)
    }

    /// The existing folder at `path`.
    ///
    /// # Errors
    /// Where it is not there or cannot be opened.
    pub fn open(path: &Path) -> Result<Files, DiskError> {
        let folder =
            rustix::fs::open(path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
                .map_err(|errno| DiskError {
                    operation: Operation::Open,
                    file: path.display().to_string(),
                    cause: cause(errno),
                })?;
        Ok(Files { folder: Arc::new(folder), direct: Arc::new(OnceLock::new()) })
    }

    /// The same folder with plain writes and fdatasync, whatever the file system takes.
    #[must_use]
    pub fn buffered(self) -> Files {
        Files { folder: self.folder, direct: Arc::new(OnceLock::from(false)) }
    }

    /// Whether writes bypass the page cache (O_DIRECT and O_DSYNC). Learned by writing one block, once.
    ///
    /// # Errors
    /// Where not even a plain file can be written.
    pub fn is_direct(&self) -> Result<bool, DiskError> {
        if let Some(known) = self.direct.get() {
            return Ok(*known);
        }
        match self.remove(PROBE) {
            Ok(()) | Err(DiskError { cause: DiskCause::Missing, .. }) => {}
            Err(error) => return Err(error),
        }
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
        drop(self.open_at(PROBE, flags, Operation::Create)?);
        let taken = self.probe();
        self.remove(PROBE)?;
        Ok(*self.direct.get_or_init(|| taken))
    }

    fn probe(&self) -> bool {
        let flags = OFlags::RDWR | OFlags::DIRECT | OFlags::DSYNC;
        let Ok(fd) = self.open_at(PROBE, flags, Operation::Open) else {
            return false;
        };
        let block = Aligned::zeroed(BLOCK_BYTES);
        rustix::io::pwrite(&fd, block.as_ref(), 0) == Ok(BLOCK_BYTES)
    }

    fn open_at(&self, name: &str, flags: OFlags, operation: Operation) -> Result<OwnedFd, DiskError> {
        rustix::fs::openat(&*self.folder, name, flags | OFlags::CLOEXEC, Mode::from_raw_mode(0o600))
            .map_err(|errno| refused(operation, name, errno))
    }

    /// After a failed fdatasync the system may keep showing bytes that never reached the disk, as if they had.
    /// Direct writes leave no such bytes; otherwise what is cached is let go, so that recovery reads the disk.
    fn forget_cached(&self) -> Result<(), DiskError> {
        if self.is_direct()? {
            return Ok(());
        }
        for name in self.list()? {
            // Advice: where it is not taken nothing is the worse, and not every file here need be ours.
            if let Ok(fd) = self.open_at(&name, OFlags::RDONLY, Operation::Open) {
                let _ = rustix::fs::fadvise(&fd, 0, None, Advice::DontNeed);
            }
        }
        Ok(())
    }

    fn write(&self, file: &OpenFile, offset: u64, blocks: &[u8]) -> Result<(), DiskError> {
        let mut written = 0;
        while written < blocks.len() {
            match rustix::io::pwrite(&file.fd, &blocks[written..], offset + written as u64) {
                // A disk that takes nothing and says nothing is full in all but name.
                Ok(0) => return Err(refused(Operation::Write, &file.name, Errno::NOSPC)),
                Ok(bytes) => written += bytes,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(refused(Operation::Write, &file.name, errno)),
            }
        }
        Ok(())
    }
}

fn cause(errno: Errno) -> DiskCause {
    match errno {
        Errno::NOSPC | Errno::DQUOT => DiskCause::Full,
        Errno::NOENT => DiskCause::Missing,
        Errno::EXIST => DiskCause::Exists,
        other => DiskCause::Failed(other.raw_os_error()),
    }
}

fn refused(operation: Operation, file: &str, errno: Errno) -> DiskError {
    DiskError { operation, file: file.to_owned(), cause: cause(errno) }
}

impl Disk for Files {
    type File = OpenFile;
    type Lock = FolderLock;

    fn lock(&self) -> Result<FolderLock, DiskError> {
        // Opened anew: a lock belongs to the open folder, so two journals of one process exclude each other too.
        let fd = self.open_at(".", OFlags::DIRECTORY | OFlags::RDONLY, Operation::Lock)?;
        match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                self.forget_cached()?;
                Ok(FolderLock { _fd: fd })
            }
            Err(Errno::WOULDBLOCK) => {
                Err(DiskError { operation: Operation::Lock, file: String::new(), cause: DiskCause::Busy })
            }
            Err(errno) => Err(refused(Operation::Lock, "", errno)),
        }
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let failed = |errno| refused(Operation::List, "", errno);
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&*self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // A name that is no text is none of ours.
            if let Ok(name) = entry.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str, bytes: u64) -> Result<OpenFile, DiskError> {
        let direct = if self.is_direct()? { OFlags::DIRECT } else { OFlags::empty() };
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | direct;
        let fd = self.open_at(name, flags, Operation::Create)?;
        if bytes > 0 {
            match rustix::fs::fallocate(&fd, FallocateFlags::empty(), 0, bytes) {
                Ok(()) => {}
                // Not every file system can reserve; the zero-filling that follows does it then.
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => rustix::fs::ftruncate(&fd, bytes)
                    .map_err(|errno| refused(Operation::Create, name, errno))?,
                Err(errno) => return Err(refused(Operation::Create, name, errno)),
            }
        }
        Ok(OpenFile { fd, name: name.to_owned(), synchronous: false })
    }

    fn open(&self, name: &str, access: Access) -> Result<OpenFile, DiskError> {
        let (flags, synchronous) = match access {
            Access::Read => (OFlags::RDONLY, false),
            Access::Durable if self.is_direct()? => (OFlags::RDWR | OFlags::DIRECT | OFlags::DSYNC, true),
            Access::Durable => (OFlags::RDWR, false),
        };
        let fd = self.open_at(name, flags, Operation::Open)?;
        Ok(OpenFile { fd, name: name.to_owned(), synchronous })
    }

    fn bytes(&self, file: &OpenFile) -> Result<u64, DiskError> {
        let stat =
            rustix::fs::fstat(&file.fd).map_err(|errno| refused(Operation::Open, &file.name, errno))?;
        Ok(u64::try_from(stat.st_size).unwrap_or(0))
    }

    fn read_at(&self, file: &OpenFile, offset: u64, into: &mut [u8]) -> Result<(), DiskError> {
        let mut done = 0;
        while done < into.len() {
            match rustix::io::pread(&file.fd, &mut into[done..], offset + done as u64) {
                Ok(0) => {
                    let file = file.name.clone();
                    return Err(DiskError { operation: Operation::Read, file, cause: DiskCause::Short });
                }
                Ok(bytes) => done += bytes,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(refused(Operation::Read, &file.name, errno)),
            }
        }
        Ok(())
    }

    fn expect_read(&self, file: &OpenFile, offset: u64, bytes: u64) {
        // Readahead by itself stays at 128 KiB, which leaves a fast disk idle half of the time.
        let _ = rustix::fs::fadvise(&file.fd, offset, NonZeroU64::new(bytes), Advice::WillNeed);
    }

    fn write_at(&self, file: &OpenFile, offset: u64, blocks: &[u8]) -> Result<(), DiskError> {
        self.write(file, offset, blocks)
    }

    fn write_durable(&self, file: &OpenFile, offset: u64, blocks: &[u8]) -> Result<(), DiskError> {
        self.write(file, offset, blocks)?;
        if file.synchronous {
            return Ok(());
        }
        rustix::fs::fdatasync(&file.fd).map_err(|errno| refused(Operation::Sync, &file.name, errno))
    }

    fn sync(&self, file: &OpenFile) -> Result<(), DiskError> {
        rustix::fs::fsync(&file.fd).map_err(|errno| refused(Operation::Sync, &file.name, errno))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let folder = &*self.folder;
        match rustix::fs::renameat_with(folder, from, folder, to, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // A file system that cannot refuse by itself: we hold the folder's lock, so asking first is enough.
            Err(Errno::INVAL | Errno::NOSYS) => {
                if rustix::fs::statat(folder, to, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
                    return Err(refused(Operation::Rename, to, Errno::EXIST));
                }
                rustix::fs::renameat(folder, from, folder, to)
                    .map_err(|errno| refused(Operation::Rename, from, errno))
            }
            Err(errno) => Err(refused(Operation::Rename, from, errno)),
        }
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        rustix::fs::unlinkat(&*self.folder, name, AtFlags::empty())
            .map_err(|errno| refused(Operation::Remove, name, errno))
    }

    fn sync_dir(&self) -> Result<(), DiskError> {
        rustix::fs::fsync(&*self.folder).map_err(|errno| refused(Operation::SyncDir, "", errno))
    }
}
