//! How single things are shown: times, cards, amounts, icons, and the words of the closed lists.
//!
//! No layout; pages are put together elsewhere.

use machine::cause::{Cause, Family, Fixer};
use machine::command::{Entry, Purpose};
use machine::explain::{Language, Quantity, show_money};
use machine::freeze::{Exit, Lifter, Owner, PlacedBy, Reach, Scope};
use machine::money::Money;
use machine::outcome::Verdict;
use machine::time::{Timestamp, Zone};
use maud::{Markup, html};

/// One of two wordings.
#[must_use]
pub const fn t<'a>(language: Language, zh: &'a str, en: &'a str) -> &'a str {
    match language {
        Language::Zh => zh,
        Language::En => en,
    }
}

/// The tag of a language for `lang` attributes.
#[must_use]
pub const fn tag(language: Language) -> &'static str {
    t(language, "zh-CN", "en")
}

/// An icon of the sprite; decoration only, the words stand beside it.
#[must_use]
pub fn icon(name: &str) -> Markup {
    html! {
        svg.icon aria-hidden="true" focusable="false" { use href={ "#i-" (name) } {} }
    }
}

/// `18:05:09`.
#[must_use]
pub fn clock(at: Timestamp, zone: Zone) -> String {
    let local = zone.local(at);
    format!("{:02}:{:02}:{:02}", local.hour(), local.minute(), local.second())
}

/// `11月22日 18:05`, `22 Nov 18:05`.
#[must_use]
pub fn day_and_time(at: Timestamp, zone: Zone, language: Language) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let local = zone.local(at);
    let (day, hour, minute) = (local.day_of_month, local.hour(), local.minute());
    let month = MONTHS.get(usize::from(local.month).saturating_sub(1)).copied().unwrap_or_default();
    match language {
        Language::Zh => format!("{}月{day}日 {hour:02}:{minute:02}", local.month),
        Language::En => format!("{day} {month} {hour:02}:{minute:02}"),
    }
}

/// `•••• 1234`, read out as "card ending 1234".
#[must_use]
pub fn card(last4: Option<[u8; 4]>, language: Language) -> Markup {
    let digits = last4.map_or_else(|| "????".to_owned(), crate::twin::card::last4);
    html! {
        span.card-no {
            span aria-hidden="true" { "•••• " (digits) }
            span.unseen { (t(language, "尾号 ", "card ending ")) (digits) }
        }
    }
}

/// An amount with the smaller decimals of print.
#[must_use]
pub fn amount(money: Money) -> Markup {
    let text = show_money(money);
    let (whole, decimals) = text.split_once('.').map_or((text.as_str(), None), |(w, d)| (w, Some(d)));
    html! {
        data.amount value=(money) { (whole) @if let Some(decimals) = decimals { span.decimals { "." (decimals) } } }
    }
}

/// A quantity in words.
#[must_use]
pub fn quantity(quantity: Quantity, language: Language) -> String {
    match quantity {
        Quantity::Money(money) => show_money(money),
        Quantity::Payments(count) => match language {
            Language::Zh => format!("{count} 笔"),
            Language::En => format!("{count} payments"),
        },
        Quantity::Tries(count) => match language {
            Language::Zh => format!("{count} 次"),
            Language::En => format!("{count} tries"),
        },
    }
}

/// How the card came in.
#[must_use]
pub const fn entry(entry: Entry, language: Language) -> &'static str {
    match entry {
        Entry::Stripe => t(language, "刷卡", "swipe"),
        Entry::Fallback => t(language, "降级刷卡", "fallback"),
        Entry::Chip => t(language, "插卡", "insert"),
        Entry::Contactless => t(language, "挥卡", "tap"),
        Entry::Code => t(language, "扫码", "scan"),
        Entry::Manual => t(language, "手输", "typed"),
        Entry::OnFile => t(language, "无卡", "on file"),
    }
}

/// What was asked.
#[must_use]
pub const fn purpose(purpose: Purpose, language: Language) -> &'static str {
    match purpose {
        Purpose::Sale => t(language, "消费", "Sale"),
        Purpose::PreAuthorization => t(language, "预授权", "Pre-authorization"),
        Purpose::BalanceInquiry => t(language, "余额查询", "Balance inquiry"),
        Purpose::Void => t(language, "撤销", "Void"),
        Purpose::Completion => t(language, "预授权完成", "Completion"),
        Purpose::PreAuthorizationCancel => t(language, "预授权撤销", "Cancel of a hold"),
        Purpose::CompletionCancel => t(language, "完成撤销", "Cancel of a completion"),
        Purpose::Refund => t(language, "退货", "Refund"),
        Purpose::Reversal => t(language, "冲正", "Reversal"),
        Purpose::Fault => t(language, "故障报文", "Faulty message"),
    }
}

/// Who does something.
#[must_use]
pub const fn fixer(fixer: Fixer, language: Language) -> &'static str {
    match fixer {
        Fixer::Holder => t(language, "持卡人", "Holder"),
        Fixer::Cashier => t(language, "收银员", "Cashier"),
        Fixer::Merchant => t(language, "商户", "Merchant"),
        Fixer::Bank => t(language, "发卡行", "Bank"),
        Fixer::Operator => t(language, "运行方", "Operator"),
    }
}

/// The icon of who does something.
#[must_use]
pub const fn fixer_icon(fixer: Fixer) -> &'static str {
    match fixer {
        Fixer::Holder => "person",
        Fixer::Cashier => "pos",
        Fixer::Merchant => "shop",
        Fixer::Bank => "bank",
        Fixer::Operator => "plug",
    }
}

/// Who acts next.
#[must_use]
pub const fn owner(owner: Owner, language: Language) -> &'static str {
    match owner {
        Owner::Holder => t(language, "持卡人", "the holder"),
        Owner::Service => t(language, "客服", "service agents"),
        Owner::Risk => t(language, "风控", "risk control"),
        Owner::Legal => t(language, "法务", "the legal desk"),
        Owner::Operations => t(language, "运行", "operations"),
    }
}

/// How far a freeze reaches.
#[must_use]
pub const fn reach(reach: Reach, language: Language) -> &'static str {
    match reach {
        Reach::PinUse => t(language, "仅停用密码", "PIN only"),
        Reach::NewDebits => t(language, "只收不付", "no payments out"),
        Reach::All => t(language, "不收不付", "nothing in or out"),
    }
}

/// What is frozen.
#[must_use]
pub const fn scope(scope: &Scope, language: Language) -> &'static str {
    match scope {
        Scope::Pin(_) => t(language, "密码", "PIN"),
        Scope::Card(_) => t(language, "卡片", "Card"),
        Scope::Account(_) => t(language, "账户", "Account"),
        Scope::Terminal(_) => t(language, "终端", "Terminal"),
        Scope::Merchant(_) => t(language, "商户", "Merchant"),
    }
}

/// The way out of a freeze.
#[must_use]
pub fn exit(exit: Exit, language: Language) -> &'static str {
    match exit {
        Exit::Expires => t(language, "到期自动解除", "ends by itself"),
        Exit::HolderConfirms => t(language, "持卡人确认后解除", "holder confirms"),
        Exit::Review { approvers: 1 } => t(language, "一人审核后解除", "review by one"),
        Exit::Review { .. } => t(language, "两人审核后解除", "review by two"),
        Exit::HolderLifts => t(language, "持卡人自行解除", "holder lifts it"),
        Exit::Replacement => t(language, "换卡后解除", "card is replaced"),
        Exit::AuthorityOnly => t(language, "仅由有权机关解除", "the authority alone"),
        Exit::SignIn => t(language, "终端重新签到后解除", "terminal signs in again"),
    }
}

/// Who placed a freeze.
#[must_use]
pub fn placed_by(by: &PlacedBy, language: Language) -> String {
    match by {
        PlacedBy::Rule { rule, version } => {
            format!("{} {rule} (v{version})", t(language, "风控规则", "rule"))
        }
        PlacedBy::Model(_) => t(language, "风控模型", "risk model").to_owned(),
        PlacedBy::Machine => t(language, "系统策略", "standing policy").to_owned(),
        PlacedBy::Holder => t(language, "持卡人", "the holder").to_owned(),
        PlacedBy::Agent(actor) => format!("{} {actor}", t(language, "客服", "agent")),
        PlacedBy::Authority(_) => t(language, "有权机关", "an authority").to_owned(),
    }
}

/// Who lifted a freeze.
#[must_use]
pub fn lifter(by: &Lifter, language: Language) -> String {
    match by {
        Lifter::Machine => t(language, "系统", "the machine").to_owned(),
        Lifter::Holder => t(language, "持卡人", "the holder").to_owned(),
        Lifter::Agent(actor) => format!("{} {actor}", t(language, "客服", "agent")),
        Lifter::Authority(_) => t(language, "有权机关", "an authority").to_owned(),
    }
}

/// How a decision or freeze is marked: a class for its colour, an icon, and words. Never colour alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Class of colour.
    pub class: &'static str,
    /// Icon.
    pub icon: &'static str,
    /// Words.
    pub words: &'static str,
}

/// The mark of a freeze in force.
#[must_use]
pub const fn frozen(language: Language) -> Mark {
    Mark { class: "ice", icon: "ice", words: t(language, "冻结中", "Frozen") }
}

/// The mark of a verdict.
#[must_use]
pub fn mark(verdict: &Verdict, froze: bool, language: Language) -> Mark {
    match verdict {
        Verdict::Approved(_) => Mark { class: "yes", icon: "yes", words: t(language, "成功", "Approved") },
        Verdict::Accepted => Mark { class: "yes", icon: "back", words: t(language, "已受理", "Accepted") },
        Verdict::Declined(causes) => {
            let family = causes.first().map(|cause: Cause| cause.entry().family);
            let words = t(language, "未成功", "Declined");
            match (family, froze) {
                (Some(Family::System), _) => Mark { class: "sys", icon: "plug", words },
                (_, true) => Mark { class: "ice", icon: "ice", words },
                (Some(Family::Card | Family::Transaction | Family::Security) | None, false) => {
                    Mark { class: "no", icon: "no", words }
                }
            }
        }
    }
}

/// A mark as a chip.
#[must_use]
pub fn chip(mark: Mark) -> Markup {
    html! { span class={ "chip " (mark.class) } { (icon(mark.icon)) (mark.words) } }
}
