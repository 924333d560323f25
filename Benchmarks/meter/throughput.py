"""How fast tunnels are, and what a GiB costs each process."""

from dataclasses import dataclass

from harness.network import free_port

from .laboratory import FLOOR_CIPHERS, GIB, OURS, PAIRS, THEIRS, Meter, turns
from .results import show

EIGHT = 8
DIRECTIONS = {"down": "pull", "up": "push"}
FLOOR = "floor"


@dataclass
class Path:
    """One way through a pair of programs: the ports to connect to, and whose CPU time is whose."""

    ports: list
    server: list
    client: list
    laptop: list
    socks: int = 0


def key(cipher, route, streams, direction, metric):
    return f"throughput, {cipher}, {route}, {streams}, {direction}, {metric}"


def both_directions(cipher, route, streams, metric):
    return [key(cipher, route, streams, direction, metric) for direction in DIRECTIONS]


def run(laboratory, results, options):
    servers = {kind: laboratory.start_server(kind) for kind in ("sshd", "relay")}
    for cipher in options.ciphers:
        laboratory.say(f"throughput, {cipher}")
        cases, clients = _cases(laboratory, servers, cipher, options)
        for (route, streams), paths in cases.items():
            for direction, verb in DIRECTIONS.items():
                for round_number in range(options.rounds):
                    for who in turns(paths, round_number):
                        _measure(laboratory, results, paths[who], who, cipher, route, streams, direction, verb)
        for client in clients:
            client.stop()
    _report(results, options)


def measure(laboratory, path, verb, seconds):
    """MB/s, and CPU seconds per GiB of each side."""
    meter = Meter(server=path.server, client=path.client, laptop=path.laptop)
    count, nanoseconds = laboratory.drive(verb, seconds, path.ports, path.socks)
    cost = {name: used * GIB / count for name, used in meter.read().items()}
    return count / nanoseconds * 1000, cost


def _measure(laboratory, results, path, who, cipher, route, streams, direction, verb):
    rate, cost = measure(laboratory, path, verb, laboratory.options.seconds)
    results.add(key(cipher, route, streams, direction, "MB/s"), who, rate)
    results.add(key(cipher, route, streams, direction, "server CPU s/GiB"), who, cost["server"])
    if path.client:
        results.add(key(cipher, route, streams, direction, "client CPU s/GiB"), who, cost["client"])
    if path.laptop:
        results.add(key(cipher, route, streams, direction, "laptop CPU s/GiB"), who, cost["laptop"])


def _cases(laboratory, servers, cipher, options):
    """Everything is started before anything is measured: who waits costs nothing."""
    cases, clients = {}, []
    for pair in PAIRS:
        kind, server = pair.split("-")[0], servers[pair.split("-")[1]]
        local, remote, dynamic = free_port(), free_port(), free_port()
        client = laboratory.start_client(
            kind,
            server,
            cipher,
            local=[f"{local}:{laboratory.target}"],
            remote=[f"{remote}:{laboratory.target}"],
            dynamic=[str(dynamic)],
        )
        more = [laboratory.local_port(kind, server, cipher) for _ in range(EIGHT - 1)]
        clients += [client, *(each for each, _ in more)]
        one = dict(server=[server.program], client=[client.program], laptop=[])
        all_clients = [client.program, *(each.program for each, _ in more)]
        eight_ports = [local, *(port for _, port in more)]
        found = {
            ("-L", "1"): Path([local], **one),
            ("-R", "1"): Path([remote], **one),
            ("-D", "1"): Path([dynamic], **one, socks=laboratory.traffic.port),
            ("-L", "8 on one connection"): Path([local] * EIGHT, **one),
            ("-L", "8 on eight connections"): Path(eight_ports, [server.program], all_clients, []),
        }
        if pair in (THEIRS, OURS):
            device, laptop, port = chain(laboratory, kind, server, cipher)
            clients += [device, laptop]
            sides = dict(server=[server.program], client=[device.program], laptop=[laptop.program])
            found["chain", "1"] = Path([port], **sides)
            found["chain", "8 on one connection"] = Path([port] * EIGHT, **sides)
        for case, path in found.items():
            cases.setdefault(case, {})[pair] = path
    floor, port = laboratory.helper(FLOOR, FLOOR_CIPHERS[cipher], laboratory.traffic.port)
    cases["-L", "1"][FLOOR] = Path([port], [floor], [], [])
    return cases, [*clients, floor]


def chain(laboratory, kind, server, cipher=None):
    """A device's -R and a laptop's -L that leads there, through one server."""
    remote, local = free_port(), free_port()
    device = laboratory.start_client(kind, server, cipher, remote=[f"{remote}:{laboratory.target}"])
    laptop = laboratory.start_client(kind, server, cipher, local=[f"{local}:127.0.0.1:{remote}"])
    return device, laptop, local


def _report(results, options):
    cases = [("-L", "1"), ("-R", "1"), ("-D", "1"), ("-L", "8 on one connection"), ("-L", "8 on eight connections")]
    cases += [("chain", "1"), ("chain", "8 on one connection")]
    rates, costs = [], []
    for cipher in options.ciphers:
        for route, streams in cases:
            for direction in DIRECTIONS:
                name = f"{cipher}, {route}, {streams}, {direction}"
                rates.append([name, *_rate_cells(results, key(cipher, route, streams, direction, "MB/s"))])
                costs.append([name, *_cost_cells(results, cipher, route, streams, direction)])
    ratio = "ratio (least..greatest)"
    results.table("Throughput, MB/s", ["tunnels", THEIRS, *(word for pair in PAIRS[1:] for word in (pair, ratio))], rates)
    columns = ["tunnels", FLOOR, "sshd", "relay", ratio, "ssh", "swssh", ratio, "ssh (laptop)", "swssh (laptop)"]
    results.table("CPU seconds per GiB, with the stock program at the other end", columns, costs)


def _rate_cells(results, what):
    yield show(results.median(what, THEIRS))
    for pair in PAIRS[1:]:
        yield show(results.median(what, pair))
        yield results.ratio(what, pair, THEIRS) or "-"


def _cost_cells(results, cipher, route, streams, direction):
    # In the chain there is no stock program at the other end of ours.
    server, client = (OURS, OURS) if route == "chain" else ("ssh-relay", "swssh-sshd")
    what = key(cipher, route, streams, direction, "server CPU s/GiB")
    yield show(results.median(what, FLOOR), 2)
    yield from (show(results.median(what, who), 2) for who in (THEIRS, server))
    yield results.ratio(what, server, THEIRS) or "-"
    what = key(cipher, route, streams, direction, "client CPU s/GiB")
    yield from (show(results.median(what, who), 2) for who in (THEIRS, client))
    yield results.ratio(what, client, THEIRS) or "-"
    what = key(cipher, route, streams, direction, "laptop CPU s/GiB")
    yield from (show(results.median(what, who), 2) for who in (THEIRS, OURS))
