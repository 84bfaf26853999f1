//! Finding the known answers beside the project.

use std::path::PathBuf;

/// The JSON of a file of known answers, or `None` with a word about it where the project stands alone.
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
