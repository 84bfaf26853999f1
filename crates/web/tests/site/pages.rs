//! The pages: both languages, lifts by form, tokens, the dry run, scenes, budgets.

use crate::bed::Bed;
use crate::browser::{Browser, Reply, cookies, field};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use machine::cause::Cause;
use machine::command::{Command, PinCheck, PlaceFreeze};
use machine::freeze::{Exit, PlacedBy, Scope};
use machine::ids::FreezeId;
use web::port::Scene;

/// Largest page, bytes.
const PAGE_BYTES_MAX: usize = 60 * 1024;
/// Largest script, bytes; uncompressed, which is stricter than the budget.
const SCRIPT_BYTES_MAX: usize = 25 * 1024;

fn place(bed: &Bed, cause: Cause, exit: Option<Exit>) {
    bed.apply(Command::PlaceFreeze(PlaceFreeze {
        scope: Scope::Card(bed.card(0)),
        reach: None,
        cause,
        evidence: None,
        by: PlacedBy::Rule { rule: 1, version: 1 },
        expires_at: (exit == Some(Exit::Expires))
            .then(|| web::port::Host::now(bed).plus(machine::time::DAY_MS)),
        exit,
        allowance: None,
    }));
}

async fn submit(browser: &Browser, page: &Reply, cookie: &str, way: &str, agent: &str) -> Reply {
    let (token, key) = (field(&page.text, "token"), field(&page.text, "key"));
    let fields = [("token", token.as_str()), ("key", &key), ("way", way), ("agent", agent)];
    browser.submit("/freezes/frz_1/lift", cookie, &fields).await
}

fn in_force(browser: &Browser) -> bool {
    let now = web::port::Host::now(&*browser.bed);
    browser.bed.read(|machine| machine.freeze(FreezeId(1)).is_some_and(|freeze| freeze.holds_at(now)))
}

#[tokio::test]
async fn a_freeze_is_lifted_by_two_people_in_turn() {
    let browser = Browser::demo(1);
    place(&browser.bed, Cause::FraudScore, None);
    let page = browser.get("/freezes/frz_1?lang=zh").await;
    let cookie = cookies(&page);
    assert!(page.text.contains("同意解除，交同事复核"), "{}", page.text);
    assert!(page.text.contains("value=\"wang.min\""));
    let done = submit(&browser, &page, &cookie, "reviewed", "wang.min").await;
    assert_eq!((done.status, done.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/freezes/frz_1"));
    assert!(in_force(&browser));
    // Submitted twice, it is one approval: the key is the same.
    let twice = submit(&browser, &page, &cookie, "reviewed", "wang.min").await;
    assert_eq!(twice.status, StatusCode::SEE_OTHER);
    let request =
        Request::get("/freezes/frz_1").header(header::COOKIE, &cookie).body(Body::empty()).expect("is one");
    let page = browser.send(request).await;
    assert!(page.text.contains("已同意：wang.min") && page.text.contains("等待另一位同事"), "{}", page.text);
    assert!(page.text.contains("value=\"li.na\""), "a colleague is proposed");
    let same = submit(&browser, &page, &cookie, "reviewed", "wang.min").await;
    assert_eq!(same.status, StatusCode::CONFLICT);
    assert!(same.text.contains("请另一位同事复核"), "{}", same.text);
    let request =
        Request::get("/freezes/frz_1").header(header::COOKIE, &cookie).body(Body::empty()).expect("is one");
    let page = browser.send(request).await;
    let done = submit(&browser, &page, &cookie, "false_positive", "li.na").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(!in_force(&browser));
    let page = browser.get("/freezes/frz_1?lang=en").await;
    assert!(page.text.contains("The freeze has ended") && page.text.contains("agent li.na"), "{}", page.text);
    assert!(!page.text.contains("<form"), "nothing is left to lift");
}

#[tokio::test]
async fn a_form_without_this_readers_token_does_nothing() {
    let browser = Browser::demo(1);
    place(&browser.bed, Cause::PinTriesExceeded, None);
    let page = browser.get("/freezes/frz_1").await;
    let cookie = cookies(&page);
    let strange = cookies(&browser.get("/freezes/frz_1").await);
    assert_ne!(cookie, strange);
    for (cookie, page) in [(strange.as_str(), &page), ("", &page)] {
        let reply = submit(&browser, page, cookie, "holder_confirmed", "").await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN);
        assert!(in_force(&browser));
    }
    let key = field(&page.text, "key");
    for token in ["", "0", &"f".repeat(32)] {
        let fields = [("token", token), ("key", &key), ("way", "holder_confirmed")];
        let reply = browser.submit("/freezes/frz_1/lift", &cookie, &fields).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{token}");
    }
    let play = browser.submit("/play", &cookie, &[("token", "0"), ("scene", "outage")]).await;
    assert_eq!(play.status, StatusCode::FORBIDDEN);
    assert!(browser.bed.played.lock().expect("is short").is_empty());
    assert!(in_force(&browser));
    for (way, agent, status) in [
        ("nonsense", "", StatusCode::UNPROCESSABLE_ENTITY),
        ("identity_proven", "two words", StatusCode::UNPROCESSABLE_ENTITY),
        ("identity_proven", "", StatusCode::UNPROCESSABLE_ENTITY),
        ("authority_released", "a", StatusCode::FORBIDDEN),
    ] {
        let request = Request::get("/freezes/frz_1")
            .header(header::COOKIE, &cookie)
            .body(Body::empty())
            .expect("is one");
        let page = browser.send(request).await;
        assert_eq!(submit(&browser, &page, &cookie, way, agent).await.status, status, "{way}");
        assert!(in_force(&browser), "{way}");
    }
    assert_eq!(submit(&browser, &page, &cookie, "holder_confirmed", "").await.status, StatusCode::SEE_OTHER);
    assert!(!in_force(&browser));
}

#[tokio::test]
async fn each_way_out_offers_what_it_allows() {
    let ways = [
        (Cause::PinTriesExceeded, None, "holder_confirmed identity_proven reviewed false_positive"),
        (Cause::CryptogramFailed, None, "false_positive"),
        (Cause::CardStolen, None, ""),
        (Cause::FrozenByHolder, None, "holder_asked identity_proven"),
        (Cause::FraudScore, Some(Exit::Review { approvers: 1 }), "reviewed false_positive"),
        (Cause::FraudScore, Some(Exit::AuthorityOnly), ""),
        (Cause::FraudScore, Some(Exit::Expires), "reviewed identity_proven false_positive"),
    ];
    for (cause, exit, expected) in ways {
        let browser = Browser::demo(1);
        place(&browser.bed, cause, exit);
        let page = browser.get("/freezes/frz_1?lang=en").await;
        let offered: Vec<&str> = page
            .text
            .split("name=\"way\" value=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(offered.join(" "), expected, "{cause:?} {exit:?}");
        // What is offered is what the machine takes.
        for way in offered {
            let browser = Browser::demo(1);
            place(&browser.bed, cause, exit);
            let page = browser.get("/freezes/frz_1").await;
            let done = submit(&browser, &page, &cookies(&page), way, "li.na").await;
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{cause:?} {way}");
            assert!(!in_force(&browser), "{cause:?} {way}");
        }
    }
}

#[tokio::test]
async fn every_page_speaks_both_languages_and_keeps_within_its_budget() {
    let browser = Browser::demo(40);
    for number in 0..40 {
        browser.bed.sale(browser.bed.card(number), (number % 6) as usize, 600_000, PinCheck::Wrong);
    }
    place(&browser.bed, Cause::FraudScore, None);
    browser.settle().await;
    let paths = ["/", "/decisions/auth_1", "/freezes/frz_1", "/decisions/auth_999", "/freezes/nothing"];
    for path in paths {
        let zh = browser.get(&format!("{path}?lang=zh")).await;
        let en = browser.get(&format!("{path}?lang=en")).await;
        for (page, tag) in [(&zh, "zh-CN"), (&en, "en")] {
            assert!(page.text.contains(&format!("<html lang=\"{tag}\">")), "{path}");
            assert!(page.text.len() <= PAGE_BYTES_MAX, "{path} has {} bytes", page.text.len());
            let policy = page.header(header::CONTENT_SECURITY_POLICY);
            assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
            for inline in ["<style", " style=", "<script>", "onclick", "javascript:", "http://", "https://"] {
                let text = page.text.replace("http://www.w3.org/2000/svg", "");
                assert!(!text.contains(inline), "{path} has {inline}");
            }
        }
        assert!(cookies(&en).contains("cardwarden_lang=en"), "the choice is kept");
    }
    let preferred = |accept: &str| {
        Request::get("/").header(header::ACCEPT_LANGUAGE, accept).body(Body::empty()).expect("is one")
    };
    for (accept, tag) in [
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-TW,en;q=0.5", "zh-CN"),
        ("fr-FR,de", "zh-CN"),
        ("fr, en;q=0.3", "en"),
    ] {
        let page = browser.send(preferred(accept)).await;
        assert!(page.text.contains(&format!("<html lang=\"{tag}\">")), "{accept}");
    }
    let kept =
        Request::get("/").header(header::COOKIE, "cardwarden_lang=en").body(Body::empty()).expect("is one");
    assert!(browser.send(kept).await.text.contains("<html lang=\"en\">"));
    let script = browser.get("/assets/app.js").await;
    assert!(script.text.len() <= SCRIPT_BYTES_MAX, "{} bytes", script.text.len());
    let whole = browser.get("/").await.text.len();
    let style = browser.get("/assets/app.css").await.text.len();
    assert!(whole + style <= 2 * PAGE_BYTES_MAX, "page {whole}, style {style}");
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_their_version_only() {
    let browser = Browser::demo(0);
    let page = browser.get("/").await.text;
    for name in ["app.css", "app.js", "mark.svg"] {
        let at = page.find(&format!("/assets/{name}?v=")).expect("is on the page");
        let path: String = page[at..].chars().take_while(|c| *c != '"').collect();
        assert!(browser.get(&path).await.header(header::CACHE_CONTROL).contains("immutable"), "{path}");
        assert_eq!(
            browser.get(&format!("/assets/{name}?v=0")).await.header(header::CACHE_CONTROL),
            "no-cache"
        );
        assert_eq!(browser.get(&path).await.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    }
}

#[tokio::test]
async fn a_decision_is_told_to_all_three_with_steps_papers_and_facts() {
    let browser = Browser::demo(1);
    browser.bed.sale(browser.bed.card(0), 3, 300_000, PinCheck::Right);
    browser.bed.sale(browser.bed.card(0), 3, 499_000, PinCheck::Right);
    browser.bed.sale(browser.bed.card(0), 3, 499_900, PinCheck::Right);
    browser.settle().await;
    let page = browser.get("/decisions/auth_3?lang=zh").await.text;
    for said in [
        "持卡人的手机上",
        "收银员的 POS 上",
        "客服的工作台上",
        "尾号",
        "¥4,999.00",
        "接下来怎么做",
        "核对",
        "insufficient_funds",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let limits = browser.post("/v1/accounts/acc_1001/limits", r#"{"daily":400000}"#).await;
    assert_eq!(limits.status, StatusCode::OK);
    browser.bed.sale(browser.bed.card(0), 3, 150_000, PinCheck::Right);
    let page = browser.get("/decisions/auth_4?lang=zh").await.text;
    for said in
        ["日累计", "¥4,000.00", "¥3,000.00", "¥1,000.00", "11月23日 00:00", "daily_limit", "查到的全部原因"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let panel = browser.get("/decisions/auth_4?lang=en&panel=1").await.text;
    assert!(panel.starts_with("<article") && !panel.contains("<html"), "{panel}");
}

#[tokio::test]
async fn would_it_work_asks_and_changes_nothing() {
    let browser = Browser::demo(1);
    let card = browser.bed.card(0);
    let ask = |amount: &str, entry: &str| {
        format!("/check?lang=en&card={card}&merchant=898310154110003&amount={amount}&entry={entry}")
    };
    let before = browser.bed.read(|machine| (machine.trail(), machine.transactions().count()));
    assert!(browser.get(&ask("12.50", "chip")).await.text.contains("It would work now"));
    assert!(browser.get(&ask("5000.01", "chip")).await.text.contains("single_limit"));
    let body = format!(
        r#"{{"card":"{card}","amount":{{"minor":600000,"currency":"CNY"}},"merchant":"898310154110003","capture":true}}"#
    );
    let reply = browser.post("/v1/dry-runs", &body).await.json();
    assert_eq!((&reply["result"], &reply["id"]), (&"declined".into(), &serde_json::Value::Null));
    for bad in [
        ask("x", "chip"),
        ask("1", "wave"),
        ask("-1", "chip"),
        "/check".to_owned(),
        ask("1", "chip").replace("card_", "c_"),
    ] {
        assert_eq!(browser.get(&bad).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    assert_eq!(browser.bed.read(|machine| (machine.trail(), machine.transactions().count())), before);
}

#[tokio::test]
async fn a_demo_plays_its_scenes_and_a_host_in_earnest_has_none() {
    let browser = Browser::demo(0);
    let page = browser.get("/").await;
    let (cookie, token) = (cookies(&page), field(&page.text, "token"));
    for (scene, status) in [("fraud_wave", 303), ("outage", 303), ("encore", 422)] {
        let reply = browser.submit("/play", &cookie, &[("token", &token), ("scene", scene)]).await;
        assert_eq!(reply.status.as_u16(), status, "{scene}");
    }
    assert_eq!(*browser.bed.played.lock().expect("is short"), [Scene::FraudWave, Scene::Outage]);
    let settings = web::Settings { demo: false, ..web::Settings::demo() };
    let earnest = Browser::with(Bed::street(0), settings);
    let page = earnest.get("/").await;
    assert!(!page.text.contains("/play"));
}

#[tokio::test]
async fn names_from_outside_are_text_and_never_markup() {
    let browser = Browser::demo(1);
    let shop = r#"{"merchant":"X1","name":"<script>alert(1)</script>\"'","mcc":5411}"#;
    assert_eq!(browser.post("/v1/merchants", shop).await.status, StatusCode::OK);
    let sale = format!(
        r#"{{"card":"{}","amount":{{"minor":600000,"currency":"CNY"}},"merchant":"X1","capture":true}}"#,
        browser.bed.card(0)
    );
    assert_eq!(browser.post("/v1/authorizations", &sale).await.json()["result"], "declined");
    browser.settle().await;
    for path in ["/", "/decisions/auth_1"] {
        let page = browser.get(path).await.text;
        assert!(page.contains("&lt;script&gt;alert") && !page.contains("<script>alert"), "{path}");
    }
}
