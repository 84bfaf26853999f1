//! Bytes and figures at their ends: nothing a peer or a file can say brings the machine down.

use crate::world::World;
use machine::Machine;
use machine::command::Command;
use machine::outcome::Outcome;
use machine::time::Timestamp;

/// SplitMix64, as everywhere in this project.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn lived() -> World {
    let mut world = World::new();
    for line in [
        "open A1",
        "fund A1 100.00",
        "card C1 A1",
        "sale R1 C1 10.00",
        "preauth R2 C1 10.00",
        "reverse R3",
        "freeze C1 bank ann expires=1d",
        "keyed K1 sweep",
        "refund R4 of=R1 1.00",
    ] {
        assert!(!world.line(line).starts_with("declined original_mismatch"), "{line}");
    }
    world
}

#[test]
fn the_ends_of_time_are_times_like_any_other() {
    for at in [i64::MIN, -1, 0, 1, i64::MAX - 1, i64::MAX] {
        let mut world = lived();
        world.now = Timestamp(at);
        for line in [
            "peek C1 1.00",
            "sale R10 C1 1.00",
            "preauth R11 C1 1.00",
            "reverse R10",
            "sweep",
            "freeze C1 bank ben",
            "settle T1",
        ] {
            world.line(line);
        }
    }
}

#[test]
fn a_damaged_snapshot_is_refused_or_read_never_worse() {
    let world = lived();
    let mut state = Vec::new();
    world.machine.write_snapshot(&mut state).unwrap();
    for end in 0..state.len() {
        assert!(Machine::read_snapshot(&mut &state[..end]).is_err(), "cut at {end}");
    }
    let mut dice = Dice(5);
    let mut refused = 0;
    for place in 0..state.len() {
        let mut bytes = state.clone();
        bytes[place] ^= 1 << dice.below(8);
        // Digests beside it are what tells that it changed; here it must only not break, and not be the same.
        match Machine::read_snapshot(&mut &bytes[..]) {
            Ok(read) => assert_ne!(read.digest(), world.machine.digest(), "byte {place} changes nothing"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 50, "{refused} of {}", state.len());
}

#[test]
fn made_up_bytes_are_no_commands_and_break_nothing() {
    let mut world = lived();
    world.thorough = false;
    let mut valid = Vec::new();
    for seed in 0..60_000_u64 {
        let mut dice = Dice(seed);
        let mut bytes: Vec<u8> = (0..dice.below(200)).map(|_| dice.below(256) as u8).collect();
        if let Some(tag) = bytes.first_mut() {
            *tag %= 29;
        }
        if let Ok(command) = Command::decode(&mut &bytes[..]) {
            valid.push(command);
        }
        let _ = Outcome::decode(&mut &bytes[..]);
    }
    assert!(valid.len() > 500, "{} of them are commands", valid.len());
    for command in &valid {
        let at = world.now;
        world.machine.apply(command, at);
        world.now = world.now.plus(1000);
    }
    world.machine.audit().unwrap();
    let mut state = Vec::new();
    world.machine.write_snapshot(&mut state).unwrap();
    assert_eq!(Machine::read_snapshot(&mut &state[..]).unwrap().digest(), world.machine.digest());
}

#[test]
fn keys_within_keys_come_to_an_end() {
    let nested = |levels: usize| {
        let mut bytes = Vec::new();
        for _ in 0..levels {
            bytes.push(28);
            bytes.extend_from_slice(&[7; 32]);
        }
        bytes.push(27);
        bytes
    };
    assert!(Command::decode(&mut &nested(31)[..]).is_ok());
    assert!(Command::decode(&mut &nested(32)[..]).is_err());
    assert!(Command::decode(&mut &nested(200_000)[..]).is_err());
}
