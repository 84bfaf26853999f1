//! Cards: issued, looked at, activated, reported lost or stolen, switched, given a new PIN.
//!
//! A card number and a PIN pass through here to the host, and are in no command, answer or error.

use super::accounts::{cut, limit};
use super::{Endpoint, Keyed, Segments};
use crate::caller::Caller;
use crate::intake::{Body, IdempotencyKey, Query, from_path};
use crate::port::Token;
use crate::problem::Problem;
use crate::site::Site;
use crate::twin::card::{self, CardAsked, CardTold, PinAsked, Secret, SwitchesTwin};
use crate::twin::decision::NothingAsked;
use crate::twin::ids::{AccountText, CardText};
use crate::twin::page::{Cursor, Done, Page};
use axum::extract::State;
use axum::{Extension, Json};
use machine::Machine;
use machine::account::Card;
use machine::command::{CardStanding, Command, IssueCard, PinReference};
use machine::ids::{AccountId, CardId};
use machine::outcome::Subject;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/v1/cards", "issue_card", "Issue a card, possibly in place of another", issue)
            .body::<CardAsked>()
            .answers::<Done>(),
        Endpoint::get("/v1/cards", "list_cards", "Cards, newest first", list)
            .query::<CardsSought>()
            .answers::<Page<CardTold>>(),
        Endpoint::get("/v1/cards/{card}", "get_card", "A card", one).answers::<CardTold>(),
        Endpoint::post("/v1/cards/{card}/activate", "activate_card", "Activate a card", activate)
            .body::<NothingAsked>()
            .answers::<Done>(),
        Endpoint::post("/v1/cards/{card}/lost", "report_lost", "Report a card lost, which freezes it", lost)
            .body::<NothingAsked>()
            .answers::<Done>(),
        Endpoint::post(
            "/v1/cards/{card}/stolen",
            "report_stolen",
            "Report a card stolen, which freezes it",
            stolen,
        )
        .body::<NothingAsked>()
        .answers::<Done>(),
        Endpoint::post(
            "/v1/cards/{card}/switches",
            "set_switches",
            "Switch ways of use on and off",
            switches,
        )
        .body::<SwitchesTwin>()
        .answers::<Done>(),
        Endpoint::post(
            "/v1/cards/{card}/pin",
            "set_pin",
            "Set a new PIN, which ends a freeze of the PIN",
            pin,
        )
        .body::<PinAsked>()
        .answers::<Done>(),
    ]
}

/// Which cards.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardsSought {
    /// Only of this account.
    #[serde(default)]
    pub account: Option<AccountText>,
    /// Entries of the page, 1 to 200.
    #[serde(default)]
    pub limit: Option<usize>,
    /// The `next` of the page before.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

fn named(path: &Segments) -> Result<CardId, Problem> {
    from_path(CardText::read, path.at(0), "card", CardText::NOT)
}

fn href(card: CardId) -> String {
    format!("/v1/cards/{card}")
}

fn tell(machine: &Machine, card: &Card) -> CardTold {
    let account = machine.accounts().get(card.account as usize).map_or(AccountId(0), |account| account.id);
    card::tell(card, account)
}

fn token(site: &Site, number: &Secret) -> Result<Token, Problem> {
    site.host.token(number.expose()).map_err(|not| Problem::field("card_number", not.why))
}

fn reference(site: &Site, number: &Secret, pin: &Secret) -> Result<PinReference, Problem> {
    site.host.pin_reference(number.expose(), pin.expose()).map_err(|not| Problem::field("pin", not.why))
}

async fn issue(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    mut body: Body<CardAsked>,
) -> Result<Json<Done>, Problem> {
    let asked = &body.asked;
    let token = token(&site, &asked.card_number)?;
    let pin = asked.pin.as_ref().map(|pin| reference(&site, &asked.card_number, pin)).transpose()?;
    body.canonical.stands_for_card(token.card);
    body.canonical.stands_for_pin(pin.as_ref());
    let command = Command::IssueCard(IssueCard {
        card: token.card,
        account: asked.account.0,
        last4: token.last4,
        expiry: asked.expiry.0,
        active: asked.active,
        chip: asked.chip,
        pin,
        replaces: asked.replaces.map(|card| card.0),
    });
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    keyed.ask_done(&site, command, &token.card.to_string(), href(token.card)).await.map(Json)
}

async fn list(
    State(site): State<Arc<Site>>,
    Query(sought): Query<CardsSought>,
) -> Result<Json<Page<CardTold>>, Problem> {
    let limit = limit(sought.limit)?;
    let page = site
        .look(move |machine, _| match sought.account {
            None => Ok(cut(machine.cards(), sought.cursor, limit, |card| tell(machine, card))),
            Some(AccountText(account)) => {
                let account = machine.account(account).ok_or(Problem::not_found(Subject::Account))?;
                let page = cut(&account.cards, sought.cursor, limit, |slot| {
                    machine.cards().get(*slot as usize).map(|card| tell(machine, card))
                });
                Ok(Page { data: page.data.into_iter().flatten().collect(), next: page.next })
            }
        })
        .await?;
    page.map(Json)
}

async fn one(State(site): State<Arc<Site>>, path: Segments) -> Result<Json<CardTold>, Problem> {
    let id = named(&path)?;
    let told = site.look(move |machine, _| machine.card(id).map(|card| tell(machine, card))).await?;
    told.map(Json).ok_or(Problem::not_found(Subject::Card))
}

async fn stand(
    site: &Site,
    caller: &Caller,
    key: &IdempotencyKey,
    (path, body): (&Segments, &Body<NothingAsked>),
    standing: CardStanding,
) -> Result<Json<Done>, Problem> {
    let card = named(path)?;
    let keyed = Keyed::of(caller, key, &body.canonical);
    let command = Command::SetCardStanding { card, standing };
    keyed.ask_done(site, command, &card.to_string(), href(card)).await.map(Json)
}

async fn activate(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<NothingAsked>,
) -> Result<Json<Done>, Problem> {
    stand(&site, &caller, &key, (&path, &body), CardStanding::Active).await
}

async fn lost(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<NothingAsked>,
) -> Result<Json<Done>, Problem> {
    stand(&site, &caller, &key, (&path, &body), CardStanding::Lost).await
}

async fn stolen(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<NothingAsked>,
) -> Result<Json<Done>, Problem> {
    stand(&site, &caller, &key, (&path, &body), CardStanding::Stolen).await
}

async fn switches(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    body: Body<SwitchesTwin>,
) -> Result<Json<Done>, Problem> {
    let card = named(&path)?;
    let command = Command::SetSwitches { card, switches: body.asked.into() };
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    keyed.ask_done(&site, command, &card.to_string(), href(card)).await.map(Json)
}

async fn pin(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    key: IdempotencyKey,
    path: Segments,
    mut body: Body<PinAsked>,
) -> Result<Json<Done>, Problem> {
    let card = named(&path)?;
    let token = token(&site, &body.asked.card_number)?;
    if token.card != card {
        return Err(Problem::field("card_number", "is another card's"));
    }
    let pin = reference(&site, &body.asked.card_number, &body.asked.pin)?;
    body.canonical.stands_for_card(card);
    body.canonical.stands_for_pin(Some(&pin));
    let keyed = Keyed::of(&caller, &key, &body.canonical);
    keyed.ask_done(&site, Command::SetPin { card, pin }, &card.to_string(), href(card)).await.map(Json)
}
