"""One account cannot use up what the relay has for all: its memory and its sockets. When it is gone, the memory is back."""

import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import traffic
from harness.keys import KeyPair
from harness.network import free_port, wait_until
from harness.processes import resident_bytes
from harness.servers import Relay
from harness.settings import LOOPBACK, MIB, RELAY, program

ADDRESS_SPACE = 1536 * MIB
CHANNELS = 374
GOOD = [f"good{number}" for number in range(7)]
ONLY_OURS = pytest.mark.skipif(not RELAY, reason="sshd has no such limits")


class NarrowRelay(Relay):
    """The relay in as much address space as a small machine has memory."""

    def command(self):
        return [program("prlimit"), f"--as={ADDRESS_SPACE}", *super().command()]


class Crowd:
    """A relay with eight accounts, of which seven echo a byte now and then."""

    def __init__(self, lab, **options):
        self.lab = lab
        self.server = NarrowRelay(lab, **options)
        for name in [*GOOD, "mallory"]:
            KeyPair(self.server.directory / name)
            public = (self.server.directory / name).with_suffix(".pub").read_text()
            (self.server.authorized_keys.parent / name).write_text(public)
        self.echo = Echo()
        self.connections = [self._connect(name) for name in GOOD]

    def _connect(self, name):
        port = free_port()
        known_hosts = self.server.directory / "known_hosts"
        known_hosts.write_text(self.server.known_hosts)
        words = [program("ssh"), "-F", "none", "-N", "-L", f"{port}:{LOOPBACK}:{self.echo.port}"]
        words += ["-i", self.server.directory / name, "-o", f"UserKnownHostsFile={known_hosts}"]
        words += ["-o", "IdentitiesOnly=yes", "-p", self.server.port, f"{name}@{LOOPBACK}"]
        self.lab.programs.start(words, name)

        def connect():
            try:
                return socket.create_connection((LOOPBACK, port))
            except OSError:
                return None

        connection = wait_until(connect, 20, f"{name}'s tunnel")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(30)
        return connection

    def echo_times(self, seconds):
        """How long a byte takes to come back, in seconds, sorted."""
        times, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            for connection in self.connections:
                start = time.perf_counter()
                connection.sendall(b"x")
                assert connection.recv(1) == b"x", "a tunnel of an account that did nothing has ended"
                times.append(time.perf_counter() - start)
            time.sleep(0.002)
        return sorted(times)

    def hog(self, channels, reads):
        script = Path(__file__).parent / "harness" / "peers" / "paramiko_hog.py"
        words = [sys.executable, script, self.server.port, "mallory", self.server.directory / "mallory", channels, reads]
        return self.lab.programs.start(words, "hog", pipes=True)

    def close(self):
        for connection in self.connections:
            connection.close()
        self.echo.close()


class Echo:
    """An echo server in a process of its own, so that nobody here has to wait for this interpreter."""

    SCRIPT = """
import asyncio
async def serve(reader, writer):
    while data := await reader.read(4096):
        writer.write(data)
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

    def __init__(self):
        words = [sys.executable, "-c", self.SCRIPT]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def _percentile(times, percent):
    return times[min(len(times) * percent // 100, len(times) - 1)]


@ONLY_OURS
@pytest.mark.parametrize("reads", [0, MIB], ids=["nothing read", "stalled after a while"])
def test_an_account_with_stalled_channels_harms_nobody_and_its_memory_comes_back(lab, reads):
    crowd = Crowd(lab)
    server = crowd.server
    times = crowd.echo_times(3)
    before = resident_bytes([server.program.pid])
    hog = crowd.hog(CHANNELS, reads)
    opened = hog.process.stdout.readline().decode()
    assert re.fullmatch(r"opened \d+ refused \d+\n", opened), opened + server.log()
    # While it fills them, everybody has to share the processors; the relay alone is not what makes others wait.
    stuck = hog.process.stdout.readline().decode()
    assert stuck.startswith("stuck"), stuck + server.log()
    assert server.program.running
    held = resident_bytes([server.program.pid])
    # Other tests share the machine, so a slow moment passes; an account that harms others does so all the time.
    attempts = (crowd.echo_times(2) for _ in range(4))
    during = next((one for one in attempts if _percentile(one, 99) < 2 * _percentile(times, 99) + 0.01), None)
    line = server.wait_for_log(lambda line: "Account mallory holds all the memory that it may" in line)
    count = int(re.search(r"of the (\d+) MiB that all hold", line)[1]) * MIB
    hog.process.stdin.close()
    hog.wait(20)
    wait_until(lambda: resident_bytes([server.program.pid]) < before + 32 * MIB, 10, "the memory to come back")
    crowd.close()
    print(opened, stuck, f"resident {before / MIB:.0f}, then {held / MIB:.0f} MiB, counted {count / MIB:.0f} MiB")
    assert held < ADDRESS_SPACE / 2
    assert during, "the others had to wait"
    print(*(f"p99 {_percentile(which, 99) * 1e6:.0f} us" for which in (times, during)))
    assert sum("Account mallory" in line for line in server.log().splitlines()) <= 2


@ONLY_OURS
def test_memory_limit_refuses_channels_with_the_reason_in_the_log(lab):
    crowd = Crowd(lab, config=["MemoryLimit 16M"])
    hog = crowd.hog(400, 0)
    opened, refused = map(int, re.findall(r"\d+", hog.process.stdout.readline().decode()))
    assert opened > 50 and refused > 50
    crowd.server.wait_for_log(lambda line: "no further channel: the account holds all the memory" in line)
    # The others still get theirs.
    assert crowd.echo_times(1)
    hog.process.stdin.close()
    crowd.close()


@ONLY_OURS
def test_more_than_1024_channels_and_64_listeners_are_served(lab):
    server = lab.server("relay")
    port = free_port()
    listeners = [free_port() for _ in range(100)]
    client = lab.client("ssh", server, local=[f"{port}:{lab.target}"], remote=[f"{one}:{lab.target}" for one in listeners])
    streams = [traffic.open_verb(traffic.connect(port), b"STALL") for _ in range(1_200)]
    traffic.duplex(traffic.connect(port), 1, MIB)
    traffic.duplex(traffic.connect(listeners[-1]), 1, MIB)
    for stream in streams:
        stream.close()
    assert client.program.running


@ONLY_OURS
@pytest.mark.parametrize(
    "line, said",
    [("MaxChannels 3", "no further channel: the connection has 3 (MaxChannels)"),
     ("MaxListeners 2", "the connection has 2 listeners (MaxListeners)")],
)
def test_limits_of_the_configuration_are_named_in_the_log(lab, line, said):
    server = lab.server("relay", config=[line])
    port = free_port()
    options = {"local": [f"{port}:{lab.target}"]}
    if "Listeners" in line:
        options["remote"] = [f"{free_port()}:{lab.target}" for _ in range(3)]
    lab.client("ssh", server, wait="Channels" in line, **options)
    # A stream that nobody holds is closed, and its channel with it.
    streams = [traffic.open_verb(traffic.connect(port), b"STALL") for _ in range(4 if "Channels" in line else 0)]
    server.wait_for_log(lambda found: said in found)
    for stream in streams:
        stream.close()


class FewFiles(NarrowRelay):
    def command(self):
        return [program("prlimit"), "--nofile=400:400", *Relay.command(self)]


@ONLY_OURS
def test_connections_that_have_not_logged_in_cannot_use_up_the_descriptors(lab):
    server = FewFiles(lab, config=["MaxStartups 1000", "PerSourceMaxStartups none", "PerSourcePenalties no"])
    port = free_port()
    lab.client("ssh", server, local=[f"{port}:{lab.target}"])
    streams = [traffic.open_verb(traffic.connect(port), b"STALL") for _ in range(250)]
    waiting = [socket.create_connection((LOOPBACK, server.port)) for _ in range(300)]
    server.wait_for_log(lambda line: "drop connection" in line and "no descriptor is left" in line)
    assert "accept: Too many open files" not in server.log()
    for stream in streams + waiting:
        stream.close()
    wait_until(lambda: lab.logs_in("ssh", server), 20, "a login")


@ONLY_OURS
def test_one_account_cannot_have_all_sockets(lab):
    server = FewFiles(lab)
    port = free_port()
    lab.client("ssh", server, local=[f"{port}:{lab.target}"])
    streams = [traffic.open_verb(traffic.connect(port), b"STALL") for _ in range(600)]
    server.wait_for_log(lambda line: "the account holds all the sockets that it may for now" in line)
    # There are still some for the next one.
    assert lab.logs_in("ssh", server)
    assert "Too many open files" not in server.log()
    for stream in streams:
        stream.close()

