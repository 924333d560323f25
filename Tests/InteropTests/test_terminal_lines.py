"""What others make swssh write: however many lines a server or a caller causes, few are written, and the others counted."""

import contextlib
import re
import socket
import time

import pytest

from harness import settings
from harness.attacks import channel_open, text, uint32
from harness.hostile_server import HostileServer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK

pytestmark = pytest.mark.skipif(not settings.SWSSH, reason="ours only: ssh has no such bound")

COUNT = 4000
# 100 at once and one a second, for what is important and for what -v shows; and what a quiet client says.
MOST_LINES = 2 * 100 + 60
LONGEST_LINE = 1100
VERBOSITY = pytest.mark.parametrize("verbose", [[], ["-v"], ["-vvv"], ["-o", "LogLevel=VERBOSE"]], ids=lambda v: "".join(v[-1:]))


@contextlib.contextmanager
def serving(lab, **options):
    server = HostileServer(lab, **options)
    try:
        yield server
    finally:
        server.close()


def assert_is_bounded(client, caused):
    """Ends the client; what it has not written it has counted."""
    client.program.signal(15)
    client.wait()
    lines = client.log().splitlines()
    omitted = sum(int(count) for count in re.findall(r"(\d+) further lines like these were left out", client.log()))
    assert len(lines) < MOST_LINES, lines[-5:]
    assert max(map(len, lines), default=0) < LONGEST_LINE
    written = sum(bool(re.search(r"Warning|refused|failed|SOCKS", line)) for line in lines)
    assert omitted + written >= caused, (omitted, written, lines[-5:])


def forwarded(port, host=b"localhost"):
    rest = text(host) + uint32(port) + text(b"192.0.2.1") + uint32(5)
    return channel_open(b"forwarded-tcpip", rest=rest)


OPENS = {
    "a listener that nobody asked for": forwarded(9),
    "a listener with an endless name": forwarded(9, b"x" * 20_000),
    "a path that nobody asked for": channel_open(b"forwarded-streamlocal@openssh.com", rest=text(b"/x") + text(b"")),
    "an agent": channel_open(b"auth-agent@openssh.com"),
    "a window": channel_open(b"x11", rest=text(b"192.0.2.1") + uint32(5)),
    "a channel of no known kind": channel_open(b"y" * 60),
    "a target that refuses": forwarded(2222),
}


@VERBOSITY
@pytest.mark.parametrize("payload", OPENS.values(), ids=OPENS.keys())
def test_servers_opens_do_not_fill_the_screen(lab, payload, verbose):
    with serving(lab) as server:
        client = lab.client("swssh", server, remote=[f"0:{LOOPBACK}:{free_port()}"], options=verbose)
        for _ in range(COUNT):
            server.say(payload)
        # What comes after them has been read when this one is answered.
        server.transport.global_request("keepalive@openssh.com", wait=True)
        time.sleep(0.5)
        assert_is_bounded(client, COUNT)


@VERBOSITY
@pytest.mark.parametrize("refusal", [b"no", b"no " * 10_000], ids=["short", "long"])
def test_refused_callers_do_not_fill_the_screen(lab, refusal, verbose):
    with serving(lab, refusal=refusal) as server:
        port = free_port()
        client = lab.client("swssh", server, local=[f"{port}:{lab.target}"], options=verbose)
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 5) as caller:
                caller.recv(1)
        assert_is_bounded(client, 500)


SOCKS = {
    "no SOCKS": b"GET / HTTP/1.0\r\n\r\n",
    "a command that there is not": b"\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x09",
    "a refused target": b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x09",
    "a refused name": b"\x04\x01\x00\x09\x00\x00\x00\x01\x00" + b"z" * 200 + b"\x00",
}


@pytest.mark.parametrize("verbose", [[], ["-v"]], ids=["quiet", "-v"])
@pytest.mark.parametrize("words", SOCKS.values(), ids=SOCKS.keys())
def test_socks_callers_do_not_fill_the_screen(lab, words, verbose):
    with serving(lab, refusal=b"no") as server:
        port = free_port()
        client = lab.client("swssh", server, dynamic=[port], options=verbose)
        wait_until(lambda: is_listening(port), 5, "the listener")
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 5) as caller:
                caller.sendall(words)
                while caller.recv(100):
                    pass
        is_told = verbose or "refused" in next(name for name in SOCKS if SOCKS[name] == words)
        assert_is_bounded(client, 500 if is_told else 0)
