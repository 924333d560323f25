"""The relay's own port: a rule that opens everything does not mean it."""

import socket

import pytest

from harness.network import free_port
from harness.settings import LOOPBACK

pytestmark = pytest.mark.ours_only("sshd lets its clients connect to itself")
# Whatever the system takes for this machine, by its looks or not.
HOSTS = [LOOPBACK, "localhost", "127.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "::ffff:127.0.0.1", "127.0.0.3"]


def _greeting(lab, server, host):
    """What somebody reads who is connected to the relay's port through the relay; empty if the tunnel is refused."""
    local = free_port()
    client = lab.client("ssh", server, local=[f"{local}:[{host}]:{server.port}"])
    with socket.create_connection((LOOPBACK, local), 10) as connection:
        try:
            data = connection.recv(4)
        except ConnectionResetError:
            data = b""
    assert client.program.running
    return data


@pytest.mark.parametrize("host", HOSTS)
def test_no_wildcard_opens_it(lab, host):
    server = lab.server("relay", config=["ListenAddress 0.0.0.0"])
    assert _greeting(lab, server, host) == b""
    server.wait_for_log(lambda line: "the request was denied" in line and "has to name in full" in line)


@pytest.mark.parametrize("rule", ["PermitOpen *:*", "PermitOpen *:{port}", "PermitOpen 127.0.0.1:*"])
def test_no_rule_with_a_wildcard_opens_it(lab, rule):
    port = free_port()
    server = lab.server("relay", config=[rule.format(port=port)], port=port)
    assert _greeting(lab, server, LOOPBACK) == b""
    server.wait_for_log(lambda line: "the request was denied" in line and "has to name in full" in line)


def test_a_rule_that_names_it_opens_it(lab):
    port = free_port()
    server = lab.server("relay", config=[f"PermitOpen {LOOPBACK}:{port}"], port=port)
    assert _greeting(lab, server, LOOPBACK) == b"SSH-"


def test_another_server_with_the_same_port_is_no_door_of_ours(lab):
    server = lab.server("relay")
    with socket.create_server(("127.0.0.9", server.port)) as other:
        local = free_port()
        lab.client("ssh", server, local=[f"{local}:127.0.0.9:{server.port}"])
        with socket.create_connection((LOOPBACK, local), 10) as connection:
            other.settimeout(10)
            with other.accept()[0] as accepted:
                accepted.sendall(b"here")
            assert connection.recv(4) == b"here"
