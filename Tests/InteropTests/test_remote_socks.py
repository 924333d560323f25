"""-R without a target: the far side speaks SOCKS, and this side connects, however long that takes."""

import contextlib
import json
import socket
import sys
from pathlib import Path

import pytest

from harness import settings
from harness.network import free_port
from harness.processes import resident_bytes
from harness.servers import Server
from harness.settings import LOOPBACK, MIB

pytestmark = pytest.mark.skipif(not settings.SWSSH, reason="ours only")
WINDOW = 2 * MIB


class _Caller(Server):
    kind = "asyncssh"

    def __init__(self, lab, target_port, packets):
        self.target_port = target_port
        self.packets = packets
        super().__init__(lab)

    @property
    def pid_file(self):
        return self.directory / "pid"

    def launch(self):
        script = Path(__file__).parent / "harness" / "peers" / "asyncssh_socks_caller.py"
        arguments = [script, LOOPBACK, self.port, self.host_key.path, self.authorized_keys]
        arguments += [self.target_port, self.pid_file, self.packets]
        return self.lab.programs.start([sys.executable, *arguments], self.kind)

    def calls(self, client):
        """Lets the calls begin, and gives what came of them."""
        unfinished = self.pid_file.with_suffix(".new")
        unfinished.write_text(str(client.program.pid))
        unfinished.rename(self.pid_file)
        return json.loads(self.wait_for_log(lambda line: line.startswith("{"), seconds=60))


@contextlib.contextmanager
def _silent_target():
    """A listener whose queue is full: who connects gets no answer, until somebody is taken out of it."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((LOOPBACK, 0), backlog=0))
        address = listener.getsockname()
        for _ in range(64):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0.3)
            try:
                filler.connect(address)
            except TimeoutError:
                filler.close()
                break
        else:
            pytest.fail("the listener's queue never fills")
        yield listener


def _received_from(listener, size):
    """What the first one sends that sends anything."""
    listener.settimeout(20)
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(0.5)
            received = bytearray()
            with contextlib.suppress(TimeoutError, ConnectionError):
                while len(received) < size and (data := connection.recv(1 << 16)):
                    received += data
            if received:
                return bytes(received)


def test_each_packet_costs_the_same_while_the_target_is_dialled(lab):
    with _silent_target() as target:
        server = _Caller(lab, target.getsockname()[1], packets=8192)
        client = lab.client("swssh", server, remote=[free_port()])
        before = resident_bytes({client.program.pid})
        result = server.calls(client)
        grown = resident_bytes({client.program.pid}) - before
        print(result, f"{grown / MIB:.1f} MiB")
        # The window bounds what waits: the second of two that dial has as much as the first had.
        assert 0 < result["window"] <= WINDOW
        assert grown < 2 * WINDOW + 24 * MIB
        costs = result["costs"]
        assert costs[3] < 1.6 * costs[0] + 0.02, "packets cost more the more is waiting"
        assert client.program.running


def test_what_waits_while_the_target_is_dialled_arrives_in_order(lab):
    with _silent_target() as target:
        server = _Caller(lab, target.getsockname()[1], packets=64)
        client = lab.client("swssh", server, remote=[free_port()])
        result = server.calls(client)
        piece, count = result["piece"], result["count"]
        received = _received_from(target, piece * count)
        assert received == b"".join(bytes([index % 251]) * piece for index in range(count))
        assert client.program.running
