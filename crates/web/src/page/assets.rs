//! Style, script and pictures: part of the binary, named by their content so that they can be kept for ever.
//!
//! Nothing is loaded from elsewhere.

use crate::api::Segments;
use crate::problem::{Kind, Problem};
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// The icons, to be put into a page once.
pub const ICONS: &str = include_str!("../../assets/icons.svg");

/// Name, media type, content.
const ASSETS: [(&str, &str, &str); 3] = [
    ("app.css", "text/css; charset=utf-8", include_str!("../../assets/app.css")),
    ("app.js", "text/javascript; charset=utf-8", include_str!("../../assets/app.js")),
    ("mark.svg", "image/svg+xml", include_str!("../../assets/mark.svg")),
];

/// Version of an asset: the beginning of its hash.
fn version(content: &str) -> String {
    blake3::hash(content.as_bytes()).to_hex()[..12].to_owned()
}

/// The path of an asset, with its version.
#[must_use]
pub fn path(name: &str) -> String {
    let content = ASSETS.iter().find(|(known, _, _)| *known == name).map_or("", |(_, _, content)| content);
    format!("/assets/{name}?v={}", version(content))
}

#[derive(Default, Deserialize)]
pub(super) struct Version {
    v: Option<String>,
}

pub(super) async fn asset(
    path: Segments,
    version_asked: Result<Query<Version>, QueryRejection>,
) -> Result<Response, Problem> {
    let name = path.at(0);
    let found = ASSETS.iter().find(|(known, _, _)| *known == name);
    let (_, media, content) = found.ok_or(Problem::new(Kind::NoSuchPath))?;
    let asked = version_asked.ok().and_then(|query| query.0.v);
    let keep = match asked == Some(version(content)) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers = [
        (header::CONTENT_TYPE, *media),
        (header::CACHE_CONTROL, keep),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, *content).into_response())
}
