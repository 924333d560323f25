"""How fast tunnels are, and what a GiB costs each process."""

from dataclasses import dataclass

from harness import settings
from harness.network import free_port

from .laboratory import FLOOR_CIPHERS, GIB, PAIRS, THEIRS, Meter, turns
from .results import RATIO, show

EIGHT = 8
DIRECTIONS = {"down": "pull", "up": "push"}
FLOOR = "floor"
# The only one of our ciphers that it is built with.
DROPBEAR, DROPBEAR_CIPHER = "ssh-dropbear", "chacha20-poly1305"
ONE, EIGHT_ON_ONE, EIGHT_ON_EIGHT = "1", "8 on one connection", "8 on eight connections"
_CASES = (("-L", ONE), ("-R", ONE), ("-D", ONE), ("-L", EIGHT_ON_ONE), ("-L", EIGHT_ON_EIGHT))


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
    if _is_installed("dropbear"):
        servers["dropbear"] = laboratory.start_server("dropbear")
    for cipher in options.ciphers:
        laboratory.say(f"throughput, {cipher}")
        cases, programs = _cases(laboratory, servers, cipher)
        if "dropbear" in servers and cipher == DROPBEAR_CIPHER:
            client, port = laboratory.local_port("ssh", servers["dropbear"], cipher)
            cases["-L", ONE][DROPBEAR] = Path([port], [servers["dropbear"].program], [client.program], [])
            programs.append(client)
        measure_cases(laboratory, results, cipher, cases)
        for program in programs:
            program.stop()
    _report(results, options)


def measure_cases(laboratory, results, cipher, cases):
    """Measures each case in both directions, all contestants in turns."""
    for (route, streams), paths in cases.items():
        for direction, verb in DIRECTIONS.items():
            for round_number in range(laboratory.options.rounds):
                for who in turns(paths, round_number):
                    _measure(laboratory, results, paths[who], who, cipher, route, streams, direction, verb)


def _is_installed(name):
    try:
        return settings.program(name)
    except FileNotFoundError:
        return None


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


def _cases(laboratory, servers, cipher):
    """Everything is started before anything is measured: who waits costs nothing."""
    cases, programs = {}, []
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
        clients = [client, *(each for each, _ in more)]
        programs += clients
        one = dict(server=[server.program], client=[client.program], laptop=[])
        eight = dict(one, client=[each.program for each in clients])
        paths = {
            ("-L", ONE): Path([local], **one),
            ("-R", ONE): Path([remote], **one),
            ("-D", ONE): Path([dynamic], **one, socks=laboratory.traffic.port),
            ("-L", EIGHT_ON_ONE): Path([local] * EIGHT, **one),
            ("-L", EIGHT_ON_EIGHT): Path([local, *(port for _, port in more)], **eight),
        }
        for case, path in paths.items():
            cases.setdefault(case, {})[pair] = path
    floor, port = laboratory.helper(FLOOR, FLOOR_CIPHERS[cipher], laboratory.traffic.port)
    cases["-L", ONE][FLOOR] = Path([port], [floor], [], [])
    return cases, [*programs, floor]


def _report(results, options):
    rates, costs = [], []
    for cipher in options.ciphers:
        for route, streams in _CASES:
            for direction in DIRECTIONS:
                name = f"{cipher}, {route}, {streams}, {direction}"
                rates.append([name, *_rate_cells(results, key(cipher, route, streams, direction, "MB/s"))])
                costs.append([name, *_cost_cells(results, cipher, route, streams, direction)])
    columns = ["tunnels", THEIRS, *(word for pair in PAIRS[1:] for word in (pair, RATIO))]
    results.table("Throughput, MB/s", columns, rates)
    columns = ["tunnels", FLOOR, "sshd", "relay", RATIO, "ssh", "swssh", RATIO]
    results.table("CPU seconds per GiB, with the stock program at the other end", columns, costs)
    if results.has(key(DROPBEAR_CIPHER, "-L", ONE, "down", "MB/s"), DROPBEAR):
        _report_dropbear(results)


def _report_dropbear(results):
    rows = []
    for metric, digits in (("MB/s", 0), ("server CPU s/GiB", 2)):
        for direction in DIRECTIONS:
            what = key(DROPBEAR_CIPHER, "-L", ONE, direction, metric)
            numbers = [show(results.median(what, who), digits) for who in (DROPBEAR, "ssh-relay")]
            rows.append([f"{metric}, {direction}", *numbers, results.ratio(what, "ssh-relay", DROPBEAR) or "-"])
    results.table(f"Beside dropbear ({DROPBEAR_CIPHER}, -L, {ONE})", ["what", DROPBEAR, "ssh-relay", RATIO], rows)


def _rate_cells(results, what):
    yield show(results.median(what, THEIRS))
    for pair in PAIRS[1:]:
        yield show(results.median(what, pair))
        yield results.ratio(what, pair, THEIRS) or "-"


def _cost_cells(results, cipher, route, streams, direction):
    what = key(cipher, route, streams, direction, "server CPU s/GiB")
    yield show(results.median(what, FLOOR), 2)
    yield from (show(results.median(what, who), 2) for who in (THEIRS, "ssh-relay"))
    yield results.ratio(what, "ssh-relay", THEIRS) or "-"
    what = key(cipher, route, streams, direction, "client CPU s/GiB")
    yield from (show(results.median(what, who), 2) for who in (THEIRS, "swssh-sshd"))
    yield results.ratio(what, "swssh-sshd", THEIRS) or "-"
