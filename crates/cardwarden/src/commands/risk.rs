//! `risk evaluate`: how well a model learned on some days finds the fraud of later ones, by the protocol that
//! `risk::evaluate` describes.
//!
//! Here are only arguments, the file and the clock.

use super::{Stop, say};
use lexopt::prelude::*;
use risk::evaluate::{HEADER, Plan, Row, evaluate, read_row, recipe};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// First bytes of a zstd frame (RFC 8878, section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Runs `risk …`.
///
/// # Errors
/// What is wrong with the arguments, or which line of the file.
pub fn run(mut arguments: lexopt::Parser) -> Result<(), Stop> {
    match arguments.next()? {
        Some(Value(act)) if act == "evaluate" => {}
        Some(_) | None => return Err(Stop::usage("risk can `evaluate`")),
    }
    let mut file: Option<PathBuf> = None;
    let (mut epoch, mut train, mut test, mut delay, mut json) = (None, None, None, 7, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("transactions") => file = Some(arguments.value()?.into()),
            Long("epoch") => epoch = Some(arguments.value()?.string()?),
            Long("train") => train = Some(arguments.value()?.string()?),
            Long("test") => test = Some(arguments.value()?.string()?),
            Long("delay") => delay = arguments.value()?.parse()?,
            Long("json") => json = true,
            other @ (Short(_) | Long(_) | Value(_)) => return Err(other.unexpected().into()),
        }
    }
    let needed =
        |value: Option<String>, name: &str| value.ok_or_else(|| Stop::usage(format!("{name} is missing")));
    let file = file.ok_or_else(|| Stop::usage("--transactions is missing"))?;
    let plan =
        Plan::read(&needed(epoch, "--epoch")?, &needed(train, "--train")?, delay, &needed(test, "--test")?)
            .map_err(Stop::usage)?;
    let begun = Instant::now();
    let rows = read(&file)?;
    let report = evaluate(rows.into_iter(), &plan, &recipe()).map_err(Stop::failed)?;
    let seconds = begun.elapsed().as_secs_f64();
    if json {
        say!("{}", report.json(seconds));
        return Ok(());
    }
    say!("train    {} rows, {} frauds", report.train.0, report.train.1);
    say!("test     {} rows, {} frauds", report.test.0, report.test.1);
    say!("AUC      {:.4}", report.auc);
    say!("AP       {:.4}", report.ap);
    say!("CP@100   {:.4}", report.cp100);
    say!("seconds  {seconds:.1}");
    Ok(())
}

/// The rows of a file, zstd or plain.
fn read(file: &Path) -> Result<Vec<Row>, Stop> {
    let failed = |error: &dyn std::fmt::Display| Stop::failed(format!("{}: {error}", file.display()));
    let mut magic = [0; 4];
    let mut opened = File::open(file).map_err(|error| failed(&error))?;
    let known = opened.read(&mut magic).map_err(|error| failed(&error))?;
    let again = File::open(file).map_err(|error| failed(&error))?;
    let bytes: Box<dyn Read> = match known == magic.len() && magic == ZSTD_MAGIC {
        true => Box::new(ruzstd::decoding::StreamingDecoder::new(again).map_err(|error| failed(&error))?),
        false => Box::new(again),
    };
    let mut rows = Vec::new();
    for (place, line) in BufReader::with_capacity(1 << 20, bytes).lines().enumerate() {
        let line = line.map_err(|error| failed(&error))?;
        if place == 0 {
            if line.trim_end() != HEADER {
                return Err(failed(&format!("the first line is not `{HEADER}`")));
            }
            continue;
        }
        rows.push(read_row(&line, place + 1).map_err(|error| failed(&error))?);
    }
    Ok(rows)
}
