//! Causes of the family *transaction*: this transaction: amount, count, time, place, kind.
//!
//! Only what is true of a cause itself; how it is found lives in `apply`, how it is said in `explain`.

#![expect(
    non_upper_case_globals,
    reason = "each is named as its variant of `Cause`, so that one list declares both"
)]

use super::{
    ANOTHER_CARD, Disclosure, Document, Entry, Family, Feeds, Fixer, OperatorClass, Retry, codes, step, text,
};

pub(super) static OriginalUnknown: Entry = Entry {
    slug: "original_unknown",
    family: Family::Transaction,
    title: text("找不到原交易", "Original not found"),
    codes: codes("25", "25", 914, 9114),
    class: OperatorClass::C,
    fixer: Fixer::Cashier,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "我们没有找到要撤销或退回的原交易，{card}余额没有变化。请把签购单交给收银员核对原交易，也可以在手机银行查这笔的检索参考号。",
            "We did not find the original payment to be cancelled or refunded, and the balance of your {card} is unchanged. Please show the cashier your slip so that the original can be checked; you can also find its reference number in the app.",
        ),
        cashier: text("查无原交易, 请核对凭证号和批次", "No original. Check voucher and batch."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "核对原签购单上的凭证号、批次号和日期",
            "Check voucher number, batch and date on the original slip",
        ),
        step(
            Fixer::Cashier,
            "隔日的交易改用退货，不用撤销",
            "For a sale of an earlier day use refund, not void",
        ),
        step(Fixer::Bank, "凭检索参考号查找原交易", "Find the original by its retrieval reference number"),
    ],
    documents: &[],
    agent: text(
        "核对：按终端、批次、凭证号没有匹配的原交易。告知：钱没有动，退款还没有发出。处理：凭检索参考号或日期金额找出原交易，把正确的凭证号告诉商户；隔日的请商户走退货。",
        "Checked: no original matches terminal, batch and voucher number. Say: no money moved; the refund has not been sent yet. Do: find the original by reference number or date and amount, and give the merchant the right voucher number; for an earlier day have it done as a refund.",
    ),
};

pub(super) static OriginalMismatch: Entry = Entry {
    slug: "original_mismatch",
    family: Family::Transaction,
    title: text("与原交易不符", "Differs from its original"),
    codes: codes("22", "12", 902, 9102),
    class: OperatorClass::C,
    fixer: Fixer::Cashier,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "这次操作与原交易的卡、商户或币种不一致，我们没有处理，{card}余额没有变化。请使用原来付款的那张卡，并带上签购单到原商户办理。",
            "This differs from the original payment in card, merchant or currency, so we did not process it; the balance of your {card} is unchanged. Please use the card you paid with and bring the slip to the merchant you paid.",
        ),
        cashier: text("与原交易不符, 请用原卡原终端", "Differs from original. Use same card."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "请顾客出示原付款卡，核对签购单",
            "Ask for the card first paid with and compare the slip",
        ),
        step(
            Fixer::Cashier,
            "用正确的卡和凭证号重新发起",
            "Start again with the right card and voucher number",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：找到原交易，但卡、商户或币种不同。告知：钱没有动，退款须退回原付款卡。处理：告诉商户正确的原卡后四位和凭证号；原卡已换发的，凭检索参考号人工办理。",
        "Checked: the original exists, but card, merchant or currency differ. Say: no money moved; a refund goes back to the card first paid with. Do: give the merchant the last four digits and voucher number of the original; if that card was replaced, handle it by reference number.",
    ),
};

pub(super) static OriginalSpent: Entry = Entry {
    slug: "original_spent",
    family: Family::Transaction,
    title: text("原交易已处理完毕", "Original already settled with"),
    codes: codes("12", "12", 902, 9102),
    class: OperatorClass::C,
    fixer: Fixer::Cashier,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔原交易已经撤销、退款或完成过，我们没有再处理一次，{card}余额没有变化。您可以在手机银行查看那一次的结果，有出入请联系{contact}。",
            "This original was already cancelled, refunded or completed, so we did not do it again; the balance of your {card} is unchanged. You can see that result in the app; if it differs from what you expect, please contact {contact}.",
        ),
        cashier: text("原交易已处理, 请勿重复操作", "Already processed. Do not repeat it."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "查询原交易的最终状态，不再重复操作",
            "Look up the final state of the original; do not repeat it",
        ),
        step(Fixer::Holder, "在手机银行核对退款或撤销记录", "Check the refund or cancellation in the app"),
    ],
    documents: &[],
    agent: text(
        "核对：原交易已撤销、冲正、完成、释放或全额退货，查其时间和参考号。告知：哪一天、以哪种方式处理过。处理：持卡人没见到入账的，给出入账日和参考号；确有差错的登记调账工单。",
        "Checked: the original was voided, reversed, captured, released or fully refunded; see when and under which reference. Say: on which day and in which way. Do: if the holder sees no credit, give its date and reference; raise an adjustment where something is wrong.",
    ),
};

pub(super) static AmountOverOriginal: Entry = Entry {
    slug: "amount_over_original",
    family: Family::Transaction,
    title: text("金额超过原交易可用额", "More than the original leaves"),
    codes: codes("64", "64", 110, 1010),
    class: OperatorClass::C,
    fixer: Fixer::Cashier,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这次的金额[（{amount}）]超过了原交易还剩的金额[（{left}）]，我们没有处理，{card}余额没有变化。请和收银员核对金额后重新办理。",
            "The amount asked for[ ({amount})] is more than the original payment leaves[ ({left})], so we did not process it; the balance of your {card} is unchanged. Please check the amount with the cashier and let it be entered again.",
        ),
        cashier: text("金额超过原交易, 请核对后重做", "Over the original. Check and redo."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "核对原金额和已退、已完成的金额",
            "Check the original amount and what was already refunded or completed",
        ),
        step(Fixer::Cashier, "用不超过剩余的金额重新发起", "Start again with no more than what is left"),
    ],
    documents: &[],
    agent: text(
        "核对：[剩余 {left}，本次 {amount}，]退货或完成的累计金额超过原交易。告知：钱没有动，金额改对即可再办。处理：列出已退和已完成的明细，请商户按剩余金额重做。",
        "Checked: [{left} is left, {amount} was asked for; ]refunds or completions together exceed the original. Say: no money moved; it works with the right amount. Do: list what was refunded or completed and have the merchant redo it with what is left.",
    ),
};

pub(super) static AmountInvalid: Entry = Entry {
    slug: "amount_invalid",
    family: Family::Transaction,
    title: text("金额无效", "Invalid amount"),
    codes: codes("13", "13", 110, 1010),
    class: OperatorClass::B,
    fixer: Fixer::Cashier,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "终端送来的金额为零或无法读取，我们没有受理，{card}没有扣款。请让收银员重新输入金额。",
            "The amount the terminal sent was zero or unreadable, so we did not take it and nothing was charged to your {card}. Please let the cashier enter the amount again.",
        ),
        cashier: text("金额有误, 请重新输入金额", "Invalid amount. Enter it again."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "重新输入正确的金额", "Enter the right amount again"),
        step(
            Fixer::Merchant,
            "反复出现时检查收银系统传来的金额",
            "If it recurs, check what the till hands to the terminal",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：金额为零、负数或无法读取。告知：没有扣款，重新输入即可。处理：同一终端反复出现的，请商户检查收银系统接口。",
        "Checked: the amount was zero, negative or unreadable. Say: nothing was charged; entering it again is enough. Do: if one terminal repeats it, have the merchant check the till's interface.",
    ),
};

pub(super) static NotSupported: Entry = Entry {
    slug: "not_supported",
    family: Family::Transaction,
    title: text("不支持此类交易", "Kind of transaction not supported"),
    codes: codes("40", "40", 115, 1015),
    class: OperatorClass::C,
    fixer: Fixer::Merchant,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "我们或{card}所属账户目前不支持这一类交易，没有扣款。请改用普通消费，或换一种方式付款。",
            "We, or the account of your {card}, do not offer this kind of transaction, and nothing was charged. Please ask for an ordinary sale, or pay another way.",
        ),
        cashier: text("不支持此交易, 请改用普通消费", "Not supported. Use an ordinary sale."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "改用普通消费，或换一种方式收款",
            "Use an ordinary sale, or take payment another way",
        ),
        step(
            Fixer::Merchant,
            "需要此类交易时向收单机构申请开通",
            "If this kind is needed, ask the acquirer to enable it",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：主机或账户类型不提供这类交易。告知：没有扣款，普通消费不受影响。处理：账户可以开通的引导办理；商户需要的转收单机构。",
        "Checked: host or account type does not offer this kind. Say: nothing was charged; ordinary sales work. Do: if the account can be enabled, help with that; if the merchant needs it, refer to the acquirer.",
    ),
};

pub(super) static CurrencyMismatch: Entry = Entry {
    slug: "currency_mismatch",
    family: Family::Transaction,
    title: text("币种不一致", "Account kept in another currency"),
    codes: codes("57", "57", 119, 1030),
    class: OperatorClass::C,
    fixer: Fixer::Merchant,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}所属账户不支持这笔交易的币种，没有扣款。请商户改用账户币种收款，或换一张支持该币种的卡。",
            "The account of your {card} is kept in another currency than this payment, and nothing was charged. Please ask the merchant to charge in the account's currency, or use a card that takes this one.",
        ),
        cashier: text("币种不符, 请改币种或换卡", "Currency not taken. Change it or card."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "改用账户币种收款，或请顾客换卡",
            "Charge in the account's currency, or ask for another card",
        ),
        step(
            Fixer::Merchant,
            "经常遇到时向收单机构申请多币种收款",
            "If it happens often, ask the acquirer for more currencies",
        ),
        step(Fixer::Holder, "需要外币消费时申请多币种卡", "For payments abroad, order a multi-currency card"),
    ],
    documents: &[],
    agent: text(
        "核对：交易币种与账户币种不同，且未开通换汇。告知：没有扣款，换币种或换卡即可。处理：按需办理多币种或外币账户；商户币种设错的请其更正。",
        "Checked: the payment's currency differs from the account's and conversion is not enabled. Say: nothing was charged; another currency or card will do. Do: offer a multi-currency account; if the merchant set the wrong currency, have it corrected.",
    ),
};

pub(super) static MerchantFrozen: Entry = Entry {
    slug: "merchant_frozen",
    family: Family::Transaction,
    title: text("商户收款已暂停", "Merchant suspended"),
    codes: codes("03", "03", 109, 1009),
    class: OperatorClass::D,
    fixer: Fixer::Merchant,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "我们暂停了{merchant}的收款，{card}没有扣款，与您的卡无关。请用其他方式付款；已付款的交易和退款不受影响，有疑问请联系{contact}。",
            "We have paused payments to {merchant}; nothing was charged to your {card}, and the card is not the cause. Please pay another way; earlier payments and refunds go on as usual, and for questions please contact {contact}.",
        ),
        cashier: text("暂停收款, 请店主联系收单机构", "Paused. Owner: call the acquirer."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "用其他方式收款，并告知店主", "Take payment another way and tell the owner"),
        step(
            Fixer::Merchant,
            "向收单机构了解需要补充的材料并提交",
            "Ask the acquirer which papers are needed and hand them in",
        ),
        step(Fixer::Operator, "审核通过后恢复收款", "Restore payments once the review is passed"),
    ],
    documents: &[Document::Identity, Document::BusinessLicence, Document::Receipt, Document::Statement],
    agent: text(
        "核对：商户处于暂停状态，查暂停日期、经办人[和复核日期 {until}]。告知：与持卡人和卡无关，退款照常。处理：商户来电的，说明材料清单和提交入口；不向持卡人谈论商户被暂停的原因。",
        "Checked: the merchant is suspended; see since when and by whom[, and the review on {until}]. Say: neither holder nor card is the cause; refunds go on. Do: tell a merchant who calls which papers are needed and where to hand them in; do not discuss the ground with cardholders.",
    ),
};

pub(super) static ChannelOff: Entry = Entry {
    slug: "channel_off",
    family: Family::Transaction,
    title: text("此用卡方式已关闭", "This way of using the card is off"),
    codes: codes("57", "57", 119, 1019),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}关闭了这种用卡方式，我们按设置没有放行，没有扣款。您可以在手机银行“用卡开关”里打开后再试，或换一种方式付款。",
            "This way of paying is switched off for your {card}, so we followed that setting and nothing was charged. You can switch it on under \"Card switches\" in the app and try again, or pay another way.",
        ),
        cashier: text("未成功, 请换插卡或其他方式", "Not approved. Insert or pay another way."),
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "在手机银行打开相应的用卡开关", "Switch this way of paying on in the app"),
        step(Fixer::Holder, "打开后重新付款，或改用其他方式", "Then pay again, or pay another way"),
    ],
    documents: &[],
    agent: text(
        "核对：持卡人或银行关闭了这个渠道，查何时由谁关闭。告知：这是用卡开关的设置，打开即可使用。处理：核验身份后协助打开；持卡人说没关过的，查操作记录。",
        "Checked: this channel is switched off; see when and by whom. Say: it is a setting of the card and works once switched on. Do: prove identity and help switch it on; if the holder did not switch it off, look at the record of changes.",
    ),
};

pub(super) static CountryOff: Entry = Entry {
    slug: "country_off",
    family: Family::Transaction,
    title: text("此国家或地区用卡已关闭", "Use in this country is off"),
    codes: codes("57", "57", 119, 1019),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}没有开通在这个国家或地区使用，我们按设置没有放行，没有扣款。您可以在手机银行做出行报备，生效后再付款。",
            "Your {card} is not switched on for this country or region, so we followed that setting and nothing was charged. You can announce your trip in the app and pay once that is done.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(
            Fixer::Holder,
            "在手机银行做出行报备或打开地区开关",
            "Announce the trip or switch the country on in the app",
        ),
        step(Fixer::Holder, "生效后重新付款", "Pay again once it is in force"),
    ],
    documents: &[],
    agent: text(
        "核对：交易地不在已开通的国家或地区内。告知：做出行报备后即可使用。处理：核验身份后代为报备并约定返程日期；持卡人不在当地的，按盗用风险处理，建议换卡。",
        "Checked: the country of the payment is not switched on. Say: it works once the trip is announced. Do: prove identity, enter the trip and its end; if the holder is not there, treat it as misuse and offer a replacement.",
    ),
};

pub(super) static NightOff: Entry = Entry {
    slug: "night_off",
    family: Family::Transaction,
    title: text("夜间用卡已关闭", "Use at night is off"),
    codes: codes("57", "57", 119, 1019),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}设置了夜间不付款，我们按设置没有放行，没有扣款。您可以[在 {until} 之后付款，或]在手机银行打开夜间开关后再试。",
            "Your {card} is set not to pay at night, so we followed that setting and nothing was charged. You can [pay after {until}, or ]switch night use on in the app and try again.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "在手机银行打开夜间用卡开关", "Switch night use on in the app"),
        step(Fixer::Holder, "或等夜间时段过后再付款", "Or pay when the night is over"),
    ],
    documents: &[],
    agent: text(
        "核对：账户所在时区的夜间时段，夜间开关关闭。告知：打开开关[，或等到 {until}，]即可付款。处理：核验身份后协助打开；提醒可只开一次。",
        "Checked: it is night in the account's zone and night use is off. Say: it works once switched on[ or after {until}]. Do: prove identity and help switch it on; mention that it can be for once.",
    ),
};

pub(super) static CategoryOff: Entry = Entry {
    slug: "category_off",
    family: Family::Transaction,
    title: text("此类商户用卡已关闭", "Use at this kind of merchant is off"),
    codes: codes("57", "57", 119, 1019),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}没有开通在{merchant}所属的商户类别付款，我们按设置没有放行，没有扣款。您可以在手机银行“用卡开关”里调整后再试，或换一种方式付款。",
            "Your {card} is set not to pay at the kind of shop {merchant} is, so we followed that setting and nothing was charged. You can change it under \"Card switches\" in the app and try again, or pay another way.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "在手机银行调整商户类别开关", "Change the merchant categories in the app"),
        step(Fixer::Holder, "调整后重新付款，或换一种方式", "Then pay again, or pay another way"),
    ],
    documents: &[],
    agent: text(
        "核对：商户类别码在关闭的类别内，查由持卡人、监护人还是银行设置。告知：这是用卡开关的设置。处理：本人设置的协助调整；监护人或单位设置的，请设置人办理；类别码登记有误的转收单机构更正。",
        "Checked: the merchant category is switched off; see whether by holder, guardian or bank. Say: it is a setting of the card. Do: help change one's own setting; one set by a guardian or employer is theirs to change; a wrong category is for the acquirer to correct.",
    ),
};

pub(super) static SingleLimit: Entry = Entry {
    slug: "single_limit",
    family: Family::Transaction,
    title: text("超过单笔限额", "Over the limit of one transaction"),
    codes: codes("61", "61", 121, 1021),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔[ {amount} ]交易超过了{card}单笔限额[ {limit}]，没有扣款。您可以在手机银行调整限额，或换一种方式付款。",
            "This payment[ of {amount}] is over the limit of one transaction[ ({limit})] of your {card}, and nothing was charged. You can change the limit in the app, or pay another way.",
        ),
        cashier: text("超过单笔限额, 请换卡或换方式", "Over single limit. Use another card."),
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(
            Fixer::Holder,
            "在手机银行调整单笔限额，或做大额交易报备",
            "Raise the limit in the app, or announce the large purchase",
        ),
        step(Fixer::Holder, "调整后重新付款，或换卡", "Then pay again, or use another card"),
        step(
            Fixer::Bank,
            "超出自助调整上限的，凭身份证件在网点办理",
            "Beyond what the app allows, change it at a branch with an identity paper",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：[单笔限额 {limit}，这笔 {amount}；]区分持卡人设置与银行上限。告知：超的是单笔限额，账户状态正常。处理：核验身份后调整或登记大额交易报备，可只对一笔生效。",
        "Checked: [the single limit is {limit}, this one {amount}; ]tell the holder's own setting from the bank's ceiling. Say: only the single limit was passed; the account is in order. Do: prove identity and change it or enter an announced purchase, for one payment if wished.",
    ),
};

pub(super) static DailyLimit: Entry = Entry {
    slug: "daily_limit",
    family: Family::Transaction,
    title: text("超过日累计限额", "Over the limit of the day"),
    codes: codes("61", "61", 121, 1021),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::NextPeriod,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}今天的累计付款会超过日累计限额[ {limit}][，已用 {used}][，还可付 {left}]，这笔没有扣款。累计每天重新计算[，下次是 {until}]，您也可以在手机银行调整后再付。",
            "With this payment your {card} would pass its limit of the day[ ({limit})][; {used} is used][, {left} is left], so nothing was charged. The count starts afresh every day[, next at {until}]; you can also change the limit in the app and pay again.",
        ),
        cashier: text("超过日限额, 请换卡或减少金额", "Over daily limit. Lower it or swap card."),
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(
            Fixer::Holder,
            "付不超过剩余额度的金额，或换卡",
            "Pay no more than what is left, or use another card",
        ),
        step(
            Fixer::Holder,
            "在手机银行调整日累计限额，或做大额交易报备",
            "Raise the daily limit in the app, or announce the large purchase",
        ),
        step(
            Fixer::Bank,
            "超出自助调整上限的，凭身份证件在网点办理",
            "Beyond what the app allows, change it at a branch with an identity paper",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：当日累计，撤销和冲正的不计入[，限额 {limit}][，已用 {used}][，剩余 {left}][，{until} 重新计算]。告知：超的是日累计限额，账户状态正常。处理：核验身份后调整或登记大额交易报备，可只对当天生效。",
        "Checked: the sum of the day, without voided and reversed ones[; limit {limit}][, used {used}][, left {left}][, afresh at {until}]. Say: only the daily limit was passed; the account is in order. Do: prove identity and change it or enter an announced purchase, for today only if wished.",
    ),
};

pub(super) static MonthlyLimit: Entry = Entry {
    slug: "monthly_limit",
    family: Family::Transaction,
    title: text("超过月累计限额", "Over the limit of the month"),
    codes: codes("61", "61", 121, 1021),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::NextPeriod,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}本月的累计付款会超过月累计限额[ {limit}][，已用 {used}][，还可付 {left}]，这笔没有扣款。累计每月重新计算[，下次是 {until}]，您也可以在手机银行调整后再付。",
            "With this payment your {card} would pass its limit of the month[ ({limit})][; {used} is used][, {left} is left], so nothing was charged. The count starts afresh every month[, next at {until}]; you can also change the limit in the app and pay again.",
        ),
        cashier: text("超过月限额, 请换卡或减少金额", "Over month limit. Lower it or swap card."),
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(
            Fixer::Holder,
            "付不超过剩余额度的金额，或换卡",
            "Pay no more than what is left, or use another card",
        ),
        step(Fixer::Holder, "在手机银行调整月累计限额", "Raise the monthly limit in the app"),
        step(
            Fixer::Bank,
            "超出自助调整上限的，凭身份证件在网点办理",
            "Beyond what the app allows, change it at a branch with an identity paper",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：当月累计，撤销和冲正的不计入[，限额 {limit}][，已用 {used}][，剩余 {left}][，{until} 重新计算]。告知：超的是月累计限额，账户状态正常。处理：核验身份后调整；账户类型本身有上限的，说明如何升级账户。",
        "Checked: the sum of the month, without voided and reversed ones[; limit {limit}][, used {used}][, left {left}][, afresh at {until}]. Say: only the monthly limit was passed; the account is in order. Do: prove identity and change it; if the type of account caps it, explain how to upgrade.",
    ),
};

pub(super) static DailyCount: Entry = Entry {
    slug: "daily_count",
    family: Family::Transaction,
    title: text("超过日累计笔数", "Over the number of the day"),
    codes: codes("65", "65", 123, 1023),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::NextPeriod,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}今天的付款笔数已到上限[ {limit}]，这笔没有扣款。笔数每天重新计算[，下次是 {until}]，您也可以在手机银行调整后再付，或换一张卡。",
            "Your {card} has reached its number of payments of the day[ ({limit})], and nothing was charged. The count starts afresh every day[, next at {until}]; you can also change it in the app and pay again, or use another card.",
        ),
        cashier: text("今日笔数已满, 请换卡付款", "Daily count reached. Use another card."),
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "换卡付款，或等次日重新计算", "Use another card, or wait for the next day"),
        step(Fixer::Holder, "在手机银行调整日累计笔数", "Raise the daily number in the app"),
    ],
    documents: &[],
    agent: text(
        "核对：当日笔数，重复报文和冲正不计入[，上限 {limit}][，{until} 重新计算]。告知：到了当日笔数上限，账户状态正常。处理：核验身份后调整，或建议合并付款。",
        "Checked: the number of the day, without repeats and reversals[; at most {limit}][, afresh at {until}]. Say: only the number of the day was reached; the account is in order. Do: prove identity and change it, or suggest joining payments.",
    ),
};

pub(super) static TooFrequent: Entry = Entry {
    slug: "too_frequent",
    family: Family::Transaction,
    title: text("短时间内付款过多", "Too many in a short time"),
    codes: codes("65", "65", 123, 1023),
    class: OperatorClass::B,
    fixer: Fixer::Holder,
    retry: Retry::After(600),
    disclosure: Disclosure::Full {
        holder: text(
            "{card}短时间内付款次数较多，为了保护这张卡，我们先暂缓了这笔，没有扣款。请稍后再试[（{until} 之后）]；如果不是您本人在付款，请立即在手机银行冻结这张卡。",
            "There were many payments with your {card} in a short time; to protect it we held this one back and nothing was charged. Please try again later[ (after {until})]; if it is not you who is paying, please freeze the card in the app at once.",
        ),
        cashier: text("未成功, 请稍后再试或换卡", "Not approved. Try later or swap card."),
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(
            Fixer::Cashier,
            "确认前几笔是否已成功，避免重复收款",
            "See whether earlier attempts went through, so as not to charge twice",
        ),
        step(Fixer::Holder, "稍等后再试，或换卡", "Wait and try again, or use another card"),
        step(
            Fixer::Holder,
            "不是本人付款的，立即冻结并联系发卡行",
            "If it is not you, freeze the card and call the issuer",
        ),
    ],
    documents: &[Document::Identity],
    agent: text(
        "核对：短时间内的尝试次数超过上限[，{until} 后恢复]。告知：这是时间间隔的限制，稍后可再付；不说具体次数和时间窗。处理：逐笔请持卡人确认是否本人；否认的立即冻结并换卡；已被冻结的，本人核验身份后解冻。",
        "Checked: attempts in a short time passed the limit[; it is over at {until}]. Say: it is a matter of time and works again later; do not name counts or windows. Do: go through the payments with the holder; if denied, freeze and replace; if already frozen, lift after proof of identity.",
    ),
};

pub(super) static CoolingDown: Entry = Entry {
    slug: "cooling_down",
    family: Family::Transaction,
    title: text("冷却期内", "Cooling down"),
    codes: codes("65", "65", 123, 1023),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::After(3600),
    disclosure: Disclosure::Full {
        holder: text(
            "{card}连续几次超过限额，我们让它休息一会儿[，{until} 自动恢复]，这笔没有扣款。请到时再付，或换一张卡；急用可以联系{contact}提前恢复。",
            "Your {card} passed its limits several times in a row, so we let it rest[ until {until}] and nothing was charged. Please pay after that or use another card; if it is urgent, you can contact {contact}.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "等冷却期结束后再付款，或换卡", "Pay when the rest is over, or use another card"),
        step(
            Fixer::Holder,
            "需要更高限额时先调整，再付款",
            "If you need a higher limit, change it before paying",
        ),
        step(
            Fixer::Bank,
            "核验身份后可提前结束冷却期",
            "After proof of identity the rest can be ended early",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：连续触及限额后的冷却期[，{until} 自动结束]，不是冻结。告知：到时自动恢复，不需要材料。处理：核验身份并确认本人付款后可提前结束；同时帮持卡人把限额调到合适。",
        "Checked: a rest after limits were hit repeatedly[; it ends by itself at {until}]; this is no freeze. Say: it ends by itself and needs no papers. Do: after proof of identity it can be ended early; help set fitting limits.",
    ),
};

pub(super) static OddTime: Entry = Entry {
    slug: "odd_time",
    family: Family::Transaction,
    title: text("付款时间不同于平时", "Unusual hour"),
    codes: codes("57", "57", 119, 1019),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔交易的时间和{card}平时不同，为了保护您的钱，我们先请您确认，没有扣款。请在手机银行确认是本人付款后再试；不是您本人，请立即冻结这张卡。",
            "This payment came at an hour unusual for your {card}; to protect your money we ask you first, and nothing was charged. Please confirm in the app that it is you and try again; if it is not, please freeze the card at once.",
        ),
        cashier: text("未成功, 请顾客在手机确认后再试", "Let holder confirm in app, then retry."),
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(Fixer::Holder, "在手机银行确认是本人付款", "Confirm in the app that it is you"),
        step(Fixer::Holder, "确认后重新付款", "Pay again after that"),
        step(
            Fixer::Bank,
            "持卡人否认时冻结卡片并换卡",
            "If the holder denies it, freeze and replace the card",
        ),
    ],
    documents: &[Document::Identity, Document::Card],
    agent: text(
        "核对：交易时间与该卡平时不同，没有其他不利情况。告知：确认本人后即可付款；不说具体规则。处理：核验身份后代为确认；持卡人否认的，冻结并换卡；常在夜间用卡的，登记用卡习惯。",
        "Checked: the hour is unusual for this card; nothing else stands against it. Say: it works after confirmation; do not explain the rule. Do: prove identity and confirm for the holder; if denied, freeze and replace; note the habit if night use is usual.",
    ),
};

pub(super) static OddPlace: Entry = Entry {
    slug: "odd_place",
    family: Family::Transaction,
    title: text("付款地点不同于平时", "Unusual place"),
    codes: codes("57", "57", 119, 1019),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔交易的地点和{card}平时不同，为了保护您的钱，我们先请您确认，没有扣款。请在手机银行确认或做出行报备后再试；不是您本人，请立即冻结这张卡。",
            "This payment came from a place unusual for your {card}; to protect your money we ask you first, and nothing was charged. Please confirm it or announce your trip in the app and try again; if it is not you, please freeze the card at once.",
        ),
        cashier: text("未成功, 请顾客在手机确认后再试", "Let holder confirm in app, then retry."),
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(
            Fixer::Holder,
            "在手机银行确认是本人付款，或做出行报备",
            "Confirm in the app that it is you, or announce the trip",
        ),
        step(Fixer::Holder, "确认后重新付款", "Pay again after that"),
        step(
            Fixer::Bank,
            "持卡人否认时冻结卡片并换卡",
            "If the holder denies it, freeze and replace the card",
        ),
    ],
    documents: &[Document::Identity, Document::Card],
    agent: text(
        "核对：交易地点与该卡平时不同。告知：确认本人或做出行报备后即可付款；不说具体规则。处理：核验身份后代为确认并登记出行；持卡人不在当地的，冻结并换卡。",
        "Checked: the place is unusual for this card. Say: it works after confirmation or an announced trip; do not explain the rule. Do: prove identity, confirm and enter the trip; if the holder is not there, freeze and replace.",
    ),
};

pub(super) static ImpossibleTravel: Entry = Entry {
    slug: "impossible_travel",
    family: Family::Transaction,
    title: text("两地相距过远", "Too far from the last place"),
    codes: codes("59", "59", 102, 1002),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}刚在另一个地方用过，时间上来不及到这里，为了保护您的钱，我们没有放行，没有扣款。请在手机银行确认哪一笔是您本人；有一笔不是，请立即冻结这张卡并申请换卡。",
            "Your {card} was used elsewhere too recently to be here now; to protect your money we stopped this payment and nothing was charged. Please tell us in the app which of the two is yours; if one is not, please freeze the card at once and order a new one.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(Fixer::Holder, "在手机银行逐笔确认是否本人", "Confirm each of the two payments in the app"),
        step(Fixer::Holder, "都是本人的，确认后重新付款", "If both are yours, pay again after confirming"),
        step(Fixer::Bank, "有一笔被否认时冻结卡片并换卡", "If one is denied, freeze and replace the card"),
    ],
    documents: &[Document::Identity, Document::Card],
    agent: text(
        "核对：与上一笔的距离和时间不相容；先排除商户地址登记有误、线上代扣和家人共用。告知：需要确认哪一笔是本人；不说距离和时间的算法。处理：都是本人的代为确认；有一笔被否认的，冻结、换卡，并登记争议。",
        "Checked: distance and time to the last payment do not agree; first rule out a wrong merchant address, standing charges and a shared card. Say: we need to know which one is the holder's; do not explain the reckoning. Do: confirm if both are; if one is denied, freeze, replace and record a dispute.",
    ),
};

pub(super) static OddAddress: Entry = Entry {
    slug: "odd_address",
    family: Family::Transaction,
    title: text("网络地址或设备不同于平时", "Unusual address or device"),
    codes: codes("57", "57", 119, 1019),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔交易来自{card}平时不用的网络或设备，为了保护您的钱，我们先请您确认，没有扣款。请在常用的手机上确认是本人付款后再试；不是您本人，请立即冻结这张卡。",
            "This payment came from a network or device unusual for your {card}; to protect your money we ask you first, and nothing was charged. Please confirm on your usual phone that it is you and try again; if it is not, please freeze the card at once.",
        ),
        cashier: text("未成功, 请顾客在手机确认后再试", "Let holder confirm in app, then retry."),
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(Fixer::Holder, "在常用设备上确认是本人付款", "Confirm on your usual device that it is you"),
        step(Fixer::Holder, "确认后重新付款", "Pay again after that"),
        step(
            Fixer::Bank,
            "持卡人否认时冻结卡片并换卡",
            "If the holder denies it, freeze and replace the card",
        ),
    ],
    documents: &[Document::Identity, Document::Card],
    agent: text(
        "核对：网络地址或设备与该卡平时不同。告知：在常用设备上确认后即可付款；不说识别方法。处理：换手机的核验身份后登记新设备；持卡人否认的，冻结、换卡，并请其修改登录密码。",
        "Checked: network address or device are unusual for this card. Say: it works after confirmation on the usual device; do not explain how it was told. Do: for a new phone, prove identity and enroll it; if denied, freeze, replace and have the login password changed.",
    ),
};
