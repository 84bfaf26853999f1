//! Acts on keys in memory and on files.
//!
//! The conversations with people are tried where they are held.

use super::*;
use expect_test::expect;

fn key(label: &str) -> StoredKey {
    made(label, kind_of(label).unwrap()).unwrap()
}

/// Labels and statuses, in order.
fn statuses(keys: &[StoredKey]) -> String {
    keys.iter().map(|key| format!("{} {}\n", key.label, key.status.word())).collect()
}

fn what(acts: &[Act]) -> String {
    acts.iter().map(|act| format!("{} {}\n", act.what, act.label)).collect()
}

#[test]
fn a_rotation_leaves_the_key_before_for_what_is_in_flight() {
    let mut keys = vec![key(CARD_HASH), key(WORKING_BASE)];
    for _ in 0..2 {
        let acts = replace(&mut keys, key(WORKING_BASE), &rotation_of(WORKING_BASE, false).unwrap()).unwrap();
        assert!(what(&acts).ends_with("replaced working-base\nrotated working-base\n"));
    }
    for _ in 0..2 {
        replace(&mut keys, key(CARD_HASH), &rotation_of(CARD_HASH, false).unwrap()).unwrap();
    }
    expect![[r#"
        card-hash-before expired
        working-base expired
        working-base overlap
        working-base active
        card-hash-before active
        card-hash active
    "#]]
    .assert_eq(&statuses(&keys));
    assert_eq!(what(&put_away(&mut keys, WORKING_BASE).unwrap()), "retired working-base\n");
    assert!(put_away(&mut keys, WORKING_BASE).is_err(), "the active one is needed");
    assert_eq!(what(&put_away(&mut keys, CARD_HASH_BEFORE).unwrap()), "retired card-hash-before\n");
    assert!(put_away(&mut keys, "nothing").is_err());
    assert!(replace(&mut keys, key("pvk-1"), &Rotation::Overlap).is_err(), "nothing to replace");
}

#[test]
fn what_cards_depend_on_is_not_replaced_under_them() {
    for label in ["pvk-1", "cvk/621626/5", "imk-ac/621626/pboc", "transport/a", CARD_HASH_BEFORE] {
        assert!(rotation_of(label, false).is_err(), "{label}");
    }
    assert!(matches!(rotation_of("pvk-1", true), Ok(Rotation::Overlap)));
    assert!(matches!(rotation_of("tmk/898510154110283/00000001", false), Ok(Rotation::Installers)));
    for label in ["", "/", "transport/", "pvk", "card", "tmk2/1"] {
        assert!(kind_of(label).is_err(), "{label}");
    }
}

#[test]
fn an_inventory_shows_no_key() {
    let keys = vec![key(CARD_HASH), key("tmk/898510154110283/00000001")];
    let shown = table(&keys);
    for stored in &keys {
        let digits = crate::commands::iso::to_hex(stored.key.expose());
        assert!(shown.contains(&stored.key.check_value().to_string()));
        assert!(!shown.to_uppercase().contains(&digits[..8]) && !shown.contains(&digits[24..32]), "{shown}");
    }
    assert_eq!(shown.lines().count(), 3);
}

#[test]
fn a_block_must_be_what_its_label_says() {
    let transport = key("transport/peer");
    let hsm = SoftHsm::new(Box::new(SystemEntropy));
    hsm.load_store(std::slice::from_ref(&transport)).unwrap();
    let under = hsm.find_key("transport/peer").unwrap();
    let cvk = {
        let mut cvk = key("cvk/621626/5");
        cvk.attributes = cvk.attributes.exportable(Exportability::InKeyBlock);
        cvk
    };
    let handle = hsm.load(None, cvk.attributes, KeyStatus::Active, cvk.key.clone()).unwrap();
    let block = hsm.export_key(under, handle).unwrap();
    let check = |block: &str, label: &str| brought(&hsm, under, &transport, block, label);
    assert_eq!(check(&block, "cvk/621626/5").unwrap().key, cvk.key);
    let changed = block.replacen("C0", "E0", 1);
    for (block, label, why) in [
        (block.as_str(), "imk-ac/621626/pboc", "the block's key is for C0, the label stands for E0"),
        (&changed, "imk-ac/621626/pboc", "key block: the authentication code is wrong"),
        (&block[..block.len() - 1], "cvk/621626/5", "key block: the key block is not as long as it says"),
        ("", "cvk/621626/5", "key block: the key block is not as long as it says"),
        (&block, "something", "`something` is no label of a key that the host knows"),
    ] {
        assert_eq!(check(block, label).err().as_deref(), Some(why));
    }
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("cardwarden-keys-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn master() -> (Master, Master) {
    let parts = [Component::generate(&SystemEntropy).unwrap(), Component::generate(&SystemEntropy).unwrap()];
    let again = || Master::Components(MasterKey::from_components(&parts).unwrap());
    (again(), again())
}

#[test]
fn acts_are_entered_and_a_file_that_was_changed_is_refused() {
    let folder = Folder::new("acts");
    let file = folder.0.join("keys.txt");
    let who = Who::parse("ann+ben").unwrap();
    let (first, again) = master();
    let act = Act { what: "ceremony", label: "master".to_owned(), check_value: "08D7B4".to_owned() };
    begin(&file, first, act, &who).unwrap();
    verify(&file).unwrap();
    let before = key_file::text_of(&file).unwrap();
    let keys = again.read(&before).unwrap();
    assert_eq!(statuses(&keys), "card-hash active\nworking-base active\npvk-1 active\n");

    let audit = Audit::open(&file, false).unwrap();
    assert!(Audit::open(&file, false).is_err(), "one act at a time");
    let mut book = Book { file: file.clone(), keys, master: again, audit };
    let act = book.put(key("pvk-2")).unwrap();
    assert!(book.put(key("pvk-2")).is_err(), "one active key a label");
    book.close(&[act], &who).unwrap();
    verify(&file).unwrap();
    let after = key_file::text_of(&file).unwrap();

    // Broken off between entry and file: the file before is the one that is there, and that is said.
    key_file::put(&file, &before).unwrap();
    verify(&file).unwrap();
    for changed in [after.replacen("pvk-2", "pvk-3", 1), after.lines().take(3).collect(), String::new()] {
        key_file::put(&file, &changed).unwrap();
        assert!(verify(&file).unwrap_err().what.contains("is not the one that the last act left"));
    }
    key_file::put(&file, &after).unwrap();
    let path = key_audit::path_of(&file);
    let audit = std::fs::read_to_string(&path).unwrap();
    let last = audit.lines().last().unwrap();
    for broken in [audit.replacen("ann", "eve", 1), format!("{audit}{last}\n"), audit.trim_end().to_owned()] {
        std::fs::write(&path, broken).unwrap();
        let refused = verify(&file).unwrap_err().what;
        assert!(refused.contains(": line "), "{refused}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(verify(&file).is_err(), "no audit, no acts");
}

#[test]
fn another_master_key_and_edited_lines_are_refused_by_line() {
    let (master, _) = master();
    let (other, _) = self::master();
    let text = master.write(&first_keys().unwrap()).unwrap();
    let check = |text: &str| master.read(text).unwrap_err();
    assert_eq!(
        other.read(&text).unwrap_err(),
        "line 2: key block: the authentication code is wrong".replace("key block: ", "")
    );
    assert_eq!(
        check(&text.replacen("pvk-1", "pvk-2", 1)),
        "line 4: the line says something else than its key block"
    );
    assert_eq!(
        check(&text.replacen(" active ", " retired ", 1)),
        "line 2: the line says something else than its key block"
    );
    assert_eq!(
        check(&text.replacen("keys 1", "keys 9", 1)),
        "line 1: the first line is not that of a key store"
    );
    assert_eq!(
        check("# cardwarden keys 1\nx\n"),
        "line 2: a line is label, key block, check value, status and day"
    );
    let odd = StoredKey { label: "a b".to_owned(), ..key(CARD_HASH) };
    assert_eq!(master.write(&[odd]).unwrap_err(), "key `a b`: a label or day has other characters");
}
