#!/usr/bin/env python3
"""iso8583sim, run as a program of its own, talks ISO 8583:1987 to a running host over TCP.

    tests/peers/host_iso8583sim.py --host 127.0.0.1 --port N --keys keys.json [--format ascii-binary]

--port is the host's ISO 8583:1987 link (two-byte length in front, no TPDU). keys.json as for pos_pyiso8583.py; used are
merchant, terminal and the first card, which may pay 300.00. The program is found beside this Python, on the path, or by
--program; it is licensed under the AGPL and only its command line is used.

Mind that its `bcd` packs field 39 as two digits in one byte, where the standard has two characters: a host that keeps to
the standard is asked in `ascii-binary`.

Ends with 1 at the first thing that is not as it has to be, and says what was expected and what was seen. Ends with 0
and `skipped: ...` where the program is missing.
"""
import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

APPROVALS = {"00", "10", "11", "16"}
ROW = re.compile(r"^[│|]\s*(\d+)\s*[│|][^│|]*[│|]\s*([^│|]*?)\s*[│|]\s*\d+\s*[│|]\s*$", re.MULTILINE)
ACQUIRER = "48020000"


class Disagreement(Exception):
    """The host did something else than it has to."""


def expect(what, seen, expected):
    if seen != expected:
        raise Disagreement(f"{what}: expected {expected!r}, saw {seen!r}")
    print(f"ok: {what}")


class Program:
    """The command line of iso8583sim."""

    def __init__(self, path, arguments):
        self.path, self.arguments = path, arguments
        self.environment = {**os.environ, "COLUMNS": "2000", "NO_COLOR": "1", "TERM": "dumb"}

    def run(self, *arguments):
        done = subprocess.run(
            [self.path, *arguments], capture_output=True, text=True, encoding="utf-8",
            env=self.environment, timeout=120, check=False,
        )
        if done.returncode != 0:
            raise Disagreement(f"iso8583sim {arguments[0]} ended with {done.returncode}: {(done.stdout + done.stderr).strip()}")
        return done.stdout

    def build(self, mti, fields):
        with tempfile.TemporaryDirectory() as folder:
            asked, built = Path(folder, "fields.json"), Path(folder, "message.txt")
            asked.write_text(json.dumps(fields), encoding="utf-8")
            self.run("build", "-m", mti, "-f", str(asked), "-o", str(built))
            return built.read_text(encoding="utf-8").strip()

    def send(self, message):
        """The fields of the answer, by number; 0 is the message type."""
        said = self.run(
            "send", message, "--host", self.arguments.host, "--port", str(self.arguments.port),
            "--format", self.arguments.format, "--header", "2b", "--timeout", str(self.arguments.timeout),
        )
        fields = dict(ROW.findall(said))
        if "0" not in fields:
            raise Disagreement(f"no answer in what iso8583sim printed: {said.strip()}")
        return fields


class Acquirer:
    """Numbers and times of another host."""

    def __init__(self, keys):
        self.keys, self.card = keys, keys["cards"][0]
        now = datetime.datetime.now()
        self.date, self.time = now.strftime("%m%d"), now.strftime("%H%M%S")
        # Another run of the day begins elsewhere, so that its numbers are new to the host.
        self.stan = (now.hour * 3600 + now.minute * 60 + now.second) * 10

    def next_stan(self):
        self.stan += 1
        return f"{self.stan:06}"

    def sale(self, amount, stan):
        return {
            "2": self.card["pan"], "3": "000000", "4": f"{amount:012}", "7": self.date + self.time, "11": stan,
            "12": self.time, "13": self.date, "14": self.card["expiry"], "18": "5411", "22": "012", "25": "00",
            "32": ACQUIRER, "37": f"{self.date}{self.time[:2]}{stan}", "41": self.keys["terminal"],
            "42": self.keys["merchant"], "49": "156",
        }

    def reversal(self, sale, stan):
        named = f"0200{sale['11']}{sale['7']}{ACQUIRER:0>11}{0:011}"
        kept = {number: text for number, text in sale.items() if number not in ("11", "37")}
        return {**kept, "11": stan, "37": sale["37"], "39": "68", "90": named}


def same(what, first, second, numbers):
    for number in numbers:
        expect(f"{what}: field {number}", second.get(number), first.get(number))


def run(program, acquirer):
    stamp = acquirer.date + acquirer.time
    reply = program.send(program.build("0800", {"7": stamp, "11": acquirer.next_stan(), "70": "301"}))
    expect("echo: message type", reply["0"], "0810")
    expect("echo: code", reply.get("39"), "00")

    sale = acquirer.sale(12_345, acquirer.next_stan())
    message = program.build("0200", sale)
    first = program.send(message)
    expect("sale: message type", first["0"], "0210")
    expect("sale: code", first.get("39"), "00")
    same("sale: as asked", sale, first, ("3", "4", "11", "41", "42"))
    expect("sale: characters of the authorization code", len(first.get("38", "")), 6)
    expect("the same message again: the same answer", program.send(message), first)
    repeat = program.send(program.build("0201", sale))
    expect("repeat (0201): message type", repeat["0"] in ("0210", "0211"), True)
    same("repeat (0201)", first, repeat, ("37", "38", "39", "4"))

    reversal = acquirer.reversal(sale, acquirer.next_stan())
    message = program.build("0420", reversal)
    taken = program.send(message)
    expect("reversal: message type", taken["0"], "0430")
    expect("reversal: code", taken.get("39"), "00")
    expect("the same reversal again: the same answer", program.send(message), taken)
    again = program.send(program.build("0421", reversal))
    expect("repeat of the reversal (0421): code", again.get("39"), "00")

    late = acquirer.sale(500, acquirer.next_stan())
    unknown = program.send(program.build("0420", acquirer.reversal(late, acquirer.next_stan())))
    expect("reversal of the unknown: code", unknown.get("39"), "25")
    declined = program.send(program.build("0200", late))
    expect("its original, late: approved", declined.get("39") in APPROVALS, False)

    more = program.send(program.build("0200", acquirer.sale(2_500, acquirer.next_stan())))
    expect("second sale: code", more.get("39"), "00")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--keys", required=True, help="JSON file with merchant, terminal and cards")
    parser.add_argument("--format", default="ascii-binary", choices=["bcd", "ascii-binary", "ascii-hex", "ebcdic"])
    parser.add_argument("--program", help="where iso8583sim is")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds")
    arguments = parser.parse_args()
    beside = Path(sys.executable).with_name("iso8583sim")
    path = arguments.program or (str(beside) if beside.exists() else shutil.which("iso8583sim"))
    if not path:
        print("skipped: iso8583sim is not installed (see requirements.txt)")
        return 0
    with open(arguments.keys, encoding="utf-8") as file:
        keys = json.load(file)
    try:
        run(Program(path, arguments), Acquirer(keys))
    except (Disagreement, OSError, subprocess.TimeoutExpired) as why:
        print(f"DISAGREES: {why}")
        return 1
    print("iso8583sim and the host agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
