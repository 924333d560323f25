"""What a hostile peer is made of: messages of its own, a way past the login, and an honest tunnel to watch."""

import re
import socket
import struct
import time

import paramiko
from paramiko.common import cMSG_CHANNEL_OPEN

from . import traffic
from .settings import LOOPBACK, MIB


def uint32(number):
    return struct.pack(">I", number)


def text(value):
    return uint32(len(value)) + value


def direct_tcpip(host, port):
    """What follows a channel open of type direct-tcpip."""
    return text(host) + uint32(port) + text(b"1.2.3.4") + uint32(5)


def channel_open(kind, window=MIB, most=32768, rest=b"", sender=7):
    return cMSG_CHANNEL_OPEN + text(kind) + uint32(sender) + uint32(window) + uint32(most) + rest


def packet(payload, padding=None, claim=None):
    """An unencrypted binary packet; padding and the length that it claims can be made wrong."""
    if padding is None:
        padding = 8 - (5 + len(payload)) % 8
        padding += 8 if padding < 4 else 0
    length = 1 + len(payload) + padding if claim is None else claim
    return uint32(length & 0xFFFFFFFF) + bytes([padding & 0xFF]) + payload + bytes(min(padding, 255))


class Bystander:
    """An honest tunnel on the same server, alive before and after."""

    def __init__(self, lab, client_kind, server):
        self.client, self.port = lab.local_forward(client_kind, server)
        self.stream = traffic.open_verb(traffic.connect(self.port), b"POUR")
        self.check()

    def check(self):
        assert self.client.program.running
        assert self.stream.receive_into(memoryview(bytearray(1000))) > 0, "an open tunnel was disturbed"
        traffic.duplex(traffic.connect(self.port), 1, MIB)


class Insider:
    """A client that has logged in and then says whatever it likes."""

    def __init__(self, server, key):
        self.transport = paramiko.Transport(socket.create_connection((LOOPBACK, server.port)))
        self.port = self.transport.sock.getsockname()[1]
        self.transport.connect(username=server.user, pkey=paramiko.Ed25519Key.from_private_key_file(str(key.path)))

    def say(self, payload):
        message = paramiko.Message(payload)
        message.packet.seek(0, 2)
        # The attacker's only way to send a payload of its own through the encrypted transport.
        self.transport._send_message(message)

    def say_all(self, payloads):
        """Says one after the other until the server has had enough: it may close before the last."""
        try:
            for payload in payloads:
                self.say(payload)
        except (OSError, EOFError, paramiko.SSHException):
            pass

    def ends(self, seconds=5):
        deadline = time.monotonic() + seconds
        while self.transport.is_active() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.transport.is_active()

    def close(self):
        self.transport.close()
        self.transport.join(5)


# What is said of every connection, also of honest ones, is no word about an attack.
_ORDINARY = re.compile(r"debug\d: |Connection from \S+ port \d+ on |.*\b(Accepted|Postponed) publickey ")


def assert_is_logged(server, port):
    """One line of the log says that something was wrong with the connection from this port."""
    mention = re.compile(rf"\b{port}\b")
    server.wait_for_log(lambda line: LOOPBACK in line and mention.search(line) and not _ORDINARY.match(line))
