//! Bugs that others published, each tried here.

use journal::{
    Hash, Journal, Lasts, MemoryDisk, OpenError, Operation, Options, Prepared, Reader, Seq, Spent,
};

use crate::life::{SEGMENT_BYTES, options};

fn open(disk: &MemoryDisk) -> Journal<MemoryDisk> {
    Journal::open(disk.clone(), options(Spent::Recycled)).unwrap().0
}

fn bytes_of(disk: &MemoryDisk) -> Vec<(String, Vec<u8>)> {
    disk.contents()
        .into_iter()
        .map(|(name, _)| {
            let mut held = Vec::new();
            disk.damage(&name, |bytes| held.clone_from(bytes));
            (name, held)
        })
        .collect()
}

/// A torn commit slot given a new checksum by recovery: a silent rollback.
#[test]
fn recovery_never_makes_good_what_did_not_check() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk);
    for body in [b"one".as_slice(), b"two", b"three"] {
        journal.append(body).unwrap();
    }
    drop(journal);

    // Rot in the middle: refused, however often, and not a byte of the disk is touched.
    let rotten = disk.copy();
    rotten.damage("0000000001.segment", |bytes| bytes[2 * 4096 + 129] ^= 4);
    let before = bytes_of(&rotten);
    for _ in 0..2 {
        let refused = Journal::open(rotten.clone(), options(Spent::Recycled)).err();
        assert!(matches!(refused, Some(OpenError::Damaged(_))));
        assert!(bytes_of(&rotten) == before, "a refused journal is left as it is");
    }

    // A torn end: cut, overwritten, and never to be seen again, whatever is appended behind it.
    let torn = disk.copy();
    torn.damage("0000000001.segment", |bytes| bytes[3 * 4096 + 129] ^= 4);
    let (mut journal, recovered) = Journal::open(torn.clone(), options(Spent::Recycled)).unwrap();
    assert_eq!(recovered.head.seq, Seq(2));
    assert_eq!(
        recovered.tail_cut.unwrap().to_string(),
        "cut 0000000001.segment at offset 12288: the body of record 3 does not check; it had not been acknowledged"
    );
    torn.damage("0000000001.segment", |bytes| assert!(bytes[3 * 4096..].iter().all(|byte| *byte == 0)));
    journal.append(b"another three").unwrap();
    let bodies: Vec<_> = journal.read(Seq(1)).unwrap().map(|record| record.unwrap().body).collect();
    assert_eq!(bodies, [b"one".to_vec(), b"two".to_vec(), b"another three".to_vec()]);
}

/// Journal rotation that synced under the writer's lock: stalls of 36 to 70 ms.
#[test]
fn where_the_next_segment_is_ready_nothing_is_created_filled_or_synced_to_begin_it() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk);
    let mut turns = 0;
    for seq in 1..=60_u64 {
        while journal.prepare().unwrap() == Prepared::More {}
        let before = disk.asked().len();
        journal.append(&[1; 3_000]).unwrap();
        let asked = disk.asked().split_off(before);
        if asked.len() > 1 {
            turns += 1;
            // The mark that ends the old, the new one opened, its header, the record.
            assert_eq!(asked, [Operation::Write, Operation::Open, Operation::Write, Operation::Write]);
        } else {
            assert_eq!(asked, [Operation::Write], "one write a record");
        }
        if seq % 20 == 0 {
            journal.put_snapshot(Hash::NONE, b"state").unwrap();
            journal.retain(1, Seq(u64::MAX)).unwrap();
        }
    }
    assert_eq!(turns, 60 / (SEGMENT_BYTES / 4096 - 2) - 1);
}

/// A recovered file was written on under a name that did not last: later writes were lost.
#[test]
fn a_name_is_made_durable_before_it_is_relied_on() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk);
    journal.append(b"one").unwrap();
    // The process ends between giving the next segment its name and making the name last.
    while disk.contents().iter().all(|(name, _)| name != "0000000002.segment") {
        assert_eq!(journal.prepare(), Ok(Prepared::More));
    }
    drop(journal);
    let mut journal = open(&disk);
    for _ in 0..10 {
        journal.append(&[2; 3_000]).unwrap();
    }
    drop(journal);
    let after = disk.after_crash(Lasts::Nothing);
    assert_eq!(open(&after).head().seq, Seq(11));
}

/// An index and what it points to, synced at different times: a wrong value was adopted.
#[test]
fn a_header_never_adopts_the_body_of_another_record() {
    let first = MemoryDisk::new();
    open(&first).append(&[1; 3_000]).unwrap();
    let second = MemoryDisk::new();
    open(&second).append(&[2; 3_000]).unwrap();
    let mut other = Vec::new();
    second.damage("0000000001.segment", |bytes| other.clone_from(bytes));
    // Each sector of the second's record in turn, and all from it on, in place of the first's.
    for sector in 8..16 {
        for end in [sector + 1, 16] {
            let mixed = first.copy();
            let range = sector * 512..end * 512;
            mixed.damage("0000000001.segment", |bytes| {
                bytes[range.clone()].copy_from_slice(&other[range.clone()])
            });
            let whole = range == (4096..8192);
            let bodies: Vec<_> =
                open(&mixed).read(Seq(1)).unwrap().map(|record| record.unwrap().body).collect();
            // The last two sectors hold only padding.
            match (whole, sector) {
                (true, _) => assert_eq!(bodies, [[2; 3_000]]),
                (false, 15) => assert_eq!(bodies, [[1; 3_000]]),
                (false, _) => assert!(bodies.is_empty(), "sector {sector} to {end}"),
            }
        }
    }
}

/// Sound records of two histories: what a restored copy and a journal that went on without it would make.
#[test]
fn records_of_two_histories_are_never_mixed() {
    let history = |first: &[u8]| {
        let disk = MemoryDisk::new();
        let mut journal = open(&disk);
        journal.append(first).unwrap();
        journal.append(b"two").unwrap();
        disk.copy()
    };
    let (one, other) = (history(b"one"), history(b"won"));
    let mut second = Vec::new();
    other.damage("0000000001.segment", |bytes| second.extend_from_slice(&bytes[2 * 4096..3 * 4096]));
    one.damage("0000000001.segment", |bytes| bytes[2 * 4096..3 * 4096].copy_from_slice(&second));
    let refused = Journal::open(one.clone(), options(Spent::Recycled)).err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the journal is damaged and was left as it is: 0000000001.segment at offset 8192, record 2: the hash of the \
         record before does not match"
    );
    assert!(Reader::over(one).unwrap().verify().is_err());
}

#[test]
fn a_snapshot_of_another_history_is_not_started_from() {
    let history = |first: &[u8]| {
        let disk = MemoryDisk::new();
        let mut journal = open(&disk);
        journal.append(first).unwrap();
        journal.put_snapshot(Hash::NONE, first).unwrap();
        disk.copy()
    };
    let (one, other) = (history(b"one"), history(b"won"));
    let name = "00000000000000000001.snapshot";
    let mut foreign = Vec::new();
    other.damage(name, |bytes| foreign.clone_from(bytes));
    one.damage(name, |bytes| *bytes = foreign);
    let refused = Journal::open(one, options(Spent::Recycled)).err().unwrap();
    assert_eq!(
        refused.to_string(),
        "the journal is damaged and was left as it is: 00000000000000000001.snapshot at offset 0, record 1: the \
         snapshot is of another history than the journal"
    );
}

#[test]
fn a_snapshot_never_adopts_the_content_of_another() {
    let make = |content: &[u8]| {
        let disk = MemoryDisk::new();
        let mut journal = open(&disk);
        journal.append(b"one").unwrap();
        journal.put_snapshot(Hash::NONE, content).unwrap();
        disk
    };
    let name = "00000000000000000001.snapshot";
    let (first, second) = (make(&[1; 9_000]), make(&[2; 9_000]));
    let mut other = Vec::new();
    second.damage(name, |bytes| other.clone_from(bytes));
    for block in 0..other.len() / 4096 {
        let mixed = first.copy();
        let range = block * 4096..(block + 1) * 4096;
        mixed.damage(name, |bytes| bytes[range.clone()].copy_from_slice(&other[range.clone()]));
        let newest = open(&mixed).newest_snapshot().unwrap();
        assert_eq!((newest.snapshot, newest.damaged.len()), (None, 1), "block {block}");
        assert!(!Reader::over(mixed).unwrap().verify().unwrap().is_sound());
    }
}

/// Segments used again are full of sound records at the very offsets the new ones go to.
#[test]
fn what_a_segment_held_before_is_never_taken_for_a_record() {
    let disk = MemoryDisk::new();
    let mut journal = open(&disk);
    let mut reused = false;
    for seq in 1..=90_u64 {
        journal.append(&seq.to_le_bytes()).unwrap();
        while journal.prepare().unwrap() == Prepared::More {}
        if seq % 10 == 0 {
            journal.put_snapshot(Hash::NONE, &seq.to_le_bytes()).unwrap();
            journal.retain(1, Seq(u64::MAX)).unwrap();
        }
        let found = disk.after_crash(Lasts::Nothing);
        let (again, recovered) = Journal::open(found.clone(), options(Spent::Recycled)).unwrap();
        assert_eq!((recovered.head.seq, recovered.tail_cut), (Seq(seq), None));
        let last = again.read(Seq(seq)).unwrap().next().unwrap().unwrap();
        assert_eq!(last.body, seq.to_le_bytes());
        // A torn one in its place is cut all the same, and said.
        let segment = format!("{:010}.segment", last.segment);
        let offset = usize::try_from(last.offset).unwrap();
        drop(again);
        let mut later = false;
        found.damage(&segment, |bytes| {
            later = bytes[offset + 2 * 4096..].iter().any(|byte| *byte != 0);
            bytes[offset + 128] ^= 1;
        });
        reused |= later;
        match Journal::open(found, options(Spent::Recycled)) {
            Ok((_, recovered)) => {
                assert_eq!(recovered.head.seq, Seq(seq - 1));
                assert_eq!(recovered.tail_cut.unwrap().offset, last.offset);
            }
            // A snapshot had acknowledged it.
            Err(OpenError::Damaged(fault)) => assert!(seq % 10 == 0, "{fault}"),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(reused, "no segment was used again: this proved nothing");
}

#[test]
fn impossible_options_are_refused() {
    for bytes in [0, 4096, 8192, 12_289, (1 << 36) + 4096] {
        let options = Options { segment_bytes: bytes, ..options(Spent::Recycled) };
        let refused = Journal::open(MemoryDisk::new(), options).err();
        assert_eq!(refused, Some(OpenError::SegmentBytes { found: bytes }));
    }
}
