//! The pages: rendered here, improved by one small script, usable without it.
//!
//! Every change is a form with a token and a hidden idempotency key. No decision, and no cause but through
//! `explain`.

mod assets;
mod explain;
mod forms;
mod home;
mod lift;
mod show;
mod stream;

use crate::caller::{Caller, cookie};
use crate::problem::{Kind, Problem};
use crate::settings::{Access, Settings};
use crate::sight::Sight;
use crate::site::Site;
use crate::twin::ids::{DecisionText, FreezeText};
use axum::Router;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use machine::explain::Language;
use machine::outcome::Subject;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;
use show::t;
use std::sync::Arc;

/// Name of the cookie that keeps the language.
const LANGUAGE_COOKIE: &str = "cardwarden_lang";
/// Name of the cookie that form tokens hang on.
const SEAT_COOKIE: &str = "cardwarden_seat";
/// What browsers may load and do.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// The routes of the pages.
pub fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(home_page))
        .route("/decisions/{id}", get(decision_page))
        .route("/freezes/{id}", get(freeze_page))
        .route("/freezes/{id}/lift", post(forms::lift))
        .route("/check", get(forms::check))
        .route("/play", post(forms::play))
        .route("/sign-in", get(forms::sign_in_page).post(forms::sign_in))
        .route("/live", get(stream::live))
        .route("/assets/{name}", get(assets::asset))
}

/// Who reads a page, and in which language.
pub struct Reader {
    /// The site.
    pub site: Arc<Site>,
    /// The language.
    pub language: Language,
    /// Whether the language was chosen just now, to be kept.
    chosen: bool,
    /// Who reads.
    pub caller: Caller,
    /// What he may see.
    pub sight: Sight,
    /// What form tokens hang on.
    seat: String,
    /// Whether the seat is new, to be kept.
    new_seat: bool,
    /// Only the article is wanted, without the page around it.
    pub panel: bool,
    /// Path and query up to the language, for the link to the other one.
    here: String,
}

/// What every page takes in its query.
#[derive(Default, Deserialize)]
struct PageQuery {
    lang: Option<String>,
    panel: Option<String>,
}

fn language_of(text: &str) -> Option<Language> {
    let primary = text.trim().split(['-', ';', '_']).next().unwrap_or_default();
    match primary.to_ascii_lowercase().as_str() {
        "zh" => Some(Language::Zh),
        "en" => Some(Language::En),
        _ => None,
    }
}

/// The language asked for, kept, or preferred; Chinese where nothing is said.
fn choose_language(asked: Option<&str>, headers: &HeaderMap) -> (Language, bool) {
    if let Some(language) = asked.and_then(language_of) {
        return (language, true);
    }
    let kept = cookie(headers, LANGUAGE_COOKIE).and_then(language_of);
    let accepted = || {
        let accepted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        accepted.split(',').find_map(language_of)
    };
    (kept.or_else(accepted).unwrap_or(Language::Zh), false)
}

impl FromRequestParts<Arc<Site>> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Reader, Response> {
        let query = Query::<PageQuery>::try_from_uri(&parts.uri).map(|query| query.0).unwrap_or_default();
        let (language, chosen) = choose_language(query.lang.as_deref(), &parts.headers);
        let caller = site.caller(&parts.headers).map_err(|_| see_other("/sign-in"))?;
        if !caller.scopes.read {
            return Err(Problem::new(Kind::Forbidden).into_response());
        }
        let kept = cookie(&parts.headers, SEAT_COOKIE).filter(|seat| seat.len() == 32);
        let seat = kept.map_or_else(|| site.mint(), str::to_owned);
        Ok(Reader {
            site: Arc::clone(site),
            language,
            chosen,
            sight: caller.sight(),
            caller,
            new_seat: kept.is_none(),
            seat,
            panel: query.panel.is_some(),
            here: here(&parts.uri),
        })
    }
}

/// Path of a page, with its query where it has one of its own, ready for a language to be added.
fn here(uri: &Uri) -> String {
    let kept = uri.query().unwrap_or_default().split('&');
    let kept =
        kept.filter(|pair| !pair.is_empty() && !pair.starts_with("lang=") && !pair.starts_with("panel="));
    kept.fold(format!("{}?", uri.path()), |here, pair| format!("{here}{pair}&"))
}

impl Reader {
    /// Where a holder reaches the bank.
    #[must_use]
    pub fn contact(&self) -> Option<&str> {
        self.site.settings.contact.as_deref()
    }

    /// The token of forms.
    fn token(&self) -> String {
        self.site.sign("form", &self.seat)
    }

    /// The hidden fields of every form that changes something.
    #[must_use]
    pub fn hidden(&self) -> Markup {
        html! {
            input type="hidden" name="token" value=(self.token());
            input type="hidden" name="key" value=(self.site.mint());
            @if self.panel { input type="hidden" name="panel" value="1"; }
        }
    }

    /// Whether a form's token is this reader's.
    fn holds(&self, token: &str) -> bool {
        !self.new_seat && self.site.signed("form", &self.seat, token)
    }

    /// Answers with `main`: as a page, or alone where only a panel is wanted.
    #[must_use]
    pub fn answer(&self, status: StatusCode, title: &str, main: &Markup) -> Response {
        self.answer_at(&self.here, status, title, main)
    }

    /// The same, with another address for the link to the other language.
    pub fn answer_at(&self, here: &str, status: StatusCode, title: &str, main: &Markup) -> Response {
        let body = if self.panel { main.clone() } else { self.page(here, title, main) };
        let mut response = (status, Html(body.into_string())).into_response();
        self.keep(response.headers_mut());
        protect(response.headers_mut());
        response
    }

    /// Keeps language and seat in cookies.
    fn keep(&self, headers: &mut HeaderMap) {
        let mut set = |cookie: String| {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                headers.append(header::SET_COOKIE, value);
            }
        };
        if self.chosen {
            let language = t(self.language, "zh", "en");
            set(format!("{LANGUAGE_COOKIE}={language}; Path=/; Max-Age=31536000; SameSite=Lax"));
        }
        if self.new_seat {
            set(format!("{SEAT_COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", self.seat));
        }
    }

    fn page(&self, here: &str, title: &str, main: &Markup) -> Markup {
        let language = self.language;
        let head = head(language, title);
        html! {
            (DOCTYPE)
            html lang=(show::tag(language)) {
                (head)
                body data-lang=(t(language, "zh", "en")) {
                    a.skip href="#main" { (t(language, "跳到正文", "Skip to content")) }
                    (PreEscaped(assets::ICONS))
                    (self.top(here))
                    main #main { (main) }
                    (self.foot())
                    dialog #panel aria-label=(t(language, "详情", "Details")) {
                        div.panel-bar {
                            button type="button" #panel-close { (show::icon("no")) (t(language, "关闭", "Close")) }
                            a #panel-full href="/" { (t(language, "单独打开", "Open as a page")) }
                        }
                        div #panel-body {}
                    }
                }
            }
        }
    }

    fn top(&self, here: &str) -> Markup {
        let language = self.language;
        let standing = self.site.host.standing();
        let other = t(language, "en", "zh");
        html! {
            header.top {
                a.brand href="/" { (show::icon("mark")) span { "Cardwarden" } }
                @if self.site.settings.demo { span.chip.small.demo { (t(language, "演示", "demo")) } }
                span.grow {}
                (house_line(self, standing.ready, standing.why.as_deref()))
                a.top-link.top-api href="/openapi.json" { (t(language, "接口", "API")) }
                a.top-link href={ (here) "lang=" (other) } hreflang=(t(language, "en", "zh-CN")) lang=(t(language, "en", "zh-CN")) {
                    (t(language, "English", "中文"))
                }
            }
        }
    }

    fn foot(&self) -> Markup {
        let language = self.language;
        html! {
            footer.foot {
                p { (t(language,
                    "演示数据中的人、卡与商户均为虚构。卡号在进入系统时即被散列，页面只显示末四位。",
                    "People, cards and shops of the demo are invented. Card numbers are hashed on arrival; pages show the last four digits alone.")) }
                @if let Access::Open(_) = self.site.settings.access {
                    p { (t(language, "此实例不设密钥，只在本机开放。", "This instance has no keys and is open to this computer only.")) }
                }
                p {
                    a href="/openapi.json" { (t(language, "接口说明 (OpenAPI)", "The API (OpenAPI)")) }
                    a href="/v1/causes" { (t(language, "全部原因 (JSON)", "All causes (JSON)")) }
                }
            }
        }
    }
}

/// What the house can do, in a word, with an icon.
fn house_line(reader: &Reader, ready: bool, why: Option<&str>) -> Markup {
    use machine::command::House;
    let language = reader.language;
    let (class, words) = match (ready, reader.site.live.house()) {
        (false, _) => ("no", why.unwrap_or(t(language, "主机未就绪", "not ready"))),
        (true, House::Open) => ("yes", t(language, "主机正常", "All well")),
        (true, House::Maintenance { .. }) => ("sys", t(language, "系统维护中", "Maintenance")),
        (true, House::NetworkDown) => ("sys", t(language, "网络中断", "Network down")),
        (true, House::IssuerDown) => ("sys", t(language, "发卡主机故障", "Issuer down")),
        (true, House::IssuerSilent) => ("sys", t(language, "发卡主机无应答", "Issuer silent")),
    };
    let icon = if class == "yes" { "yes" } else { "plug" };
    html! { span #house class={ "chip " (class) } { (show::icon(icon)) (words) } }
}

fn head(language: Language, title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Cardwarden" }
            link rel="icon" type="image/svg+xml" href=(assets::path("mark.svg"));
            link rel="stylesheet" href=(assets::path("app.css"));
            script type="module" src=(assets::path("app.js")) {}
            meta name="description" content=(t(language, "银行卡支付主机：每次拒绝和冻结都讲得清。", "A card-payment host that explains every decline and freeze."));
        }
    }
}

/// The headers that keep a page to itself.
fn protect(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Cookie, Accept-Language"));
}

fn see_other(to: &str) -> Response {
    let location = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// A problem as a page. Nothing of the address that led to it is repeated: it could be anything.
fn problem_page(reader: &Reader, problem: &Problem) -> Response {
    let language = reader.language;
    let main = html! {
        article.explain {
            header.explain-head {
                (show::chip(show::Mark { class: "no", icon: "no", words: t(language, "没有办成", "Not done") }))
                h1 { (problem.says(language)) }
            }
            p { a.button href="/" { (t(language, "回到首页", "Back to the start")) } }
        }
    };
    reader.answer_at("/?", problem.status(), t(language, "没有办成", "Not done"), &main)
}

async fn home_page(reader: Reader) -> Response {
    match home::choices(&reader).await {
        Ok(choices) => {
            let main = home::page(&reader, &choices);
            reader.answer(StatusCode::OK, t(reader.language, "支付现场", "Live"), &main)
        }
        Err(problem) => problem_page(&reader, &problem),
    }
}

async fn decision_page(
    State(site): State<Arc<Site>>,
    path: crate::api::Segments,
    reader: Reader,
) -> Response {
    let found = match DecisionText::read(path.at(0)) {
        Some(number) => crate::api::decisions::find(&site, number).await,
        None => Err(Problem::not_found(Subject::Transaction)),
    };
    match found {
        Ok(case) => {
            let main = explain::decision(&reader, &case, explain::Shown::Recorded, site.host.now());
            reader.answer(StatusCode::OK, t(reader.language, "交易说明", "Decision"), &main)
        }
        Err(problem) => problem_page(&reader, &problem),
    }
}

async fn freeze_page(path: crate::api::Segments, reader: Reader) -> Response {
    match FreezeText::read(path.at(0)) {
        Some(id) => forms::freeze_answer(&reader, id, StatusCode::OK, None).await,
        None => problem_page(&reader, &Problem::not_found(Subject::Freeze)),
    }
}

/// Whether a page needs a session here.
fn needs_session(settings: &Settings) -> bool {
    match settings.access {
        Access::Open(_) => false,
        Access::Keys(_) => true,
    }
}
