//! Causes of the family *card*.
//!
//! Only what is true of the cause itself; how it is found lives in `apply`.

#![expect(non_upper_case_globals, reason = "each is named as its variant of `Cause`, so that one list declares both")]

use super::{Codes, Disclosure, Entry, Family, Feeds, Fixer, OperatorClass, Retry, Step, Text};

pub(super) static CardUnknown: Entry = Entry {
    slug: "card_unknown",
    family: Family::Card,
    title: Text { zh: "", en: "No such card" },
    codes: Codes { unionpay: "05", iso87: "05", iso93: 100, iso2003: 1000 },
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full,
    feeds: Feeds::VELOCITY,
    remedy: &[Step { who: Fixer::Holder, what: Text { zh: "", en: "" } }],
    documents: &[],
    holder: Text { zh: "", en: "" },
    cashier: Text { zh: "", en: "" },
    agent: Text { zh: "", en: "" },
};

pub(super) static IssuerUnknown: Entry = Entry {
    slug: "issuer_unknown",
    family: Family::Card,
    title: Text { zh: "", en: "No such issuer" },
    codes: Codes { unionpay: "05", iso87: "05", iso93: 100, iso2003: 1000 },
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full,
    feeds: Feeds::VELOCITY,
    remedy: &[Step { who: Fixer::Holder, what: Text { zh: "", en: "" } }],
    documents: &[],
    holder: Text { zh: "", en: "" },
    cashier: Text { zh: "", en: "" },
    agent: Text { zh: "", en: "" },
};

pub(super) static CardInactive: Entry = Entry {
    slug: "card_inactive",
    family: Family::Card,
    title: Text { zh: "", en: "The card was never activated" },
    codes: Codes { unionpay: "05", iso87: "05", iso93: 100, iso2003: 1000 },
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full,
    feeds: Feeds::VELOCITY,
    remedy: &[Step { who: Fixer::Holder, what: Text { zh: "", en: "" } }],
    documents: &[],
    holder: Text { zh: "", en: "" },
    cashier: Text { zh: "", en: "" },
    agent: Text { zh: "", en: "" },
};

pub(super) static CardReplaced: Entry = Entry {
    slug: "card_replaced",
    family: Family::Card,
    title: Text { zh: "", en: "The card was replaced by another" },
    codes: Codes { unionpay: "05", iso87: "05", iso93: 100, iso2003: 1000 },
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full,
    feeds: Feeds::VELOCITY,
    remedy: &[Step { who: Fixer::Holder, what: Text { zh: "", en: "" } }],
    documents: &[],
    holder: Text { zh: "", en: "" },
    cashier: Text { zh: "", en: "" },
    agent: Text { zh: "", en: "" },
};

pub(super) static CardExpired: Entry = Entry {
    slug: "card_expired",
    family: Family::Card,
    title: Text { zh: "", en: "The card is expired" },
    codes: Codes { unionpay: "05", iso87: "05", iso93: 100, iso2003: 1000 },
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full,
    feeds: Feeds::VELOCITY,
    remedy: &[Step { who: Fixer::Holder, what: Text { zh: "", en: "" } }],
    documents: &[],
    holder: Text { zh: "", en: "" },
    cashier: Text { zh: "", en: "" },
    agent: Text { zh: "", en: "" },
};

pub(super) static FallbackRefused: Entry = Entry {
    slug: "fallback_refused",
    family: Family::Card,
    title: Text { zh: "", en: "The chip cannot be read and the stripe may not stand in for it" },
    codes: Codes { unionpay: "05", iso87: "05", iso93: 100, iso2003: 1000 },
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full,
    feeds: Feeds::VELOCITY,
    remedy: &[Step { who: Fixer::Holder, what: Text { zh: "", en: "" } }],
    documents: &[],
    holder: Text { zh: "", en: "" },
    cashier: Text { zh: "", en: "" },
    agent: Text { zh: "", en: "" },
};

pub(super) static CardUnreadable: Entry = Entry {
    slug: "card_unreadable",
    family: Family::Card,
    title: Text { zh: "", en: "Neither chip nor stripe can be read" },
    codes: Codes { unionpay: "05", iso87: "05", iso93: 100, iso2003: 1000 },
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full,
    feeds: Feeds::VELOCITY,
    remedy: &[Step { who: Fixer::Holder, what: Text { zh: "", en: "" } }],
    documents: &[],
    holder: Text { zh: "", en: "" },
    cashier: Text { zh: "", en: "" },
    agent: Text { zh: "", en: "" },
};

pub(super) static AccountClosed: Entry = Entry {
    slug: "account_closed",
    family: Family::Card,
    title: Text { zh: "", en: "The account is closed" },
    codes: Codes { unionpay: "05", iso87: "05", iso93: 100, iso2003: 1000 },
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full,
    feeds: Feeds::VELOCITY,
    remedy: &[Step { who: Fixer::Holder, what: Text { zh: "", en: "" } }],
    documents: &[],
    holder: Text { zh: "", en: "" },
    cashier: Text { zh: "", en: "" },
    agent: Text { zh: "", en: "" },
};

pub(super) static InsufficientFunds: Entry = Entry {
    slug: "insufficient_funds",
    family: Family::Card,
    title: Text { zh: "", en: "Not enough money" },
    codes: Codes { unionpay: "05", iso87: "05", iso93: 100, iso2003: 1000 },
    class: OperatorClass::C,
    fixer: Fixer::Bank,
    retry: Retry::Never,
    disclosure: Disclosure::Full,
    feeds: Feeds::VELOCITY,
    remedy: &[Step { who: Fixer::Holder, what: Text { zh: "", en: "" } }],
    documents: &[],
    holder: Text { zh: "", en: "" },
    cashier: Text { zh: "", en: "" },
    agent: Text { zh: "", en: "" },
};
