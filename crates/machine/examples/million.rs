//! A machine of a million idle cards: resident memory, and how long its state takes to write and to read.
//!
//! `cargo run --release -p machine --example million [-- CARDS]`

#![expect(clippy::print_stdout, reason = "this is what it is for")]

use machine::Machine;
use machine::command::{AccountKind, Command, IssueCard, Limits, OpenAccount, PinReference};
use machine::ids::{AccountId, CardId};
use machine::money::{Currency, Money};
use machine::policy::Policy;
use machine::time::{Expiry, Timestamp, Zone};
use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "a measurement, not a decision")]
fn now() -> Instant {
    Instant::now()
}

/// Resident bytes of this process (Linux: the second figure of `statm`, in pages of 4 KiB).
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).map_or(0, |pages| pages * 4096)
}

fn card(place: u64) -> CardId {
    let mut id = [0; 16];
    // SplitMix64's finalizer: hashes look like this.
    for (turn, half) in id.chunks_exact_mut(8).enumerate() {
        let mut mixed = (place * 2 + turn as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        half.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    CardId(id)
}

fn main() {
    let cards: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let at = Timestamp(1_773_108_000_000);
    let before = resident();
    let mut machine = Machine::new(Policy::DEFAULT);
    for place in 0..cards {
        let account = AccountId(place);
        let (kind, currency, zone) = (AccountKind::Debit, Currency::CNY, Zone::CHINA);
        machine.apply(
            &Command::OpenAccount(OpenAccount { account, kind, currency, zone, limits: Limits::NONE }),
            at,
        );
        machine.apply(&Command::Fund { account, amount: Money::new(100_000, currency) }, at);
        let issue = IssueCard {
            card: card(place),
            account,
            last4: *b"1234",
            expiry: Expiry { year: 40, month: 12 },
            active: true,
            chip: true,
            pin: Some(PinReference { key_index: 1, pvv: *b"1111" }),
            replaces: None,
        };
        machine.apply(&Command::IssueCard(issue), at);
    }
    let grown = resident() - before;
    println!("{cards} cards with an account each: {} bytes resident each", grown / cards);

    let mut state = Vec::new();
    let begun = now();
    machine.write_snapshot(&mut state).expect("a vector takes every byte");
    println!("state: {} bytes each, written in {:?}", state.len() as u64 / cards, begun.elapsed());
    let begun = now();
    let digest = machine.digest();
    println!("digest in {:?}", begun.elapsed());
    drop(machine);

    let before = resident();
    let begun = now();
    let read = Machine::read_snapshot(&mut &state[..]).expect("it was written just now");
    println!("read in {:?}", begun.elapsed());
    println!("read: {} bytes resident each", resident().saturating_sub(before) / cards);
    let begun = now();
    assert_eq!(read.digest(), digest);
    println!("digest in {:?}", begun.elapsed());
    let begun = now();
    let audit = read.audit().expect("books hold");
    println!("audit of {} accounts in {:?}", audit.accounts, begun.elapsed());
}
