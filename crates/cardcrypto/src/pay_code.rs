//! Whose the code is that a customer's phone shows.
//!
//! A code is worth money for a minute: it is never logged, and nothing here keeps one.

/// Whom a pay code is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayChannel {
    /// WeChat Pay: 18 digits from 10 to 15.
    WeChat,
    /// Alipay: 16 to 24 digits from 25 to 30.
    Alipay,
    /// UnionPay: 19 digits from 62.
    UnionPay,
}

impl PayChannel {
    /// The channel of a code; `None` when it is no channel's.
    pub fn of(code: &str) -> Option<Self> {
        let digits = code.as_bytes();
        let [first, second, ..] = digits else {
            return None;
        };
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        match ((first, second), digits.len()) {
            ((b'1', b'0'..=b'5'), 18) => Some(Self::WeChat),
            ((b'2', b'5'..=b'9') | (b'3', b'0'), 16..=24) => Some(Self::Alipay),
            ((b'6', b'2'), 19) => Some(Self::UnionPay),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_at_their_bounds() {
        for (code, channel) in [
            ("101234567890123456", Some(PayChannel::WeChat)),
            ("151234567890123456", Some(PayChannel::WeChat)),
            ("161234567890123456", None),
            ("10123456789012345", None),
            ("2512345678901234", Some(PayChannel::Alipay)),
            ("301234567890123456789012", Some(PayChannel::Alipay)),
            ("3112345678901234", None),
            ("2412345678901234", None),
            ("251234567890123", None),
            ("2512345678901234567890123", None),
            ("6212345678901234567", Some(PayChannel::UnionPay)),
            ("621234567890123456", None),
            ("62123456789012345a7", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(PayChannel::of(code), channel, "{code}");
        }
    }
}
