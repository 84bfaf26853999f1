#!/usr/bin/env python3
"""Cryptography of the card trade against psec, pyemv, pydukpt and gmssl, in random cases.

    cargo build --release -p cardcrypto --example known_answers
    tests/peers/crypto.py target/release/examples/known_answers [--cases N] [--seed S] [--keep DIR]

The peers compute N random cases of each kind, and what must be refused is what they refuse. The cases are written in the
form of the files of known answers, and the given program tries them: so agreement is judged by programs that nobody here
wrote. The seed is printed; the same seed makes the same cases (but for key blocks and PIN blocks with random fill).

Needs `pip install psec==1.3.0 pyemv==1.5.0 pydukpt==0.1.0 gmssl==3.2.2 cryptography==50.0.2`. Ends with 1 at any
disagreement, and with 0 and `skipped: ...` where a package is missing.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

# The peers and their ciphers say at each call that triple DES is old, which the terminals of this world know.
warnings.filterwarnings("ignore")

try:
    import pydukpt
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.cmac import CMAC
    from gmssl import func, sm2, sm3, sm4
    from psec import aes, cvv, des, mac, pin, pinblock, tr31
    from pydukpt import _core as dukpt
    from pyemv import ac, cvn, kd
    from pyemv import cvv as dynamic
    from pyemv import sm as script
    from pyemv import tlv
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed")
    sys.exit(0)

NO_PADDING = 3  # none of gmssl's own


def upper(data):
    return data.hex().upper()


class Dice:
    """Everything random, from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def bytes(self, count):
        return self.random.randbytes(count)

    def digits(self, least, most=None):
        return "".join(self.random.choice("0123456789") for _ in range(self.number(least, most or least)))

    def number(self, least, most):
        return self.random.randint(least, most)

    def choice(self, options):
        return self.random.choice(options)

    def chance(self, one_in):
        return self.random.randrange(one_in) == 0

    def des(self, *lengths):
        """A DES key whose parts differ, which the peers' ciphers insist on."""
        while True:
            key = self.bytes(self.choice(lengths or (16,)))
            parts = [des.adjust_key_parity(key[at : at + 8]) for at in range(0, len(key), 8)]
            if len(set(parts)) == len(parts):
                return key


def pin_blocks(dice):
    pin_digits, pan = dice.digits(4, 12), dice.digits(13, 19)
    kind = dice.choice("0234")
    entry = {"format": f"ISO-{kind}", "pin": pin_digits}
    if kind != "2":
        entry["pan"] = pan
    if kind == "4":
        key = dice.bytes(dice.choice((16, 24, 32)))
        block = pinblock.encipher_pinblock_iso_4(key, pin_digits, pan)
        entry |= {"key": upper(key), "enciphered_block": upper(block)}
        field = aes.decrypt_aes_ecb(key, block)
        pan_field = pinblock.encode_pan_field_iso_4(pan)
        inner = bytes(left ^ right for left, right in zip(field, pan_field))
        entry |= {"pin_field": upper(aes.decrypt_aes_ecb(key, inner)), "pan_field": upper(pan_field)}
    else:
        encode = {
            "0": lambda: pinblock.encode_pinblock_iso_0(pin_digits, pan),
            "2": lambda: pinblock.encode_pinblock_iso_2(pin_digits),
            "3": lambda: pinblock.encode_pinblock_iso_3(pin_digits, pan),
        }[kind]
        block = encode()
        key = dice.des(8, 16, 24)
        entry |= {"clear_block": upper(block), "key": upper(key)}
        entry["enciphered_block"] = upper(des.encrypt_tdes_ecb(key, block))
    return entry


def bad_pin_blocks(dice):
    """A block with one bit changed that psec refuses."""
    while True:
        pan = dice.digits(13, 19)
        kind = dice.choice("0234")
        good = pin_blocks(dice)
        if good["format"] != f"ISO-{kind}":
            continue
        field = "enciphered_block" if kind == "4" else "clear_block"
        block = bytearray.fromhex(good[field])
        block[dice.number(0, len(block) - 1)] ^= 1 << dice.number(0, 7)
        block, pan = bytes(block), good.get("pan", pan)
        try:
            if kind == "4":
                pinblock.decipher_pinblock_iso_4(bytes.fromhex(good["key"]), block, pan)
            else:
                decode = getattr(pinblock, f"decode_pinblock_iso_{kind}")
                decode(block) if kind == "2" else decode(block, pan)
        except ValueError:
            bad = {"format": good["format"], field: upper(block), "expect": "error"}
            if kind != "2":
                bad["pan"] = pan
            if kind == "4":
                bad["key"] = good["key"]
            return bad


def pan_fields(dice):
    pan = dice.digits(1, 19)
    return {"format": "ISO-4-PAN-FIELD", "pan": pan, "pan_field": upper(pinblock.encode_pan_field_iso_4(pan))}


def pin_values(dice):
    pvk, pan = dice.des(16, 24), dice.digits(12, 19)
    if dice.chance(2):
        index, digits = dice.digits(1), dice.digits(4)
        value = pin.generate_visa_pvv(pvk, index, digits, pan)
        return {"method": "visa-pvv", "pvk": upper(pvk), "pvki": index, "pin": digits, "pan": pan, "pvv": value}
    first = dice.number(0, len(pan) - 4)
    rule = {
        "conversion_table": dice.digits(16),
        "pan": pan,
        "pan_verify_offset": first,
        "pan_verify_length": dice.number(1, len(pan) - first),
        "pan_pad": dice.choice("0123456789ABCDEF"),
    }
    digits = dice.digits(4, 12)
    return {
        "method": "ibm3624",
        "pvk": upper(pvk),
        **rule,
        "pin": digits,
        "natural_pin": pin.generate_ibm3624_pin(pvk, offset="0000", **rule),
        "offset": pin.generate_ibm3624_offset(pvk, pin=digits, **rule),
    }


def card_values(dice):
    value = ""
    # Where there are fewer than three digits psec gives fewer, and the algorithm goes on with the letters.
    while len(value) != 3:
        cvk, pan, expiry = dice.des(16), dice.digits(12, 19), dice.digits(4)
        code = dice.choice((dice.digits(3), "000", "999"))
        value = cvv.generate_cvv(cvk, pan, expiry, code)
    return {"kind": "CVV", "cvk": upper(cvk), "pan": pan, "expiry": expiry, "service_code": code, "cvv": value}


def codes(dice):
    data, padding = dice.bytes(dice.number(0, 300)), dice.number(1, 3)
    entry = {"data": upper(data)}
    kind = dice.choice(("retail", "cbc", "aes-cbc", "cmac", "aes-cmac"))
    if kind == "retail":
        key = dice.des(16)
        entry |= {"alg": "ISO9797-1 alg 3 (retail)", "padding": padding}
        code = mac.generate_retail_mac(key[:8], key[8:], data, padding)
    elif kind == "cbc":
        key = dice.des(8, 16, 24)
        entry |= {"alg": "ISO9797-1 alg 1 (TDES CBC-MAC)", "padding": padding}
        code = mac.generate_cbc_mac(key, data, padding)
    elif kind == "aes-cbc":
        key = dice.bytes(dice.choice((16, 24, 32)))
        entry |= {"alg": "ISO9797-1 alg 1 (AES CBC-MAC)", "padding": padding}
        code = mac.generate_cbc_mac(key, data, padding, algorithm=mac.Algorithm.AES)
    else:
        triple = kind == "cmac"
        key = dice.des(16, 24) if triple else dice.bytes(dice.choice((16, 24, 32)))
        cipher = algorithms.TripleDES(key) if triple else algorithms.AES(key)
        entry["alg"] = "TDES-CMAC" if triple else "AES-CMAC"
        maker = CMAC(cipher)
        maker.update(data)
        code = maker.finalize()
    return entry | {"key": upper(key), "mac": upper(code)}


def key_blocks(dice):
    version = dice.choice("ABCD")
    kbpk = dice.bytes(dice.choice((16, 24, 32))) if version == "D" else dice.des(16, 24)
    algorithm = dice.choice("TDA")
    key = dice.bytes({"T": dice.choice((16, 24)), "D": 8, "A": dice.choice((16, 24, 32))}[algorithm])
    usages = "B0 B1 B2 C0 D0 D1 D2 E0 E1 E2 E3 E4 E5 E6 I0 K0 K1 K2 K3 M0 M1 M2 M3 M4 M5 M6 M7 M8 P0 S0 S1 S2 V0 V1 V2 V3 V4 42"
    header = tr31.Header(
        version,
        dice.choice(usages.split()),
        algorithm,
        dice.choice("BCDEGNSTVXY"),
        dice.choice(("00", dice.digits(2), "c1")),
        dice.choice("ENS"),
    )
    printable = "".join(chr(code) for code in range(0x20, 0x7F))
    for _ in range(dice.choice((0, 0, 0, 1, 2, 3))):
        name = dice.choice(("KS", "KV", "LB", "TS", "TC", "HM", "10", "42"))
        length = dice.choice((dice.number(0, 40), dice.number(0, 40), dice.number(240, 600)))
        header.blocks[name] = "".join(dice.choice(printable) for _ in range(length))
    masked = dice.choice((None, None, len(key), 40))
    block = tr31.KeyBlock(kbpk, header).wrap(key, masked)
    assert tr31.unwrap(kbpk, block)[1] == key
    entry = {"label": f"psec {version}", "kbpk": upper(kbpk), "key_block": block}
    if dice.chance(3):
        place = dice.number(0, len(block) - 1)
        changed = block[:place] + dice.choice("0123456789ABCDEF") + block[place + 1 :]
        try:
            if tr31.unwrap(kbpk, changed)[1] == key:
                return entry | {"key": upper(key)}
        except ValueError:
            return entry | {"key_block": changed, "expect": "error"}
    return entry | {
        "key": upper(key),
        "header": {
            "version": header.version_id,
            "usage": header.key_usage,
            "algorithm": header.algorithm,
            "mode": header.mode_of_use,
            "key_version": header.version_num,
            "exportability": header.exportability,
            "blocks": dict(header.blocks),
        },
    }


TAGS = {"9F02": 6, "9F03": 6, "9F1A": 2, "95": 5, "5F2A": 2, "9A": 3, "9C": 1, "9F37": 4, "82": 2, "9F36": 2}
SCHEMES = {
    "Visa CVN10": (cvn.VisaCVN10, "none"),
    "Visa CVN18": (cvn.VisaCVN18, "common"),
    "Visa CVN22": (cvn.VisaCVN22, "common"),
    "Interac CVN133": (cvn.InteracCVN133, "mc"),
    "Mastercard CVN16": (cvn.MasterCardCVN16, "mc"),
    "Mastercard CVN17": (cvn.MasterCardCVN17, "mc"),
    "Mastercard CVN20": (cvn.MasterCardCVN20, "common"),
    "Mastercard CVN21": (cvn.MasterCardCVN21, "common"),
}


def issuer(dice, name):
    """A card of one scheme, as pyemv computes it."""
    keys = {field: dice.des(16) for field in ("imk_ac", "imk_smi", "imk_smc")}
    pan, psn = dice.digits(12, 19), dice.digits(2)
    card = SCHEMES[name][0](*keys.values(), pan, psn)
    entry = {"scheme": name, **{field: upper(key) for field, key in keys.items()}, "pan": pan, "psn": psn}
    return card, entry


def cryptograms(dice):
    name = dice.choice(list(SCHEMES))
    card, entry = issuer(dice, name)
    tags = {tag: dice.bytes(length) for tag, length in TAGS.items()}
    given = {f"tag_{tag.lower()}": value for tag, value in tags.items()}
    extra = {}
    if name in ("Visa CVN18", "Visa CVN22", "Interac CVN133"):
        extra["9F10"] = given["tag_9f10"] = dice.bytes(dice.number(7, 32))
    else:
        extra["CVR"] = given["cvr"] = dice.bytes(4 if name.startswith("Visa") else 6)
    if name in ("Mastercard CVN17", "Mastercard CVN21"):
        extra["counters"] = given["counters"] = dice.bytes(8)
    arqc = card.generate_ac(**given)
    answer = {"tag_9f26": arqc, "tag_9f36": tags["9F36"], "tag_9f37": tags["9F37"]}
    wanted = card.generate_arpc.__code__.co_varnames[: card.generate_arpc.__code__.co_argcount]
    answer = {field: value for field, value in answer.items() if field in wanted}
    if "csu" in wanted:
        told = {"csu": dice.bytes(4), "proprietary_auth_data": dice.bytes(dice.number(0, 8))}
    else:
        told = {"arpc_rc": dice.bytes(2)}
    arpc = card.generate_arpc(**answer, **told)
    method = SCHEMES[name][1]
    session = {
        "none": lambda: card.icc_mk_ac,
        "common": lambda: kd.derive_common_sk(card.icc_mk_ac, tags["9F36"] + bytes(6)),
        "mc": lambda: kd.derive_common_sk(card.icc_mk_ac, tags["9F36"] + bytes(2) + tags["9F37"]),
    }[method]()
    return entry | {
        "mk_option": "B" if name in ("Visa CVN18", "Visa CVN22") else "A",
        "icc_mk_ac": upper(card.icc_mk_ac),
        "icc_mk_smi": upper(card.icc_mk_smi),
        "icc_mk_smc": upper(card.icc_mk_smc),
        "session_key": upper(session),
        "session_key_method": method,
        "padding": "ISO9797 method 1 (zero)" if name == "Visa CVN10" else "ISO9797 method 2 (0x80)",
        "tags": {tag: upper(value) for tag, value in tags.items()},
        "extra": {field: upper(value) for field, value in extra.items()},
        "ac_input": upper(b"".join([*tags.values(), *extra.values()])),
        "arqc": upper(arqc),
        "arpc_input": {field: upper(value) for field, value in told.items()},
        "arpc": upper(arpc),
    }


def scripts(dice):
    name = dice.choice(list(SCHEMES))
    card, entry = issuer(dice, name)
    atc, arqc = dice.bytes(2), dice.bytes(8)
    entry |= {"atc": upper(atc), "arqc": upper(arqc)}
    transaction = {"tag_9f26": arqc, "tag_9f36": atc}
    if dice.chance(2):
        digits = dice.digits(4, 12)
        known = card.generate_pin_change_command.__code__.co_varnames
        command = card.generate_pin_change_command(digits, **{k: v for k, v in transaction.items() if k in known})
        return entry | {
            "pin": digits,
            "command_header": upper(command[:5]),
            "pin_change_data": upper(command[5:-8]),
            "script_mac": upper(command[-8:]),
        }
    header, data = dice.bytes(5), dice.bytes(dice.number(0, 40))
    known = card.generate_command_mac.__code__.co_varnames
    given = {k: v for k, v in transaction.items() if k in known}
    code = card.generate_command_mac(header, command_data=data, **given)
    return entry | {"command_header": upper(header), "command_data": upper(data), "script_mac": upper(code)}


def chip_keys(dice):
    imk, pan, psn = dice.des(16), dice.digits(12, 19), dice.digits(2)
    kind = dice.choice(("masters", "sessions", "primitive", "cvc3"))
    if kind == "masters":
        return {
            "op": "ICC MK option B",
            "imk": upper(imk),
            "pan": pan,
            "psn": psn,
            "icc_mk": upper(kd.derive_icc_mk_b(imk, pan, psn)),
            "icc_mk_option_a": upper(kd.derive_icc_mk_a(imk, pan, psn)),
        }
    card, atc = kd.derive_icc_mk_a(imk, pan, psn), dice.bytes(2)
    if kind == "sessions":
        return {
            "op": "session keys",
            "icc_mk": upper(card),
            "atc": upper(atc),
            "common_sk": upper(kd.derive_common_sk(card, atc + bytes(6))),
            "visa_sm_sk": upper(kd.derive_visa_sm_sk(card, atc)),
            "emv2000_tree_sk_h8_b4": upper(kd.derive_emv2000_tree_sk(card, atc, 8, 4)),
            "emv2000_tree_sk_h16_b2": upper(kd.derive_emv2000_tree_sk(card, atc, 16, 2)),
        }
    if kind == "cvc3":
        track, number = dice.bytes(dice.number(10, 19)), dice.bytes(4)
        code = dynamic.generate_cvc3(card, track, atc, number)
        return {
            "op": "CVC3 track2",
            "imk_cvc3": upper(imk),
            "pan": pan,
            "psn": psn,
            "track2": upper(track),
            "atc": upper(atc),
            "un": upper(number),
            "cvc3": code.zfill(5),
        }
    r, data, code = dice.bytes(8), dice.bytes(dice.number(0, 60)), dice.bytes(2)
    session = kd.derive_common_sk(card, r)
    arqc = ac.generate_ac(session, data)
    return {
        "op": "MK-A + CSK + AC + ARPC1(MK)",
        "imk": upper(imk),
        "pan": pan,
        "psn": psn,
        "icc_mk": upper(card),
        "icc_mk_kcv": upper(des.generate_kcv(card)),
        "r": upper(r),
        "session_key": upper(session),
        "sk_kcv": upper(des.generate_kcv(session)),
        "data": upper(data),
        "arqc": upper(arqc),
        "arpc_rc": upper(code),
        "arpc": upper(ac.generate_arpc_1(card, arqc, code)),
    }


def dukpt_tdes(dice):
    bdk, name = dice.des(16), dice.bytes(10)
    counter = 0
    while not 1 <= counter.bit_count() <= 10:
        counter = dice.number(1, dice.choice((0xFF, 0xFFFF, 0x1FFFFF)))
    ksn = dukpt.ksn_with_counter(name, counter)
    initial = dukpt.derive_ipek(bdk, ksn)
    key = dukpt.derive_key(initial, ksn)
    digits, pan, data = dice.digits(4, 12), dice.digits(13, 19), dice.digits(1, 60)
    entry = {
        "bdk": upper(bdk),
        "ipek": upper(initial),
        "ksn": upper(ksn),
        "transaction_key": upper(key),
        "pin_key": upper(dukpt.pin_key(key)),
        "pin": digits,
        "pan": pan,
        "pin_block_iso0": upper(pinblock.encode_pinblock_iso_0(digits, pan)),
        "encrypted_pin_block": upper(pydukpt.pinblock.encrypt_pin(key, digits, pan)),
        "mac_data_ascii": data,
    }
    for side, mac_key, data_key in (
        ("request", dukpt.mac_request_key(key), dukpt.data_request_key(key)),
        ("response", dukpt.mac_response_key(key), dukpt.data_response_key(key)),
    ):
        filled = mac.pad_iso_1(data.encode())
        cipher = CMAC(algorithms.TripleDES(mac_key))
        cipher.update(data.encode())
        entry |= {
            f"mac_key_{side}": upper(mac_key),
            f"data_key_{side}": upper(data_key),
            f"mac_{side}": upper(mac.generate_retail_mac(mac_key[:8], mac_key[8:], data.encode(), 1))[:8],
            f"cmac_{side}": upper(cipher.finalize()),
            f"encrypted_{side}": upper(des.encrypt_tdes_cbc(data_key, bytes(8), filled)),
        }
    return entry


def sm_ciphers(dice):
    key, iv, mode = dice.bytes(16), dice.bytes(16), dice.choice(("ECB", "CBC", "CTR", "OFB", "CFB128"))
    plain = dice.bytes(16 * dice.number(1, 8))
    entry = {"mode": mode, "key": upper(key), "iv": upper(iv), "plaintext": upper(plain)}
    peer = sm4.CryptSM4(padding_mode=NO_PADDING)
    peer.set_key(key, sm4.SM4_ENCRYPT)
    if mode == "ECB":
        out = bytes(peer.crypt_ecb(plain))
    elif mode == "CBC":
        # gmssl always fills a chained text, so its fill belongs to the plain text here.
        out = bytes(peer.crypt_cbc(iv, plain))
        entry["plaintext"] = upper(plain + bytes([16] * 16))
    else:
        named = {"CTR": modes.CTR, "OFB": modes.OFB, "CFB128": modes.CFB}[mode](iv)
        out = Cipher(algorithms.SM4(key), named).encryptor().update(plain)
    return entry | {"ciphertext": upper(out)}


def sm_digests(dice):
    message = dice.bytes(dice.number(0, 200))
    return {"message": upper(message), "digest": sm3.sm3_hash(func.bytes_to_list(message)).upper()}


def sm_signatures(dice):
    curve = sm2.default_ecc_table
    while True:
        number = dice.number(1, int(curve["n"], 16) - 2)
        private = f"{number:064x}"
        public = sm2.CryptSM2(private, "")._kg(number, curve["g"])
        # gmssl takes a leading "04" of the coordinates for the mark of a point.
        if not public.startswith("04"):
            break
    signer, message = sm2.CryptSM2(private, public), dice.bytes(dice.number(0, 100))
    signature = signer.sign_with_sm3(message, f"{dice.number(1, int(curve['n'], 16) - 1):064x}")
    valid = not dice.chance(4)
    if not valid:
        at = dice.number(0, 127)
        signature = signature[:at] + f"{int(signature[at], 16) ^ 1:x}" + signature[at + 1 :]
        assert not signer.verify_with_sm3(signature, message)
    return {
        "private_key": private.upper(),
        "public_key": public.upper(),
        "user_id": "1234567812345678",
        "message": upper(message),
        "signature_r_s": signature.upper(),
        "valid": valid,
    }


def elements(dice, depth=0):
    """A random tree of elements, no tag twice on one level, which pyemv keeps in a table."""
    primitive = "50 57 5A 82 84 88 8A 91 95 9A 9C 5F20 5F24 5F2A 5F34 9F02 9F10 9F26 9F27 9F33 9F36 9F37 DF8101".split()
    tree = {}
    for _ in range(dice.number(1, 6)):
        if depth < 3 and dice.chance(5):
            tree[dice.choice(("61", "6F", "70", "71", "77", "A5", "E1", "BF0C"))] = elements(dice, depth + 1)
        else:
            tree[dice.choice(primitive)] = dice.bytes(dice.choice((0, 1, 4, 20, 127, 128, 255, 256, 300)))
    return tree


def as_pairs(tree):
    return [[tag, as_pairs(value) if isinstance(value, dict) else upper(value)] for tag, value in tree.items()]


def elements_of_tlv(dice):
    tree = elements(dice)
    encoded = tlv.encode(tree)
    if dice.chance(3):
        cut = encoded[: dice.number(1, len(encoded) - 1)] if len(encoded) > 1 else encoded
        try:
            tree, encoded = tlv.decode(cut), cut
        except tlv.DecodeError:
            return {"hex": upper(cut), "expect": "error"}
    return {"hex": upper(bytes(encoded)), "tree": as_pairs(tree)}


def files(dice, cases):
    def many(*makers):
        return [maker(dice) for maker in makers for _ in range(cases)]

    few = max(1, cases // 20)  # gmssl signs slowly
    yield "pin_block", {"vectors": many(pin_blocks, bad_pin_blocks, pan_fields)}
    yield "pvv", {"vectors": many(pin_values)}
    yield "cvv", {"vectors": many(card_values)}
    yield "mac", {"vectors": many(codes)}
    yield "tr31", {"vectors": many(key_blocks)}
    yield "arqc", {"scheme_vectors": many(cryptograms), "script_vectors": many(scripts), "primitive_vectors": many(chip_keys)}
    yield "dukpt_tdes", {"vectors": many(dukpt_tdes)}
    yield "sm4", {"sm4": many(sm_ciphers), "sm3": many(sm_digests), "sm2": [sm_signatures(dice) for _ in range(few)]}
    yield "emv_tlv", {"tlv": many(elements_of_tlv)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program", help="the built example `known_answers`")
    arguments.add_argument("--cases", type=int, default=200, help="of each kind")
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments.add_argument("--keep", help="write the cases here and leave them")
    chosen = arguments.parse_args()
    print(f"seed {chosen.seed}: repeat with --seed {chosen.seed} --cases {chosen.cases}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(chosen.keep or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, content in files(Dice(chosen.seed), chosen.cases):
            path = folder / f"{name}.json"
            path.write_text(json.dumps(content, indent=1))
            written.append(str(path))
        return subprocess.run([chosen.program, *written], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
