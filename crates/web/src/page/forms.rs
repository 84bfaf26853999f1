//! What a page's forms do: lift, try out, play a scene, sign in. Each works without a script.
//!
//! A form without this reader's token does nothing.

use super::explain::{self, Shown};
use super::lift::Way;
use super::show::{self, t};
use super::{Reader, head, needs_session, problem_page, protect, see_other};
use crate::api::{Keyed, Segments, authorizations, freezes};
use crate::caller::SESSION_COOKIE;
use crate::intake::{Canonical, IdempotencyKey};
use crate::port::Scene;
use crate::problem::{Kind, Problem};
use crate::site::Site;
use crate::twin::freeze::LiftAsked;
use crate::twin::ids::{ActorText, CardText, FreezeText, MerchantText};
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use machine::command::{Authorize, Checks, Entry, PinCheck, Place, Purpose};
use machine::freeze::Actor;
use machine::ids::{FreezeId, Origin};
use machine::money::{Currency, Money};
use machine::outcome::Subject;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;
use std::sync::Arc;

/// The form that lifts.
#[derive(Deserialize)]
pub(super) struct LiftForm {
    token: String,
    key: String,
    way: String,
    agent: Option<String>,
    panel: Option<String>,
}

pub(super) async fn lift(
    State(site): State<Arc<Site>>,
    path: Segments,
    mut reader: Reader,
    form: Result<Form<LiftForm>, FormRejection>,
) -> Response {
    let Some(freeze) = FreezeText::read(path.at(0)) else {
        return problem_page(&reader, &Problem::not_found(Subject::Freeze));
    };
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => return problem_page(&reader, &rejected(&rejection)),
    };
    reader.panel |= form.panel.is_some();
    match carry_out(&site, &reader, freeze, &form).await {
        // Shown by itself after a redirect, so that a reload does not submit again.
        Ok(()) if reader.panel => see_other(&format!("/freezes/{freeze}?panel=1")),
        Ok(()) => see_other(&format!("/freezes/{freeze}")),
        Err(problem) => {
            let said = refused(&reader, &problem);
            freeze_answer(&reader, freeze, problem.status(), Some(said)).await
        }
    }
}

async fn carry_out(site: &Site, reader: &Reader, freeze: FreezeId, form: &LiftForm) -> Result<(), Problem> {
    if !reader.holds(&form.token) {
        return Err(Problem::new(Kind::FormExpired));
    }
    if !reader.caller.scopes.write {
        return Err(Problem::new(Kind::Forbidden));
    }
    let way = Way::ALL.into_iter().find(|way| way.name() == form.way);
    let way = way.ok_or_else(|| Problem::field("way", "is none of those offered"))?;
    let named: Option<Actor> = match form.agent.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(text) => Some(ActorText::read(text).ok_or_else(|| Problem::field("agent", ActorText::NOT))?),
    };
    let key = IdempotencyKey::read(&form.key)?;
    let asked = LiftAsked { by: way.person(named), ground: way.ground() };
    let who = named.map_or_else(String::new, |actor| actor.to_string());
    let canonical = Canonical::empty(&format!("form lift {freeze} {} {who}", way.name()));
    let keyed = Keyed::of(&reader.caller, &key, &canonical);
    freezes::lift_by(site, &reader.caller, &keyed, freeze, asked).await.map(drop)
}

/// What a refusal says, above the freeze.
fn refused(reader: &Reader, problem: &Problem) -> Markup {
    html! {
        div.banner.no role="alert" { (show::icon("no")) p { (problem.says(reader.language)) } }
    }
}

fn rejected(rejection: &FormRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Kind::BodyTooLarge),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(Kind::UnsupportedMedia),
        _ => Problem::new(Kind::BadBody),
    }
}

/// The page of a freeze, with what was said to the last thing done to it.
pub(super) async fn freeze_answer(
    reader: &Reader,
    id: FreezeId,
    status: StatusCode,
    said: Option<Markup>,
) -> Response {
    match freezes::find(&reader.site, id).await {
        Ok((case, at)) => {
            let main = explain::freeze(reader, &case, at, said);
            let here = format!("/freezes/{id}?");
            reader.answer_at(&here, status, t(reader.language, "冻结说明", "Freeze"), &main)
        }
        Err(problem) => problem_page(reader, &problem),
    }
}

/// What is tried out.
#[derive(Deserialize)]
pub(super) struct CheckQuery {
    card: Option<String>,
    merchant: Option<String>,
    amount: Option<String>,
    entry: Option<String>,
}

pub(super) async fn check(
    State(site): State<Arc<Site>>,
    reader: Reader,
    query: Result<Query<CheckQuery>, QueryRejection>,
) -> Response {
    let asked = query.ok().and_then(|query| would(&query.0));
    let Some(ask) = asked else {
        return problem_page(&reader, &Problem::field("(form)", "has a field without a valid value"));
    };
    match site.look(move |machine, at| (authorizations::peek(machine, &ask, at), at)).await {
        Ok((case, at)) => {
            let main = explain::decision(&reader, &case, Shown::DryRun, at);
            reader.answer(StatusCode::OK, t(reader.language, "试算", "Dry run"), &main)
        }
        Err(problem) => problem_page(&reader, &problem),
    }
}

/// The ask a form describes.
fn would(query: &CheckQuery) -> Option<Authorize> {
    let (entry, pin) = match query.entry.as_deref() {
        Some("chip") | None => (Entry::Chip, PinCheck::Right),
        Some("contactless") => (Entry::Contactless, PinCheck::Absent),
        Some("on_file") => (Entry::OnFile, PinCheck::Absent),
        Some(_) => return None,
    };
    Some(Authorize {
        origin: Origin::House(0),
        purpose: Purpose::Sale,
        card: CardText::read(query.card.as_deref()?.trim())?,
        amount: Money::new(minor(query.amount.as_deref()?.trim())?, Currency::CNY),
        entry,
        place: Place::Merchant(MerchantText::read(query.merchant.as_deref()?.trim())?),
        expiry: None,
        checks: Checks { pin, ..Checks::NONE },
        advice: false,
        answer_by: None,
    })
}

/// `128.5` as minor units of a currency with two decimals.
fn minor(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || decimals.len() > 2 || !digits(whole) || !digits(decimals) {
        return None;
    }
    format!("{whole}{decimals:0<2}").parse().ok()
}

/// The form that plays a scene.
#[derive(Deserialize)]
pub(super) struct PlayForm {
    token: String,
    scene: String,
}

pub(super) async fn play(
    State(site): State<Arc<Site>>,
    reader: Reader,
    form: Result<Form<PlayForm>, FormRejection>,
) -> Response {
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => return problem_page(&reader, &rejected(&rejection)),
    };
    if !reader.holds(&form.token) {
        return problem_page(&reader, &Problem::new(Kind::FormExpired));
    }
    let scene = match form.scene.as_str() {
        "fraud_wave" => Scene::FraudWave,
        "outage" => Scene::Outage,
        _ => return problem_page(&reader, &Problem::field("scene", "is none of those offered")),
    };
    if !site.settings.demo || !reader.caller.scopes.write || !site.host.play(scene) {
        return problem_page(&reader, &Problem::new(Kind::Forbidden));
    }
    see_other("/")
}

/// The form that signs in.
#[derive(Deserialize)]
pub(super) struct SignInForm {
    key: String,
}

pub(super) async fn sign_in_page(State(site): State<Arc<Site>>, headers: axum::http::HeaderMap) -> Response {
    if !needs_session(&site.settings) {
        return see_other("/");
    }
    sign_in_answer(&headers, StatusCode::OK, false)
}

pub(super) async fn sign_in(
    State(site): State<Arc<Site>>,
    headers: axum::http::HeaderMap,
    form: Result<Form<SignInForm>, FormRejection>,
) -> Response {
    let form = match form {
        Ok(Form(form)) => form,
        Err(rejection) => return rejected(&rejection).into_response(),
    };
    let Some(caller) = site.by_key(form.key.trim()) else {
        return sign_in_answer(&headers, StatusCode::UNAUTHORIZED, true);
    };
    let mut response = see_other("/");
    let cookie = format!("{SESSION_COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", site.session(&caller));
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn sign_in_answer(headers: &axum::http::HeaderMap, status: StatusCode, wrong: bool) -> Response {
    let (language, _) = super::choose_language(None, headers);
    let title = t(language, "登录", "Sign in");
    let page = html! {
        (DOCTYPE)
        html lang=(show::tag(language)) {
            (head(language, title))
            body {
                (PreEscaped(super::assets::ICONS))
                main.sign-in {
                    h1 { (show::icon("mark")) "Cardwarden" }
                    @if wrong {
                        div.banner.no role="alert" { (show::icon("no")) p { (t(language, "没有这个密钥，请核对后再试。", "There is no such key; please check it and try again.")) } }
                    }
                    form.card-box method="post" action="/sign-in" {
                        label.field {
                            span { (t(language, "API 密钥", "API key")) }
                            input type="password" name="key" required autocomplete="current-password";
                        }
                        button.primary type="submit" { (title) }
                    }
                }
            }
        }
    };
    let mut response = (status, Html(page.into_string())).into_response();
    protect(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let check = |text, expected| assert_eq!(minor(text), expected, "{text}");
        check("128", Some(12_800));
        check("128.5", Some(12_850));
        check("128.05", Some(12_805));
        check("0.01", Some(1));
        check("999999999.99", Some(99_999_999_999));
        for bad in ["", ".5", "1.234", "1,2", "-1", "+1", "1e3", "1234567890", "一"] {
            check(bad, None);
        }
    }
}
