//! The tables of data elements, one module a version.
//!
//! Only what a standard or a profile says of each field: how it is packed is the dialect's choice.

pub(crate) mod cups;
pub(crate) mod iso2003;
pub(crate) mod iso87;
pub(crate) mod iso93;
pub(crate) mod unionpay;
