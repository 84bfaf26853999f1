//! What is answered when a request was not done: problem documents (RFC 9457), in two languages.
//!
//! A decline is no problem but a result. Nothing of the request's values is ever repeated here: a field is
//! named, and what is wrong with it.

use crate::port::Unavailable;
use crate::twin::words::{FixerWord, Messages, RetryWord};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use machine::cause::{Cause, Fixer, OperatorClass, Retry, Text};
use machine::explain::{Audience, Language, Slots, disclosed, say};
use machine::outcome::{Refusal, Subject};
use schemars::JsonSchema;
use serde::Serialize;

/// A kind of problem.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The body is not JSON, or not of the form the endpoint takes.
    BadBody,
    /// A field of path, query or body has no valid value.
    BadField,
    /// Nothing lives under this path.
    NoSuchPath,
    /// The path takes other methods.
    MethodNotAllowed,
    /// The body is of another media type.
    UnsupportedMedia,
    /// The body is larger than is taken.
    BodyTooLarge,
    /// An `Idempotency-Key` is needed.
    IdempotencyKeyMissing,
    /// An `Idempotency-Key` is 1 to 128 printable characters.
    IdempotencyKeyInvalid,
    /// A request under the same key is under way.
    InFlight,
    /// No valid key of the API came along.
    Unauthenticated,
    /// The key does not reach that far.
    Forbidden,
    /// The request names another host than this one.
    Misdirected,
    /// A form came without its token, or too late.
    FormExpired,
    /// The machine refused.
    Refused(Refusal),
    /// A system cause stopped it before it was done.
    Stopped(Cause),
    /// Nobody can say yet whether it was done.
    OutcomeUnknown,
    /// Not ready yet.
    NotReady,
    /// As many listen as the host serves.
    TooManyListeners,
}

const fn text(zh: &'static str, en: &'static str) -> Text {
    Text { zh, en }
}

/// What a kind of problem is known by.
struct Entry {
    status: StatusCode,
    code: &'static str,
    class: OperatorClass,
    retry: Retry,
    fixer: Fixer,
    says: Text,
}

/// The caller's system has to be mended.
const fn caller(status: StatusCode, code: &'static str, says: Text) -> Entry {
    Entry { status, code, class: OperatorClass::D, retry: Retry::Never, fixer: Fixer::Operator, says }
}

/// As things stand it cannot be done.
const fn conflict(code: &'static str, fixer: Fixer, says: Text) -> Entry {
    Entry { status: StatusCode::CONFLICT, code, class: OperatorClass::C, retry: Retry::Never, fixer, says }
}

/// The host, for now.
const fn later(status: StatusCode, code: &'static str, seconds: u32, says: Text) -> Entry {
    Entry {
        status,
        code,
        class: OperatorClass::E,
        retry: Retry::After(seconds),
        fixer: Fixer::Operator,
        says,
    }
}

impl Kind {
    fn entry(self) -> Entry {
        match self {
            Kind::BadBody | Kind::BadField | Kind::BodyTooLarge | Kind::UnsupportedMedia => {
                self.of_the_body()
            }
            Kind::NoSuchPath => caller(
                StatusCode::NOT_FOUND,
                "no_such_path",
                text(
                    "没有这个地址。接口列表见 /openapi.json。",
                    "Nothing lives under this path; see /openapi.json.",
                ),
            ),
            Kind::MethodNotAllowed => caller(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                text(
                    "这个地址不支持该方法，见 Allow 头。",
                    "This path takes other methods; see the Allow header.",
                ),
            ),
            Kind::IdempotencyKeyMissing => caller(
                StatusCode::BAD_REQUEST,
                "idempotency_key_missing",
                text(
                    "请带上 Idempotency-Key 头：重试时用同一个值，就不会重复入账。",
                    "Send an Idempotency-Key header; repeat it when you retry, and nothing is done twice.",
                ),
            ),
            Kind::IdempotencyKeyInvalid => caller(
                StatusCode::BAD_REQUEST,
                "idempotency_key_invalid",
                text(
                    "Idempotency-Key 须为 1 至 128 个可见 ASCII 字符。",
                    "An Idempotency-Key is 1 to 128 visible ASCII characters.",
                ),
            ),
            Kind::InFlight => Entry {
                retry: Retry::After(1),
                ..conflict(
                    "in_flight",
                    Fixer::Operator,
                    text(
                        "同一个 Idempotency-Key 的请求正在处理，请稍后用同一个值再问。",
                        "A request under this Idempotency-Key is under way; ask again with the same key shortly.",
                    ),
                )
            },
            Kind::Unauthenticated | Kind::Forbidden | Kind::Misdirected | Kind::FormExpired => {
                self.at_the_door()
            }
            Kind::Refused(refusal) => refused(refusal),
            Kind::Stopped(cause) => stopped(cause),
            Kind::OutcomeUnknown => later(
                StatusCode::SERVICE_UNAVAILABLE,
                "outcome_unknown",
                2,
                text(
                    "结果核对中，请勿重复收款；请用同一个 Idempotency-Key 再问。",
                    "Checking; do not charge again. Ask once more with the same Idempotency-Key.",
                ),
            ),
            Kind::NotReady => later(
                StatusCode::SERVICE_UNAVAILABLE,
                "not_ready",
                5,
                text("主机尚未就绪，请稍后再试。", "The host is not ready yet; try again shortly."),
            ),
            Kind::TooManyListeners => later(
                StatusCode::SERVICE_UNAVAILABLE,
                "too_many_listeners",
                30,
                text(
                    "订阅实时事件的连接已满，请稍后再试。",
                    "As many listen as the host serves; try again later.",
                ),
            ),
        }
    }

    fn at_the_door(self) -> Entry {
        match self {
            Kind::Unauthenticated => caller(
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                text(
                    "请在 Authorization: Bearer 头里带上有效的 API 密钥。",
                    "Send a valid API key in the header Authorization: Bearer.",
                ),
            ),
            Kind::Forbidden => caller(
                StatusCode::FORBIDDEN,
                "forbidden",
                text("这个密钥没有办理此事的权限。", "This key does not reach that far."),
            ),
            Kind::Misdirected => caller(
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected",
                text(
                    "演示模式只接受以本机名称访问的请求。",
                    "A demo takes only requests that name this computer itself.",
                ),
            ),
            Kind::BadBody
            | Kind::BadField
            | Kind::NoSuchPath
            | Kind::MethodNotAllowed
            | Kind::UnsupportedMedia
            | Kind::BodyTooLarge
            | Kind::IdempotencyKeyMissing
            | Kind::IdempotencyKeyInvalid
            | Kind::InFlight
            | Kind::Refused(_)
            | Kind::Stopped(_)
            | Kind::OutcomeUnknown
            | Kind::NotReady
            | Kind::TooManyListeners
            | Kind::FormExpired => caller(
                StatusCode::FORBIDDEN,
                "form_expired",
                text(
                    "页面已过期，请刷新后再提交一次。",
                    "This page has expired; reload it and submit once more.",
                ),
            ),
        }
    }

    fn of_the_body(self) -> Entry {
        match self {
            Kind::BodyTooLarge => caller(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                text("请求体过大，上限 64 KiB。", "The body is too large: at most 64 KiB."),
            ),
            Kind::UnsupportedMedia => caller(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                text("请求体须为 application/json。", "Send the body as application/json."),
            ),
            Kind::BadField => caller(
                StatusCode::UNPROCESSABLE_ENTITY,
                "bad_field",
                text("有字段的值不合要求，见 errors。", "A field has no valid value; see errors."),
            ),
            Kind::BadBody
            | Kind::NoSuchPath
            | Kind::MethodNotAllowed
            | Kind::IdempotencyKeyMissing
            | Kind::IdempotencyKeyInvalid
            | Kind::InFlight
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::Misdirected
            | Kind::FormExpired
            | Kind::Refused(_)
            | Kind::Stopped(_)
            | Kind::OutcomeUnknown
            | Kind::NotReady
            | Kind::TooManyListeners => caller(
                StatusCode::BAD_REQUEST,
                "bad_body",
                text(
                    "请求体不是所需的 JSON，见 errors。",
                    "The body is not the JSON that is needed; see errors.",
                ),
            ),
        }
    }
}

/// A system cause as a problem: in the words its cause has for the cashier's side.
fn stopped(cause: Cause) -> Entry {
    let told = disclosed(cause, Audience::Cashier);
    Entry {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: told.slug,
        class: told.class,
        retry: told.retry,
        fixer: told.fixer,
        says: told.sentence,
    }
}

/// Every refusal of the machine, as a problem.
fn refused(refusal: Refusal) -> Entry {
    let unprocessable = |code, says| caller(StatusCode::UNPROCESSABLE_ENTITY, code, says);
    match refusal {
        Refusal::NotFound(subject) => {
            let (code, says) = not_found(subject);
            caller(StatusCode::NOT_FOUND, code, says)
        }
        Refusal::Exists(_) => conflict(
            "exists",
            Fixer::Operator,
            text(
                "该编号已存在，没有重复建立。",
                "There is one under this number already; nothing was created.",
            ),
        ),
        Refusal::NotEmpty => conflict(
            "not_empty",
            Fixer::Holder,
            text(
                "账户还有余额或未完成的预授权，暂不能销户。",
                "The account still has money or holds; it cannot be closed yet.",
            ),
        ),
        Refusal::OutOfRange(_) => unprocessable(
            "out_of_range",
            text("有数值超出允许范围，见 errors。", "A value is out of its range; see errors."),
        ),
        Refusal::WrongCurrency => unprocessable(
            "wrong_currency",
            text("币种与账户不一致。", "The account is kept in another currency."),
        ),
        Refusal::KeyReused => unprocessable(
            "idempotency_key_reused",
            text(
                "这个 Idempotency-Key 已用于另一请求，请换一个新值。",
                "This Idempotency-Key came with another request before; use a new one.",
            ),
        ),
        Refusal::AlreadyEnded | Refusal::ExitForbids | Refusal::SamePerson => lift_refused(refusal),
        Refusal::FrozenAll => conflict(
            "frozen_all",
            Fixer::Bank,
            text(
                "账户处于不收不付的冻结，款项未入账。",
                "A full freeze keeps money out of this account; nothing was posted.",
            ),
        ),
        Refusal::StandingForbids => conflict(
            "standing_forbids",
            Fixer::Bank,
            text("卡片目前的状态不能这样变更。", "The card cannot go from its present standing to that one."),
        ),
        Refusal::SignatureMismatch => unprocessable(
            "signature_mismatch",
            text("签名与所指的交易不符。", "The signature does not fit the sale it names."),
        ),
        Refusal::TooMany(_) => conflict(
            "too_many",
            Fixer::Operator,
            text("数量已达上限。", "There are as many as the machine holds."),
        ),
        Refusal::UnknownEpoch => unprocessable(
            "unknown_epoch",
            text("本机不认识该行为版本。", "This machine does not know that behaviour."),
        ),
        Refusal::NestedKey => {
            unprocessable("nested_key", text("请求不能嵌套。", "One request cannot hold another."))
        }
    }
}

/// Refusals of a lift.
fn lift_refused(refusal: Refusal) -> Entry {
    match refusal {
        Refusal::AlreadyEnded => conflict(
            "already_ended",
            Fixer::Bank,
            text("这笔冻结已经结束，无需再解冻。", "This freeze has ended already."),
        ),
        Refusal::ExitForbids => conflict(
            "exit_forbids",
            Fixer::Bank,
            text(
                "这笔冻结不能由此人或以此理由解除，请查看它的解除方式。",
                "The way out of this freeze does not allow this person or this ground.",
            ),
        ),
        Refusal::NotFound(_)
        | Refusal::Exists(_)
        | Refusal::NotEmpty
        | Refusal::OutOfRange(_)
        | Refusal::WrongCurrency
        | Refusal::KeyReused
        | Refusal::FrozenAll
        | Refusal::StandingForbids
        | Refusal::SignatureMismatch
        | Refusal::TooMany(_)
        | Refusal::UnknownEpoch
        | Refusal::NestedKey
        | Refusal::SamePerson => conflict(
            "same_person",
            Fixer::Bank,
            text(
                "同一人已同意过或是冻结的发起人，请另一位同事复核。",
                "This person has approved already, or placed the freeze; a colleague has to review it.",
            ),
        ),
    }
}

fn not_found(subject: Subject) -> (&'static str, Text) {
    match subject {
        Subject::Account => ("account_not_found", text("没有这个账户。", "There is no such account.")),
        Subject::Card => ("card_not_found", text("没有这张卡。", "There is no such card.")),
        Subject::Merchant => ("merchant_not_found", text("没有这家商户。", "There is no such merchant.")),
        Subject::Terminal => ("terminal_not_found", text("没有这台终端。", "There is no such terminal.")),
        Subject::Transaction => {
            ("decision_not_found", text("没有这笔交易的记录。", "There is no record of such a decision."))
        }
        Subject::Freeze => ("freeze_not_found", text("没有这笔冻结。", "There is no such freeze.")),
        Subject::Amount
        | Subject::Limit
        | Subject::Expiry
        | Subject::Name
        | Subject::Batch
        | Subject::Policy
        | Subject::Zone
        | Subject::Pin => ("not_found", text("没有找到。", "There is no such thing.")),
    }
}

/// The field of a request that a subject of the machine is found in.
fn field_of(subject: Subject) -> &'static str {
    match subject {
        Subject::Account => "account",
        Subject::Card => "card",
        Subject::Merchant => "merchant",
        Subject::Terminal => "terminal",
        Subject::Transaction => "id",
        Subject::Freeze => "freeze",
        Subject::Amount => "amount",
        Subject::Limit => "limits",
        Subject::Expiry => "expiry",
        Subject::Name => "name",
        Subject::Batch => "batch",
        Subject::Policy => "policy",
        Subject::Zone => "zone",
        Subject::Pin => "pin",
    }
}

/// A field and what is wrong with it; never its value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FieldError {
    /// Path of the field, such as `amount.minor`; `(body)` for the whole.
    pub field: String,
    /// What is wrong.
    pub what: String,
}

/// A problem, ready to be answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    kind: Kind,
    errors: Vec<FieldError>,
}

/// A problem document as it goes out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemDocument {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The message in English.
    title: String,
    /// The HTTP status again.
    status: u16,
    /// The kind of problem, for programs.
    code: String,
    /// Operator class: A success, B may retry, C do not retry, D operator acts, E system fault.
    class: String,
    /// Whether trying again helps.
    retry: RetryWord,
    /// Who can fix it.
    fixer: FixerWord,
    /// The message, by language.
    messages: Messages,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    errors: Vec<FieldError>,
}

impl Problem {
    /// A problem of this kind.
    #[must_use]
    pub fn new(kind: Kind) -> Problem {
        let errors = match kind {
            Kind::Refused(Refusal::OutOfRange(subject)) => {
                vec![FieldError {
                    field: field_of(subject).to_owned(),
                    what: "is out of its range".to_owned(),
                }]
            }
            Kind::BadBody
            | Kind::BadField
            | Kind::NoSuchPath
            | Kind::MethodNotAllowed
            | Kind::UnsupportedMedia
            | Kind::BodyTooLarge
            | Kind::IdempotencyKeyMissing
            | Kind::IdempotencyKeyInvalid
            | Kind::InFlight
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::Misdirected
            | Kind::FormExpired
            | Kind::Refused(_)
            | Kind::Stopped(_)
            | Kind::OutcomeUnknown
            | Kind::NotReady
            | Kind::TooManyListeners => Vec::new(),
        };
        Problem { kind, errors }
    }

    /// A field without a valid value. `what` is our own wording and has nothing of the value.
    #[must_use]
    pub fn field(field: &str, what: &str) -> Problem {
        Problem::new(Kind::BadField).naming(field, what)
    }

    /// The same, naming a field.
    #[must_use]
    pub fn naming(mut self, field: &str, what: &str) -> Problem {
        self.errors.push(FieldError { field: field.to_owned(), what: what.to_owned() });
        self
    }

    /// No such thing.
    #[must_use]
    pub fn not_found(subject: Subject) -> Problem {
        Problem::new(Kind::Refused(Refusal::NotFound(subject)))
    }

    /// Of which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.entry().status
    }

    /// Its message, for a page.
    #[must_use]
    pub fn says(&self, language: Language) -> String {
        match self.kind {
            Kind::Stopped(cause) => say(cause, Audience::Holder, language, &Slots::default()),
            Kind::BadBody
            | Kind::BadField
            | Kind::NoSuchPath
            | Kind::MethodNotAllowed
            | Kind::UnsupportedMedia
            | Kind::BodyTooLarge
            | Kind::IdempotencyKeyMissing
            | Kind::IdempotencyKeyInvalid
            | Kind::InFlight
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::Misdirected
            | Kind::FormExpired
            | Kind::Refused(_)
            | Kind::OutcomeUnknown
            | Kind::NotReady
            | Kind::TooManyListeners => self.kind.entry().says.template(language).to_owned(),
        }
    }

    /// The document that goes out.
    #[must_use]
    pub fn document(&self) -> ProblemDocument {
        let entry = self.kind.entry();
        ProblemDocument {
            kind: format!("urn:cardwarden:problem:{}", entry.code),
            title: entry.says.en.to_owned(),
            status: entry.status.as_u16(),
            code: entry.code.to_owned(),
            class: crate::twin::words::class(entry.class).to_owned(),
            retry: RetryWord::from(entry.retry),
            fixer: FixerWord::from(entry.fixer),
            messages: Messages::from(entry.says),
            errors: self.errors.clone(),
        }
    }
}

/// Every kind of problem, for the description of the API; of refusals and system causes those it can meet.
#[must_use]
pub fn every() -> Vec<Problem> {
    let kinds = [
        Kind::BadBody,
        Kind::BadField,
        Kind::NoSuchPath,
        Kind::MethodNotAllowed,
        Kind::UnsupportedMedia,
        Kind::BodyTooLarge,
        Kind::IdempotencyKeyMissing,
        Kind::IdempotencyKeyInvalid,
        Kind::InFlight,
        Kind::Unauthenticated,
        Kind::Forbidden,
        Kind::Misdirected,
        Kind::FormExpired,
        Kind::OutcomeUnknown,
        Kind::NotReady,
        Kind::TooManyListeners,
    ];
    let missing = [
        Subject::Account,
        Subject::Card,
        Subject::Merchant,
        Subject::Terminal,
        Subject::Transaction,
        Subject::Freeze,
    ];
    let refusals = [
        Refusal::KeyReused,
        Refusal::Exists(Subject::Account),
        Refusal::NotEmpty,
        Refusal::OutOfRange(Subject::Amount),
        Refusal::WrongCurrency,
        Refusal::AlreadyEnded,
        Refusal::ExitForbids,
        Refusal::SamePerson,
        Refusal::FrozenAll,
        Refusal::StandingForbids,
        Refusal::TooMany(Subject::Card),
    ];
    let stopped = [Cause::HostOverloaded, Cause::StorageFailed, Cause::HostMaintenance];
    kinds
        .into_iter()
        .chain(missing.map(Refusal::NotFound).map(Kind::Refused))
        .chain(refusals.map(Kind::Refused))
        .chain(stopped.map(Kind::Stopped))
        .map(Problem::new)
        .collect()
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::new(Kind::Refused(refusal))
    }
}

impl From<Unavailable> for Problem {
    fn from(unavailable: Unavailable) -> Problem {
        Problem::new(match unavailable {
            Unavailable::Refused(cause) => Kind::Stopped(cause),
            Unavailable::Unknown => Kind::OutcomeUnknown,
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let entry = self.kind.entry();
        let document = serde_json::to_vec(&self.document()).unwrap_or_default();
        let json = HeaderValue::from_static("application/problem+json");
        let mut response = (entry.status, [(header::CONTENT_TYPE, json)], document).into_response();
        if let Retry::After(seconds) = entry.retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if entry.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
