"""What happens between a device and its relay in the course of the years. The tunnel is back by itself, soon after its way is.

OUTAGE_SECONDS=40 makes the accidents last longer, and OUTAGE_RECORD=FILE writes down how long each of three programs took: swssh,
autossh with ssh, and ssh in a loop.
"""

import os
import signal
import time

import pytest

from harness.network import wait_until
from harness.outages import Street

LENGTH = float(os.environ.get("OUTAGE_SECONDS", "15"))
RECORD = os.environ.get("OUTAGE_RECORD")
KEEPERS = {"swssh": 9001, "autossh": 9002, "loop": 9003} if RECORD else {"swssh": 9001}

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="a router needs root")


class Outage:
    """One accident, seen by each program that keeps a tunnel."""

    def __init__(self, lab, name):
        self.name = name
        self.street = Street(lab)
        self.keepers = {kind: getattr(self.street, kind)(port) for kind, port in KEEPERS.items()}
        self.watches = {kind: self.street.watch(port) for kind, port in KEEPERS.items()}
        for watch in self.watches.values():
            wait_until(watch.successes, 30, "the tunnel")
        # Long enough to count as a connection.
        time.sleep(6)

    def is_over(self, seconds, since=None):
        """The way is there again: how long until the tunnel is, in seconds; ours within so many."""
        back = since or time.monotonic()
        times = {kind: watch.wait(back, 120) for kind, watch in self.watches.items()}
        if RECORD:
            with open(RECORD, "a") as record:
                cells = " | ".join(f"{taken:.1f}" for taken in times.values())
                record.write(f"| {self.name} | {cells} |\n")
        assert times["swssh"] <= seconds, f"{times}\n{self.log()}"
        log = self.log()
        assert log.count("Lost ") <= 1 and log.count(" again after ") == log.count("Lost "), log

    def log(self):
        return self.keepers["swssh"].log()


def test_the_link_is_down(lab):
    outage = Outage(lab, "link down")
    outage.street.cable_out()
    time.sleep(LENGTH)
    outage.street.cable_in()
    outage.is_over(3)


def test_the_device_gets_another_address(lab):
    outage = Outage(lab, "address changed")
    outage.street.change_address()
    # The relay has to find the old address dead.
    outage.is_over(5)


def test_the_router_restarts_and_has_forgotten_its_flows(lab):
    outage = Outage(lab, "router restarted, its state lost")
    outage.street.router_is_gone()
    time.sleep(LENGTH)
    outage.street.router_is_back()
    outage.is_over(5)


@pytest.mark.parametrize("direction", ["out", "in"])
def test_packets_vanish_in_one_direction(lab, direction):
    outage = Outage(lab, f"packets vanish on their way {direction}")
    outage.street.drop(direction)
    time.sleep(LENGTH)
    outage.street.let_through()
    outage.is_over(5)


def test_a_way_that_eats_this_connection_alone_is_replaced_within_fifteen_seconds(lab):
    """As where a router has forgotten a flow and says nothing: the way is there for a new connection all the time."""
    outage = Outage(lab, "this flow alone vanishes")
    since = time.monotonic()
    outage.street.lose_flows()
    # A connection of the prober that begins right now may still be one that comes too late.
    outage.is_over(16, since + 0.6)


def test_the_relay_restarts(lab):
    outage = Outage(lab, "relay restarted")
    outage.street.relay.signal(signal.SIGTERM)
    outage.street.relay.wait(20)
    outage.street.start_relay()
    outage.is_over(3)


def test_the_relay_is_killed_and_stays_away(lab):
    outage = Outage(lab, "relay killed")
    outage.street.relay.kill()
    time.sleep(LENGTH)
    outage.street.start_relay()
    outage.is_over(3)


def test_the_relays_host_is_away(lab):
    outage = Outage(lab, "relay's host away")
    outage.street.unreachable()
    time.sleep(LENGTH)
    outage.street.reachable()
    outage.is_over(5)


def test_the_program_is_suspended(lab):
    outage = Outage(lab, "process suspended")
    for keeper in outage.keepers.values():
        keeper.signal_tree(signal.SIGSTOP)
    time.sleep(LENGTH)
    for keeper in outage.keepers.values():
        keeper.signal_tree(signal.SIGCONT)
    outage.is_over(5)
