"""Limits against abuse and idleness, with real clients."""

import resource
import signal
import socket
import time

import pytest

from harness import deeds, traffic
from harness.attacks import Insider
from harness.lab import transfer
from harness.network import wait_until
from harness.processes import processor_seconds
from harness.settings import LOOPBACK, MIB

STOCK = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
pytestmark = pytest.mark.ours_only("sshd 9.2 has no penalties and no timeouts of this kind")


def _greeting(server):
    with socket.create_connection((LOOPBACK, server.port), timeout=5) as connection:
        return connection.recv(100)


@STOCK
def test_source_that_fails_to_log_in_is_not_served_for_a_while(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["PerSourcePenalties authfail:5s min:6s noauth:0"])
    stranger = lab.keys.named("stranger")
    for _ in range(2):
        assert lab.client(client_kind, server, key=stranger, wait=False).wait() == 255
    wait_until(lambda: _greeting(server).startswith(b"Not allowed at this time"), 3, "the penalty")
    server.wait_for_log(lambda line: "drop connection" in line and "penalty: failed authentication" in line)
    wait_until(lambda: _greeting(server).startswith(b"SSH-2.0-"), 15, "the end of the penalty")


@STOCK
def test_refused_client_is_told_why(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["PerSourcePenalties authfail:1m min:1s"])
    assert lab.client(client_kind, server, key=lab.keys.named("stranger"), wait=False).wait() == 255
    wait_until(lambda: _greeting(server).startswith(b"Not allowed at this time\r\n"), 3, "the penalty")
    refused = lab.client(client_kind, server, wait=False)
    assert refused.wait() == 255
    assert "Not allowed at this time: penalty: failed authentication" in refused.log()


@STOCK
def test_good_neighbours_of_a_penalised_device_are_slowed_and_not_refused(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["PerSourcePenalties authfail:30s min:1s"])
    wrong = [lab.keys.named("stranger")]
    assert lab.logs_in(client_kind, server)
    for _ in range(12):
        assert deeds.ssh(lab, server, keys=wrong) == 255
        assert lab.logs_in(client_kind, server), "the neighbour was refused"
    assert "penalty" not in server.log()
    # From where nobody ever logged in, one failure is enough here.
    stranger = ["-b", "127.0.0.2"]
    assert deeds.ssh(lab, server, *stranger, keys=wrong) == 255
    assert deeds.ssh(lab, server, *stranger) == 255
    server.wait_for_log(lambda line: "drop connection" in line and "from [127.0.0.2]" in line and "penalty" in line)


@STOCK
def test_successful_logins_earn_no_penalty(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["PerSourcePenalties authfail:1m noauth:1m min:1s"])
    for _ in range(3):
        client, port = lab.local_forward(client_kind, server)
        transfer(traffic.connect(port), 1000)
        client.stop()


@STOCK
def test_refused_connections_are_told_so(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=[f"Match Address {LOOPBACK}", "RefuseConnection yes", "Match all"])
    assert _greeting(server).startswith(b"Not allowed at this time")


@STOCK
@pytest.mark.parametrize("rule", ["direct-tcpip=2", "*=2", "global=2"])
def test_silent_tunnel_is_closed_and_a_busy_one_is_not(lab, client_kind, server_kind, rule):
    server = lab.server(server_kind, config=[f"ChannelTimeout {rule}"])
    client, port = lab.local_forward(client_kind, server)
    silent = traffic.connect(port)
    pour = traffic.Pour(port) if rule != "global=2" else None
    started = time.monotonic()
    silent.connection.settimeout(10)
    if pour:
        assert silent.receive_into(memoryview(bytearray(1))) == 0
        assert 1 <= time.monotonic() - started < 6
        assert pour.still_runs()
    else:
        assert silent.receive_into(memoryview(bytearray(1))) == 0
    assert client.program.running


@STOCK
def test_other_channel_types_are_left_alone(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["ChannelTimeout direct-tcpip=1"])
    _, port = lab.remote_forward(client_kind, server)
    stream = traffic.connect(port)
    time.sleep(2.5)
    transfer(stream, MIB)


@STOCK
def test_connection_without_channels_ends_although_it_listens(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["UnusedConnectionTimeout 2"])
    device, port = lab.remote_forward(client_kind, server)
    pour = traffic.Pour(port)
    time.sleep(2.5)
    assert device.program.running and pour.still_runs()
    lab.traffic.drop_connections()
    assert device.wait(6) == 255
    server.wait_for_log(lambda line: "terminating inactive connection" in line)


@STOCK
def test_running_tunnel_gets_the_timeout_of_rules_that_are_read_again(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    client, port = lab.local_forward(client_kind, server)
    silent = traffic.connect(port)
    pour = traffic.Pour(port)
    server.config_path.write_text("ChannelTimeout direct-tcpip=2\n" + server.config_path.read_text())
    server.program.signal(signal.SIGHUP)
    silent.connection.settimeout(10)
    assert silent.receive_into(memoryview(bytearray(1))) == 0
    assert pour.still_runs() and client.program.running


@STOCK
def test_session_that_asks_for_nothing_is_closed(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["ChannelTimeout session=1"])
    peer = Insider(server, lab.keys.user)
    session = peer.transport.open_session()
    wait_until(lambda: session.closed, 5, "the end of the silent session")
    assert peer.transport.is_active()
    peer.close()


@pytest.mark.pairs(clients=["swssh"], servers=["relay"])
@pytest.mark.parametrize("listener", ["client", "server"])
def test_listener_without_descriptors_waits_and_does_not_spin(lab, client_kind, server_kind, listener):
    server = lab.server(server_kind)
    client, port = (lab.local_forward if listener == "client" else lab.remote_forward)(client_kind, server)
    program = client.program if listener == "client" else server.program
    _, most = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (48, most))
    waiting = [socket.create_connection((LOOPBACK, port)) for _ in range(64)]
    time.sleep(0.5)
    before = processor_seconds(program.pid)
    time.sleep(2)
    assert processor_seconds(program.pid) - before < 0.5
    for connection in waiting:
        connection.close()
    resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (most, most))
    transfer(traffic.connect(port), MIB)
