//! The disk fails at every single call of a journal's life, in every way it can.

use std::collections::BTreeMap;

use journal::{AppendError, DiskCause, Failure, Faults, Journal, Lasts, MemoryDisk, ReadError, Seq, Spent};

use crate::life::{Stop, Told, options};

const LASTS: [Lasts; 4] =
    [Lasts::Nothing, Lasts::Everything, Lasts::Chance { seed: 1 }, Lasts::Chance { seed: 0xC0FFEE }];

fn faulty(at: u64, failure: Failure, seed: u64) -> Faults {
    Faults { at: BTreeMap::from([(at, failure)]), seed, ..Faults::default() }
}

/// Calls of a life in which nothing fails.
fn calls(spent: Spent) -> u64 {
    let disk = MemoryDisk::new();
    Told::default().live(&disk, spent).unwrap();
    disk.calls()
}

/// Lives with one failure, then looks at what lasted; says what does not hold.
fn one(at: u64, failure: Failure, seed: u64, lasts: Lasts, lies: bool, spent: Spent) -> Result<(), String> {
    let disk = MemoryDisk::new();
    disk.set_faults(Faults { lies, ..faulty(at, failure, seed) });
    let mut told = Told::default();
    let _ = told.live(&disk, spent);
    told.examine(&disk.after_crash(lasts), spent)
        .map_err(|why| format!("call {at} {failure:?} seed {seed} {lasts:?} {spent:?}: {why}"))
}

/// The same, but the power stays: the process is started again on what the failed one left, durable or not. The
/// power goes later, at the end of the examination.
fn restarted(at: u64, failure: Failure, spent: Spent) -> Result<(), String> {
    let disk = MemoryDisk::new();
    disk.set_faults(faulty(at, failure, at));
    let mut told = Told::default();
    let _ = told.live(&disk, spent);
    disk.set_faults(Faults::default());
    told.examine(&disk, spent).map_err(|why| format!("call {at} {failure:?} restarted: {why}"))
}

#[test]
fn a_life_without_failure_is_whole() {
    for spent in [Spent::Recycled, Spent::Archived] {
        let disk = MemoryDisk::new();
        let mut told = Told::default();
        told.live(&disk, spent).unwrap();
        assert!(told.given_up > Seq(20), "retention has to have worked for this to prove anything");
        told.examine(&disk.after_crash(Lasts::Nothing), spent).unwrap();
        let archived = disk.contents().iter().filter(|(name, _)| name.ends_with(".archived")).count();
        assert_eq!(archived > 0, spent == Spent::Archived, "{:?}", disk.contents());
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_a_crash_at_any_call() {
    for spent in [Spent::Recycled, Spent::Archived] {
        for at in 0..calls(spent) {
            for (seed, lasts) in LASTS.into_iter().enumerate() {
                one(at, Failure::Crash, seed as u64, lasts, false, spent).unwrap();
            }
        }
    }
}

#[test]
fn nothing_is_lost_by_a_second_crash_while_the_first_is_recovered_from() {
    let spent = Spent::Recycled;
    // Every seventh first crash: seven is no period of the life, so all kinds of them come up.
    for at in (0..calls(spent)).step_by(7) {
        let first = MemoryDisk::new();
        first.set_faults(faulty(at, Failure::Crash, 7));
        let mut told = Told::default();
        let _ = told.live(&first, spent);
        for second in 0.. {
            let disk = first.after_crash(Lasts::Chance { seed: at });
            disk.set_faults(faulty(second, Failure::Crash, at ^ second));
            if Journal::open(disk.clone(), options(spent)).is_ok() {
                break;
            }
            let mut told = told.clone();
            let found = told.examine(&disk.after_crash(Lasts::Chance { seed: second }), spent);
            found.map_err(|why| format!("calls {at} and {second}: {why}")).unwrap();
        }
    }
}

#[test]
fn an_error_at_any_call_stops_and_loses_nothing() {
    let spent = Spent::Recycled;
    for failure in [Failure::Refused(DiskCause::Failed(5)), Failure::Torn(DiskCause::Failed(5))] {
        for at in 0..calls(spent) {
            one(at, failure, at, Lasts::Chance { seed: at }, false, spent).unwrap();
            restarted(at, failure, spent).unwrap();
        }
    }
}

#[test]
fn a_full_disk_at_any_call_loses_nothing() {
    let spent = Spent::Recycled;
    for failure in [Failure::Refused(DiskCause::Full), Failure::Torn(DiskCause::Full)] {
        for at in 0..calls(spent) {
            one(at, failure, at, Lasts::Chance { seed: at }, false, spent).unwrap();
            restarted(at, failure, spent).unwrap();
        }
    }
}

#[test]
fn a_full_disk_is_said_before_anything_is_accepted_and_gives_way_to_space() {
    let disk = MemoryDisk::new();
    disk.set_faults(Faults { capacity: Some(100_000), ..Faults::default() });
    let (mut journal, _) = Journal::open(disk.clone(), options(Spent::Recycled)).unwrap();
    let mut told = Told::default();
    let full = loop {
        if let Err(error) = told.append(&mut journal) {
            break error;
        }
    };
    assert_eq!(full, AppendError::Full);
    assert!(!journal.is_stopped());
    assert!(told.acknowledged.len() > 5);
    let names: Vec<_> = disk.contents().into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.ends_with(".part")), "reserved space is given back: {names:?}");
    assert_eq!(journal.read(Seq(1)).unwrap().count(), told.acknowledged.len());
    assert_eq!(told.append(&mut journal), Err(AppendError::Full), "and it is said each time");

    disk.set_faults(Faults::default());
    told.append(&mut journal).unwrap();
    drop(journal);
    told.examine(&disk.after_crash(Lasts::Nothing), Spent::Recycled).unwrap();
}

#[test]
fn a_disk_that_lies_about_syncing_is_caught() {
    // The planted bug that stays: were this not found, the tests above would prove nothing.
    let spent = Spent::Recycled;
    let caught = (0..calls(spent))
        .filter(|at| one(*at, Failure::Crash, *at, Lasts::Chance { seed: *at }, true, spent).is_err())
        .count();
    assert!(caught > 20, "only {caught} crashes of a disk that never syncs were noticed");
}

#[test]
fn a_lost_write_is_refused_as_soon_as_anything_follows_it() {
    let disk = MemoryDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), options(Spent::Recycled)).unwrap();
    journal.append(b"one").unwrap();
    let before = disk.copy();
    journal.append(b"two").unwrap();
    journal.append(b"three").unwrap();
    drop(journal);
    // Record two never reached its place, though the disk said so.
    let mut old = Vec::new();
    before.damage("0000000001.segment", |bytes| old.clone_from(bytes));
    disk.damage("0000000001.segment", |bytes| bytes[8192..12288].copy_from_slice(&old[8192..12288]));
    let error = Journal::open(disk, options(Spent::Recycled)).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the journal is damaged and was left as it is: 0000000001.segment at offset 8192, record 2: the header does \
         not check, yet what follows (record 3) proves it was acknowledged"
    );
}

#[test]
fn chance_finds_nothing_either() {
    // Fixed seeds by default; JOURNAL_SEED=<n> tries one alone.
    let seeds = match std::env::var("JOURNAL_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..300_u64).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect(),
    };
    let total = calls(Spent::Recycled);
    for seed in seeds {
        let mut told = Told::default();
        let mut disk = MemoryDisk::new();
        // Several crashes, one after the other, on one disk.
        for turn in 0..4_u64 {
            let at = (seed >> (turn * 13)) % total;
            disk.set_faults(faulty(at, Failure::Crash, seed ^ turn));
            let ended = told.live(&disk, Spent::Recycled);
            assert!(
                !matches!(ended, Err(Stop::Read(ReadError::Damaged(_)))),
                "JOURNAL_SEED={seed}: {ended:?}"
            );
            disk = disk.after_crash(Lasts::Chance { seed: seed.rotate_left(7) ^ turn });
        }
        told.examine(&disk, Spent::Recycled).unwrap_or_else(|why| panic!("JOURNAL_SEED={seed}: {why}"));
    }
}
