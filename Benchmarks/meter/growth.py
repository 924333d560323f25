"""Whether thousands of idle connections make the others dearer: two relays in turns, one with many, one with none."""

import time

from . import logins, throughput
from .holder import Holder
from .laboratory import GIB, Meter, turns
from .memory import most_connections
from .results import RATIO, show

_NET = "less the idle connections' own"
_COSTS = ("CPU s/GiB", f"CPU s/GiB, {_NET}", "CPU ms per login", f"CPU ms per login, {_NET}")
_METRICS = (*_COSTS, "MB/s", "logins per second")
# Each connection has its keepalive once in that time.
_INTERVAL = 15


def run(laboratory, results, options):
    count = most_connections(options)
    laboratory.say(f"growth, {count} idle connections")
    relays = {who: laboratory.start_server("relay") for who in ("none", "many")}
    paths = {}
    for who, relay in relays.items():
        client, port = laboratory.local_port("ssh", relay, "aes256-gcm")
        paths[who] = throughput.Path([port], [relay.program], [client.program], [])
    holder = Holder(laboratory, relays["many"], count)
    holder.connect()
    idle = _idle_costs(relays)
    seconds = max(1.0, options.seconds)
    for round_number in range(options.rounds):
        for who in turns(relays, round_number):
            both = [throughput.measure(laboratory, paths[who], verb, seconds) for verb in ("pull", "push")]
            cost = sum(cost["server"] for _, cost in both) / 2
            # CPU seconds of idleness while a GiB passes.
            meanwhile = sum(idle[who] * GIB / 1e6 / rate for rate, _ in both) / 2
            results.add("growth, CPU s/GiB", who, cost)
            results.add(f"growth, CPU s/GiB, {_NET}", who, cost - meanwhile)
            results.add("growth, MB/s", who, sum(rate for rate, _ in both) / 2)
            per_second, cost = logins.measure(laboratory, relays[who], 2 * seconds)
            results.add("growth, CPU ms per login", who, cost * 1000)
            results.add(f"growth, CPU ms per login, {_NET}", who, (cost - idle[who] / per_second) * 1000)
            results.add("growth, logins per second", who, per_second)
    if (alive := holder.alive()) != count:
        raise RuntimeError(f"of {count} idle connections {alive} are alive")
    holder.stop()
    rows = []
    for metric in _METRICS:
        what = f"growth, {metric}"
        numbers = [show(results.median(what, who), 3 if "CPU" in metric else 0) for who in ("none", "many")]
        rows.append([metric, *numbers, results.ratio(what, "many", "none") or "-"])
    columns = ["relay with ssh, aes256-gcm", "no idle connection", f"{count} idle connections", RATIO]
    results.table("Growth; both directions' mean, with and without the idle connections' keepalives", columns, rows)


def _idle_costs(relays):
    """CPU seconds a second of each relay while nothing happens but keepalives."""
    meter = Meter(**{who: [relay.program] for who, relay in relays.items()})
    time.sleep(_INTERVAL)
    return {who: used / _INTERVAL for who, used in meter.read().items()}
