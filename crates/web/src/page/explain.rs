//! The explanation of a decision or freeze: three readings side by side, steps, papers, facts, all causes.
//!
//! Words come from `machine::explain` alone; what a reader may not see is not rendered for him.

use super::Reader;
use super::lift;
use super::show::{self, t};
use crate::case::{self, Case, FreezeCase};
use crate::sight::Sight;
use machine::cause::{Cause, Document, Text};
use machine::explain::{
    Audience, CodeFamily, Language, Quantity, Slots, Task, decline_code, disclosed, remedy, say, show_money,
};
use machine::freeze::Ending;
use machine::money::Money;
use machine::outcome::Verdict;
use machine::time::{Timestamp, Zone};
use maud::{Markup, html};

/// What is shown of a decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown {
    /// As it was recorded.
    Recorded,
    /// A dry run: would it work now?
    DryRun,
}

/// A decision, explained.
#[must_use]
pub fn decision(reader: &Reader, case: &Case, shown: Shown, at: Timestamp) -> Markup {
    let language = reader.language;
    let answer = &case.row.answer;
    let cause = answer.cause();
    let mark = show::mark(&answer.verdict, froze(case), language);
    html! {
        article.explain {
            header.explain-head {
                div.chips {
                    (show::chip(mark))
                    @if shown == Shown::DryRun {
                        span.chip { (t(language, "试算，没有入账", "Dry run, nothing was charged")) }
                    }
                }
                h1 { (headline(case, cause, shown, reader)) }
                (particulars(reader, case, shown))
            }
            @if let Some(cause) = cause {
                @let slots = case.slots(cause, reader.contact());
                (readings(reader, (cause, cause), &slots, Device::of_case(case)))
                div.columns {
                    (steps(reader, cause, &slots))
                    div.stack {
                        (decision_facts(reader, case))
                        (documents(reader, cause))
                    }
                }
                (causes(reader, &answer.verdict))
            } @else {
                div.columns { (decision_facts(reader, case)) }
            }
            @if let Some(freeze) = case.freeze.as_ref().filter(|freeze| freeze.holds_at(at)) {
                section.card-box.freeze-hint {
                    h2 { (show::icon("ice")) (t(language, "这笔交易遇到了一处冻结", "A freeze stands behind this")) }
                    p { (t(language, "解除它之后，同样的付款就可以再试。", "Once it is lifted, the same payment can be tried again.")) }
                    a.button href={ "/freezes/" (freeze.id) } data-panel="" {
                        (t(language, "查看冻结与解除办法", "See the freeze and how it ends"))
                    }
                }
            }
        }
    }
}

fn froze(case: &Case) -> bool {
    case.row.answer.facts.freeze.is_some()
}

fn headline(case: &Case, cause: Option<Cause>, shown: Shown, reader: &Reader) -> String {
    let language = reader.language;
    match (cause, shown) {
        (Some(cause), _) => disclosed(cause, reader.sight.audience()).title.template(language).to_owned(),
        (None, Shown::DryRun) => t(language, "现在可以付款", "It would work now").to_owned(),
        (None, Shown::Recorded) => {
            let purpose = show::purpose(case.row.purpose, language);
            match language {
                Language::Zh => format!("{purpose}成功"),
                Language::En => format!("{purpose} went through"),
            }
        }
    }
}

/// Who, where, when, how much, in one line.
fn particulars(reader: &Reader, case: &Case, shown: Shown) -> Markup {
    let language = reader.language;
    let row = &case.row;
    let answer = &row.answer;
    html! {
        dl.particulars {
            div { dt { (t(language, "金额", "Amount")) } dd.big { (show::amount(answer.amount)) } }
            @if let Some(merchant) = &case.merchant {
                div { dt { (t(language, "商户", "Merchant")) } dd { (merchant) } }
            }
            div { dt { (t(language, "卡", "Card")) } dd { (show::card(case.last4, language)) " · " (show::entry(row.entry, language)) } }
            div { dt { (t(language, "时间", "Time")) } dd { (show::day_and_time(answer.at, case.zone, language)) } }
            @if shown == Shown::Recorded {
                div { dt { (t(language, "类型", "Kind")) } dd { (show::purpose(row.purpose, language)) } }
                div { dt { (t(language, "检索参考号", "Reference")) } dd.mono { (format!("{:012}", answer.number.rrn())) } }
                @if let Verdict::Approved(code) = answer.verdict {
                    div { dt { (t(language, "授权码", "Approval code")) } dd.mono { (code) } }
                }
            }
        }
    }
}

/// A freeze, explained. `said` is what came of the last thing done to it.
#[must_use]
pub fn freeze(reader: &Reader, case: &FreezeCase, at: Timestamp, said: Option<Markup>) -> Markup {
    let language = reader.language;
    let freeze = &case.freeze;
    let slots = case.slots(reader.contact());
    let why = reader.sight.freeze_cause(freeze);
    let open = reader.sight.sees_freeze(freeze);
    // What was done is told to holder and cashier; why it was placed, to the agent who may know.
    let told = (freeze.decline_cause(), if open { freeze.cause } else { why });
    let mark = match freeze.holds_at(at) {
        true => show::frozen(language),
        false => show::Mark { class: "yes", icon: "yes", words: t(language, "已解除", "Ended") },
    };
    html! {
        article.explain {
            header.explain-head {
                (show::chip(mark))
                h1 { (disclosed(why, reader.sight.audience()).title.template(language)) }
                dl.particulars {
                    div { dt { (t(language, "冻结对象", "Frozen")) } dd { (show::scope(&freeze.scope, language)) " · " (subject(case, language)) } }
                    @if open {
                        div { dt { (t(language, "范围", "Reach")) } dd { (show::reach(freeze.reach, language)) } }
                    }
                    div { dt { (t(language, "冻结时间", "Since")) } dd { (show::day_and_time(freeze.placed_at, case.zone, language)) } }
                    @if freeze.holds_at(at) {
                        div {
                            dt { (t(language, "下次答复", "Next answer by")) }
                            dd { (show::day_and_time(freeze.next_at, case.zone, language)) }
                        }
                    }
                    div { dt { (t(language, "编号", "Number")) } dd.mono { (freeze.id) } }
                }
            }
            @if let Some(said) = said { (said) }
            (readings(reader, told, &slots, Device::of_freeze(case, at)))
            div.columns {
                div.stack {
                    (steps(reader, if open { freeze.cause } else { why }, &slots))
                    (documents(reader, why))
                    (freeze_facts(reader, case, open))
                }
                @if freeze.holds_at(at) { (lift::card(reader, case)) } @else { (ended(reader, case, at)) }
            }
        }
    }
}

/// Whose freeze it is: a card, a merchant, or the account.
#[must_use]
pub fn subject(case: &FreezeCase, language: Language) -> Markup {
    html! {
        @if let Some(merchant) = &case.merchant { (merchant) }
        @else { (show::card(case.last4, language)) }
    }
}

fn ended(reader: &Reader, case: &FreezeCase, at: Timestamp) -> Markup {
    let language = reader.language;
    let open = reader.sight.sees_freeze(&case.freeze);
    let (when, who) = match &case.freeze.ending {
        Ending::Active => (case.freeze.expires_at.unwrap_or(at), None),
        Ending::Expired { at } => (*at, None),
        Ending::Lifted { at, by, .. } => (*at, Some(show::lifter(by, language)).filter(|_| open)),
    };
    html! {
        section.card-box.yes-box {
            h2 { (show::icon("yes")) (t(language, "已解除冻结", "The freeze has ended")) }
            p {
                (show::day_and_time(when, case.zone, language))
                @if let Some(who) = who { " · " (t(language, "由", "by ")) (who) (t(language, "解除", "")) }
            }
            p.quiet { (t(language, "现在可以再付一次试试；其他冻结不受影响。", "The payment can be tried again now; other freezes stand as they were.")) }
        }
    }
}

/// What phone and terminal show around the words.
struct Device {
    time: String,
    merchant: Option<String>,
    amount: Option<Money>,
}

impl Device {
    fn of_case(case: &Case) -> Device {
        let answer = &case.row.answer;
        Device {
            time: show::clock(answer.at, case.zone)[..5].to_owned(),
            merchant: case.merchant.clone(),
            amount: Some(answer.amount).filter(|amount| amount.minor > 0),
        }
    }

    fn of_freeze(case: &FreezeCase, at: Timestamp) -> Device {
        let evidence = case.evidence.as_deref();
        let amount = evidence.map(|case| case.row.answer.amount).filter(|amount| amount.minor > 0);
        Device {
            time: show::clock(at, case.zone)[..5].to_owned(),
            merchant: evidence.and_then(|case| case.merchant.clone()).or_else(|| case.merchant.clone()),
            amount,
        }
    }
}

/// The three readings. The first cause is told to holder and cashier, the second to the agent.
fn readings(reader: &Reader, (outside, inside): (Cause, Cause), slots: &Slots<'_>, device: Device) -> Markup {
    let language = reader.language;
    let told = |cause, audience| say(cause, audience, language, slots);
    html! {
        section.readings aria-label=(t(language, "三方各自读到的话", "What each of the three reads")) {
            figure.reading.holder {
                figcaption { (show::icon("person")) (t(language, "持卡人的手机上", "On the holder's phone")) }
                div.phone {
                    div.phone-bar { span { (device.time) } span.dots aria-hidden="true" { i {} i {} i {} } }
                    p.from { (t(language, "发卡行", "Your bank")) }
                    p.bubble { (told(outside, Audience::Holder)) }
                    (tasks_for_holder(outside, language, slots))
                }
            }
            figure.reading.cashier {
                figcaption { (show::icon("pos")) (t(language, "收银员的 POS 上", "On the cashier's terminal")) }
                (terminal(outside, language, slots, &device))
            }
            @if reader.sight.audience() == Audience::Agent {
                figure.reading.agent {
                    figcaption { (show::icon("bank")) (t(language, "客服的工作台上", "On the bank agent's desk")) }
                    div.note { (agent_note(&told(inside, Audience::Agent), language)) }
                }
            }
        }
    }
}

fn tasks_for_holder(cause: Cause, language: Language, slots: &Slots<'_>) -> Markup {
    let tasks = remedy(cause, Audience::Holder, language, slots);
    let own: Vec<&Task> = tasks.iter().filter(|task| task.who == machine::cause::Fixer::Holder).collect();
    html! {
        @if !own.is_empty() {
            p.you-can { (t(language, "您可以", "What you can do")) }
            ul.can { @for task in own { li { (task.what) } } }
        }
    }
}

fn terminal(cause: Cause, language: Language, slots: &Slots<'_>, device: &Device) -> Markup {
    let tasks = remedy(cause, Audience::Cashier, language, slots);
    let first = tasks.iter().find(|task| task.who == machine::cause::Fixer::Cashier);
    html! {
        div.counter {
        div.terminal {
            div.screen {
                p.screen-top { span { (device.merchant.as_deref().unwrap_or("POS")) } span { (device.time) } }
                @if let Some(amount) = device.amount { p.screen-amount { (show_money(amount)) } }
                p.screen-line { (say(cause, Audience::Cashier, language, slots)) }
                p.screen-code { (t(language, "应答码 ", "Code ")) (decline_code(cause, CodeFamily::UnionPay)) }
            }
            div.keys aria-hidden="true" { @for _ in 0..12 { i {} } }
        }
        @if let Some(task) = first {
            p.slip { strong { (t(language, "收银员：", "Cashier: ")) } (task.what) }
        }
        }
    }
}

/// The labels an agent's text is structured by, with the icon of each part.
const LABELS: [(&str, &str); 4] =
    [("核对：", "Checked: "), ("告知：", "Say: "), ("处理：", "Do: "), ("不可说：", "Do not say: ")];

/// Cuts an agent's text at its labels: label and words; one part without a label where it has none.
fn parts(text: &str, language: Language) -> Vec<(&'static str, &str)> {
    let labels = LABELS.map(|(zh, en)| t(language, zh, en));
    let mut found: Vec<(usize, &'static str)> =
        labels.iter().filter_map(|label| text.find(label).map(|at| (at, *label))).collect();
    found.sort_unstable();
    if found.first().is_none_or(|(at, _)| *at != 0) {
        return vec![("", text)];
    }
    let ends = found.iter().skip(1).map(|(at, _)| *at).chain([text.len()]);
    found.iter().zip(ends).map(|((at, label), end)| (*label, text[at + label.len()..end].trim())).collect()
}

fn agent_note(text: &str, language: Language) -> Markup {
    html! {
        dl.script {
            @for (label, words) in parts(text, language) {
                div.(if label.starts_with("不可") || label.starts_with("Do not") { "never" } else { "say" }) {
                    @if !label.is_empty() { dt { (label.trim_end_matches(['：', ':', ' '])) } }
                    dd { (words) }
                }
            }
        }
    }
}

/// The steps of the remedy, with who does each.
fn steps(reader: &Reader, cause: Cause, slots: &Slots<'_>) -> Markup {
    let language = reader.language;
    let tasks = remedy(cause, reader.sight.audience(), language, slots);
    html! {
        section.card-box {
            h2 { (t(language, "接下来怎么做", "What to do now")) }
            ol.steps {
                @for task in tasks {
                    li {
                        span.who { (show::icon(show::fixer_icon(task.who))) (show::fixer(task.who, language)) }
                        p { (task.what) }
                    }
                }
            }
        }
    }
}

fn documents(reader: &Reader, cause: Cause) -> Markup {
    let language = reader.language;
    let papers: &[Document] = disclosed(cause, reader.sight.audience()).documents;
    html! {
        @if !papers.is_empty() {
            section.card-box {
                h2 { (t(language, "需要的材料", "Papers needed")) }
                ul.papers {
                    @for paper in papers {
                        @let name: Text = paper.name();
                        li { (show::icon("paper")) (name.template(language)) }
                    }
                }
                p.quiet { (t(language, "都在这里，请一次备齐。", "This is the whole list.")) }
            }
        }
    }
}

/// One fact of a list.
fn fact(term: &str, value: Markup) -> Markup {
    html! { div { dt { (term) } dd { (value) } } }
}

fn decision_facts(reader: &Reader, case: &Case) -> Markup {
    let language = reader.language;
    let answer = &case.row.answer;
    let facts = &answer.facts;
    let currency = answer.amount.currency;
    let told = |about: &Cause| reader.sight > Sight::Outside || *about != Cause::TooFrequent;
    let about = case.figures_are_about().filter(told);
    let figure = |figure: i64, about| show::quantity(case::quantity(about, figure, currency), language);
    let money = |minor| show_money(Money::new(minor, currency));
    let slots = answer.cause().map(|cause| case.slots(cause, None)).unwrap_or_default();
    html! {
        section.card-box {
            h2 { (t(language, "依据", "The facts")) }
            @if let (Some(limit), Some(used), Some(_)) = (facts.limit, facts.used, about) { (bar(limit, used)) }
            dl.facts {
                @if let (Some(limit), Some(about)) = (facts.limit, about) { (fact(t(language, "限额", "Limit"), html! { (figure(limit, about)) })) }
                @if let (Some(used), Some(about)) = (facts.used, about) { (fact(t(language, "已用", "Used before"), html! { (figure(used, about)) })) }
                @if let Some(left) = slots.left.filter(|left| !matches!(left, Quantity::Tries(_))) { (fact(t(language, "剩余", "Left"), html! { (show::quantity(left, language)) })) }
                @if let Some(available) = facts.available {
                    (fact(t(language, "可用余额", "Available before"), html! { (money(available)) }))
                }
                @if let Some(tries) = facts.tries_left {
                    (fact(t(language, "密码还可试", "PIN tries left"), html! { (tries) }))
                }
                @if let Some((until, zone)) = slots.until {
                    (fact(t(language, "到何时", "Until"), html! { (show::day_and_time(until, zone, language)) }))
                }
                @if let Some(freeze) = &case.freeze {
                    (fact(t(language, "冻结", "Freeze"), html! {
                        a href={ "/freezes/" (freeze.id) } data-panel="" { (freeze.id) }
                    }))
                }
                @if let Some(account) = case.account { (fact(t(language, "账户", "Account"), html! { span.mono { (account) } })) }
                @if let Some(original) = answer.original {
                    (fact(t(language, "原交易", "Original"), html! { a href={ "/decisions/" (original) } data-panel="" { (original) } }))
                }
            }
        }
    }
}

/// How much of a limit was used, as a picture; the figures stand below it.
fn bar(limit: i64, used: i64) -> Markup {
    let limit = limit.max(1);
    let share = (i128::from(used.clamp(0, limit)) * 1000 / i128::from(limit)) as i64;
    html! {
        svg.bar viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.bar-all width="1000" height="12" {}
            rect.bar-used width=(share) height="12" {}
        }
    }
}

fn freeze_facts(reader: &Reader, case: &FreezeCase, open: bool) -> Markup {
    let language = reader.language;
    let freeze = &case.freeze;
    let time = |at| show::day_and_time(at, case.zone, language);
    let works = case::works(freeze, case.currency);
    html! {
        section.card-box {
            h2 { (t(language, "依据", "The facts")) }
            dl.facts {
                @if open {
                    (fact(t(language, "由谁冻结", "Placed by"), html! { (show::placed_by(&freeze.placed_by, language)) }))
                    (fact(t(language, "谁来处理", "Who acts next"), html! { (show::owner(freeze.owner, language)) }))
                    (fact(t(language, "如何解除", "The way out"), html! { (show::exit(freeze.exit, language)) }))
                }
                @if let Some(end) = freeze.expires_at.filter(|_| open) {
                    (fact(t(language, "自动到期", "Ends by itself"), html! { (time(end)) }))
                }
                (fact(t(language, "仍可使用", "Still works"), still_works(case, works, language)))
                @if let Some(evidence) = freeze.evidence.filter(|_| open) {
                    (fact(t(language, "起因交易", "Follows from"), html! {
                        a href={ "/decisions/" (evidence) } data-panel="" { (evidence) }
                    }))
                }
                @if let Some(account) = case.account { (fact(t(language, "账户", "Account"), html! { span.mono { (account) } })) }
            }
        }
    }
}

fn still_works(case: &FreezeCase, works: Option<machine::explain::Works>, language: Language) -> Markup {
    use machine::explain::Works;
    use machine::freeze::Scope;
    html! {
        @match (works, case.freeze.scope) {
            (Some(Works::CreditsAndAllowance(daily)), _) => {
                (t(language, "收款照常，每天可付 ", "money in, and each day ")) (show_money(daily))
            },
            (Some(Works::Credits), _) => (t(language, "工资等收款照常到账", "money in, such as wages")),
            (None, Scope::Pin(_)) => (t(language, "不需要密码的付款", "payments without a PIN")),
            (None, Scope::Terminal(_) | Scope::Merchant(_)) => (t(language, "持卡人的卡不受影响", "holders' cards elsewhere")),
            (None, Scope::Card(_) | Scope::Account(_)) => (t(language, "查询进度、提交材料、提出异议", "progress, papers, objections")),
        }
    }
}

/// All causes collected; the first decides.
fn causes(reader: &Reader, verdict: &Verdict) -> Markup {
    let language = reader.language;
    let Verdict::Declined(causes) = verdict else { return html! {} };
    let mut named: Vec<(Cause, &'static str)> = Vec::new();
    for cause in causes.iter() {
        let slug = reader.sight.slug(cause);
        if !named.iter().any(|(_, other)| *other == slug) {
            named.push((cause, slug));
        }
    }
    let code = |cause, family| decline_code(cause, family).to_string();
    html! {
        section.card-box.causes {
            h2 { (t(language, "查到的全部原因", "Every cause that held")) }
            p.quiet { (t(language, "按次序检查，第一条决定结果；其余的也写在这里，免得解决一个又遇到下一个。",
                "Checked in order; the first decides. The others stand here too, so that none comes as a surprise.")) }
            ol.cause-list {
                @for (place, (cause, slug)) in named.iter().enumerate() {
                    li {
                        span.cause-title {
                            (disclosed(*cause, reader.sight.audience()).title.template(language))
                            @if place == 0 { " " span.chip.small { (t(language, "决定结果", "decides")) } }
                        }
                        code { (slug) }
                        span.codes {
                            span { (t(language, "银联 ", "UnionPay ")) (code(*cause, CodeFamily::UnionPay)) }
                            span { "1987 " (code(*cause, CodeFamily::Iso87)) }
                            span { "1993 " (code(*cause, CodeFamily::Iso93)) }
                            span { "2003 " (code(*cause, CodeFamily::Iso2003)) }
                        }
                    }
                }
            }
        }
    }
}

/// The zone pages show times in that belong to no account.
#[must_use]
pub fn zone(reader: &Reader) -> Zone {
    reader.site.settings.zone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_every_agent_is_cut_at_its_labels_and_nothing_is_lost() {
        for cause in Cause::ALL {
            for language in [Language::Zh, Language::En] {
                let text = say(*cause, Audience::Agent, language, &Slots::default());
                let parts = parts(&text, language);
                let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
                let kept: usize = parts.iter().map(|(label, words)| letters(label) + letters(words)).sum();
                assert_eq!(kept, letters(&text), "{}: {text}", cause.slug());
                assert!(parts.len() >= 3, "{}: {text}", cause.slug());
            }
        }
    }
}
