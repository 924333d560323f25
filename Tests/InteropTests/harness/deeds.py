"""What people and programs do to a server that its log tells of: each deed with stock ssh, or bytes where ssh would not."""

import socket
import struct
import subprocess
import time

import paramiko

from .network import free_port, is_listening, wait_until
from .settings import LOOPBACK, USER, program

SECONDS = 30
# What the server is told beside its port and keys: lines of its configuration and of authorized_keys, or what makes them, and
# the lines of a Match block.
DEEDS = []


def told(config=(), keys=None, match=()):
    """Marks a deed that the logs of both servers must tell alike."""

    def mark(function):
        function.config, function.authorized_keys, function.match = config, keys, match
        DEEDS.append(function)
        return function

    return mark


def ssh(lab, server, *options, user=USER, keys=None):
    """Runs ssh until it ends; gives its exit status."""
    words = ssh_arguments(lab, server, *options, user=user, keys=keys)
    environment = {"HOME": str(lab.directory)}
    return subprocess.run(
        words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS
    ).returncode


def ssh_arguments(lab, server, *options, user=USER, keys=None):
    known_hosts = lab.directory / "known_hosts"
    known_hosts.write_text(server.known_hosts)
    # The first value of an option counts.
    words = [program("ssh"), "-F", "none", "-T", *options, "-p", server.port, "-l", user]
    words += ["-o", f"UserKnownHostsFile={known_hosts}", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"]
    words += ["-o", "IdentityAgent=none", "-o", "PreferredAuthentications=publickey", "-o", "LogLevel=ERROR"]
    for key in [lab.keys.user] if keys is None else keys:
        words += ["-i", key.path]
    if keys == []:
        words += ["-i", "/nonexistent"]
    return [str(word) for word in [*words, LOOPBACK]]


def strangers(lab, count):
    return [lab.keys.named(f"stranger{number}") for number in range(count)]


def connect(server, *parts, read=True):
    """A connection that sends some bytes; a reset ends it when it is closed with `reset`."""
    connection = socket.create_connection((LOOPBACK, server.port), timeout=SECONDS)
    if read:
        assert connection.recv(4)
    for part in parts:
        connection.sendall(part)
    return connection


def reset(connection):
    """Ends a connection as a machine does that has forgotten it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_to_end(connection):
    data = b""
    try:
        while piece := connection.recv(4096):
            data += piece
    except ConnectionError:
        pass
    connection.close()
    return data


def read_key_exchange(connection):
    """Reads until the server's first packet has come, so that what follows is an answer to it."""
    data = b""
    while len(data) < 500:
        data += connection.recv(4096)



def forward_until(lab, server, number, keys=None, until=None):
    """A tunnel's client that logs in, and is sent a signal when its forward stands."""
    port = free_port()
    words = ssh_arguments(lab, server, "-N", "-L", f"{port}:localhost:1", keys=keys)
    client = lab.programs.start(words, "client")
    wait_until(lambda: is_listening(port), SECONDS, "the forward")
    # ssh listens before the server has said all that follows a login.
    time.sleep(0.3)
    client.signal(number)
    if until:
        wait_until(until, SECONDS, "what the signal leads to")
        client.kill()
    client.process.wait(SECONDS)


def paramiko_tries(server, *tries):
    """A connection on which each try to log in, which is given the transport, is refused."""
    with socket.create_connection((LOOPBACK, server.port), SECONDS) as connection:
        transport = paramiko.Transport(connection)
        transport.start_client(timeout=SECONDS)
        for attempt in tries:
            try:
                attempt(transport)
            except (paramiko.SSHException, EOFError):
                continue
        # Without a goodbye, as programs that guess do it.
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The server was first.
        transport.close()
