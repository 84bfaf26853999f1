//! The page at `/`: figures, decisions as they happen, freezes in force, "would it work now?", and a demo's scenes.
//!
//! Its parts are functions of their own, for the live stream renders the same parts.

use super::Reader;
use super::explain;
use super::show::{self, t};
use crate::case::{Case, FreezeCase};
use crate::live::Tally;
use crate::problem::Problem;
use machine::explain::{Language, disclosed};
use machine::ids::{CardId, MerchantId};
use machine::time::Timestamp;
use maud::{Markup, html};

/// Decisions in the list of a new page.
pub const ROWS_SHOWN: usize = 24;
/// Freezes in the list.
pub const FROZEN_SHOWN: usize = 6;
/// Cards and merchants to choose from; where there are more, the newest.
const CHOICES_MAX: usize = 80;
/// Seconds the rate is taken over.
const RATE_SECONDS: i64 = 10;
/// Seconds the share of approvals is taken over.
const SHARE_SECONDS: i64 = 60;

/// What can be chosen in the form.
pub struct Choices {
    cards: Vec<(CardId, [u8; 4])>,
    merchants: Vec<(MerchantId, String)>,
}

/// Reads what can be chosen.
///
/// # Errors
/// If the host cannot look.
pub async fn choices(reader: &Reader) -> Result<Choices, Problem> {
    reader
        .site
        .look(|machine, _| Choices {
            cards: machine.cards().iter().rev().take(CHOICES_MAX).map(|card| (card.id, card.last4)).collect(),
            merchants: machine
                .merchants()
                .iter()
                .rev()
                .take(CHOICES_MAX)
                .map(|merchant| (merchant.id, merchant.name.clone()))
                .collect(),
        })
        .await
}

/// The page.
#[must_use]
pub fn page(reader: &Reader, choices: &Choices) -> Markup {
    let language = reader.language;
    let live = &reader.site.live;
    let now = reader.site.host.now();
    let (frozen, count) = live.frozen(FROZEN_SHOWN);
    let rows = live.newest(ROWS_SHOWN);
    html! {
        div.hero {
            h1 { (t(language, "能不能付，为什么，怎么办", "Will it work, why not, and what now")) }
            p { (t(language,
                "每一笔交易当场有结果；没有成功的、被冻结的，都有原因、有办法、有期限。点开任何一笔，看看持卡人、收银员和客服各自读到什么。",
                "Every payment is decided at once; every decline and freeze has a cause, a way out and a date. Open any of them and see what holder, cashier and agent each read.")) }
        }
        section #tiles aria-label=(t(language, "概况", "At a glance")) { (tiles(reader, &live.tally(), count, now)) }
        div.home {
            section.card-box.live-box aria-labelledby="live-title" {
                header.box-head {
                    h2 #live-title { (t(language, "正在发生", "As it happens")) }
                    div.tools {
                        button type="button" id="declined-only" aria-pressed="false" hidden { (t(language, "只看未成功", "Declined only")) }
                        button type="button" id="pause" aria-pressed="false" hidden data-on=(t(language, "继续", "Resume")) data-off=(t(language, "暂停", "Pause")) { (t(language, "暂停", "Pause")) }
                    }
                }
                ol #rows { @for case in &rows { (row(reader, case)) } }
                @if rows.is_empty() {
                    p.empty { (t(language, "还没有交易。第一笔刷卡会马上出现在这里。", "No decisions yet. The first will appear here at once.")) }
                }
            }
            div.side {
                section.card-box aria-labelledby="frozen-title" {
                    header.box-head { h2 #frozen-title { (t(language, "冻结中", "Frozen now")) } }
                    div #frozen { (frozen_list(reader, &frozen, count)) }
                }
                (check_form(reader, choices))
                @if reader.site.settings.demo { (scenes(reader)) }
            }
        }
    }
}

/// The figures on top.
#[must_use]
pub fn tiles(reader: &Reader, tally: &Tally, frozen: usize, now: Timestamp) -> Markup {
    let language = reader.language;
    let (yes, no) = tally.within(now, RATE_SECONDS);
    let rate = (yes + no) as f64 / RATE_SECONDS as f64;
    let (yes, no) = tally.within(now, SHARE_SECONDS);
    let share = (yes + no > 0).then(|| yes as f64 * 100.0 / (yes + no) as f64);
    html! {
        ul.tiles {
            li.tile {
                p.tile-name { (t(language, "每秒交易", "Decisions a second")) }
                p.tile-value { (format!("{rate:.1}")) }
                (spark(tally, now))
            }
            li.tile {
                p.tile-name { (t(language, "成功率（近一分钟）", "Approved, last minute")) }
                p.tile-value { @if let Some(share) = share { (format!("{share:.1}")) span.unit { "%" } } @else { "–" } }
                p.quiet { (yes) (t(language, " 笔成功，", " approved, ")) (no) (t(language, " 笔未成功", " declined")) }
            }
            li.tile.tile-ice {
                p.tile-name { (show::icon("ice")) (t(language, "冻结中", "Frozen now")) }
                p.tile-value { (frozen) }
                p.quiet { (t(language, "每一处都有原因和期限", "each with a cause and a date")) }
            }
            li.tile {
                @if let Some(latency) = reader.site.host.latency() {
                    p.tile-name { (t(language, "决定用时", "Time to decide")) }
                    p.tile-value { (micros(latency.p50_us)) span.unit { (micros_unit(latency.p50_us)) } }
                    p.quiet { (t(language, "99% 不超过 ", "99% within ")) (micros(latency.p99_us)) " " (micros_unit(latency.p99_us)) (t(language, "，含落盘", ", durable")) }
                } @else {
                    p.tile-name { (t(language, "已落盘记录", "Durable records")) }
                    p.tile-value { (grouped(reader.site.host.standing().head)) }
                    p.quiet { (t(language, "每一笔先落盘，再应答", "made durable before it is answered")) }
                }
            }
        }
    }
}

/// `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn micros(us: u32) -> String {
    if us < 1000 { us.to_string() } else { format!("{:.1}", f64::from(us) / 1000.0) }
}

fn micros_unit(us: u32) -> &'static str {
    if us < 1000 { "µs" } else { "ms" }
}

/// The last minute as a picture: one bar a second, declined on top.
fn spark(tally: &Tally, now: Timestamp) -> Markup {
    const SECONDS: i64 = 60;
    let this = now.0.div_euclid(1000);
    let recent = || tally.seconds.iter().filter(move |s| s.second < this && s.second >= this - SECONDS);
    let most = recent().map(|s| s.approved + s.declined).max().unwrap_or(0).max(1);
    let height = |count: u32| (u64::from(count) * 28).div_ceil(u64::from(most));
    html! {
        svg.spark viewBox="0 0 240 28" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            @for second in recent() {
                @let x = (second.second - (this - SECONDS)) * 4;
                @let (all, declined) = (height(second.approved + second.declined), height(second.declined));
                rect.spark-yes x=(x) y=(28 - all) width="3" height=(all) {}
                @if declined > 0 { rect.spark-no x=(x) y=(28 - all) width="3" height=(declined) {} }
            }
        }
    }
}

/// A decision in the list.
#[must_use]
pub fn row(reader: &Reader, case: &Case) -> Markup {
    let language = reader.language;
    let answer = &case.row.answer;
    let mark = show::mark(&answer.verdict, answer.facts.freeze.is_some(), language);
    let cause =
        answer.cause().map(|cause| disclosed(cause, reader.sight.audience()).title.template(language));
    html! {
        li.row.(if answer.approved() { "went" } else { "declined" }) {
            a href={ "/decisions/" (answer.number) } data-panel="" {
                span.dot.(mark.class) { (show::icon(mark.icon)) }
                span.where {
                    span.name { (case.merchant.as_deref().unwrap_or(show::purpose(case.row.purpose, language))) }
                    span.what.(mark.class) { (cause.unwrap_or(mark.words)) }
                }
                span.how {
                    (show::card(case.last4, language))
                    span.quiet { (show::entry(case.row.entry, language)) }
                }
                span.sum {
                    (show::amount(answer.amount))
                    time.quiet datetime=(crate::twin::time::Moment(answer.at)) { (show::clock(answer.at, explain::zone(reader))) }
                }
            }
        }
    }
}

/// The freezes in force.
#[must_use]
pub fn frozen_list(reader: &Reader, frozen: &[FreezeCase], count: usize) -> Markup {
    let language = reader.language;
    html! {
        @if frozen.is_empty() {
            p.empty { (t(language, "目前没有冻结。", "Nothing is frozen.")) }
        }
        ul.frozen {
            @for case in frozen { li { (frozen_item(reader, case)) } }
        }
        @if count > frozen.len() {
            p.quiet { (t(language, "另有 ", "and ")) (count - frozen.len()) (t(language, " 处", " more")) }
        }
    }
}

fn frozen_item(reader: &Reader, case: &FreezeCase) -> Markup {
    let language = reader.language;
    let freeze = &case.freeze;
    let why = reader.sight.freeze_cause(freeze);
    let open = reader.sight.sees_freeze(freeze);
    let need = super::lift::needed(freeze);
    html! {
        a.frozen-item href={ "/freezes/" (freeze.id) } data-panel="" {
            span.dot.ice { (show::icon("ice")) }
            span.where {
                span.name { (disclosed(why, reader.sight.audience()).title.template(language)) }
                span.quiet {
                    (show::scope(&freeze.scope, language)) " · " (explain::subject(case, language))
                    @if open { " · " (show::reach(freeze.reach, language)) }
                }
                span.quiet.due {
                    (show::icon("clock")) (t(language, "下次答复 ", "answer by "))
                    (show::day_and_time(freeze.next_at, case.zone, language))
                }
            }
            @if open {
                span.badge {
                    @if !freeze.approvals.is_empty() { (freeze.approvals.len()) " / " (need) " " (t(language, "已同意", "approved")) }
                    @else { (badge(case, language)) }
                }
            }
        }
    }
}

/// Who is waited for, in few words.
fn badge(case: &FreezeCase, language: Language) -> &'static str {
    use machine::freeze::Exit;
    match case.freeze.exit {
        Exit::Expires => t(language, "等待到期", "expires"),
        Exit::HolderConfirms => t(language, "待本人确认", "holder"),
        Exit::Review { approvers: 1 } => t(language, "待审核", "review"),
        Exit::Review { .. } => t(language, "待双人审核", "two reviews"),
        Exit::HolderLifts => t(language, "本人冻结", "by holder"),
        Exit::Replacement => t(language, "待换卡", "replacement"),
        Exit::AuthorityOnly => t(language, "依法冻结", "authority"),
        Exit::SignIn => t(language, "待签到", "sign-in"),
    }
}

/// "Would it work now?"
fn check_form(reader: &Reader, choices: &Choices) -> Markup {
    let language = reader.language;
    html! {
        section.card-box aria-labelledby="check-title" {
            header.box-head { h2 #check-title { (t(language, "现在能付吗？", "Would it work now?")) } }
            form.check method="get" action="/check" data-panel-form="" {
                label.field {
                    span { (t(language, "卡", "Card")) }
                    select name="card" required {
                        @for (card, last4) in &choices.cards {
                            option value=(card) { (t(language, "尾号 ", "ending ")) (crate::twin::card::last4(*last4)) }
                        }
                    }
                }
                label.field {
                    span { (t(language, "商户", "Merchant")) }
                    select name="merchant" required {
                        @for (merchant, name) in &choices.merchants { option value=(merchant) { (name) } }
                    }
                }
                label.field {
                    span { (t(language, "金额（元）", "Amount (¥)")) }
                    input type="text" name="amount" inputmode="decimal" required value="128.00" pattern="[0-9]{1,9}([.][0-9]{1,2})?";
                }
                label.field {
                    span { (t(language, "方式", "How")) }
                    select name="entry" {
                        option value="chip" { (t(language, "插卡，输密码", "insert, with PIN")) }
                        option value="contactless" { (t(language, "挥卡，免密", "tap, no PIN")) }
                        option value="on_file" { (t(language, "无卡支付", "card on file")) }
                    }
                }
                button type="submit" { (t(language, "试算一下", "Try it")) }
                p.quiet { (t(language, "只问不付：不冻结资金，不计次数。", "Only asks: nothing is held, counted or charged.")) }
            }
        }
    }
}

/// The scenes of a demo.
fn scenes(reader: &Reader) -> Markup {
    let language = reader.language;
    let scene = |name: &str, icon, what, detail| {
        html! {
            form method="post" action="/play" data-quiet-form="" {
                (reader.hidden())
                input type="hidden" name="scene" value=(name);
                button.scene type="submit" { (show::icon(icon)) span { strong { (what) } small { (detail) } } }
            }
        }
    };
    html! {
        section.card-box.scenes aria-labelledby="scenes-title" {
            header.box-head { h2 #scenes-title { (t(language, "演一出", "Make something happen")) } }
            (scene("fraud_wave", "bolt", t(language, "盗刷来袭", "Fraud wave"), t(language, "有人拿偷来的卡快速试刷", "someone tries stolen cards, fast")))
            (scene("outage", "plug", t(language, "系统故障", "Outage"), t(language, "发卡主机停一会儿；没有人因此被冻结", "the issuer is down a while; nobody is frozen for it")))
            p #played.quiet role="status" {}
        }
    }
}
