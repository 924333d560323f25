"""`Reconnect yes`: forwards that come back by themselves, whatever became of the server, the network or the login meanwhile."""

import os
import signal
import socket
import time

import pytest

from harness import traffic
from harness.keys import KeyPair
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB

SERVERS = pytest.mark.parametrize("server_kind", ["relay", "sshd"])
RECONNECT = ("-o", "Reconnect=yes")


def reconnecting(lab, server, options=(), **forwards):
    return lab.client("swssh", server, options=[*RECONNECT, *options], **forwards)


def restart(lab, server, **options):
    """The same server again, on the same port and with the same keys."""
    keys = server.authorized_keys.read_text()
    server.kill()
    wait_until(lambda: not is_listening(server.port), 10, "the server's end")
    return lab.server(server.kind, port=server.port, authorized_keys=keys, **options)


def held(port):
    """Somebody else listens there, in both families."""
    return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)


@SERVERS
def test_both_kinds_of_forwards_come_back_after_the_server(lab, server_kind):
    server = lab.server(server_kind)
    ports = free_port(), free_port()
    client = reconnecting(
        lab, server, remote=[f"{ports[0]}:{lab.target}"], local=[f"{ports[1]}:{lab.target}"]
    )
    for round in range(2):
        for port in ports:
            transfer(traffic.connect(port), MIB, seed=round)
        server = restart(lab, server)
        started = time.monotonic()
        wait_until(lambda: is_listening(ports[0]), 10, "the listener")
        assert time.monotonic() - started < 3
    for port in ports:
        transfer(traffic.connect(port), MIB, seed=7)
    lines = client.log().splitlines()
    name = f"{LOOPBACK}:{server.port}"
    assert sum(line.startswith(f"Lost {name}: ") for line in lines) == 2, client.log()
    assert sum(line.startswith(f"Connected to {name} again after ") for line in lines) == 2, client.log()


def test_the_program_ends_with_a_signal_at_any_time(lab):
    server = lab.server("relay")
    client = reconnecting(lab, server, remote=[f"{free_port()}:{lab.target}"])
    client.program.signal(signal.SIGTERM)
    assert client.wait(5) == 0
    client = reconnecting(lab, server, remote=[f"{free_port()}:{lab.target}"])
    server.kill()
    wait_until(lambda: "Lost " in client.log(), 10, "the news")
    client.program.signal(signal.SIGTERM)
    assert client.wait(5) == 0


def test_it_starts_before_its_server(lab):
    server = lab.server("relay")
    server.kill()
    port = free_port()
    client = reconnecting(lab, server, remote=[f"{port}:{lab.target}"], wait=False)
    wait_until(lambda: "trying again" in client.log(), 10, "a try that fails")
    restart(lab, server)
    wait_until(lambda: is_listening(port), 10, "the listener")
    transfer(traffic.connect(port), MIB)


def test_who_connects_between_two_connections_is_served_by_the_next(lab):
    server = lab.server("relay")
    port = free_port()
    client = reconnecting(lab, server, local=[f"{port}:{lab.target}"])
    transfer(traffic.connect(port), MIB)
    server.kill()
    wait_until(lambda: "Lost " in client.log(), 10, "the news")
    assert is_listening(port)
    waiting = [traffic.connect(port) for _ in range(3)]
    restart(lab, server)
    for number, stream in enumerate(waiting):
        transfer(stream, MIB, seed=number)


def test_who_connects_waits_no_longer_than_reconnect_hold(lab):
    server = lab.server("relay")
    port = free_port()
    client = reconnecting(lab, server, ["-o", "ReconnectHold=1"], local=[f"{port}:{lab.target}"])
    transfer(traffic.connect(port), MIB)
    server.kill()
    wait_until(lambda: "Lost " in client.log(), 10, "the news")
    with socket.create_connection((LOOPBACK, port)) as waiting:
        started = time.monotonic()
        waiting.settimeout(10)
        try:
            assert waiting.recv(1) == b""
        except ConnectionResetError:
            pass
        assert 0.5 < time.monotonic() - started < 3


def test_a_tunnel_that_was_open_ends_at_once(lab):
    """And nothing of it comes out of another one."""
    server = lab.server("relay")
    port = free_port()
    client = reconnecting(lab, server, local=[f"{port}:{lab.target}"])
    with socket.create_connection((LOOPBACK, port)) as tunnel:
        tunnel.sendall(b"POUR 1 1\n")
        tunnel.settimeout(10)
        assert tunnel.recv(1)
        server.kill()
        wait_until(lambda: "Lost " in client.log(), 10, "the news")
        started = time.monotonic()
        try:
            while tunnel.recv(1 << 20):
                pass
        except ConnectionResetError:
            pass
        assert time.monotonic() - started < 2


def test_a_port_that_is_taken_is_asked_for_until_it_is_free(lab):
    server = lab.server("relay")
    taken, free = free_port(), free_port()
    with held(taken):
        client = reconnecting(
            lab, server, remote=[f"{taken}:{lab.target}", f"{free}:{lab.target}"], wait=False
        )
        wait_until(lambda: is_listening(free), 10, "the other listener")
        wait_until(lambda: "refused to listen" in client.log(), 10, "the warning")
        time.sleep(2.5)
        # The other one has no harm of it.
        transfer(traffic.connect(free), MIB)
    wait_until(lambda: "stands now" in client.log(), 10, "the listener")
    transfer(traffic.connect(taken), MIB)
    assert client.log().count("refused to listen") == 1, client.log()


def test_the_port_that_the_server_chose_stays(lab):
    server = lab.server("relay")
    client = reconnecting(lab, server, remote=[f"0:{lab.target}"])
    [port] = client.allocated_ports()
    transfer(traffic.connect(port), MIB)
    restart(lab, server)
    wait_until(lambda: is_listening(port), 10, "the same port")
    transfer(traffic.connect(port), MIB)


def test_a_key_that_is_withdrawn_and_given_again(lab):
    server = lab.server("relay")
    port = free_port()
    client = reconnecting(lab, server, remote=[f"{port}:{lab.target}"])
    keys = server.authorized_keys.read_text()
    server.authorized_keys.write_text(KeyPair(server.directory / "other").public + "\n")
    wait_until(lambda: "Permission denied" in client.log(), 30, "the refusal")
    time.sleep(3)
    # What fails in the same way again is not said again.
    assert client.log().count("Permission denied") == 1, client.log()
    server.authorized_keys.write_text(keys)
    wait_until(lambda: is_listening(port), 60, "the listener")


def test_another_host_in_its_place_gets_nothing_until_the_right_one_is_back(lab):
    server = lab.server("relay")
    port = free_port()
    client = reconnecting(lab, server, remote=[f"{port}:{lab.target}"])
    impostor = restart(lab, server, host_key=KeyPair(server.directory / "impostor"))
    wait_until(lambda: "Host key verification failed" in client.log(), 20, "the alarm")
    assert "has changed" in client.log()
    assert client.program.running and not is_listening(port)
    restart(lab, impostor)
    wait_until(lambda: is_listening(port), 60, "the listener")


def test_a_local_port_that_is_taken_ends_it_only_with_exit_on_forward_failure(lab):
    server = lab.server("relay")
    port = free_port()
    with held(port):
        client = reconnecting(lab, server, local=[f"{port}:{lab.target}"], wait=False)
        assert client.wait() == 255
        options = ["-o", "ExitOnForwardFailure=no"]
        client = reconnecting(lab, server, options, local=[f"{port}:{lab.target}"], wait=False)
        wait_until(lambda: "asking again" in client.log(), 10, "the warning")
    wait_until(lambda: is_listening(port), 20, "the listener")
    transfer(traffic.connect(port), MIB)


def test_a_service_comes_back_without_being_told(lab):
    """systemd says which process it started."""
    server = lab.server("relay")
    port = free_port()
    client = lab.client("swssh", server, remote=[f"{port}:{lab.target}"], wait=False)
    client.stop()
    arguments = client.program.arguments
    program = lab.programs.start(
        ["sh", "-c", 'SYSTEMD_EXEC_PID=$$ exec "$@"', "sh", *arguments], "service", environment=client.environment()
    )
    wait_until(lambda: is_listening(port), 20, "the listener")
    restart(lab, server)
    wait_until(lambda: is_listening(port), 20, "the listener")
    assert program.running
    os.kill(program.pid, signal.SIGTERM)
    assert program.wait(5) == 0
