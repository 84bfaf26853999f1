//! Explaining a cause: the words for holder, cashier and agent, with the facts of the case filled in.
//!
//! No decision is taken here and none is read: what happened comes in as a cause and its `Slots`. What may
//! not be told never reaches holder or cashier, whoever asks: `disclosed` is the one way to a cause's words.
//! Plain text only; escaping it for a page is the page's.

use crate::cause::{
    ANOTHER_CARD, Cause, Disclosure, Document, Family, Fixer, OperatorClass, Retry, Step, Text,
};
use crate::money::{Currency, Money};
use crate::time::{Timestamp, Zone};
use std::fmt;

/// Who is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// The cardholder.
    Holder,
    /// The cashier, and with him the merchant's systems.
    Cashier,
    /// The bank's agent.
    Agent,
}

/// In which language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Simplified Chinese (zh-CN).
    Zh,
    /// English.
    En,
}

impl Text {
    /// The template in `language`, its slots unfilled.
    #[must_use]
    pub const fn template(self, language: Language) -> &'static str {
        match language {
            Language::Zh => self.zh,
            Language::En => self.en,
        }
    }
}

/// How much, where it can be money or a number of things.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantity {
    /// An amount of money.
    Money(Money),
    /// So many PIN tries.
    Tries(u32),
    /// So many payments.
    Payments(u32),
}

/// What still works under a freeze.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Works {
    /// Money coming in.
    Credits,
    /// Money coming in, and payments up to so much each day.
    CreditsAndAllowance(Money),
}

/// The facts of a case; what is not known is left out and the sentence does without it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Slots<'a> {
    /// Last four digits of the card, ASCII; anything else counts as not known.
    pub card: Option<[u8; 4]>,
    /// Amount of the transaction.
    pub amount: Option<Money>,
    /// The limit that was met.
    pub limit: Option<Quantity>,
    /// How much of the limit was used before.
    pub used: Option<Quantity>,
    /// What is left: of the limit, of the balance, of the original, of PIN tries.
    pub left: Option<Quantity>,
    /// When it ends by itself, or by when there is an answer; in the account's zone. Years 1970 to 9999.
    pub until: Option<(Timestamp, Zone)>,
    /// The merchant's name; control characters are dropped.
    pub merchant: Option<&'a str>,
    /// Where to reach the bank, such as a telephone number; control characters are dropped.
    pub contact: Option<&'a str>,
    /// What still works under the freeze.
    pub works: Option<Works>,
}

/// What one audience may know of a cause. Pages and the API speak of a cause only through this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Disclosed {
    /// The name to give out; of a cause not told it is a neutral one.
    pub slug: &'static str,
    /// Its title; no slots.
    pub title: Text,
    /// Class for the terminal's operator.
    pub class: OperatorClass,
    /// Who can fix it.
    pub fixer: Fixer,
    /// Whether a retry helps.
    pub retry: Retry,
    /// The sentence, its slots unfilled: see `say`.
    pub sentence: Text,
    /// The steps of the remedy, in order; at least one.
    pub remedy: &'static [Step],
    /// Papers a lift needs.
    pub documents: &'static [Document],
}

const fn text(zh: &'static str, en: &'static str) -> Text {
    Text { zh, en }
}

const fn step(who: Fixer, zh: &'static str, en: &'static str) -> Step {
    Step { who, what: text(zh, en) }
}

/// What a holder reads of every cause that may not be told. One text for all of them, the bank's own
/// freezes among them: were there a text for the silent ones alone, it would tell.
static VEILED: Disclosed = Disclosed {
    slug: "account_paused",
    title: text("账户业务暂停", "Account paused"),
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::AfterRemedy,
    sentence: text(
        "我们按程序暂停了{card}所属账户的业务[，下次答复不晚于 {until}][；{works}]。查看进度、提交材料和提出异议仍可在手机银行办理。请携带有效身份证件到任一网点，或联系{contact}，由专人为您说明。",
        "We have paused the account of your {card} under our procedures[; you will hear from us by {until}][; {works}]. Following progress, handing in papers and objecting still work in the app. Please bring a valid identity paper to any branch or contact {contact}; a colleague will explain what can be done.",
    ),
    remedy: &[
        step(
            Fixer::Holder,
            "携带有效身份证件到任一网点，或联系客服",
            "Bring a valid identity paper to any branch, or call us",
        ),
        step(Fixer::Holder, "在手机银行提交材料或提出异议", "Hand in papers or object in the app"),
        step(
            Fixer::Bank,
            "在下次答复日之前告知进度和可办理的事项",
            "Tell the progress and what can be done by the next date",
        ),
    ],
    documents: &[Document::Identity],
};

/// What a cashier knows of a cause of the family security that the counter cannot mend: one text, so that
/// a lost, a stolen and a frozen card look alike and nobody is embarrassed or provoked.
static AT_THE_COUNTER: Disclosed = Disclosed {
    slug: "not_approved",
    title: text("交易未成功", "Not approved"),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::Never,
    sentence: ANOTHER_CARD,
    remedy: &[
        step(Fixer::Cashier, "请顾客换卡或换一种方式付款", "Ask for another card or another way to pay"),
        step(
            Fixer::Holder,
            "在手机银行查看原因和办法，或联系发卡行",
            "See in the app what to do, or contact the issuer",
        ),
    ],
    documents: &[],
};

/// What `audience` may know of `cause`.
#[must_use]
pub fn disclosed(cause: Cause, audience: Audience) -> Disclosed {
    let entry = cause.entry();
    let beyond_the_counter = entry.family == Family::Security && entry.class == OperatorClass::C;
    let plain = |sentence| Disclosed {
        slug: entry.slug,
        title: entry.title,
        class: entry.class,
        fixer: entry.fixer,
        retry: entry.retry,
        sentence,
        remedy: entry.remedy,
        documents: entry.documents,
    };
    match (audience, entry.disclosure) {
        (Audience::Holder, Disclosure::Full { holder, .. }) => plain(holder),
        (Audience::Holder, Disclosure::Category | Disclosure::Silent) => VEILED,
        (Audience::Cashier, Disclosure::Full { cashier, .. }) if beyond_the_counter => {
            Disclosed { sentence: cashier, ..AT_THE_COUNTER }
        }
        (Audience::Cashier, Disclosure::Full { cashier, .. }) => plain(cashier),
        (Audience::Cashier, Disclosure::Category | Disclosure::Silent) => AT_THE_COUNTER,
        (Audience::Agent, Disclosure::Full { .. } | Disclosure::Category) => plain(entry.agent),
        (Audience::Agent, Disclosure::Silent) => Disclosed { sentence: entry.agent, ..VEILED },
    }
}

/// The sentence for `audience` in `language`, with the facts of the case.
#[must_use]
pub fn say(cause: Cause, audience: Audience, language: Language, slots: &Slots<'_>) -> String {
    fill(disclosed(cause, audience).sentence.template(language), language, slots)
}

/// One cause told three ways.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// To the holder.
    pub holder: String,
    /// On the POS screen.
    pub cashier: String,
    /// To the bank's agent.
    pub agent: String,
}

/// The three sentences of `cause` in `language`.
#[must_use]
pub fn readings(cause: Cause, language: Language, slots: &Slots<'_>) -> Reading {
    Reading {
        holder: say(cause, Audience::Holder, language, slots),
        cashier: say(cause, Audience::Cashier, language, slots),
        agent: say(cause, Audience::Agent, language, slots),
    }
}

/// One step of a remedy, its slots filled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Task {
    /// Who does it.
    pub who: Fixer,
    /// What to do.
    pub what: String,
}

/// The steps `audience` is told, in order; at least one.
#[must_use]
pub fn remedy(cause: Cause, audience: Audience, language: Language, slots: &Slots<'_>) -> Vec<Task> {
    let steps = disclosed(cause, audience).remedy;
    steps
        .iter()
        .map(|s| Task { who: s.who, what: fill(s.what.template(language), language, slots) })
        .collect()
}

/// Families of dialects by how they write DE39.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeFamily {
    /// UnionPay terminals and CUPS.
    UnionPay,
    /// ISO 8583:1987.
    Iso87,
    /// ISO 8583:1993.
    Iso93,
    /// ISO 8583:2003.
    Iso2003,
}

/// DE39 of a decline, as its family writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeclineCode {
    /// Two characters (UnionPay, 1987).
    Characters(&'static str),
    /// Three (1993) or four (2003) digits.
    Number(u16),
}

impl fmt::Display for DeclineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeclineCode::Characters(code) => f.write_str(code),
            DeclineCode::Number(code) => write!(f, "{code}"),
        }
    }
}

/// DE39 for `cause` in dialects of `family`.
#[must_use]
pub const fn decline_code(cause: Cause, family: CodeFamily) -> DeclineCode {
    let codes = cause.entry().codes;
    match family {
        CodeFamily::UnionPay => DeclineCode::Characters(codes.unionpay),
        CodeFamily::Iso87 => DeclineCode::Characters(codes.iso87),
        CodeFamily::Iso93 => DeclineCode::Number(codes.iso93),
        CodeFamily::Iso2003 => DeclineCode::Number(codes.iso2003),
    }
}

/// Fills a template: a clause in brackets is dropped unless every slot in it has a value; elsewhere a
/// missing value reads as the slot's neutral wording. The values themselves are never read as templates.
fn fill(template: &str, language: Language, slots: &Slots<'_>) -> String {
    let mut said = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, bracketed)) = rest.split_once('[') {
        let (clause, after) = bracketed.split_once(']').unwrap_or((bracketed, ""));
        fill_plain(before, language, slots, &mut said);
        let mark = said.len();
        if !fill_plain(clause, language, slots, &mut said) {
            said.truncate(mark);
        }
        rest = after;
    }
    fill_plain(rest, language, slots, &mut said);
    said
}

/// Appends `part`, which has no brackets, to `said`; whether every slot in it had a value of its own.
fn fill_plain(part: &str, language: Language, slots: &Slots<'_>, said: &mut String) -> bool {
    let mut complete = true;
    let mut rest = part;
    while let Some((before, braced)) = rest.split_once('{') {
        let (name, after) = braced.split_once('}').unwrap_or((braced, ""));
        said.push_str(before);
        match value(name, language, slots) {
            Some(value) => said.push_str(&value),
            None => {
                complete = false;
                said.push_str(neutral(name, language));
            }
        }
        rest = after;
    }
    said.push_str(rest);
    complete
}

/// What stands for a slot without a value outside of brackets; the other slots do not stand there.
fn neutral(name: &str, language: Language) -> &'static str {
    let wording = match name {
        "card" => text("这张卡", "card"),
        "merchant" => text("这家商户", "this merchant"),
        "contact" => text("发卡行客服（电话见卡背面）", "us at the number on the back of the card"),
        _ => text("", ""),
    };
    wording.template(language)
}

/// The value of the slot of that name, as it is shown.
fn value(name: &str, language: Language, slots: &Slots<'_>) -> Option<String> {
    match name {
        "card" => slots.card.and_then(|digits| show_card(digits, language)),
        "amount" => slots.amount.map(show_money),
        "limit" => slots.limit.map(|quantity| show_quantity(quantity, language)),
        "used" => slots.used.map(|quantity| show_quantity(quantity, language)),
        "left" => slots.left.map(|quantity| show_quantity(quantity, language)),
        "until" => slots.until.and_then(|(at, zone)| show_time(at, zone, language)),
        "merchant" => slots.merchant.and_then(show_name),
        "contact" => slots.contact.and_then(show_name),
        "works" => slots.works.map(|works| show_works(works, language)),
        _ => None,
    }
}

fn show_card(digits: [u8; 4], language: Language) -> Option<String> {
    let digits = std::str::from_utf8(&digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    Some(match language {
        Language::Zh => format!("尾号 {digits} 的卡"),
        Language::En => format!("card ending {digits}"),
    })
}

/// A name from outside: one line, trimmed; an empty one is none.
fn show_name(name: &str) -> Option<String> {
    let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    (!name.is_empty()).then_some(name)
}

/// `¥1,234.50`: the currency's sign or code, thousands in groups, the currency's own decimals.
#[must_use]
pub fn show_money(money: Money) -> String {
    let digits = money.to_string();
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
    let (whole, decimals) = digits.split_once('.').map_or((digits, None), |(w, d)| (w, Some(d)));
    let mut grouped = String::with_capacity(whole.len() * 4 / 3 + 4);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(decimals) = decimals {
        grouped.push('.');
        grouped.push_str(decimals);
    }
    format!("{sign}{}{grouped}", show_currency(money.currency))
}

/// What stands before an amount: a sign where it is unmistakable, else the code of ISO 4217 (in letters for
/// the currencies met most, in digits otherwise) and a space.
fn show_currency(currency: Currency) -> String {
    let letters = match currency.0 {
        156 => return "¥".to_owned(),
        840 => return "$".to_owned(),
        36 => "AUD",
        124 => "CAD",
        344 => "HKD",
        392 => "JPY",
        410 => "KRW",
        446 => "MOP",
        458 => "MYR",
        643 => "RUB",
        702 => "SGD",
        704 => "VND",
        756 => "CHF",
        764 => "THB",
        826 => "GBP",
        901 => "TWD",
        978 => "EUR",
        digits => return format!("{digits:03} "),
    };
    format!("{letters} ")
}

fn show_quantity(quantity: Quantity, language: Language) -> String {
    match (quantity, language) {
        (Quantity::Money(money), Language::Zh | Language::En) => show_money(money),
        (Quantity::Tries(count), Language::Zh) => format!("{count} 次"),
        (Quantity::Tries(1), Language::En) => "1 try".to_owned(),
        (Quantity::Tries(count), Language::En) => format!("{count} tries"),
        (Quantity::Payments(count), Language::Zh) => format!("{count} 笔"),
        (Quantity::Payments(1), Language::En) => "1 payment".to_owned(),
        (Quantity::Payments(count), Language::En) => format!("{count} payments"),
    }
}

fn show_works(works: Works, language: Language) -> String {
    match (works, language) {
        (Works::Credits, Language::Zh) => "工资等收款照常到账".to_owned(),
        (Works::Credits, Language::En) => "money coming in, such as wages, still arrives".to_owned(),
        (Works::CreditsAndAllowance(daily), Language::Zh) => {
            format!("工资等收款照常到账，每天仍可支付 {}", show_money(daily))
        }
        (Works::CreditsAndAllowance(daily), Language::En) => {
            format!(
                "money coming in, such as wages, still arrives, and you can pay {} a day",
                show_money(daily)
            )
        }
    }
}

/// Milliseconds from 1970 to the end of the year 9999, UTC: what a sentence can show.
const SHOWN_MS_MAX: i64 = 253_402_300_799_999;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `11月22日 18:05`, `22 Nov 18:05`, in `zone`; none outside of the years 1970 to 9999, such as "never".
fn show_time(at: Timestamp, zone: Zone, language: Language) -> Option<String> {
    if !(0..=SHOWN_MS_MAX).contains(&at.0) {
        return None;
    }
    let local = zone.local(at);
    let (day, hour, minute) = (local.day_of_month, local.hour(), local.minute());
    Some(match language {
        Language::Zh => format!("{}月{day}日 {hour:02}:{minute:02}", local.month),
        Language::En => format!("{day} {} {hour:02}:{minute:02}", MONTHS.get(usize::from(local.month) - 1)?),
    })
}

#[cfg(test)]
mod tests;
