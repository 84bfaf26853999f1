//! What the terminal shows for a response code: its own words, from the terminal annex of Q/CUP 009.1 and the codes of
//! Q/CUP 006.6-2015 table A.2.
//!
//! The host has its own, longer ones; that both fit is for a reader to judge.

/// A code in two languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeText {
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

#[rustfmt::skip]
const TEXTS: [(&str, &str, &str); 60] = [
    ("00", "交易成功", "Approved"),
    ("01", "请持卡人与发卡银行联系", "Refer to issuer"),
    ("03", "无效商户", "Invalid merchant"),
    ("04", "此卡被没收", "Pick up card"),
    ("05", "持卡人认证失败", "Not authenticated"),
    ("10", "部分金额批准", "Approved in part"),
    ("11", "成功, 贵宾客户", "Approved, VIP"),
    ("12", "无效交易", "Invalid transaction"),
    ("13", "无效金额", "Invalid amount"),
    ("14", "无效卡号", "Invalid card number"),
    ("15", "此卡无对应发卡方", "No such issuer"),
    ("16", "批准更新第三磁道", "Approved, update track 3"),
    ("21", "该卡未初始化或睡眠卡", "Card not activated"),
    ("22", "操作有误, 或超出交易允许天数", "Suspected malfunction"),
    ("25", "没有原始交易, 请联系发卡方", "Original not found"),
    ("30", "请重试", "Format error, retry"),
    ("34", "作弊卡, 吞卡", "Suspected fraud, pick up"),
    ("38", "密码错误次数超限, 请与发卡方联系", "PIN tries exceeded"),
    ("40", "发卡方不支持的交易类型", "Function not supported"),
    ("41", "挂失卡, 请没收", "Lost card, pick up"),
    ("43", "被窃卡, 请没收", "Stolen card, pick up"),
    ("45", "芯片卡交易, 请插卡", "Use chip"),
    ("51", "可用余额不足", "Insufficient funds"),
    ("54", "该卡已过期", "Expired card"),
    ("55", "密码错误", "Wrong PIN"),
    ("57", "不允许此卡交易", "Not permitted to card"),
    ("58", "发卡方不允许该卡在本终端进行此交易", "Not permitted to terminal"),
    ("59", "卡片校验错", "Card verification failed"),
    ("61", "交易金额超限", "Exceeds amount limit"),
    ("62", "受限制的卡", "Restricted card"),
    ("64", "交易金额与原交易不匹配", "Original amount incorrect"),
    ("65", "超出消费次数限制", "Exceeds frequency limit"),
    ("68", "交易超时, 请重试", "Issuer answered too late"),
    ("75", "密码错误次数超限", "PIN tries exceeded"),
    ("77", "请重新签到", "Sign in again"),
    ("90", "系统日切, 请稍后重试", "Cut-off, retry later"),
    ("91", "发卡方状态不正常, 请稍后重试", "Issuer not available"),
    ("92", "发卡方线路异常, 请稍后重试", "Issuer not reachable"),
    ("94", "拒绝, 重复交易, 请稍后重试", "Duplicate transaction"),
    ("96", "拒绝, 交换中心异常, 请稍后重试", "Centre malfunction"),
    ("97", "终端未登记", "Terminal not registered"),
    ("98", "发卡方超时", "No answer from issuer"),
    ("99", "PIN格式错, 请重新签到", "PIN format, sign in again"),
    ("A0", "MAC校验错, 请重新签到", "MAC error, sign in again"),
    ("A1", "转账货币不一致", "Transfer currency differs"),
    ("A2", "交易成功, 请向发卡行确认", "Approved, confirm with issuer"),
    ("A3", "账户不正确", "Account not correct"),
    ("A4", "交易成功, 请向发卡行确认", "Approved, confirm with issuer"),
    ("A5", "交易成功, 请向发卡行确认", "Approved, confirm with issuer"),
    ("A6", "交易成功, 请向发卡行确认", "Approved, confirm with issuer"),
    ("A7", "拒绝, 交换中心异常, 请稍后重试", "Security processing failed"),
    ("A8", "转入卡归属地信息缺失", "Region of credited card missing"),
    ("B1", "无欠费", "Nothing owed"),
    ("C1", "受理方状态非法", "Acquirer not in service"),
    ("D1", "机构代码错误", "Institution code wrong"),
    ("P1", "当前卡未在发卡机构留存手机号", "No phone number with issuer"),
    ("Y1", "脱机交易成功", "Approved offline"),
    ("Y3", "不能联机, 脱机交易成功", "Approved offline, no line"),
    ("Z1", "脱机交易失败", "Declined offline"),
    ("Z3", "不能联机, 脱机交易失败", "Declined offline, no line"),
];

/// What is shown for a code; an unknown one is a failed transaction.
pub fn code_text(code: &str) -> CodeText {
    TEXTS
        .iter()
        .find(|(known, _, _)| *known == code)
        .map_or(CodeText { zh: "交易失败", en: "Declined" }, |&(_, zh, en)| CodeText { zh, en })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_fit_the_screen() {
        assert!(TEXTS.is_sorted_by(|left, right| left.0 < right.0));
        for (code, zh, en) in TEXTS {
            assert_eq!(code.len(), 2);
            assert!(encoding_rs::GBK.encode(zh).0.len() <= 40 && en.len() <= 40, "{code}");
        }
        assert_eq!(code_text("51").en, "Insufficient funds");
        assert_eq!(code_text("ZZ").zh, "交易失败");
    }
}
