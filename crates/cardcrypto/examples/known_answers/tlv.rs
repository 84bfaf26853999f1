//! TLV and data object lists, as the reader of messages takes them apart.
//!
//! The reader is the neighbour crate's; the library proper does not know it.

use iso8583::tlv::{Dol, PrivateTags, Tag, Tlv, write};
use serde_json::Value;

use crate::entry::{Entry, Stop, Tally, hex, refused, unhex};

/// The tree of a string as the files write it: pairs of tag and value, or of tag and tree.
fn tree(tlv: Tlv<'_>) -> Result<Value, Stop> {
    let mut out = Vec::new();
    for element in tlv {
        let element = element.map_err(refused)?;
        let value = if element.is_constructed() {
            tree(element.inside())?
        } else {
            Value::String(hex(element.value))
        };
        out.push(Value::Array(vec![Value::String(element.tag.to_string()), value]));
    }
    Ok(Value::Array(out))
}

/// The string of a tree.
fn built(tree: &Value, out: &mut Vec<u8>) -> Option<()> {
    for pair in tree.as_array()? {
        let [tag, value] = pair.as_array()?.as_slice() else {
            return None;
        };
        let tag = Tag(u32::from_str_radix(tag.as_str()?, 16).ok()?);
        let mut inside = Vec::new();
        match value.as_str() {
            Some(text) => inside = unhex(text)?,
            None => built(value, &mut inside)?,
        }
        write(tag, &inside, out);
    }
    Some(())
}

pub fn tlv(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let bytes = entry.bytes("hex")?;
    let private =
        if entry.maybe_text("private").is_some() { PrivateTags::Primitive } else { PrivateTags::Ber };
    let got = tree(Tlv::new(&bytes, private))?;
    let Some(want) = entry.value("tree") else {
        return Ok(());
    };
    tally.same(entry, "tree", &got.to_string(), &want.to_string());
    let mut again = Vec::new();
    match built(want, &mut again) {
        Some(()) => tally.field(entry, "hex", &again),
        None => tally.fail(entry, "the tree is no tree"),
    }
    Ok(())
}

pub fn dol(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let bytes = entry.bytes("dol")?;
    let mut entries = Vec::new();
    for asked in Dol::new(&bytes) {
        let (tag, len) = asked.map_err(refused)?;
        entries.push(Value::Array(vec![Value::String(tag.to_string()), Value::from(len)]));
    }
    if let Some(want) = entry.value("entries") {
        tally.same(entry, "entries", &Value::Array(entries).to_string(), &want.to_string());
    }
    let Some(data) = entry.inner("data") else {
        return Ok(());
    };
    let mut values = Vec::new();
    for name in data.names() {
        let tag = u32::from_str_radix(name, 16).map_err(|_| refused("no tag"))?;
        values.push((Tag(tag), data.bytes(name)?));
    }
    let find = |tag| values.iter().find(|(known, _)| *known == tag).map(|(_, value)| value.as_slice());
    let mut out = Vec::new();
    Dol::new(&bytes).build(find, &mut out).map_err(refused)?;
    tally.field(entry, "built", &out);
    Ok(())
}
