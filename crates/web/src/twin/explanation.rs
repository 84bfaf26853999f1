//! A cause as it is explained: to holder, cashier and agent, with steps, papers and codes.
//!
//! Every word comes out of `machine::explain`, which knows who may hear it.

use super::words::{DisclosureWord, DocumentWord, FamilyWord, FixerWord, Messages, RetryWord, class};
use crate::sight::Sight;
use machine::cause::Cause;
use machine::explain::{Audience, CodeFamily, Language, Slots, decline_code, disclosed, remedy, say};
use schemars::JsonSchema;
use serde::Serialize;

/// A cause by its name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "CauseName")]
pub struct CauseNamed {
    /// The name it goes by for this caller.
    pub slug: String,
    /// A few words for a heading.
    pub title: Messages,
}

impl CauseNamed {
    /// As `sight` may know it.
    #[must_use]
    pub fn of(cause: Cause, sight: Sight) -> CauseNamed {
        CauseNamed {
            slug: sight.slug(cause).to_owned(),
            title: disclosed(cause, sight.audience()).title.into(),
        }
    }
}

/// One step of a remedy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Step")]
pub struct StepTold {
    /// Who does it.
    pub who: FixerWord,
    /// What to do.
    pub what: Messages,
}

/// A paper a lift needs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Document")]
pub struct DocumentTold {
    /// Which.
    pub document: DocumentWord,
    /// Its name.
    pub name: Messages,
}

/// What one audience is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Reading")]
pub struct ReadingTold {
    /// The name the cause goes by here.
    pub slug: String,
    /// A few words for a heading.
    pub title: Messages,
    /// Operator class: A to E.
    pub class: String,
    /// Who can fix it.
    pub fixer: FixerWord,
    /// Whether trying again helps.
    pub retry: RetryWord,
    /// The sentence.
    pub sentence: Messages,
    /// The steps of the remedy, in order.
    pub steps: Vec<StepTold>,
    /// Papers a lift needs.
    pub documents: Vec<DocumentTold>,
}

/// DE39 of each family of dialects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Codes")]
pub struct CodesTold {
    /// UnionPay terminals and CUPS.
    pub unionpay: String,
    /// ISO 8583:1987.
    pub iso8583_1987: String,
    /// ISO 8583:1993.
    pub iso8583_1993: String,
    /// ISO 8583:2003.
    pub iso8583_2003: String,
}

impl CodesTold {
    /// Of a cause.
    #[must_use]
    pub fn of(cause: Cause) -> CodesTold {
        let code = |family| decline_code(cause, family).to_string();
        CodesTold {
            unionpay: code(CodeFamily::UnionPay),
            iso8583_1987: code(CodeFamily::Iso87),
            iso8583_1993: code(CodeFamily::Iso93),
            iso8583_2003: code(CodeFamily::Iso2003),
        }
    }
}

/// One cause told three ways.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Explanation")]
pub struct ExplanationTold {
    /// The name it goes by for this caller.
    pub cause: String,
    /// Its family, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<FamilyWord>,
    /// How much of it holder and cashier may be told, where the caller may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<DisclosureWord>,
    /// DE39 of each family of dialects.
    pub codes: CodesTold,
    /// To the holder.
    pub holder: ReadingTold,
    /// To the cashier, on the POS screen.
    pub cashier: ReadingTold,
    /// To the bank's agent, where the caller may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<ReadingTold>,
}

/// What `audience` is told of `cause`, with the facts of the case.
#[must_use]
pub fn reading(cause: Cause, audience: Audience, slots: &Slots<'_>) -> ReadingTold {
    let told = disclosed(cause, audience);
    let both = |language| remedy(cause, audience, language, slots);
    let steps = both(Language::Zh).into_iter().zip(both(Language::En));
    ReadingTold {
        slug: told.slug.to_owned(),
        title: told.title.into(),
        class: class(told.class).to_owned(),
        fixer: told.fixer.into(),
        retry: told.retry.into(),
        sentence: Messages {
            zh: say(cause, audience, Language::Zh, slots),
            en: say(cause, audience, Language::En, slots),
        },
        steps: steps
            .map(|(zh, en)| StepTold { who: zh.who.into(), what: Messages { zh: zh.what, en: en.what } })
            .collect(),
        documents: told
            .documents
            .iter()
            .map(|document| DocumentTold { document: (*document).into(), name: document.name().into() })
            .collect(),
    }
}

/// Tells a cause three ways, as far as `sight` reaches.
#[must_use]
pub fn tell(cause: Cause, sight: Sight, slots: &Slots<'_>) -> ExplanationTold {
    let open = sight.sees(cause);
    ExplanationTold {
        cause: sight.slug(cause).to_owned(),
        family: open.then(|| cause.entry().family.into()),
        disclosure: open.then(|| cause.entry().disclosure.into()),
        codes: CodesTold::of(cause),
        holder: reading(cause, Audience::Holder, slots),
        cashier: reading(cause, Audience::Cashier, slots),
        agent: (sight >= Sight::Agent).then(|| reading(cause, Audience::Agent, slots)),
    }
}
