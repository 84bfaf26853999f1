//! Nothing secret is left anywhere: journal, log, errors are searched for the card numbers, PINs and tracks
//! that went over the wire.

use crate::running::{Folder, Running, Till};
use cardcrypto::Pin;
use std::path::Path;

/// A secret in the forms it could leak in.
fn forms(digits: &str) -> Vec<Vec<u8>> {
    let packed = |text: &str| -> Vec<u8> {
        text.as_bytes()
            .chunks(2)
            .map(|pair| {
                let nibble =
                    |at: usize| pair.get(at).map_or(0, |b| (*b as char).to_digit(16).unwrap_or(0) as u8);
                nibble(0) << 4 | nibble(1)
            })
            .collect()
    };
    let whole = digits.len() / 2 * 2;
    vec![digits.as_bytes().to_vec(), packed(&digits[..whole]), packed(&digits[1..whole - 1])]
}

fn search(folder: &Path, secrets: &[(&str, Vec<Vec<u8>>)], seen: &mut usize) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, secrets, seen);
            continue;
        }
        if path.file_name().is_some_and(|name| name == "keys.json") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        *seen += bytes.len();
        for (what, forms) in secrets {
            for form in forms {
                let found = bytes.windows(form.len()).position(|window| window == form.as_slice());
                assert!(found.is_none(), "{what} in {} at {found:?}", path.display());
            }
        }
    }
}

#[test]
fn no_card_number_pin_or_track_is_in_journal_or_log() {
    let folder = Folder::new("leaks");
    let running = Running::start(&folder.0, &[]).expect("the host starts");
    let mut till = Till::new(&folder.0.join("keys.json"));
    till.connect(&running);
    assert!(till.sign_in().unwrap().approved());
    assert!(till.sale(1234, None).unwrap().approved());
    let wrong = Pin::parse("987612").unwrap();
    assert!(!till.sale(1234, Some(&wrong)).unwrap().approved());
    // Frames that break off, and a MAC that is wrong: errors must not show what was in them.
    let frame = till.sale_frame(99, None);
    let mut broken = frame.clone();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    till.carry(&broken);
    till.carry(&frame[..frame.len() / 2]);
    assert!(running.stop());

    let pan = till.card.pan.expose().to_owned();
    let keys = std::fs::read_to_string(folder.0.join("keys.json")).unwrap();
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    let track = keys["cards"][0]["track2"].as_str().unwrap().to_owned();
    let tmk = keys["tmk"].as_str().unwrap().to_owned();
    let secrets = [
        ("the card number", forms(&pan)),
        ("the track", forms(&track)),
        ("the terminal's key", forms(&tmk)),
        ("the wrong PIN", vec![b"987612".to_vec()]),
    ];
    let mut seen = 0;
    search(&folder.0, &secrets, &mut seen);
    assert!(seen > 100_000, "there was something to search: {seen} bytes");
    // The search itself finds what is there.
    std::fs::write(folder.0.join("planted"), pan.as_bytes()).unwrap();
    let caught = std::panic::catch_unwind(|| search(&folder.0, &secrets, &mut 0));
    assert!(caught.is_err(), "a planted card number is found");
}
