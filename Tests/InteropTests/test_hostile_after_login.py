"""Users that break the rules after their login: at most their own connection ends."""

import socket

import paramiko
import pytest
from paramiko.common import cMSG_CHANNEL_OPEN, cMSG_GLOBAL_REQUEST

from harness.attacks import Bystander, Insider, assert_is_logged, channel_open, direct_tcpip, text, uint32
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB

RELAY = pytest.mark.pairs(clients=["ssh"], servers=["relay"], needs="local")

# After login: what must end the connection, because nothing sensible can follow.
BREAKS = {
    "data for a channel never opened": b"\x5e" + uint32(99) + text(b"x"),
    "data for channel 0xffffffff": b"\x5e" + uint32(0xFFFFFFFF) + text(b"x"),
    "EOF for a channel never opened": b"\x60" + uint32(99),
    "close for a channel never opened": b"\x61" + uint32(99),
    "confirmation of a channel never asked for": b"\x5b" + uint32(99) + uint32(1) + uint32(1) + uint32(1),
    "truncated channel open": cMSG_CHANNEL_OPEN + uint32(1000) + b"direct",
    "truncated global request": cMSG_GLOBAL_REQUEST + text(b"tcpip-forward") + b"\x01" + uint32(5),
    "truncated direct-tcpip": channel_open(b"direct-tcpip", rest=uint32(0xFFFFFFFF)),
    "truncated disconnect": b"\x01",
}
# What servers may end or ignore; paramiko itself gives up when it is told of an unknown message.
EITHER = {
    "window for a channel never opened": b"\x5d" + uint32(99) + uint32(1),
    "second service request": b"\x05" + text(b"ssh-connection-2"),
    "second authentication": b"\x32" + text(b"root") + text(b"ssh-connection") + text(b"none"),
    "key exchange reply out of turn": b"\x1f" + text(b""),
    "unknown message": b"\xc8" + bytes(10),
    "NUL in the host": channel_open(b"direct-tcpip", rest=direct_tcpip(b"local\0host", 22)),
}
# What is refused or ignored, with the connection left standing.
BEARS = {
    "unknown global request": cMSG_GLOBAL_REQUEST + text(b"nonsense@example.com") + b"\x01",
    "unknown channel type": channel_open(b"nonsense"),
    "x11 channel": channel_open(b"x11", rest=text(b"1.2.3.4") + uint32(5)),
    "port beyond 65535": channel_open(b"direct-tcpip", rest=direct_tcpip(b"127.0.0.1", 65536 + 22)),
    "port 0xffffffff": channel_open(b"direct-tcpip", rest=direct_tcpip(b"127.0.0.1", 0xFFFFFFFF)),
    "control characters in the host": channel_open(b"direct-tcpip", rest=direct_tcpip(b"\x1b[31m\n\xff", 22)),
    "host of 30,000 bytes": channel_open(b"direct-tcpip", rest=direct_tcpip(b"a" * 30000, 22)),
    "forward of port 70000": cMSG_GLOBAL_REQUEST
    + text(b"tcpip-forward")
    + b"\x01"
    + text(b"localhost")
    + uint32(70000),
    "cancel of a forward never made": cMSG_GLOBAL_REQUEST
    + text(b"cancel-tcpip-forward")
    + b"\x01"
    + text(b"localhost")
    + uint32(4000),
    "ignore": b"\x02" + text(b"x" * 1000),
    "debug": b"\x04\x01" + text(b"\x1b[31m") + text(b""),
}


@RELAY
@pytest.mark.parametrize("payload", BREAKS.values(), ids=BREAKS)
def test_broken_rule_after_login_ends_that_connection_alone(lab, client_kind, server_kind, payload):
    server = lab.server(server_kind)
    honest = Bystander(lab, client_kind, server)
    insider = Insider(server, lab.keys.user)
    insider.say(payload)
    assert insider.ends()
    honest.check()
    assert_is_logged(server, insider.port)
    insider.close()


@RELAY
@pytest.mark.parametrize("payload", EITHER.values(), ids=EITHER)
def test_message_out_of_place_leaves_others_alone(lab, client_kind, server_kind, payload):
    server = lab.server(server_kind)
    honest = Bystander(lab, client_kind, server)
    insider = Insider(server, lab.keys.user)
    insider.say(payload)
    insider.ends(0.5)
    honest.check()
    insider.close()


@RELAY
@pytest.mark.parametrize("payload", BEARS.values(), ids=BEARS)
def test_strange_request_after_login_is_refused_and_survived(lab, client_kind, server_kind, payload):
    server = lab.server(server_kind)
    honest = Bystander(lab, client_kind, server)
    insider = Insider(server, lab.keys.user)
    insider.say(payload)
    # The connection still carries a channel.
    channel = insider.transport.open_channel("direct-tcpip", (LOOPBACK, lab.traffic.port), ("127.0.0.1", 1), timeout=5)
    channel.sendall(b"DUPLEX 1 1\nx")
    assert len(channel.recv(1)) == 1
    assert "\x1b" not in server.log()
    honest.check()
    insider.close()


@RELAY
def test_listener_that_is_asked_for_twice_and_taken_back_between_leaves_nothing(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    for _ in range(8):
        port = free_port()
        insider = Insider(server, lab.keys.user)
        request = b"\x00" + text(b"localhost") + uint32(port)
        # In one read, so that the first is not answered before the others are there.
        insider.transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        for name in (b"tcpip-forward", b"cancel-tcpip-forward", b"tcpip-forward"):
            insider.say(cMSG_GLOBAL_REQUEST + text(name) + request)
        insider.transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        insider.transport.open_channel("direct-tcpip", (LOOPBACK, lab.traffic.port), ("127.0.0.1", 1), timeout=5)
        insider.close()
        wait_until(lambda port=port: not is_listening(port), 5, f"port {port} free")


def _opened(insider, lab):
    """An open channel to the traffic server, and the server's number for it."""
    channel = insider.transport.open_channel("direct-tcpip", (LOOPBACK, lab.traffic.port), ("127.0.0.1", 1), timeout=5)
    return channel, channel.remote_chanid


@RELAY
@pytest.mark.parametrize(
    "wrong", ["more than the window", "data after EOF", "window beyond 2^32", "packet beyond the most"]
)
def test_broken_channel_rule_leaves_others_alone(lab, client_kind, server_kind, wrong):
    server = lab.server(server_kind)
    honest = Bystander(lab, client_kind, server)
    insider = Insider(server, lab.keys.user)
    channel, number = _opened(insider, lab)
    if wrong == "more than the window":
        channel.sendall(b"STALL 0 0\n")
        # 64 MiB without regard to the window.
        insider.say_all(b"\x5e" + uint32(number) + text(bytes(30000)) for _ in range(64 * MIB // 30000))
    elif wrong == "data after EOF":
        insider.say_all([b"\x60" + uint32(number), b"\x5e" + uint32(number) + text(b"late")])
    elif wrong == "window beyond 2^32":
        insider.say_all([b"\x5d" + uint32(number) + uint32(0xFFFFFFFF)] * 3)
    else:
        insider.say(b"\x5e" + uint32(number) + text(bytes(200_000)))
    insider.ends(2)
    honest.check()
    insider.close()
    assert server.memory() < 256 * MIB


@RELAY
def test_thousands_of_channel_opens_are_bounded(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    honest = Bystander(lab, client_kind, server)
    insider = Insider(server, lab.keys.user)
    before = server.memory()
    rest = direct_tcpip(LOOPBACK.encode(), lab.traffic.port)
    insider.say_all(channel_open(b"direct-tcpip", rest=rest, sender=number) for number in range(3000))
    honest.check()
    assert server.memory() - before < 128 * MIB
    insider.close()


@RELAY
@pytest.mark.ours_only("sshd makes any number of listeners")
def test_listeners_of_an_account_are_bounded_by_memory(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["MemoryLimit 8M"])
    insider = Insider(server, lab.keys.user)
    ports = []
    with pytest.raises(paramiko.SSHException):
        for _ in range(500):
            ports.append(insider.transport.request_port_forward("localhost", 0))
    assert len(ports) >= 64
    assert_is_logged(server, insider.port)
    server.wait_for_log(lambda line: "holds all the memory that it may" in line)
    insider.close()
    wait_until(lambda: not any(is_listening(port) for port in ports), 5, "the listeners closed")


@RELAY
def test_zero_packet_size_costs_nothing(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    honest = Bystander(lab, client_kind, server)
    for most in (0, 1):
        insider = Insider(server, lab.keys.user)
        rest = direct_tcpip(LOOPBACK.encode(), lab.traffic.port)
        opened = channel_open(b"direct-tcpip", most=most, rest=rest)
        insider.say_all([opened, b"\x5e" + uint32(0) + text(b"POUR 0 0\n")])
        insider.ends(1)
        honest.check()
        insider.close()
    assert server.memory() < 256 * MIB


def _opens(lab, port):
    rest = direct_tcpip(LOOPBACK.encode(), port)
    return [channel_open(b"direct-tcpip", rest=rest, sender=number) for number in range(1000)]


def _listens(lab, port):
    words = b"\x00" + text(LOOPBACK.encode()) + uint32(port)
    listen, cancel = (cMSG_GLOBAL_REQUEST + text(name) + words for name in (b"tcpip-forward", b"cancel-tcpip-forward"))
    return [listen, cancel] * 1000


@RELAY
@pytest.mark.parametrize(
    ("requests", "port", "words"),
    [
        (_opens, 22, "the request was denied"),
        (_opens, 1, "connect_to"),
        (_listens, None, "bind ["),
    ],
    ids=["denied", "failed", "taken"],
)
def test_refused_requests_do_not_fill_the_log(lab, client_kind, server_kind, requests, port, words):
    server = lab.server(server_kind, config=["LogLevel VERBOSE", "GatewayPorts clientspecified", f"PermitOpen {LOOPBACK}:1"])
    insider = Insider(server, lab.keys.user)
    insider.say_all(requests(lab, port or lab.traffic.port))
    wait_until(lambda: server.log().count(words) >= 40, 10, "the first lines")
    insider.close()
    left_out = server.wait_for_log(lambda line: "further lines about its requests are left out" in line)
    assert len(server.log().splitlines()) < 250
    # Not all: with the connection, what had not been read yet is gone.
    assert int(left_out.split(": ")[-1].split()[0]) > 100
