//! The sales slip as lines of plain data, in Chinese and English.
//!
//! The card number is masked before it gets here; nothing is printed.

use cardcrypto::esign::feature_code;

use crate::batch::LogEntry;
use crate::card::Entry;
use crate::pos::Pos;

/// One line: a label in both languages, and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptLine {
    /// The label in Chinese.
    pub zh: &'static str,
    /// The label in English.
    pub en: &'static str,
    /// The value as it is printed.
    pub value: String,
}

/// A slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its lines, from the top.
    pub lines: Vec<ReceiptLine>,
    /// Whether the holder is to sign: no PIN was entered.
    pub to_sign: bool,
    /// What is drawn under the signature.
    pub feature_code: Option<String>,
}

impl Receipt {
    /// The slip as text, one line each: Chinese labels, or English ones.
    pub fn text(&self, english: bool) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(if english { line.en } else { line.zh });
            text.push_str(": ");
            text.push_str(&line.value);
            text.push('\n');
        }
        text
    }
}

impl Pos {
    /// The slip of the transaction with that STAN in this batch.
    pub fn receipt(&self, stan: u32) -> Option<Receipt> {
        let entry = self.log().iter().find(|entry| entry.stan == stan)?;
        let settings = self.settings();
        let mut lines = Vec::new();
        let mut line = |zh, en, value: String| lines.push(ReceiptLine { zh, en, value });
        line("商户名称", "MERCHANT NAME", settings.merchant_name.clone());
        line("商户编号", "MERCHANT NO", settings.merchant.clone());
        line("终端编号", "TERMINAL NO", settings.terminal.clone());
        line("操作员号", "OPERATOR NO", settings.operator.clone());
        if let Some((issuer, acquirer)) =
            entry.institutions.as_deref().and_then(|text| text.split_at_checked(11))
        {
            line("发卡行", "ISSUER", issuer.trim().to_owned());
            line("收单机构", "ACQUIRER", acquirer.trim().to_owned());
        }
        line("卡号", "CARD NO", format!("{} {}", entry.pan.masked(), entry_letter(entry.entry)));
        line("有效期", "EXP DATE", format!("20{}/{}", &entry.expiry[..2], &entry.expiry[2..]));
        line("交易类型", "TRANS TYPE", format!("{} / {}", entry.kind.zh(), entry.kind.en()));
        line("批次号", "BATCH NO", format!("{:06}", entry.batch));
        line("凭证号", "VOUCHER NO", format!("{:06}", entry.stan));
        if let Some(approval) = &entry.approval {
            line("授权码", "AUTH NO", approval.clone());
        }
        if let Some(rrn) = &entry.rrn {
            line("检索参考号", "REFER NO", rrn.clone());
        }
        line("日期/时间", "DATE/TIME", date_time(entry));
        line("金额", "AMOUNT", amount(&settings.currency, entry.amount));
        let code = entry.rrn.as_deref().and_then(|rrn| feature_code(entry.settlement_date.as_deref(), rrn));
        Some(Receipt { lines, to_sign: !entry.pin, feature_code: code })
    }
}

/// What stands behind the card number: how the card got in.
fn entry_letter(entry: Entry) -> &'static str {
    match entry {
        Entry::Insert => "I",
        Entry::Tap => "C",
        Entry::Swipe => "S",
        Entry::Fallback => "F",
        Entry::Keyed => "M",
    }
}

/// Two decimals; yuan by their usual name, another currency by its number.
fn amount(currency: &str, minor: u64) -> String {
    let unit = if currency == "156" { "RMB" } else { currency };
    format!("{unit} {}.{:02}", minor / 100, minor % 100)
}

/// The year is the terminal's; day and time are the host's where it said them.
fn date_time(entry: &LogEntry) -> String {
    let year = &entry.at.full()[..4];
    let pairs = |text: &str, by: &str| {
        let characters: Vec<char> = text.chars().collect();
        characters.chunks(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(by)
    };
    format!("{year}/{} {}", pairs(&entry.date, "/"), pairs(&entry.time, ":"))
}
