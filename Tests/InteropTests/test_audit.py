"""The line that each tunnel leaves behind, for programs that count."""

import json
import re
import socket
import threading
import time

import paramiko
import pytest

from harness import traffic
from harness.lab import transfer
from harness.network import wait_until
from harness.requester import Requester
from harness.settings import LOOPBACK, MIB, USER

STOCK = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
pytestmark = pytest.mark.ours_only("sshd writes no such lines")


@STOCK
def test_numbers_of_a_tunnel_are_numbers_in_json(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["LogFormat json"])
    client, port = lab.local_forward(client_kind, server)
    transfer(traffic.connect(port), MIB)
    line = json.loads(server.wait_for_log(lambda line: '"event":"tunnel"' in line))
    # What the far end sends is more than the answer: its digest of what it got comes last.
    assert line["sent"] > MIB and line["received"] > MIB and line["sent"] != line["received"]
    assert isinstance(line["sent"], int) and isinstance(line["received"], int)
    assert isinstance(line["seconds"], float) and 0 < line["seconds"] < 60
    assert (line["account"], line["key"], line["kind"]) == (USER, lab.keys.user.fingerprint, "direct-tcpip")
    client.stop()
    # All lines of one connection have its number.
    lines = [json.loads(text) for text in server.log().splitlines()]
    accepted = next(other for other in lines if other["message"].startswith("Accepted publickey"))
    assert line["connection"] == accepted["connection"] and isinstance(line["connection"], int)


class Sink:
    """Takes connections, and reads them to their end."""

    def __init__(self):
        self.socket = socket.create_server((LOOPBACK, 0), backlog=256)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection:
                if connection.recv(1) == b"!":
                    return
                while connection.recv(1000):
                    pass

    def close(self):
        socket.create_connection((LOOPBACK, self.port)).sendall(b"!")
        self.thread.join(10)
        self.socket.close()


def _open_many(lab, server, target, count, size):
    """From one connection of the account, one tunnel after the other; each takes some bytes."""
    asker = Requester(server.port)
    try:
        assert asker.log_in(USER, paramiko.Ed25519Key.from_private_key_file(str(lab.keys.user.path)))
        for _ in range(count):
            channel = asker.transport.open_channel("direct-tcpip", (LOOPBACK, target), (LOOPBACK, 1), timeout=20)
            channel.sendall(b"x" * size)
            channel.shutdown_write()
            assert channel.recv(1) == b""
            channel.close()
    finally:
        asker.close()


@STOCK
@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_accounts_many_tunnels_are_added_up_and_none_is_missing(lab, client_kind, server_kind, log_format):
    connections, count, size = 3, 250, 11
    server = lab.server(server_kind, config=[f"LogFormat {log_format}"])
    sink = Sink()
    began = time.monotonic()
    threads = [
        threading.Thread(target=_open_many, args=(lab, server, sink.port, count, size)) for _ in range(connections)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sink.close()
    seconds = time.monotonic() - began
    read = _read_json if log_format == "json" else _read_text
    # The sums come within seconds.
    wait_until(lambda: sum(number for number, _ in read(server.log())) == connections * count, 10, "all tunnels")
    tunnels = read(server.log())
    assert sum(sent for _, sent in tunnels) == connections * count * size
    assert sum(number == 1 for number, _ in tunnels) <= 60 + 20 * (seconds + 1)
    if seconds < 10:
        assert any(number > 100 for number, _ in tunnels)


def _read_json(log):
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    events = [line for line in lines if line.get("event") in ("tunnel", "tunnels")]
    assert all(line["account"] == USER and line["received"] == 0 for line in events)
    return [(line.get("tunnels", 1), line["sent"]) for line in events]


def _read_text(log):
    single = re.findall(r"^Tunnel \S+ of user .*: (\d+) bytes from the client, 0 bytes to it", log, re.MULTILINE)
    sums = re.findall(
        rf"^user {USER}: (\d+) further tunnels have ended within \d+ s: (\d+) bytes from the client, 0 bytes to it$",
        log,
        re.MULTILINE,
    )
    return [(1, int(sent)) for sent in single] + [(int(number), int(sent)) for number, sent in sums]


@STOCK
def test_what_is_left_out_is_told_when_the_relay_ends(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    sink = Sink()
    try:
        _open_many(lab, server, sink.port, 200, 1)
    finally:
        sink.close()
    server.stop()
    assert sum(number for number, _ in _read_text(server.log())) == 200


@STOCK
def test_connections_of_one_account_share_one_budget_for_refusals(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["PermitOpen none"])
    began = time.monotonic()
    for _ in range(5):
        asker = Requester(server.port)
        try:
            assert asker.log_in(USER, paramiko.Ed25519Key.from_private_key_file(str(lab.keys.user.path)))
            for _ in range(50):
                assert asker.open(LOOPBACK, 22) != 0
        finally:
            asker.close()
    seconds = time.monotonic() - began
    line = server.wait_for_log(lambda line: "further lines about its requests are left out" in line)
    written = server.log().count("but the request was denied")
    assert written <= 100 + 5 * (seconds + 1)
    assert int(line.split(": ")[-1].split()[0]) + written <= 250 + 1
