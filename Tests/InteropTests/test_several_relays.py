"""`HostName a b`: several relays for one host. One takes another's place, or all are held at once."""

import time

import pytest

from harness import settings, traffic
from harness.keys import KeyPair
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB

pytestmark = pytest.mark.skipif(not settings.SWSSH, reason="ours only: HostName of ssh is one name")
SERVERS = pytest.mark.parametrize("server_kind", ["relay", "sshd"])


def client_of(lab, servers, options=("-o", "Reconnect=yes"), known=None, **forwards):
    """A client with all of them behind HostName."""
    file = lab.new_directory("known") / "known_hosts"
    file.write_text("".join((server.known_hosts if server.known_hosts.endswith("\n") else server.known_hosts + "\n") for server in known or servers))
    names = " ".join(f"[{LOOPBACK}]:{server.port}" for server in servers)
    words = ["-o", f"HostName={names}", "-o", f"UserKnownHostsFile={file}", *options]
    return lab.client("swssh", servers[0], options=words, **forwards)


def restart(lab, server, **options):
    return lab.server(server.kind, port=server.port, authorized_keys=server.authorized_keys.read_text(), **options)


@SERVERS
def test_the_next_takes_the_place_of_one_that_is_lost_and_keeps_it(lab, server_kind):
    servers = [lab.server(server_kind), lab.server(server_kind)]
    remote, local = free_port(), free_port()
    client = client_of(lab, servers, remote=[f"{remote}:{lab.target}"], local=[f"{local}:{lab.target}"])
    for lost, next_one in ((0, 1), (1, 0)):
        count = client.log().count("Connected to ")
        servers[lost].kill()
        started = time.monotonic()
        wait_until(lambda: client.log().count("Connected to ") > count, 10, "the next one")
        wait_until(lambda: is_listening(remote), 10, "the listener")
        assert time.monotonic() - started < 3, client.log()
        for port in (remote, local):
            transfer(traffic.connect(port), MIB)
        lines = client.log().splitlines()
        assert any(line.startswith(f"Lost {LOOPBACK}:{servers[lost].port}: ") for line in lines), lines
        assert any(line.startswith(f"Connected to {LOOPBACK}:{servers[next_one].port} again") for line in lines), lines
        servers[lost] = restart(lab, servers[lost])
        # It stays with the one that works.
        time.sleep(1.5)
        assert client.log().count("Connected to ") == count + 1, client.log()


@pytest.mark.parametrize("reconnect", ["yes", "no"])
def test_one_that_is_away_from_the_beginning_is_passed_over(lab, reconnect):
    servers = [lab.server("relay"), lab.server("relay")]
    servers[0].kill()
    wait_until(lambda: not is_listening(servers[0].port), 10, "the end of the first")
    port = free_port()
    started = time.monotonic()
    client = client_of(lab, servers, ["-o", f"Reconnect={reconnect}"], remote=[f"{port}:{lab.target}"])
    assert time.monotonic() - started < 4
    transfer(traffic.connect(port), MIB)
    assert "trying the next host" in client.log()


@pytest.mark.parametrize("reconnect", ["yes", "no"])
def test_one_that_takes_connections_and_keeps_silent_is_passed_over(lab, reconnect):
    servers = [lab.server("relay"), lab.server("relay")]
    servers[0].pause()
    port = free_port()
    words = ["-o", f"Reconnect={reconnect}"] + (["-o", "ConnectTimeout=3"] if reconnect == "no" else [])
    started = time.monotonic()
    client_of(lab, servers, words, remote=[f"{port}:{lab.target}"])
    assert time.monotonic() - started < 14
    transfer(traffic.connect(port), MIB)


def test_every_host_is_known_by_its_own_name(lab):
    """The second one shows a key that is not the one under its name: nothing is forwarded there, and the first is used again."""
    servers = [lab.server("relay"), lab.server("relay", host_key=KeyPair(lab.directory / "other"))]
    known = [servers[0], lab.server("relay")]
    port = free_port()
    client = client_of(lab, servers, remote=[f"{port}:{lab.target}"], known=known)
    servers[0].kill()
    wait_until(lambda: "Host key verification failed" in client.log(), 20, "the alarm")
    assert client.program.running and not is_listening(port)
    restart(lab, servers[0])
    wait_until(lambda: is_listening(port), 20, "the listener")
    transfer(traffic.connect(port), MIB)


def test_with_relay_mode_all_local_listeners_change_over_at_once(lab):
    servers = [lab.server("relay"), lab.server("relay")]
    port = free_port()
    options = ["-o", "Reconnect=yes", "-o", "RelayMode=all", "-o", "LogLevel=verbose"]
    client = client_of(lab, servers, options, local=[f"{port}:{lab.target}"])
    for number in range(3):
        wait_until(lambda: client.log().count("All forwards stand at ") == number + 2, 20, "both connections")
        transfer(traffic.connect(port), MIB)
        lost = number % 2
        servers[lost].kill()
        started = time.monotonic()
        transfer(traffic.connect(port), MIB)
        assert time.monotonic() - started < 2
        wait_until(lambda: f"Lost {LOOPBACK}:{servers[lost].port}: " in client.log(), 10, "the news")
        servers[lost] = restart(lab, servers[lost])
