//! The same key and body give the stored answer; another body, another path, or a request under way do not.

use crate::browser::Browser;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use std::sync::Arc;
use web::port::Unavailable;

fn sale(browser: &Browser, minor: i64) -> String {
    let card = browser.bed.card(0);
    format!(
        r#"{{"card":"{card}","amount":{{"minor":{minor},"currency":"CNY"}},"merchant":"898310154110003","capture":true}}"#
    )
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_answer_and_moves_nothing() {
    let browser = Browser::demo(1);
    let body = sale(&browser, 1000);
    let first = browser.post_under("k1", "/v1/authorizations", &body).await;
    assert_eq!(first.status, StatusCode::OK);
    browser.bed.pass(60_000);
    let again = browser.post_under("k1", "/v1/authorizations", &body).await;
    assert_eq!(again.text, first.text);
    // Order of fields and space between them are not another body.
    let spaced = body.replace("\"capture\":true", " \"capture\" : true ");
    assert_eq!(browser.post_under("k1", "/v1/authorizations", &spaced).await.text, first.text);
    let balance = browser.get("/v1/accounts/acc_1001").await.json()["balance"]["minor"].clone();
    assert_eq!(balance, 499_000);
}

#[tokio::test]
async fn another_body_or_another_path_under_the_same_key_is_refused() {
    let browser = Browser::demo(1);
    assert_eq!(
        browser.post_under("k1", "/v1/authorizations", &sale(&browser, 1000)).await.status,
        StatusCode::OK
    );
    let other = browser.post_under("k1", "/v1/authorizations", &sale(&browser, 1001)).await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused")
    );
    let elsewhere = browser.post_under("k1", "/v1/authorizations/auth_1/void", "").await;
    assert_eq!(elsewhere.code(), "idempotency_key_reused");
    let decisions = browser.bed.read(|machine| machine.transactions().count());
    assert_eq!(decisions, 1);
    // The same (empty) body to another path is another request.
    let card = browser.bed.card(0);
    let lost = browser.post_under("k2", &format!("/v1/cards/{card}/lost"), "").await;
    assert_eq!(lost.status, StatusCode::OK);
    let stolen = browser.post_under("k2", &format!("/v1/cards/{card}/stolen"), "").await;
    assert_eq!(stolen.code(), "idempotency_key_reused");
}

#[tokio::test]
async fn a_refusal_is_stored_like_any_answer() {
    let browser = Browser::demo(0);
    let fund = r#"{"amount":{"minor":100,"currency":"CNY"}}"#;
    let first = browser.post_under("k1", "/v1/accounts/acc_5/fund", fund).await;
    assert_eq!(first.code(), "account_not_found");
    browser.post("/v1/accounts", r#"{"account":"acc_5","currency":"CNY"}"#).await;
    let again = browser.post_under("k1", "/v1/accounts/acc_5/fund", fund).await;
    assert_eq!(again.text, first.text);
}

#[tokio::test]
async fn a_number_made_by_the_host_is_made_of_the_key() {
    let browser = Browser::demo(0);
    let one = browser.post_under("k1", "/v1/accounts", r#"{"currency":"CNY"}"#).await;
    assert_eq!(browser.post_under("k1", "/v1/accounts", r#"{"currency":"CNY"}"#).await.text, one.text);
    let other = browser.post_under("k2", "/v1/accounts", r#"{"currency":"CNY"}"#).await;
    assert_ne!(other.text, one.text);
}

#[tokio::test]
async fn while_one_is_under_way_another_under_its_key_is_turned_away() {
    let browser = Arc::new(Browser::demo(1));
    let closed = Arc::clone(&browser.bed.gate).write_owned().await;
    let body = sale(&browser, 1000);
    let first = tokio::spawn({
        let (browser, body) = (Arc::clone(&browser), body.clone());
        async move { browser.post_under("k1", "/v1/authorizations", &body).await }
    });
    browser.settle().await;
    let second = browser.post_under("k1", "/v1/authorizations", &body).await;
    assert_eq!((second.status, second.code().as_str()), (StatusCode::CONFLICT, "in_flight"));
    assert_eq!(second.header(header::RETRY_AFTER), "1");
    drop(closed);
    let first = first.await.expect("does not panic");
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(browser.post_under("k1", "/v1/authorizations", &body).await.text, first.text);
}

#[tokio::test]
async fn a_request_given_up_leaves_its_key_free_and_its_answer_stored() {
    let browser = Arc::new(Browser::demo(1));
    let closed = Arc::clone(&browser.bed.gate).write_owned().await;
    let body = sale(&browser, 1000);
    let first = tokio::spawn({
        let (browser, body) = (Arc::clone(&browser), body.clone());
        async move { browser.post_under("k1", "/v1/authorizations", &body).await }
    });
    browser.settle().await;
    first.abort();
    assert!(first.await.is_err(), "it was given up");
    drop(closed);
    let again = browser.post_under("k1", "/v1/authorizations", &body).await;
    assert_eq!(again.json()["id"], "auth_1");
    assert_eq!(browser.bed.read(|machine| machine.transactions().count()), 1);
}

#[tokio::test]
async fn every_post_that_changes_something_needs_a_key_and_a_good_one() {
    let browser = Browser::demo(1);
    for endpoint in web::api::endpoints() {
        if !endpoint.operation.keyed {
            continue;
        }
        let path = endpoint
            .operation
            .path
            .replace("{account}", "acc_1001")
            .replace("{card}", &browser.bed.card(0).to_string());
        let path = path.replace("{id}", if path.contains("freezes") { "frz_1" } else { "auth_1" });
        let request = Request::post(&path).header(header::CONTENT_TYPE, "application/json");
        let reply = browser.send(request.body(Body::from("{}")).expect("is a request")).await;
        assert_eq!(reply.code(), "idempotency_key_missing", "{path}");
        for bad in ["", "two words", &"k".repeat(129)] {
            let reply = browser.post_under(bad, &path, "{}").await;
            assert_eq!(reply.code(), "idempotency_key_invalid", "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_known_to_be_done_is_never_called_a_failure() {
    let browser = Browser::demo(1);
    let body = sale(&browser, 1000);
    *browser.bed.failing.lock().expect("is short") = Some(Unavailable::Unknown);
    let unknown = browser.post_under("k1", "/v1/authorizations", &body).await;
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown")
    );
    assert!(
        unknown.json()["messages"]["en"].as_str().is_some_and(|text| text.contains("do not charge again"))
    );
    *browser.bed.failing.lock().expect("is short") =
        Some(Unavailable::Refused(machine::cause::Cause::HostOverloaded));
    let stopped = browser.post_under("k1", "/v1/authorizations", &body).await;
    assert_eq!(
        (stopped.status, stopped.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "host_overloaded")
    );
    *browser.bed.failing.lock().expect("is short") = None;
    assert_eq!(browser.post_under("k1", "/v1/authorizations", &body).await.status, StatusCode::OK);
}
