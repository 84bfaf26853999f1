//! One who asks: requests through the router, answers read whole.

use crate::bed::Bed;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tower::ServiceExt;
use web::Settings;

/// One who asks.
pub struct Browser {
    /// The host behind it.
    pub bed: Arc<Bed>,
    router: Router,
    keys: AtomicU64,
    /// Headers sent with every request.
    pub headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A header, empty where it is missing.
    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The code of a problem document.
    pub fn code(&self) -> String {
        assert_eq!(self.header(header::CONTENT_TYPE), "application/problem+json", "{}", self.text);
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The status and, of a problem, its code and fields.
    pub fn summary(&self) -> String {
        let problem = if self.status.is_success() { String::new() } else { format!(" {}", self.code()) };
        let errors = if self.status.is_success() { Value::Null } else { self.json()["errors"].clone() };
        let fields: Vec<String> = errors
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| {
                format!(
                    "; {} {}",
                    error["field"].as_str().unwrap_or(""),
                    error["what"].as_str().unwrap_or("")
                )
            })
            .collect();
        format!("{}{problem}{}", self.status.as_u16(), fields.concat())
    }
}

impl Browser {
    /// Asks a street of `cards` cards, as in a demo.
    pub fn demo(cards: u64) -> Browser {
        Browser::with(Bed::street(cards), Settings { contact: Some("95000".to_owned()), ..Settings::demo() })
    }

    /// Asks this host under these settings.
    pub fn with(bed: Arc<Bed>, settings: Settings) -> Browser {
        let router = web::router(Arc::<Bed>::clone(&bed), settings);
        Browser { bed, router, keys: AtomicU64::new(0), headers: Vec::new() }
    }

    /// Sends a request as it is.
    pub async fn send(&self, mut request: Request<Body>) -> Reply {
        for (name, value) in &self.headers {
            let value = value.parse().expect("is a header");
            request
                .headers_mut()
                .insert(header::HeaderName::from_bytes(name.as_bytes()).expect("is a name"), value);
        }
        let response = self.router.clone().oneshot(request).await.expect("the router does not fail");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("is read");
        let text = String::from_utf8(bytes.to_vec()).expect("is UTF-8");
        Reply { status: parts.status, headers: parts.headers, text }
    }

    /// Sends a request whose answer goes on; it is read by the caller.
    pub async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.expect("the router does not fail")
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).expect("is a request")).await
    }

    /// `POST` of JSON under a new idempotency key.
    pub async fn post(&self, path: &str, body: &str) -> Reply {
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        self.post_under(&key, path, body).await
    }

    /// `POST` of JSON under this idempotency key.
    pub async fn post_under(&self, key: &str, path: &str, body: &str) -> Reply {
        self.send(
            posting(path, body)
                .header("idempotency-key", key)
                .body(Body::from(body.to_owned()))
                .expect("is one"),
        )
        .await
    }

    /// `POST` of a form, with a cookie.
    pub async fn submit(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Reply {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, cookie)
            .body(Body::from(body.join("&")))
            .expect("is a request");
        self.send(request).await
    }

    /// Lets the task that reads events read what there is.
    pub async fn settle(&self) {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
    }
}

fn posting(path: &str, body: &str) -> axum::http::request::Builder {
    let request = Request::builder().method(Method::POST).uri(path);
    if body.is_empty() { request } else { request.header(header::CONTENT_TYPE, "application/json") }
}

/// Percent-encoded.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The value of the form field of that name in a page.
pub fn field(page: &str, name: &str) -> String {
    let from = page.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no field {name}"));
    let value = &page[from + format!("name=\"{name}\" value=\"").len()..];
    value[..value.find('"').expect("ends")].to_owned()
}

/// The cookies a reply sets, as they are sent back.
pub fn cookies(reply: &Reply) -> String {
    let set = reply.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    set.filter_map(|line| line.split(';').next()).collect::<Vec<_>>().join("; ")
}
