"""How many blocks of memory a program asks for: per packet of a steady tunnel, and per keepalive of an idle one."""

import contextlib
import os
import struct
import time

from . import throughput
from .holder import Holder
from .results import show

PACKET = 32 * 1024
_SIZES = struct.Struct("64Q")
_IDLE = 100
_SECONDS = 4


class Counter:
    """Programs that are started inside `with` are counted, by the size of what they ask for."""

    def __init__(self, laboratory, name):
        self.path = laboratory.directory / f"{name}.allocations"
        self.library = laboratory.options.programs / "allocations.so"

    @contextlib.contextmanager
    def counting(self):
        os.environ.update(LD_PRELOAD=str(self.library), ALLOCATIONS=str(self.path))
        try:
            yield
        finally:
            del os.environ["LD_PRELOAD"], os.environ["ALLOCATIONS"]

    def read(self):
        return _SIZES.unpack(self.path.read_bytes())


def key(program, what):
    return f"allocations, {program}, {what}, blocks"


def run(laboratory, results, options):
    laboratory.say("allocations")
    rows = []
    for program, client in (("relay", "ssh"), ("swssh", "swssh")):
        counter = Counter(laboratory, program)
        with counter.counting() if program == "relay" else contextlib.nullcontext():
            server = laboratory.start_server("relay" if program == "relay" else "sshd")
        with counter.counting() if program == "swssh" else contextlib.nullcontext():
            _, port = laboratory.local_port(client, server, "aes256-gcm")
        for direction, verb in throughput.DIRECTIONS.items():
            # Buffers grow to their size first.
            laboratory.drive(verb, options.seconds, [port])
            before = counter.read()
            count, _ = laboratory.drive(verb, options.seconds, [port])
            after = counter.read()
            rows.append(_row(results, program, f"packet {direction}", before, after, count / PACKET))
    rows.append(_keepalives(laboratory, results))
    columns = ["program", "blocks for each", "all", "of them, by size"]
    results.table("Blocks of memory asked for (aes256-gcm, stock program at the other end)", columns, rows)


def _keepalives(laboratory, results):
    """What idle connections ask for with keepalives, less what they ask for without."""
    deltas = []
    for interval in (0, 1):
        counter = Counter(laboratory, f"idle-{interval}")
        with counter.counting():
            server = laboratory.start_server("relay", f"ClientAliveInterval {interval}")
        holder = Holder(laboratory, server, _IDLE)
        holder.connect()
        # Who logs in within the second in which the file of keys was written is judged once more, in two seconds.
        time.sleep(4)
        before = counter.read()
        time.sleep(_SECONDS)
        deltas.append([after - earlier for after, earlier in zip(counter.read(), before)])
        holder.stop()
    return _row(results, "relay", "idle keepalive", *deltas, _IDLE * _SECONDS)


def _row(results, program, what, before, after, count):
    each = [(late - early) / count for early, late in zip(before, after)]
    results.add(key(program, what), program, sum(each))
    sizes = ", ".join(f"{number:.2f} of up to {_shown(bits)}" for bits, number in enumerate(each) if number >= 0.01)
    return [program, what, show(sum(each), 2), sizes]


def _shown(bits):
    return f"{1 << bits} B" if bits < 10 else f"{1 << bits - 10} KiB"
