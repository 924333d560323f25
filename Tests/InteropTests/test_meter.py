"""The arithmetic of scripts/bench: what it says of numbers that are known. What it measures is not judged here."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Benchmarks"))

from meter import bars, throughput  # noqa: E402
from meter.accounting import processor_seconds, proportional_bytes  # noqa: E402
from meter.results import Results  # noqa: E402


def _costs(relay, sshd):
    """CPU seconds per GiB, round by round: those down, and twice as many up."""
    results = Results()
    for direction, factor in (("down", 1), ("up", 2)):
        what = throughput.key("aes256-gcm", "-L", throughput.ONE, direction, "server CPU s/GiB")
        for who, samples in (("ssh-relay", relay), ("ssh-sshd", sshd)):
            for sample in samples:
                results.add(what, who, sample * factor)
    return results


def _bar(results):
    return next(bar for bar in bars.evaluate(results) if bar.what == "CPU s/GiB, relay / sshd, aes256-gcm")


def test_a_ratio_is_one_of_medians_with_the_extremes_of_rounds():
    results = Results()
    for ours, theirs in ((1.0, 2.0), (9.0, 3.0), (2.0, 4.0)):
        results.add("what", "ours", ours)
        results.add("what", "theirs", theirs)
    ratio = results.ratio("what", "ours", "theirs")
    assert (ratio.value, ratio.low, ratio.high) == (pytest.approx(2 / 3), 0.5, 3.0)


@pytest.mark.parametrize("relay, verdict", [([0.6, 0.6, 0.6], "met"), ([0.7, 0.7, 0.7], "missed")])
def test_a_bar_is_met_or_missed_by_both_directions_together(relay, verdict):
    assert _bar(_costs(relay, [1.0, 1.0, 1.0])).verdict == verdict


def test_what_was_not_measured_is_neither_met_nor_missed():
    assert {bar.verdict for bar in bars.evaluate(Results())} == {"not measured"}


_BURN = """
import sys
sum(range(20_000_000))
block = bytearray(b"x" * (64 << 20))
print("burnt", flush=True)
sys.stdin.readline()
"""
_START = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {_BURN!r}])
print("ended", flush=True)
sys.stdin.readline()
"""


def test_the_time_and_memory_of_children_count(lab):
    """A program that only starts another one costs what that one costs, while it runs and after its end."""
    program = lab.programs.start([sys.executable, "-c", _START], "parent", pipes=True)
    assert program.process.stdout.readline() == b"burnt\n"
    while_it_runs = processor_seconds([program])
    assert while_it_runs > 0.1
    assert proportional_bytes([program]) > 64 << 20
    program.process.stdin.write(b"\n")
    assert program.process.stdout.readline() == b"ended\n"
    assert processor_seconds([program]) > 0.9 * while_it_runs
