"""One tunnel over a long way: a proxy in user space holds every byte back."""

import copy

from . import throughput
from .laboratory import OURS, PAIRS, THEIRS, turns
from .results import RATIO, show

MILLISECONDS = (1, 20, 100, 200)
# There all four pairs are measured, elsewhere theirs and ours.
_FULL = 100


def run(laboratory, results, options):
    servers = {kind: laboratory.start_server(kind) for kind in ("sshd", "relay")}
    for milliseconds in MILLISECONDS:
        laboratory.say(f"distance, {milliseconds} ms")
        far = {kind: _far(laboratory, server, milliseconds) for kind, server in servers.items()}
        pairs = PAIRS if milliseconds == _FULL else (THEIRS, OURS)
        ports, clients = {}, []
        for pair in pairs:
            client, ports[pair] = laboratory.local_port(pair.split("-")[0], far[pair.split("-")[1]], "aes256-gcm")
            clients.append(client)
        for direction, verb in throughput.DIRECTIONS.items():
            for round_number in range(min(2, options.rounds)):
                for who in turns(pairs, round_number):
                    seconds = 2 if options.quick else 4
                    count, nanoseconds = laboratory.drive(verb, seconds, [ports[who]])
                    results.add(key(milliseconds, direction), who, count / nanoseconds * 1000)
        for client in clients:
            client.stop()
    whats = [key(milliseconds, direction) for milliseconds in MILLISECONDS for direction in throughput.DIRECTIONS]
    rows = []
    for what in whats:
        row = [what.removeprefix("distance, "), show(results.median(what, THEIRS))]
        for pair in PAIRS[1:]:
            row += [show(results.median(what, pair)), results.ratio(what, pair, THEIRS) or "-"]
        rows.append(row)
    columns = ["round trip", THEIRS, *(word for pair in PAIRS[1:] for word in (pair, RATIO))]
    results.table("One -L tunnel over a distance (aes256-gcm)", columns, rows)


def key(milliseconds, direction):
    return f"distance, {milliseconds} ms, {direction}, MB/s"


def _far(laboratory, server, milliseconds):
    """The server as it is seen from far away: the same with another port."""
    far = copy.copy(server)
    _, far.port = laboratory.helper("distance", milliseconds, server.port)
    return far
