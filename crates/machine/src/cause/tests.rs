//! The table of causes, whole: every fact decided, every sentence fit to be said.
//!
//! What a sentence says with the facts of a case in it is tested beside `explain`.

use super::*;
use crate::explain::{Audience, Language, Slots, disclosed, say};

/// The 59 answers of Q/CUP 006.6-2015, table A.2, in our own short words.
const UNIONPAY: [(&str, &str); 59] = [
    ("00", "approved"),
    ("01", "ask the issuer"),
    ("03", "merchant not valid"),
    ("04", "keep the card"),
    ("05", "identity not proven"),
    ("10", "approved in part"),
    ("11", "approved, important person"),
    ("12", "related transaction not valid"),
    ("13", "amount not valid"),
    ("14", "no such card or account"),
    ("15", "no such issuer"),
    ("16", "approved, write track 3"),
    ("21", "card not initialised"),
    ("22", "malfunction suspected, related transaction wrong"),
    ("25", "original not found"),
    ("30", "format error"),
    ("34", "fraud suspected, keep the card"),
    ("38", "PIN tries used up, locked"),
    ("40", "function not offered yet"),
    ("41", "reported lost, keep the card"),
    ("43", "reported stolen, keep the card"),
    ("45", "fallback not allowed"),
    ("51", "not enough money"),
    ("54", "expired"),
    ("55", "wrong PIN"),
    ("57", "not permitted to the holder"),
    ("58", "not permitted to the terminal"),
    ("59", "fraud suspected, verification value wrong"),
    ("61", "over a limit of amount"),
    ("62", "restricted card"),
    ("64", "original amount wrong"),
    ("65", "over a limit of number"),
    ("68", "issuer timed out"),
    ("75", "PIN tries used up"),
    ("90", "end of day running"),
    ("91", "issuer cannot operate"),
    ("92", "institution or network not reachable"),
    ("94", "duplicate"),
    ("96", "centre out of order"),
    ("97", "terminal not found"),
    ("98", "centre got no answer from the issuer"),
    ("99", "PIN format error"),
    ("A0", "MAC wrong"),
    ("A1", "transfer currencies differ"),
    ("A2", "approved with a defect, ask the receiving bank"),
    ("A3", "no such account at the receiving bank"),
    ("A4", "approved with a defect"),
    ("A5", "approved with a defect"),
    ("A6", "approved with a defect"),
    ("A7", "security processing failed"),
    ("A8", "region of the receiving card missing"),
    ("B1", "nothing owed"),
    ("C1", "state of the acceptor not valid"),
    ("D1", "institution code wrong"),
    ("P1", "no telephone number on file"),
    ("Y1", "approved off line"),
    ("Y3", "cannot go on line, approved off line"),
    ("Z1", "declined off line"),
    ("Z3", "cannot go on line, declined off line"),
];

/// Codes that are approvals or mean transfers, bills and off-line answers: never a decline of ours.
const NOT_DECLINES: [&str; 21] = [
    "00", "10", "11", "16", "A1", "A2", "A3", "A4", "A5", "A6", "A8", "B1", "D1", "P1", "Y1", "Y3", "Z1",
    "Z3", "04", "34", "38",
];

/// Answers of ISO 8583:1987 that have the card kept.
const KEEP_87: [&str; 10] = ["04", "07", "33", "34", "35", "36", "37", "38", "41", "43"];

/// Result codes of ISO 8583:2003 finer than the action code of 1993 beside them.
const FINER_2003: [(u16, u16); 4] = [(904, 9100), (119, 1030), (114, 1035), (122, 1045)];

/// Every text of a cause that a slot may stand in, with a name for the report.
fn texts(cause: Cause) -> Vec<(String, Text)> {
    let entry = cause.entry();
    let mut texts = vec![("title".to_owned(), entry.title), ("agent".to_owned(), entry.agent)];
    if let Disclosure::Full { holder, cashier } = entry.disclosure {
        texts.extend([("holder".to_owned(), holder), ("cashier".to_owned(), cashier)]);
    }
    let veiled = [Audience::Holder, Audience::Cashier].map(|audience| disclosed(cause, audience));
    texts.extend(veiled.iter().map(|d| ("told".to_owned(), d.sentence)));
    let steps = entry.remedy.iter().chain(veiled.iter().flat_map(|d| d.remedy));
    texts.extend(steps.enumerate().map(|(n, step)| (format!("step {n}"), step.what)));
    texts
}

/// The names of the slots of a template, those inside brackets marked.
fn slots(template: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (at, sign) in template.char_indices() {
        match sign {
            '[' => {
                assert!(!inside, "clauses do not nest: {template}");
                inside = true;
            }
            ']' => {
                assert!(inside, "a clause ends that never began: {template}");
                inside = false;
            }
            '{' => {
                let name = template[at + 1..].split('}').next().unwrap_or_default();
                found.push((name.to_owned(), inside));
            }
            _ => {}
        }
    }
    assert!(!inside, "a clause does not end: {template}");
    assert_eq!(template.matches('{').count(), template.matches('}').count(), "{template}");
    found
}

fn every(check: impl Fn(Cause, &Entry)) {
    Cause::ALL.iter().for_each(|cause| check(*cause, cause.entry()));
}

#[test]
fn nothing_is_left_undecided() {
    every(|cause, entry| {
        assert!(!entry.remedy.is_empty(), "{cause:?} has no remedy");
        for (name, text) in texts(cause) {
            assert!(!text.zh.trim().is_empty() && !text.en.trim().is_empty(), "{cause:?}: {name} is empty");
            assert_eq!(
                (text.zh.trim(), text.en.trim()),
                (text.zh, text.en),
                "{cause:?}: {name} has loose ends"
            );
            let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(han(text.zh) && !han(text.en), "{cause:?}: {name} is in the wrong language");
            let halfwidth = text.zh.chars().any(|c| matches!(c, ';' | '?' | '!' | '"' | ':'));
            assert!(!halfwidth, "{cause:?}: {name} mixes in western punctuation: {}", text.zh);
        }
    });
}

#[test]
fn slugs_are_unique_and_lower_snake_case() {
    let mut slugs: Vec<&str> = Cause::ALL.iter().map(|cause| cause.slug()).collect();
    every(|cause, entry| {
        let variant = format!("{cause:?}");
        let mut expected = String::new();
        for (at, letter) in variant.char_indices() {
            if at > 0 && letter.is_ascii_uppercase() {
                expected.push('_');
            }
            expected.push(letter.to_ascii_lowercase());
        }
        assert_eq!(entry.slug, expected);
        assert_eq!(Cause::by_slug(entry.slug), Some(cause));
    });
    slugs.sort_unstable();
    slugs.dedup();
    assert_eq!(slugs.len(), Cause::ALL.len());
    let neutral =
        [disclosed(Cause::FrozenByBank, Audience::Holder), disclosed(Cause::CardLost, Audience::Cashier)];
    for told in neutral {
        assert_eq!(Cause::by_slug(told.slug), None, "{} names a cause", told.slug);
    }
}

#[test]
fn the_order_of_precedence_is_that_of_the_checks() {
    // One cause of each check, in the order the design gives them.
    let checks = [
        Cause::FormatError,
        Cause::TerminalUnknown,
        Cause::HostMaintenance,
        Cause::CardUnknown,
        Cause::FrozenByRisk,
        Cause::WrongPin,
        Cause::ChannelOff,
        Cause::SingleLimit,
        Cause::FraudScore,
        Cause::InsufficientFunds,
    ];
    assert!(checks.windows(2).all(|pair| pair[0] < pair[1]), "{checks:?}");
    let both: CauseSet = [Cause::InsufficientFunds, Cause::CardExpired].into_iter().collect();
    assert_eq!(both.first(), Some(Cause::CardExpired));
}

#[test]
fn codes_are_answers_their_dialect_knows() {
    every(|cause, entry| {
        let codes = entry.codes;
        assert!(UNIONPAY.iter().any(|(code, _)| *code == codes.unionpay), "{cause:?}: {}", codes.unionpay);
        let may_keep = matches!(cause, Cause::CardLost | Cause::CardStolen);
        assert!(!NOT_DECLINES.contains(&codes.unionpay), "{cause:?}: {} is no decline", codes.unionpay);
        assert!(codes.iso87.len() == 2 && codes.iso87.bytes().all(|b| b.is_ascii_digit()), "{cause:?}");
        assert!((100..300).contains(&codes.iso93) || (900..1000).contains(&codes.iso93), "{cause:?}");
        let (class, rest) = (codes.iso93 / 100, codes.iso93 % 100);
        let mapped = class * 1000 + if class == 9 { 100 } else { 0 } + rest;
        let finer = FINER_2003.contains(&(codes.iso93, codes.iso2003));
        assert!(codes.iso2003 == mapped || finer, "{cause:?}: {} beside {}", codes.iso2003, codes.iso93);
        let keeps = ["04", "34", "41", "43"].contains(&codes.unionpay)
            || KEEP_87.contains(&codes.iso87)
            || class == 2
            || codes.iso2003 / 1000 == 2;
        assert_eq!(keeps, may_keep, "{cause:?}: a card is kept only if reported lost or stolen");
    });
}

#[test]
fn the_published_list_has_the_same_59_codes() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");
    #[expect(clippy::disallowed_methods, reason = "a test finds its vectors; no answer depends on it")]
    let folder = std::env::var("CARDWARDEN_VECTORS").unwrap_or_else(|_| beside.to_owned());
    let Ok(list) = std::fs::read_to_string(format!("{folder}/china.json")) else {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: no vectors beside the project");
        }
        return;
    };
    let (_, list) = list.split_once("\"unionpay_response_codes\"").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let published: Vec<&str> =
        list.split("\"code\": \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(published, UNIONPAY.map(|(code, _)| code));
}

#[test]
fn a_system_fault_is_never_the_holders() {
    every(|cause, entry| {
        if entry.family != Family::System {
            return;
        }
        assert_eq!(entry.feeds, Feeds::NOTHING, "{cause:?} feeds something");
        assert!(entry.documents.is_empty(), "{cause:?} asks the holder for papers");
        assert_ne!(entry.fixer, Fixer::Holder, "{cause:?} is for the holder to fix");
        assert!(matches!(entry.class, OperatorClass::B | OperatorClass::D | OperatorClass::E), "{cause:?}");
        assert!(
            ![102, 106, 117, 119, 121, 122, 123, 129].contains(&entry.codes.iso93),
            "{cause:?} blames the card"
        );
        // The second step may be his: to enter a PIN again. The first is not.
        assert_ne!(entry.remedy[0].who, Fixer::Holder, "{cause:?} sets the holder to work first");
    });
}

#[test]
fn what_a_cause_feeds_is_bounded() {
    every(|cause, entry| {
        let feeds = entry.feeds;
        assert_eq!(
            feeds.pin_tries,
            cause == Cause::WrongPin,
            "{cause:?}: only a compared PIN counts as a try"
        );
        assert!(feeds.velocity || (!feeds.freeze && !feeds.pin_tries), "{cause:?}");
        let follows_freeze =
            feeds.freeze || entry.slug.starts_with("frozen_") || cause == Cause::MerchantFrozen;
        assert_eq!(!entry.documents.is_empty(), follows_freeze, "{cause:?}: papers go with a freeze");
    });
    assert!(!Cause::InsufficientFunds.entry().feeds.freeze, "an empty account is no reason to freeze it");
}

#[test]
fn class_fixer_and_retry_agree() {
    every(|cause, entry| {
        assert_ne!(entry.class, OperatorClass::A, "{cause:?} is no success");
        let retry = entry.retry;
        if let Retry::After(seconds) = retry {
            assert!((1..=86_400).contains(&seconds), "{cause:?}");
        }
        match entry.class {
            OperatorClass::B => assert_ne!(retry, Retry::Never, "{cause:?}: class B may be tried again"),
            OperatorClass::C => assert_ne!(retry, Retry::Now, "{cause:?}: class C is not to be tried again"),
            OperatorClass::A | OperatorClass::D | OperatorClass::E => {}
        }
        let who: Vec<Fixer> = entry.remedy.iter().map(|step| step.who).collect();
        assert!(who.contains(&entry.fixer), "{cause:?}: who can fix it has no step in {who:?}");
    });
}

#[test]
fn both_languages_use_the_same_slots_and_only_known_ones() {
    let known = ["card", "amount", "limit", "used", "left", "until", "merchant", "contact", "works"];
    every(|cause, _| {
        for (name, text) in texts(cause) {
            let (mut zh, mut en) = (slots(text.zh), slots(text.en));
            for (slot, inside) in zh.iter().chain(&en) {
                assert!(known.contains(&slot.as_str()), "{cause:?}: {name}: no slot {slot}");
                let neutral = ["card", "merchant", "contact"].contains(&slot.as_str());
                assert!(*inside || neutral, "{cause:?}: {name}: {{{slot}}} must stand in brackets");
            }
            zh.sort();
            en.sort();
            assert_eq!(zh, en, "{cause:?}: {name}");
            let plain = name == "title" || name == "cashier";
            assert!(!plain || zh.is_empty(), "{cause:?}: {name} has slots");
        }
    });
}

#[test]
fn the_cashiers_line_fits_the_screen() {
    every(|cause, _| {
        let line = |language| say(cause, Audience::Cashier, language, &Slots::default());
        let zh = line(Language::Zh);
        let (bytes, _, unmappable) = encoding_rs::GBK.encode(&zh);
        assert!(!unmappable && bytes.len() <= 40, "{cause:?}: {} bytes of GBK: {zh}", bytes.len());
        let en = line(Language::En);
        assert!(en.is_ascii() && en.len() <= 40, "{cause:?}: {} characters: {en}", en.len());
        for word in ["挂失", "被盗", "失窃", "冻结", "法", "余额", "风险", "伪", "没收", "扣留"]
        {
            assert!(!zh.contains(word), "{cause:?} tells the counter {word}: {zh}");
        }
        for word in
            ["lost", "stolen", "frozen", "fraud", "money", "funds", "police", "keep", "seize", "retain"]
        {
            assert!(!en.to_lowercase().contains(word), "{cause:?} tells the counter {word}: {en}");
        }
    });
}

#[test]
fn an_unknown_outcome_is_never_charged_again() {
    for cause in [Cause::TooLate, Cause::IssuerSilent, Cause::StorageFailed] {
        let Disclosure::Full { holder, cashier } = cause.entry().disclosure else { panic!("{cause:?}") };
        assert_eq!(cashier, CHECKING, "{cause:?}");
        assert!(holder.zh.contains("核对"), "{cause:?}");
        assert_ne!(cause.entry().retry, Retry::Now, "{cause:?}");
    }
}

/// Words that blame or frighten; none is said to a holder.
const BLAME_ZH: [&str; 17] = [
    "你",
    "您的账户异常",
    "异常",
    "违规",
    "违法",
    "非法",
    "嫌疑",
    "可疑",
    "涉嫌",
    "欺诈",
    "作弊",
    "诈骗",
    "洗钱",
    "黑名单",
    "失信",
    "拒绝",
    "犯罪",
];
const BLAME_EN: [&str; 12] = [
    "violat",
    "suspici",
    "suspect",
    "illegal",
    "fraud",
    "crime",
    "criminal",
    "launder",
    "blacklist",
    "your fault",
    "you failed",
    "you did not pay",
];

#[test]
fn the_holder_is_told_who_acts_and_what_next() {
    every(|cause, _| {
        let told = disclosed(cause, Audience::Holder);
        let steps = told.remedy.iter().map(|step| step.what);
        for text in [told.sentence, told.title].into_iter().chain(steps) {
            let en = text.en.to_lowercase();
            let zh = BLAME_ZH.iter().find(|word| text.zh.contains(**word));
            let en = BLAME_EN.iter().find(|word| en.contains(**word));
            assert_eq!((zh, en), (None, None), "{cause:?}: {text:?}");
        }
        let Text { zh, en } = told.sentence;
        assert!(zh.contains("{card}"), "{cause:?} does not name the card");
        assert!(zh.contains('您') || zh.contains("我们") || zh.contains('请'), "{cause:?}: {zh}");
        let sentences: Vec<&str> = zh.split_terminator('。').collect();
        assert!((1..=3).contains(&sentences.len()), "{cause:?}: {} sentences", sentences.len());
        assert!(zh.ends_with('。') && en.ends_with('.'), "{cause:?}: a sentence ends in a full stop");
        let last = sentences[sentences.len() - 1];
        assert!(
            last.contains('请') || last.contains("您可以") || last.contains("您也可以"),
            "{cause:?}: {last}"
        );
        let last = en.rsplit(". ").next().unwrap_or_default().to_lowercase();
        let next = ["please", "you can"].iter().any(|words| last.contains(words));
        assert!(next, "{cause:?}: {last}");
    });
}

#[test]
fn the_agent_knows_what_was_checked_what_to_say_and_what_to_do() {
    every(|cause, entry| {
        let order = |text: &str, marks: &[&str]| {
            let at: Vec<Option<usize>> = marks.iter().map(|mark| text.find(mark)).collect();
            assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{cause:?}: {marks:?} in {text}");
        };
        order(entry.agent.zh, &["核对：", "告知：", "处理："]);
        order(entry.agent.en, &["Checked: ", "Say: ", "Do: "]);
        if matches!(entry.disclosure, Disclosure::Category | Disclosure::Silent) {
            order(entry.agent.zh, &["处理：", "不可说："]);
            order(entry.agent.en, &["Do: ", "Do not say: "]);
        }
        if entry.disclosure == Disclosure::Silent {
            assert!(entry.agent.zh.contains("法务岗") && entry.agent.en.contains("legal desk"), "{cause:?}");
            assert!(
                !entry.agent.zh.contains(entry.title.zh) && !entry.agent.zh.contains("洗钱"),
                "{cause:?}"
            );
            assert!(!entry.agent.en.to_lowercase().contains("launder"), "{cause:?}");
        }
    });
}

#[test]
fn only_freezes_are_kept_from_the_holder() {
    let kept: Vec<Cause> = Cause::ALL
        .iter()
        .copied()
        .filter(|c| !matches!(c.entry().disclosure, Disclosure::Full { .. }))
        .collect();
    assert_eq!(kept, [Cause::FrozenByAuthority, Cause::FrozenForLaundering, Cause::FrozenByBank]);
    // Told apart by nothing the outside sees, the codes on the wire included.
    for cause in kept {
        let entry = cause.entry();
        let model = Cause::FrozenByBank.entry();
        assert_eq!(
            (entry.codes, entry.class, entry.retry),
            (model.codes, model.class, model.retry),
            "{cause:?}"
        );
    }
}
