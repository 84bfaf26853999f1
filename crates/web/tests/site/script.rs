//! The API by scripts: question and answer.

use crate::bed::Bed;
use crate::browser::{Browser, Reply};
use expect_test::{Expect, expect};
use serde_json::Value;
use web::Settings;

/// Runs the questions of a script and compares question and answer. `CARD n` stands for the id of card n.
/// `pass N` lets N seconds pass; `#` lines are kept.
async fn check(browser: &Browser, script: Expect) {
    let mut said = String::new();
    for line in script.data().trim().lines() {
        let question = line.split(" -> ").next().unwrap_or_default().trim();
        let mut words = question.splitn(3, ' ');
        let (verb, path, body) =
            (words.next().unwrap_or(""), words.next().unwrap_or(""), words.next().unwrap_or(""));
        let answer = match verb {
            "" | "#" => String::new(),
            "pass" => {
                browser.bed.pass(1000 * path.parse::<u64>().expect("seconds"));
                String::new()
            }
            "GET" => summary(&browser.get(&named(&browser.bed, path)).await),
            "POST" => summary(&browser.post(&named(&browser.bed, path), &named(&browser.bed, body)).await),
            other => panic!("unknown verb {other}"),
        };
        let line = if answer.is_empty() { question.to_owned() } else { format!("{question} -> {answer}") };
        said += line.trim_end();
        said.push('\n');
    }
    script.assert_eq(&said);
}

/// Puts card ids where the script says `CARD<n>`.
fn named(bed: &Bed, text: &str) -> String {
    let mut named = text.to_owned();
    for number in 0..4 {
        named = named.replace(&format!("CARD{number}"), &bed.card(number).to_string());
    }
    named
}

/// The gist of an answer, on one line.
fn summary(reply: &Reply) -> String {
    if !reply.status.is_success() {
        return reply.summary();
    }
    let json = reply.json();
    if let Some(data) = json["data"].as_array() {
        let gist: Vec<String> = data.iter().map(gist).collect();
        return format!("200 [{}]{}", gist.join(", "), json["next"].as_str().map_or("", |_| " and more"));
    }
    format!("200 {}", gist(&json))
}

fn gist(json: &Value) -> String {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let mut words = vec![text("result"), text("id")];
    if let Some(causes) = json["causes"].as_array().filter(|causes| !causes.is_empty()) {
        words.push(causes.iter().filter_map(|cause| cause["slug"].as_str()).collect::<Vec<_>>().join("+"));
    }
    for (name, value) in json["facts"].as_object().into_iter().flatten() {
        words.push(format!("{name}={}", short(value)));
    }
    words.push(short(&json["state"]));
    words.push(short(&json["exception"]));
    words.push(short(&json["cause"]["slug"]));
    words.push(short(&json["ending"]));
    words.push(short(&json["balance"]));
    words.push(short(&json["available"]));
    words.push(text("standing"));
    words.push(text("freeze"));
    words.extend(["have", "need"].iter().filter_map(|name| json[*name].as_u64()).map(|n| n.to_string()));
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// A value in one word.
fn short(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Object(fields) => match (fields.get("display"), fields.get("is")) {
            (Some(display), _) => short(display),
            (None, Some(is)) => {
                let rest: Vec<String> = fields
                    .iter()
                    .filter(|(name, _)| *name != "is")
                    .map(|(name, v)| format!("{name}={}", short(v)))
                    .collect();
                [short(is)].into_iter().chain(rest).collect::<Vec<_>>().join(" ")
            }
            (None, None) => fields.values().map(short).collect::<Vec<_>>().join(" "),
        },
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join(" "),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[tokio::test]
async fn money_is_held_captured_refunded_voided_and_taken_back() {
    let browser = Browser::demo(2);
    check(
        &browser,
        expect![[r##"
            # a hold, captured in part and then to its end
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":10000,"currency":"CNY"},"merchant":"898310154110002"} -> 200 approved auth_1 available=¥5,000.00
            GET /v1/accounts/acc_1001 -> 200 acc_1001 ¥5,000.00 ¥4,900.00
            POST /v1/authorizations/auth_1/capture {"amount":{"minor":4000,"currency":"CNY"},"last":false} -> 200 approved auth_2 available=¥4,900.00
            POST /v1/authorizations/auth_1/capture {"amount":{"minor":5000,"currency":"CNY"}} -> 200 approved auth_3 available=¥4,900.00
            GET /v1/authorizations/auth_1 -> 200 approved auth_1 available=¥5,000.00 captured captured=¥90.00
            GET /v1/accounts/acc_1001 -> 200 acc_1001 ¥4,910.00 ¥4,910.00
            POST /v1/authorizations/auth_1/capture {"amount":{"minor":1,"currency":"CNY"}} -> 200 declined auth_4 original_spent available=¥4,910.00
            # a capture undone holds again
            POST /v1/authorizations/auth_3/void -> 200 approved auth_5 available=¥4,910.00
            GET /v1/authorizations/auth_1 -> 200 approved auth_1 available=¥5,000.00 held
            POST /v1/authorizations/auth_1/void -> 200 declined auth_6 original_mismatch available=¥4,900.00
            # a sale, refunded in part, too much, and reversed down to what remains
            POST /v1/authorizations {"card":"CARD1","amount":{"minor":20000,"currency":"CNY"},"merchant":"898310154110002","capture":true} -> 200 approved auth_7 available=¥5,000.00
            POST /v1/authorizations/auth_7/refund {"amount":{"minor":5000,"currency":"CNY"}} -> 200 approved auth_8 available=¥4,800.00
            POST /v1/authorizations/auth_7/refund {"amount":{"minor":15001,"currency":"CNY"}} -> 200 declined auth_9 amount_over_original available=¥4,850.00 limit=¥200.00 used=¥50.00
            GET /v1/authorizations/auth_7 -> 200 approved auth_7 available=¥5,000.00 posted net=¥200.00 refunded=¥50.00
            POST /v1/authorizations/auth_7/void -> 200 declined auth_10 original_spent available=¥4,850.00
            POST /v1/authorizations {"card":"CARD1","amount":{"minor":20000,"currency":"CNY"},"merchant":"898310154110002","capture":true} -> 200 approved auth_11 available=¥4,850.00
            POST /v1/authorizations/auth_11/reverse {"remaining":{"minor":5000,"currency":"CNY"}} -> 200 accepted auth_12
            GET /v1/authorizations/auth_11 -> 200 approved auth_11 available=¥4,850.00 posted net=¥50.00 refunded=¥0.00
            POST /v1/authorizations/auth_11/reverse {"remaining":{"minor":5000,"currency":"USD"}} -> 422 bad_field; remaining.currency is another than the original's
            POST /v1/authorizations/auth_11/reverse -> 200 accepted auth_13
            GET /v1/accounts/acc_1002 -> 200 acc_1002 ¥4,850.00 ¥4,850.00
            POST /v1/authorizations/auth_99/reverse -> 404 decision_not_found
        "##]],
    )
    .await;
}

#[tokio::test]
async fn a_pin_entered_wrong_to_the_limit_freezes_the_pin_until_it_is_lifted() {
    let browser = Browser::demo(1);
    for (merchant, terminal, _, _) in crate::bed::SHOPS.iter().take(1) {
        assert_eq!((*merchant, *terminal), ("898310154110001", "10000001"));
    }
    check(
        &browser,
        expect![[r#"
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110001","terminal":"10000001","capture":true,"entry":"chip","checks":{"pin":"wrong"}} -> 200 declined auth_1 wrong_pin available=¥5,000.00 tries_left=2
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110001","terminal":"10000001","capture":true,"entry":"chip","checks":{"pin":"wrong"}} -> 200 declined auth_2 wrong_pin available=¥5,000.00 tries_left=1
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110001","terminal":"10000001","capture":true,"entry":"chip","checks":{"pin":"wrong"}} -> 200 declined auth_3 pin_tries_exceeded+wrong_pin available=¥5,000.00 freeze=frz_1 tries_left=0
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110001","terminal":"10000001","capture":true,"entry":"chip","checks":{"pin":"right"}} -> 200 declined auth_4 pin_tries_exceeded available=¥5,000.00 freeze=frz_1
            # without a PIN it still pays
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110001","terminal":"10000001","capture":true,"entry":"contactless"} -> 200 approved auth_5 available=¥5,000.00
            GET /v1/freezes?active=true -> 200 [frz_1 pin_tries_exceeded active]
            GET /v1/freezes?cause=pin_tries_exceeded&account=acc_1001 -> 200 [frz_1 pin_tries_exceeded active]
            GET /v1/freezes?cause=card_lost -> 200 []
            POST /v1/freezes/frz_1/lift {"by":{"kind":"holder"},"ground":"holder_asked"} -> 409 exit_forbids
            POST /v1/freezes/frz_1/lift {"by":{"kind":"agent","name":"wang.min"},"ground":"identity_proven"} -> 200 lifted frz_1
            POST /v1/freezes/frz_1/lift {"by":{"kind":"agent","name":"wang.min"},"ground":"identity_proven"} -> 409 already_ended
            GET /v1/freezes/frz_1 -> 200 frz_1 pin_tries_exceeded lifted at=2026-11-22T10:05:00.000Z by=agent wang.min ground=identity_proven
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110001","terminal":"10000001","capture":true,"entry":"chip","checks":{"pin":"right"}} -> 200 approved auth_6 available=¥4,999.00
        "#]],
    )
    .await;
}

#[tokio::test]
async fn over_its_daily_limit_a_card_is_declined_and_not_frozen() {
    let browser = Browser::demo(1);
    check(
        &browser,
        expect![[r#"
            POST /v1/accounts/acc_1001/limits {"single":100000,"daily":150000} -> 200 done acc_1001
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100000,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 approved auth_1 available=¥5,000.00
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":90000,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 declined auth_2 daily_limit available=¥4,000.00 limit=¥1,500.00 used=¥1,000.00
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":450000,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 declined auth_3 single_limit+daily_limit+insufficient_funds available=¥4,000.00 limit=¥1,000.00 used=¥0.00
            GET /v1/freezes -> 200 []
            # the next local day begins six hours later
            pass 21600
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":90000,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 approved auth_4 available=¥4,000.00
        "#]],
    )
    .await;
}

#[tokio::test]
async fn freezes_by_bank_holder_and_risk_are_lifted_by_those_who_may() {
    let browser = Browser::demo(3);
    check(
        &browser,
        expect![[r#"
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD0"},"cause":"frozen_by_bank","by":{"kind":"agent","name":"wang.min"}} -> 200 frozen frz_1
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 declined auth_1 frozen_by_bank available=¥5,000.00 freeze=frz_1
            POST /v1/accounts/acc_1001/fund {"amount":{"minor":100,"currency":"CNY"}} -> 200 done acc_1001
            POST /v1/freezes/frz_1/lift {"by":{"kind":"agent","name":"wang.min"},"ground":"reviewed"} -> 409 same_person
            POST /v1/freezes/frz_1/lift {"by":{"kind":"agent","name":"li.na"},"ground":"reviewed"} -> 200 lifted frz_1
            # the holder's own
            POST /v1/freezes {"scope":{"kind":"account","account":"acc_1002"},"cause":"frozen_by_holder","by":{"kind":"holder"}} -> 200 frozen frz_2
            POST /v1/authorizations {"card":"CARD1","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 declined auth_2 frozen_by_holder available=¥5,000.00 freeze=frz_2
            POST /v1/freezes/frz_2/lift {"by":{"kind":"holder"},"ground":"holder_asked"} -> 200 lifted frz_2
            # two who review, each another person, and an allowance meanwhile
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD2"},"cause":"fraud_score","by":{"kind":"agent","name":"chen.yu"},"exit":{"kind":"review","approvers":2},"allowance_daily":5000} -> 200 frozen frz_3
            POST /v1/authorizations {"card":"CARD2","amount":{"minor":5000,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 approved auth_3 available=¥5,000.00
            POST /v1/authorizations {"card":"CARD2","amount":{"minor":1,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 declined auth_4 frozen_by_bank available=¥4,950.00 freeze=frz_3
            POST /v1/freezes/frz_3/lift {"by":{"kind":"agent","name":"wang.min"},"ground":"reviewed"} -> 200 lift_approved frz_3 1 2
            POST /v1/freezes/frz_3/lift {"by":{"kind":"agent","name":"wang.min"},"ground":"false_positive"} -> 409 same_person
            POST /v1/freezes/frz_3/lift {"by":{"kind":"agent","name":"li.na"},"ground":"false_positive"} -> 200 lifted frz_3
            POST /v1/authorizations {"card":"CARD2","amount":{"minor":1,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 approved auth_5 available=¥4,950.00
            GET /v1/freezes?limit=2 -> 200 [frz_3 fraud_score lifted at=2026-11-22T10:05:00.000Z by=agent li.na ground=false_positive, frz_2 frozen_by_holder lifted at=2026-11-22T10:05:00.000Z by=holder ground=holder_asked] and more
            GET /v1/freezes?active=true -> 200 []
            # what is refused
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD0"},"cause":"frozen_by_authority","by":{"kind":"authority","name":"zhao.lei"}} -> 403 forbidden
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD0"},"cause":"frozen_for_laundering","by":{"kind":"agent","name":"zhao.lei"}} -> 403 forbidden; cause is the legal desk's to place
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD0"},"cause":"card_lost","by":{"kind":"holder"}} -> 422 bad_field; cause is none a holder places: frozen_by_holder
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD0"},"cause":"no_such","by":{"kind":"holder"}} -> 422 bad_field; cause is no cause: see /v1/causes
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD0","x":1},"cause":"frozen_by_bank","by":{"kind":"agent","name":"a"}} -> 422 bad_field; x is not known here
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD0"},"cause":"insufficient_funds","by":{"kind":"agent","name":"a"}} -> 422 out_of_range; freeze is out of its range
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD0"},"cause":"frozen_by_bank","by":{"kind":"agent"}} -> 422 bad_field; by.name is missing: a person has to act
            POST /v1/freezes {"scope":{"kind":"account","account":"acc_9"},"cause":"frozen_by_bank","by":{"kind":"agent","name":"a"}} -> 404 account_not_found
            POST /v1/freezes {"scope":{"kind":"card","card":"CARD0"},"cause":"frozen_by_bank","by":{"kind":"agent","name":"a"},"expires_at":"2020-01-01T00:00:00Z"} -> 422 out_of_range; expiry is out of its range
            POST /v1/freezes/frz_77/lift {"by":{"kind":"holder"},"ground":"holder_asked"} -> 404 freeze_not_found
        "#]],
    )
    .await;
}

#[tokio::test]
async fn accounts_cards_and_shops_are_kept() {
    let browser = Browser::demo(2);
    check(
        &browser,
        expect![[r#"
            POST /v1/accounts {"account":"acc_7","currency":"CNY","credit_line":500000,"limits":{"single":100}} -> 200 done acc_7
            POST /v1/accounts {"account":"acc_7","currency":"CNY"} -> 409 exists
            POST /v1/accounts {"account":"acc_8","currency":"XXX"} -> 422 bad_field; currency is not a currency of ISO 4217: three letters, such as CNY
            POST /v1/accounts {"account":"acc_8","currency":"CNY","utc_offset_minutes":1081} -> 422 bad_field; utc_offset_minutes is out of its range: -1080 to 1080
            POST /v1/accounts {"account":"acc_8","currency":"CNY","limits":{"daily":-1}} -> 422 out_of_range; limits is out of its range
            POST /v1/accounts/acc_7/fund {"amount":{"minor":5,"currency":"CNY"}} -> 200 done acc_7
            POST /v1/accounts/acc_7/fund {"amount":{"minor":0,"currency":"CNY"}} -> 422 out_of_range; amount is out of its range
            POST /v1/accounts/acc_7/fund {"amount":{"minor":5,"currency":"USD"}} -> 422 wrong_currency
            POST /v1/accounts/acc_7/zone {"utc_offset_minutes":60} -> 200 done acc_7
            POST /v1/accounts/acc_7/close -> 409 not_empty
            GET /v1/accounts/acc_7 -> 200 acc_7 ¥0.05 ¥5,000.05
            GET /v1/accounts/acc_9 -> 404 account_not_found
            GET /v1/accounts/9 -> 422 bad_field; account is not an account: acc_ and digits
            GET /v1/accounts?limit=2 -> 200 [acc_7 ¥0.05 ¥5,000.05, acc_1002 ¥5,000.00 ¥5,000.00] and more
            GET /v1/accounts?limit=0 -> 422 bad_field; limit is out of its range: 1 to 200
            GET /v1/accounts?limit=two -> 422 bad_field; limit has no valid value
            GET /v1/accounts?cursor=x -> 422 bad_field; cursor is not a cursor: take it from `next` of the page before
            GET /v1/accounts?sort=name -> 422 bad_field; sort is not known here
            GET /v1/cards?account=acc_1001 -> 200 [card_53ddd2cbab7583a6351655d65ffe1b5f active]
            POST /v1/cards/CARD0/switches {"stripe":true,"contactless":true,"code":true,"remote":false,"abroad":true,"night":true} -> 200 done card_53ddd2cbab7583a6351655d65ffe1b5f
            POST /v1/cards/CARD0/switches {"stripe":true} -> 422 bad_field; contactless is missing
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 declined auth_1 channel_off available=¥5,000.00
            POST /v1/cards/CARD0/lost -> 200 done card_53ddd2cbab7583a6351655d65ffe1b5f
            POST /v1/cards/CARD0/activate -> 409 standing_forbids
            POST /v1/cards/CARD0/stolen -> 200 done card_53ddd2cbab7583a6351655d65ffe1b5f
            GET /v1/cards/CARD0 -> 200 card_53ddd2cbab7583a6351655d65ffe1b5f stolen
            POST /v1/merchants {"merchant":"M1","name":"小店","mcc":5411} -> 200 done M1
            POST /v1/merchants {"merchant":"M1","name":"小店","mcc":5411} -> 409 exists
            POST /v1/merchants {"merchant":"M2","name":"","mcc":5411} -> 422 bad_field; name is out of its range: 1 to 40 bytes of UTF-8
            POST /v1/merchants {"merchant":"M2","name":"店","mcc":10000} -> 422 bad_field; mcc is out of its range: 0 to 9999
            POST /v1/terminals {"merchant":"M1","terminal":"T1"} -> 200 done T1
            POST /v1/terminals {"merchant":"M3","terminal":"T1"} -> 404 merchant_not_found
            GET /v1/merchants/M1 -> 200 M1
            GET /v1/terminals/M1/T1 -> 200 T1
            GET /v1/terminals/M1/T2 -> 404 terminal_not_found
            POST /v1/authorizations {"card":"CARD1","amount":{"minor":100,"currency":"CNY"},"merchant":"M1","terminal":"T1","capture":true} -> 200 declined auth_2 terminal_not_signed_in available=¥5,000.00
        "#]],
    )
    .await;
}

#[tokio::test]
async fn an_outage_is_declared_and_feeds_nothing() {
    let browser = Browser::demo(1);
    check(
        &browser,
        expect![[r#"
            POST /v1/house {"is":"issuer_down"} -> 200 done house
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110003","terminal":"10000003","capture":true,"entry":"chip","checks":{"pin":"wrong"}} -> 200 declined auth_1 issuer_down+wrong_pin available=¥5,000.00
            GET /v1/cards/CARD0 -> 200 card_53ddd2cbab7583a6351655d65ffe1b5f active
            POST /v1/house {"is":"maintenance","until":"2026-11-22T23:00:00+08:00"} -> 200 done house
            GET /v1/house -> 200 maintenance until=2026-11-22T15:00:00.000Z
            POST /v1/house {"is":"on_fire"} -> 422 bad_field; is is none of the words allowed: one of `open`, `maintenance`, `network_down`, `issuer_down`, `issuer_silent`
            POST /v1/house {"is":"open"} -> 200 done house
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":100,"currency":"CNY"},"merchant":"898310154110003","capture":true} -> 200 approved auth_2 available=¥5,000.00
        "#]],
    )
    .await;
}

#[tokio::test]
async fn test_amounts_get_the_decline_their_cents_name_and_move_nothing() {
    let settings = Settings { test_amounts: true, ..Settings::demo() };
    let browser = Browser::with(Bed::street(1), settings);
    check(
        &browser,
        expect![[r#"
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":1051,"currency":"CNY"},"merchant":"898310154110003"} -> 200 declined insufficient_funds
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":1054,"currency":"CNY"},"merchant":"898310154110003"} -> 200 declined card_expired
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":1075,"currency":"CNY"},"merchant":"898310154110003"} -> 200 declined pin_tries_exceeded
            GET /v1/decisions -> 200 []
            POST /v1/authorizations {"card":"CARD0","amount":{"minor":1000,"currency":"CNY"},"merchant":"898310154110003"} -> 200 approved auth_1 available=¥5,000.00
            GET /v1/accounts/acc_1001 -> 200 acc_1001 ¥5,000.00 ¥4,990.00
        "#]],
    )
    .await;
}
