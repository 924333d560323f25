"""Logins a second, and what one costs the server."""

import time

from harness.network import wait_until

from .accounting import wait_for_children_to_end
from .laboratory import Meter, turns
from .results import RATIO, show

MLKEM = "relay, mlkem768x25519"
_KEX = {MLKEM: "mlkem768x25519-sha256"}
_STOCK_LOGINS = 8


def run(laboratory, results, options):
    servers = {kind: laboratory.start_server(kind) for kind in ("sshd", "relay")}
    servers[MLKEM] = servers["relay"]
    seconds = max(2.0, 2 * options.seconds)
    laboratory.say("logins")
    for round_number in range(options.rounds):
        for who in turns(servers, round_number):
            per_second, cost = measure(laboratory, servers[who], seconds, _KEX.get(who, "curve25519-sha256"))
            results.add("logins, per second", who, per_second)
            results.add("logins, CPU ms each", who, cost * 1000)
            results.add("logins, per CPU second", who, 1 / cost)
        for who in turns(["sshd", "relay"], round_number):
            milliseconds, cost = _stock(laboratory, servers[who])
            results.add("logins and one tunnel with ssh -W, ms each", who, milliseconds)
            results.add("logins and one tunnel with ssh -W, server CPU ms each", who, cost)
    whats = [what for what in results.samples if what.startswith("logins")]
    rows = [[what, *_cells(results, what)] for what in whats]
    results.table("Logins (curve25519-sha256)", ["what", "sshd", "relay", RATIO, MLKEM], rows)


def measure(laboratory, server, seconds, kex="curve25519-sha256"):
    """Logins a second, and CPU seconds of the server for each."""
    meter = Meter(server=[server.program])
    count, nanoseconds = laboratory.logins(server, seconds, kex)
    if server.kind == "sshd":
        wait_for_children_to_end(server.program, wait_until)
    return count / nanoseconds * 1e9, meter.read()["server"] / count


def _stock(laboratory, server):
    """One login after the other by ssh, which also starts and ends each time."""
    laboratory.client("ssh", server, stdio=laboratory.target).stop()
    meter = Meter(server=[server.program])
    began = time.monotonic()
    for _ in range(_STOCK_LOGINS):
        client = laboratory.client("ssh", server, stdio=laboratory.target)
        client.program.process.stdin.write(b"O")
        if client.program.process.stdout.read() != b"!":
            raise RuntimeError("ssh -W: no answer came:\n" + client.log())
        client.stop()
    took = time.monotonic() - began
    if server.kind == "sshd":
        wait_for_children_to_end(server.program, wait_until)
    return took * 1000 / _STOCK_LOGINS, meter.read()["server"] * 1000 / _STOCK_LOGINS


def _cells(results, what):
    digits = 2 if "CPU ms" in what else 0
    yield from (show(results.median(what, who), digits) for who in ("sshd", "relay"))
    yield results.ratio(what, "relay", "sshd") or "-"
    yield show(results.median(what, MLKEM), digits)
