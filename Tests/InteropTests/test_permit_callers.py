"""From where a listener on a port may be reached: PermitCallers, and permitcallers= in front of a key."""

import contextlib
import signal
import socket
import threading

import pytest

from harness.network import free_port, wait_until
from harness.settings import LOOPBACK

pytestmark = pytest.mark.ours_only("sshd leaves it to the firewall")
OTHER = "127.0.0.2"
CONFIGURATION, KEY = "PermitCallers", 'permitcallers="'


@pytest.fixture
def service():
    """What devices forward to: it greets whoever comes. Gives its address as the last two words of a forward."""
    with socket.create_server((LOOPBACK, 0)) as listener:

        def greet():
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as caller:
                        caller.sendall(b"x")

        threading.Thread(target=greet, daemon=True).start()
        yield f"{LOOPBACK}:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def _device(lab, service, config=(), options="", **kinds):
    """A relay, and the port of a device on it."""
    keys = f"{options} {lab.keys.user.public}\n"
    server = lab.server("relay", config=["LogLevel VERBOSE", *config], authorized_keys=keys, **kinds)
    port = free_port()
    lab.client("ssh", server, remote=[f"{port}:{service}"])
    return server, port


def _reaches(port, source=LOOPBACK):
    """Whether somebody at that address gets through to the device's service."""
    with socket.create_connection((LOOPBACK, port), 10, source_address=(source, 0)) as caller:
        try:
            return caller.recv(1) == b"x"
        except ConnectionResetError:
            return False


@pytest.mark.parametrize(
    "config, match, options, rule",
    [
        (["PermitCallers 127.0.0.1,192.0.2.0/24"], [], "", CONFIGURATION),
        ([], [], 'permitcallers="127.0.0.1"', KEY),
        (["PermitCallers *"], [], 'permitcallers="127.0.0.0/8,!127.0.0.2"', KEY),
        (["PermitCallers !127.0.0.2,127.0.0.0/8"], [], 'permitcallers="*"', CONFIGURATION),
        ([], ["Match User *", "PermitCallers 127.0.0.1"], 'permitcallers="127.0.0.0/8"', CONFIGURATION),
        (["PermitCallers 192.0.2.1"], ["Match User *", "PermitCallers any"], 'permitcallers="127.0.0.1"', KEY),
    ],
)
def test_only_callers_whom_both_lists_permit_get_through(lab, service, config, match, options, rule):
    server, port = _device(lab, service, config, options, match=match)
    assert _reaches(port)
    assert not _reaches(port, OTHER)
    server.wait_for_log(lambda line: f"from {OTHER} port " in line and f"refused. [{server.directory}" in line and rule in line)


@pytest.mark.parametrize("permitted", [True, False])
def test_who_comes_through_the_relay_comes_from_this_machine(lab, service, permitted):
    server, port = _device(lab, service, ["PermitCallers " + (LOOPBACK if permitted else "192.0.2.1")])
    local = free_port()
    lab.client("ssh", server, local=[f"{local}:localhost:{port}"])
    assert _reaches(local) is permitted


def test_a_new_rule_holds_for_the_next_caller(lab, service):
    server, port = _device(lab, service)
    assert _reaches(port, OTHER)
    server.config_path.write_text("PermitCallers 127.0.0.1\n" + server.config_path.read_text())
    server.program.signal(signal.SIGHUP)
    wait_until(lambda: not _reaches(port, OTHER), 10, "the new rule")
    assert _reaches(port)
