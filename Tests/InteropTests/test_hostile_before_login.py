"""Strangers that break the rules: their connection ends, with a log line, and nobody else notices."""

import socket
import struct
import time

import pytest

from harness.attacks import Bystander, assert_is_logged, packet, text, uint32
from harness.settings import LOOPBACK, MIB

RELAY = pytest.mark.pairs(clients=["ssh"], servers=["relay"], needs="local")
VERSION = b"SSH-2.0-test\r\n"


def _ends(connection, seconds=5):
    """Whether the server closes the connection; what it says before that is read and dropped."""
    connection.settimeout(seconds)
    try:
        while connection.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def _read_server_key_exchange(connection):
    """Identification and the first packet, so that what follows is read in the middle of the key exchange."""
    while not connection.recv(1) == b"\n":
        pass
    size = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))[0]
    connection.recv(size, socket.MSG_WAITALL)


KEXINIT = b"\x14" + bytes(16)
WRONG_FIRST_LINES = {
    "version 1": b"SSH-1.5-old\r\n",
    "no SSH": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "version 3": b"SSH-3.0-new\r\n",
    "binary": bytes(range(256)) * 4,
    "a line of 1 MiB": b"SSH-2.0-" + b"x" * MIB,
    "NUL in it": b"SSH-2.0-te\0st\r\n" + packet(b"\x02" + text(b"")) + packet(b"\x50" + text(b"")),
}
WRONG_PACKETS = {
    "length 0": uint32(0) + bytes(12),
    "length 1": uint32(1) + bytes(12),
    "length beyond the limit": uint32(256 * 1024 + 1) + bytes(64),
    "length 0x7fffffff": uint32(0x7FFFFFFF) + bytes(64),
    "length 0xffffffff": uint32(0xFFFFFFFF) + bytes(64),
    "padding beyond the packet": uint32(12) + b"\xff" + bytes(11),
    "padding below 4": packet(b"\x02" + text(b"abc"), padding=0),
    "empty payload": packet(b"", padding=11),
    "truncated KEXINIT": packet(KEXINIT[:9]),
    "name-list longer than the packet": packet(KEXINIT + uint32(0xFFFFFFFF)),
    "KEXINIT without common names": packet(KEXINIT + text(b"none") * 10 + bytes(5)),
    "channel open before login": packet(b"\x5a" + text(b"session") + uint32(0) * 3),
    "user authentication before keys": packet(b"\x32" + text(b"root") + text(b"ssh-connection") + text(b"none")),
    "authentication success from the client": packet(b"\x34"),
    "NEWKEYS first": packet(b"\x15"),
    "key exchange reply from the client": packet(b"\x1f" + text(b"")),
}


def _attack(lab, client_kind, server_kind, send):
    """Sends something wrong beside an honest tunnel; gives the server and the attacker's port."""
    server = lab.server(server_kind)
    honest = Bystander(lab, client_kind, server)
    with socket.create_connection((LOOPBACK, server.port)) as connection:
        port = connection.getsockname()[1]
        send(connection)
        assert _ends(connection), "the server goes on talking"
    honest.check()
    assert_is_logged(server, port)


def _send_quietly(connection, data):
    """The server may close while we are still sending."""
    try:
        connection.sendall(data)
    except OSError:
        pass


@RELAY
@pytest.mark.parametrize("line", WRONG_FIRST_LINES.values(), ids=WRONG_FIRST_LINES)
def test_wrong_version_string_ends_that_connection_alone(lab, client_kind, server_kind, line):
    _attack(lab, client_kind, server_kind, lambda connection: _send_quietly(connection, line))


@RELAY
@pytest.mark.parametrize("wrong", WRONG_PACKETS.values(), ids=WRONG_PACKETS)
def test_malformed_packet_ends_that_connection_alone(lab, client_kind, server_kind, wrong):
    def send(connection):
        connection.sendall(VERSION)
        _read_server_key_exchange(connection)
        _send_quietly(connection, wrong)
        # sshd waits for the rest of a packet that it does not mind; the end of the stream must be noticed, too.
        connection.shutdown(socket.SHUT_WR)

    _attack(lab, client_kind, server_kind, send)


@RELAY
@pytest.mark.parametrize("half", [b"", b"SSH-2.0", VERSION, VERSION + uint32(100) + b"\x05\x14"])
def test_half_a_message_and_a_closed_connection_is_logged(lab, client_kind, server_kind, half):
    def send(connection):
        connection.sendall(half)
        connection.shutdown(socket.SHUT_WR)

    _attack(lab, client_kind, server_kind, send)


@RELAY
@pytest.mark.parametrize("half", [b"", b"SSH-2.0", VERSION, VERSION + uint32(100) + b"\x05\x14"])
def test_silence_ends_at_the_login_grace_time(lab, client_kind, server_kind, half):
    server = lab.server(server_kind, config=["LoginGraceTime 2"])
    honest = Bystander(lab, client_kind, server)
    with socket.create_connection((LOOPBACK, server.port)) as connection:
        connection.sendall(half)
        began = time.monotonic()
        assert _ends(connection, 6)
        assert time.monotonic() - began > 1
    honest.check()


@RELAY
def test_byte_a_moment_does_not_outlive_the_login_grace_time(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["LoginGraceTime 2"])
    with socket.create_connection((LOOPBACK, server.port)) as connection:
        began = time.monotonic()
        with pytest.raises(OSError):
            for byte in b"SSH-2.0-" + b"x" * 200:
                connection.send(bytes([byte]))
                time.sleep(0.1)
        assert time.monotonic() - began < 6
