//! What a terminal can do online, and the constants by which the message says so (Q/CUP 009.1, transaction table).
//!
//! No field is filled and nothing is sent here.

/// On which side of the batch a transaction counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Money from the card: sales and completions.
    Debit,
    /// Money to the card: voids, cancelled completions, refunds.
    Credit,
    /// No money moved.
    Neither,
}

/// A transaction with a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 余额查询.
    BalanceInquiry,
    /// 消费.
    Sale,
    /// 消费撤销.
    SaleVoid,
    /// 退货.
    Refund,
    /// 预授权.
    PreAuthorization,
    /// 预授权撤销.
    PreAuthorizationCancel,
    /// 预授权完成(请求).
    Completion,
    /// 预授权完成撤销.
    CompletionCancel,
    /// 预授权完成(通知).
    CompletionAdvice,
}

/// How a completion is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionBy {
    /// 0200, which may be refused and reversed.
    Request,
    /// 0220, which must be accepted.
    Advice,
}

/// The constants of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub mti: &'static str,
    pub processing: &'static str,
    pub condition: &'static str,
    /// DE60.1.
    pub message_type: &'static str,
    pub reversible: bool,
    pub side: Side,
    /// Whether a chip makes a cryptogram for it; what follows an earlier transaction only reads the card.
    pub cryptogram: bool,
    pub zh: &'static str,
    pub en: &'static str,
}

impl Kind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 9] = [
        Self::BalanceInquiry,
        Self::Sale,
        Self::SaleVoid,
        Self::Refund,
        Self::PreAuthorization,
        Self::PreAuthorizationCancel,
        Self::Completion,
        Self::CompletionCancel,
        Self::CompletionAdvice,
    ];

    #[rustfmt::skip]
    pub(crate) const fn row(self) -> Row {
        use Side::{Credit, Debit, Neither};
        const fn row(
            numbers: [&'static str; 4], reversible: bool, side: Side, cryptogram: bool, names: [&'static str; 2],
        ) -> Row {
            let [mti, processing, condition, message_type] = numbers;
            let [zh, en] = names;
            Row { mti, processing, condition, message_type, reversible, side, cryptogram, zh, en }
        }
        match self {
            Self::BalanceInquiry         => row(["0200", "310000", "00", "01"], false, Neither, true,  ["余额查询", "BALANCE"]),
            Self::Sale                   => row(["0200", "000000", "00", "22"], true,  Debit,   true,  ["消费", "SALE"]),
            Self::SaleVoid               => row(["0200", "200000", "00", "23"], true,  Credit,  false, ["消费撤销", "VOID"]),
            Self::Refund                 => row(["0220", "200000", "00", "25"], false, Credit,  false, ["退货", "REFUND"]),
            Self::PreAuthorization       => row(["0100", "030000", "06", "10"], true,  Neither, true,  ["预授权", "AUTH"]),
            Self::PreAuthorizationCancel => row(["0100", "200000", "06", "11"], true,  Neither, false, ["预授权撤销", "CANCEL"]),
            Self::Completion             => row(["0200", "000000", "06", "20"], true,  Debit,   false, ["预授权完成请求", "AUTH COMPLETE"]),
            Self::CompletionCancel       => row(["0200", "200000", "06", "21"], true,  Credit,  false, ["预授权完成撤销", "COMPLETE VOID"]),
            Self::CompletionAdvice       => row(["0220", "000000", "06", "24"], false, Debit,   false, ["预授权完成通知", "AUTH SETTLEMENT"]),
        }
    }

    /// The name on a Chinese slip.
    pub const fn zh(self) -> &'static str {
        self.row().zh
    }

    /// The name on an English slip.
    pub const fn en(self) -> &'static str {
        self.row().en
    }

    /// On which side of the batch it counts.
    pub const fn side(self) -> Side {
        self.row().side
    }

    /// Whether it may be taken back by 0400.
    pub const fn is_reversible(self) -> bool {
        self.row().reversible
    }
}
