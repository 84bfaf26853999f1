//! Causes of the family *security*: possible misuse of the card, PINs, and freezes.
//!
//! Only what is true of a cause itself; how it is found lives in `apply`, how it is said in `explain`.

#![expect(
    non_upper_case_globals,
    reason = "each is named as its variant of `Cause`, so that one list declares both"
)]

use super::{
    ANOTHER_CARD, Disclosure, Document, Entry, Family, Feeds, Fixer, OperatorClass, Retry, codes, step, text,
};

pub(super) static CardLost: Entry = Entry {
    slug: "card_lost",
    family: Family::Security,
    title: text("卡片已挂失", "Card reported lost"),
    codes: codes("41", "41", 208, 2008),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "我们按挂失登记停用了{card}，账户里的钱不受影响。请等待新卡，或携带有效身份证件到网点办理；已经找回、想撤销挂失，请联系{contact}。",
            "We stopped your {card} when it was reported lost; the money in your account is safe. Please wait for the new card, or bring an identity paper to a branch; if you found the card and want the report withdrawn, please contact {contact}.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(
            Fixer::Holder,
            "改用新卡，或携带证件到网点领取",
            "Use the new card, or collect it at a branch with an identity paper",
        ),
        step(
            Fixer::Bank,
            "核验身份，换发新卡并查看挂失后的交易",
            "Prove identity, issue a new card, look at payments since the report",
        ),
        step(
            Fixer::Holder,
            "挂失期间有不认识的交易时登记争议",
            "Dispute any payment since then that you do not know",
        ),
    ],
    documents: &[Document::Identity],
    agent: text(
        "核对：挂失时间、方式和登记人。告知：旧卡已停用，新卡会寄到留存地址；账户资金不受影响。处理：核验身份后换卡；挂失后仍有人用卡的，登记线索并查看挂失前的交易是否需要争议。",
        "Checked: when, how and by whom the loss was reported. Say: the old card is stopped, a new one goes to the address on file; the money is safe. Do: prove identity and replace; if someone still tries the old card, record it and see whether earlier payments need disputing.",
    ),
};

pub(super) static CardStolen: Entry = Entry {
    slug: "card_stolen",
    family: Family::Security,
    title: text("卡片已报失窃", "Card reported stolen"),
    codes: codes("43", "43", 209, 2009),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "我们按报失登记停用了{card}，账户里的钱不受影响。请改用新卡；有不认识的交易，请在手机银行登记争议，也可以联系{contact}。",
            "We stopped your {card} when it was reported stolen; the money in your account is safe. Please use the new card; if you see payments you do not know, please dispute them in the app or contact {contact}.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(
            Fixer::Holder,
            "改用新卡，对不认识的交易登记争议",
            "Use the new card and dispute payments you do not know",
        ),
        step(
            Fixer::Holder,
            "需要时报案，并把回执交给发卡行",
            "Report to the police where needed and give the bank the receipt",
        ),
        step(
            Fixer::Bank,
            "换发新卡，保存报失后的用卡线索",
            "Issue a new card and keep the traces of use since the report",
        ),
    ],
    documents: &[Document::Identity, Document::PoliceReport],
    agent: text(
        "核对：报失时间和登记人，报失后的用卡地点。告知：旧卡已停用，资金不受影响。处理：核验身份后换卡并协助登记争议；正在被使用的，把时间地点记入工单转风控。不要让收银员盘问或扣留顾客。",
        "Checked: when and by whom it was reported, and where the card was tried since. Say: the old card is stopped; the money is safe. Do: prove identity, replace and help with disputes; if the card is in use right now, put time and place in the case for risk control. Never ask a cashier to question or hold anyone.",
    ),
};

pub(super) static FrozenByAuthority: Entry = Entry {
    slug: "frozen_by_authority",
    family: Family::Security,
    title: text("有权机关冻结", "Frozen by an authority"),
    codes: codes("62", "62", 104, 1004),
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Category,
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Bank, "核对冻结文书的文号、期限和范围", "Check number, term and extent of the order"),
        step(
            Fixer::Holder,
            "向作出决定的机关了解情况或提出异议",
            "Ask or object at the authority that decided",
        ),
        step(
            Fixer::Bank,
            "收到解除文书后由两名经办人录入解冻",
            "When the release arrives, two operators enter it",
        ),
    ],
    documents: &[Document::Identity, Document::Order],
    agent: text(
        "核对：账户有依据法律文书的冻结，我行不能自行解冻[；下次答复 {until}]。告知：账户已按程序暂停业务，可凭身份证件到网点或经客服转专人说明。处理：登记诉求并转法务岗；材料收到即给回执。不可说：原因、案件内容、是否还会延长。",
        "Checked: the account is frozen on a legal order we cannot lift ourselves[; next answer by {until}]. Say: the account is paused under our procedures; a colleague will explain at the branch or by phone on showing an identity paper. Do: record the request, pass it to the legal desk, acknowledge every paper. Do not say: the reason, the case, or whether it will be extended.",
    ),
};

pub(super) static FrozenForLaundering: Entry = Entry {
    slug: "frozen_for_laundering",
    family: Family::Security,
    title: text("反洗钱措施", "Measures against money laundering"),
    codes: codes("62", "62", 104, 1004),
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Silent,
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Bank,
            "由法务岗单独审查并决定是否继续",
            "The legal desk alone reviews it and decides whether it goes on",
        ),
        step(
            Fixer::Holder,
            "经专人要求后提交补充材料",
            "Hand in further papers when a colleague asks for them",
        ),
        step(Fixer::Bank, "结论作出后由两名经办人录入", "When decided, two operators enter it"),
    ],
    documents: &[Document::Identity, Document::SourceOfFunds, Document::Statement],
    agent: text(
        "核对：账户有须由法务岗处理的限制，经办岗看不到原因[；下次答复 {until}]。告知：账户已按程序暂停业务，会有专人联系，可以提交材料和投诉。处理：登记诉求，立即转法务岗，不承诺其他时间。不可说：任何原因或猜测，是否有调查，涉及哪个机关。",
        "Checked: the account carries a restriction only the legal desk handles; the reason is not shown here[; next answer by {until}]. Say: the account is paused under our procedures, a colleague will be in touch, papers and complaints are taken. Do: record the request and pass it to the legal desk at once; promise no other time. Do not say: any reason or guess, whether there is an inquiry, or which office.",
    ),
};

pub(super) static FrozenByBank: Entry = Entry {
    slug: "frozen_by_bank",
    family: Family::Security,
    title: text("银行冻结", "Frozen by the bank"),
    codes: codes("62", "62", 104, 1004),
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Category,
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Holder,
            "携带有效身份证件到网点，或在手机银行提交材料",
            "Bring an identity paper to a branch, or hand in papers in the app",
        ),
        step(Fixer::Bank, "核对资料，两人审核后解冻", "Check the papers and lift after review"),
        step(
            Fixer::Bank,
            "到下次答复日仍未完成时主动告知进度",
            "If not done by the next date, report progress unasked",
        ),
    ],
    documents: &[Document::Identity],
    agent: text(
        "核对：冻结由我行经办人作出，查工单里的依据、范围和责任人[，下次答复 {until}]。告知：账户已按程序暂停业务，需要哪些材料、交到哪里。处理：收材料、给回执、转责任人审核；逾期的升级处理。不可说：工单里的内部判断和举报来源。",
        "Checked: one of our officers placed it; see ground, extent and owner in the case[, next answer by {until}]. Say: the account is paused under our procedures, which papers are needed and where they go. Do: take papers, acknowledge them, pass them to the owner; escalate what is overdue. Do not say: internal judgements in the case or who raised it.",
    ),
};

pub(super) static FrozenByHolder: Entry = Entry {
    slug: "frozen_by_holder",
    family: Family::Security,
    title: text("持卡人自行冻结", "Frozen by the holder"),
    codes: codes("62", "62", 104, 1004),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "我们按您的要求暂停了{card}的付款，这笔没有扣款[，{works}]。您可以随时在手机银行解冻后再付；如果不是您设置的，请联系{contact}。",
            "We paused payments from your {card} as you asked, and nothing was charged[; {works}]. You can lift this in the app at any time and pay; if you did not ask for it, please contact {contact}.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Holder,
            "在手机银行解冻，验证身份后立即生效",
            "Lift it in the app; it works at once after you prove it is you",
        ),
        step(
            Fixer::Holder,
            "卡不在身边时保持冻结，改为挂失",
            "If the card is not with you, keep it frozen and report it lost",
        ),
    ],
    documents: &[Document::Identity],
    agent: text(
        "核对：冻结由持卡人本人在手机银行设置，查时间和设备。告知：随时可以自己解冻，立即生效。处理：核验身份后可代为解冻；持卡人说没有设置过的，先保持冻结，查登录记录并修改密码。",
        "Checked: the holder set it in the app; see when and on which device. Say: it can be lifted by the holder at any time and works at once. Do: after proof of identity it can be lifted for the holder; if the holder did not set it, leave it, look at the logins and change the password.",
    ),
};

pub(super) static FrozenByRisk: Entry = Entry {
    slug: "frozen_by_risk",
    family: Family::Security,
    title: text("风控冻结", "Frozen by risk control"),
    codes: codes("62", "62", 104, 1004),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "为了保护您的钱，我们暂停了{card}的付款[，下次答复不晚于 {until}][；{works}]。请在手机银行确认最近的交易或提交解冻申请，申请由专人审核；您也可以联系{contact}。",
            "To protect your money we have paused payments from your {card}[; you will hear from us by {until}][; {works}]. Please confirm the recent payments or apply for unfreezing in the app; a person reviews it, and you can also contact {contact}.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Holder,
            "在手机银行逐笔确认最近的交易",
            "Confirm the recent payments one by one in the app",
        ),
        step(Fixer::Holder, "提交解冻申请，上传凭证", "Apply for unfreezing and upload the evidence"),
        step(
            Fixer::Bank,
            "审核凭证，必要时复核，通过后解冻",
            "Review the evidence, a second time where required, and lift",
        ),
        step(
            Fixer::Bank,
            "判定为误判时标记并放宽对应规则",
            "If it was a false positive, mark it and relax the rule for this card",
        ),
    ],
    documents: &[Document::Identity, Document::Receipt, Document::Statement],
    agent: text(
        "核对：冻结的起因交易、范围、出口和下次日期[ {until}]。告知：为保护资金暂停付款[，{works}]，需要哪些材料、谁来审核、何时答复；不说分数和规则。处理：逐笔与持卡人确认；是本人的收材料送审，否认的换卡并登记争议；误判的按误判解冻。",
        "Checked: the payment that led to it, the extent, the exit and the next date[ {until}]. Say: payments are paused to protect the money[; {works}]; which papers, who reviews, when there is an answer; no scores or rules. Do: go through the payments; if they are the holder's, take papers to review; if denied, replace and record disputes; lift as false positive where it was one.",
    ),
};

pub(super) static PinTriesExceeded: Entry = Entry {
    slug: "pin_tries_exceeded",
    family: Family::Security,
    title: text("密码已锁定", "PIN locked"),
    codes: codes("75", "75", 106, 1006),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "密码输错的次数到了上限，我们锁定了{card}的密码[，{until} 自动恢复]，卡本身没有冻结，不需要密码的付款仍可使用。请在手机银行核验身份后解锁或重设密码，也可以携带有效身份证件到网点办理。",
            "The PIN was entered wrongly too often, so we locked the PIN of your {card}[ until {until}]; the card itself is not frozen and pays where no PIN is asked for. Please prove your identity in the app to unlock or reset it, or bring an identity paper to a branch.",
        ),
        cashier: text("未成功, 请换卡或改用免密付款", "Not approved. Other card, or no PIN."),
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(
            Fixer::Cashier,
            "请顾客换卡，或改用免密方式",
            "Ask for another card, or take a payment without PIN",
        ),
        step(
            Fixer::Holder,
            "在手机银行核验身份后解锁或重设密码",
            "Prove your identity in the app, then unlock or reset the PIN",
        ),
        step(
            Fixer::Bank,
            "在网点核验证件后重设密码",
            "At a branch, check the identity paper and reset the PIN",
        ),
    ],
    documents: &[Document::Identity],
    agent: text(
        "核对：密码错误次数、最后一次的终端和时间[，自动恢复 {until}]；密码块读不出的不计次数。告知：锁的是密码不是账户，核验身份后立即可解。处理：核验身份后解锁或重设；持卡人说没有输过的，查交易地点，必要时换卡。",
        "Checked: the number of wrong PINs, where and when the last one was[, unlock at {until}]; unreadable PIN blocks do not count. Say: the PIN is locked, not the account, and unlocks right after proof of identity. Do: unlock or reset; if the holder entered none, look at the place and replace the card if needed.",
    ),
};

pub(super) static WrongPin: Entry = Entry {
    slug: "wrong_pin",
    family: Family::Security,
    title: text("密码错误", "Wrong PIN"),
    codes: codes("55", "55", 117, 1017),
    class: OperatorClass::B,
    fixer: Fixer::Holder,
    retry: Retry::Now,
    disclosure: Disclosure::Full {
        holder: text(
            "这次输入的密码与{card}的密码不符[，还可以再试 {left}]，没有扣款。请重新输入；记不清时先不要再试，您可以在手机银行重设密码。",
            "The PIN entered does not match that of your {card}[; {left} left], and nothing was charged. Please enter it again; if you are not sure, stop here, and you can reset it in the app.",
        ),
        cashier: text("密码错误, 请顾客重新输入", "Wrong PIN. Ask to enter it again."),
    },
    feeds: Feeds::PIN,
    remedy: &[
        step(Fixer::Holder, "重新输入密码", "Enter the PIN again"),
        step(Fixer::Holder, "记不清时在手机银行重设密码", "If you are not sure, reset it in the app"),
    ],
    documents: &[],
    agent: text(
        "核对：密码比对不符[，剩余 {left}]。告知：还可以再试，次数用完只锁密码，不冻结账户。处理：记不清的核验身份后重设；绝不询问或代为输入密码。",
        "Checked: the PIN did not match[; {left} left]. Say: it can be tried again; when tries run out only the PIN locks, not the account. Do: if forgotten, prove identity and reset; never ask for a PIN or enter one.",
    ),
};

pub(super) static PinMissing: Entry = Entry {
    slug: "pin_missing",
    family: Family::Security,
    title: text("需要输入密码", "PIN required"),
    codes: codes("55", "55", 112, 1012),
    class: OperatorClass::B,
    fixer: Fixer::Holder,
    retry: Retry::Now,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔交易需要密码，终端没有送来，{card}没有扣款。请重新插卡并输入密码；需要小额免密时，您可以在手机银行开通。",
            "This payment needs a PIN and the terminal sent none; nothing was charged to your {card}. Please insert the card again and enter the PIN; you can switch on small payments without PIN in the app.",
        ),
        cashier: text("需要密码, 请重新插卡并输密码", "PIN needed. Insert again and enter PIN."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "重新发起，请顾客插卡", "Start again and have the card inserted"),
        step(Fixer::Holder, "输入密码", "Enter the PIN"),
        step(
            Fixer::Merchant,
            "终端从不要求密码时联系收单机构",
            "If the terminal never asks for a PIN, call the acquirer",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：这笔须验密而报文中没有密码，不计密码次数。告知：插卡输入密码即可。处理：持卡人没有被要求输密的，记下终端号转商户服务；可协助开通小额免密。",
        "Checked: the payment needs a PIN and the message held none; no try is counted. Say: insert the card and enter the PIN. Do: if the terminal did not ask, pass its number to merchant services; small payments without PIN can be switched on.",
    ),
};

pub(super) static VerificationFailed: Entry = Entry {
    slug: "verification_failed",
    family: Family::Security,
    title: text("卡片校验值不符", "Card verification failed"),
    codes: codes("59", "63", 122, 1045),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔交易的卡片校验信息与{card}不符，为了保护您的钱，我们没有放行，没有扣款。请核对卡背面的三位校验码和有效期后再试，或插卡付款；不是您本人，请立即冻结这张卡。",
            "The verification details did not match your {card}; to protect your money we stopped this payment and nothing was charged. Please check the three digits on the back and the expiry date and try again, or insert the card; if it is not you, please freeze the card at once.",
        ),
        cashier: text("未成功, 请插卡或换卡付款", "Not approved. Insert, or use other card."),
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(
            Fixer::Holder,
            "核对校验码和有效期后重试，或插卡付款",
            "Check the digits and expiry and try again, or insert the card",
        ),
        step(
            Fixer::Holder,
            "不是本人付款的，冻结卡片并换卡",
            "If it is not you, freeze the card and order a new one",
        ),
        step(
            Fixer::Bank,
            "多次不符时与持卡人逐笔确认",
            "After several mismatches, go through the payments with the holder",
        ),
    ],
    documents: &[Document::Identity, Document::Card],
    agent: text(
        "核对：磁条或输入的校验值与卡片不符。告知：可核对后重试或插卡付款；不说哪一位或哪一项不符。处理：确认是否本人；卡在手中却反复不符的换卡；否认的冻结、换卡并登记争议。",
        "Checked: the value on the stripe or typed in does not match the card. Say: check and retry, or insert the card; do not say which item differed. Do: find out whether it is the holder; replace a card that keeps failing; if denied, freeze, replace and record a dispute.",
    ),
};

pub(super) static CryptogramFailed: Entry = Entry {
    slug: "cryptogram_failed",
    family: Family::Security,
    title: text("芯片密文校验未通过", "Chip cryptogram failed"),
    codes: codes("59", "63", 122, 1022),
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "{card}的芯片没有通过我们的校验，为了保护您的钱，我们没有放行，没有扣款。请先换一种方式付款；如果卡在您手中，您可以在手机银行申请免费换卡，不是您本人请立即冻结。",
            "The chip of your {card} did not pass our check; to protect your money we stopped this payment and nothing was charged. Please pay another way for now; if you hold the card, you can order a free replacement in the app, and if it is not you, please freeze the card at once.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(
            Fixer::Holder,
            "换一种方式付款，确认卡在自己手中",
            "Pay another way and make sure the card is with you",
        ),
        step(
            Fixer::Bank,
            "核对发卡密钥和芯片参数，排除我行原因",
            "Check issuer keys and chip parameters to rule out our own fault",
        ),
        step(Fixer::Bank, "换发新卡，旧卡停用", "Issue a new card and stop the old one"),
    ],
    documents: &[Document::Identity, Document::Card],
    agent: text(
        "核对：芯片密文与我行计算不符；先看同批卡是否都出现，排除密钥或参数配置问题。告知：芯片校验未通过，可免费换卡；不说校验细节。处理：换卡；卡不在手中的冻结并登记争议；成批出现的立即报运行值班。",
        "Checked: the chip's cryptogram differs from ours; first see whether the whole batch of cards shows it, to rule out keys and parameters. Say: the chip check failed and a replacement is free; no details of the check. Do: replace; if the card is not with the holder, freeze and record a dispute; report batches to the duty operator at once.",
    ),
};

pub(super) static CounterReplayed: Entry = Entry {
    slug: "counter_replayed",
    family: Family::Security,
    title: text("芯片计数重复", "Chip counter seen before"),
    codes: codes("59", "59", 129, 1029),
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full {
        holder: text(
            "我们发现这笔交易用的可能不是{card}的原卡，为了保护您的钱，我们没有放行，没有扣款。请确认卡是否在您手中，并在手机银行核对最近的交易；我们会为您免费换卡，您可以在手机银行申请。",
            "We found signs that this payment was not made with your original {card}; to protect your money we stopped it and nothing was charged. Please see whether the card is with you and check recent payments in the app; we replace it free of charge, and you can order it there.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(
            Fixer::Holder,
            "确认卡在手中，逐笔核对最近的交易",
            "Make sure the card is with you and check recent payments one by one",
        ),
        step(
            Fixer::Bank,
            "冻结旧卡，换发新卡，对伪卡交易登记争议",
            "Freeze the old card, issue a new one, record disputes for counterfeit use",
        ),
        step(
            Fixer::Holder,
            "有不认识的交易时报案，提交报案回执",
            "If there are payments you do not know, report them and hand in the police receipt",
        ),
    ],
    documents: &[Document::Identity, Document::Card, Document::PoliceReport],
    agent: text(
        "核对：芯片交易计数出现过或变小，可能有伪卡；先排除终端重复上送。告知：为保护资金需要换卡，免费；不说计数规则。处理：冻结旧卡、换卡；逐笔确认，被否认的登记争议，并把终端号报风控。",
        "Checked: the chip's counter was seen before or fell, so there may be a counterfeit card; first rule out a terminal sending twice. Say: the card needs replacing to protect the money, free of charge; do not explain the counter. Do: freeze and replace; go through payments, record disputes, report the terminal number to risk control.",
    ),
};

pub(super) static StepUpNeeded: Entry = Entry {
    slug: "step_up_needed",
    family: Family::Security,
    title: text("需要二次验证", "Second verification needed"),
    codes: codes("01", "01", 107, 1007),
    class: OperatorClass::B,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔[ {amount} ]交易需要您本人再确认一次，{card}还没有扣款。请在手机银行点“是我本人”[（{until} 前有效）]，然后请收银员重新收款。",
            "We need you to confirm this payment[ of {amount}] once more; nothing was charged to your {card} yet. Please tap \"It's me\" in the app[ by {until}], then let the cashier charge again.",
        ),
        cashier: text("请顾客在手机确认后重新收款", "Let holder confirm in app, then retry."),
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "在手机银行确认是本人付款", "Confirm in the app that it is you"),
        step(Fixer::Cashier, "顾客确认后重新收款", "Charge again once the holder has confirmed"),
        step(
            Fixer::Bank,
            "手机不可用时电话核验身份后代为确认",
            "If the phone is not to hand, prove identity by call and confirm for the holder",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：这笔需要二次验证，确认请求已发到手机银行[，{until} 前有效]。告知：确认后重新付款[ {amount} ]即可，没有扣款。处理：收不到的核对设备绑定；核验身份后可代为确认；持卡人否认的，冻结卡片并换卡。",
        "Checked: a second verification is needed and was sent to the app[, good until {until}]. Say: confirm, then pay[ {amount}] again; nothing was charged. Do: if nothing arrives, check the enrolled device; after proof of identity confirm for the holder; if denied, freeze and replace.",
    ),
};

pub(super) static CardTesting: Entry = Entry {
    slug: "card_testing",
    family: Family::Security,
    title: text("疑似他人试卡", "Someone may be trying out the card"),
    codes: codes("59", "59", 102, 1002),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "我们注意到有人可能在试用{card}的卡号，为了保护您的钱，拦下了这类付款，没有扣款。请在手机银行确认最近的交易；有不认识的，请立即冻结这张卡并申请换卡。",
            "We saw signs that someone may be trying out the number of your {card}; to protect your money we stopped such payments and nothing was charged. Please confirm the recent payments in the app; if you do not know one, please freeze the card at once and order a new one.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(
            Fixer::Holder,
            "在手机银行逐笔确认最近的交易",
            "Confirm the recent payments one by one in the app",
        ),
        step(
            Fixer::Holder,
            "有不认识的交易时冻结并换卡",
            "If you do not know one, freeze and replace the card",
        ),
        step(
            Fixer::Bank,
            "审核后解冻或换卡，并报告涉及的商户",
            "After review lift or replace, and report the merchants involved",
        ),
    ],
    documents: &[Document::Identity, Document::Statement],
    agent: text(
        "核对：短时间内出现试卡的典型模式，看涉及的商户和结果。告知：可能有人在试卡号，需要持卡人确认最近的交易；不说金额、次数和时间窗。处理：本人的确认后解冻；否认的换卡、登记争议，并把商户报风控。",
        "Checked: the pattern of a card being tried out; look at merchants and outcomes. Say: someone may be trying the number, and we need the recent payments confirmed; no amounts, counts or windows. Do: lift after confirmation; if denied, replace, record disputes and report the merchants to risk control.",
    ),
};

pub(super) static FraudScore: Entry = Entry {
    slug: "fraud_score",
    family: Family::Security,
    title: text("付款需要核实", "Payment needs confirming"),
    codes: codes("59", "59", 102, 1002),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "为了保护您的钱，我们没有放行{card}的这笔[ {amount} ]交易，没有扣款，想先请您确认。请在手机银行点“是我本人”后再试；不是您本人，请立即冻结这张卡。",
            "To protect your money we stopped this payment[ of {amount}] with your {card}, charged nothing and would like to ask you first. Please tap \"It's me\" in the app and try again; if it is not you, please freeze the card at once.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::FREEZE,
    remedy: &[
        step(Fixer::Holder, "在手机银行确认是否本人付款", "Tell us in the app whether it was you"),
        step(
            Fixer::Holder,
            "已被冻结时提交解冻申请，上传凭证",
            "If the card is frozen, apply for unfreezing and upload the evidence",
        ),
        step(
            Fixer::Bank,
            "两人审核凭证；误判的标记并解冻",
            "Two people review the evidence; a false positive is marked and lifted",
        ),
    ],
    documents: &[Document::Identity, Document::Receipt, Document::Statement],
    agent: text(
        "核对：评分超过阈值，主要原因列在决策记录里，仅供内部。告知：为保护资金需要本人确认这笔付款[（{amount}）]；不说分数、特征和阈值。处理：本人的确认后请其再付；已冻结的收凭证送两人审核；否认的冻结、换卡、登记争议。",
        "Checked: the score is over the threshold; the main reasons stand in the decision record, for internal use. Say: to protect the money we need this payment[ ({amount})] confirmed; no score, features or threshold. Do: after confirmation let the holder pay again; if frozen, take evidence to review by two; if denied, freeze, replace and record a dispute.",
    ),
};

pub(super) static RuleRefused: Entry = Entry {
    slug: "rule_refused",
    family: Family::Security,
    title: text("风控未放行", "Held back by risk control"),
    codes: codes("05", "05", 100, 1000),
    class: OperatorClass::C,
    fixer: Fixer::Holder,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "为了保护您的钱，我们没有放行{card}的这笔[ {amount} ]交易，没有扣款。请换一种方式付款，或在手机银行点“现在怎么办”；需要人工复查请联系{contact}。",
            "To protect your money we did not let this payment[ of {amount}] with your {card} through, and nothing was charged. Please pay another way, or choose \"What now\" in the app; if you want a person to look at it, please contact {contact}.",
        ),
        cashier: ANOTHER_CARD,
    },
    feeds: Feeds::VELOCITY,
    remedy: &[
        step(Fixer::Holder, "换一种方式付款，或做大额交易报备", "Pay another way, or announce the purchase"),
        step(
            Fixer::Holder,
            "认为不该拦的，在手机银行申请复查",
            "If you think it should not have been stopped, ask for a review in the app",
        ),
        step(
            Fixer::Bank,
            "复查规则，误判的对这张卡暂停该规则",
            "Review the rule; if it was wrong, snooze it for this card",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：命中的规则和版本见决策记录，仅供内部。告知：风控没有放行这笔付款[（{amount}）]，账户没有冻结；不说规则条件。处理：确认本人且合理的，按误判暂停该规则后请其再付；有疑点的转风控复查并给出处理时限。",
        "Checked: the rule and its version stand in the decision record, for internal use. Say: risk control did not let this payment[ of {amount}] through; the account is not frozen; no conditions of the rule. Do: if it is the holder and sound, snooze the rule as a false positive and let the holder pay again; otherwise pass to risk control and name the service target.",
    ),
};
