//! Every bit of a small journal flipped, every length it can be cut to, every file lost, copied or swapped: each
//! time either nothing acknowledged is missing, or the journal is refused and the file is named.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use journal::{Hash, Journal, JournalId, MemoryDisk, OpenError, Options, ReadError, Reader, Seq, Spent};

const OPTIONS: Options =
    Options { id: JournalId(*b"a small journal."), segment_bytes: 5 * 4096, spent: Spent::Recycled };

fn bodies() -> [Vec<u8>; 4] {
    [
        b"first".to_vec(),
        (0..5_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect(),
        vec![7; 300],
        b"last".to_vec(),
    ]
}

/// Four records in two segments; a snapshot after the second where asked for.
fn small(snapshot: bool) -> (MemoryDisk, Journal<MemoryDisk>) {
    let disk = MemoryDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), OPTIONS).unwrap();
    for (index, body) in bodies().iter().enumerate() {
        journal.append(body).unwrap();
        if snapshot && index == 1 {
            journal.put_snapshot(Hash::of(b"digest"), &[9; 5_000]).unwrap();
        }
    }
    (disk, journal)
}

/// What became of a damaged journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Became {
    /// All records are there, nothing was noticed: the damage is where nothing is.
    Whole,
    /// All records are there and a tail was cut.
    WholeAndCut,
    /// All records are there and the snapshot is passed over, by name.
    WholeWithoutSnapshot,
    /// The last record, which nothing acknowledges, is taken for a torn write and cut.
    LastCut,
    /// Opened, since a snapshot stands before the damage; reading it back and verification refuse, naming it.
    Unread,
    /// Refused, naming the damaged file.
    Refused,
}

fn opened(disk: &MemoryDisk, file: &str, what: &str) -> Became {
    let (journal, recovered) = match Journal::open(disk.clone(), OPTIONS) {
        Ok(opened) => opened,
        Err(OpenError::Damaged(fault)) => {
            assert_eq!(fault.file, file, "{what}: {fault}");
            return Became::Refused;
        }
        Err(other) => panic!("{what}: {other}"),
    };
    let read: Result<Vec<_>, _> = journal.read(Seq(1)).unwrap().collect();
    let records: Vec<_> = match read {
        Ok(records) => records.into_iter().map(|record| record.body).collect(),
        Err(ReadError::Damaged(fault)) => {
            assert_eq!(fault.file, file, "{what}: {fault}");
            assert_eq!(journal.newest_snapshot().unwrap().snapshot.unwrap().seq, Seq(2), "{what}");
            let tail: Vec<_> = journal.read(Seq(3)).unwrap().map(|record| record.unwrap().body).collect();
            assert_eq!(tail, bodies()[2..], "{what}");
            let verified = Reader::over(disk.clone()).unwrap().verify();
            assert_eq!(verified, Err(ReadError::Damaged(fault)), "{what}");
            return Became::Unread;
        }
        Err(other) => panic!("{what}: {other}"),
    };
    assert_eq!(records, bodies()[..records.len()], "{what}");
    assert!(records.len() >= 3, "{what}: {} records", records.len());
    if records.len() == 3 {
        assert_eq!(recovered.tail_cut.unwrap().seq, Seq(4), "{what}");
        return Became::LastCut;
    }
    let newest = journal.newest_snapshot().unwrap();
    if let Some(fault) = newest.damaged.first() {
        assert_eq!((fault.file.as_str(), newest.snapshot), (file, None), "{what}");
        return Became::WholeWithoutSnapshot;
    }
    if recovered.tail_cut.is_some() { Became::WholeAndCut } else { Became::Whole }
}

fn table(disk: &MemoryDisk, expect: &Expect) {
    let mut lines = String::new();
    for (file, bytes) in disk.contents() {
        let mut flips = BTreeMap::new();
        for bit in 0..bytes * 8 {
            let flipped = disk.copy();
            flipped.damage(&file, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
            *flips.entry(opened(&flipped, &file, &format!("{file} bit {bit}"))).or_insert(0) += 1;
        }
        let mut cuts = BTreeMap::new();
        for length in 0..bytes {
            let shorter = disk.copy();
            shorter.damage(&file, |bytes| bytes.truncate(length));
            *cuts.entry(opened(&shorter, &file, &format!("{file} cut to {length}"))).or_insert(0) += 1;
        }
        lines.push_str(&format!(
            "{file}: {bytes} bytes\n  bits flipped: {flips:?}\n  cut shorter: {cuts:?}\n"
        ));
    }
    expect.assert_eq(&lines);
}

#[test]
fn every_flip_and_every_cut_of_a_closed_journal_loses_nothing_or_is_refused() {
    let (disk, journal) = small(true);
    journal.close().unwrap();
    table(
        &disk.copy(),
        &expect![[r#"
        00000000000000000002.snapshot: 16384 bytes
          bits flipped: {WholeWithoutSnapshot: 131072}
          cut shorter: {WholeWithoutSnapshot: 16384}
        0000000001.segment: 20480 bytes
          bits flipped: {Unread: 131072, Refused: 32768}
          cut shorter: {Refused: 20480}
        0000000002.segment: 20480 bytes
          bits flipped: {Whole: 32768, WholeAndCut: 32768, Refused: 98304}
          cut shorter: {Refused: 20480}
        journal.identity: 4096 bytes
          bits flipped: {Refused: 32768}
          cut shorter: {Refused: 4096}
    "#]],
    );
}

#[test]
fn every_flip_and_every_cut_of_a_journal_that_was_killed_can_cost_its_last_record_at_most() {
    let (disk, journal) = small(false);
    drop(journal);
    table(
        &disk.copy(),
        &expect![[r#"
        0000000001.segment: 20480 bytes
          bits flipped: {Refused: 163840}
          cut shorter: {Refused: 20480}
        0000000002.segment: 20480 bytes
          bits flipped: {WholeAndCut: 65536, LastCut: 32768, Refused: 65536}
          cut shorter: {Refused: 20480}
        journal.identity: 4096 bytes
          bits flipped: {Refused: 32768}
          cut shorter: {Refused: 4096}
    "#]],
    );
}

#[test]
fn a_snapshot_acknowledges_the_last_record() {
    let (disk, journal) = small(false);
    journal.put_snapshot(Hash::of(b"digest"), b"state").unwrap();
    drop(journal);
    let rotten = disk.copy();
    rotten.damage("0000000002.segment", |bytes| bytes[2 * 4096 + 130] ^= 1);
    let error = Journal::open(rotten.clone(), OPTIONS).err().unwrap();
    expect!["the journal is damaged and was left as it is: 00000000000000000004.snapshot at offset 0, record 4: the snapshot is of a later state than the journal, which ends with record 3"]
        .assert_eq(&error.to_string());
    assert!(Reader::over(rotten).unwrap().verify().is_err());
}

/// Files under other names, or gone.
fn shuffled(how: impl Fn(&str) -> Option<String>) -> String {
    let (disk, mut journal) = small(false);
    // A third segment in use and a fourth ready, as in a journal at work.
    for _ in 0..3 {
        journal.append(&[5; 3_900]).unwrap();
    }
    while journal.prepare().unwrap() == journal::Prepared::More {}
    drop(journal);
    assert_eq!(disk.contents().len(), 5, "{:?}", disk.contents());
    let disk = disk.copy();
    disk.shuffle(how);
    let seen = match Journal::open(disk.copy(), OPTIONS) {
        Ok((_, recovered)) => format!("opened with {} records", recovered.head.seq),
        Err(OpenError::Damaged(fault)) => fault.to_string(),
        Err(other) => panic!("{other}"),
    };
    let verified = Reader::over(disk).and_then(|reader| reader.verify());
    assert_eq!(verified.is_ok(), seen.starts_with("opened"), "verification and opening agree: {verified:?}");
    seen
}

#[test]
fn files_lost_swapped_copied_or_renamed_are_named() {
    let segment = |index: u64| format!("{index:010}.segment");
    let lost = |gone: &'static [u64]| {
        shuffled(move |name| (!gone.iter().any(|index| segment(*index) == name)).then(|| name.to_owned()))
    };
    let swapped = |one: u64, two: u64| {
        shuffled(move |name| {
            Some(if name == segment(one) {
                segment(two)
            } else if name == segment(two) {
                segment(one)
            } else {
                name.to_owned()
            })
        })
    };
    let renamed = |from: &'static str, to: &'static str| {
        shuffled(move |name| Some(if name == from { to.to_owned() } else { name.to_owned() }))
    };
    let seen = [
        ("nothing", lost(&[])),
        ("lost 1", lost(&[1])),
        ("lost 2", lost(&[2])),
        ("lost 3", lost(&[3])),
        ("lost 4, which was ready", lost(&[4])),
        ("lost 3 and 4, the end", lost(&[3, 4])),
        ("lost 2 to 4", lost(&[2, 3, 4])),
        ("lost all", lost(&[1, 2, 3, 4])),
        ("swapped 1 and 2", swapped(1, 2)),
        ("swapped 2 and 3", swapped(2, 3)),
        ("swapped 3 and 4", swapped(3, 4)),
        ("3 as 5", renamed("0000000003.segment", "0000000005.segment")),
        ("4 as 9", renamed("0000000004.segment", "0000000009.segment")),
        ("3 as copy", renamed("0000000003.segment", "0000000003 (copy).segment")),
        ("3 as 03", renamed("0000000003.segment", "03.segment")),
        ("no identity", renamed("journal.identity", "journal.identity~")),
    ];
    let lines: String = seen.iter().map(|(what, seen)| format!("{what}: {seen}\n")).collect();
    expect![[r#"
        nothing: opened with 7 records
        lost 1: 0000000002.segment at offset 0: the journal begins with record 3 and no snapshot leads up to it
        lost 2: 0000000002.segment at offset 0: the segment is missing
        lost 3: 0000000003.segment at offset 0: the segment is missing
        lost 4, which was ready: opened with 7 records
        lost 3 and 4, the end: 0000000003.segment at offset 0, record 6: the segment is missing
        lost 2 to 4: 0000000002.segment at offset 0, record 3: the segment is missing
        lost all: 0000000001.segment at offset 0: the segment is missing
        swapped 1 and 2: 0000000001.segment at offset 0: the file holds segment 2, not what its name says
        swapped 2 and 3: 0000000002.segment at offset 0: the file holds segment 3, not what its name says
        swapped 3 and 4: 0000000004.segment at offset 0: the file holds segment 3, not what its name says
        3 as 5: 0000000003.segment at offset 0: the segment is missing
        4 as 9: 0000000004.segment at offset 0: the segment is missing
        3 as copy: 0000000003 (copy).segment at offset 0: named like a segment, but without a number
        3 as 03: 03.segment at offset 0: named like a segment, but without a number
        no identity: journal.identity at offset 0: the journal's identity is missing beside its segments
    "#]].assert_eq(&lines);
}

#[test]
fn blank_copies_and_other_journals_never_win() {
    let blanked = |name: &'static str| {
        let (disk, _) = small(false);
        let disk = disk.copy();
        disk.damage(name, |bytes| bytes.fill(0));
        Journal::open(disk, OPTIONS).err().map_or("opened".to_owned(), |error| error.to_string())
    };
    let other = MemoryDisk::new();
    let (mut stranger, _) =
        Journal::open(other.clone(), Options { id: JournalId(*b"another journal."), ..OPTIONS }).unwrap();
    for body in bodies() {
        stranger.append(&body).unwrap();
    }
    let mixed = |name: &'static str| {
        let (disk, _) = small(false);
        let disk = disk.copy();
        let mut foreign = Vec::new();
        other.damage(name, |bytes| foreign.clone_from(bytes));
        disk.damage(name, |bytes| *bytes = foreign);
        Journal::open(disk, OPTIONS).err().map_or("opened".to_owned(), |error| error.to_string())
    };
    let seen = [
        ("blank identity", blanked("journal.identity")),
        ("blank segment 1", blanked("0000000001.segment")),
        ("identity of another", mixed("journal.identity")),
        ("segment 1 of another", mixed("0000000001.segment")),
        ("segment 2 of another", mixed("0000000002.segment")),
    ];
    let lines: String = seen.iter().map(|(what, seen)| format!("{what}: {seen}\n")).collect();
    expect![[r#"
        blank identity: the journal is damaged and was left as it is: journal.identity at offset 0: the journal's identity does not check
        blank segment 1: the journal is damaged and was left as it is: 0000000001.segment at offset 0: the segment's header does not check
        identity of another: the journal is damaged and was left as it is: 0000000001.segment at offset 0: this belongs to another journal
        segment 1 of another: the journal is damaged and was left as it is: 0000000001.segment at offset 0: this belongs to another journal
        segment 2 of another: the journal is damaged and was left as it is: 0000000002.segment at offset 0: this belongs to another journal
    "#]].assert_eq(&lines);
}
