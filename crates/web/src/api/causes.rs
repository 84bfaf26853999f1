//! The table of causes, and explanations by slug, code or id.
//!
//! What an explanation says is the machine's; which one is asked for is found here.

use super::{Endpoint, Segments};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::site::Site;
use crate::twin::explanation::{self, ExplanationTold};
use crate::twin::freeze;
use crate::twin::ids::{DecisionText, FreezeText};
use axum::extract::State;
use axum::{Extension, Json};
use machine::cause::Cause;
use machine::explain::{CodeFamily, Slots, decline_code};
use machine::outcome::Subject;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/causes", "list_causes", "Every cause, in order of precedence", causes)
            .answers::<CauseTable>(),
        Endpoint::get(
            "/v1/explanations/{subject}",
            "explain",
            "Explain a cause by its slug or a code of DE39, or a decision or freeze by its id",
            explain,
        )
        .answers::<Explanations>(),
    ]
}

/// Every cause.
#[derive(Serialize, JsonSchema)]
pub struct CauseTable {
    /// In order of precedence: of several that hold, the first decides.
    pub data: Vec<CauseEntry>,
}

/// A cause of the table.
#[derive(Serialize, JsonSchema)]
pub struct CauseEntry {
    /// Place in the order of precedence, from 0.
    pub order: u8,
    /// What it counts towards.
    pub feeds: FeedsTold,
    /// The cause explained, without the facts of a case.
    #[serde(flatten)]
    pub explanation: ExplanationTold,
}

/// What a cause counts towards; causes of the family system feed nothing.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Feeds")]
pub struct FeedsTold {
    /// Attempts in a short time.
    pub velocity: bool,
    /// PIN tries.
    pub pin_tries: bool,
    /// May lead to a freeze.
    pub freeze: bool,
}

/// Explanations of what was asked for.
#[derive(Serialize, JsonSchema)]
pub struct Explanations {
    /// What was asked for, as it was understood.
    pub subject: SubjectWord,
    /// The explanations: several where a code stands for several causes; none of an approval.
    pub explanations: Vec<ExplanationTold>,
}

/// What an explanation was asked of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubjectWord {
    /// A cause.
    Cause,
    /// A code of DE39.
    Code,
    /// A decision.
    Decision,
    /// A freeze.
    Freeze,
}

async fn causes(State(site): State<Arc<Site>>, Extension(caller): Extension<Caller>) -> Json<CauseTable> {
    let slots = Slots { contact: site.settings.contact.as_deref(), ..Slots::default() };
    let entry = |cause: &Cause| {
        let feeds = cause.entry().feeds;
        CauseEntry {
            order: cause.rank(),
            feeds: FeedsTold { velocity: feeds.velocity, pin_tries: feeds.pin_tries, freeze: feeds.freeze },
            explanation: explanation::tell(*cause, caller.sight(), &slots),
        }
    };
    Json(CauseTable { data: Cause::ALL.iter().map(entry).collect() })
}

async fn explain(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    path: Segments,
) -> Result<Json<Explanations>, Problem> {
    let subject = path.at(0);
    let (sight, contact) = (caller.sight(), site.settings.contact.as_deref());
    let slots = Slots { contact, ..Slots::default() };
    if let Some(number) = DecisionText::read(subject) {
        let case = super::decisions::find(&site, number).await?;
        let cause = case.row.answer.cause();
        let told = cause.map(|cause| explanation::tell(cause, sight, &case.slots(cause, contact)));
        return Ok(Json(Explanations {
            subject: SubjectWord::Decision,
            explanations: told.into_iter().collect(),
        }));
    }
    if let Some(id) = FreezeText::read(subject) {
        let (case, at) = super::freezes::find(&site, id).await?;
        let told = freeze::tell(&case, sight, at, Some(contact)).explanation;
        return Ok(Json(Explanations {
            subject: SubjectWord::Freeze,
            explanations: told.into_iter().collect(),
        }));
    }
    if let Some(cause) = Cause::by_slug(subject) {
        let explanations = vec![explanation::tell(cause, sight, &slots)];
        return Ok(Json(Explanations { subject: SubjectWord::Cause, explanations }));
    }
    let families = [CodeFamily::UnionPay, CodeFamily::Iso87, CodeFamily::Iso93, CodeFamily::Iso2003];
    let coded =
        |cause: &&Cause| families.iter().any(|family| decline_code(**cause, *family).to_string() == subject);
    let explanations: Vec<_> =
        Cause::ALL.iter().filter(coded).map(|cause| explanation::tell(*cause, sight, &slots)).collect();
    match explanations.is_empty() {
        true => {
            Err(Problem::not_found(Subject::Transaction)
                .naming("subject", "is no cause, code or id known here"))
        }
        false => Ok(Json(Explanations { subject: SubjectWord::Code, explanations })),
    }
}
