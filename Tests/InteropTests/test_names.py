"""Devices that are reached by name: registered with -R, opened with -W, -L, -D and -J, without a socket in between."""

import contextlib
import json
import signal
import socket
import subprocess
import time

import pytest

from harness import settings, socks, traffic
from harness.fleet import Fleet, NAMES
from harness.lab import transfer
from harness.network import free_port, wait_until
from harness.settings import LOOPBACK, MIB, program
from harness.streams import PipeStream

pytestmark = pytest.mark.ours_only("sshd has no names")


def refused(local):
    """Whether a connection to a local forward is closed without a byte, and how long that took."""
    began = time.monotonic()
    with socket.create_connection((LOOPBACK, local), 20) as connection:
        connection.settimeout(20)
        try:
            data = connection.recv(1)
        except ConnectionResetError:
            data = b""
    return data == b"", time.monotonic() - began


DEVICES = pytest.mark.parametrize("device_kind", ["ssh", "swssh", "dbclient", "plink", "paramiko", "asyncssh"])


@DEVICES
def test_every_client_can_have_a_name_and_be_called_by_it(lab, device_kind):
    fleet = Fleet(lab)
    fleet.device(device_kind)
    _, local = fleet.laptop("ssh")
    transfer(traffic.connect(local), MIB)
    traffic.answer_after_end(traffic.connect(local), 2, MIB)


@pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
def test_bytes_and_ends_pass_both_ways(lab, client_kind):
    fleet = Fleet(lab)
    fleet.device(client_kind)
    _, local = fleet.laptop(client_kind)
    transfer(traffic.connect(local), 16 * MIB)
    traffic.answer_after_end(traffic.connect(local), 2, MIB)
    traffic.send_after_end(traffic.connect(local), lab.traffic, 3, MIB)


@pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
def test_a_name_is_reached_through_every_forward(lab, client_kind):
    """-W, and -D with the name as the target of SOCKS."""
    fleet = Fleet(lab)
    fleet.device(client_kind)
    transfer(PipeStream(lab.client(client_kind, fleet.server, stdio="nuc:22").program.process), MIB)
    dynamic = free_port()
    lab.client(client_kind, fleet.server, dynamic=[dynamic])
    transfer(socks.connect(5, dynamic, "nuc", 22), MIB)


def test_a_shell_on_a_device_by_name(lab):
    """ssh -J relay nuc, to a real sshd that nobody can reach otherwise."""
    fleet = Fleet(lab)
    inner = lab.server("sshd")
    fleet.device("ssh", target=f"{LOOPBACK}:{inner.port}")
    configuration = lab.new_directory("laptop") / "config"
    configuration.write_text(
        f"""Host relay
    HostName {LOOPBACK}
    Port {fleet.server.port}
    HostKeyAlias relay
Host nuc
    ProxyJump relay
    HostKeyAlias nuc
Host *
    User {settings.USER}
    IdentityFile {lab.keys.user.path}
    IdentitiesOnly yes
    BatchMode yes
    StrictHostKeyChecking yes
    UserKnownHostsFile {configuration.parent}/known_hosts
"""
    )
    (configuration.parent / "known_hosts").write_text(
        f"relay {fleet.server.host_key.public}\nnuc {inner.host_key.public}\n"
    )
    done = subprocess.run(
        [program("ssh"), "-F", configuration, "nuc", "echo $((6 * 7))"], capture_output=True, text=True, timeout=30
    )
    assert (done.stdout, done.returncode) == ("42\n", 0), done.stderr


def test_names_have_no_case_and_come_back_as_they_were_asked_for(lab):
    fleet = Fleet(lab)
    # ssh refuses a channel for a name that it did not ask for.
    fleet.device("ssh", name="NUC")
    _, local = fleet.laptop(name="nUc")
    transfer(traffic.connect(local), MIB)


def test_a_name_that_nobody_has_is_looked_up_nowhere(lab):
    fleet = Fleet(lab)
    laptop, local = fleet.laptop(name="ip6-localhost")
    assert refused(local)[0]
    wait_until(lambda: "no device is registered as ip6-localhost:22" in laptop.log(), 10, "the reason")


@pytest.mark.parametrize("host", ["nüc", "-nuc", "a" * 65, "a b", "..", "nuc\x1b"])
def test_what_is_no_legal_name_is_refused_with_a_reason(lab, host):
    names = "Names *" if host == ".." else NAMES
    server = lab.server("relay", config=[names, "LogLevel VERBOSE"])
    client = lab.client("ssh", server, remote=[f"[{host}]:22:{lab.target}"], wait=False)
    client.wait()
    line = server.wait_for_log(lambda line: "but the request was denied" in line)
    assert "a name" in line and "Names" in line and "\x1b" not in line


@pytest.mark.parametrize("host, is_name", [("972002000333", True), ("972002", False)])
def test_a_number_is_a_name_where_it_is_no_address(lab, host, is_name):
    server = lab.server("relay", config=[NAMES, "LogLevel VERBOSE", "GatewayPorts clientspecified"])
    client = lab.client("ssh", server, remote=[f"{host}:8022:{lab.target}"], wait=False)
    if is_name:
        server.wait_for_log(lambda line: f"on name {host}:8022" in line)
    else:
        # 0.14.212.226 is no address of this machine.
        client.wait()
        server.wait_for_log(lambda line: "Cannot assign requested address" in line or "cannot listen" in line)


def test_a_port_on_the_relay_is_what_it_was(lab):
    fleet = Fleet(lab)
    _, remote = lab.remote_forward("ssh", fleet.server)
    transfer(traffic.connect(remote), MIB)
    assert fleet.count("on name") == 0


def test_rules_govern_names(lab):
    """One line for a fleet: each key has the name that stands behind it."""
    line = f'permitlisten="%k:22",permitopen="nuc-*:22" {" ".join(lab.keys.user.public.split()[:2])} nuc-7\n'
    fleet = Fleet(lab, authorized_keys=line)
    fleet.device(name="nuc-7")
    _, local = fleet.laptop(name="nuc-7")
    transfer(traffic.connect(local), MIB)
    for forward in (f"nuc-8:22:{lab.target}", f"nuc-7:23:{lab.target}"):
        lab.client("ssh", fleet.server, remote=[forward], wait=False).wait()
    _, local = fleet.laptop(name="other")
    assert refused(local)[0]
    wait_until(lambda: fleet.count("but the request was denied") == 3, 10, "three refusals")


def test_an_account_is_a_world_of_its_own(lab):
    fleet = Fleet(lab)
    (fleet.server.authorized_keys.parent / "other").write_text(lab.keys.user.public + "\n")
    fleet.device()
    local = free_port()
    laptop = lab.client("ssh", fleet.server, local=[f"{local}:nuc:22"], options=["-l", "other"])
    assert refused(local)[0]
    wait_until(lambda: "no device is registered as nuc:22" in laptop.log(), 10, "the reason")
    # And its own device of the same name is in nobody's way.
    fleet.device(options=["-l", "other"])
    transfer(traffic.connect(local), MIB)


def test_a_device_that_lives_keeps_its_name_and_a_silent_one_loses_it(lab):
    fleet = Fleet(lab)
    first = fleet.device()
    second = lab.client("ssh", fleet.server, remote=[f"nuc:22:{lab.target}"], wait=False)
    assert second.wait() == 255
    assert "cannot listen to name nuc:22" in fleet.server.log()
    first.program.signal(signal.SIGSTOP)
    fleet.device()
    _, local = fleet.laptop()
    transfer(traffic.connect(local), MIB)
    first.program.signal(signal.SIGCONT)
    first.wait()


def test_a_silent_device_is_found_out_within_3_seconds(lab):
    fleet = Fleet(lab)
    device = fleet.device()
    laptop, local = fleet.laptop()
    device.program.signal(signal.SIGSTOP)
    is_refused, seconds = refused(local)
    assert is_refused and 2 < seconds < 4
    wait_until(lambda: "the device does not answer" in laptop.log(), 10, "the reason")
    device.program.signal(signal.SIGCONT)
    wait_until(lambda: not refused_quickly(local), 10, "the device being there again")


def refused_quickly(local):
    with socket.create_connection((LOOPBACK, local), 20) as connection:
        connection.settimeout(1)
        try:
            return connection.recv(1) == b""
        except TimeoutError:
            return False


def test_a_device_that_dials_slowly_is_waited_for(lab):
    """It shows life, and what it forwards to takes longer than 3 s."""
    fleet = Fleet(lab)
    with socket.create_server((LOOPBACK, 0), backlog=0) as service:
        port = service.getsockname()[1]
        # The queue of the service is full: further connections wait.
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex((LOOPBACK, port))
        fleet.device(target=f"{LOOPBACK}:{port}")
        _, local = fleet.laptop()
        with socket.create_connection((LOOPBACK, local), 20) as connection:
            connection.settimeout(5)
            with pytest.raises(TimeoutError):
                connection.recv(1)
        for one in waiting:
            one.close()


def test_the_caller_learns_what_the_device_says(lab):
    fleet = Fleet(lab)
    fleet.device(target=f"{LOOPBACK}:{free_port()}")
    laptop, local = fleet.laptop()
    assert refused(local)[0]
    wait_until(lambda: "onnect" in laptop.log() and "failed" in laptop.log(), 10, "the reason")


def test_a_device_that_goes_ends_its_tunnels_and_its_name(lab):
    fleet = Fleet(lab)
    device = fleet.device()
    _, local = fleet.laptop()
    stream = traffic.open_verb(traffic.connect(local), b"STALL")
    device.kill()
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        assert stream.receive_into(memoryview(bytearray(1))) == 0
    assert time.monotonic() - began < 5
    stream.close()
    assert refused(local)[0]


def test_a_name_that_the_rules_do_not_know_any_more_goes(lab):
    fleet = Fleet(lab)
    fleet.device()
    configuration = fleet.server.config_path.read_text()
    fleet.server.config_path.write_text(configuration.replace(NAMES, "Names none"))
    fleet.server.program.signal(signal.SIGHUP)
    fleet.server.wait_for_log(lambda line: "is closed: it is no longer permitted" in line)


def test_the_operator_sees_names(lab):
    fleet = Fleet(lab, config=[f"ControlSocket {lab.directory}/control"])
    fleet.device()
    done = subprocess.run(
        [settings.RELAY, "list", "-f", fleet.server.config_path], capture_output=True, text=True, timeout=20
    )
    assert "nuc:22" in done.stdout, done.stderr
    done = subprocess.run(
        [settings.RELAY, "list", "--json", "-f", fleet.server.config_path], capture_output=True, text=True, timeout=20
    )
    assert '{"name":"nuc","port":22}' in done.stdout.replace(" ", ""), done.stdout


def test_many_tunnels_to_a_name_are_not_mixed_up(lab):
    fleet = Fleet(lab)
    fleet.device("swssh")
    _, local = fleet.laptop("swssh")
    streams = [traffic.connect(local) for _ in range(20)]
    for seed, stream in enumerate(streams):
        transfer(stream, MIB, seed=seed)
