"""The checks themselves: each must see the fault that it is there for."""

import contextlib
import threading

import pytest

from harness import traffic
from harness.settings import MIB

SIZE = 3 * MIB + 5


class _Faulty:
    """A stream whose received bytes pass through a fault, told how many came before."""

    def __init__(self, stream, fault):
        self.stream, self.fault, self.count = stream, fault, 0

    def receive_into(self, view):
        count = self.stream.receive_into(view)
        self.fault(self.count, view[:count])
        self.count += count
        return count

    def __getattr__(self, name):
        return getattr(self.stream, name)


def test_transfer_without_a_fault_passes(traffic_server):
    traffic.duplex(traffic.connect(traffic_server.port), 1, SIZE)
    traffic.answer_after_end(traffic.connect(traffic_server.port), 2, SIZE)
    traffic.send_after_end(traffic.connect(traffic_server.port), traffic_server, 3, SIZE)


def test_one_changed_bit_is_seen(traffic_server):
    def flip(before, view):
        if before <= MIB < before + len(view):
            view[MIB - before] ^= 1

    with pytest.raises(AssertionError, match="changed"):
        traffic.duplex(_Faulty(traffic.connect(traffic_server.port), flip), 1, SIZE)


def test_bytes_of_another_tunnel_are_seen():
    assert traffic.digest(1, SIZE) != traffic.digest(2, SIZE)
    swapped = [bytes(block) for block in traffic.blocks(1, SIZE)]
    swapped[0], swapped[1] = swapped[1], swapped[0]
    assert b"".join(swapped) != b"".join(bytes(block) for block in traffic.blocks(1, SIZE))


def test_lost_bytes_are_seen(traffic_server):
    stream = traffic.connect(traffic_server.port)
    timer = threading.Timer(0.05, traffic_server.drop_connections)
    timer.start()
    with pytest.raises((AssertionError, OSError)):
        traffic.duplex(stream, 1, 4096 * MIB)
    timer.join()


def test_lost_half_close_is_seen(traffic_server):
    stream = traffic.connect(traffic_server.port, seconds=1)
    stream.finish = lambda: None
    with pytest.raises(TimeoutError):
        traffic.answer_after_end(stream, 1, 1000)


def test_answer_and_silence_are_no_refusal(traffic_server):
    with pytest.raises(AssertionError, match="answered"):
        traffic.expect_refusal(traffic.connect(traffic_server.port))
    with contextlib.closing(traffic.TrafficServer()) as silent:
        silent._duplex = lambda *words: threading.Event().wait(2)
        with pytest.raises(TimeoutError):
            traffic.expect_refusal(traffic.connect(silent.port, seconds=0.3))


def test_process_left_behind_by_a_program_is_found_and_ended(lab):
    lab.programs.start(["sh", "-c", "sleep 61 & exec true"], "parent").wait(5)
    (left,) = lab.programs.left_behind(seconds=0)
    assert "sleep 61" in left
    assert not lab.programs.left_behind()


def test_status_of_a_program_is_as_a_shell_gives_it(lab):
    assert lab.programs.start(["sh", "-c", "exit 7"], "seven").wait(5) == 7
    assert lab.programs.start(["sh", "-c", "kill -KILL $$"], "killed").wait(5) == 137
