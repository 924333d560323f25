"""A laptop that opens a device's port on the relay: the relay joins the two without a TCP connection to itself."""

import json
import re
import socket

import pytest

from harness import traffic
from harness.lab import transfer
from harness.network import free_port, wait_until
from harness.settings import LOOPBACK, MIB

pytestmark = pytest.mark.ours_only("sshd connects to itself by TCP, and nobody sees a difference in the bytes")
CLIENTS = pytest.mark.parametrize("client_kind", ["ssh", "swssh"])


class Joined:
    def __init__(self, lab, client_kind, host=LOOPBACK, bind="", **options):
        self.server = lab.server("relay", **{"config": ["LogFormat json", "LogLevel VERBOSE"], **options})
        self.remote, self.local = free_port(), free_port()
        self.device = lab.client(client_kind, self.server, remote=[f"{bind}{self.remote}:{lab.target}"])
        self.laptop = lab.client(client_kind, self.server, local=[f"{self.local}:{host}:{self.remote}"])

    def lines(self):
        return [json.loads(line) for line in self.server.log().splitlines() if line.startswith("{")]

    def tunnels(self, kind):
        return [line for line in self.lines() if line.get("event") == "tunnel" and line["kind"] == kind]

    def device_tunnel(self):
        wait_until(lambda: self.tunnels("forwarded-tcpip"), 10, "the audit line of the device's tunnel")
        (tunnel,) = self.tunnels("forwarded-tcpip")
        return tunnel

    def login_ports(self):
        found = (re.search(r"Accepted publickey .* port (\d+)", line["message"]) for line in self.lines())
        return [match[1] for match in found if match]


@CLIENTS
@pytest.mark.parametrize("host", [LOOPBACK, "localhost", "[::1]"])
def test_bytes_and_ends_pass_both_ways(lab, client_kind, host):
    joined = Joined(lab, client_kind, host)
    transfer(traffic.connect(joined.local), 8 * MIB)
    traffic.answer_after_end(traffic.connect(joined.local), 2, MIB)


@CLIENTS
def test_the_device_is_told_who_calls(lab, client_kind):
    joined = Joined(lab, client_kind)
    transfer(traffic.connect(joined.local), MIB)
    tunnel = joined.device_tunnel()
    # The laptop logged in last; the relay itself would have another port.
    assert tunnel["from"] == f"{LOOPBACK} port {joined.login_ports()[-1]}"
    wait_until(lambda: len(joined.tunnels("direct-tcpip")) == 1, 10, "the audit line of the laptop's tunnel")


def test_a_service_behind_the_listener_learns_who_calls(lab):
    with socket.create_server((LOOPBACK, 0)) as service:
        remote, local = free_port(), free_port()
        server = lab.server("relay", config=[f"ProxyProtocolListen {remote}"])
        lab.client("ssh", server, remote=[f"{remote}:{LOOPBACK}:{service.getsockname()[1]}"])
        lab.client("ssh", server, local=[f"{local}:{LOOPBACK}:{remote}"])
        with socket.create_connection((LOOPBACK, local), 10):
            service.settimeout(10)
            connection, _ = service.accept()
            with connection:
                connection.settimeout(10)
                header = connection.recv(28, socket.MSG_WAITALL)
    assert header[:12] == b"\r\n\r\n\0\r\nQUIT\n"
    assert socket.inet_ntoa(header[16:20]) == LOOPBACK
    assert (int.from_bytes(header[26:28]), int.from_bytes(header[24:26]) not in (0, server.port)) == (remote, True)


def test_many_at_once_are_not_mixed_up(lab):
    joined = Joined(lab, "swssh")
    streams = [traffic.connect(joined.local) for _ in range(20)]
    for seed, stream in enumerate(streams):
        transfer(stream, MIB, seed=seed)


@CLIENTS
def test_a_listener_that_is_gone_refuses(lab, client_kind):
    joined = Joined(lab, client_kind)
    transfer(traffic.connect(joined.local), MIB)
    joined.device.stop()
    traffic.expect_refusal(traffic.connect(joined.local))


def test_of_two_listeners_on_one_port_the_one_that_is_called_answers(lab):
    """A device may lead each of its addresses somewhere else."""
    with socket.create_server((LOOPBACK, 0)) as other:
        remote, local, second = free_port(), free_port(), free_port()
        config = ["GatewayPorts clientspecified"]
        server = lab.server("relay", config=config)
        target = f"{LOOPBACK}:{other.getsockname()[1]}"
        forwards = [f"127.0.0.1:{remote}:{lab.target}", f"127.0.0.2:{remote}:{target}", f"[::1]:{remote}:{target}"]
        lab.client("swssh", server, remote=forwards)
        lab.client("ssh", server, local=[f"{local}:127.0.0.1:{remote}", f"{second}:[::1]:{remote}"])
        for _ in range(20):
            transfer(traffic.connect(local), 1000)
        with socket.create_connection((LOOPBACK, second), 10):
            other.settimeout(10)
            other.accept()[0].close()


def test_another_address_is_reached_by_tcp(lab):
    config = ["LogFormat json", "GatewayPorts clientspecified"]
    joined = Joined(lab, "ssh", host="127.0.0.2", bind="127.0.0.2:", config=config)
    transfer(traffic.connect(joined.local), MIB)
    assert joined.device_tunnel()["from"].split()[-1] not in joined.login_ports()
