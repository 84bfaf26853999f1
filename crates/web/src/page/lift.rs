//! The way out of a freeze on the page: who may lift it and on what ground, as a form that works without scripts.
//!
//! What is offered is not what is allowed: the machine decides.

use super::Reader;
use super::show::{self, t};
use crate::case::FreezeCase;
use crate::sight::Sight;
use crate::twin::freeze::PersonAsked;
use crate::twin::ids::ActorText;
use crate::twin::words::GroundWord;
use machine::cause::Cause;
use machine::explain::Language;
use machine::freeze::{Actor, Exit, Freeze, PlacedBy};
use maud::{Markup, html};

/// A way out that is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The holder confirmed by a second factor.
    HolderConfirmed,
    /// The holder asks for it.
    HolderAsked,
    /// An agent proved the holder's identity.
    IdentityProven,
    /// Reviewed.
    Reviewed,
    /// Reviewed, and a mistake of ours.
    FalsePositive,
    /// The authority released it.
    AuthorityReleased,
}

impl Way {
    /// Every way.
    pub const ALL: [Way; 6] = [
        Way::HolderConfirmed,
        Way::HolderAsked,
        Way::IdentityProven,
        Way::Reviewed,
        Way::FalsePositive,
        Way::AuthorityReleased,
    ];

    /// Its name in a form.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Way::HolderConfirmed => "holder_confirmed",
            Way::HolderAsked => "holder_asked",
            Way::IdentityProven => "identity_proven",
            Way::Reviewed => "reviewed",
            Way::FalsePositive => "false_positive",
            Way::AuthorityReleased => "authority_released",
        }
    }

    /// The ground it stands for.
    #[must_use]
    pub const fn ground(self) -> GroundWord {
        match self {
            Way::HolderConfirmed => GroundWord::HolderConfirmed,
            Way::HolderAsked => GroundWord::HolderAsked,
            Way::IdentityProven => GroundWord::IdentityProven,
            Way::Reviewed => GroundWord::Reviewed,
            Way::FalsePositive => GroundWord::FalsePositive,
            Way::AuthorityReleased => GroundWord::AuthorityReleased,
        }
    }

    /// Who acts.
    #[must_use]
    pub fn person(self, named: Option<Actor>) -> PersonAsked {
        let name = named.map(ActorText);
        match self {
            Way::HolderConfirmed | Way::HolderAsked => PersonAsked::Holder {},
            Way::IdentityProven | Way::Reviewed | Way::FalsePositive => PersonAsked::Agent { name },
            Way::AuthorityReleased => PersonAsked::Authority { name },
        }
    }

    const fn words(self, language: Language) -> (&'static str, &'static str) {
        match self {
            Way::HolderConfirmed => (
                t(language, "持卡人已完成二次验证", "The holder confirmed"),
                t(language, "在手机银行点过“是我本人”", "tapped \"It's me\" in the app"),
            ),
            Way::HolderAsked => (
                t(language, "持卡人本人申请解除", "The holder asks for it"),
                t(language, "当初由本人冻结", "who had frozen it"),
            ),
            Way::IdentityProven => (
                t(language, "已当面核验身份", "Identity was proven"),
                t(language, "核对过有效身份证件", "a valid identity paper was checked"),
            ),
            Way::Reviewed => (
                t(language, "材料审核通过", "Reviewed"),
                t(language, "交易确为本人所为", "the payments are the holder's own"),
            ),
            Way::FalsePositive => (
                t(language, "判定为误判", "A mistake of ours"),
                t(language, "记在我们的账上，不记在客户头上", "it counts against us, not the holder"),
            ),
            Way::AuthorityReleased => (
                t(language, "有权机关已解除", "The authority released it"),
                t(language, "依据法律文书录入", "entered from its order"),
            ),
        }
    }
}

/// The ways offered for a freeze to this eye.
#[must_use]
pub fn ways(freeze: &Freeze, sight: Sight) -> Vec<Way> {
    if sight < Sight::Agent || !sight.sees_freeze(freeze) {
        return Vec::new();
    }
    match freeze.exit {
        Exit::Expires => vec![Way::Reviewed, Way::IdentityProven, Way::FalsePositive],
        Exit::HolderConfirms => {
            vec![Way::HolderConfirmed, Way::IdentityProven, Way::Reviewed, Way::FalsePositive]
        }
        Exit::HolderLifts => vec![Way::HolderAsked, Way::IdentityProven],
        Exit::Review { .. } | Exit::SignIn => vec![Way::Reviewed, Way::FalsePositive],
        Exit::Replacement if matches!(freeze.cause, Cause::CardLost | Cause::CardStolen) => Vec::new(),
        Exit::Replacement => vec![Way::FalsePositive],
        Exit::AuthorityOnly if sight == Sight::Legal => vec![Way::AuthorityReleased],
        Exit::AuthorityOnly => Vec::new(),
    }
}

/// So many approvals a freeze needs.
#[must_use]
pub const fn needed(freeze: &Freeze) -> u8 {
    match freeze.exit {
        Exit::Review { approvers } => approvers,
        Exit::AuthorityOnly => 2,
        Exit::Expires | Exit::HolderConfirms | Exit::HolderLifts | Exit::Replacement | Exit::SignIn => 1,
    }
}

/// The card with the way out: the form where this reader may lift, else in words how it ends.
#[must_use]
pub fn card(reader: &Reader, case: &FreezeCase) -> Markup {
    let language = reader.language;
    let freeze = &case.freeze;
    let ways = ways(freeze, reader.sight);
    html! {
        section.card-box.lift {
            h2 { (show::icon("key")) (t(language, "解除冻结", "Lift the freeze")) }
            (approvals(freeze, language))
            @if ways.is_empty() { (no_way(reader, freeze)) } @else { (form(reader, freeze, &ways)) }
        }
    }
}

/// Who has approved, and how many are still needed.
fn approvals(freeze: &Freeze, language: Language) -> Markup {
    let need = usize::from(needed(freeze));
    let have = freeze.approvals.len().min(need);
    html! {
        @if need > 1 {
            ol.approvals {
                @for place in 0..need {
                    @match freeze.approvals.get(place) {
                        Some(actor) => li.given { (show::icon("yes")) span { (t(language, "已同意：", "Approved: ")) (actor) } },
                        None => li { span.hollow aria-hidden="true" {} span { (t(language, "等待另一位同事", "Waits for a colleague")) } },
                    }
                }
            }
            @if have > 0 {
                p { strong { (have) " / " (need) } " · "
                    (t(language, "还需另一位同事复核，同一人不能复核两次。", "Another colleague has to review it; the same person cannot twice.")) }
            }
        }
    }
}

fn no_way(reader: &Reader, freeze: &Freeze) -> Markup {
    let language = reader.language;
    html! {
        @if !reader.sight.sees_freeze(freeze) {
            p { (t(language, "这处限制由专岗办理，请登记诉求并转交，按答复日期告知客户。", "A dedicated desk handles this; record the request, pass it on, and tell the date of the next answer.")) }
        } @else if reader.sight < Sight::Agent {
            p { (t(language, "解除由发卡行的客服办理。", "The bank's agents lift it.")) }
        } @else {
            @match freeze.exit {
                Exit::Replacement => p { (t(language, "这张卡不再恢复使用；换发新卡后，冻结随旧卡结束，资金和限额不变。", "This card is not brought back; the freeze ends with it when a new one is issued. Money and limits stay.")) },
                Exit::AuthorityOnly => p { (t(language, "只有作出冻结的机关可以解除，由两名经办人依据文书录入。", "Only the authority that ordered it can release it; two operators enter the order.")) },
                Exit::Expires | Exit::HolderConfirms | Exit::Review { .. } | Exit::HolderLifts | Exit::SignIn => {
                    p { (show::exit(freeze.exit, language)) }
                },
            }
        }
    }
}

/// The agent proposed next: one who neither placed the freeze nor has approved.
fn proposed(reader: &Reader, freeze: &Freeze) -> Option<Actor> {
    let placed = match freeze.placed_by {
        PlacedBy::Agent(actor) => Some(actor),
        PlacedBy::Rule { .. }
        | PlacedBy::Model(_)
        | PlacedBy::Machine
        | PlacedBy::Holder
        | PlacedBy::Authority(_) => None,
    };
    let free = |actor: &&Actor| Some(**actor) != placed && !freeze.approvals.contains(actor);
    reader.caller.actor.or_else(|| reader.site.settings.agents.iter().find(free).copied())
}

fn form(reader: &Reader, freeze: &Freeze, ways: &[Way]) -> Markup {
    let language = reader.language;
    let more = usize::from(needed(freeze)) > freeze.approvals.len() + 1;
    let by_agent = ways.iter().any(|way| !matches!(way, Way::HolderConfirmed | Way::HolderAsked));
    html! {
        form method="post" action={ "/freezes/" (freeze.id) "/lift" } data-panel-form="" {
            (reader.hidden())
            fieldset.choices {
                legend { (t(language, "依据", "On what ground")) }
                @for (place, way) in ways.iter().enumerate() {
                    @let (what, detail) = way.words(language);
                    label.choice {
                        input type="radio" name="way" value=(way.name()) checked[place == 0] required;
                        span { strong { (what) } small { (detail) } }
                    }
                }
            }
            @if by_agent {
                label.field {
                    span { (t(language, "经办人", "Agent")) }
                    @if let Some(own) = reader.caller.actor {
                        input type="text" name="agent" value=(own) readonly;
                    } @else {
                        input type="text" name="agent" list="agents" autocomplete="off" maxlength="24" pattern="[!-~]{1,24}"
                            value=[proposed(reader, freeze)];
                        datalist id="agents" { @for agent in &reader.site.settings.agents { option value=(agent) {} } }
                    }
                }
            }
            button.primary type="submit" {
                @if more { (t(language, "同意解除，交同事复核", "Approve, and pass to a colleague")) }
                @else { (t(language, "解除冻结", "Lift the freeze")) }
            }
        }
    }
}
