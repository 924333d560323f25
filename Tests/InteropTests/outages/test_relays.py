"""A device that is at two relays, and the accidents that happen to one of them."""

import os
import time

import pytest

from harness.network import wait_until
from harness.outages import HOST, RELAY_PORT, SECOND_HOST, Street

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="a router needs root")
RECORD = os.environ.get("OUTAGE_RECORD")
LENGTH = float(os.environ.get("OUTAGE_SECONDS", "15"))
PORT, ECHO = 9001, 9002
BOTH = f"HostName={HOST} {SECOND_HOST}"


def record(name, seconds):
    if RECORD:
        with open(RECORD, "a") as file:
            file.write(f"| {name} | {seconds:.1f} | | |\n")


@pytest.fixture
def street(lab):
    street = Street(lab)
    street.start_second_relay()
    return street


@pytest.fixture
def watches(street):
    return [street.watch(PORT, host) for host in (street.host, street.second_host)]


def both_there(watches):
    for watch in watches:
        wait_until(watch.successes, 30, "both tunnels")


def longest_gap(watch, start, end):
    """Between two connections through the tunnel that were answered, in seconds."""
    times = [start, *(time for time in watch.successes() if start <= time <= end), end]
    return max(after - before for before, after in zip(times, times[1:]))


def test_a_client_of_the_other_relay_notices_nothing(lab, street, watches):
    """One relay is killed and started again: an open tunnel through the other goes on, and so do new ones."""
    device = street.swssh(PORT, "-o", BOTH, "-o", "RelayMode=all", "-R", f"{ECHO}:localhost:8")
    both_there(watches)
    holder = street.hold_tunnel(street.second_host, ECHO)
    street.relay.kill()
    time.sleep(LENGTH)
    street.start_relay()
    back = time.monotonic()
    taken = watches[0].wait(back, 60)
    record("one of two relays killed: until it is used again", taken)
    assert taken < 3, device.log()
    gap = longest_gap(watches[1], back - LENGTH, back)
    record("one of two relays killed: longest gap at the other", gap)
    assert gap < 1, gap
    assert holder.running, "the open tunnel has ended"
    pause = max(map(float, holder.log().splitlines()))
    record("one of two relays killed: longest pause of an open tunnel at the other", pause)
    assert pause < 1
    log = device.log()
    assert log.count("Lost ") == 1 and f"Lost {HOST}:{RELAY_PORT}" in log, log


@pytest.mark.parametrize("accident", ["killed", "away"])
def test_the_next_relay_takes_the_place_of_one_that_is_lost(street, watches, accident):
    device = street.swssh(PORT, "-o", BOTH)
    wait_until(watches[0].successes, 30, "the tunnel")
    since = time.monotonic()
    if accident == "killed":
        street.relay.kill()
    else:
        street.unreachable()
    taken = watches[1].wait(since, 60)
    record(f"first of two relays {accident}: until the second is used", taken)
    assert taken < (3 if accident == "killed" else 15), device.log()


def test_relays_that_srv_records_name(street, watches):
    services = [f"_ssh._tcp.relays.test,{name}.test,{RELAY_PORT},{priority},5" for name, priority in (("one", 10), ("two", 20))]
    street.start_names(services, one=HOST, two=SECOND_HOST)
    device = street.swssh(PORT, "-o", "HostName=srv:_ssh._tcp.relays.test", "-o", "Port=1")
    wait_until(watches[0].successes, 30, "the tunnel at the relay of the least priority")
    assert not watches[1].successes()
    street.relay.kill()
    taken = watches[1].wait(time.monotonic(), 30)
    assert taken < 3, device.log()
    assert f"Connected to two.test:{RELAY_PORT} again" in device.log()


def test_a_name_server_that_is_away_at_the_start_ends_nothing(street, watches):
    services = [f"_ssh._tcp.relays.test,one.test,{RELAY_PORT},1,1"]
    street.start_names(services, one=HOST)
    street.names.pause()
    device = street.swssh(PORT, "-o", "HostName=srv:_ssh._tcp.relays.test")
    wait_until(lambda: "trying again until it answers" in device.log(), 60, "the news")
    street.names.resume()
    watches[0].wait(time.monotonic(), 60)
