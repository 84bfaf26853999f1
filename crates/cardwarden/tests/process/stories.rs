//! What happens to people: stopped at the till, told why in their words, helped, and paying again. Over the
//! wire of a terminal and through the API, against the real binary.

use crate::running::{Folder, Running, Till};
use cardcrypto::Pin;
use serde_json::Value;

const AMOUNT: u64 = 5_000;

fn open(name: &str) -> (Folder, Running, Till) {
    let folder = Folder::new(name);
    let running = Running::start(&folder.0, &[]).expect("the host starts");
    let mut till = Till::new(&folder.0.join("keys.json"));
    till.connect(&running);
    assert!(till.sign_in().unwrap().approved());
    (folder, running, till)
}

/// Holder, cashier and agent are each told something, in both languages, and there is a next step.
fn explained(decision: &Value) {
    let told = &decision["explanation"];
    for audience in ["holder", "cashier", "agent"] {
        for language in ["zh-CN", "en"] {
            let sentence = told[audience]["sentence"][language].as_str().unwrap_or_default();
            assert!(
                !sentence.is_empty() && !sentence.contains(['{', '}', '[']),
                "{audience} {language}: {told}"
            );
        }
        let steps = told[audience]["steps"].as_array().map_or(0, Vec::len);
        assert!(steps > 0, "{audience}: {told}");
    }
}

fn lifted(running: &Running, freeze: &str, body: &str) {
    let (status, told) = running.ask("POST", &format!("/v1/freezes/{freeze}/lift"), body);
    assert_eq!((status, &told["result"]), (200, &Value::from("lifted")), "{told}");
}

#[test]
fn a_pin_typed_wrong_too_often_is_frozen_explained_lifted_and_pays_again() {
    let (_folder, running, mut till) = open("pin");
    let wrong = Pin::parse("987654").unwrap();
    let codes: Vec<String> = (0..3).map(|_| till.sale(AMOUNT, Some(&wrong)).unwrap().code).collect();
    assert_eq!(codes, ["55", "55", "75"]);
    // Now the right one does not help either.
    let refused = till.sale(AMOUNT, None).unwrap();
    assert_eq!(refused.code, "75");
    let decision = running.decision(&refused);
    assert_eq!(decision["causes"][0]["slug"], "pin_tries_exceeded", "{decision}");
    explained(&decision);
    let freeze = decision["facts"]["freeze"].as_str().unwrap().to_owned();
    lifted(&running, &freeze, r#"{"by":{"kind":"agent","name":"wang.min"},"ground":"identity_proven"}"#);
    assert!(till.sale(AMOUNT, None).unwrap().approved());
    assert!(running.stop());
}

#[test]
fn over_the_daily_limit_is_declined_and_not_frozen() {
    let (_folder, running, mut till) = open("limit");
    let paid = till.sale(AMOUNT, None).unwrap();
    assert!(paid.approved());
    let account = running.decision(&paid)["account"].as_str().unwrap().to_owned();
    let limits = r#"{"single":10000,"daily":8000,"monthly":100000,"daily_count":50}"#;
    let (status, told) = running.ask("POST", &format!("/v1/accounts/{account}/limits"), limits);
    assert_eq!(status, 200, "{told}");
    let refused = till.sale(AMOUNT, None).unwrap();
    assert_eq!(refused.code, "61");
    let decision = running.decision(&refused);
    assert_eq!(decision["causes"][0]["slug"], "daily_limit", "{decision}");
    explained(&decision);
    let card = decision["card"].as_str().unwrap();
    let (_, freezes) = running.ask("GET", &format!("/v1/freezes?card={card}"), "");
    assert_eq!(freezes["data"].as_array().map(Vec::len), Some(0), "{freezes}");
    assert!(till.sale(3_000, None).unwrap().approved(), "what is left of the day still pays");
    assert!(running.stop());
}

/// Stopped by someone through the API, explained at the till, lifted, and paying again.
fn stopped_and_lifted(name: &str, by: &str, cause: &str, slug: &str, lift: &str) {
    let (_folder, running, mut till) = open(name);
    let paid = till.sale(AMOUNT, None).unwrap();
    assert!(paid.approved());
    let card = running.decision(&paid)["card"].as_str().unwrap().to_owned();
    let body = format!(r#"{{"scope":{{"kind":"card","card":"{card}"}},"cause":"{cause}","by":{by}}}"#);
    let (status, told) = running.ask("POST", "/v1/freezes", &body);
    assert!(status == 200 || status == 201, "{told}");
    let freeze = told["id"].as_str().unwrap().to_owned();
    let refused = till.sale(AMOUNT, None).unwrap();
    assert!(!refused.approved(), "{told}");
    let decision = running.decision(&refused);
    assert_eq!(decision["causes"][0]["slug"], slug, "{decision}");
    explained(&decision);
    lifted(&running, &freeze, lift);
    assert!(till.sale(AMOUNT, None).unwrap().approved());
    assert!(running.stop());
}

#[test]
fn stopped_by_the_bank_is_lifted_by_another_person() {
    let by = r#"{"kind":"agent","name":"wang.min"}"#;
    let lift = r#"{"by":{"kind":"agent","name":"li.na"},"ground":"reviewed"}"#;
    stopped_and_lifted("bank", by, "frozen_by_bank", "frozen_by_bank", lift);
}

#[test]
fn stopped_by_the_holder_is_lifted_by_the_holder() {
    let by = r#"{"kind":"holder"}"#;
    let lift = r#"{"by":{"kind":"holder"},"ground":"holder_asked"}"#;
    stopped_and_lifted("holder", by, "frozen_by_holder", "frozen_by_holder", lift);
}
