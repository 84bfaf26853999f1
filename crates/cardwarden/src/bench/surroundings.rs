//! The machine a run was made on, as the operating system describes it.
//!
//! Nothing is measured here.

use std::path::Path;

/// What a figure means nothing without.
pub struct Surroundings {
    /// Model of the processor.
    pub processor: String,
    /// Processors this process may use.
    pub cores: usize,
    /// Memory, MiB.
    pub memory_mib: u64,
    /// Name and release of the kernel.
    pub kernel: String,
    /// Kind of file system of the folder, and its device.
    pub file_system: String,
    /// Whether direct, synchronous writes are taken there.
    pub direct: String,
    /// Load averages before the run: one, five and fifteen minutes.
    pub load_before: String,
    /// When, `YYYY-MM-DD HH:MM` UTC.
    pub at: String,
    /// How the binary was built.
    pub build: &'static str,
}

impl Surroundings {
    /// As they are now; `folder` is on the disk that is measured.
    pub fn now(folder: &Path) -> Surroundings {
        let unknown = || "unknown".to_owned();
        let processor = after("/proc/cpuinfo", "model name").unwrap_or_else(unknown);
        let memory =
            after("/proc/meminfo", "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse().ok());
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_else(|_| unknown());
        let direct = journal::Files::create(folder).and_then(|files| files.is_direct());
        let local = machine::time::Zone(0).local(crate::clock::now());
        Surroundings {
            processor,
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory_mib: memory.map_or(0, |kib: u64| kib / 1024),
            kernel: format!("{} {}", std::env::consts::OS, kernel.trim()),
            file_system: file_system(folder).unwrap_or_else(unknown),
            direct: match direct {
                Ok(true) => "O_DIRECT and O_DSYNC".to_owned(),
                Ok(false) => "no direct writes: write and fdatasync".to_owned(),
                Err(error) => error.to_string(),
            },
            load_before: load(),
            at: format!(
                "{:04}-{:02}-{:02} {:02}:{:02}",
                local.year,
                local.month,
                local.day_of_month,
                local.hour(),
                local.minute()
            ),
            build: if cfg!(debug_assertions) {
                "WITH DEBUG ASSERTIONS: no figure of it means anything"
            } else {
                "release"
            },
        }
    }
}

/// Load averages of one, five and fifteen minutes.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Resident memory of this process, bytes.
pub fn resident() -> u64 {
    let kib =
        after("/proc/self/status", "VmRSS").and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// What stands behind the first `name: ` of a file.
fn after(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The kind and device of the file system `folder` is on: of all mount points that lead to it, the longest.
fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let leading = mounts.lines().filter_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let point = place.split(' ').nth(4)?;
        let mut kind = kind.split(' ');
        let (kind, device) = (kind.next()?, kind.next()?);
        folder.starts_with(point).then(|| (point.len(), format!("{kind} on {device}")))
    });
    leading.max_by_key(|(length, _)| *length).map(|(_, name)| name)
}
