"""RateLimit and ratelimit=, with real clients: the rate, who shares it, and what it does not break."""

import signal
import time

import pytest

from harness import traffic
from harness.lab import transfer
from harness.network import wait_until
from harness.settings import MIB

OURS = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay"])
STOCK = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
pytestmark = pytest.mark.ours_only("sshd has no rate limits")

# What a tunnel of this size takes at least at 2 MiB a second: the first eighth of a second goes at once.
RATE, SIZE = "2M", 3 * MIB
SLOWEST, FASTEST = 4.0, 1.3


def _rate(*pours, seconds=2.0):
    """Bytes per second of each over the same time, the bursts past."""
    time.sleep(0.5)
    seen, started = [pour.count for pour in pours], time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - started
    return [(pour.count - before) / elapsed for pour, before in zip(pours, seen)]


@OURS
@pytest.mark.parametrize("forward", ["local_forward", "remote_forward"])
def test_tunnel_goes_at_the_rate_of_its_account_both_ways_at_once(lab, client_kind, server_kind, forward):
    server = lab.server(server_kind, config=[f"RateLimit {RATE}"])
    _, port = getattr(lab, forward)(client_kind, server)
    assert FASTEST < transfer(traffic.connect(port), SIZE) < SLOWEST


@STOCK
def test_answer_to_a_half_closed_question_comes_whole(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=[f"RateLimit {RATE}"])
    _, port = lab.local_forward(client_kind, server)
    traffic.answer_after_end(traffic.connect(port), 3, MIB)


@STOCK
def test_connections_of_one_key_share_its_rate_and_another_key_has_its_own(lab, client_kind, server_kind):
    other = lab.keys.named("other")
    keys = f'ratelimit="{RATE}" {lab.keys.user.public}\n{other.public}\n'
    server = lab.server(server_kind, authorized_keys=keys)
    ports = [lab.local_forward(client_kind, server)[1] for _ in range(2)]
    _, free = lab.local_forward(client_kind, server, key=other)
    pours = [traffic.Pour(port) for port in ports]
    shares = _rate(*pours)
    assert 1.6 * MIB < sum(shares) < 2.4 * MIB
    assert max(shares) < 1.5 * min(shares)
    assert transfer(traffic.connect(free), 16 * MIB) < 6


@STOCK
def test_account_and_key_limits_both_hold(lab, client_kind, server_kind):
    keys = f'ratelimit="1M" {lab.keys.user.public}\n'
    server = lab.server(server_kind, config=["RateLimit 8M"], authorized_keys=keys)
    _, port = lab.local_forward(client_kind, server)
    (rate,) = _rate(traffic.Pour(port))
    assert 0.8 * MIB < rate < 1.2 * MIB


@STOCK
def test_channels_share_fairly_and_a_quiet_one_is_answered_soon(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=[f"RateLimit {RATE}"])
    _, port = lab.local_forward(client_kind, server)
    pours = [traffic.Pour(port) for _ in range(4)]
    shares = _rate(*pours)
    assert max(shares) < 1.5 * min(shares)
    waits = [transfer(traffic.connect(port), 64) for _ in range(10)]
    assert sorted(waits)[5] < 0.5


@STOCK
def test_running_tunnel_follows_the_rules_when_they_are_read_again(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    _, port = lab.local_forward(client_kind, server)
    pour = traffic.Pour(port)
    unlimited = server.config_path.read_text()
    (fast,) = _rate(pour)
    _reload(server, f"RateLimit {RATE}\n{unlimited}", 1)
    (slow,) = _rate(pour)
    assert 1.6 * MIB < slow < 2.6 * MIB < fast / 4
    _reload(server, unlimited, 2)
    (again,) = _rate(pour)
    assert again > 4 * slow


def _reload(server, text, count):
    server.config_path.write_text(text)
    server.program.signal(signal.SIGHUP)
    wait_until(lambda: server.log().count("The new configuration holds") >= count, 10, "the new rules")
    # What was under way goes on at the old rate until it has left.
    time.sleep(1)
