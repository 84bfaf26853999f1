//! Decisions found again: by card, by place, time and amount without a card number, after a restart, page by page.

use crate::bed::{Bed, OPENING, SHOPS};
use crate::browser::{Browser, encoded};
use machine::command::PinCheck;
use web::Settings;

/// Thirty sales, a minute apart, round the street.
fn day(cards: u64) -> std::sync::Arc<Bed> {
    let bed = Bed::street(cards);
    for number in 0..30 {
        bed.sale(bed.card(number % cards), (number % 6) as usize, 1000 + number as i64, PinCheck::Right);
        bed.pass(60_000);
    }
    bed
}

async fn ids(browser: &Browser, query: &str) -> Vec<String> {
    let reply = browser.get(&format!("/v1/decisions?{query}")).await;
    assert!(reply.status.is_success(), "{query}: {}", reply.text);
    let data = reply.json()["data"].as_array().cloned().unwrap_or_default();
    data.iter().map(|decision| decision["id"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn the_past_is_found_by_card_and_by_place_time_and_amount() {
    let bed = day(5);
    let browser = Browser::with(bed, Settings::demo());
    browser.settle().await;
    let card = browser.bed.card(2);
    let of_card = ids(&browser, &format!("card={card}")).await;
    assert_eq!(of_card, ["auth_28", "auth_23", "auth_18", "auth_13", "auth_8", "auth_3"]);
    // At the book shop about eight minutes after opening, 10.07: no card number needed.
    let at = web::twin::time::Moment(machine::time::Timestamp(OPENING.0 + 8 * 60_000)).to_string();
    let merchant = SHOPS[1].0;
    let found =
        ids(&browser, &format!("merchant={merchant}&at={}&within_minutes=2&amount=1007", encoded(&at))).await;
    assert_eq!(found, ["auth_8"]);
    let near = ids(&browser, &format!("merchant={merchant}&at={}&within_minutes=2", encoded(&at))).await;
    assert_eq!(near, ["auth_8"]);
    let terminal = SHOPS[1].1;
    assert_eq!(ids(&browser, &format!("merchant={merchant}&terminal={terminal}&limit=1")).await, ["auth_26"]);
    assert_eq!(ids(&browser, "result=declined").await, Vec::<String>::new());
    assert_eq!(ids(&browser, "currency=USD").await, Vec::<String>::new());
    for (query, field) in [
        ("terminal=1", "merchant"),
        ("within_minutes=0", "within_minutes"),
        ("at=now", "at"),
        ("card=1", "card"),
        ("from=2026-01-01T00:00:00Z&at=2026-01-01T00:00:00Z", "at"),
        ("colour=red", "colour"),
        ("limit=201", "limit"),
        ("amount=1.5", "amount"),
    ] {
        let reply = browser.get(&format!("/v1/decisions?{query}")).await;
        assert_eq!(reply.code(), "bad_field", "{query}: {}", reply.text);
        assert_eq!(reply.json()["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn page_after_page_gives_every_decision_once() {
    let browser = Browser::with(day(7), Settings::demo());
    browser.settle().await;
    for filter in ["", "&merchant=898310154110003", "&result=approved"] {
        let whole = ids(&browser, &format!("limit=200{filter}")).await;
        let mut pages: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let reply = browser.get(&format!("/v1/decisions?limit=4{filter}{cursor}")).await.json();
            let data = reply["data"].as_array().cloned().unwrap_or_default();
            pages.extend(data.iter().filter_map(|decision| decision["id"].as_str()).map(str::to_owned));
            let Some(next) = reply["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(pages, whole, "{filter}");
        assert!(!whole.is_empty());
    }
}

#[tokio::test]
async fn what_happens_is_found_as_it_happens_and_the_oldest_is_forgotten() {
    let settings = Settings { history_max: 10, ..Settings::demo() };
    let browser = Browser::with(day(3), settings);
    browser.settle().await;
    assert_eq!(ids(&browser, "limit=200").await.len(), 10);
    let answer = browser.bed.sale(browser.bed.card(0), 0, 77, PinCheck::Right);
    browser.settle().await;
    let now = ids(&browser, "limit=200").await;
    assert_eq!((now.len(), now[0].as_str()), (10, answer.number.to_string().as_str()));
    assert_eq!(ids(&browser, "amount=77").await.len(), 1);
    assert_eq!(ids(&browser, &format!("card={}", browser.bed.card(0))).await.len(), 4);
    // The machine still remembers what the search forgot.
    assert_eq!(browser.get("/v1/decisions/auth_1").await.json()["id"], "auth_1");
}

#[tokio::test]
async fn a_reversal_is_found_under_the_card_and_shop_of_its_original() {
    let browser = Browser::demo(1);
    browser.settle().await;
    let answer = browser.bed.sale(browser.bed.card(0), 4, 500, PinCheck::Right);
    let reply = browser.post(&format!("/v1/authorizations/{}/reverse", answer.number), "").await;
    assert_eq!(reply.json()["result"], "accepted");
    browser.settle().await;
    assert_eq!(ids(&browser, &format!("card={}", browser.bed.card(0))).await, ["auth_2", "auth_1"]);
    assert_eq!(ids(&browser, &format!("merchant={}", SHOPS[4].0)).await, ["auth_2", "auth_1"]);
}
