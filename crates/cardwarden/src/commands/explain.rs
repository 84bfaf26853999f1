//! `explain CODE|SLUG|ID`: what a code or cause means to holder, cashier and agent, or what became of a
//! decision and why.

use super::{Stop, say};
use journal::{Reader, Seq};
use lexopt::prelude::*;
use machine::cause::Cause;
use machine::explain::{Audience, Language, Slots, disclosed, readings, remedy};
use machine::ids::{FreezeId, TransactionId};
use machine::outcome::Outcome;
use std::path::PathBuf;

/// Runs `explain …`.
///
/// # Errors
/// If nothing of that name is known.
pub fn run(mut arguments: lexopt::Parser) -> Result<(), Stop> {
    let mut name = None;
    let mut data: Option<PathBuf> = None;
    let mut language = Language::En;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("lang") => {
                language = match arguments.value()?.string()?.as_str() {
                    "zh" => Language::Zh,
                    "en" => Language::En,
                    other => return Err(Stop::usage(format!("there is no language `{other}`; zh or en"))),
                }
            }
            Long("data") => data = Some(arguments.value()?.into()),
            Value(text) if name.is_none() => name = Some(text.string()?),
            other @ (Short(_) | Long(_) | Value(_)) => return Err(other.unexpected().into()),
        }
    }
    let name = name
        .ok_or_else(|| Stop::usage("explain needs a code (51), a cause (daily_limit) or an id (auth_17)"))?;
    if let Ok(number) = name.parse::<TransactionId>() {
        return decision(number, data, language);
    }
    if let Ok(id) = name.parse::<FreezeId>() {
        return freeze(id, data, language);
    }
    let of_code = |cause: &&Cause| {
        let codes = cause.entry().codes;
        codes.unionpay.eq_ignore_ascii_case(&name)
            || codes.iso87.eq_ignore_ascii_case(&name)
            || codes.iso93.to_string() == name
            || codes.iso2003.to_string() == name
    };
    let found: Vec<Cause> = match Cause::by_slug(&name) {
        Some(cause) => vec![cause],
        None => Cause::ALL.iter().filter(of_code).copied().collect(),
    };
    if found.is_empty() {
        return Err(Stop::failed(format!("`{name}` is no response code, cause or id that is known here")));
    }
    found.iter().for_each(|cause| show(*cause, language, &Slots::default()));
    Ok(())
}

fn show(cause: Cause, language: Language, slots: &Slots<'_>) {
    let codes = cause.entry().codes;
    let told = disclosed(cause, Audience::Agent);
    let readings = readings(cause, language, slots);
    let (holder, cashier, agent, steps) = match language {
        Language::Zh => ("持卡人", "收银员", "银行柜员", "处理步骤"),
        Language::En => ("holder ", "cashier", "agent  ", "remedy "),
    };
    say!("{} · {}", told.title.template(language), cause.slug());
    say!(
        "  DE39     UnionPay {}  1987 {}  1993 {}  2003 {}",
        codes.unionpay,
        codes.iso87,
        codes.iso93,
        codes.iso2003
    );
    say!("  {holder}  {}", readings.holder);
    say!("  {cashier}  {}", readings.cashier);
    say!("  {agent}  {}", readings.agent);
    for (place, task) in remedy(cause, Audience::Agent, language, slots).iter().enumerate() {
        let label = if place == 0 { steps } else { "       " };
        say!("  {label}  {}. [{:?}] {}", place + 1, task.who, task.what);
    }
    say!("");
}

/// Finds a decision in the journal of `data` and tells its story.
fn decision(number: TransactionId, data: Option<PathBuf>, language: Language) -> Result<(), Stop> {
    let (at, command, outcome) = search(data, |outcome| outcome.first_number() == Some(number))?
        .ok_or_else(|| Stop::failed(format!("{number} is not in this journal")))?;
    say!("{number}  at {} ms since 1970", at);
    say!("  asked   {command}");
    say!("  answer  {outcome:?}");
    if let Outcome::Decided(answer) = outcome
        && let machine::outcome::Verdict::Declined(causes) = answer.verdict
    {
        say!("");
        let slots = Slots { amount: Some(answer.amount), ..Slots::default() };
        causes.iter().for_each(|cause| show(cause, language, &slots));
    }
    Ok(())
}

fn freeze(id: FreezeId, data: Option<PathBuf>, language: Language) -> Result<(), Stop> {
    let folder = folder(data)?;
    let machine = super::replay::machine_of(&folder)?;
    let freeze = machine.freeze(id).ok_or_else(|| Stop::failed(format!("{id} is not in this journal")))?;
    say!("{freeze:#?}");
    show(freeze.cause, language, &Slots::default());
    Ok(())
}

fn folder(data: Option<PathBuf>) -> Result<PathBuf, Stop> {
    data.ok_or_else(|| Stop::usage("--data DIR says in which journal to look for it"))
}

/// The first entry of the journal that `wanted` picks: time, command in words, outcome.
fn search(
    data: Option<PathBuf>,
    wanted: impl Fn(&Outcome) -> bool,
) -> Result<Option<(i64, String, Outcome)>, Stop> {
    let reader = Reader::open(&folder(data)?).map_err(Stop::failed)?;
    for record in reader.records(Seq(reader.first().0)).map_err(Stop::failed)? {
        let record = record.map_err(Stop::failed)?;
        let body = shard::Record::decode(&record.body).map_err(Stop::failed)?;
        for entry in body.entries {
            if wanted(&entry.outcome) {
                return Ok(Some((body.at.0, format!("{:?}", entry.command), entry.outcome)));
            }
        }
    }
    Ok(None)
}
