"""Devices that all come back at once when the relay does."""

import os
import select
import signal
import time
from pathlib import Path

import pytest

from harness import settings
from harness.network import is_listening, wait_until
from harness.processes import processor_seconds

pytestmark = [
    pytest.mark.pairs(clients=["swssh"], servers=["relay"]),
    pytest.mark.ours_only("sshd drops at random"),
]

# Many more than MaxStartups begins to drop at. 9,000 are for a machine that does nothing else.
COUNT = int(os.environ.get("INTEROP_FLEET", 400))
# Whole clients, with all that comes with Reconnect; 1,000 of them with programs of a release build.
RETURNING = int(os.environ.get("INTEROP_RETURNING", 100))
RETURNING_SECONDS = int(os.environ.get("INTEROP_RETURNING_SECONDS", 10))
SECONDS = int(os.environ.get("INTEROP_FLEET_SECONDS", 120))


def test_no_device_of_a_returning_fleet_is_dropped(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["MaxStartups 100:30:1000", "PerSourcePenalties yes", "LoginGraceTime 30"])
    fleet = Fleet(lab, server, COUNT)
    fleet.wait_until_all_stand()
    _assert_all_were_served(server)
    server.kill()
    server.program = server.launch()
    wait_until(lambda: is_listening(server.port), 20, "the relay's return")
    began = time.monotonic()
    lost = fleet.wait_until_all_stand()
    # Some connect while the old relay's sockets are being closed, and find nobody: those are lost, too.
    print(f"{COUNT} devices were back {time.monotonic() - began:.1f} s after the listener's return; {lost} tries were lost")
    _assert_all_were_served(server)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_a_fleet_of_swssh_is_back_in_time(lab, client_kind, server_kind, end):
    """A relay that is stopped has its clients come back one after the other; one that is killed has them all at once."""
    server = lab.server(server_kind, config=["MaxStartups 100:30:1000", "PerSourcePenalties yes"])
    fleet = Fleet(lab, server, RETURNING, kind="returning")
    fleet.wait_until_all_stand()
    server.program.signal(end)
    server.program.wait(20)
    wait_until(lambda: not is_listening(server.port), 20, "the relay's end")
    server.program = server.launch()
    wait_until(lambda: is_listening(server.port), 20, "the relay's return")
    began = time.monotonic()
    lost = fleet.wait_until_all_stand()
    took, busy = time.monotonic() - began, processor_seconds(server.program.pid)
    print(f"{RETURNING} back {took:.1f} s after the listener's return; {lost} tries lost; the relay's CPU: {busy:.2f} s")
    assert took < RETURNING_SECONDS
    _assert_all_were_served(server, RETURNING)


def _assert_all_were_served(server, count=COUNT):
    """Nobody came whom the relay did not log in."""
    lines = server.log().splitlines()[1:]
    assert sum("Accepted publickey" in line for line in lines) == count
    refused = ("Maxstartups", "drop connection", "Timeout before", "[preauth]", "kex_exchange_identification")
    assert not [line for line in lines if any(words in line for words in refused)]


class Fleet:
    def __init__(self, lab, server, count, kind="fleet"):
        load = Path(settings.RELAY).parent / "ssh-load"
        words = [load, kind, "--port", server.port, "--user", server.user, "--key", lab.keys.user.path]
        self.program = lab.programs.start([*words, "--count", count], "fleet", pipes=True)

    def wait_until_all_stand(self):
        """How many connections ended before they were logged in."""
        output = self.program.process.stdout
        assert select.select([output], [], [], SECONDS)[0], f"after {SECONDS} s still not all devices stand"
        return int(output.readline().split()[1])
