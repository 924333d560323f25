"""The round trip of 64 bytes through a -L tunnel: alone, beside bulk on the same connection, and on another."""

import time

from .laboratory import PAIRS, THEIRS, Meter, turns
from .results import RATIO, show

PERCENTILES = ("p50", "p99", "p99.9")
# Named by where the bulk goes and which way.
_SITUATIONS = {
    "idle": None,
    "beside bulk on the same connection": ("same", "pull"),
    "beside bulk up on the same connection": ("same", "push"),
    "beside bulk on another connection": ("other", "pull"),
}
_HEAD_START = 0.2
# Of each round trip: a bar that asks for less than what the kernel takes cannot be met.
_COSTS = ("server CPU", "server CPU in the kernel")


def run(laboratory, results, options):
    servers = {kind: laboratory.start_server(kind) for kind in ("sshd", "relay")}
    ports, server_of = {}, {}
    for pair in PAIRS:
        kind, server = pair.split("-")[0], servers[pair.split("-")[1]]
        server_of[pair] = server
        ports[pair] = {place: laboratory.local_port(kind, server, "aes256-gcm")[1] for place in ("same", "other")}
    for situation, bulk in _SITUATIONS.items():
        laboratory.say(f"latency, {situation}")
        # The least disturbance by anybody else shows here: many short rounds tell more than few long ones.
        for round_number in range(2 * options.rounds - 1):
            for who in turns(PAIRS, round_number):
                _measure(laboratory, results, ports[who], who, situation, bulk, server_of[who])
    rows = []
    for situation in _SITUATIONS:
        for number in PERCENTILES if _SITUATIONS[situation] else (*PERCENTILES, *_COSTS):
            what = f"latency, {situation}, {number} us"
            row = [what.removeprefix("latency, "), show(results.median(what, THEIRS))]
            for pair in PAIRS[1:]:
                row += [show(results.median(what, pair)), results.ratio(what, pair, THEIRS) or "-"]
            rows.append(row)
    columns = ["64 bytes there and back", THEIRS, *(word for pair in PAIRS[1:] for word in (pair, RATIO))]
    results.table("Latency, microseconds (aes256-gcm)", columns, rows)


def _measure(laboratory, results, ports, who, situation, bulk, server):
    seconds = max(1.0, laboratory.options.seconds)
    transfer = None
    if bulk:
        place, verb = bulk
        arguments = [laboratory.options.programs / "client", verb, 0, seconds + 3 * _HEAD_START, ports[place]]
        transfer = laboratory.programs.start(arguments, "bulk")
        time.sleep(_HEAD_START)
    meter = Meter(server=[server.program])
    count, *times = laboratory.drive("echo", seconds, [ports["same"]])
    if not bulk:
        for cost, used in zip(_COSTS, (meter.read(), meter.read_kernel())):
            results.add(f"latency, {situation}, {cost} us", who, used["server"] / count * 1e6)
    if transfer and transfer.wait(seconds + 60) != 0:
        raise RuntimeError("the bulk transfer failed: " + transfer.log())
    for percentile, nanoseconds in zip(PERCENTILES, times):
        results.add(f"latency, {situation}, {percentile} us", who, nanoseconds / 1000)
