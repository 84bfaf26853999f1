//! Known answers beside the project, and dice that fall the same way in ten years.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::path::PathBuf;

pub mod frames;

/// The JSON of a file of known answers, or `None` with a word about it where the project stands alone.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so aloud")]
pub fn vectors(file: &str) -> Option<serde_json::Value> {
    let folder = std::env::var_os("CARDWARDEN_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
        eprintln!("skipped: no vectors beside the project");
        return None;
    };
    Some(serde_json::from_str(&text).expect("the vectors are JSON"))
}

/// Bytes of hexadecimal.
pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}

/// Upper-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Dice of one seed (splitmix64, Steele and others 2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but without `end`.
    pub fn up_to(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.up_to(from.len())]
    }
}
