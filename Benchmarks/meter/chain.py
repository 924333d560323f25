"""The whole way: a device's -R, a laptop's -L that leads there, and one server between them."""

from harness.network import free_port

from . import throughput
from .laboratory import OURS, THEIRS
from .results import RATIO, show

_CASES = (("chain", throughput.ONE), ("chain", throughput.EIGHT_ON_ONE))
_SIDES = ("server", "client", "laptop")


def run(laboratory, results, options):
    servers = {kind: laboratory.start_server(kind) for kind in ("sshd", "relay")}
    for cipher in options.ciphers:
        laboratory.say(f"chain, {cipher}")
        cases, clients = {}, []
        for pair in (THEIRS, OURS):
            kind, server = pair.split("-")[0], servers[pair.split("-")[1]]
            remote, local = free_port(), free_port()
            device = laboratory.start_client(kind, server, cipher, remote=[f"{remote}:{laboratory.target}"])
            laptop = laboratory.start_client(kind, server, cipher, local=[f"{local}:127.0.0.1:{remote}"])
            clients += [device, laptop]
            sides = dict(server=[server.program], client=[device.program], laptop=[laptop.program])
            for case, streams in zip(_CASES, (1, throughput.EIGHT)):
                cases.setdefault(case, {})[pair] = throughput.Path([local] * streams, **sides)
        throughput.measure_cases(laboratory, results, cipher, cases)
        for client in clients:
            client.stop()
    _report(results, options)


def _report(results, options):
    rates, costs = [], []
    for cipher in options.ciphers:
        for route, streams in _CASES:
            for direction in throughput.DIRECTIONS:
                name = f"{cipher}, {streams}, {direction}"
                what = throughput.key(cipher, route, streams, direction, "MB/s")
                numbers = [show(results.median(what, who)) for who in (THEIRS, OURS)]
                rates.append([name, *numbers, results.ratio(what, OURS, THEIRS) or "-"])
                costs.append([name, *_cost_cells(results, cipher, route, streams, direction)])
    results.table("Throughput of the chain, MB/s", ["tunnels", "theirs", "ours", RATIO], rates)
    columns = ["tunnels", "sshd", "relay", RATIO, "ssh -R", "swssh -R", RATIO, "ssh -L", "swssh -L", RATIO]
    results.table("CPU seconds per GiB of the chain", columns, costs)


def _cost_cells(results, cipher, route, streams, direction):
    for side in _SIDES:
        what = throughput.key(cipher, route, streams, direction, f"{side} CPU s/GiB")
        yield from (show(results.median(what, who), 2) for who in (THEIRS, OURS))
        yield results.ratio(what, OURS, THEIRS) or "-"
