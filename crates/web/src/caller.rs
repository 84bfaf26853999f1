//! Who calls, and whether he may: keys of the API, sessions of the page, and the open door of a demo.
//!
//! Keys are compared by their hashes; none is logged or told back.

use crate::problem::{Kind, Problem};
use crate::settings::{Access, Scopes};
use crate::sight::Sight;
use crate::site::Site;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use machine::freeze::Actor;
use std::sync::Arc;

/// Name of the session's cookie.
pub const SESSION_COOKIE: &str = "cardwarden_session";

/// What an operation asks of its caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// To look.
    Read,
    /// To change.
    Write,
}

/// Who calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The name of the key, or `demo`.
    pub name: String,
    /// What the key may do.
    pub scopes: Scopes,
    /// The person it stands for.
    pub actor: Option<Actor>,
}

impl Caller {
    /// What this caller may see.
    #[must_use]
    pub fn sight(&self) -> Sight {
        Sight::of(self.scopes)
    }

    /// The person that acts: the one the key stands for, else the one that was named.
    ///
    /// # Errors
    /// If nobody is named, or another than the key stands for.
    pub fn acting(&self, named: Option<Actor>) -> Result<Actor, Problem> {
        match (self.actor, named) {
            (Some(own), Some(other)) if own != other => {
                Err(Problem::new(Kind::Forbidden)
                    .naming("by.name", "is another person than the key stands for"))
            }
            (Some(own), _) => Ok(own),
            (None, Some(named)) => Ok(named),
            (None, None) => Err(Problem::field("by.name", "is missing: a person has to act")),
        }
    }
}

impl Site {
    /// Who calls, by the headers of a request.
    ///
    /// # Errors
    /// If nobody who may.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        match &self.settings.access {
            Access::Open(scopes) => Ok(Caller { name: "demo".to_owned(), scopes: *scopes, actor: None }),
            Access::Keys(_) => {
                let bearer = bearer(headers).and_then(|key| self.by_key(key));
                let session = || cookie(headers, SESSION_COOKIE).and_then(|session| self.by_session(session));
                bearer.or_else(session).ok_or(Problem::new(Kind::Unauthenticated))
            }
        }
    }

    /// The caller a key belongs to.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<Caller> {
        let Access::Keys(keys) = &self.settings.access else { return None };
        let hash = blake3::hash(key.as_bytes());
        // Every key is compared, each in constant time.
        let mut found = None;
        for known in keys {
            if hash == blake3::Hash::from_bytes(known.hash) {
                found = Some(known);
            }
        }
        found.map(|key| Caller { name: key.name.clone(), scopes: key.scopes, actor: key.actor })
    }

    /// The session of a caller, to be kept in a cookie: the name of the key, signed by this process.
    #[must_use]
    pub fn session(&self, caller: &Caller) -> String {
        format!("{}.{}", self.sign("session", &caller.name), caller.name)
    }

    fn by_session(&self, session: &str) -> Option<Caller> {
        let (signature, name) = session.split_once('.')?;
        let Access::Keys(keys) = &self.settings.access else { return None };
        let key = keys.iter().find(|key| key.name == name)?;
        self.signed("session", name, signature).then(|| Caller {
            name: key.name.clone(),
            scopes: key.scopes,
            actor: key.actor,
        })
    }
}

/// What `admit` goes by.
#[derive(Clone)]
pub struct Gate {
    /// The site.
    pub site: Arc<Site>,
    /// What the operation needs.
    pub need: Need,
}

/// Lets a request pass if its caller may, and tells the operation who calls.
///
/// # Errors
/// If he may not.
pub async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Result<Response, Problem> {
    if gate.need == Need::Nothing {
        return Ok(next.run(request).await);
    }
    let caller = gate.site.caller(request.headers())?;
    let may = match gate.need {
        Need::Nothing => true,
        Need::Read => caller.scopes.read,
        Need::Write => caller.scopes.write,
    };
    if !may {
        return Err(Problem::new(Kind::Forbidden));
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// Turns away a request that names another host than this computer, where the door is open: a page from
/// elsewhere could otherwise reach it under a name of its own (DNS rebinding).
///
/// # Errors
/// If it does.
pub async fn same_house(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Access::Open(_) = site.settings.access {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or(request.uri().host()).unwrap_or("localhost");
        if !is_loopback(host) {
            return Err(Problem::new(Kind::Misdirected));
        }
    }
    Ok(next.run(request).await)
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => return rest.split_once(']').is_some_and(|(address, _)| address == "::1"),
        None => host.split(':').next().unwrap_or(host),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_computer_is_loopback() {
        for name in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.8.8.8", "[::1]:80", "[::1]"] {
            assert!(is_loopback(name), "{name}");
        }
        for name in [
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "0.0.0.0",
            "[::2]",
            "10.0.0.1",
            "",
        ] {
            assert!(!is_loopback(name), "{name}");
        }
    }
}
