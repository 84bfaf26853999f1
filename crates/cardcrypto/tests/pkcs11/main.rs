//! The master key in a token: Debian's softhsm2 with a token store of its own, in a folder that goes away.
//!
//! Each case runs in a process of its own, since a token library reads its settings from the environment
//! once.

#![expect(clippy::print_stdout, reason = "what is left out is said aloud")]
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it must be")]

use std::path::{Path, PathBuf};
use std::process::Command;

use cardcrypto::hsm::conformance::{Subject, run};
use cardcrypto::hsm::pkcs11::{MasterToken, SealedMaster, TokenError, TokenPlace};
use cardcrypto::hsm::{Hsm, SoftHsm};
use cardcrypto::key::{AesKey, Key, KeyAlgorithm};
use cardcrypto::key_store::{self, StoredKey};
use cardcrypto::{Exportability, KeyAttributes, KeyMode, KeyStatus, KeyUsage, SystemEntropy};
use zeroize::Zeroizing;

const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];
const PIN: &str = "648219";
const INSIDE: &str = "CARDWARDEN_TEST_TOKEN";

fn module() -> Option<PathBuf> {
    MODULES.iter().map(PathBuf::from).find(|path| path.exists())
}

fn pin(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn place(token: &str) -> TokenPlace {
    TokenPlace { module: module().unwrap(), token: token.to_owned(), key: "cardwarden".to_owned() }
}

/// A folder with a token store, removed when dropped.
struct Store(PathBuf);

impl Drop for Store {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tool(settings: &Path, arguments: &[&str]) {
    let done = Command::new("softhsm2-util").env("SOFTHSM2_CONF", settings).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Runs the test named `name` again inside a process that has a token `one`; false when this is that process.
fn outside(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return false;
    }
    if module().is_none() {
        println!("skipped: no softhsm2 on this computer");
        return true;
    }
    let store = Store(std::env::temp_dir().join(format!("cardwarden-token-{}-{name}", std::process::id())));
    std::fs::create_dir_all(store.0.join("tokens")).unwrap();
    let settings = store.0.join("softhsm2.conf");
    let tokens = store.0.join("tokens");
    std::fs::write(&settings, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()))
        .unwrap();
    tool(&settings, &["--init-token", "--free", "--label", "one", "--so-pin", "11223344", "--pin", PIN]);
    let inside = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .env("SOFTHSM2_CONF", &settings)
        .status()
        .unwrap();
    assert!(inside.success(), "{name} failed in its own process");
    true
}

/// A key file with the suite's protection key, written under a master key out of the token.
fn file(token: &MasterToken, clear: &AesKey) -> String {
    let attributes = KeyAttributes::new(KeyUsage::KeyBlockProtection, KeyAlgorithm::Aes256, KeyMode::Both)
        .exportable(Exportability::InKeyBlock);
    let stored = StoredKey {
        label: "transport".to_owned(),
        attributes,
        status: KeyStatus::Active,
        created: "2026-03-01".to_owned(),
        key: Key::Aes(clear.clone()),
    };
    let (master, sealed) = token.seal_new().unwrap();
    sealed.into_file(&key_store::write(&[stored], &master, &SystemEntropy).unwrap())
}

#[test]
fn keys_that_come_through_the_token_conform() {
    if outside("keys_that_come_through_the_token_conform") {
        return;
    }
    let clear_protection = AesKey::new(&[0x42; 32]).unwrap();
    let text = file(&MasterToken::create(&place("one"), pin(PIN)).unwrap(), &clear_protection);

    // Another day: only the file, the token and its PIN are left.
    let token = MasterToken::open(&place("one"), pin(PIN)).unwrap();
    let sealed = SealedMaster::of_file(&text).unwrap().unwrap();
    let stored = key_store::read(&text, &token.unseal(&sealed).unwrap()).unwrap();
    let hsm = SoftHsm::new(Box::new(SystemEntropy));
    hsm.load_store(&stored).unwrap();
    let protection = hsm.find_key("transport").unwrap();
    run(&Subject { hsm: &hsm, protection, clear_protection });
}

#[test]
fn a_new_file_has_a_new_master_key() {
    if outside("a_new_file_has_a_new_master_key") {
        return;
    }
    let token = MasterToken::create(&place("one"), pin(PIN)).unwrap();
    let clear = AesKey::new(&[0x42; 32]).unwrap();
    let (first, second) = (file(&token, &clear), file(&token, &clear));
    let master = |text: &str| token.unseal(&SealedMaster::of_file(text).unwrap().unwrap()).unwrap();
    assert_ne!(master(&first).check_value(), master(&second).check_value());
    assert!(key_store::read(&second, &master(&first)).is_err());
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    if outside("what_is_missing_or_wrong_is_named") {
        return;
    }
    let here = place("one");
    let open = |place: &TokenPlace, with: &str| MasterToken::open(place, pin(with)).err();
    assert_eq!(open(&here, "000000"), Some(TokenError::WrongPin));
    assert_eq!(open(&here, ""), Some(TokenError::WrongPin));
    assert_eq!(open(&place("two"), PIN), Some(TokenError::NoToken));
    let nowhere = TokenPlace { module: "/nowhere/libtoken.so".into(), ..here.clone() };
    assert_eq!(open(&nowhere, PIN), Some(TokenError::Library));
    let no_module = TokenPlace { module: std::env::current_exe().unwrap(), ..here.clone() };
    assert_eq!(open(&no_module, PIN), Some(TokenError::Library));
    assert_eq!(open(&here, PIN), Some(TokenError::NoKey));

    let token = MasterToken::create(&here, pin(PIN)).unwrap();
    assert_eq!(MasterToken::create(&here, pin(PIN)).err(), Some(TokenError::KeyNotUnique));
    let (_, sealed) = token.seal_new().unwrap();
    let text = sealed.into_file("# cardwarden keys 1\n");
    let line = text.lines().nth(1).unwrap();
    let changed = |place: usize| {
        let mut bytes = line.as_bytes().to_vec();
        let at = bytes.len() - 1 - place;
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        SealedMaster::of_file(&String::from_utf8(bytes).unwrap()).unwrap().unwrap()
    };
    for place in [0, 40, 100, 119] {
        assert_eq!(token.unseal(&changed(place)).err(), Some(TokenError::Sealed), "{place}");
    }
    for malformed in [
        &line[..line.len() - 1],
        &line[..line.len() - 2],
        &format!("{line}\n{line}"),
        &line.replace('A', "x").replace('B', "y").replace('0', "z"),
    ] {
        assert_eq!(SealedMaster::of_file(malformed).err(), Some(TokenError::Sealed));
    }
    assert_eq!(SealedMaster::of_file("# cardwarden keys 1\n"), Ok(None));

    // Somebody removes the key while the session is open.
    remove(&here);
    assert_eq!(token.unseal(&sealed).err(), Some(TokenError::NoKey));
    assert_eq!(open(&here, PIN), Some(TokenError::NoKey));
}

/// Takes the key out of the token behind the product's back.
fn remove(place: &TokenPlace) {
    with_session(place, |session| {
        let label = cryptoki::object::Attribute::Label(place.key.as_bytes().to_vec());
        for object in session.find_objects(&[label]).unwrap() {
            session.destroy_object(object).unwrap();
        }
    });
}

fn with_session(place: &TokenPlace, act: impl FnOnce(&cryptoki::session::Session)) {
    use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
    let context = Pkcs11::new(&place.module).unwrap();
    // The library is the process' own: it may be ready already.
    let _ = context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slots = context.get_slots_with_initialized_token().unwrap();
    let slot =
        slots.into_iter().find(|slot| context.get_token_info(*slot).unwrap().label() == place.token).unwrap();
    let session = context.open_rw_session(slot).unwrap();
    // The user may be logged in already, by another session.
    let _ =
        session.login(cryptoki::session::UserType::User, Some(&cryptoki::types::AuthPin::new(PIN.into())));
    act(&session);
}

#[test]
fn a_key_that_could_leave_is_refused() {
    if outside("a_key_that_could_leave_is_refused") {
        return;
    }
    use cryptoki::mechanism::Mechanism;
    use cryptoki::object::Attribute;
    let here = place("one");
    let good = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Label(here.key.as_bytes().to_vec()),
        Attribute::ValueLen(32_u64.into()),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(false),
        Attribute::Derive(false),
    ];
    let cases = [
        (Attribute::ValueLen(16_u64.into()), "it is not of 256 bits"),
        (Attribute::Sensitive(false), "it is not sensitive"),
        (Attribute::Extractable(true), "it can be extracted"),
        (Attribute::Encrypt(false), "it may not encrypt"),
        (Attribute::Wrap(true), "it may wrap other keys, which it could then decrypt"),
        (Attribute::Derive(true), "it may derive other keys"),
    ];
    for (bad, why) in cases {
        with_session(&here, |session| {
            let same = |one: &Attribute| one.attribute_type() == bad.attribute_type();
            let template: Vec<Attribute> =
                good.iter().map(|one| if same(one) { bad.clone() } else { one.clone() }).collect();
            session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
        });
        assert_eq!(MasterToken::open(&here, pin(PIN)).err(), Some(TokenError::UnfitKey(why)));
        remove(&here);
    }
}
