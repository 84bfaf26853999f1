//! Server-sent events: told as they become durable, told again to those who come back, and never kept from others.

use crate::browser::Browser;
use axum::body::{Body, HttpBody};
use axum::http::{Request, StatusCode, header};
use machine::command::PinCheck;
use std::pin::Pin;
use std::time::Duration;

/// A stream being read.
struct Listening {
    body: Body,
    read: String,
}

impl Listening {
    async fn to(browser: &Browser, path: &str, last: Option<&str>) -> Listening {
        let mut request = Request::get(path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = browser.open(request.body(Body::empty()).expect("is one")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Listening { body: response.into_body(), read: String::new() }
    }

    /// The next event: its name, id and data.
    async fn next(&mut self) -> (String, String, String) {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().filter_map(|line| line.strip_prefix(name)).collect::<Vec<_>>().join("\n")
                };
                let told = (field("event: "), field("id: "), field("data: "));
                self.read = rest.to_owned();
                if told.0.is_empty() && told.2.is_empty() {
                    continue;
                }
                return told;
            }
            let frame = tokio::time::timeout(
                Duration::from_secs(60),
                std::future::poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)),
            );
            let frame = frame.await.expect("something comes").expect("it goes on").expect("is whole");
            self.read += std::str::from_utf8(frame.data_ref().expect("is data")).expect("is UTF-8");
        }
    }
}

#[tokio::test]
async fn decisions_freezes_and_the_house_are_told_in_order() {
    let browser = Browser::demo(1);
    browser.settle().await;
    let mut listening = Listening::to(&browser, "/v1/events", None).await;
    let card = browser.bed.card(0);
    for _ in 0..3 {
        browser.bed.sale(card, 0, 100, PinCheck::Wrong);
    }
    let lift = r#"{"by":{"kind":"holder"},"ground":"holder_confirmed"}"#;
    browser.settle().await;
    assert_eq!(browser.post("/v1/freezes/frz_1/lift", lift).await.json()["result"], "lifted");
    browser.settle().await;
    browser.post("/v1/house", r#"{"is":"network_down"}"#).await;
    let mut told = Vec::new();
    for _ in 0..6 {
        let (name, _, data) = listening.next().await;
        let data: serde_json::Value = serde_json::from_str(&data).expect("is JSON");
        assert_eq!(data["type"], name);
        let what = [&data["decision"]["id"], &data["freeze"]["id"], &data["house"]["is"]];
        told.push(format!("{name} {}", what.iter().find_map(|what| what.as_str()).unwrap_or_default()));
    }
    // A freeze is known before the decision that led to it is told, so that the decision can be explained.
    assert_eq!(
        told,
        [
            "decision auth_1",
            "decision auth_2",
            "freeze.placed frz_1",
            "decision auth_3",
            "freeze.ended frz_1",
            "house network_down"
        ]
    );
}

#[tokio::test]
async fn whoever_comes_back_is_told_what_he_missed() {
    let browser = Browser::demo(1);
    browser.settle().await;
    let mut first = Listening::to(&browser, "/v1/events", None).await;
    let sale = || browser.bed.sale(browser.bed.card(0), 0, 100, PinCheck::Right);
    sale();
    let (_, seen, _) = first.next().await;
    drop(first);
    sale();
    sale();
    browser.settle().await;
    let mut again = Listening::to(&browser, "/v1/events", Some(&seen)).await;
    sale();
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let (_, id, data) = again.next().await;
        let data: serde_json::Value = serde_json::from_str(&data).expect("is JSON");
        numbers.push((id, data["decision"]["id"].as_str().unwrap_or_default().to_owned()));
    }
    let ids: Vec<&str> = numbers.iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(ids, ["auth_2", "auth_3", "auth_4"]);
    // An id of another life, or none at all, is told that it missed something.
    for strange in ["1-1", "nonsense", "99999999999999999999-1", &seen.replace('-', "-9999")] {
        let mut lost = Listening::to(&browser, "/v1/events", Some(strange)).await;
        assert_eq!(lost.next().await.0, "missed", "{strange}");
    }
}

#[tokio::test]
async fn seats_are_bounded_and_given_back() {
    let browser = Browser::demo(0);
    browser.settle().await;
    let mut listening = Vec::new();
    for _ in 0..web::site::LISTENERS_MAX {
        listening.push(Listening::to(&browser, "/v1/events", None).await);
    }
    assert_eq!(browser.get("/v1/events").await.code(), "too_many_listeners");
    listening.pop();
    drop(Listening::to(&browser, "/v1/events", None).await);
}

#[tokio::test]
async fn the_page_is_sent_rows_freezes_and_figures() {
    let browser = Browser::demo(1);
    browser.settle().await;
    let mut listening = Listening::to(&browser, "/live?lang=en", None).await;
    for _ in 0..3 {
        browser.bed.sale(browser.bed.card(0), 0, 100, PinCheck::Wrong);
    }
    let mut told = std::collections::BTreeMap::new();
    while told.len() < 3 {
        let (name, _, data) = listening.next().await;
        told.insert(name, data);
    }
    assert!(told["rows"].contains("Wrong PIN") && told["rows"].contains("早安豆浆铺"), "{}", told["rows"]);
    assert!(told["frozen"].contains("PIN locked"), "{}", told["frozen"]);
    assert!(told["tiles"].contains("Decisions a second"), "{}", told["tiles"]);
}

#[tokio::test]
async fn a_host_faster_than_its_reader_leaves_a_gap_in_the_stream_and_none_in_the_history() {
    let browser = Browser::demo(1);
    browser.settle().await;
    let mut listening = Listening::to(&browser, "/v1/events", None).await;
    // More events than the host keeps for its readers, without a moment to read them in.
    for _ in 0..6_000 {
        browser.bed.sale(browser.bed.card(0), 0, 100, PinCheck::Right);
    }
    for _ in 0..3 {
        browser.bed.sale_by(
            browser.bed.card(0),
            1,
            7_700,
            machine::command::Entry::Contactless,
            PinCheck::Absent,
        );
    }
    browser.settle().await;
    assert_eq!(listening.next().await.0, "missed");
    let house = browser.get("/v1/house").await.json();
    assert_eq!(house["history"], 6_003);
    let found = browser.get("/v1/decisions?amount=7700").await.json();
    assert_eq!(found["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(house["frozen"], 1, "six thousand tries froze the card, and that was seen");
}
