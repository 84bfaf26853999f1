//! What an answer told the terminal, after everything about it was checked.
//!
//! Nothing is decided here.

use crate::settlement::Verdict;
use crate::texts::{CodeText, code_text};
use crate::transaction::Kind;

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Sign-in; on success the working keys are in place.
    SignIn,
    /// Sign-out.
    SignOut,
    /// Echo.
    Echo,
    /// A transaction with a card.
    Transaction(Kind),
    /// A reversal.
    Reversal,
    /// Totals of the batch.
    Settlement,
    /// One message of the batch upload.
    Upload,
    /// A signature, or a part of it.
    Signature,
    /// The result of an issuer script.
    ScriptResult,
}

/// One amount of DE54.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Kind of account, 2 digits.
    pub account: String,
    /// Kind of amount, 2 digits: 01 booked, 02 available.
    pub kind: String,
    /// ISO 4217 numeric.
    pub currency: String,
    /// Minor units; negative where the sign is `D`.
    pub amount: i64,
}

impl Balance {
    /// The amounts of DE54, 20 characters each; a malformed one ends the list.
    pub(crate) fn read(field: &str) -> Vec<Self> {
        let one = |text: &str| {
            let amount: i64 = text.get(8..20)?.parse().ok()?;
            let sign = match text.get(7..8)? {
                "C" => 1,
                "D" => -1,
                _ => return None,
            };
            Some(Self {
                account: text.get(0..2)?.to_owned(),
                kind: text.get(2..4)?.to_owned(),
                currency: text.get(4..7)?.to_owned(),
                amount: sign * amount,
            })
        };
        (0..field.len() / 20).map_while(|at| one(field.get(at * 20..at * 20 + 20)?)).collect()
    }
}

/// An answer that belongs to its request and whose MAC held, where it has to have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What was answered.
    pub to: Answered,
    /// DE11.
    pub stan: u32,
    /// DE39.
    pub code: String,
    /// What the terminal shows for the code.
    pub text: CodeText,
    /// DE63.2: what the host wants shown instead, where it says something.
    pub host_text: Option<String>,
    /// DE38.
    pub approval: Option<String>,
    /// DE37.
    pub rrn: Option<String>,
    /// DE13 and DE12: `MMDD` and `hhmmss`.
    pub at: Option<(String, String)>,
    /// DE15, `MMDD`.
    pub settlement_date: Option<String>,
    /// DE4 of the answer, minor units; less than asked for where part was approved (code 10).
    pub amount: Option<u64>,
    /// DE54.
    pub balances: Vec<Balance>,
    /// DE44: issuer and acquirer.
    pub institutions: Option<String>,
    /// DE63.1.
    pub organisation: Option<String>,
    /// Header, processing request: what the host wants done next (a download, a sign-in; acquirers vary); 0 nothing.
    pub processing_request: u8,
    /// Whether the answer had a MAC, and it held.
    pub authenticated: bool,
    /// Whether the chip believed the issuer; `None` where there was nothing to believe.
    pub issuer_authentic: Option<bool>,
    /// Whether the issuer sent a script, whose result is now due.
    pub script: bool,
    /// What the host said of the totals.
    pub verdict: Option<Verdict>,
}

impl Reply {
    /// Whether the code is an approval: 00, in part (10), VIP (11), with track 3 (16), defective successes (A2, A4,
    /// A5, A6).
    pub fn approved(&self) -> bool {
        is_approval(&self.code)
    }

    /// A reply of which only code and number are known yet.
    pub(crate) fn new(to: Answered, stan: u32, code: &str) -> Self {
        Self {
            to,
            stan,
            code: code.to_owned(),
            text: code_text(code),
            host_text: None,
            approval: None,
            rrn: None,
            at: None,
            settlement_date: None,
            amount: None,
            balances: Vec::new(),
            institutions: None,
            organisation: None,
            processing_request: 0,
            authenticated: false,
            issuer_authentic: None,
            script: false,
            verdict: None,
        }
    }
}

/// Whether a code is an approval.
pub(crate) fn is_approval(code: &str) -> bool {
    matches!(code, "00" | "10" | "11" | "16" | "A2" | "A4" | "A5" | "A6")
}

/// Codes by which a host may answer without a MAC, because it does not know the terminal, its keys or its message:
/// format, terminal and merchant unknown, MAC and PIN errors, security processing.
pub(crate) fn may_lack_mac(code: &str) -> bool {
    matches!(code, "03" | "30" | "77" | "96" | "97" | "99" | "A0" | "A7" | "C1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balances_are_read_until_one_is_malformed() {
        let check = |field: &str, amounts: &[i64]| {
            let read: Vec<i64> = Balance::read(field).iter().map(|one| one.amount).collect();
            assert_eq!(read, amounts, "{field}");
        };
        check("1002156C000000012345", &[12_345]);
        check("1002156C0000000123451001156D000000000007", &[12_345, -7]);
        check("1002156X0000000123451001156D000000000007", &[]);
        check("1002156C00000001234", &[]);
        check("余额余额余额余额余额余额", &[]);
        check("", &[]);
    }
}
