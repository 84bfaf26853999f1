//! `iso decode` and `iso encode`: messages to something a person reads, and back.
//!
//! Bytes and fields are `iso8583`'s business; here are only arguments, JSON and the masking asked for.

use super::{Stop, say};
use iso8583::{
    Builder, Dialect, Mask, Message, Mti, Tpdu, UNIONPAY_POS, UNIONPAY_POS_WIDE, describe, strip_frame,
};
use lexopt::prelude::*;
use serde_json::{Map, Value};
use std::io::Read;

/// Most bytes of JSON or hex read from standard input.
const INPUT_BYTES_MAX: u64 = 1 << 20;

/// Runs `iso …`.
///
/// # Errors
/// What is wrong with the arguments or the message.
pub fn run(mut arguments: lexopt::Parser) -> Result<(), Stop> {
    let act: String = match arguments.next()? {
        Some(Value(act)) => act.string()?,
        Some(_) | None => return Err(Stop::usage("iso needs `decode` or `encode`")),
    };
    let mut dialect = None;
    let (mut json, mut unmask) = (false, false);
    let mut input = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("dialect") | Short('d') => dialect = Some(named(&arguments.value()?.string()?)?),
            Long("json") => json = true,
            Long("unmask") => unmask = true,
            Value(text) if input.is_none() => input = Some(text.string()?),
            other @ (Short(_) | Long(_) | Value(_)) => return Err(other.unexpected().into()),
        }
    }
    let dialect = dialect.ok_or_else(|| Stop::usage(format!("--dialect is missing; one of {}", names())))?;
    let input = match input {
        Some(text) if text != "-" => text,
        Some(_) | None => read_input()?,
    };
    match act.as_str() {
        "decode" => {
            let bytes = from_hex(&input)?;
            let message = dialect.decode(strip_frame(&bytes)).map_err(Stop::failed)?;
            let mask = if unmask { Mask::Unmasked } else { Mask::Ends };
            match json {
                true => say!("{:#}", to_json(&message, mask)),
                false => {
                    let mut text = String::new();
                    describe(&message, &mut text, mask).map_err(Stop::failed)?;
                    say!("{}", text.trim_end());
                }
            }
            Ok(())
        }
        "encode" => {
            let value: Value =
                serde_json::from_str(&input).map_err(|error| Stop::failed(format!("the JSON: {error}")))?;
            say!("{}", to_hex(&from_json(dialect, &value)?));
            Ok(())
        }
        other => Err(Stop::usage(format!("iso cannot `{other}`; it can `decode` and `encode`"))),
    }
}

fn named(name: &str) -> Result<&'static Dialect, Stop> {
    Dialect::by_name(name)
        .ok_or_else(|| Stop::usage(format!("there is no dialect `{name}`; one of {}", names())))
}

fn names() -> String {
    Dialect::ALL.map(Dialect::name).join(", ")
}

fn read_input() -> Result<String, Stop> {
    let mut text = String::new();
    std::io::stdin().lock().take(INPUT_BYTES_MAX).read_to_string(&mut text).map_err(Stop::failed)?;
    Ok(text)
}

/// Bytes from hexadecimal digits; blanks between them are taken.
///
/// # Errors
/// At which character it is no hexadecimal.
pub fn from_hex(text: &str) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut half = None;
    for (place, character) in text.chars().enumerate().filter(|(_, character)| !character.is_whitespace()) {
        let digit = character
            .to_digit(16)
            .ok_or_else(|| Stop::failed(format!("character {} is not a hexadecimal digit", place + 1)))?;
        half = match half {
            None => Some(digit << 4),
            Some(high) => {
                bytes.push((high | digit) as u8);
                None
            }
        };
    }
    match half {
        None => Ok(bytes),
        Some(_) => Err(Stop::failed("an odd number of hexadecimal digits")),
    }
}

/// Upper-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `{"dialect", "tpdu", "header", "mti", "fields": {"2": …}}`: text as text, binary as upper-case hexadecimal.
/// The dialect is the one the bytes turned out to be in: terminals write lengths in two ways.
fn to_json(message: &Message<'_>, mask: Mask) -> Value {
    let mut whole = Map::new();
    whole.insert("dialect".to_owned(), message.dialect().name().into());
    if let Some(Tpdu(bytes)) = message.tpdu() {
        whole.insert("tpdu".to_owned(), to_hex(&bytes).into());
    }
    if !message.header().is_empty() {
        whole.insert("header".to_owned(), to_hex(message.header()).into());
    }
    whole.insert("mti".to_owned(), message.mti().to_string().into());
    let fields =
        message.entries().map(|entry| (entry.number().to_string(), entry.shown(mask).into_owned().into()));
    whole.insert("fields".to_owned(), Value::Object(fields.collect()));
    Value::Object(whole)
}

fn from_json(dialect: &'static Dialect, value: &Value) -> Result<Vec<u8>, Stop> {
    let text = |name: &str| match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(Stop::failed(format!("`{name}` is not a string"))),
    };
    let dialect = match text("dialect")? {
        Some(name) => named(name)?,
        // Most tools that make such messages give each digit of a length its own byte, and a host must take both.
        None if dialect.name() == UNIONPAY_POS.name() => &UNIONPAY_POS_WIDE,
        None => dialect,
    };
    let mti = text("mti")?.ok_or_else(|| Stop::failed("`mti` is missing"))?;
    let mut builder = Builder::new(dialect, Mti::parse(mti).map_err(Stop::failed)?);
    if let Some(tpdu) = text("tpdu")? {
        let bytes = from_hex(tpdu)?;
        let bytes = bytes.try_into().map_err(|_| Stop::failed("`tpdu` is not five bytes"))?;
        builder.tpdu(Tpdu(bytes));
    }
    if let Some(header) = text("header")? {
        builder.header(&from_hex(header)?).map_err(Stop::failed)?;
    }
    let fields = match value.get("fields") {
        Some(Value::Object(fields)) => fields,
        Some(_) | None => return Err(Stop::failed("`fields` is missing or no object")),
    };
    for (name, text) in fields {
        let number: u8 =
            name.parse().map_err(|_| Stop::failed(format!("field `{name}` is not a field number")))?;
        let text = text.as_str().ok_or_else(|| Stop::failed(format!("field {name} is not a string")))?;
        builder.put_text(number, text).map_err(Stop::failed)?;
    }
    builder.finish().map(<[u8]>::to_vec).map_err(Stop::failed)
}
