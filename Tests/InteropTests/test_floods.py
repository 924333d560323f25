"""Honest logins while somebody keeps the relay busy with connections that never log in. The limits are the relay's own."""

import concurrent.futures
import subprocess
import sys
from pathlib import Path

import pytest

from harness import settings
from harness.deeds import ssh_arguments
from harness.namespace import Namespace
from harness.network import wait_until
from harness.servers import Relay
from harness.settings import LOOPBACK

pytestmark = [
    pytest.mark.pairs(clients=["ssh"], servers=["relay"]),
    pytest.mark.ours_only("sshd drops at random"),
]

LOGINS = 100
# What the server has without these lines; the harness would have it take more.
DEFAULTS = ["MaxStartups 100:30:1000", "PerSourcePenalties yes", "LoginGraceTime 30"]
# Beyond the last of MaxStartups before the logins begin.
AT_ONCE = 1100
RATE = 60
PEERS = Path(settings.__file__).parent / "peers"


class _Elsewhere(Relay):
    """The relay in a network of its own."""

    def __init__(self, lab, namespace, **options):
        self.namespace = namespace
        super().__init__(lab, **options)

    def command(self):
        return self.namespace.command(settings.RELAY)

    def _wait_until_ready(self):
        wait_until(lambda: "Server listening on" in self.log(), 20, "the relay's listener")


def _flood(lab, host, port, sources, command=list):
    script = PEERS / "silent_flood.py"
    words = command([sys.executable, script, host, port, RATE, AT_ONCE, *sources])
    flood = lab.programs.start(words, "flood")
    wait_until(lambda: "ready" in flood.log(), 60, "the flood")
    return flood


def _logins(lab, server, command=list):
    """How many of so many logins succeed, four at a time."""
    words = command(ssh_arguments(lab, server, "-o", "ConnectTimeout=15"))

    def log_in(_):
        done = subprocess.run(
            words, env={"HOME": str(lab.directory)}, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
        )
        # Who has logged in is told that there is no shell, with status 1.
        return done.returncode == 1, done.stderr.decode()

    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        failures = [said for succeeded, said in threads.map(log_in, range(LOGINS)) if not succeeded]
    return LOGINS - len(failures), failures[:3]


def _assert_throttled(server, flood):
    """The relay lets no more of the flood in than MaxStartups says, and says so in a few lines."""
    assert flood.running
    server.wait_for_log(lambda line: "beginning MaxStartups throttling" in line, 20)
    assert sum("drop connection" in line and "Maxstartups" in line for line in server.log().splitlines()) < 20


def test_logins_succeed_while_one_ipv6_network_holds_silent_connections(lab, client_kind, server_kind):
    namespace = Namespace(lab, networks=["2001:db8:1::/64"])
    server = _Elsewhere(lab, namespace, config=["ListenAddress ::1", *DEFAULTS])
    flood = _flood(lab, "::1", server.port, ["2001:db8:1::/64"], lambda words: namespace.command(*words))
    succeeded, failures = _logins(lab, server, command=lambda words: namespace.command(*words))
    assert succeeded >= LOGINS - 1, failures
    _assert_throttled(server, flood)


def test_logins_succeed_while_500_addresses_hold_silent_connections(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=DEFAULTS)
    flood = _flood(lab, LOOPBACK, server.port, [f"127.9.{number // 250}.{1 + number % 250}" for number in range(500)])
    succeeded, failures = _logins(lab, server)
    assert succeeded >= LOGINS - 1, failures
    _assert_throttled(server, flood)


def test_logins_succeed_while_somebody_behind_the_same_address_holds_silent_connections(
    lab, client_kind, server_kind
):
    server = lab.server(server_kind, config=DEFAULTS)
    flood = _flood(lab, LOOPBACK, server.port, [LOOPBACK])
    succeeded, failures = _logins(lab, server)
    assert succeeded >= LOGINS * 9 // 10, failures
    _assert_throttled(server, flood)
