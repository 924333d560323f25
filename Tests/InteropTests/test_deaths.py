"""Somebody dies in the middle of a transfer: the others live on, and nothing stays open."""

import os
import signal

import pytest

from harness import traffic
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import MIB

PAIRS = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay", "sshd"], needs="local remote")
CLOSED_SECONDS = 5
# ClientAliveInterval 1 with three tries, and a second of grace on either side.
KEEPALIVE = ["ClientAliveInterval 1", "ClientAliveCountMax 3"]
KEEPALIVE_SECONDS = 8


@PAIRS
def test_killed_device_leaves_the_others_running_and_frees_its_port(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    device, port = lab.remote_forward(client_kind, server)
    _, other_port = lab.remote_forward(client_kind, server)
    dying, living = traffic.Pour(port), traffic.Pour(other_port)
    device.kill()
    assert dying.ended.wait(CLOSED_SECONDS)
    wait_until(lambda: not is_listening(port), CLOSED_SECONDS, f"port {port} free")
    assert living.still_runs()
    lab.traffic.drop_connections()
    # The same port is there for the device's next connection.
    device = lab.client(client_kind, server, remote=[f"{port}:{lab.target}"])
    transfer(traffic.connect(port), MIB)


@PAIRS
def test_killed_laptop_leaves_the_others_running(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    _, device_port = lab.remote_forward(client_kind, server)
    laptop, port = _through(lab, client_kind, server, device_port)
    _, other_port = _through(lab, client_kind, server, device_port)
    dying, living = traffic.Pour(port), traffic.Pour(other_port)
    laptop.kill()
    assert dying.ended.wait(CLOSED_SECONDS)
    assert living.still_runs()
    wait_until(lambda: len(lab.traffic.connections) == 1, CLOSED_SECONDS, "the dead laptop's connection closed")


def _through(lab, client_kind, server, port):
    """A client whose -L ends at a port of the server's own host."""
    local = free_port()
    return lab.client(client_kind, server, local=[f"{local}:localhost:{port}"]), local


@PAIRS
def test_killed_server_ends_its_clients_with_255_and_no_others(lab, client_kind, server_kind):
    server, other_server = lab.server(server_kind), lab.server(server_kind)
    device, port = lab.remote_forward(client_kind, server)
    laptop, local_port = lab.local_forward(client_kind, server)
    _, other_port = lab.remote_forward(client_kind, other_server)
    dying, dying_local, living = traffic.Pour(port), traffic.Pour(local_port), traffic.Pour(other_port)
    server.kill()
    assert device.wait(CLOSED_SECONDS) == 255
    assert laptop.wait(CLOSED_SECONDS) == 255
    assert dying.ended.wait(CLOSED_SECONDS) and dying_local.ended.wait(CLOSED_SECONDS)
    assert living.still_runs()
    wait_until(lambda: len(lab.traffic.connections) == 1, CLOSED_SECONDS, "the dead server's connections closed")


@PAIRS
def test_server_closes_a_silent_client_within_the_keepalive_time(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=KEEPALIVE)
    device, port = lab.remote_forward(client_kind, server)
    _, other_port = lab.remote_forward(client_kind, server)
    living = traffic.Pour(other_port)
    device.program.signal_tree(signal.SIGSTOP)
    wait_until(lambda: not is_listening(port), KEEPALIVE_SECONDS, f"port {port} of a stopped client closed")
    assert living.still_runs()


@PAIRS
@pytest.mark.parametrize("count", [3, 0])
def test_client_leaves_a_silent_server_within_the_keepalive_time(lab, client_kind, server_kind, count):
    server = lab.server(server_kind)
    options = ["-o", "ServerAliveInterval=1", "-o", f"ServerAliveCountMax={count}"]
    client, _ = lab.local_forward(client_kind, server, options=options)
    server.pause()
    assert client.wait(KEEPALIVE_SECONDS) == 255
    assert client.log().strip(), "the client says why"


@PAIRS
def test_keepalives_leave_a_living_idle_connection_alone(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["ClientAliveInterval 1", "ClientAliveCountMax 1"])
    options = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=1"]
    client, port = lab.local_forward(client_kind, server, options=options)
    with pytest.raises(TimeoutError):
        wait_until(lambda: not client.program.running, 5, "the client ended")
    transfer(traffic.connect(port), MIB)


@pytest.mark.pairs(clients=["swssh"], servers=["relay", "sshd"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=["TERM", "INT", "HUP"])
def test_client_told_to_end_goes_at_once(lab, client_kind, server_kind, number):
    server = lab.server(server_kind)
    client, port = lab.local_forward(client_kind, server)
    pour = traffic.Pour(port)
    client.program.signal(number)
    # As in ssh: who asks for no session may be told to end.
    assert client.wait(CLOSED_SECONDS) == (0 if number == signal.SIGTERM else 255)
    assert pour.ended.wait(CLOSED_SECONDS)


@pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay"])
def test_client_in_the_background_of_a_script_outlives_an_interrupt(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        client, port = lab.local_forward(client_kind, server)
    finally:
        signal.signal(signal.SIGINT, before)
    client.program.signal(signal.SIGINT)
    with pytest.raises(TimeoutError):
        wait_until(lambda: not client.program.running, 1, "the client ended")
    transfer(traffic.connect(port), MIB)


@pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay"])
def test_client_without_standard_input_takes_nothing_else_for_it(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    client, port = lab.local_forward(client_kind, server)
    client.kill()
    wait_until(lambda: not is_listening(port), CLOSED_SECONDS, f"port {port} free")
    closed = ["/bin/sh", "-c", 'exec "$0" "$@" <&-', *client.program.arguments]
    program = lab.programs.start(closed, client_kind, environment=client.environment())
    wait_until(lambda: is_listening(port), CLOSED_SECONDS, f"port {port} open")
    assert os.readlink(f"/proc/{program.pid}/fd/0") == "/dev/null"
    transfer(traffic.connect(port), MIB)


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
def test_server_told_to_end_removes_its_pid_file(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    pid_file = server.directory / "pid"
    # It listens first.
    wait_until(lambda: pid_file.exists() and pid_file.read_text(), 5, "the pid file")
    assert pid_file.read_text().strip() == str(server.program.pid)
    server.program.signal(signal.SIGTERM)
    server.program.wait(CLOSED_SECONDS)
    assert not pid_file.exists()
    assert not is_listening(server.port)
