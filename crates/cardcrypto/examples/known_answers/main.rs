//! Tries files of known answers: every entry, every value in it that can be computed, and what must be
//! refused.
//!
//! `cargo run --release -p cardcrypto --example known_answers -- FILE...` prints a line for each failure and
//! for each thing passed over, and per file `N passed, M failed, K skipped`. It ends with an error when
//! anything failed. A kind of answer is known by its fields; the names of file and list only help where two
//! kinds look alike.

#![expect(clippy::print_stdout, reason = "a command line program")]

mod blocks;
mod china;
mod chip;
mod derived;
mod entry;
mod pins;
mod sm;
mod tlv;

use std::process::ExitCode;

use entry::{Entry, Stop, Tally};
use serde_json::Value;

/// What tries one kind of entry.
type Trial = fn(&Entry<'_>, &mut Tally) -> Result<(), Stop>;

/// The kind of an entry by its fields; the first that fits.
fn trial_of(entry: &Entry<'_>) -> Option<Trial> {
    let has = |fields: &[&str]| fields.iter().all(|field| entry.has(field));
    let any = |fields: &[&str]| fields.iter().any(|field| entry.has(field));
    if has(&["format"]) && any(&["clear_block", "enciphered_block", "pan_field", "pin_field"]) {
        return Some(pins::pin_block);
    }
    let trial: Trial = if has(&["method", "pvk"]) {
        pins::verification
    } else if has(&["cvk"]) {
        pins::cvv
    } else if has(&["ksn"]) {
        derived::dukpt
    } else if has(&["key_block"]) {
        blocks::key_block
    } else if has(&["alg"]) && any(&["mac", "mac_ascii", "field64_hex"]) {
        blocks::mac
    } else if has(&["imk_cvc3"]) {
        chip::cvc3
    } else if has(&["script_mac"]) {
        chip::script
    } else if any(&["imk", "imk_ac", "icc_mk"]) {
        chip::cryptogram
    } else if has(&["mode", "plaintext"]) {
        sm::cipher
    } else if has(&["message", "digest"]) {
        sm::digest
    } else if has(&["public_key", "signature_r_s"]) {
        sm::signature
    } else if has(&["dol"]) {
        tlv::dol
    } else if has(&["hex"]) && any(&["tree", "expect"]) {
        tlv::tlv
    } else {
        return china_trial_of(entry);
    };
    Some(trial)
}

/// The kinds that belong to the first market.
fn china_trial_of(entry: &Entry<'_>) -> Option<Trial> {
    let has = |fields: &[&str]| fields.iter().all(|field| entry.has(field));
    if has(&["tdk", "track2"]) {
        Some(china::track)
    } else if has(&["tmk", "de62"]) {
        Some(china::sign_in)
    } else if has(&["de60_3", "layout"]) {
        Some(china::layout)
    } else if has(&["de37", "code"]) {
        Some(china::feature_code)
    } else if has(&["code", "channel"]) {
        Some(china::pay_code)
    } else if has(&["code", "action"]) {
        Some(china::response_code)
    } else if has(&["code", "valid"]) {
        Some(china::organization)
    } else if has(&["number", "valid"]) && entry.list().contains("gb11643") {
        Some(china::citizen)
    } else if has(&["number", "valid"]) {
        Some(china::luhn)
    } else if has(&["payload", "check_digit"]) {
        Some(china::check_digit)
    } else {
        None
    }
}

/// Tries one entry and what is left over of it.
fn try_entry(entry: &Entry<'_>, tally: &mut Tally) {
    let Some(trial) = trial_of(entry) else {
        tally.skip(entry, "no kind of known answer has these fields");
        return;
    };
    if entry.must_be_refused() {
        let mut inside = Tally::quiet();
        match trial(entry, &mut inside) {
            Err(Stop::Refused(_)) => tally.pass(),
            Ok(()) if inside.failed > 0 => tally.pass(),
            Ok(()) => tally.fail(entry, "was taken, and must be refused"),
            Err(Stop::Unreadable(why)) => tally.fail(entry, &why),
            Err(Stop::Unsupported(why)) => tally.skip(entry, &why),
        }
        return;
    }
    match trial(entry, tally) {
        Ok(()) => {
            for field in entry.untried() {
                tally.skip(entry, &format!("field {field}: nothing here computes it"));
            }
        }
        Err(Stop::Refused(why)) => tally.fail(entry, &format!("refused: {why}")),
        Err(Stop::Unreadable(why)) => tally.fail(entry, &why),
        Err(Stop::Unsupported(why)) => tally.skip(entry, &why),
    }
}

/// Tries everything in a value: lists of entries, single entries, and objects of them.
fn try_value(list: &str, value: &Value, tally: &mut Tally) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                match item {
                    Value::Object(fields) => {
                        try_entry(&Entry::new(&format!("{list}[{at}]"), list, fields), tally);
                    }
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {}
                }
            }
        }
        Value::Object(fields) => {
            let entry = Entry::new(list, list, fields);
            // A file of several lists may name one like a field; an entry itself holds no list of entries.
            let holds_lists = fields
                .values()
                .any(|value| value.as_array().is_some_and(|items| items.iter().any(Value::is_object)));
            if !holds_lists && trial_of(&entry).is_some() {
                try_entry(&entry, tally);
            } else if derived::is_code_table(list, fields) {
                derived::code_table(&entry, tally);
            } else {
                for (name, value) in fields {
                    let inner = if list.is_empty() { name.clone() } else { format!("{list}.{name}") };
                    try_value(&inner, value, tally);
                }
            }
        }
        // Notes and sources.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn try_file(path: &str) -> Result<Tally, String> {
    let text = std::fs::read_to_string(path).map_err(|why| why.to_string())?;
    let value: Value = serde_json::from_str(&text).map_err(|why| why.to_string())?;
    let stem = std::path::Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut tally = Tally::loud(path);
    let list = if value.is_array() { stem.unwrap_or_default() } else { String::new() };
    try_value(&list, &value, &mut tally);
    Ok(tally)
}

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        println!("known_answers FILE...: tries files of known answers");
        return ExitCode::from(2);
    }
    let mut good = true;
    for path in &files {
        match try_file(path) {
            Ok(tally) => {
                println!(
                    "{path}: {} passed, {} failed, {} skipped",
                    tally.passed, tally.failed, tally.skipped
                );
                good &= tally.failed == 0;
            }
            Err(why) => {
                println!("{path}: not read: {why}");
                good = false;
            }
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
