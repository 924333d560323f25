"""A reader that stalls costs one window of memory and nobody else's time."""

import copy
import statistics
import threading
import time
from contextlib import suppress

import pytest

from harness import settings, traffic
from harness.processes import resident_bytes
from harness.settings import MIB
from harness.slow_line import SlowLine
from harness.streams import PipeStream

STALLED = 20
WINDOW = 2 * MIB
# What a process may grow by that is no channel's data: buffers of the connection, the allocator's spare pages.
# sshd's buffers grow by doubling, which costs it more than the bound that ours must keep.
SLACK = (24 if settings.RELAY else 56) * MIB
PAIRS = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay", "sshd"], needs="local remote")
RELAY = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay"], needs="local remote")


def _make(lab, client_kind, server, direction):
    return (lab.local_forward if direction == "local" else lab.remote_forward)(client_kind, server)


def _rate(port):
    """The median of a few transfers, bytes a second."""
    return 32 * MIB / statistics.median(traffic.duplex(traffic.connect(port), 7, 16 * MIB) for _ in range(5))


def _push_until_stuck(streams):
    """Sends on all of them until nothing has moved for half a second: every buffer on the way is full."""
    piece = bytes(MIB)
    for stream in streams:
        stream.connection.setblocking(False)
    moved = time.monotonic()
    while time.monotonic() - moved < 0.5:
        for stream in streams:
            try:
                stream.connection.send(piece)
                moved = time.monotonic()
            except BlockingIOError:
                continue
        time.sleep(0.01)


def _stall_sinks(port, count):
    """Tunnels whose far end never reads."""
    streams = [traffic.open_verb(traffic.connect(port), b"STALL") for _ in range(count)]
    _push_until_stuck(streams)
    return streams


def _stall_readers(port, count):
    """Tunnels whose near end never reads while the far end pours."""
    return [traffic.open_verb(traffic.connect(port), b"POUR") for _ in range(count)]


@PAIRS
@pytest.mark.parametrize("direction", ["local", "remote"])
@pytest.mark.parametrize("stall", [_stall_sinks, _stall_readers], ids=["sink", "reader"])
def test_stalled_channels_leave_the_others_at_full_speed(lab, client_kind, server_kind, direction, stall):
    server = lab.server(server_kind)
    _, port = _make(lab, client_kind, server, direction)
    before = _rate(port)
    streams = stall(port, 3)
    # Other tests share the machine: half the speed is noise, and a slow moment passes; a stalled connection is ten times
    # slower or stands.
    rates = (_rate(port) for _ in range(3))
    after = next((rate for rate in rates if rate > before / 2), 0)
    for stream in streams:
        stream.close()
    assert after, f"{before / 1e6:.0f} MB/s before, less than half of it beside stalled channels"


@RELAY
@pytest.mark.parametrize("direction", ["local", "remote"])
@pytest.mark.parametrize("stall", [_stall_sinks, _stall_readers], ids=["sink", "reader"])
def test_server_holds_at_most_one_window_per_stalled_channel(lab, client_kind, server_kind, direction, stall):
    server = lab.server(server_kind)
    _, port = _make(lab, client_kind, server, direction)
    # What a busy connection takes is there before the channels stall.
    _rate(port)
    before = server.memory()
    streams = stall(port, STALLED)
    time.sleep(1)
    grown = server.memory() - before
    for stream in streams:
        stream.close()
    print(f"{grown / MIB:.1f} MiB for {STALLED} stalled channels")
    assert grown <= STALLED * WINDOW + SLACK


@RELAY
@pytest.mark.parametrize("direction", ["local", "remote"])
def test_memory_is_given_back_when_stalled_channels_close(lab, client_kind, server_kind, direction):
    server = lab.server(server_kind)
    _, port = _make(lab, client_kind, server, direction)
    after = []
    for _ in range(6):
        for stream in _stall_sinks(port, 8):
            stream.close()
        lab.traffic.drop_connections()
        assert lab.traffic.wait_until_idle(10)
        after.append(server.memory())
    # Allocators keep some pages; a round that gave nothing back would keep 16 MiB, four times over.
    assert after[-1] - after[1] < 40 * MIB, [f"{size / MIB:.0f}" for size in after]


@PAIRS
def test_slow_reader_gets_every_byte(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    _, port = lab.local_forward(client_kind, server)
    stream = traffic.connect(port)

    class Slow:
        """Reads in small pieces with pauses, so that windows run dry again and again."""

        def __init__(self):
            self.reads = 0

        def receive_into(self, view):
            self.reads += 1
            if self.reads % 50 == 0:
                time.sleep(0.02)
            return stream.receive_into(view[: 64 * 1024])

        def __getattr__(self, name):
            return getattr(stream, name)

    traffic.duplex(Slow(), 3, 16 * MIB)


@pytest.mark.pairs(clients=["swssh"], servers=["sshd"], needs="stdio")
def test_client_holds_at_most_one_window_for_a_stalled_pipe(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    client = lab.client(client_kind, server, stdio=lab.target)
    traffic.open_verb(PipeStream(client.program.process), b"POUR")
    time.sleep(1)
    assert resident_bytes({client.program.pid}) < WINDOW + 64 * MIB
    client.kill()


@pytest.mark.pairs(clients=["swssh"], servers=["relay", "sshd"], needs="local")
def test_a_word_does_not_wait_long_behind_bulk_on_a_slow_line(lab, client_kind, server_kind):
    """What is sealed cannot be overtaken: on a slow line little may be."""
    server = lab.server(server_kind)
    with SlowLine(server.port, MIB) as line:
        far = copy.copy(server)
        far.port = line.port
        _, port = lab.local_forward(client_kind, far)
        bulk = traffic.connect(port)
        sender = threading.Thread(target=_send_until_closed, args=(bulk,))
        sender.start()
        time.sleep(2)
        waits = [_seconds(lambda: traffic.duplex(traffic.connect(port), 7, 64)) for _ in range(3)]
        bulk.close()
        sender.join()
    print([f"{wait:.2f} s" for wait in waits])
    assert statistics.median(waits) < 0.8


def _send_until_closed(stream):
    with suppress(OSError, ValueError):
        traffic.duplex(stream, 5, 1 << 30)


def _seconds(body):
    began = time.monotonic()
    body()
    return time.monotonic() - began
