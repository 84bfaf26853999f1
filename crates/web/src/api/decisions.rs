//! Decisions: by number, by card, and by place, time and amount without a card number.
//!
//! The search reads the projection; a single decision is asked of the machine, then of the journal.

use super::accounts::limit;
use super::{Endpoint, Segments};
use crate::caller::Caller;
use crate::case::{Case, Row};
use crate::history::Search;
use crate::intake::{Query, from_path};
use crate::problem::Problem;
use crate::site::Site;
use crate::twin::decision::{self, DecisionTold, ResultWord, Told};
use crate::twin::ids::{CardText, DecisionText, MerchantText, TerminalText};
use crate::twin::money::CurrencyText;
use crate::twin::page::{Cursor, Page};
use crate::twin::time::Moment;
use axum::extract::State;
use axum::{Extension, Json};
use machine::ids::TransactionId;
use machine::outcome::Subject;
use machine::time::MINUTE_MS;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/v1/decisions",
            "search_decisions",
            "Decisions, newest first: by card, or by place, time and amount without a card number",
            search,
        )
        .query::<DecisionsSought>()
        .answers::<Page<DecisionTold>>(),
        Endpoint::get("/v1/decisions/{id}", "get_decision", "A decision as it stands, explained", one)
            .answers::<DecisionTold>(),
    ]
}

/// Which decisions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionsSought {
    /// Only of this card.
    #[serde(default)]
    pub card: Option<CardText>,
    /// Only at this merchant.
    #[serde(default)]
    pub merchant: Option<MerchantText>,
    /// Only at this terminal of the merchant.
    #[serde(default)]
    pub terminal: Option<TerminalText>,
    /// Not before.
    #[serde(default)]
    pub from: Option<Moment>,
    /// Not after.
    #[serde(default)]
    pub to: Option<Moment>,
    /// About then: instead of `from` and `to`.
    #[serde(default)]
    pub at: Option<Moment>,
    /// How far `at` may be off, 1 to 1440; 10 where it is not said.
    #[serde(default)]
    pub within_minutes: Option<u16>,
    /// Only of so many minor units.
    #[serde(default)]
    pub amount: Option<i64>,
    /// Only in this currency.
    #[serde(default)]
    pub currency: Option<CurrencyText>,
    /// Only with this result.
    #[serde(default)]
    pub result: Option<ResultWord>,
    /// Entries of the page, 1 to 200.
    #[serde(default)]
    pub limit: Option<usize>,
    /// The `next` of the page before.
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

impl DecisionsSought {
    fn search(&self) -> Result<Search, Problem> {
        let within = self.within_minutes.unwrap_or(10);
        if !(1..=1440).contains(&within) {
            return Err(Problem::field("within_minutes", "is out of its range: 1 to 1440"));
        }
        if self.terminal.is_some() && self.merchant.is_none() {
            return Err(Problem::field("merchant", "is missing: a terminal is named within its merchant"));
        }
        if self.at.is_some() && (self.from.is_some() || self.to.is_some()) {
            return Err(Problem::field("at", "stands beside from or to: give one or the other"));
        }
        let around = self
            .at
            .map(|at| (at.0.plus(-i64::from(within) * MINUTE_MS), at.0.plus(i64::from(within) * MINUTE_MS)));
        Ok(Search {
            card: self.card.map(|card| card.0),
            merchant: self.merchant.map(|merchant| merchant.0),
            terminal: self.terminal.map(|terminal| terminal.0),
            from: around.map(|around| around.0).or(self.from.map(|from| from.0)),
            to: around.map(|around| around.1).or(self.to.map(|to| to.0)),
            minor: self.amount,
            currency: self.currency.map(|currency| currency.0),
            result: self.result,
            before: self.cursor.map(|cursor| cursor.0),
        })
    }
}

async fn search(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Query(sought): Query<DecisionsSought>,
) -> Result<Json<Page<DecisionTold>>, Problem> {
    let limit = limit(sought.limit)?;
    let search = sought.search()?;
    let found = site.live.history(|history| history.search(&search, limit));
    let rows = found.rows;
    let cases = site
        .look(move |machine, _| rows.into_iter().map(|row| Case::gather(machine, row)).collect::<Vec<_>>())
        .await?;
    let (sight, contact) = (caller.sight(), site.settings.contact.as_deref());
    let data = cases.iter().map(|case| decision::tell(case, sight, contact, Told::AsItStands)).collect();
    Ok(Json(Page { data, next: found.next.map(Cursor) }))
}

/// A decision of that number: from the machine's memory, else from the journal.
///
/// # Errors
/// If there is none.
pub async fn find(site: &Site, number: TransactionId) -> Result<Case, Problem> {
    if let Some(case) = site.look(move |machine, _| Case::find(machine, number)).await? {
        return Ok(case);
    }
    let newest = site
        .look(|machine, _| machine.transactions().next().map_or(0, |newest| newest.answer.number.0))
        .await?;
    if number.0 == 0 || number.0 > newest {
        // Not given out yet: the journal need not be read through for it.
        return Err(Problem::not_found(Subject::Transaction));
    }
    let event = site.host.archived(number).await?;
    let row = event.and_then(|event| Row::of_event(&event.command, &event.outcome));
    let row = row.filter(|row| row.number() == number).ok_or(Problem::not_found(Subject::Transaction))?;
    site.look(move |machine, _| Case::gather(machine, row)).await
}

pub(super) async fn one(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    path: Segments,
) -> Result<Json<DecisionTold>, Problem> {
    let number = from_path(DecisionText::read, path.at(0), "id", DecisionText::NOT)?;
    let case = find(&site, number).await?;
    let contact = site.settings.contact.as_deref();
    Ok(Json(decision::tell(&case, caller.sight(), contact, Told::AsItStands)))
}
