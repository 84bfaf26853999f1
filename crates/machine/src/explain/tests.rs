//! What is said, with and without the facts of a case.
//!
//! That the table itself is whole is tested beside the causes.

use super::*;
use expect_test::{Expect, expect};

/// 2026-11-22 18:05 in China.
const AT: (Timestamp, Zone) = (Timestamp(1_795_341_900_000), Zone::CHINA);

fn yuan(fen: i64) -> Money {
    Money::new(fen, Currency::CNY)
}

fn all() -> Slots<'static> {
    Slots {
        card: Some(*b"1234"),
        amount: Some(yuan(128_000)),
        limit: Some(Quantity::Money(yuan(100_000))),
        used: Some(Quantity::Money(yuan(80_000))),
        left: Some(Quantity::Money(yuan(20_000))),
        until: Some(AT),
        merchant: Some("街角咖啡"),
        contact: Some("95555"),
        works: Some(Works::Credits),
    }
}

/// Holder, cashier and agent in both languages.
fn check(cause: Cause, slots: &Slots<'_>, expected: Expect) {
    let mut told = String::new();
    for language in [Language::Zh, Language::En] {
        let Reading { holder, cashier, agent } = readings(cause, language, slots);
        told += &format!("{holder}\n{cashier}\n{agent}\n");
    }
    expected.assert_eq(&told);
}

#[test]
fn a_limit_is_explained_with_its_figures() {
    check(
        Cause::DailyLimit,
        &all(),
        expect![[r#"
        尾号 1234 的卡今天的累计付款会超过日累计限额 ¥1,000.00，已用 ¥800.00，还可付 ¥200.00，这笔没有扣款。累计每天重新计算，下次是 11月22日 18:05，您也可以在手机银行调整后再付。
        超过日限额, 请换卡或减少金额
        核对：当日累计，撤销和冲正的不计入，限额 ¥1,000.00，已用 ¥800.00，剩余 ¥200.00，11月22日 18:05 重新计算。告知：超的是日累计限额，账户状态正常。处理：核验身份后调整或登记大额交易报备，可只对当天生效。
        With this payment your card ending 1234 would pass its limit of the day (¥1,000.00); ¥800.00 is used, ¥200.00 is left, so nothing was charged. The count starts afresh every day, next at 22 Nov 18:05; you can also change the limit in the app and pay again.
        Over daily limit. Lower it or swap card.
        Checked: the sum of the day, without voided and reversed ones; limit ¥1,000.00, used ¥800.00, left ¥200.00, afresh at 22 Nov 18:05. Say: only the daily limit was passed; the account is in order. Do: prove identity and change it or enter an announced purchase, for today only if wished.
    "#]],
    );
}

#[test]
fn a_limit_is_explained_without_its_figures() {
    check(
        Cause::DailyLimit,
        &Slots::default(),
        expect![[r#"
        这张卡今天的累计付款会超过日累计限额，这笔没有扣款。累计每天重新计算，您也可以在手机银行调整后再付。
        超过日限额, 请换卡或减少金额
        核对：当日累计，撤销和冲正的不计入。告知：超的是日累计限额，账户状态正常。处理：核验身份后调整或登记大额交易报备，可只对当天生效。
        With this payment your card would pass its limit of the day, so nothing was charged. The count starts afresh every day; you can also change the limit in the app and pay again.
        Over daily limit. Lower it or swap card.
        Checked: the sum of the day, without voided and reversed ones. Say: only the daily limit was passed; the account is in order. Do: prove identity and change it or enter an announced purchase, for today only if wished.
    "#]],
    );
}

#[test]
fn a_wrong_pin_counts_what_is_left() {
    check(
        Cause::WrongPin,
        &Slots { left: Some(Quantity::Tries(1)), ..all() },
        expect![[r#"
        这次输入的密码与尾号 1234 的卡的密码不符，还可以再试 1 次，没有扣款。请重新输入；记不清时先不要再试，您可以在手机银行重设密码。
        密码错误, 请顾客重新输入
        核对：密码比对不符，剩余 1 次。告知：还可以再试，次数用完只锁密码，不冻结账户。处理：记不清的核验身份后重设；绝不询问或代为输入密码。
        The PIN entered does not match that of your card ending 1234; 1 try left, and nothing was charged. Please enter it again; if you are not sure, stop here, and you can reset it in the app.
        Wrong PIN. Ask to enter it again.
        Checked: the PIN did not match; 1 try left. Say: it can be tried again; when tries run out only the PIN locks, not the account. Do: if forgotten, prove identity and reset; never ask for a PIN or enter one.
    "#]],
    );
}

#[test]
fn a_silent_freeze_is_told_in_the_words_all_such_freezes_share() {
    check(
        Cause::FrozenForLaundering,
        &all(),
        expect![[r#"
        我们按程序暂停了尾号 1234 的卡所属账户的业务，下次答复不晚于 11月22日 18:05；工资等收款照常到账。查看进度、提交材料和提出异议仍可在手机银行办理。请携带有效身份证件到任一网点，或联系95555，由专人为您说明。
        未成功, 请换卡或换方式付款
        核对：账户有须由法务岗处理的限制，经办岗看不到原因；下次答复 11月22日 18:05。告知：账户已按程序暂停业务，会有专人联系，可以提交材料和投诉。处理：登记诉求，立即转法务岗，不承诺其他时间。不可说：任何原因或猜测，是否有调查，涉及哪个机关。
        We have paused the account of your card ending 1234 under our procedures; you will hear from us by 22 Nov 18:05; money coming in, such as wages, still arrives. Following progress, handing in papers and objecting still work in the app. Please bring a valid identity paper to any branch or contact 95555; a colleague will explain what can be done.
        Not approved. Use another card.
        Checked: the account carries a restriction only the legal desk handles; the reason is not shown here; next answer by 22 Nov 18:05. Say: the account is paused under our procedures, a colleague will be in touch, papers and complaints are taken. Do: record the request and pass it to the legal desk at once; promise no other time. Do not say: any reason or guess, whether there is an inquiry, or which office.
    "#]],
    );
}

#[test]
fn nothing_leaks_of_what_may_not_be_told() {
    let kept = [Cause::FrozenForLaundering, Cause::FrozenByAuthority, Cause::FrozenByBank];
    for slots in [all(), Slots::default()] {
        for language in [Language::Zh, Language::En] {
            for audience in [Audience::Holder, Audience::Cashier] {
                let model = disclosed(kept[0], audience);
                for cause in kept {
                    assert_eq!(disclosed(cause, audience), model, "{cause:?} differs for {audience:?}");
                    let steps = remedy(cause, audience, language, &slots);
                    let told = steps.iter().map(|task| task.what.as_str()).collect::<String>()
                        + &say(cause, audience, language, &slots)
                        + model.title.template(language)
                        + model.slug;
                    let own = cause.entry();
                    assert!(
                        !told.contains(own.slug) && !told.contains(own.title.template(language)),
                        "{told}"
                    );
                    for word in ["反洗钱", "洗钱", "机关", "法院", "公安", "法律", "冻结", "调查", "资金来源"]
                    {
                        assert!(!told.contains(word), "{word} in {told}");
                    }
                    for word in
                        ["launder", "authority", "court", "police", "legal", "freeze", "frozen", "inquiry"]
                    {
                        assert!(!told.to_lowercase().contains(word), "{word} in {told}");
                    }
                }
            }
        }
    }
    let agent = disclosed(Cause::FrozenForLaundering, Audience::Agent);
    let holder = disclosed(Cause::FrozenForLaundering, Audience::Holder);
    let sentence = agent.sentence;
    assert_eq!(
        agent,
        Disclosed { sentence, ..holder },
        "the agent sees no more than the holder but what to do"
    );
}

#[test]
fn a_veiled_holder_still_learns_channel_papers_date_and_what_works() {
    for language in [Language::Zh, Language::En] {
        let told = say(Cause::FrozenByAuthority, Audience::Holder, language, &all());
        let (works, date) = match language {
            Language::Zh => ("工资", "11月22日 18:05"),
            Language::En => ("wages", "22 Nov 18:05"),
        };
        for part in ["1234", "95555", works, date] {
            assert!(told.contains(part), "{part} is missing: {told}");
        }
    }
    assert!(!disclosed(Cause::FrozenByAuthority, Audience::Holder).documents.is_empty());
}

#[test]
fn lost_stolen_and_frozen_look_alike_at_the_counter() {
    let model = disclosed(Cause::CardLost, Audience::Cashier);
    for cause in [
        Cause::CardStolen,
        Cause::FrozenByRisk,
        Cause::FrozenByHolder,
        Cause::FrozenByAuthority,
        Cause::FrozenForLaundering,
        Cause::CardTesting,
        Cause::FraudScore,
        Cause::RuleRefused,
        Cause::CounterReplayed,
    ] {
        assert_eq!(disclosed(cause, Audience::Cashier), model, "{cause:?}");
    }
}

/// What a badly dropped clause leaves behind.
const SEAMS: [&str; 17] = [
    "  ", " .", " ,", " ;", " ，", " 。", " ；", "，，", "，。", "；。", "；；", "：，", "：；", "：。",
    "（）", "()", ": ,",
];

#[test]
fn no_sentence_shows_its_seams() {
    let slots = [all(), Slots::default(), Slots { left: Some(Quantity::Payments(3)), until: None, ..all() }];
    for cause in Cause::ALL.iter().copied() {
        for slots in &slots {
            for language in [Language::Zh, Language::En] {
                for audience in [Audience::Holder, Audience::Cashier, Audience::Agent] {
                    let steps = remedy(cause, audience, language, slots);
                    let said = std::iter::once(say(cause, audience, language, slots));
                    for said in said.chain(steps.into_iter().map(|task| task.what)) {
                        let clean = !said.contains(['{', '}', '[', ']']) && said == said.trim();
                        assert!(clean && !said.is_empty(), "{cause:?}: {said}");
                        for seam in SEAMS {
                            assert!(!said.contains(seam), "{cause:?}: {seam:?} in {said}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn what_comes_from_outside_is_only_text() {
    let odd = Slots { merchant: Some("a{card}[b]\n\u{7}"), card: Some(*b"12x4"), ..Slots::default() };
    let told = say(Cause::MerchantFrozen, Audience::Holder, Language::En, &odd);
    assert!(
        told.starts_with("We have paused payments to a{card}[b]; nothing was charged to your card,"),
        "{told}"
    );
    let blank = Slots { merchant: Some(" \n"), contact: Some(""), ..Slots::default() };
    let told = say(Cause::MerchantFrozen, Audience::Holder, Language::Zh, &blank);
    assert!(told.starts_with("我们暂停了这家商户的收款，这张卡没有扣款"), "{told}");
    let never = Slots { until: Some((Timestamp(i64::MAX), Zone::CHINA)), ..Slots::default() };
    let told = say(Cause::HostMaintenance, Audience::Holder, Language::Zh, &never);
    assert!(told.starts_with("我们的系统正在维护，"), "{told}");
}

#[test]
fn amounts_and_times_are_shown_as_people_write_them() {
    let check = |minor, currency, expected: &str| {
        assert_eq!(show_money(Money::new(minor, Currency(currency))), expected);
    };
    check(0, 156, "¥0.00");
    check(99_999, 156, "¥999.99");
    check(123_450, 156, "¥1,234.50");
    check(-123_450, 840, "-$1,234.50");
    check(1_234_567, 392, "JPY 1,234,567");
    check(1_234_567, 414, "414 1,234.567");
    check(100, 8, "008 1.00");
    check(i64::MAX, 978, "EUR 92,233,720,368,547,758.07");
    check(i64::MIN, 156, "-¥92,233,720,368,547,758.08");

    let check = |at, zone, expected: [Option<&str>; 2]| {
        let shown =
            [Language::Zh, Language::En].map(|language| show_time(Timestamp(at), Zone(zone), language));
        assert_eq!(shown.each_ref().map(Option::as_deref), expected, "{at} at {zone}");
    };
    check(AT.0.0, 480, [Some("11月22日 18:05"), Some("22 Nov 18:05")]);
    check(AT.0.0, -300, [Some("11月22日 05:05"), Some("22 Nov 05:05")]);
    check(0, 0, [Some("1月1日 00:00"), Some("1 Jan 00:00")]);
    check(-1, 0, [None, None]);
    check(SHOWN_MS_MAX, 1080, [Some("1月1日 17:59"), Some("1 Jan 17:59")]);
    check(i64::MAX, 480, [None, None]);

    let shown = |quantity| [Language::Zh, Language::En].map(|language| show_quantity(quantity, language));
    assert_eq!(shown(Quantity::Tries(2)), ["2 次", "2 tries"]);
    assert_eq!(shown(Quantity::Payments(1)), ["1 笔", "1 payment"]);
    assert_eq!(
        show_works(Works::CreditsAndAllowance(yuan(50_000)), Language::Zh),
        "工资等收款照常到账，每天仍可支付 ¥500.00"
    );
}

#[test]
fn each_dialect_gets_its_own_code() {
    use CodeFamily::{Iso87, Iso93, Iso2003, UnionPay};
    let check = |cause, expected: [&str; 4]| {
        let codes = [UnionPay, Iso87, Iso93, Iso2003].map(|family| decline_code(cause, family).to_string());
        assert_eq!(codes, expected, "{cause:?}");
    };
    check(Cause::InsufficientFunds, ["51", "51", "116", "1016"]);
    check(Cause::CardStolen, ["43", "43", "209", "2009"]);
    check(Cause::FrozenForLaundering, ["62", "62", "104", "1004"]);
    check(Cause::MacError, ["A0", "96", "916", "9116"]);
}
