//! A chip pays over TCP with a real cryptogram; its copy is caught and the card frozen; a chip that is only
//! damaged is helped, and not frozen.

use crate::running::{Folder, Running, Till};
use terminal::{CardFault, Entry, PosError};

fn open(name: &str) -> (Folder, Running, Till) {
    let folder = Folder::new(name);
    let running = Running::start(&folder.0, &[]).expect("the host starts");
    let mut till = Till::with_chip_card(&folder.0.join("keys.json"));
    till.connect(&running);
    assert!(till.sign_in().unwrap().approved());
    (folder, running, till)
}

#[test]
fn a_copy_of_a_chip_is_caught_frozen_and_explained() {
    let (_folder, running, mut till) = open("copy");
    let mut card = till.card.clone();
    let paid = till.pay(&mut card, Entry::Insert, 12_300).unwrap();
    assert!(paid.approved(), "{}", paid.code);
    assert_eq!(paid.issuer_authentic, Some(true), "the chip believes the issuer");

    let mut copy = card.cloned_at(0);
    let refused = till.pay(&mut copy, Entry::Insert, 45_600).unwrap();
    assert!(!refused.approved());
    let decision = running.decision(&refused);
    assert_eq!(decision["causes"][0]["slug"], "counter_replayed", "{decision}");
    let freeze = decision["facts"]["freeze"].as_str().expect("a freeze followed").to_owned();
    let (status, told) = running.ask("GET", &format!("/v1/freezes/{freeze}"), "");
    assert_eq!(status, 200, "{told}");
    let told = told.to_string();
    assert!(told.contains("counter_replayed") && told.contains("replacement"), "{told}");

    // The real card is stopped as well: nobody can tell them apart at the till.
    let stopped = till.pay(&mut card, Entry::Insert, 100).unwrap();
    assert!(!stopped.approved());
    assert!(running.stop());
}

#[test]
fn a_damaged_chip_falls_back_is_told_so_and_is_not_frozen() {
    let (_folder, running, mut till) = open("damaged");
    let mut card = till.card.clone().damaged();
    let (mut codes, mut last) = (Vec::new(), None);
    for _ in 0..4 {
        let unreadable = till.pay(&mut card, Entry::Insert, 2_000);
        assert_eq!(unreadable.unwrap_err(), PosError::Card(CardFault::ChipUnreadable));
        let reply = till.pay(&mut card, Entry::Fallback, 2_000).unwrap();
        codes.push(reply.code.clone());
        last = Some(reply);
    }
    // The policy lets the stripe stand in three times in a row.
    assert_eq!(codes, ["00", "00", "00", "45"]);
    let decision = running.decision(&last.unwrap());
    assert_eq!(decision["causes"][0]["slug"], "fallback_refused", "{decision}");
    let sentence = decision["explanation"]["holder"]["sentence"]["en"].as_str().unwrap();
    assert!(sentence.contains("chip"), "{sentence}");
    let card = decision["card"].as_str().unwrap();
    let (_, freezes) = running.ask("GET", &format!("/v1/freezes?card={card}"), "");
    assert_eq!(freezes["data"].as_array().map(Vec::len), Some(0), "{freezes}");
    assert!(running.stop());
}
