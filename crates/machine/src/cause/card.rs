//! Causes of the family *card*: the card, what is on it and what it may spend.
//!
//! Only what is true of a cause itself; how it is found lives in `apply`, how it is said in `explain`.

#![expect(
    non_upper_case_globals,
    reason = "each is named as its variant of `Cause`, so that one list declares both"
)]

use super::{ANOTHER_CARD, Disclosure, Entry, Family, Feeds, Fixer, OperatorClass, Retry, codes, step, text};

pub(super) static CardUnknown: Entry = Entry {
    slug: "card_unknown",
    family: Family::Card,
    title: text("查无此卡", "No such card"),
    codes: codes("14", "14", 118, 1018),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "我们没有查到{card}，这笔交易没有扣款。请核对卡号，或换一张卡付款；如果这张卡是我们发的，请联系{contact}。",
            "We found no record of your {card}, and nothing was charged. Please check the number or pay with another card; if we issued this one, please contact {contact}.",
        ),
        cashier: text("卡号未识别, 请核对或换卡", "Card not recognised. Check or swap it."),
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(
            Fixer::Cashier,
            "核对输入的卡号，或请顾客重新插卡",
            "Check the number typed in, or ask for the card to be inserted again",
        ),
        step(
            Fixer::Holder,
            "换一张卡付款，并向发卡行核实这张卡",
            "Pay with another card, and ask the issuer about this one",
        ),
        step(
            Fixer::Bank,
            "按持卡人的证件查询名下卡片，确认是否已换发",
            "Look up the holder's cards by identity paper and see whether one was reissued",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：卡号格式正确，发卡记录中没有这张卡。告知：这笔没有扣款，请先确认卡面上的发卡行。处理：凭证件查询持卡人名下卡片；属我行而查不到的，登记工单交卡部核实。",
        "Checked: the number is well formed, but no such card is on our books. Say: nothing was charged; first make sure which bank the card names. Do: look up the holder's cards by identity paper; if it is ours and missing, open a case for the card department.",
    ),
};

pub(super) static IssuerUnknown: Entry = Entry {
    slug: "issuer_unknown",
    family: Family::Card,
    title: text("发卡机构无法识别", "No such issuer"),
    codes: codes("15", "15", 908, 9108),
    class: OperatorClass::C,
    fixer: Fixer::Merchant,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "发行{card}的机构目前没有接入这里的网络，这笔交易没有扣款。请换一张卡，或用扫码等其他方式付款。",
            "The bank that issued your {card} is not connected to the network used here, and nothing was charged. Please use another card or another way to pay.",
        ),
        cashier: text("此处不受理该卡, 请换卡", "This card is not taken here. Swap it."),
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Cashier, "请顾客换卡或换一种付款方式", "Ask for another card or another way to pay"),
        step(
            Fixer::Merchant,
            "常有顾客使用这类卡时，向收单机构申请开通受理",
            "If customers often bring such cards, ask the acquirer to enable them",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：卡号前几位不在路由表内。告知：这里的网络不受理该机构的卡，这笔没有扣款。处理：核对路由表是否最新；新发卡段漏配的，报运行值班补录。",
        "Checked: the first digits of the number are not in the routing table. Say: this network does not take that institution's cards; nothing was charged. Do: see whether the table is current; report a missing new range to the duty operator.",
    ),
};

pub(super) static CardInactive: Entry = Entry {
    slug: "card_inactive",
    family: Family::Card,
    title: text("卡片尚未激活", "Card not yet activated"),
    codes: codes("21", "62", 125, 1025),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}还没有激活，这笔交易没有扣款。请在手机银行点“激活卡片”，或携带有效身份证件到任一网点办理，激活后即可使用。",
            "Your {card} is not activated yet, and nothing was charged. Please choose \"Activate card\" in the app, or bring an identity paper to any branch; it works as soon as that is done.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "在手机银行或网点激活卡片", "Activate the card in the app or at a branch"),
        step(
            Fixer::Holder,
            "激活后插卡并输入密码完成首笔交易",
            "Then insert it and enter the PIN for the first payment",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：卡片状态为“未激活”，账户正常。告知：激活后立刻可用。处理：核验身份后当场激活，或引导在手机银行办理；邮寄卡请先确认本人已收到。",
        "Checked: the card stands as not activated; the account is in order. Say: it works right after activation. Do: prove identity and activate it, or guide the holder through the app; for a card sent by post, first make sure the holder has it.",
    ),
};

pub(super) static CardReplaced: Entry = Entry {
    slug: "card_replaced",
    family: Family::Card,
    title: text("卡片已换发", "Card replaced by a new one"),
    codes: codes("62", "62", 104, 1004),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}已经换发新卡，我们不再受理旧卡，这笔交易没有扣款。请改用新卡，并在绑定过旧卡的商户和钱包里更新；没收到新卡请联系{contact}。",
            "We have replaced your {card} with a new one and no longer take the old; nothing was charged. Please use the new card and update it in shops and wallets; if it has not arrived, please contact {contact}.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(
            Fixer::Holder,
            "改用新卡，剪断旧卡的芯片",
            "Use the new card and cut the old one through its chip",
        ),
        step(
            Fixer::Holder,
            "在绑定旧卡的钱包和商户处更新卡号",
            "Update the number in wallets and with merchants that kept it",
        ),
        step(
            Fixer::Bank,
            "新卡未送达时查询寄送进度或补寄",
            "If the new card has not arrived, trace it or send it again",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：该卡状态为“已换发”，新卡另有卡号或序号。告知：旧卡停用，资金和限额在新卡上不变。处理：查新卡寄送与激活状态，未送达的核验身份后补寄。",
        "Checked: the card stands as replaced; the new one has its own number or sequence. Say: the old card no longer works; money and limits are unchanged on the new one. Do: look up dispatch and activation of the new card; if lost in the post, prove identity and send another.",
    ),
};

pub(super) static CardExpired: Entry = Entry {
    slug: "card_expired",
    family: Family::Card,
    title: text("卡片已过有效期", "Card expired"),
    codes: codes("54", "54", 101, 1001),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}已过有效期，这笔交易没有扣款，账户里的钱不受影响。请改用到期前寄出的新卡；没有收到，请在手机银行申请换卡。",
            "Your {card} is past its expiry date; nothing was charged and your money is untouched. Please use the new card sent before that date; if you have none, you can order it in the app.",
        ),
        cashier: text("卡已过期, 请换卡付款", "Card expired. Ask for another card."),
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "改用新卡，或申请换卡", "Use the new card, or order one"),
        step(Fixer::Cashier, "请顾客换卡或换一种付款方式", "Ask for another card or another way to pay"),
        step(Fixer::Bank, "核对寄送地址并换发新卡", "Confirm the address and issue a new card"),
    ],
    documents: &[],
    agent: text(
        "核对：有效期的最后一个月已过。告知：账户和余额不受影响，只是这张卡到期。处理：查到期换卡是否已寄出；未寄的核对地址后换发，急用时当场制卡。",
        "Checked: the last month printed on the card has passed. Say: account and balance are unaffected; only this card has ended. Do: see whether a renewal was sent; if not, confirm the address and issue one, at the branch where it is urgent.",
    ),
};

pub(super) static FallbackRefused: Entry = Entry {
    slug: "fallback_refused",
    family: Family::Card,
    title: text("芯片卡不能改刷磁条", "Chip cannot be read and the stripe may not stand in"),
    codes: codes("45", "58", 120, 1020),
    class: OperatorClass::B,
    fixer: Fixer::Cashier,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "终端没有读到{card}的芯片，为了保护这张卡，我们不接受改刷磁条，这笔交易没有扣款。请擦净芯片再插一次，或挥卡付款；仍然不行，您可以到网点免费换卡。",
            "The terminal could not read the chip of your {card}, and to protect it we do not take the stripe instead; nothing was charged. Please wipe the chip and insert it once more, or tap; if that fails, you can have the card replaced at a branch.",
        ),
        cashier: text("请勿刷磁条, 改为插卡或挥卡", "Do not swipe. Insert or tap the card."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "擦净芯片后重新插卡，或改为挥卡", "Wipe the chip and insert again, or tap"),
        step(Fixer::Cashier, "换一台终端再试一次", "Try once more on another terminal"),
        step(Fixer::Holder, "多处都读不出时申请换卡", "If it fails elsewhere too, order a new card"),
    ],
    documents: &[],
    agent: text(
        "核对：芯片卡以磁条方式提交，按规则不接受降级交易。告知：插卡或挥卡仍可使用。处理：多台终端都读不出的判定为芯片损坏，办理换卡；只在一台终端发生的，请商户报修。",
        "Checked: a chip card came in by its stripe, and fallback is not accepted. Say: inserting or tapping still works. Do: if several terminals fail, treat the chip as damaged and replace the card; if only one does, ask the merchant to report it.",
    ),
};

pub(super) static CardUnreadable: Entry = Entry {
    slug: "card_unreadable",
    family: Family::Card,
    title: text("芯片和磁条都读不出", "Neither chip nor stripe can be read"),
    codes: codes("45", "19", 903, 9103),
    class: OperatorClass::B,
    fixer: Fixer::Cashier,
    retry: Retry::Now,
    disclosure: Disclosure::Full {
        holder: text(
            "终端没有读到{card}的芯片和磁条，这笔交易没有扣款。请擦净卡片再试一次，或换一种方式付款；仍然读不出，您可以在手机银行申请换卡。",
            "The terminal could read neither chip nor stripe of your {card}, and nothing was charged. Please wipe the card and try once more, or pay another way; if it still fails, you can order a new card in the app.",
        ),
        cashier: text("读卡失败, 请擦净重插或换卡", "Not read. Wipe and insert, or swap card."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "擦净芯片和磁条后重试一次", "Wipe chip and stripe and try once more"),
        step(
            Fixer::Cashier,
            "换一张卡试读，判断是卡还是终端的问题",
            "Try another card to see whether card or terminal is at fault",
        ),
        step(Fixer::Holder, "卡片损坏时申请换卡", "If the card is damaged, order a new one"),
    ],
    documents: &[],
    agent: text(
        "核对：终端上报芯片和磁条均读取失败。告知：钱没有动，可先用手机银行或扫码付款。处理：同一终端读其他卡正常的，为持卡人换卡；否则请商户报修终端。",
        "Checked: the terminal reports that both chip and stripe failed. Say: no money moved; the app or a code can be used meanwhile. Do: if the same terminal reads other cards, replace the card; otherwise ask the merchant to have the terminal repaired.",
    ),
};

pub(super) static AccountClosed: Entry = Entry {
    slug: "account_closed",
    family: Family::Card,
    title: text("账户已销户", "Account closed"),
    codes: codes("14", "14", 114, 1035),
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}对应的账户已经办理销户，这笔交易没有扣款。请换一张卡付款；如果您没有申请过销户，请尽快联系{contact}，我们来核实。",
            "The account behind your {card} has been closed, and nothing was charged. Please pay with another card; if you did not ask for this, please contact {contact}, and we will look into it.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "换一张卡付款", "Pay with another card"),
        step(
            Fixer::Bank,
            "查询销户时间和经办记录并告知持卡人",
            "Look up when and by whom the account was closed, and tell the holder",
        ),
        step(Fixer::Holder, "需要继续使用时重新开户", "Open a new account if one is needed"),
    ],
    documents: &[],
    agent: text(
        "核对：账户状态为“已销户”，查销户日期和经办人。告知：销户日期，以及余款转去了哪里。处理：持卡人否认销户的，立即登记工单并上报；需要用卡的，引导重新开户。",
        "Checked: the account stands as closed; see the date and who handled it. Say: the date, and where the remaining money went. Do: if the holder denies having asked, open a case and escalate at once; otherwise help open a new account.",
    ),
};

pub(super) static InsufficientFunds: Entry = Entry {
    slug: "insufficient_funds",
    family: Family::Card,
    title: text("可用余额不足", "Not enough money"),
    codes: codes("51", "51", 116, 1016),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}可用余额不够支付这笔交易[（{amount}）][，目前可用 {left}]，没有扣款。请转入资金后再试，或换一张卡付款；预授权占用的金额您可以在手机银行查看。",
            "The money available on your {card} does not cover this payment[ ({amount})][; {left} is available now], and nothing was charged. Please add money and try again, or pay with another card; you can see amounts on hold in the app.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(
            Fixer::Holder,
            "在手机银行查看可用余额和预授权占用",
            "Look up the available balance and amounts on hold in the app",
        ),
        step(
            Fixer::Holder,
            "转入资金，或换卡、拆分付款",
            "Add money, use another card, or split the payment",
        ),
        step(
            Fixer::Bank,
            "占用已无必要时核对并释放预授权",
            "Where a hold is no longer needed, check it and release it",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：可用余额[ {left} ]低于这笔交易[ {amount} ]所需金额；区分账面余额与预授权占用。告知：差在可用余额，不影响账户状态，也不会因此冻结。处理：帮持卡人看清占用明细；商户已不需要的预授权，联系商户撤销。",
        "Checked: what is available[ ({left})] is less than this payment[ of {amount}] needs; tell the booked balance from amounts on hold. Say: only the available balance falls short; the account is in order and this never leads to a freeze. Do: go through the holds with the holder; ask the merchant to cancel those no longer needed.",
    ),
};
