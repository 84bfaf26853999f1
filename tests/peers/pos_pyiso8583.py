#!/usr/bin/env python3
"""A UnionPay terminal built of pyiso8583 and psec talks to a running host over TCP.

    tests/peers/pos_pyiso8583.py --host 127.0.0.1 --port N --keys keys.json [--wide]

keys.json: {"merchant", "terminal", "tmk", "cards": [{"pan", "expiry", "pin", "track2"}]}, keys in hexadecimal, expiry
YYMM. The terminal has to be one that nobody else uses meanwhile, and the card one that may pay 300.00. Messages are
packed and checked by pyiso8583, PIN blocks and keys by psec, MACs by the few lines below: nothing of the product.

Ends with 1 at the first thing that is not as it has to be, and says what was expected and what was seen. Ends with 0
and `skipped: ...` where a package is missing.
"""
import argparse
import json
import socket
import struct
import sys
import warnings

# psec says at each call that triple DES is old, which the terminals of this world know.
warnings.filterwarnings("ignore", module="psec")

try:
    import iso8583
    from psec import des, pinblock, tools
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed (see requirements.txt)")
    sys.exit(0)

APPROVALS = {"00", "10", "11", "16", "A2", "A4", "A5", "A6"}
TPDU = "6000030000"
HEADER = "603100000000"


class Disagreement(Exception):
    """The host did something else than it has to."""


def expect(what, seen, expected):
    if seen != expected:
        raise Disagreement(f"{what}: expected {expected!r}, saw {seen!r}")
    print(f"ok: {what}")


def specification(wide):
    """The layout of Q/CUP 009.1 for pyiso8583: a length takes half a byte for each of its digits, or, `wide`, a byte."""
    ll, lll = (2, 3) if wide else (1, 2)
    spec = {
        "h": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 11, "desc": "TPDU and header"},
        "t": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 2, "desc": "message type"},
        "p": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 8, "desc": "bitmap"},
    }

    def digits(number, length, kind=0):
        spec[number] = {
            "data_enc": "b", "len_enc": "bcd", "len_type": kind, "max_len": length,
            "len_count": "nibbles", "right_pad": "0", "desc": f"digits {number}",
        }

    def text(number, length, kind=0):
        spec[number] = {
            "data_enc": "gbk", "len_enc": "bcd", "len_type": kind, "max_len": length, "desc": f"text {number}",
        }

    def octets(number, length, kind=0):
        spec[number] = {
            "data_enc": "b", "len_enc": "bcd", "len_type": kind, "max_len": length, "desc": f"bytes {number}",
        }

    fixed = {
        "3": 6, "4": 12, "5": 12, "6": 12, "7": 10, "9": 8, "10": 8, "11": 6, "12": 6, "13": 4, "14": 4, "15": 4,
        "16": 4, "18": 4, "22": 4, "23": 4, "25": 2, "26": 2, "53": 16,
    }
    for number, length in fixed.items():
        digits(number, length)
    digits("2", 19, ll)
    digits("32", 11, ll)
    digits("33", 11, ll)
    digits("35", 37, ll)
    digits("36", 104, lll)
    digits("48", 322, lll)
    digits("60", 30, lll)
    digits("61", 29, lll)
    for number, length in {"37": 12, "38": 6, "39": 2, "41": 8, "42": 15, "43": 40, "49": 3, "50": 3, "51": 3}.items():
        text(number, length)
    text("44", 25, ll)
    for number, length in {"46": 999, "47": 999, "54": 120, "56": 999, "57": 999, "58": 100, "59": 999, "63": 163}.items():
        text(number, length, lll)
    octets("52", 8)
    octets("55", 999, lll)
    octets("62", 999, lll)
    octets("64", 8)
    return {**{str(number): {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 8, "desc": "reserved"}
               for number in range(1, 129)}, **spec}


def single_or_triple(key):
    """psec takes keys of 16 and 24 bytes; a single key is three times itself."""
    return key * 3 if len(key) == 8 else key


def encrypt(key, block):
    return des.encrypt_tdes_ecb(single_or_triple(key), block)


def ecb_mac(key, data):
    """Field 64 of UnionPay terminals."""
    data += bytes(-len(data) % 8)
    folded = bytes(8)
    for at in range(0, len(data), 8):
        folded = tools.xor(folded, data[at:at + 8])
    text = folded.hex().upper().encode()
    first = encrypt(key, text[:8])
    second = encrypt(key, tools.xor(first, text[8:]))
    return second.hex().upper().encode()[:8]


class Terminal:
    def __init__(self, link, keys, spec):
        self.link, self.spec = link, spec
        self.merchant, self.terminal = keys["merchant"], keys["terminal"]
        self.tmk = bytes.fromhex(keys["tmk"])
        self.pik = self.mak = None
        self.batch, self.stan = 1, 0

    def next_stan(self):
        self.stan += 1
        return f"{self.stan:06}"

    def pack(self, mti, fields, mac):
        message = {"h": TPDU + HEADER, "t": mti, "41": self.terminal, "42": self.merchant, **fields}
        if mac:
            message["64"] = "00" * 8
        raw, _ = iso8583.encode(message, spec=self.spec)
        raw = bytes(raw)
        if mac:
            raw = raw[:-8] + ecb_mac(self.mak, raw[11:-8])
        return raw

    def exchange(self, raw):
        self.link.sendall(struct.pack(">H", len(raw)) + raw)
        return self.read(struct.unpack(">H", self.read(2))[0])

    def read(self, count):
        taken = b""
        while len(taken) < count:
            more = self.link.recv(count - len(taken))
            if not more:
                raise Disagreement(f"the host closed the connection {count - len(taken)} bytes before the end of a frame")
            taken += more
        return taken

    def unpack(self, what, request, raw, mac):
        """Everything an answer has to hold, whatever it says."""
        try:
            reply, _ = iso8583.decode(raw, spec=self.spec)
        except iso8583.DecodeError as why:
            raise Disagreement(f"{what}: the answer cannot be read: {why}") from None
        asked, _ = iso8583.decode(request, spec=self.spec)
        swapped = "60" + TPDU[6:] + TPDU[2:6]
        expect(f"{what}: transport address swapped", reply["h"][:10], swapped)
        expect(f"{what}: message type", reply["t"], f"{int(asked['t']) + 10:04}")
        for number in ("11", "41", "42"):
            expect(f"{what}: field {number} is the request's", reply.get(number), asked[number])
        if mac:
            expect(f"{what}: MAC", reply.get("64"), ecb_mac(self.mak, raw[11:-8]).hex().upper())
        return reply

    def ask(self, what, mti, fields, mac=True, check_mac=None):
        request = self.pack(mti, fields, mac)
        raw = self.exchange(request)
        return request, raw, self.unpack(what, request, raw, mac if check_mac is None else check_mac)

    def field_60(self, kind, network="000", tail="500"):
        return f"{kind}{self.batch:06}{network}{tail}"

    def sign_in(self):
        fields = {"11": self.next_stan(), "60": self.field_60("00", "003", ""), "63": "01 "}
        _, _, reply = self.ask("sign-in", "0800", fields, mac=False)
        expect("sign-in: code", reply.get("39"), "00")
        sealed = bytes.fromhex(reply.get("62", ""))
        expect("sign-in: bytes of field 62", len(sealed), 40)
        self.pik = self.open_key("PIK", sealed[:16], sealed[16:20])
        self.mak = self.open_key("MAK", sealed[20:36], sealed[36:40])
        said = reply.get("60", "")
        if len(said) >= 8:
            self.batch = int(said[2:8])

    def open_key(self, name, sealed, check):
        if sealed[8:] == bytes(8):
            sealed = sealed[:8]
        key = des.decrypt_tdes_ecb(single_or_triple(self.tmk), sealed)
        expect(f"sign-in: check value of the {name}", check.hex(), encrypt(key, bytes(8))[:4].hex())
        return key

    def sale_fields(self, card, amount, stan):
        """Swiped where the stripe names no chip, else typed in; with PIN."""
        track = card.get("track2", "").replace("=", "D")
        service = track.partition("D")[2][4:7]
        swiped = len(service) == 3 and service[0] not in "26"
        block = pinblock.encode_pinblock_iso_0(card["pin"], card["pan"])
        fields = {
            "2": card["pan"], "3": "000000", "4": f"{amount:012}", "11": stan, "14": card["expiry"],
            "22": "0210" if swiped else "0110", "25": "00", "26": "06", "49": "156",
            "52": encrypt(self.pik, block).hex().upper(),
            "53": ("26" if len(self.pik) == 16 else "20") + "0" * 14,
            "60": self.field_60("22"),
        }
        if swiped:
            fields["35"] = track
        return fields

    def reversal_fields(self, sale, reason="98"):
        taken = {number: sale[number] for number in ("2", "3", "4", "11", "14", "22", "25", "49", "60")}
        return {**taken, "39": reason}

    def settle(self, debit, count):
        side = f"{debit:012}{count:03}{0:012}{0:03}0"
        fields = {
            "11": self.next_stan(), "48": side + "0" * 31, "49": "156",
            "60": self.field_60("00", "201", ""), "63": "01 ",
        }
        _, _, reply = self.ask("settlement", "0500", fields, mac=False)
        expect("settlement: code", reply.get("39"), "00")
        return reply.get("48", "")

    def end_batch(self, details, equal):
        fields = {
            "11": self.next_stan(), "48": f"{details:04}",
            "60": self.field_60("00", "207" if equal else "202", ""),
        }
        _, _, reply = self.ask("end of the upload", "0320", fields, mac=False)
        expect("end of the upload: code", reply.get("39"), "00")


def open_batch(terminal):
    """A batch that is surely empty: whatever an earlier run left is settled first."""
    terminal.sign_in()
    verdict = terminal.settle(0, 0)
    equal = verdict[30:31] == "1" and verdict[61:62] == "1"
    print(f"the batch found was {'empty' if equal else 'not empty'}; closed")
    terminal.end_batch(0, equal)
    terminal.sign_in()


def run(terminal, card):
    open_batch(terminal)

    fields = {"11": terminal.next_stan(), "60": terminal.field_60("00", "301", "")}
    _, _, reply = terminal.ask("echo", "0820", fields, mac=False)
    expect("echo: code", reply.get("39"), "00")

    sale = terminal.sale_fields(card, 12_345, terminal.next_stan())
    request, first, reply = terminal.ask("sale", "0200", sale)
    expect("sale: code", reply.get("39"), "00")
    expect("sale: amount", reply.get("4"), sale["4"])
    expect("sale: digits of the reference number", len(reply.get("37", "").strip()), 12)
    expect("sale: characters of the authorization code", len(reply.get("38", "").strip()), 6)
    expect("the same bytes again: the same bytes back", terminal.exchange(request).hex(), first.hex())

    other = {**sale, "4": f"{12_346:012}"}
    _, _, reply = terminal.ask("same number, other amount", "0200", other)
    expect("same number, other amount: code", reply.get("39"), "94")

    reversal = terminal.reversal_fields(sale)
    request, first, reply = terminal.ask("reversal", "0400", reversal)
    expect("reversal: code", reply.get("39"), "00")
    expect("the same reversal again: the same bytes back", terminal.exchange(request).hex(), first.hex())
    raw = terminal.exchange(terminal.pack("0400", terminal.reversal_fields(sale, "06"), True))
    again, _ = iso8583.decode(raw, spec=terminal.spec)
    expect("the reversal for another reason: code", again.get("39"), "00")

    late = terminal.sale_fields(card, 500, terminal.next_stan())
    _, _, reply = terminal.ask("reversal of the unknown", "0400", terminal.reversal_fields(late))
    expect("reversal of the unknown: code", reply.get("39"), "25")
    _, _, reply = terminal.ask("its original, late", "0200", late)
    expect("its original, late: approved", reply.get("39") in APPROVALS, False)

    stands = terminal.sale_fields(card, 2_500, terminal.next_stan())
    _, _, reply = terminal.ask("second sale", "0200", stands)
    expect("second sale: code", reply.get("39"), "00")

    wrong = terminal.pack("0200", terminal.sale_fields(card, 700, terminal.next_stan()), True)
    wrong = wrong[:-1] + bytes([wrong[-1] ^ 1])
    reply = terminal.unpack("wrong MAC", wrong, terminal.exchange(wrong), False)
    expect("wrong MAC: code", reply.get("39"), "A0")
    terminal.sign_in()

    verdict = terminal.settle(2_500, 1)
    expect("settlement: digits of field 48", len(verdict), 62)
    expect("settlement: both sides equal", (verdict[30:31], verdict[61:62]), ("1", "1"))
    terminal.end_batch(0, True)
    before = terminal.batch
    terminal.sign_in()
    expect("after settlement: another batch", terminal.batch != before, True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--keys", required=True, help="JSON file with merchant, terminal, tmk and cards")
    parser.add_argument("--card", type=int, default=0, help="which card of the file")
    parser.add_argument("--wide", action="store_true", help="lengths take a byte for each digit")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds")
    arguments = parser.parse_args()
    with open(arguments.keys, encoding="utf-8") as file:
        keys = json.load(file)
    try:
        with socket.create_connection((arguments.host, arguments.port), arguments.timeout) as link:
            run(Terminal(link, keys, specification(arguments.wide)), keys["cards"][arguments.card])
    except (Disagreement, OSError) as why:
        print(f"DISAGREES: {why}")
        return 1
    print("pyiso8583 and the host agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
