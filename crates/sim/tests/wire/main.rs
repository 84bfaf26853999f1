//! Terminals that speak over a bad line to a host that dies: from the bytes of a frame to the disk and back.
//!
//! `WIRE_SEED=N` lives one world alone, `WIRE_STEPS=M` sets how long; a failure says both.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::print_stdout, reason = "a failure has to be lived through again: seeds are said")]
#![expect(clippy::wildcard_enum_match_arm, reason = "a street deals with what it makes happen")]

mod bank;
mod street;
mod till;

use street::{Street, Tally};

fn lived(seed: u64, steps: u32) -> Tally {
    let found = std::panic::catch_unwind(|| Street::open(seed).live(steps));
    match found {
        Ok(Ok(tally)) => tally,
        Ok(Err(what)) => {
            panic!("{what}\nrepeat with: WIRE_SEED={seed} WIRE_STEPS={steps} cargo test -p sim --test wire")
        }
        Err(panic) => {
            println!("repeat with: WIRE_SEED={seed} WIRE_STEPS={steps} cargo test -p sim --test wire");
            std::panic::resume_unwind(panic)
        }
    }
}

#[test]
fn every_terminal_agrees_with_the_host_in_the_end() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let steps = number("WIRE_STEPS").unwrap_or(1_200) as u32;
    if let Some(seed) = number("WIRE_SEED") {
        println!("{:?}", lived(seed, steps));
        return;
    }
    let mut all = Tally::default();
    for seed in 1..=6 {
        let tally = lived(seed, steps);
        println!("seed {seed}: {tally:?}");
        all.add(&tally);
    }
    // A street on which nothing happens proves nothing.
    assert!(all.approved > 800 && all.reversed > 60 && all.settled > 15, "{all:?}");
    assert!(all.starts > 15 && all.same_bytes > 40 && all.lines_cut > 60 && all.bits_flipped > 20, "{all:?}");
}
