//! Chip cards: keys, cryptograms, answers, scripts.
//!
//! Each step is computed by itself, and the whole once more by the profile where the scheme has one.

use cardcrypto::Pin;
use cardcrypto::cipher::Tdes;
use cardcrypto::cvv::dynamic_cvc3;
use cardcrypto::emv::cryptogram::{
    ArpcAsk, CardKeys, Cryptogram, IssuerKey, application_cryptogram, arpc_method_1, arpc_method_2,
};
use cardcrypto::emv::keys::{
    MasterKeyOption, Tree, by_counter, by_counter_and_number, card_master_key, common_session_key,
    pboc_session_key, tree_session_key, visa_script_key,
};
use cardcrypto::emv::{ArpcMethod, Profile, Scheme, script};
use cardcrypto::key::{Key, TdesKey};
use cardcrypto::mac::Padding;

use crate::derived::double_length;
use crate::entry::{Entry, Stop, Tally, block, hex, refused, unhex};

/// Tags that the cryptogram covers, in order.
const COVERED: [&str; 10] = ["9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36"];
/// What follows them, in order.
const BEHIND: [&str; 6] = ["CVR", "9F10", "IAD", "counters", "COUNTERS", "Counters"];

fn profile(entry: &Entry<'_>) -> Option<Profile> {
    let name = entry.maybe_text("scheme")?.to_ascii_uppercase();
    let scheme = if name.contains("VISA") {
        Scheme::Visa
    } else if name.contains("MASTERCARD") {
        Scheme::Mastercard
    } else if name.contains("INTERAC") {
        Scheme::Interac
    } else if name.contains("PBOC") || name.contains("UNIONPAY") {
        return Some(if name.contains("SM4") { Profile::PbocSm4 } else { Profile::Pboc });
    } else {
        return None;
    };
    let number = name.split("CVN").nth(1)?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    Profile::of(scheme, digits.parse().ok()?)
}

/// How the card's key comes from the issuer's: what the entry says, else the operation's name, else the
/// profile's.
fn option(entry: &Entry<'_>, profile: Option<Profile>) -> MasterKeyOption {
    let said = entry.maybe_text("mk_option");
    let operation = entry.maybe_text("op").unwrap_or_default();
    match said {
        Some("A" | "a") => MasterKeyOption::A,
        Some("B" | "b") => MasterKeyOption::B,
        Some(_) | None if operation.contains("option B") || operation.contains("MK-B") => MasterKeyOption::B,
        Some(_) | None if operation.contains("option A") || operation.contains("MK-A") => MasterKeyOption::A,
        Some(_) | None => profile.map_or(MasterKeyOption::A, |profile| profile.rules().master_key),
    }
}

fn padding(entry: &Entry<'_>, profile: Option<Profile>) -> Padding {
    let Some(text) = entry.maybe_text("padding") else {
        return profile.map_or(Padding::OneThenZeros, |profile| profile.rules().padding);
    };
    let lower = text.to_ascii_lowercase();
    if lower.contains("80") || lower.contains("method 2") { Padding::OneThenZeros } else { Padding::Zeros }
}

/// Everything the cryptogram covers, from tags and what follows them.
fn covered(entry: &Entry<'_>, tally: &mut Tally) -> Result<Option<Vec<u8>>, Stop> {
    let given = match entry.maybe_bytes("ac_input")? {
        None => entry.maybe_bytes("data")?,
        given => given,
    };
    let Some(tags) = entry.inner("tags") else {
        return Ok(given);
    };
    let mut built = Vec::new();
    for tag in COVERED {
        built.extend(tags.maybe_bytes(tag)?.unwrap_or_default());
    }
    if let Some(extra) = entry.inner("extra") {
        for name in BEHIND {
            built.extend(extra.maybe_bytes(name)?.unwrap_or_default());
        }
        for name in extra.untried() {
            built.extend(extra.maybe_bytes(&name)?.unwrap_or_default());
        }
    }
    for name in tags.untried() {
        tally.skip(&tags, &format!("tag {name} is covered by no profile here"));
    }
    tally.field(entry, "ac_input", &built);
    Ok(given.or(Some(built)))
}

fn tag<const N: usize>(entry: &Entry<'_>, tag: &str, field: &str) -> Option<[u8; N]> {
    let inside = entry.inner("tags").and_then(|tags| tags.maybe_text(tag));
    let text = inside.or_else(|| entry.maybe_text(field))?;
    unhex(text)?.try_into().ok()
}

/// The card's master key, and everything the entry tells of master keys.
fn master_key(entry: &Entry<'_>, profile: Option<Profile>, tally: &mut Tally) -> Result<TdesKey, Stop> {
    let option = option(entry, profile);
    let derive = |field: &str, option| {
        let issuer = entry.tdes(field)?;
        double_length(&issuer)?;
        Ok(card_master_key(&Tdes::new(&issuer), option, &entry.pan()?, entry.sequence()?))
    };
    for (issuer, card) in [("imk_smi", "icc_mk_smi"), ("imk_smc", "icc_mk_smc")] {
        if entry.has(issuer) {
            tally.des_key(entry, card, &derive(issuer, option)?)?;
        }
    }
    let issuer = if entry.has("imk_ac") { "imk_ac" } else { "imk" };
    if !entry.has(issuer) {
        let card = entry.tdes("icc_mk")?;
        double_length(&card)?;
        return Ok(card);
    }
    let card = derive(issuer, option)?;
    tally.des_key(entry, "icc_mk", &card)?;
    tally.des_key(entry, "icc_mk_ac", &card)?;
    for (field, option) in [("icc_mk_option_a", MasterKeyOption::A), ("icc_mk_option_b", MasterKeyOption::B)]
    {
        if entry.has(field) {
            tally.des_key(entry, field, &derive(issuer, option)?)?;
        }
    }
    Ok(card)
}

fn check_value(entry: &Entry<'_>, field: &str, key: &TdesKey, tally: &mut Tally) {
    if entry.has(field) {
        tally.beginning(entry, field, &Key::Tdes(key.clone()).check_value().bytes());
    }
}

/// The session key by the method the entry names, or by the value it is diversified with; `None` is the
/// master key.
fn session_key(
    entry: &Entry<'_>,
    profile: Option<Profile>,
    card: &TdesKey,
    tally: &mut Tally,
) -> Result<Option<TdesKey>, Stop> {
    let atc = tag::<2>(entry, "9F36", "atc");
    let number = tag::<4>(entry, "9F37", "un");
    let cipher = Tdes::new(card);
    if let Some(atc) = atc {
        tally.des_key(entry, "common_sk", &common_session_key(&cipher, by_counter(atc)))?;
        tally.des_key(entry, "visa_sm_sk", &visa_script_key(card, atc).map_err(refused)?)?;
        tally.des_key(entry, "pboc_sk", &pboc_session_key(&cipher, atc))?;
        for (field, tree) in
            [("emv2000_tree_sk_h8_b4", Tree::HeightEight), ("emv2000_tree_sk_h16_b2", Tree::HeightSixteen)]
        {
            tally.des_key(entry, field, &tree_session_key(card, atc, tree).map_err(refused)?)?;
        }
        if let Some(number) = number {
            let key = common_session_key(&cipher, by_counter_and_number(atc, number));
            for field in ["mc_sk", "mastercard_sk", "mc_skd_sk"] {
                tally.des_key(entry, field, &key)?;
            }
        }
    }
    if entry.has("r") {
        let key = common_session_key(&cipher, entry.array("r")?);
        tally.des_key(entry, "session_key", &key)?;
        return Ok(Some(key));
    }
    let method = entry.maybe_text("session_key_method").unwrap_or(match profile {
        Some(Profile::Pboc) => "pboc",
        Some(Profile::VisaCvn10) => "none",
        Some(Profile::MastercardCvn16 | Profile::MastercardCvn17 | Profile::InteracCvn133) => "mc",
        Some(_) => "common",
        None => "",
    });
    let needs = |what: &str| Stop::Unreadable(format!("no {what} for the session key"));
    let key = match method {
        "" => return Ok(None),
        "none" => None,
        "common" | "csk" | "emv" => {
            Some(common_session_key(&cipher, by_counter(atc.ok_or_else(|| needs("counter"))?)))
        }
        "mc" | "mastercard" | "skd" | "mc_skd" => {
            let (Some(atc), Some(number)) = (atc, number) else {
                return Err(needs("counter or number"));
            };
            Some(common_session_key(&cipher, by_counter_and_number(atc, number)))
        }
        "pboc" | "unionpay" => Some(pboc_session_key(&cipher, atc.ok_or_else(|| needs("counter"))?)),
        "visa" | "visa_sm" => {
            Some(visa_script_key(card, atc.ok_or_else(|| needs("counter"))?).map_err(refused)?)
        }
        other => return Err(Stop::Unsupported(format!("session key method {other}"))),
    };
    tally.des_key(entry, "session_key", key.as_ref().unwrap_or(card))?;
    Ok(key)
}

pub fn cryptogram(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let profile = profile(entry);
    if profile == Some(Profile::PbocSm4) {
        return Err(Stop::Unsupported("PBOC with SM4 has no published values".to_owned()));
    }
    let card = master_key(entry, profile, tally)?;
    check_value(entry, "icc_mk_kcv", &card, tally);
    let session = session_key(entry, profile, &card, tally)?;
    if let Some(key) = &session {
        check_value(entry, "sk_kcv", key, tally);
    }
    if entry.has("equals_pyemv_visa_sm_sk")
        && let (Some(atc), Some(key)) = (tag::<2>(entry, "9F36", "atc"), &session)
    {
        let same = visa_script_key(&card, atc).map_err(refused)?.same_but_for_parity(key);
        let want = entry.truth("equals_pyemv_visa_sm_sk")?;
        tally.holds(entry, "the two session keys compare otherwise", same == want);
    }
    let Some(data) = covered(entry, tally)? else {
        return Ok(());
    };
    let (master, session) = (Tdes::new(&card), session.as_ref().map(Tdes::new));
    let used = session.as_ref().unwrap_or(&master);
    tally.beginning(entry, "arqc", &application_cryptogram(used, padding(entry, profile), &data));
    answer(entry, profile, &master, used, tally)?;
    if let Some(profile) = profile {
        by_profile(entry, profile, &data, tally)?;
    }
    Ok(())
}

/// What the issuer tells the card, from the entry or from what it holds of it.
struct Told {
    code: Option<[u8; 2]>,
    update: Option<[u8; 4]>,
    proprietary: Vec<u8>,
}

fn told(entry: &Entry<'_>) -> Result<Told, Stop> {
    let inner = entry.inner("arpc_input");
    let from = |fields: &[&str]| -> Result<Option<Vec<u8>>, Stop> {
        for field in fields {
            if let Some(inner) = &inner
                && inner.has(field)
            {
                return inner.maybe_bytes(field);
            }
            if entry.has(field) {
                return entry.maybe_bytes(field);
            }
        }
        Ok(None)
    };
    Ok(Told {
        code: from(&["arpc_rc", "arc"])?.map(|bytes| block(&bytes)).transpose()?,
        update: from(&["csu"])?.map(|bytes| block(&bytes)).transpose()?,
        proprietary: from(&["prop_auth_data", "proprietary_auth_data", "proprietary", "pad"])?
            .unwrap_or_default(),
    })
}

fn answer(
    entry: &Entry<'_>,
    profile: Option<Profile>,
    master: &Tdes,
    session: &Tdes,
    tally: &mut Tally,
) -> Result<(), Stop> {
    if !entry.has("arpc") {
        return Ok(());
    }
    let arqc = entry.array("arqc")?;
    let told = told(entry)?;
    if let Some(code) = told.code {
        let by_master = match profile.map(|profile| profile.rules().arpc) {
            Some(ArpcMethod::OneUnderMasterKey) => true,
            Some(ArpcMethod::OneUnderSessionKey | ArpcMethod::TwoUnderSessionKey) => false,
            None => entry.maybe_text("op").is_some_and(|op| op.contains("(MK)")),
        };
        tally.field(entry, "arpc", &arpc_method_1(if by_master { master } else { session }, arqc, code));
    } else if let Some(update) = told.update {
        let made = arpc_method_2(session, arqc, update, &told.proprietary).map_err(refused)?;
        tally.field(entry, "arpc", &made);
    } else {
        return Err(Stop::Unreadable("nothing that the answer is about".to_owned()));
    }
    Ok(())
}

/// The same once more as the host computes it.
fn by_profile(entry: &Entry<'_>, profile: Profile, data: &[u8], tally: &mut Tally) -> Result<(), Stop> {
    let issuer = if entry.has("imk_ac") { "imk_ac" } else { "imk" };
    if !entry.has(issuer) || !entry.has("arqc") {
        return Ok(());
    }
    let issuer = Tdes::new(&entry.tdes(issuer)?);
    let pan = entry.pan()?;
    let arqc = entry.array("arqc")?;
    let cryptogram = Cryptogram {
        profile,
        master_key: option(entry, Some(profile)),
        pan: &pan,
        sequence: entry.sequence()?,
        atc: tag(entry, "9F36", "atc").unwrap_or_default(),
        unpredictable: tag(entry, "9F37", "un").unwrap_or_default(),
        data,
        arqc,
    };
    let keys = CardKeys::derive(&IssuerKey::Tdes(&issuer), &cryptogram).map_err(refused)?;
    tally.holds(entry, "the profile refuses the cryptogram", keys.is_right(data, &arqc).into());
    let mut wrong = arqc;
    wrong[7] ^= 1;
    tally.holds(entry, "the profile takes another cryptogram", !bool::from(keys.is_right(data, &wrong)));
    let told = told(entry)?;
    let ask = match (told.code, told.update) {
        (Some(code), _) => ArpcAsk::Code(code),
        (None, Some(csu)) => ArpcAsk::StatusUpdate { csu, proprietary: &told.proprietary },
        (None, None) => return Ok(()),
    };
    let made = keys.answer(arqc, &ask).map_err(refused)?;
    if let Some(want) = entry.maybe_text("arpc") {
        tally.same(entry, "arpc by the profile", &hex(made.bytes()), want);
    }
    Ok(())
}

pub fn cvc3(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let issuer = Tdes::new(&entry.tdes("imk_cvc3")?);
    let card = card_master_key(&issuer, option(entry, None), &entry.pan()?, entry.sequence()?);
    tally.des_key(entry, "icc_mk", &card)?;
    let code =
        dynamic_cvc3(&Tdes::new(&card), &entry.bytes("track2")?, entry.array("un")?, entry.array("atc")?);
    let shown = format!("{code:05}");
    for (field, digits) in [("cvc3_last3", 3), ("cvc3_last4", 4), ("cvc3_last5", 5), ("cvc3", 5)] {
        if let Some(want) = entry.maybe_text(field) {
            tally.same(entry, field, &shown[5 - digits..], &format!("{want:0>digits$}"));
        }
    }
    Ok(())
}

/// A script's MAC and, where there is one, the new PIN for the card.
pub fn script(entry: &Entry<'_>, tally: &mut Tally) -> Result<(), Stop> {
    let Some(profile) = profile(entry) else {
        return Err(Stop::Unsupported("no profile of this name".to_owned()));
    };
    let pan = entry.pan()?;
    let cryptogram = Cryptogram {
        profile,
        master_key: option(entry, Some(profile)),
        pan: &pan,
        sequence: entry.sequence()?,
        atc: entry.array("atc")?,
        unpredictable: [0; 4],
        data: &[],
        arqc: entry.array("arqc")?,
    };
    // Keys of the same card that this command may have no use for.
    entry.value("imk_ac");
    entry.value("imk_smc");
    let mut data = entry.maybe_bytes("command_data")?.unwrap_or_default();
    if let Some(pin) = entry.maybe_text("pin") {
        let pin = Pin::parse(pin).map_err(refused)?;
        let key = script::script_key(&Tdes::new(&entry.tdes("imk_smc")?), &cryptogram).map_err(refused)?;
        let block = if profile.rules().visa_pin_block {
            let issuer = Tdes::new(&entry.tdes("imk_ac")?);
            let card = card_master_key(&issuer, cryptogram.master_key, &pan, cryptogram.sequence);
            script::visa_pin_block(&card, &pin, None).map_err(refused)?
        } else {
            script::format_2_pin_block(&pin)
        };
        let how = profile.rules().script_cipher;
        data = script::encipher(&Tdes::new(&key), how, &*block).map_err(refused)?;
        tally.field(entry, "pin_change_data", &data);
    }
    let key = script::script_key(&Tdes::new(&entry.tdes("imk_smi")?), &cryptogram).map_err(refused)?;
    let made = script::command_mac(&Tdes::new(&key), &cryptogram, &entry.bytes("command_header")?, &data);
    tally.beginning(entry, "script_mac", &made);
    Ok(())
}
