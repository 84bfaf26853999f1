//! Money: whole minor units of one currency.
//!
//! No floats, no ordering across currencies and no `+` that could overflow unseen: it answers the
//! questions the machine has.

use borsh::{BorshDeserialize, BorshSerialize};

/// ISO 4217 numeric currency code, 0 to 999.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, BorshSerialize, BorshDeserialize)]
pub struct Currency(pub u16);

impl Currency {
    /// Renminbi (ISO 4217: 156).
    pub const CNY: Currency = Currency(156);
    /// United States dollar (ISO 4217: 840).
    pub const USD: Currency = Currency(840);

    /// Digits behind the decimal point (ISO 4217, column "minor unit"); 2 where the list says nothing else.
    #[must_use]
    pub const fn exponent(self) -> u32 {
        match self.0 {
            // JPY, KRW, VND, CLP, XAF, XOF, XPF, ISK, UGX, RWF, PYG, VUV, GNF, KMF, DJF, BIF
            392 | 410 | 704 | 152 | 950 | 952 | 953 | 352 | 800 | 646 | 600 | 548 | 324 | 174 | 262 | 108 => {
                0
            }
            // BHD, IQD, JOD, KWD, LYD, OMR, TND
            48 | 368 | 400 | 414 | 434 | 512 | 788 => 3,
            _ => 2,
        }
    }
}

/// An amount: minor units (fen, cent) of one currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub struct Money {
    /// Minor units; negative only in balances.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Money {
        Money { minor: 0, currency }
    }

    /// The sum, unless the currencies differ or it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Money) -> Option<Money> {
        let minor = self.minor.checked_add(other.minor)?;
        (self.currency == other.currency).then_some(Money { minor, ..self })
    }

    /// The difference, unless the currencies differ or it does not fit.
    #[must_use]
    pub fn checked_sub(self, other: Money) -> Option<Money> {
        let minor = self.minor.checked_sub(other.minor)?;
        (self.currency == other.currency).then_some(Money { minor, ..self })
    }

    /// Whether `asked` can be taken out of this: same currency, and at least as much.
    #[must_use]
    pub fn covers(self, asked: Money) -> bool {
        self.currency == asked.currency && self.minor >= asked.minor
    }
}

impl std::fmt::Display for Money {
    /// `1234.50`: major units with the currency's own number of decimals, without the currency's name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let exponent = self.currency.exponent();
        let sign = if self.minor < 0 { "-" } else { "" };
        let size = self.minor.unsigned_abs();
        if exponent == 0 {
            return write!(f, "{sign}{size}");
        }
        let unit = 10u64.pow(exponent);
        write!(f, "{sign}{}.{:0width$}", size / unit, size % unit, width = exponent as usize)
    }
}
