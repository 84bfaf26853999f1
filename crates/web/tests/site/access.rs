//! Keys and their scopes, the door of a demo, and what each eye may see.

use crate::bed::Bed;
use crate::browser::{Browser, cookies, encoded};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use machine::cause::Cause;
use machine::command::{Command, PinCheck, PlaceFreeze};
use machine::freeze::{PlacedBy, Scope};
use machine::ids::AccountId;
use web::Settings;
use web::settings::{ApiKey, Scopes};

const READER: &str = "ck_reader_0123456789abcdef";
const TELLER: &str = "ck_teller_0123456789abcdef";
const LAWYER: &str = "ck_lawyer_0123456789abcdef";

fn keys() -> Settings {
    let none = Scopes { read: false, write: false, agent: false, legal: false };
    let key = |name: &str, key, scopes, actor: Option<&str>| ApiKey {
        name: name.to_owned(),
        hash: ApiKey::hash_of(key),
        scopes,
        actor: actor.and_then(|actor| actor.parse().ok()),
    };
    Settings::serve(vec![
        key("reader", READER, Scopes { read: true, ..none }, None),
        key("teller", TELLER, Scopes { read: true, write: true, agent: true, ..none }, Some("wang.min")),
        key("lawyer", LAWYER, Scopes { read: true, write: true, agent: true, legal: true }, None),
    ])
}

fn by(browser: &mut Browser, key: &str) {
    browser.headers = vec![("authorization".to_owned(), format!("Bearer {key}"))];
}

#[tokio::test]
async fn without_a_key_nothing_but_health_is_answered() {
    let mut browser = Browser::with(Bed::street(1), keys());
    for endpoint in web::api::endpoints() {
        let path = endpoint.operation.path;
        let reply = browser
            .send(
                Request::builder()
                    .method(&endpoint.operation.method)
                    .uri(path.replace(['{', '}'], ""))
                    .body(Body::empty())
                    .expect("is one"),
            )
            .await;
        let open = ["/healthz", "/readyz", "/openapi.json"].contains(&path);
        assert_eq!(reply.status, if open { StatusCode::OK } else { StatusCode::UNAUTHORIZED }, "{path}");
    }
    for wrong in ["", "x", "ck_reader_0123456789abcdeF", "Bearer"] {
        by(&mut browser, wrong);
        let reply = browser.get("/v1/accounts").await;
        assert_eq!(
            (reply.code().as_str(), reply.header(header::WWW_AUTHENTICATE)),
            ("unauthenticated", "Bearer")
        );
    }
    by(&mut browser, READER);
    assert_eq!(browser.get("/v1/accounts").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_reaches_as_far_as_its_scopes() {
    let mut browser = Browser::with(Bed::street(1), keys());
    let fund = r#"{"amount":{"minor":100,"currency":"CNY"}}"#;
    let freeze = |who: &str| {
        format!(
            r#"{{"scope":{{"kind":"account","account":"acc_1001"}},"cause":"frozen_by_bank","by":{who}}}"#
        )
    };
    by(&mut browser, READER);
    assert_eq!(browser.post("/v1/accounts/acc_1001/fund", fund).await.code(), "forbidden");
    by(&mut browser, TELLER);
    assert_eq!(browser.post("/v1/accounts/acc_1001/fund", fund).await.status, StatusCode::OK);
    // A key that stands for a person acts as no other.
    let other = browser.post("/v1/freezes", &freeze(r#"{"kind":"agent","name":"li.na"}"#)).await;
    assert_eq!(other.code(), "forbidden");
    let own = browser.post("/v1/freezes", &freeze(r#"{"kind":"agent"}"#)).await;
    assert_eq!(own.json()["id"], "frz_1");
    assert_eq!(
        browser.post("/v1/freezes/frz_1/lift", r#"{"by":{"kind":"agent"},"ground":"reviewed"}"#).await.code(),
        "same_person"
    );
    let authority =
        freeze(r#"{"kind":"authority","name":"zhao.lei"}"#).replace("frozen_by_bank", "frozen_by_authority");
    assert_eq!(browser.post("/v1/freezes", &authority).await.code(), "forbidden");
    by(&mut browser, LAWYER);
    assert_eq!(browser.post("/v1/freezes", &authority).await.json()["id"], "frz_2");
    let release =
        |who| format!(r#"{{"by":{{"kind":"authority","name":"{who}"}},"ground":"authority_released"}}"#);
    assert_eq!(browser.post("/v1/freezes/frz_2/lift", &release("a")).await.json()["result"], "lift_approved");
    assert_eq!(browser.post("/v1/freezes/frz_2/lift", &release("b")).await.json()["result"], "lifted");
}

/// A card whose account is frozen silently, and a sale declined for it.
fn silent() -> std::sync::Arc<Bed> {
    let bed = Bed::street(1);
    let by = PlacedBy::Authority("zhao.lei".parse().expect("is a name"));
    bed.apply(Command::PlaceFreeze(PlaceFreeze {
        scope: Scope::Account(AccountId(1001)),
        reach: None,
        cause: Cause::FrozenForLaundering,
        evidence: None,
        by,
        expires_at: None,
        exit: None,
        allowance: None,
    }));
    bed.sale(bed.card(0), 2, 100, PinCheck::Right);
    bed
}

#[tokio::test]
async fn what_is_told_silently_is_nowhere_but_before_the_legal_desk() {
    let mut browser = Browser::with(silent(), keys());
    browser.settle().await;
    let paths = [
        "/v1/freezes",
        "/v1/freezes/frz_1",
        "/v1/decisions",
        "/v1/decisions/auth_1",
        "/v1/explanations/frz_1",
        "/v1/explanations/auth_1",
        "/v1/authorizations/auth_1",
    ];
    for key in [READER, TELLER] {
        by(&mut browser, key);
        for path in paths {
            let reply = browser.get(path).await;
            assert_eq!(reply.status, StatusCode::OK, "{path}");
            for told in ["laundering", "authority", "zhao.lei", "洗钱", "有权机关", "legal\"", "不收不付"]
            {
                assert!(!reply.text.contains(told), "{path} tells {told}: {}", reply.text);
            }
            assert!(reply.text.contains("account_paused"), "{path}");
        }
        let filtered = browser.get("/v1/freezes?cause=frozen_for_laundering").await;
        assert_eq!(filtered.json()["data"].as_array().map(Vec::len), Some(0));
    }
    // The pages of an agent tell no more.
    let session = browser.submit("/sign-in", "", &[("key", TELLER)]).await;
    assert_eq!(session.status, StatusCode::SEE_OTHER);
    browser.headers = vec![("cookie".to_owned(), cookies(&session))];
    browser.settle().await;
    for path in ["/", "/freezes/frz_1", "/decisions/auth_1", "/freezes/frz_1?lang=en"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for told in ["laundering", "zhao.lei", "洗钱", "有权机关", "不收不付"] {
            assert!(!page.text.contains(told), "{path} tells {told}");
        }
    }
    by(&mut browser, LAWYER);
    assert!(browser.get("/v1/freezes/frz_1").await.text.contains("frozen_for_laundering"));
    let filtered = browser.get("/v1/freezes?cause=frozen_for_laundering").await;
    assert_eq!(filtered.json()["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn those_outside_read_no_agents_words() {
    let bed = Bed::street(1);
    bed.sale(bed.card(0), 2, 600_000, PinCheck::Right);
    let mut browser = Browser::with(bed, keys());
    by(&mut browser, READER);
    let outside = browser.get("/v1/decisions/auth_1").await.json();
    assert_eq!(outside["explanation"]["agent"], serde_json::Value::Null);
    assert_eq!(outside["causes"][0]["slug"], "single_limit");
    by(&mut browser, TELLER);
    let inside = browser.get("/v1/decisions/auth_1").await.json();
    assert!(
        inside["explanation"]["agent"]["sentence"]["zh-CN"]
            .as_str()
            .is_some_and(|text| text.contains("核对"))
    );
}

#[tokio::test]
async fn pages_need_a_session_where_there_are_keys() {
    let mut browser = Browser::with(Bed::street(1), keys());
    for path in ["/", "/decisions/auth_1", "/freezes/frz_1", "/check", "/live"] {
        let reply = browser.get(path).await;
        assert_eq!(
            (reply.status, reply.header(header::LOCATION)),
            (StatusCode::SEE_OTHER, "/sign-in"),
            "{path}"
        );
    }
    assert_eq!(browser.get("/sign-in").await.status, StatusCode::OK);
    let wrong = browser.submit("/sign-in", "", &[("key", "nothing")]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(!wrong.text.contains("nothing"));
    let session =
        cookies(&browser.submit("/sign-in", "", &[("key", &encoded(TELLER).replace('%', ""))]).await);
    assert_eq!(session, "", "a mangled key opens nothing");
    let session = cookies(&browser.submit("/sign-in", "", &[("key", TELLER)]).await);
    browser.headers = vec![("cookie".to_owned(), session.clone())];
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    // Neither another name nor another signature.
    for forged in [session.replace("teller", "lawyer"), session.replace('=', "=0")] {
        browser.headers = vec![("cookie".to_owned(), forged)];
        assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn the_open_door_answers_only_to_this_computers_names() {
    let browser = Browser::demo(0);
    let named = |host: &str| {
        Request::get("/v1/accounts").header(header::HOST, host).body(Body::empty()).expect("is one")
    };
    for own in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
        assert_eq!(browser.send(named(own)).await.status, StatusCode::OK, "{own}");
    }
    for other in ["evil.example", "evil.example:80", "192.168.1.5:8080"] {
        assert_eq!(browser.send(named(other)).await.code(), "misdirected", "{other}");
    }
}
