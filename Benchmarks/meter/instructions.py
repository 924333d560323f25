"""Instructions of the relay outside the kernel, as valgrind counts them: the same whatever else the machine does.

Valgrind offers a program an older processor, so ciphers cost more here than they do; compare with the floor, and with
the same count before a change. Not part of a run unless it is named.
"""

import shutil
import subprocess

from harness import settings
from harness.servers import Relay

from . import throughput
from .allocations import PACKET
from .laboratory import FLOOR_CIPHERS
from .results import show

_SHORT, _LONG = 1, 4
AES = "aes256-gcm"


def key(who, what):
    return f"instructions, {who}, {what}"


def run(laboratory, results, options):
    counted = Counted(laboratory)
    rows = []
    for cipher in options.ciphers:
        for direction, verb in throughput.DIRECTIONS.items():
            what = f"packet of 32 KiB {direction}, {cipher}"
            laboratory.say(f"instructions, {what}")
            relay = counted.slope(counted.relay, lambda port, verb=verb: _packets(laboratory, verb, port), cipher)
            floor = counted.slope(counted.floor, lambda port, verb=verb: _packets(laboratory, verb, port), cipher)
            rows.append(_row(results, what, relay, floor))
    laboratory.say("instructions, round trips, opens and logins")
    echoes = counted.slope(counted.relay, lambda port: lambda time: laboratory.drive("echo", time, [port])[0], AES)
    rows.append(_row(results, f"round trip of 64 bytes, {AES}", echoes))
    opens = counted.slope(counted.relay, lambda port: lambda time: laboratory.drive("opens", time, [port])[0], None)
    rows.append(_row(results, "channel open", opens))
    logins = counted.slope(counted.relay_alone, lambda server: lambda time: laboratory.logins(server, time)[0], None)
    rows.append(_row(results, "login", logins))
    columns = ["for each", "relay", "floor", "ratio"]
    results.table("Instructions outside the kernel, thousands (callgrind; ssh at the other end)", columns, rows)


def _packets(laboratory, verb, port):
    return lambda time: laboratory.drive(verb, time, [port])[0] / PACKET


def _row(results, what, relay, floor=None):
    results.add(key("relay", what), "relay", relay)
    if floor is not None:
        results.add(key("floor", what), "floor", floor)
    ratio = show(relay / floor, 2) if floor else "-"
    return [what, show(relay / 1000, 1), show(floor and floor / 1000, 1), ratio]


class _CountedRelay(Relay):
    def command(self):
        return self.lab.under_valgrind


class Counted:
    """Starts programs under callgrind, and has them work once for a short and once for a longer time."""

    def __init__(self, laboratory):
        self.laboratory = laboratory
        # Valgrind cannot read what Swift writes for debuggers; the names of functions stay.
        self.program = laboratory.directory / "relay"
        subprocess.run(["strip", "--strip-debug", "-o", self.program, settings.RELAY], check=True)
        self.runs = 0

    def relay(self, cipher):
        """The relay, and the port of a tunnel through it."""
        server = self.relay_alone(cipher)[0]
        client, port = self.laboratory.local_port("ssh", server, cipher)
        return server, port, [server, client]

    def relay_alone(self, _):
        self.laboratory.under_valgrind = [*self._callgrind("relay"), self.program]
        server = _CountedRelay(self.laboratory, config=list(self.laboratory.server_lines))
        return server, server, [server]

    def floor(self, cipher):
        command = [*self._callgrind("floor"), self.laboratory.options.programs / "floor"]
        program = self.laboratory.programs.start(
            [*command, FLOOR_CIPHERS[cipher], self.laboratory.traffic.port], "floor", pipes=True
        )
        return program, int(program.process.stdout.readline()), [program]

    def slope(self, start, work, cipher):
        """Instructions for each unit of work: what the longer run takes more, for what it does more."""
        (short, little), (long, much) = (self._run(start, work, cipher, time) for time in (_SHORT, _LONG))
        return (long - short) / (much - little)

    def _run(self, start, work, cipher, time):
        _, handle, programs = start(cipher)
        done = work(handle)(time)
        for program in reversed(programs):
            program.stop()
        if self.laboratory.options.profiles:
            self.laboratory.options.profiles.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.output, self.laboratory.options.profiles / self.output.name)
        for line in self.output.read_text().splitlines():
            if line.startswith("totals:"):
                return int(line.split()[1]), done
        raise RuntimeError(f"callgrind wrote no totals into {self.output}")

    def _callgrind(self, name):
        self.runs += 1
        self.output = self.laboratory.directory / f"callgrind.{self.runs:02}-{name}"
        return [settings.program("valgrind"), "-q", "--tool=callgrind", f"--callgrind-out-file={self.output}"]
