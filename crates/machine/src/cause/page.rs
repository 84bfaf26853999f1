//! The page `docs/causes.md`, written from the table of causes.
//!
//! Only what the table and `explain` say: no fact of its own. `UPDATE_EXPECT=1` writes it.

use super::*;
use crate::explain::{Audience, Language, Quantity, Slots, Works, disclosed, remedy, say};
use crate::money::{Currency, Money};
use crate::time::{Timestamp, Zone};
use std::fmt::Write;

const INTRODUCTION: &str = "\
# Causes

Why a payment was declined or an account frozen, and what is told about it. This page is written by a test from
the table in `crates/machine/src/cause`; change the table, then run `UPDATE_EXPECT=1 cargo test -p machine page`.

- **Order** is the order of precedence: of several causes that hold, the lowest number decides.
- **Codes** are DE39 as UnionPay, ISO 8583:1987, 1993 and 2003 write it. The cause is the truth, the code is coarser.
- **Class** is the operator's: B may retry, C do not retry, D the operator must act, E system fault.
- **Counts** is what the cause feeds: attempts in a short time, PIN tries, a freeze. System causes feed nothing.
- **Told** is how much holder and cashier may hear. What is told by *category* or *silently* is told to them in one
  text all such causes share, under a neutral name; of a silent one the agent is not shown the reason either.
- At the counter a cause of the family security that a cashier cannot mend goes by the name `not_approved`.

The sentences are shown with the facts of an example: a card ending 1234, ¥1,280.00, a limit of ¥1,000.00 with ¥800.00
used and ¥200.00 left, 22 Nov 18:05. A fact that is not known drops its clause.
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for family in [Family::Card, Family::Transaction, Family::System, Family::Security] {
        let causes = || Cause::ALL.iter().copied().filter(move |cause| cause.entry().family == family);
        let (title, about) = match family {
            Family::Card => ("Card · 卡片", "The card, what is on it and what it may spend."),
            Family::Transaction => {
                ("Transaction · 交易", "This transaction: amount, count, time, place, kind.")
            }
            Family::System => ("System · 系统", "Terminal, network, host, issuer: never the holder's doing."),
            Family::Security => ("Security · 安全", "Possible misuse of the card, PINs, and freezes."),
        };
        let _ = write!(page, "\n## {title}\n\n{about}\n\n");
        page.push_str("| order | cause | title | 标题 | UnionPay | 1987 | 1993 | 2003 | class | fixed by | retry | counts | told |\n");
        page.push_str("| ---: | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        causes().for_each(|cause| row(&mut page, cause));
        causes().for_each(|cause| section(&mut page, cause));
    }
    page
}

fn row(page: &mut String, cause: Cause) {
    let Entry { slug, title, codes, class, fixer, retry, .. } = *cause.entry();
    let Codes { unionpay, iso87, iso93, iso2003 } = codes;
    let (order, fixer, retry) = (cause.rank() + 1, who(fixer).en, again(retry));
    let (counts, told) = (counts(cause.entry().feeds), told(cause));
    let _ = writeln!(
        page,
        "| {order} | [`{slug}`](#{slug}) | {} | {} | {unionpay} | {iso87} | {iso93} | {iso2003} | {class:?} | {fixer} | {retry} | {counts} | {told} |",
        title.en, title.zh,
    );
}

fn section(page: &mut String, cause: Cause) {
    let entry = cause.entry();
    let slots = example(cause);
    let _ = write!(page, "\n### {}\n\n**{}** · {}\n\n", entry.slug, entry.title.zh, entry.title.en);
    page.push_str("| to | 中文 | English |\n| --- | --- | --- |\n");
    for (audience, name) in [
        (Audience::Holder, "holder · 持卡人"),
        (Audience::Cashier, "cashier · 收银员"),
        (Audience::Agent, "agent · 客服"),
    ] {
        let [zh, en] = [Language::Zh, Language::En].map(|language| say(cause, audience, language, &slots));
        let _ = writeln!(page, "| {name} | {zh} | {en} |");
    }
    let public = disclosed(cause, Audience::Holder);
    if public.slug != entry.slug {
        let _ =
            write!(page, "\nGiven out as `{}` ({}, {}).\n", public.slug, public.title.zh, public.title.en);
        steps(page, "Remedy as the holder is told it", cause, Audience::Holder, &slots);
        papers(page, "Papers the holder is asked for", public.documents);
        page.push_str("\nRemedy, inside the bank:\n\n");
        for (number, Step { who: by, what }) in (1..).zip(entry.remedy) {
            let _ = writeln!(page, "{number}. {} · {}: {} · {}", who(*by).zh, who(*by).en, what.zh, what.en);
        }
        papers(page, "Papers, inside the bank", entry.documents);
    } else {
        steps(page, "Remedy", cause, Audience::Holder, &slots);
        papers(page, "Papers for a lift", entry.documents);
    }
}

fn steps(page: &mut String, heading: &str, cause: Cause, audience: Audience, slots: &Slots<'_>) {
    let _ = write!(page, "\n{heading}:\n\n");
    let [zh, en] = [Language::Zh, Language::En].map(|language| remedy(cause, audience, language, slots));
    for (number, (zh, en)) in (1..).zip(zh.iter().zip(&en)) {
        let _ =
            writeln!(page, "{number}. {} · {}: {} · {}", who(zh.who).zh, who(zh.who).en, zh.what, en.what);
    }
}

fn papers(page: &mut String, heading: &str, documents: &[Document]) {
    if documents.is_empty() {
        return;
    }
    let list = |language| documents.iter().map(|d| d.name().template(language)).collect::<Vec<_>>();
    let (zh, en) = (list(Language::Zh).join("、"), list(Language::En).join(", "));
    let _ = write!(page, "\n{heading}: {zh} · {en}.\n");
}

fn who(fixer: Fixer) -> Text {
    match fixer {
        Fixer::Holder => text("持卡人", "holder"),
        Fixer::Cashier => text("收银员", "cashier"),
        Fixer::Merchant => text("商户", "merchant"),
        Fixer::Bank => text("发卡行", "bank"),
        Fixer::Operator => text("运行值班", "operator"),
    }
}

fn again(retry: Retry) -> String {
    match retry {
        Retry::Never => "never".to_owned(),
        Retry::Now => "at once".to_owned(),
        Retry::After(seconds) if seconds % 60 == 0 => format!("after {} min", seconds / 60),
        Retry::After(seconds) => format!("after {seconds} s"),
        Retry::NextPeriod => "next period".to_owned(),
        Retry::AfterRemedy => "after the remedy".to_owned(),
    }
}

fn counts(feeds: Feeds) -> String {
    let names = [(feeds.velocity, "attempts"), (feeds.pin_tries, "PIN tries"), (feeds.freeze, "freeze")];
    let fed: Vec<&str> = names.into_iter().filter_map(|(fed, name)| fed.then_some(name)).collect();
    if fed.is_empty() { "nothing".to_owned() } else { fed.join(", ") }
}

fn told(cause: Cause) -> &'static str {
    match cause.entry().disclosure {
        Disclosure::Full { .. } => "in full",
        Disclosure::Category => "by category",
        Disclosure::Silent => "silently",
    }
}

/// The facts the page fills in; what a cause counts in tries or payments is given so.
fn example(cause: Cause) -> Slots<'static> {
    let yuan = |fen| Money::new(fen, Currency::CNY);
    let slots = Slots {
        card: Some(*b"1234"),
        amount: Some(yuan(128_000)),
        limit: Some(Quantity::Money(yuan(100_000))),
        used: Some(Quantity::Money(yuan(80_000))),
        left: Some(Quantity::Money(yuan(20_000))),
        until: Some((Timestamp(1_795_341_900_000), Zone::CHINA)),
        works: Some(Works::Credits),
        ..Slots::default()
    };
    if cause == Cause::DailyCount {
        return Slots { limit: Some(Quantity::Payments(20)), ..slots };
    }
    if cause == Cause::WrongPin {
        return Slots { left: Some(Quantity::Tries(2)), ..slots };
    }
    slots
}

#[test]
fn the_page_of_causes_is_the_table() {
    let page = page();
    assert!(!page.contains("||") && !page.contains(['{', '}']), "an empty cell or an open slot");
    assert!(page.lines().filter(|line| line.starts_with("### ")).count() == Cause::ALL.len());
    expect_test::expect_file!["../../../../docs/causes.md"].assert_eq(&page);
}
