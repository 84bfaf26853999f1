//! JSON API, console pages, assets and live events.
//!
//! Never how money moves: everything is asked of the host through `port::Host`.

pub mod api;
pub mod caller;
pub mod case;
pub mod history;
pub mod intake;
pub mod live;
mod page;
pub mod port;
pub mod problem;
pub mod settings;
pub mod sight;
pub mod site;
pub mod twin;

pub use settings::Settings;

use crate::caller::same_house;
use crate::port::Host;
use crate::problem::{Kind, Problem};
use crate::settings::BODY_BYTES_MAX;
use crate::site::Site;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use std::sync::Arc;

/// The API and the pages of `host`. Called within a runtime, it starts to read the host's events at once;
/// else with the first request.
pub fn router(host: Arc<dyn Host>, settings: Settings) -> Router {
    let site = Site::new(host, settings);
    if tokio::runtime::Handle::try_current().is_ok() {
        site.start();
    }
    Router::new()
        .merge(api::routes(&site))
        .merge(page::routes())
        .fallback(async || Problem::new(Kind::NoSuchPath))
        .method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed))
        .layer(from_fn_with_state(Arc::clone(&site), same_house))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(bounded))
        .layer(from_fn_with_state(Arc::clone(&site), started))
        .with_state(site)
}

async fn started(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    site.start();
    next.run(request).await
}

/// Refuses a body that says it is too large before anything of it is read; one that does not say is refused
/// when it turns out to be.
async fn bounded(request: Request, next: Next) -> Result<Response, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match length.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > BODY_BYTES_MAX as u64 => Err(Problem::new(Kind::BodyTooLarge)),
        Some(_) | None => Ok(next.run(request).await),
    }
}
