"""The bars that ours are held to, each against what this run measured. Nothing here decides an exit code."""

from dataclasses import dataclass

from . import allocations, throughput
from .laboratory import OURS, THEIRS
from .results import Ratio

SERVER, CLIENT = "ssh-relay", "swssh-sshd"
GCM, CHACHA = "aes256-gcm", "chacha20-poly1305"


@dataclass
class Bar:
    """A line of the table: at most or at least so much. What was not measured is neither met nor missed."""

    what: str
    limit: float
    is_most: bool
    measured: Ratio | float | None

    @property
    def value(self):
        return self.measured.value if isinstance(self.measured, Ratio) else self.measured

    @property
    def verdict(self):
        if self.value is None:
            return "not measured"
        return "met" if (self.value <= self.limit if self.is_most else self.value >= self.limit) else "missed"

    def row(self):
        measured = f"{self.measured:.3g}" if isinstance(self.measured, float) else self.measured
        measured = "-" if self.measured is None else measured
        return [self.what, f"at {'most' if self.is_most else 'least'} {self.limit:g}", measured, self.verdict]


def at_most(what, limit, measured):
    return Bar(what, limit, True, measured)


def at_least(what, limit, measured):
    return Bar(what, limit, False, measured)


def evaluate(results):
    groups = (_costs, _rates, _connections, _latencies, _growth, _blocks)
    return [bar for group in groups for bar in group(results)]


def _both(results, cipher, route, streams, metric, ours, theirs=THEIRS):
    whats = throughput.both_directions(cipher, route, streams, metric)
    return results.ratio_of_sums(whats, ours, whats, theirs)


def _costs(results):
    for cipher, limit in ((GCM, 0.65), (CHACHA, 0.5)):
        server = _both(results, cipher, "-L", "1", "server CPU s/GiB", SERVER)
        yield at_most(f"CPU s/GiB, relay / sshd, {cipher}", limit, server)
    for cipher, limit in ((GCM, 0.65), (CHACHA, 0.5)):
        client = _both(results, cipher, "-L", "1", "client CPU s/GiB", CLIENT)
        yield at_most(f"CPU s/GiB, swssh / ssh, {cipher}", limit, client)
    floor = _both(results, GCM, "-L", "1", "server CPU s/GiB", SERVER, throughput.FLOOR)
    yield at_most(f"CPU s/GiB, relay / floor, {GCM}", 1.3, floor)


def _rates(results):
    for cipher, limit in ((GCM, 1.6), (CHACHA, 2.2)):
        chain = _both(results, cipher, "chain", "1", "MB/s", OURS)
        yield at_least(f"throughput of the chain, ours / theirs, {cipher}", limit, chain)
    eight = _both(results, GCM, "-L", "8 on eight connections", "MB/s", OURS)
    yield at_least(f"eight tunnels on eight connections, ours / theirs, {GCM}", 1.6, eight)


def _connections(results):
    yield at_least("logins per CPU second, relay / sshd", 30, results.ratio("logins, per CPU second", "relay", "sshd"))
    yield at_most("CPU per channel open, relay / sshd", 0.5, results.ratio("opens, server CPU us each", SERVER, THEIRS))
    memory = "memory, KiB per idle connection"
    relay, sshd = results.median(memory, "relay"), results.median(memory, "sshd")
    yield at_most("memory per idle connection, relay / sshd", 0.01, relay / sshd if relay and sshd else None)
    yield at_most("KiB per idle connection, relay, the most there were", 15, results.median(memory, "relay, most"))


def _latencies(results):
    for percentile in ("p50", "p99"):
        yield at_most(
            f"{percentile} of the echo, relay / sshd",
            0.9,
            results.ratio(f"latency, idle, {percentile} us", SERVER, THEIRS),
        )
    beside = results.ratio("latency, beside bulk on the same connection, p99 us", OURS, THEIRS)
    yield at_most("p99 of the echo beside bulk on the same connection, ours / theirs", 0.5, beside)
    distance = [f"distance, 100 ms, {direction}, MB/s" for direction in throughput.DIRECTIONS]
    yield at_least("one tunnel at 100 ms, ours / theirs", 10, results.ratio_of_sums(distance, OURS, distance, THEIRS))


def _growth(results):
    for what in ("CPU s/GiB", "CPU ms per login"):
        grown = results.ratio(f"growth, {what}", "many", "none")
        yield at_most(f"growth, {what} beside idle connections / with none", 1.1, grown)


def _blocks(results):
    for program in ("relay", "swssh"):
        for direction in throughput.DIRECTIONS:
            what = f"packet {direction}"
            blocks = results.median(allocations.key(program, what), program)
            yield at_most(f"blocks for each {what}, {program}", 2, blocks)
    keepalive = results.median(allocations.key("relay", "idle keepalive"), "relay")
    # Timers and file watches ask for a block now and then.
    yield at_most("blocks for each idle keepalive, relay", 0.1, keepalive)
