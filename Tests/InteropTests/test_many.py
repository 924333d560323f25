"""Many at once: tunnels on a connection, connections on a server."""

import os
import sys
import threading
from pathlib import Path

import pytest

from harness import settings, traffic
from harness.network import free_port, wait_until
from harness.settings import LOOPBACK, MIB

MANY = 200
CONNECTIONS = int(os.environ.get("INTEROP_CONNECTIONS", 1000))
PAIRS = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay", "sshd"], needs="local remote")


def move_all(ports, size):
    """One duplex transfer over each port, all at once; every one has its own bytes."""
    streams = [traffic.connect(port) for port in ports]
    failures = []

    def move(seed, stream):
        try:
            traffic.duplex(stream, 1000 + seed, size)
        except BaseException as error:
            failures.append(f"tunnel {seed}: {error!r}")

    threads = [threading.Thread(target=move, args=pair) for pair in enumerate(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:5]


@PAIRS
@pytest.mark.parametrize("direction", ["local", "remote"])
def test_200_tunnels_on_one_connection_mix_nothing_up(lab, client_kind, server_kind, direction):
    server = lab.server(server_kind)
    make = lab.local_forward if direction == "local" else lab.remote_forward
    client, port = make(client_kind, server)
    move_all([port] * MANY, MIB // 2 + 7)
    assert client.program.running


@PAIRS
def test_200_connections_at_once_mix_nothing_up(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    ports = [free_port() for _ in range(MANY)]
    clients = [lab.client(client_kind, server, local=[f"{port}:{lab.target}"], wait=False) for port in ports]
    for client in clients:
        client.wait_until_ready(seconds=90)
    move_all(ports, MIB // 4 + 7)
    assert all(client.program.running for client in clients)


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
def test_no_descriptor_is_leaked_over_1000_connections(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    # The first connection loads what is loaded once.
    _connect_many(lab, server, 5)
    wait_until(lambda: not lab.traffic.connections, 10, "an idle traffic server")
    before = server.descriptors()
    _connect_many(lab, server, CONNECTIONS)
    wait_until(lambda: server.descriptors() <= before, 20, f"{before} open descriptors again")


def _connect_many(lab, server, count):
    """Logs in count times; each opens a tunnel and a listener, and every third ends without a word."""
    script = Path(settings.__file__).parent / "peers" / "asyncssh_many.py"
    known_hosts = lab.new_directory("many") / "known_hosts"
    known_hosts.write_text(server.known_hosts)
    arguments = [LOOPBACK, server.port, server.user, lab.keys.user.path, known_hosts, lab.traffic.port, count]
    program = lab.programs.start([sys.executable, script, *arguments], "many")
    assert program.wait(240) == 0, program.log()
