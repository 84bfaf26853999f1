//! No card number and no PIN in anything that is answered, refused, told live, journalled, or shown by Debug.

use crate::bed::{Bed, card_number};
use crate::browser::Browser;
use machine::command::Command;
use web::Settings;
use web::port::Host;

const PIN: &str = "735198";

/// The number itself, and any long piece of it.
fn scan(what: &str, text: &str, numbers: &[String]) {
    for number in numbers {
        for piece in [number.as_str(), &number[..12], &number[6..]] {
            assert!(!text.contains(piece), "{what} shows {piece}: {text}");
        }
    }
    assert!(!text.contains(PIN), "{what} shows the PIN: {text}");
}

#[tokio::test]
async fn numbers_and_pins_leave_no_trace() {
    let bed = Bed::street(1);
    let mut events = bed.events();
    let browser = Browser::with(bed, Settings::demo());
    let number = card_number(50);
    let broken = format!("{}0", &number[..15]).replace("00", "01");
    let numbers = [number.clone(), card_number(51), broken.clone()];
    let card = browser.bed.token(&number).expect("is a card number").card;
    let issue = |number: &str, pin: &str| {
        format!(
            r#"{{"account":"acc_1001","card_number":"{number}","pin":"{pin}","expiry":"2030-01","active":true}}"#
        )
    };
    let bodies = [
        ("/v1/cards", issue(&number, PIN)),
        ("/v1/cards", issue(&broken, PIN)),
        ("/v1/cards", issue(&number, "12")),
        ("/v1/cards", issue(&number, PIN)),
        ("/v1/cards", format!(r#"{{"card_number":{number},"pin":{PIN}}}"#)),
        ("/v1/cards", format!(r#"{{"{number}":"{PIN}"}}"#)),
        ("/v1/cards", format!(r#"{{"account":"{number}","card_number":"{number}","expiry":"{PIN}"}}"#)),
        ("/v1/cards", number.clone()),
        ("/v1/accounts", format!(r#"{{"account":"{number}","currency":"{PIN}"}}"#)),
        ("/v1/accounts/acc_1001/fund", format!(r#"{{"amount":{{"minor":"{number}","currency":"CNY"}}}}"#)),
        (
            "/v1/freezes",
            format!(r#"{{"scope":{{"kind":"{number}"}},"cause":"{number}","by":{{"kind":"{PIN}"}}}}"#),
        ),
        (
            "/v1/freezes",
            format!(
                r#"{{"scope":{{"kind":"card","card":"{number}"}},"cause":"x","by":{{"kind":"holder"}}}}"#
            ),
        ),
        (
            "/v1/authorizations",
            format!(r#"{{"card":"{number}","amount":{{"minor":1,"currency":"CNY"}},"merchant":"M"}}"#),
        ),
        ("/v1/authorizations", format!(r#"{{"card":"x","entry":"{number}"}}"#)),
    ];
    let mut answered = Vec::new();
    for (path, body) in &bodies {
        let reply = browser.post(path, body).await;
        scan(&format!("{path} {}", reply.status), &format!("{reply:?}"), &numbers);
        answered.push(reply.status.as_u16());
    }
    assert_eq!(answered, [200, 422, 422, 409, 422, 422, 422, 422, 422, 422, 422, 422, 422, 422]);
    let change = format!(r#"{{"card_number":"{number}","pin":"{PIN}"}}"#);
    let reply = browser.post(&format!("/v1/cards/{card}/pin"), &change).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let other = format!(r#"{{"card_number":"{}","pin":"{PIN}"}}"#, card_number(51));
    let reply = browser.post(&format!("/v1/cards/{card}/pin"), &other).await;
    assert_eq!(reply.summary(), "422 bad_field; card_number is another card's");
    look_around(&browser, &number, &numbers).await;
    // What went to the journal, and how it shows itself.
    let mut journalled = String::new();
    let mut bytes = Vec::new();
    while let Ok(batch) = events.try_recv() {
        for event in batch.iter() {
            journalled += &format!("{event:?}");
            event.command.encode(&mut bytes);
            if let Command::Keyed { command, .. } = &event.command {
                command.encode(&mut bytes);
            }
        }
    }
    assert!(journalled.contains("IssueCard"));
    scan("the journal", &journalled, &numbers);
    scan("the journal's bytes", &String::from_utf8_lossy(&bytes), &numbers);
    let asked: web::twin::card::CardAsked = serde_json::from_str(&issue(&number, PIN)).expect("is one");
    scan("Debug", &format!("{asked:?}"), &numbers);
}

/// Asks for the number in every place a path or query has for it.
async fn look_around(browser: &Browser, number: &str, numbers: &[String]) {
    for path in [
        format!("/v1/decisions?card={number}"),
        format!("/v1/cards/{number}"),
        format!("/v1/explanations/{number}"),
        format!("/{number}"),
        format!("/decisions/{number}"),
        format!("/freezes/{number}"),
        format!("/check?card={number}&merchant={PIN}&amount={number}"),
        format!("/v1/accounts?cursor={number}"),
        format!("/v1/accounts?{number}={PIN}"),
        format!("/v1/decisions?at={number}&result={PIN}"),
        "/v1/cards".to_owned(),
        "/".to_owned(),
    ] {
        let reply = browser.get(&path).await;
        scan(&path, &reply.text, numbers);
    }
}

#[tokio::test]
async fn the_same_card_issued_again_under_its_key_is_known_without_its_number() {
    let browser = Browser::demo(1);
    let body = |pin: &str| {
        format!(
            r#"{{"account":"acc_1001","card_number":"{}","pin":"{pin}","expiry":"2030-01"}}"#,
            card_number(60)
        )
    };
    let first = browser.post_under("k", "/v1/cards", &body(PIN)).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(browser.post_under("k", "/v1/cards", &body(PIN)).await.text, first.text);
    assert_eq!(browser.post_under("k", "/v1/cards", &body("111111")).await.code(), "idempotency_key_reused");
}

#[test]
fn settings_and_keys_do_not_show_their_secrets() {
    let settings = Settings { secret: [0xAB; 32], ..Settings::demo() };
    assert!(!format!("{settings:?}").contains("171"), "{settings:?}");
    let key = web::settings::ApiKey {
        name: "k".to_owned(),
        hash: [0xCD; 32],
        scopes: web::settings::Scopes::DEMO,
        actor: None,
    };
    assert!(!format!("{key:?}").contains("205"), "{key:?}");
}
