"""Channel opens a second, and what one costs: a connection to a -L port, one byte from the other end, and its close."""

from .laboratory import PAIRS, THEIRS, Meter, turns
from .results import RATIO, show

_STREAMS = 4


def run(laboratory, results, options):
    servers = {kind: laboratory.start_server(kind) for kind in ("sshd", "relay")}
    paths = {}
    for pair in PAIRS:
        kind, server = pair.split("-")[0], servers[pair.split("-")[1]]
        client, port = laboratory.local_port(kind, server)
        paths[pair] = (client, server, port)
    laboratory.say("opens")
    for round_number in range(options.rounds):
        for who in turns(paths, round_number):
            client, server, port = paths[who]
            meter = Meter(server=[server.program], client=[client.program])
            count, nanoseconds = laboratory.drive("opens", max(1.0, options.seconds), [port] * _STREAMS)
            used = meter.read()
            results.add("opens, per second", who, count / nanoseconds * 1e9)
            results.add("opens, server CPU us each", who, used["server"] / count * 1e6)
            results.add("opens, client CPU us each", who, used["client"] / count * 1e6)
    rows = []
    for what in ("opens, per second", "opens, server CPU us each", "opens, client CPU us each"):
        row = [what, show(results.median(what, THEIRS))]
        for pair in PAIRS[1:]:
            row += [show(results.median(what, pair)), results.ratio(what, pair, THEIRS) or "-"]
        rows.append(row)
    results.table("Channel opens", ["what", THEIRS, *(word for pair in PAIRS[1:] for word in (pair, RATIO))], rows)
