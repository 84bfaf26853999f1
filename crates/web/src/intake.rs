//! What a request brings: its body read once and strictly, its idempotency key, its query.
//!
//! An error names the field and what is wrong with it; the value is never repeated.

use crate::caller::Caller;
use crate::problem::{Kind, Problem};
use crate::settings::BODY_BYTES_MAX;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use machine::command::PinReference;
use machine::ids::CardId;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Longest idempotency key, characters.
pub const KEY_CHARS_MAX: usize = 128;
/// Fields that are taken out of a body before anything is made of it but the command itself.
const SECRETS: [&str; 2] = ["card_number", "pin"];

/// A body as it was asked, and what its idempotency hangs on.
pub struct Body<T> {
    /// The body.
    pub asked: T,
    /// The same as canonical JSON, without secrets.
    pub canonical: Canonical,
}

/// A body in canonical form: sorted fields, no secrets; what stands for a secret is added when it is known.
pub struct Canonical {
    target: String,
    fields: Map<String, Value>,
}

impl Canonical {
    /// Of a form or request without a body.
    #[must_use]
    pub fn empty(target: &str) -> Canonical {
        Canonical { target: target.to_owned(), fields: Map::new() }
    }

    /// What the card number was hashed to stands for it.
    pub fn stands_for_card(&mut self, card: CardId) {
        self.fields.insert("card_number".to_owned(), Value::String(card.to_string()));
    }

    /// What the PIN is verified by stands for it.
    pub fn stands_for_pin(&mut self, pin: Option<&PinReference>) {
        let reference = pin.map_or(Value::Null, |pin| {
            Value::String(format!("{}{}", pin.key_index, String::from_utf8_lossy(&pin.pvv)))
        });
        self.fields.insert("pin".to_owned(), reference);
    }

    /// Hash of path and body: another hash, another request.
    #[must_use]
    pub fn hash(&self) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"cardwarden request 1\0").update(self.target.as_bytes()).update(&[0]);
        hasher.update(Value::Object(self.fields.clone()).to_string().as_bytes());
        first_half(&hasher)
    }
}

fn first_half(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    half
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Body<T>, Problem> {
        let target = format!("{} {}", request.method(), request.uri().path());
        let json = is_json(request.headers());
        let bytes = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX)
            .await
            .map_err(|_| Problem::new(Kind::BodyTooLarge))?;
        let bytes: &[u8] = match (bytes.is_empty(), json) {
            (true, _) => b"{}",
            (false, true) => &bytes,
            (false, false) => return Err(Problem::new(Kind::UnsupportedMedia)),
        };
        let (asked, mut fields) = read_json(bytes)?;
        SECRETS.iter().for_each(|secret| drop(fields.remove(*secret)));
        Ok(Body { asked, canonical: Canonical { target, fields } })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads JSON strictly: unknown, missing, doubled and ill-typed fields are refused. Gives what was asked, and
/// the same as plain fields.
fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, Map<String, Value>), Problem> {
    let malformed = |_| Problem::new(Kind::BadBody).naming("(body)", "is no well-formed JSON");
    let Value::Object(fields) = serde_json::from_slice(bytes).map_err(malformed)? else {
        return Err(Problem::field("(body)", "is no JSON object"));
    };
    // Nothing that is asked for is a list; serde would take one for the fields of an object, in order.
    if let Some((name, _)) = fields.iter().find(|(_, value)| has_list(value)) {
        return Err(Problem::field(&safe_name(name), "has a list where none belongs"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        data_error(&path, &error.into_inner().to_string())
    })?;
    Ok((read, fields))
}

fn has_list(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Object(fields) => fields.values().any(has_list),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Makes a field error of a message of serde's: its path and what is wrong, without any value it repeats.
fn data_error(path: &str, message: &str) -> Problem {
    // serde_json adds where it stood; the field is named instead.
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let expected =
        |message: &str| message.rsplit_once(", expected ").map(|(_, expected)| expected.to_owned());
    let quoted = |message: &str| message.split('`').nth(1).map(safe_name);
    let inside = |name: String| match safe_path(path) {
        path if path == "(body)" => name,
        path => format!("{path}.{name}"),
    };
    if message.starts_with("missing field") {
        let name = quoted(message).unwrap_or_default();
        return Problem::field(&inside(name), "is missing");
    }
    if message.starts_with("unknown field") {
        let parent = path.rsplit_once('.').map_or("(body)", |(parent, _)| parent);
        let name = quoted(message).unwrap_or_default();
        let field = match safe_path(parent) {
            parent if parent == "(body)" || parent == "." => name,
            parent => format!("{parent}.{name}"),
        };
        return Problem::field(&field, "is not known here");
    }
    if message.starts_with("duplicate field") {
        let name = quoted(message).unwrap_or_default();
        return Problem::field(&inside(name), "stands there twice");
    }
    if message.starts_with("unknown variant") {
        let allowed = expected(message).unwrap_or_default();
        return Problem::field(&safe_path(path), &format!("is none of the words allowed: {allowed}"));
    }
    if message.starts_with("invalid type") || message.starts_with("invalid value") {
        let expected = expected(message).unwrap_or_else(|| "another form".to_owned());
        return Problem::field(&safe_path(path), &format!("has the wrong form: expected {expected}"));
    }
    // Our own messages all begin so, and repeat nothing.
    let what =
        if message.starts_with("not a") { format!("is {message}") } else { "has no valid value".to_owned() };
    Problem::field(&safe_path(path), &what)
}

/// A field's name as we may repeat it: a stranger's own name for a field could be anything, a number of a
/// card among others.
fn safe_name(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit());
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    match plain && !name.is_empty() && name.len() <= 32 && digits <= 4 {
        true => name.to_owned(),
        false => "(a field of another name)".to_owned(),
    }
}

fn safe_path(path: &str) -> String {
    match path {
        "" | "." | "?" | "(body)" => "(body)".to_owned(),
        path => path.split('.').filter(|part| *part != "?").map(safe_name).collect::<Vec<_>>().join("."),
    }
}

/// The idempotency key of a request, as it was sent.
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key of a form.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(text: &str) -> Result<IdempotencyKey, Problem> {
        let visible = text.bytes().all(|b| (b'!'..=b'~').contains(&b));
        match (1..=KEY_CHARS_MAX).contains(&text.len()) && visible {
            true => Ok(IdempotencyKey(text.to_owned())),
            false => Err(Problem::new(Kind::IdempotencyKeyInvalid)),
        }
    }

    /// Hash of caller and key: two callers may use the same key.
    #[must_use]
    pub fn of(&self, caller: &Caller) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"cardwarden key 1\0").update(caller.name.as_bytes()).update(&[0]);
        hasher.update(self.0.as_bytes());
        first_half(&hasher)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IdempotencyKey, Problem> {
        let value = parts.headers.get("idempotency-key").ok_or(Problem::new(Kind::IdempotencyKeyMissing))?;
        IdempotencyKey::read(value.to_str().map_err(|_| Problem::new(Kind::IdempotencyKeyInvalid))?)
    }
}

/// A query, read as strictly as a body.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri).map(|query| Query(query.0)).map_err(|rejection| {
            let text = std::error::Error::source(&rejection).map_or_else(String::new, ToString::to_string);
            // axum names the field before the message.
            let (path, message) = match text.split_once(": ") {
                Some((path, message)) if safe_name(path) == path => (path, message),
                Some(_) | None => ("", text.as_str()),
            };
            data_error(path, message)
        })
    }
}

/// Reads a name out of the path.
///
/// # Errors
/// If it is none.
pub fn from_path<T>(read: fn(&str) -> Option<T>, text: &str, field: &str, not: &str) -> Result<T, Problem> {
    read(text).ok_or_else(|| Problem::field(field, &format!("is {not}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twin::decision::AuthorizationAsked;

    #[test]
    fn an_error_names_the_field_and_never_the_value() {
        let card = "card_00000000000000000000000000000000";
        let check = |body: &str, expected: &str| {
            let body = body.replace("CARD", card);
            let problem = read_json::<AuthorizationAsked>(body.as_bytes()).expect_err("is refused");
            let document = serde_json::to_value(problem.document()).expect("is JSON");
            let error = &document["errors"][0];
            assert_eq!(
                format!("{} {}", error["field"].as_str().unwrap_or(""), error["what"].as_str().unwrap_or("")),
                expected,
                "{body}"
            );
            assert!(!document.to_string().contains("6222"), "{document}");
        };
        let whole = r#"{"card":"CARD","amount":{"minor":1,"currency":"CNY"},"merchant":"M"}"#;
        assert!(read_json::<AuthorizationAsked>(whole.replace("CARD", card).as_bytes()).is_ok());
        check("{", "(body) is no well-formed JSON");
        check("[]", "(body) is no JSON object");
        check(r#"{"amount":[6222,"CNY"]}"#, "amount has a list where none belongs");
        check("{}", "card is missing");
        check(r#"{"card":"6222021234567890123"}"#, "card is not a card: card_ and 32 hexadecimal digits");
        check(r#"{"card":6222021234567890}"#, "card has the wrong form: expected a string");
        check(r#"{"card":"CARD","card":"CARD"}"#, "card stands there twice");
        check(r#"{"6222021234567890":1}"#, "(a field of another name) is not known here");
        check(r#"{"pan":1}"#, "pan is not known here");
        check(
            r#"{"amount":{"minor":"6222","currency":"CNY"}}"#,
            "amount.minor has the wrong form: expected i64",
        );
        check(
            r#"{"amount":{"minor":6222.5,"currency":"CNY"}}"#,
            "amount.minor has the wrong form: expected i64",
        );
        check(
            r#"{"amount":{"minor":1,"currency":"6222"}}"#,
            "amount.currency is not a currency of ISO 4217: three letters, such as CNY",
        );
        check(r#"{"amount":{"minor":1,"currency":"CNY","x":1}}"#, "amount.x is not known here");
        check(
            r#"{"entry":"6222"}"#,
            "entry is none of the words allowed: one of `stripe`, `fallback`, `chip`, `contactless`, `code`, `manual`, `on_file`",
        );
        let trailing = format!("{} x", whole.replace("CARD", card));
        check(&trailing, "(body) is no well-formed JSON");
    }
}
