"""The PROXY protocol: who a load balancer says the client is, and who the relay says the caller is."""

import ipaddress
import shlex
import socket
import struct
import sys
from pathlib import Path

import pytest

from harness import traffic
from harness.lab import transfer
from harness.network import free_port
from harness.settings import LOOPBACK, MIB, USER

pytestmark = pytest.mark.ours_only("sshd knows nothing of the PROXY protocol")

BALANCER, STRANGER, CALLER = (f"127.0.0.{number}" for number in (21, 22, 23))
CLIENT, CLIENT_PORT = "198.51.100.7", 4711
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_PROXY_COMMAND = Path(__file__).parent / "harness" / "peers" / "proxy_command.py"


def _version2(source, source_port, destination, port, extensions=b""):
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    family = 0x11 if source.version == 4 else 0x21
    body = source.packed + destination.packed + struct.pack(">HH", source_port, port) + extensions
    return SIGNATURE + struct.pack(">BBH", 0x21, family, len(body)) + body


VERSION1 = f"PROXY TCP4 {CLIENT} 203.0.113.1 {CLIENT_PORT} 2222\r\n".encode()
VERSION2 = _version2(CLIENT, CLIENT_PORT, "203.0.113.1", 2222, extensions=b"\x04\x00\x03abc")
LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
HEADERS = pytest.mark.parametrize("header", [VERSION1, VERSION2], ids=["v1", "v2"])


def _server(lab, *config, **options):
    return lab.server("relay", config=[f"ProxyProtocolFrom {BALANCER}", "LogLevel VERBOSE", *config], **options)


def _through(server, header, source=BALANCER):
    """ssh's options for a connection that comes through a load balancer."""
    command = [sys.executable, _PROXY_COMMAND, LOOPBACK, server.port, source, header.hex()]
    return ["-o", f"ProxyCommand={shlex.join(map(str, command))}"]


def _read_header(connection):
    """What a service reads first, as (source, source port, destination, destination port)."""
    connection.settimeout(10)
    start = _read_exactly(connection, 16)
    command, family, length = struct.unpack(">BBH", start[12:])
    assert (start[:12], command, family, length) == (SIGNATURE, 0x21, 0x11, 12)
    body = _read_exactly(connection, length)
    return (socket.inet_ntoa(body[:4]), *struct.unpack(">H", body[8:10]), socket.inet_ntoa(body[4:8]), *struct.unpack(">H", body[10:]))


def _read_exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        assert piece, f"the connection ended after {data!r}"
        data += piece
    return data


def _connect_from(source, port):
    return socket.create_connection((LOOPBACK, port), 10, source_address=(source, 0))


@pytest.fixture
def service():
    """A service that the test plays itself."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(10)
        yield listener


@HEADERS
def test_the_log_names_whom_the_balancer_names(lab, header):
    server = _server(lab)
    _, port = lab.local_forward("ssh", server, options=_through(server, header))
    transfer(traffic.connect(port), MIB)
    server.wait_for_log(lambda line: line.startswith(f"Accepted publickey for {USER} from {CLIENT} port {CLIENT_PORT} ssh2"))
    server.wait_for_log(lambda line: line == f"Connection from {CLIENT} port {CLIENT_PORT} on 203.0.113.1 port 2222 rdomain \"\"")
    assert BALANCER not in server.log()


@HEADERS
@pytest.mark.parametrize(("pattern", "enters"), [(CLIENT, True), ("127.0.0.0/8", False)])
def test_keys_are_judged_by_the_named_address(lab, header, pattern, enters):
    server = _server(lab, authorized_keys=f'from="{pattern}" {lab.keys.user.public}\n')
    client, _ = lab.local_forward("ssh", server, options=_through(server, header), wait=False)
    if enters:
        client.wait_until_ready()
    else:
        assert client.wait() == 255


@HEADERS
def test_match_blocks_see_the_named_addresses(lab, header):
    server = _server(lab, f"Match Address {CLIENT} LocalPort 2222", "PermitOpen none", "Match all")
    _, port = lab.local_forward("ssh", server, options=_through(server, header))
    traffic.expect_refusal(traffic.connect(port))
    _, port = lab.local_forward("ssh", server)
    transfer(traffic.connect(port), MIB)


def test_a_balancer_that_speaks_for_itself_is_named_itself(lab):
    server = _server(lab)
    lab.local_forward("ssh", server, options=_through(server, LOCAL))
    server.wait_for_log(lambda line: line.startswith(f"Accepted publickey for {USER} from {BALANCER} port"))


@HEADERS
def test_nobody_else_may_say_who_the_client_is(lab, header):
    server = _server(lab, authorized_keys=f'from="{CLIENT}" {lab.keys.user.public}\n')
    client, _ = lab.local_forward("ssh", server, options=_through(server, header, source=STRANGER), wait=False)
    assert client.wait() == 255
    server.wait_for_log(lambda line: line.startswith(f"banner exchange: Connection from {STRANGER} port"))
    assert f"{CLIENT} port" not in server.log()


@pytest.mark.parametrize("start", [b"SSH-2.0-test\r\n", b"PROXY TCP4 x\r\n", SIGNATURE + b"\x21\x11\xff\xff", b"\0"])
def test_a_balancer_without_a_header_is_sent_away(lab, start):
    server = _server(lab)
    with _connect_from(BALANCER, server.port) as connection:
        connection.sendall(start)
        # Nothing is said to it, not even who we are.
        assert connection.recv(100) == b""
    server.wait_for_log(lambda line: line.startswith(f"Connection closed by {BALANCER} port") and "PROXY header" in line)


def test_a_balancer_that_does_not_finish_its_header_is_sent_away_in_time(lab):
    server = _server(lab)
    with _connect_from(BALANCER, server.port) as connection:
        connection.sendall(VERSION1[:-1])
        connection.settimeout(8)
        assert connection.recv(100) == b""
    _, port = lab.local_forward("ssh", server)
    transfer(traffic.connect(port), MIB)


@pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
def test_services_behind_listeners_learn_who_calls(lab, service, client_kind):
    port, other = free_port(), free_port()
    server = _server(lab, f"ProxyProtocolListen {port}")
    target = f"{LOOPBACK}:{service.getsockname()[1]}"
    lab.client(client_kind, server, remote=[f"{port}:{target}", f"{other}:{lab.target}"])
    with _connect_from(CALLER, port) as caller:
        # The caller says nothing: a service that speaks first must know all the same.
        connection, _ = service.accept()
        with connection:
            assert _read_header(connection) == (CALLER, caller.getsockname()[1], LOOPBACK, port)
            connection.sendall(b"hello")
            assert _read_exactly(caller, 5) == b"hello"
            caller.sendall(b"to you")
            caller.shutdown(socket.SHUT_WR)
            assert _read_exactly(connection, 6) == b"to you"
            assert connection.recv(1) == b""
    # Nothing comes before the bytes of a listener without the rule.
    transfer(traffic.connect(other), MIB)


@pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
def test_targets_learn_which_client_connects(lab, service, client_kind):
    port, other, target = free_port(), free_port(), service.getsockname()[1]
    server = _server(lab, f"ProxyProtocolOpen {LOOPBACK}:{target}")
    local = [f"{port}:{LOOPBACK}:{target}", f"{other}:{lab.target}"]
    lab.client(client_kind, server, local=local, options=_through(server, VERSION2))
    with socket.create_connection((LOOPBACK, port), 10) as caller:
        connection, _ = service.accept()
        with connection:
            assert _read_header(connection) == (CLIENT, CLIENT_PORT, LOOPBACK, target)
            caller.sendall(b"GET /")
            assert _read_exactly(connection, 5) == b"GET /"
    transfer(traffic.connect(other), MIB)


def test_both_rules_may_hold_for_one_account_alone(lab, service):
    port = free_port()
    server = _server(lab, f"Match User !{USER},*", f"ProxyProtocolListen {port}", "Match all")
    lab.client("ssh", server, remote=[f"{port}:{LOOPBACK}:{service.getsockname()[1]}"])
    with _connect_from(CALLER, port) as caller:
        connection, _ = service.accept()
        with connection:
            caller.sendall(b"first")
            assert _read_exactly(connection, 5) == b"first"
