//! What is malformed: paths, methods, media, sizes, fields. Each gets a problem document.

use crate::browser::Browser;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

#[tokio::test]
async fn paths_methods_and_media_that_are_not_served() {
    let browser = Browser::demo(1);
    assert_eq!(browser.get("/v2/accounts").await.summary(), "404 no_such_path");
    assert_eq!(browser.get("/assets/nothing.css").await.summary(), "404 no_such_path");
    assert_eq!(browser.get("/v1/accounts/%ff").await.summary(), "404 no_such_path");
    let reply = browser.send(Request::delete("/v1/accounts").body(Body::empty()).expect("is one")).await;
    assert_eq!(reply.summary(), "405 method_not_allowed");
    assert!(reply.header(header::ALLOW).contains("POST"), "{:?}", reply.headers);
    for media in ["text/plain", "application/xml", "", "application/jsonx"] {
        let request = Request::post("/v1/accounts")
            .header(header::CONTENT_TYPE, media)
            .header("idempotency-key", "k")
            .body(Body::from("{}"))
            .expect("is one");
        assert_eq!(browser.send(request).await.summary(), "415 unsupported_media_type", "{media}");
    }
    let request = Request::post("/v1/accounts")
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header("idempotency-key", "k")
        .body(Body::from(r#"{"currency":"CNY"}"#))
        .expect("is one");
    assert_eq!(browser.send(request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_route_refuses_a_body_that_is_too_large() {
    let browser = Browser::demo(1);
    let mut routes: Vec<(Method, String)> = web::api::endpoints()
        .into_iter()
        .map(|endpoint| (endpoint.operation.method.clone(), endpoint.operation.path.replace(['{', '}'], "")))
        .collect();
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/check"),
        (Method::GET, "/live"),
        (Method::GET, "/decisions/auth_1"),
        (Method::GET, "/freezes/frz_1"),
        (Method::POST, "/freezes/frz_1/lift"),
        (Method::POST, "/play"),
        (Method::POST, "/sign-in"),
        (Method::GET, "/sign-in"),
        (Method::GET, "/assets/app.css"),
        (Method::GET, "/nothing"),
    ] {
        routes.push((method, path.to_owned()));
    }
    let large = "x".repeat(web::settings::BODY_BYTES_MAX + 1);
    for (method, path) in routes {
        let request = Request::builder()
            .method(&method)
            .uri(&path)
            .header(header::CONTENT_LENGTH, large.len())
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "k")
            .body(Body::from(large.clone()))
            .expect("is one");
        assert_eq!(browser.send(request).await.summary(), "413 body_too_large", "{method} {path}");
        if method == Method::POST {
            // One that does not say how large it is, is refused when it turns out to be.
            let request = Request::builder()
                .method(&method)
                .uri(&path)
                .header(header::CONTENT_TYPE, "application/json")
                .header("idempotency-key", "k")
                .body(Body::from(large.clone()))
                .expect("is one");
            let status = browser.send(request).await.status;
            let form = !path.starts_with("/v1");
            let expected = if form {
                [StatusCode::UNSUPPORTED_MEDIA_TYPE; 2]
            } else {
                [StatusCode::PAYLOAD_TOO_LARGE; 2]
            };
            assert!(expected.contains(&status), "{method} {path}: {status}");
        }
        let form = Request::builder()
            .method(&method)
            .uri(&path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("token={large}")))
            .expect("is one");
        if method == Method::POST && !path.starts_with("/v1") {
            assert_eq!(browser.send(form).await.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        }
    }
}

#[tokio::test]
async fn every_post_refuses_what_it_does_not_know() {
    let browser = Browser::demo(1);
    for endpoint in web::api::endpoints() {
        let operation = &endpoint.operation;
        if operation.method != Method::POST {
            continue;
        }
        let card = browser.bed.card(0).to_string();
        let path = operation.path.replace("{account}", "acc_1001").replace("{card}", &card);
        let path = path.replace("{id}", if path.contains("freezes") { "frz_1" } else { "auth_1" });
        for (body, code) in [
            ("{\"surprise\":1}", "bad_field"),
            ("[]", "bad_field"),
            ("null", "bad_field"),
            ("{", "bad_body"),
            ("{}x", "bad_body"),
            ("\u{feff}{}", "bad_body"),
        ] {
            let reply = browser.post(&path, body).await;
            assert_eq!(reply.code(), code, "{path} {body}: {}", reply.text);
        }
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(browser.post(&path, &deep).await.status.is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn ids_of_other_things_are_no_ids() {
    let browser = Browser::demo(1);
    for (path, field) in [
        ("/v1/accounts/frz_1", "account"),
        ("/v1/cards/card_1", "card"),
        ("/v1/decisions/acc_1", "id"),
        ("/v1/freezes/auth_1", "freeze"),
        ("/v1/authorizations/1", "id"),
        ("/v1/merchants/1234567890123456", "merchant"),
    ] {
        let reply = browser.get(path).await;
        assert_eq!(reply.code(), "bad_field", "{path}");
        assert_eq!(reply.json()["errors"][0]["field"], field, "{path}");
    }
    for path in
        ["/v1/decisions/auth_0", "/v1/decisions/auth_18446744073709551615", "/v1/explanations/nothing"]
    {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_ready_says_so() {
    let browser = Browser::demo(0);
    assert_eq!(
        (browser.get("/healthz").await.text, browser.get("/readyz").await.text),
        ("alive\n".into(), "ready\n".into())
    );
    browser.bed.ready.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(browser.get("/readyz").await.summary(), "503 not_ready");
    assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
    assert!(browser.get("/metrics").await.text.contains("cardwarden_records_total"));
}
