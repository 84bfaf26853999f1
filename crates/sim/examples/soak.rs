//! Lives through worlds until one of them goes wrong, and says how to live through it again.
//!
//! `cargo run --release -p sim --example soak -- [--seed N] [--steps M] [--worlds K]`

#![expect(clippy::print_stdout, reason = "this is what it is for")]

use sim::world::{Settings, live};
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let value = |name: &str, otherwise: u64| {
        let place = words.iter().position(|word| word == name);
        place.and_then(|place| words.get(place + 1)).map_or(Some(otherwise), |text| text.parse().ok())
    };
    let (Some(seed), Some(steps), Some(worlds)) =
        (value("--seed", 1), value("--steps", 3_000), value("--worlds", 1))
    else {
        println!("soak [--seed N] [--steps M] [--worlds K]");
        return ExitCode::FAILURE;
    };
    for seed in seed..seed.saturating_add(worlds) {
        match live(Settings { seed, steps: u32::try_from(steps).unwrap_or(u32::MAX), plant: None }) {
            Ok(tally) => println!("seed {seed}: {tally:?}"),
            Err(wrong) => {
                println!("{wrong}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
