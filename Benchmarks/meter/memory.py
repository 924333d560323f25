"""What an idle connection with one remote forward costs: memory, and CPU time for its keepalives."""

import time
from pathlib import Path

from harness.network import wait_until

from .accounting import process_count, processor_seconds, proportional_bytes, wait_for_children_to_end
from .holder import Holder
from .results import show

MOST = 9000
_SOME = 1000
_SSHD_BYTES = 4 << 20
_MOST_NAME = "relay, most"


def run(laboratory, results, options):
    most, some = (1000, 200) if options.quick else (MOST, _SOME)
    counts = {"sshd": min(some, _available_bytes() // _SSHD_BYTES), "relay": some, _MOST_NAME: most}
    standing = {}
    for who, count in counts.items():
        laboratory.say(f"memory, {who}: {count} connections")
        server = laboratory.start_server(who.split(",")[0])
        # What the first logins allocate for good is no connection's.
        laboratory.logins(server, 1)
        wait_until(lambda: server.kind == "relay" or process_count([server.program]) == 1, 20, "the end of the logins")
        before = proportional_bytes([server.program])
        holder = Holder(laboratory, server, count)
        standing[who] = (server, holder, before)
    _measure(laboratory, results, options, standing)
    rows = [[who, *_cells(results, who, standing[who][1].count)] for who in counts]
    columns = ["server", "connections", "KiB each (PSS)", "processes", "alive after", "CPU s per connection and hour"]
    results.table("Idle connections, each with one remote forward; keepalives every 15 s", columns, rows)


def _measure(laboratory, results, options, standing):
    window = 16 if options.quick else 31
    laboratory.say(f"memory, {window} s of idleness")
    used = {who: processor_seconds([server.program]) for who, (server, _, _) in standing.items()}
    began = time.monotonic()
    time.sleep(window)
    for who, (server, _, _) in standing.items():
        hours = (time.monotonic() - began) / 3600
        used[who] = (processor_seconds([server.program]) - used[who]) / hours
    for who, (server, holder, before) in standing.items():
        after = proportional_bytes([server.program])
        results.add("memory, KiB per idle connection", who, (after - before) / 1024 / holder.count)
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
