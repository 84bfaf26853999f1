//! A walk through all operations, each with something to tell.

use crate::bed::card_number;
use crate::browser::Browser;

/// A step: method, path, body.
pub type Step = (&'static str, String, String);

/// The steps.
pub fn steps(browser: &Browser) -> Vec<Step> {
    let mut steps = registers(browser);
    steps.extend(decisions(browser));
    steps.extend(freezes(browser));
    steps.extend(looks(browser));
    steps
}

fn get(path: &str) -> Step {
    ("GET", path.to_owned(), String::new())
}

fn post(path: &str, body: &str) -> Step {
    ("POST", path.to_owned(), body.to_owned())
}

fn money(minor: i64) -> String {
    format!(r#"{{"minor":{minor},"currency":"CNY"}}"#)
}

fn amount(minor: i64) -> String {
    format!(r#"{{"amount":{}}}"#, money(minor))
}

fn issued(browser: &Browser) -> machine::ids::CardId {
    web::port::Host::token(&*browser.bed, &card_number(77)).expect("is a card number").card
}

fn registers(browser: &Browser) -> Vec<Step> {
    let (number, issued) = (card_number(77), issued(browser));
    vec![
        post("/v1/accounts", r#"{"account":"acc_77","currency":"CNY","credit_line":100000}"#),
        post("/v1/accounts/acc_77/fund", &amount(100)),
        post("/v1/accounts/acc_77/limits", r#"{"daily":100000,"daily_count":5}"#),
        post("/v1/accounts/acc_77/zone", r#"{"utc_offset_minutes":0}"#),
        post("/v1/accounts", r#"{"account":"acc_78","currency":"USD"}"#),
        post("/v1/accounts/acc_78/close", ""),
        post(
            "/v1/cards",
            &format!(r#"{{"account":"acc_77","card_number":"{number}","expiry":"2031-05","replaces":null}}"#),
        ),
        post(&format!("/v1/cards/{issued}/activate"), ""),
        post(&format!("/v1/cards/{issued}/pin"), &format!(r#"{{"card_number":"{number}","pin":"9182"}}"#)),
        post(
            &format!("/v1/cards/{issued}/switches"),
            r#"{"stripe":false,"contactless":true,"code":true,"remote":true,"abroad":false,"night":true}"#,
        ),
        post(&format!("/v1/cards/{issued}/lost"), ""),
        post(&format!("/v1/cards/{issued}/stolen"), ""),
        post("/v1/merchants", r#"{"merchant":"W1","name":"路过","mcc":5999}"#),
        post("/v1/terminals", r#"{"merchant":"W1","terminal":"W1"}"#),
    ]
}

fn decisions(browser: &Browser) -> Vec<Step> {
    let card = browser.bed.card(0);
    let ask = |minor: i64, rest: &str| {
        format!(r#"{{"card":"{card}","amount":{},"merchant":"898310154110003"{rest}}}"#, money(minor))
    };
    let at_terminal = r#","terminal":"10000003","capture":true,"entry":"chip","checks":{"pin":"wrong"}"#;
    vec![
        post("/v1/authorizations", &ask(10_000, "")),
        get("/v1/accounts/acc_1001"),
        post(
            "/v1/authorizations/auth_1/capture",
            r#"{"amount":{"minor":4000,"currency":"CNY"},"last":false}"#,
        ),
        post("/v1/authorizations/auth_1/capture", &amount(6000)),
        post("/v1/authorizations/auth_3/refund", &amount(500)),
        post("/v1/authorizations/auth_2/void", ""),
        post("/v1/authorizations", &ask(7000, r#","capture":true"#)),
        post("/v1/authorizations/auth_6/reverse", &format!(r#"{{"remaining":{}}}"#, money(2000))),
        post(
            "/v1/authorizations",
            &ask(
                7000,
                r#","capture":true,"entry":"chip","checks":{"pin":"right","cryptogram":"right","counter":7}"#,
            ),
        ),
        post("/v1/authorizations/auth_8/reverse", ""),
        post("/v1/authorizations", &ask(600_000, r#","capture":true"#)),
        post("/v1/authorizations", &ask(7000, at_terminal)),
        post("/v1/authorizations", &ask(7000, at_terminal)),
        post("/v1/authorizations", &ask(7000, at_terminal)),
        post("/v1/dry-runs", &ask(100, r#","capture":true"#)),
        post("/v1/dry-runs", &ask(900_000, r#","capture":true"#)),
    ]
}

fn freezes(browser: &Browser) -> Vec<Step> {
    let other = browser.bed.card(1);
    vec![
        post(
            "/v1/freezes",
            &format!(
                r#"{{"scope":{{"kind":"card","card":"{other}"}},"cause":"frozen_by_bank","by":{{"kind":"agent","name":"chen.yu"}},"exit":{{"kind":"review","approvers":2}},"allowance_daily":1000,"evidence":"auth_1"}}"#
            ),
        ),
        post(
            "/v1/freezes",
            r#"{"scope":{"kind":"merchant","merchant":"W1"},"cause":"merchant_frozen","by":{"kind":"agent","name":"chen.yu"},"reach":"new_debits"}"#,
        ),
        post(
            "/v1/freezes",
            r#"{"scope":{"kind":"terminal","merchant":"W1","terminal":"W1"},"cause":"terminal_frozen","by":{"kind":"agent","name":"chen.yu"},"expires_at":"2027-01-01T00:00:00+08:00"}"#,
        ),
        post("/v1/freezes/frz_4/lift", r#"{"by":{"kind":"agent","name":"wang.min"},"ground":"reviewed"}"#),
        post("/v1/freezes/frz_4/lift", r#"{"by":{"kind":"agent","name":"li.na"},"ground":"false_positive"}"#),
    ]
}

fn looks(browser: &Browser) -> Vec<Step> {
    let issued = issued(browser);
    vec![
        get("/v1/accounts"),
        get("/v1/accounts?limit=1"),
        get("/v1/accounts/acc_77"),
        get("/v1/cards"),
        get(&format!("/v1/cards/{issued}")),
        get("/v1/cards?account=acc_77"),
        get("/v1/merchants"),
        get("/v1/merchants/W1"),
        get("/v1/terminals"),
        get("/v1/terminals/W1/W1"),
        get("/v1/terminals/898310154110001/10000001"),
        get("/v1/authorizations/auth_1"),
        get("/v1/decisions"),
        get("/v1/decisions?limit=2"),
        get("/v1/decisions/auth_1"),
        get("/v1/decisions/auth_2"),
        get("/v1/decisions/auth_3"),
        get("/v1/decisions/auth_5"),
        get("/v1/decisions/auth_6"),
        get("/v1/decisions/auth_8"),
        get("/v1/decisions/auth_9"),
        get("/v1/decisions/auth_10"),
        get("/v1/decisions/auth_13"),
        get("/v1/freezes"),
        get("/v1/freezes?active=true&limit=1"),
        get("/v1/freezes/frz_1"),
        get("/v1/freezes/frz_2"),
        get("/v1/freezes/frz_3"),
        get("/v1/freezes/frz_4"),
        get("/v1/freezes/frz_5"),
        get("/v1/causes"),
        get("/v1/explanations/insufficient_funds"),
        get("/v1/explanations/51"),
        get("/v1/explanations/116"),
        get("/v1/explanations/auth_10"),
        get("/v1/explanations/auth_1"),
        get("/v1/explanations/frz_2"),
        get("/v1/house"),
        post("/v1/house", r#"{"is":"maintenance","until":"2026-11-23T00:00:00Z"}"#),
        get("/v1/house"),
        post("/v1/house", r#"{"is":"open"}"#),
        get("/healthz"),
        get("/readyz"),
        get("/metrics"),
        get("/openapi.json"),
    ]
}
