//! Causes of the family *system*: terminal, network, host and issuer: never the holder's doing, and feeding nothing.
//!
//! Only what is true of a cause itself; how it is found lives in `apply`, how it is said in `explain`.

#![expect(
    non_upper_case_globals,
    reason = "each is named as its variant of `Cause`, so that one list declares both"
)]

use super::{CHECKING, Disclosure, Entry, Family, Feeds, Fixer, OperatorClass, Retry, codes, step, text};

pub(super) static FormatError: Entry = Entry {
    slug: "format_error",
    family: Family::System,
    title: text("报文无法读取", "Message cannot be read"),
    codes: codes("30", "30", 904, 9100),
    class: OperatorClass::E,
    fixer: Fixer::Operator,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "终端发来的信息我们没能读懂，{card}没有扣款，与您和卡无关。请让收银员重新操作一次，或换一种方式付款。",
            "We could not read what the terminal sent; nothing was charged to your {card}, and neither you nor the card caused it. Please let the cashier enter the payment once more, or pay another way.",
        ),
        cashier: text("未扣款, 请重做一次, 仍不行报修", "Not charged. Redo once; then report it."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "重新发起一次交易", "Enter the transaction once more"),
        step(
            Fixer::Merchant,
            "仍失败时联系收单机构更新终端程序",
            "If it fails again, have the acquirer update the terminal",
        ),
        step(
            Fixer::Operator,
            "按流水号查看被拒报文的字段和原因",
            "Look up by trace number which field was refused and why",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：报文在解析阶段被拒，没有进入账务。告知：没有扣款，与持卡人和卡无关。处理：记下终端号和流水号交运行值班；同一终端反复出现的，请收单机构更新程序。",
        "Checked: the message was refused before it reached the books. Say: nothing was charged; neither holder nor card is the cause. Do: hand terminal and trace number to the duty operator; if one terminal repeats it, ask the acquirer to update it.",
    ),
};

pub(super) static DuplicateMismatch: Entry = Entry {
    slug: "duplicate_mismatch",
    family: Family::System,
    title: text("同一流水号内容不符", "Same number, different content"),
    codes: codes("94", "94", 913, 9113),
    class: OperatorClass::D,
    fixer: Fixer::Cashier,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "终端用同一个流水号送来了内容不同的交易，我们没有为{card}再次扣款。请和收银员核对上一笔是否成功，再决定是否重新付款。",
            "The terminal sent a different payment under a number already used, and we did not charge your {card} a second time. Please check with the cashier whether the first payment went through before paying again.",
        ),
        cashier: text("流水号重复, 先查上一笔再收款", "Number reused. Check last sale first."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "在终端查询上一笔交易的结果",
            "Look up the result of the last transaction on the terminal",
        ),
        step(
            Fixer::Cashier,
            "确认上一笔未成功后，以新流水号重新发起",
            "Only if it failed, start again under a new number",
        ),
        step(
            Fixer::Merchant,
            "反复出现时签退、签到并联系收单机构",
            "If it recurs, sign out and in, and call the acquirer",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：商户、终端、批次、流水号与已有交易相同，金额或卡不同；原交易结果不变。告知：没有重复扣款，原交易以流水为准。处理：调出两笔对照，请商户核对终端流水号设置，必要时报运行值班。",
        "Checked: merchant, terminal, batch and trace number equal an earlier transaction, amount or card differ; the earlier result stands. Say: there was no second charge; the record shows the first. Do: compare the two, have the merchant check the terminal's numbering, and tell the duty operator if needed.",
    ),
};

pub(super) static ReversedBefore: Entry = Entry {
    slug: "reversed_before",
    family: Family::System,
    title: text("冲正先于原交易到达", "Reversal arrived before its sale"),
    codes: codes("22", "22", 922, 9122),
    class: OperatorClass::B,
    fixer: Fixer::Cashier,
    retry: Retry::Now,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔交易在到达我们之前，终端已经要求取消，{card}没有扣款。需要付款时，请收银员重新发起一笔。",
            "The terminal had already called this payment off before it reached us, and nothing was charged to your {card}. If you still wish to pay, please let the cashier start a new one.",
        ),
        cashier: text("本笔已冲正未扣款, 请重新收款", "Reversed, not charged. Start a new sale."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "以新流水号重新发起交易", "Start a new transaction under a new number"),
        step(
            Fixer::Merchant,
            "经常发生时检查网络和终端超时设置",
            "If it happens often, check the network and the terminal's time-out",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：冲正先到并已登记，原交易后到被拒，没有占用资金。告知：没有扣款，可以重新付款。处理：持卡人另见扣款的，按检索参考号查是否为另一笔；同一网点频发的，报收单机构查线路。",
        "Checked: the reversal came first and was kept; the sale came after it and was declined; no money is held. Say: nothing was charged; the payment can be made again. Do: if the holder sees a charge, look by reference number for another transaction; report frequent cases of one site to the acquirer.",
    ),
};

pub(super) static TooLate: Entry = Entry {
    slug: "too_late",
    family: Family::System,
    title: text("超过应答时限", "Answer would come too late"),
    codes: codes("68", "68", 911, 9111),
    class: OperatorClass::E,
    fixer: Fixer::Cashier,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这笔交易到我们这里时已经超过终端的等待时间，我们没有批准，{card}不会为此扣款。请先让收银员核对这笔的结果，确认未成功后再付款。",
            "This payment reached us after the terminal had stopped waiting; we did not approve it and your {card} will not be charged for it. Please let the cashier check the result first and pay again only once it shows as failed.",
        ),
        cashier: CHECKING,
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "等终端完成冲正，并查询这笔交易的结果",
            "Let the terminal finish its reversal and look up the result",
        ),
        step(Fixer::Cashier, "显示未成功后再重新收款", "Charge again only when it shows as failed"),
        step(Fixer::Operator, "检查线路和排队时延", "Look into line and queueing delays"),
    ],
    documents: &[],
    agent: text(
        "核对：到达时已过应答时限，按规则不批准，随后应有冲正。告知：这笔不会扣款；确认结果前请勿重复付款。处理：按检索参考号或流水号查最终状态，给出明确答复；时延集中出现的报运行值班。",
        "Checked: it arrived past the deadline and so was not approved; a reversal should follow. Say: this one will not be charged; do not pay twice before the result is clear. Do: look up the final state by reference or trace number and give a definite answer; report clusters of delay to the duty operator.",
    ),
};

pub(super) static MerchantUnknown: Entry = Entry {
    slug: "merchant_unknown",
    family: Family::System,
    title: text("商户未登记", "Merchant not enrolled"),
    codes: codes("03", "03", 109, 1009),
    class: OperatorClass::D,
    fixer: Fixer::Merchant,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这家商户还没有在我们这里登记，{card}没有扣款，与您的卡无关。请用其他方式向商户付款。",
            "This merchant is not enrolled with us; nothing was charged to your {card}, and the card is not the cause. Please pay the merchant another way.",
        ),
        cashier: text("商户未登记, 请联系收单机构", "Not enrolled. Call your acquirer."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "先用其他方式收款", "Take the payment another way for now"),
        step(
            Fixer::Merchant,
            "与收单机构核对商户号，完成进件或激活",
            "Check the merchant number with the acquirer and complete onboarding",
        ),
        step(
            Fixer::Operator,
            "商户已进件时补登商户资料",
            "If onboarding is complete, add the missing record",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：报文里的商户号不在登记表内。告知：与持卡人和卡无关，没有扣款。处理：查进件进度；已审核通过的请运行值班补登，未进件的转商户服务。",
        "Checked: the merchant number in the message is not on our list. Say: neither holder nor card is the cause; nothing was charged. Do: look up the onboarding; if approved, have the duty operator add it, otherwise pass it to merchant services.",
    ),
};

pub(super) static TerminalUnknown: Entry = Entry {
    slug: "terminal_unknown",
    family: Family::System,
    title: text("终端未登记", "Terminal not enrolled"),
    codes: codes("97", "58", 120, 1020),
    class: OperatorClass::D,
    fixer: Fixer::Merchant,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这台终端还没有在我们这里登记，{card}没有扣款，与您的卡无关。请让商户换一台终端，或用其他方式付款。",
            "This terminal is not enrolled with us; nothing was charged to your {card}, and the card is not the cause. Please let the merchant use another terminal, or pay another way.",
        ),
        cashier: text("终端未登记, 请换终端并报收单", "Not enrolled. Use another terminal."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "换一台终端收款", "Use another terminal"),
        step(
            Fixer::Merchant,
            "与收单机构核对终端号并激活",
            "Check the terminal number with the acquirer and activate it",
        ),
        step(
            Fixer::Operator,
            "核对终端与商户的绑定关系",
            "Check that the terminal is bound to this merchant",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：终端号不存在，或不属于这个商户。告知：与持卡人和卡无关，没有扣款。处理：查终端激活与绑定；换机、迁址后未更新的，转商户服务办理。",
        "Checked: the terminal number does not exist or does not belong to this merchant. Say: neither holder nor card is the cause; nothing was charged. Do: look up activation and binding; after a swap or a move, pass it to merchant services.",
    ),
};

pub(super) static TerminalNotSignedIn: Entry = Entry {
    slug: "terminal_not_signed_in",
    family: Family::System,
    title: text("终端尚未签到", "Terminal not signed in"),
    codes: codes("A0", "58", 918, 9118),
    class: OperatorClass::D,
    fixer: Fixer::Cashier,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这台终端还没有签到，{card}没有扣款，与您的卡无关。请稍等收银员签到后再付一次。",
            "This terminal has not signed in yet; nothing was charged to your {card}, and the card is not the cause. Please wait for the cashier to sign in, then pay again.",
        ),
        cashier: text("未扣款, 请先签到再重新收款", "Not charged. Sign in, then charge again."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "在终端执行签到", "Sign in on the terminal"),
        step(Fixer::Cashier, "签到成功后重新收款", "Charge again once signed in"),
        step(Fixer::Merchant, "签到失败时联系收单机构", "If sign-in fails, call the acquirer"),
    ],
    documents: &[],
    agent: text(
        "核对：终端没有有效的工作密钥。告知：签到后即可使用，没有扣款。处理：指导商户签到；签到仍失败的，核对主密钥状态后转运行值班。",
        "Checked: the terminal has no working keys in force. Say: it works after sign-in; nothing was charged. Do: guide the merchant through sign-in; if that fails, check the master key's state and pass it to the duty operator.",
    ),
};

pub(super) static MacError: Entry = Entry {
    slug: "mac_error",
    family: Family::System,
    title: text("报文校验未通过", "Message authentication failed"),
    codes: codes("A0", "96", 916, 9116),
    class: OperatorClass::D,
    fixer: Fixer::Cashier,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "终端发来的信息没有通过完整性校验，我们没有受理，{card}没有扣款，与您的卡无关。请稍等收银员重新签到后再付一次。",
            "What the terminal sent did not pass its integrity check, so we did not take it; nothing was charged to your {card}, and the card is not the cause. Please wait for the cashier to sign in again, then pay once more.",
        ),
        cashier: text("未扣款, 请重新签到后再收款", "Not charged. Sign in again, then charge."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "重新签到以更换工作密钥", "Sign in again to renew the working keys"),
        step(Fixer::Cashier, "签到成功后重新收款", "Charge again once signed in"),
        step(
            Fixer::Operator,
            "反复出现时核对终端主密钥并隔离终端",
            "If it recurs, check the terminal's master key and quarantine it",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：报文鉴别码不符，没有进入账务。告知：没有扣款，与持卡人和卡无关。处理：请商户重新签到；多次出现的终端会被隔离，由运行值班核查密钥和设备。",
        "Checked: the message authentication code does not match; nothing reached the books. Say: nothing was charged; neither holder nor card is the cause. Do: ask the merchant to sign in again; a terminal that repeats it is quarantined, and the duty operator checks keys and device.",
    ),
};

pub(super) static PinFormatError: Entry = Entry {
    slug: "pin_format_error",
    family: Family::System,
    title: text("密码数据无法读取", "PIN data cannot be read"),
    codes: codes("99", "96", 126, 1026),
    class: OperatorClass::D,
    fixer: Fixer::Cashier,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "终端送来的密码数据我们无法读取，没有计入密码次数，{card}也没有扣款。请稍等收银员重新签到，然后再输入一次密码。",
            "We could not read the PIN data the terminal sent; it does not count as a wrong PIN, and nothing was charged to your {card}. Please wait for the cashier to sign in again, then enter your PIN once more.",
        ),
        cashier: text("未扣款, 请重新签到后再试", "Not charged. Sign in again and retry."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "重新签到以更换工作密钥", "Sign in again to renew the working keys"),
        step(Fixer::Holder, "重新输入密码", "Enter the PIN again"),
        step(Fixer::Operator, "反复出现时检查密码键盘和密钥", "If it recurs, check the PIN pad and its keys"),
    ],
    documents: &[],
    agent: text(
        "核对：密码块解不开，未做密码比对，未计次数。告知：不算密码错误，没有扣款。处理：请商户重新签到；仍然出现的，请收单机构检查密码键盘，终端可能被隔离。",
        "Checked: the PIN block could not be opened; no PIN was compared and no try counted. Say: this is not a wrong PIN; nothing was charged. Do: ask the merchant to sign in again; if it persists, have the acquirer check the PIN pad; the terminal may be quarantined.",
    ),
};

pub(super) static SecurityModuleDown: Entry = Entry {
    slug: "security_module_down",
    family: Family::System,
    title: text("安全模块暂不可用", "Security module unavailable"),
    codes: codes("A7", "96", 920, 9120),
    class: OperatorClass::E,
    fixer: Fixer::Operator,
    retry: Retry::After(60),
    disclosure: Disclosure::Full {
        holder: text(
            "我们的安全设备暂时无法完成校验，{card}没有扣款，密码次数也不受影响。请一分钟后再试，或换一种方式付款。",
            "Our security equipment cannot complete its checks at the moment; nothing was charged to your {card} and no PIN try was counted. Please try again in a minute, or pay another way.",
        ),
        cashier: text("系统忙未扣款, 请1分钟后重试", "Not charged. Try again in 1 minute."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "一分钟后重试，或换一种方式收款",
            "Try again in a minute, or take payment another way",
        ),
        step(
            Fixer::Operator,
            "恢复安全模块连接，核对所需密钥已装入",
            "Restore the security module and see that the keys needed are loaded",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：安全模块未应答或缺少所需密钥，未做密码和密文校验。告知：系统原因，没有扣款，不计密码次数。处理：查看运行公告给出预计恢复时间；未公告的报运行值班。",
        "Checked: the security module did not answer or lacks the key; neither PIN nor cryptogram was checked. Say: it is our system; nothing was charged and no PIN try counted. Do: give the time of recovery from the status notice; if there is none, tell the duty operator.",
    ),
};

pub(super) static TerminalFrozen: Entry = Entry {
    slug: "terminal_frozen",
    family: Family::System,
    title: text("终端已隔离", "Terminal quarantined"),
    codes: codes("58", "58", 120, 1020),
    class: OperatorClass::D,
    fixer: Fixer::Merchant,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "我们暂停了这台终端的收款，等待商户检查设备，{card}没有扣款，与您的卡无关。请让商户换一台终端，或用其他方式付款。",
            "We have paused this terminal until the merchant has it checked; nothing was charged to your {card}, and the card is not the cause. Please let the merchant use another terminal, or pay another way.",
        ),
        cashier: text("终端暂停使用, 请换终端并报修", "Terminal paused. Use another; report it."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "换一台终端收款", "Use another terminal"),
        step(
            Fixer::Merchant,
            "联系收单机构检查终端和密钥",
            "Have the acquirer check the terminal and its keys",
        ),
        step(
            Fixer::Operator,
            "健康检查通过并重新签到后解除隔离",
            "Lift the quarantine after a health check and a fresh sign-in",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：该终端因连续密钥或报文错误被隔离，商户其他终端不受影响。告知：与持卡人和卡无关，没有扣款。处理：请商户换终端收款；检查通过并签到成功后解除隔离。",
        "Checked: the terminal was quarantined after repeated key or message errors; the merchant's others work. Say: neither holder nor card is the cause; nothing was charged. Do: have the merchant use another; after the check and a successful sign-in the quarantine is lifted.",
    ),
};

pub(super) static TerminalFault: Entry = Entry {
    slug: "terminal_fault",
    family: Family::System,
    title: text("终端故障", "Terminal fault"),
    codes: codes("22", "22", 909, 9109),
    class: OperatorClass::D,
    fixer: Fixer::Merchant,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "这台终端报告了自身故障，{card}没有扣款，与您的卡无关。请让商户换一台终端，或用其他方式付款。",
            "This terminal reported a fault of its own; nothing was charged to your {card}, and the card is not the cause. Please let the merchant use another terminal, or pay another way.",
        ),
        cashier: text("终端故障未扣款, 请换终端收款", "Terminal fault. Use another terminal."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "重启终端，仍不行就换一台", "Restart the terminal; if that fails, use another"),
        step(Fixer::Merchant, "向收单机构报修", "Report the terminal for repair"),
    ],
    documents: &[],
    agent: text(
        "核对：终端自报故障，没有形成扣款。告知：与持卡人和卡无关。处理：记下终端号和故障码，转商户服务报修；持卡人见到扣款的，按检索参考号另查。",
        "Checked: the terminal reported its own fault; no charge was made. Say: neither holder nor card is the cause. Do: note terminal number and fault, pass it to merchant services for repair; if the holder sees a charge, trace it by reference number.",
    ),
};

pub(super) static HostMaintenance: Entry = Entry {
    slug: "host_maintenance",
    family: Family::System,
    title: text("系统维护中", "Host under maintenance"),
    codes: codes("90", "90", 906, 9106),
    class: OperatorClass::E,
    fixer: Fixer::Operator,
    retry: Retry::After(600),
    disclosure: Disclosure::Full {
        holder: text(
            "我们的系统正在维护[，预计 {until} 恢复]，{card}没有扣款，账户不受影响。请稍后再试，或换一种方式付款。",
            "Our system is under maintenance[; we expect to be back by {until}]. Nothing was charged to your {card} and your account is unaffected; please try again later or pay another way.",
        ),
        cashier: text("系统维护未扣款, 请换方式收款", "Maintenance. Take payment another way."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "换一种方式收款，或稍后再试", "Take payment another way, or try later"),
        step(
            Fixer::Operator,
            "按公告时间完成维护并确认恢复",
            "Finish the maintenance as announced and confirm that it is over",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：系统处于维护时段。告知：[预计 {until} 恢复；]没有扣款，账户和额度不受影响。处理：以运行公告为准告知恢复时间，急需付款的建议换一种方式。",
        "Checked: the host is in a maintenance window. Say: [we expect to be back by {until}; ]nothing was charged; account and limits are unaffected. Do: give the time from the status notice; where payment is urgent, suggest another way.",
    ),
};

pub(super) static HostOverloaded: Entry = Entry {
    slug: "host_overloaded",
    family: Family::System,
    title: text("系统繁忙", "Host overloaded"),
    codes: codes("96", "96", 909, 9109),
    class: OperatorClass::E,
    fixer: Fixer::Operator,
    retry: Retry::After(30),
    disclosure: Disclosure::Full {
        holder: text(
            "我们的系统此刻繁忙，没有受理这笔交易，{card}没有扣款。请半分钟后再试，或换一种方式付款。",
            "Our system is too busy at this moment and did not take this payment; nothing was charged to your {card}. Please try again in half a minute, or pay another way.",
        ),
        cashier: text("系统忙未扣款, 请30秒后重试", "Not charged. Try again in 30 seconds."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "约三十秒后重试一次", "Try once more after about thirty seconds"),
        step(
            Fixer::Operator,
            "检查积压原因，必要时扩容",
            "Find what causes the backlog and add capacity if needed",
        ),
    ],
    documents: &[],
    agent: text(
        "核对：等待处理的交易超过上限，这笔没有进入账务。告知：系统繁忙，没有扣款，可以重试。处理：持续超过五分钟的，查看运行公告或报运行值班。",
        "Checked: more was waiting than the host may hold; this one never reached the books. Say: we were busy, nothing was charged, trying again is fine. Do: if it lasts over five minutes, see the status notice or tell the duty operator.",
    ),
};

pub(super) static StorageFailed: Entry = Entry {
    slug: "storage_failed",
    family: Family::System,
    title: text("记账存储故障", "Journal cannot be written"),
    codes: codes("96", "96", 909, 9109),
    class: OperatorClass::E,
    fixer: Fixer::Operator,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "我们的记账系统出现故障，正在核对{card}的这笔交易，如有占用会自动退回。请先不要重复付款，您可以稍后在手机银行查看结果。",
            "Our bookkeeping failed and we are checking this payment on your {card}; anything held comes back by itself. Please do not pay again for now; you can see the result in the app shortly.",
        ),
        cashier: CHECKING,
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "等待结果，不要重复收款", "Wait for the result; do not charge again"),
        step(
            Fixer::Operator,
            "停止写入，恢复存储并按日志核对在途交易",
            "Stop writing, restore storage and check what was in flight against the journal",
        ),
        step(Fixer::Bank, "把核对结果告知持卡人和商户", "Tell holder and merchant the result of the check"),
    ],
    documents: &[],
    agent: text(
        "核对：日志写入失败，恢复后才知道这笔是否记账。告知：正在核对，请先不要重复付款，多占用的会自动退回。处理：登记工单，恢复后按检索参考号查最终状态并回复；不要口头承诺“一定没扣”。",
        "Checked: the journal could not be written; whether this was booked is known after recovery. Say: we are checking, please do not pay again; anything held in excess comes back by itself. Do: open a case, look up the final state after recovery and reply; do not promise that nothing was charged.",
    ),
};

pub(super) static NetworkDown: Entry = Entry {
    slug: "network_down",
    family: Family::System,
    title: text("与发卡行的网络中断", "Network to the issuer down"),
    codes: codes("92", "92", 912, 9112),
    class: OperatorClass::E,
    fixer: Fixer::Operator,
    retry: Retry::After(300),
    disclosure: Disclosure::Full {
        holder: text(
            "我们与发卡行之间的线路中断，这笔交易没有送出，{card}没有扣款。请几分钟后再试，或换一种方式付款。",
            "The line between us and the issuer is down; this payment was not sent and nothing was charged to your {card}. Please try again in a few minutes, or pay another way.",
        ),
        cashier: text("网络中断未扣款, 请换方式收款", "Line down. Take payment another way."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "换一种方式收款，或几分钟后再试",
            "Take payment another way, or try in a few minutes",
        ),
        step(Fixer::Operator, "切换备用线路并确认恢复", "Switch to the standby line and confirm recovery"),
    ],
    documents: &[],
    agent: text(
        "核对：到发卡行的线路中断，请求没有送出。告知：没有扣款，与持卡人和卡无关。处理：查看运行公告告知恢复时间；未公告的报运行值班。",
        "Checked: the line to the issuer is down; the request was not sent. Say: nothing was charged; neither holder nor card is the cause. Do: give the time of recovery from the status notice; if there is none, tell the duty operator.",
    ),
};

pub(super) static IssuerDown: Entry = Entry {
    slug: "issuer_down",
    family: Family::System,
    title: text("发卡行系统暂停", "Issuer out of order"),
    codes: codes("91", "91", 907, 9107),
    class: OperatorClass::E,
    fixer: Fixer::Operator,
    retry: Retry::After(300),
    disclosure: Disclosure::Full {
        holder: text(
            "发行{card}的银行，系统暂时无法处理交易，没有扣款。请几分钟后再试，或换一家银行的卡付款。",
            "The system of the bank that issued your {card} cannot process payments at the moment, and nothing was charged. Please try again in a few minutes, or use a card of another bank.",
        ),
        cashier: text("发卡行系统忙, 请换他行卡付款", "Issuer down. Try another bank's card."),
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(Fixer::Cashier, "请顾客换其他银行的卡", "Ask for a card of another bank"),
        step(Fixer::Operator, "联系发卡行确认恢复时间", "Ask the issuer when it will be back"),
    ],
    documents: &[],
    agent: text(
        "核对：发卡行应答“暂不能操作”。告知：发卡行系统原因，没有扣款。处理：查看该行公告；本行发卡的报运行值班，他行发卡的请持卡人关注发卡行通知。",
        "Checked: the issuer answered that it cannot operate. Say: the issuer's system is the cause; nothing was charged. Do: see that bank's notice; if it is ours, tell the duty operator; if not, refer the holder to the issuer's announcements.",
    ),
};

pub(super) static IssuerSilent: Entry = Entry {
    slug: "issuer_silent",
    family: Family::System,
    title: text("发卡行未按时应答", "Issuer did not answer in time"),
    codes: codes("98", "68", 911, 9111),
    class: OperatorClass::E,
    fixer: Fixer::Operator,
    retry: Retry::AfterRemedy,
    disclosure: Disclosure::Full {
        holder: text(
            "发行{card}的银行没有按时答复，我们正在核对这笔交易[（{amount}）]，如已扣款会自动退回[，最晚 {until}]。请先不要重复付款，您可以在手机银行查看结果。",
            "The bank that issued your {card} did not answer in time; we are checking this payment[ ({amount})], and if it was charged it comes back by itself[ by {until}]. Please do not pay again for now; you can see the result in the app.",
        ),
        cashier: CHECKING,
    },
    feeds: Feeds::NOTHING,
    remedy: &[
        step(
            Fixer::Cashier,
            "等终端完成冲正并查询结果，不要重复收款",
            "Let the terminal finish its reversal, look up the result, do not charge again",
        ),
        step(
            Fixer::Operator,
            "向发卡行持续发送冲正，直到得到应答",
            "Keep sending the reversal to the issuer until it is answered",
        ),
        step(Fixer::Bank, "到期仍未退回时登记调账", "If it has not come back by then, raise an adjustment"),
    ],
    documents: &[],
    agent: text(
        "核对：发卡行超时未应答，冲正已排队发送。告知：如已扣款[（{amount}）]会自动退回[，最晚 {until}]，请先不要重复付款。处理：查冲正是否已得到应答；到期未退的登记调账工单并给出处理时限。",
        "Checked: the issuer timed out; the reversal is queued and on its way. Say: anything charged[ ({amount})] comes back by itself[ by {until}]; please do not pay again for now. Do: see whether the reversal was answered; if it is overdue, raise an adjustment and name the service target.",
    ),
};
