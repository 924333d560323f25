"""What an idle connection with one remote forward costs: memory, and CPU time for its keepalives."""

import resource
import time
from pathlib import Path

from harness.network import wait_until

from .accounting import process_count, processor_seconds, proportional_bytes, wait_for_children_to_end
from .holder import Holder
from .results import show

_MOST = 9000
_SOME = 1000
# Descriptors of a program that are no connection's.
_OWN_DESCRIPTORS = 500
_SSHD_BYTES = 4 << 20
_MOST_NAME = "relay, most"


def run(laboratory, results, options):
    most, some = most_connections(options), 200 if options.quick else _SOME
    counts = {"sshd": min(some, _available_bytes() // _SSHD_BYTES), "relay": some, _MOST_NAME: most}
    standing = {who: _prepare(laboratory, who.split(",")[0], count) for who, count in counts.items()}
    # All programs run before any memory is read: whoever starts later takes a part of the pages that they share.
    before = {who: proportional_bytes([server.program]) for who, (server, _) in standing.items()}
    for who, (_, holder) in standing.items():
        laboratory.say(f"memory, {who}: {holder.count} connections")
        holder.connect()
    _measure(laboratory, results, options, standing, before)
    rows = [[who, *_cells(results, who, standing[who][1].count)] for who in counts]
    columns = ["server", "connections", "KiB each (PSS)", "processes", "alive after", "CPU s per connection and hour"]
    results.table("Idle connections, each with one remote forward; keepalives every 15 s", columns, rows)


def most_connections(options):
    """A connection and its listener take two descriptors of the server."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(1000 if options.quick else _MOST, (limit - _OWN_DESCRIPTORS) // 2)


def _prepare(laboratory, kind, count):
    server = laboratory.start_server(kind)
    # What the first login allocates for good is no connection's; many at once would leave memory for the next ones.
    laboratory.logins(server, 0.05, parallel=1)
    if kind == "sshd":
        wait_for_children_to_end(server.program, wait_until)
    return server, Holder(laboratory, server, count)


def _measure(laboratory, results, options, standing, before):
    window = 16 if options.quick else 31
    laboratory.say(f"memory, {window} s of idleness")
    used = {who: processor_seconds([server.program]) for who, (server, _) in standing.items()}
    began = time.monotonic()
    time.sleep(window)
    for who, (server, _) in standing.items():
        hours = (time.monotonic() - began) / 3600
        used[who] = (processor_seconds([server.program]) - used[who]) / hours
    for who, (server, holder) in standing.items():
        after = proportional_bytes([server.program])
        results.add("memory, KiB per idle connection", who, (after - before[who]) / 1024 / holder.count)
        results.add("memory, CPU s per idle connection and hour", who, used[who] / holder.count)
        results.add("memory, processes", who, process_count([server.program]))
        results.add("memory, alive after", who, holder.alive())
        holder.stop()
        if server.kind == "sshd":
            wait_for_children_to_end(server.program, wait_until)


def _cells(results, who, count):
    yield count
    yield show(results.median("memory, KiB per idle connection", who), 1)
    yield show(results.median("memory, processes", who))
    yield show(results.median("memory, alive after", who))
    yield show(results.median("memory, CPU s per idle connection and hour", who), 4)


def _available_bytes():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
