"""How swssh comes to a server: time limits, identities, what is said on the way. What ssh has, it does the same way."""

import contextlib
import shlex
import socket
import threading
import time

import pytest

from harness import settings
from harness.neighbourhood import Neighbourhood
from harness.network import free_port, is_listening
from harness.settings import LOOPBACK, USER

CLIENTS = pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
HOST = "relay.example.com"


class Scene:
    """A relay, and a laptop whose default identity may log in there."""

    def __init__(self, lab, client_kind):
        self.streets = Neighbourhood(lab, hosts=[HOST])
        self.laptop = self.streets.machine("laptop", client_kind)
        self.relay = self.streets.proxy({USER: self.laptop.key().public})
        self.laptop.knows(self.relay, HOST)
        self.port = free_port()
        self.forward = f"-L {self.port}:{lab.target} -p {self.relay.port} {HOST}"


@contextlib.contextmanager
def server_that_says(words):
    """Takes connections and says that, and nothing more; it hangs up after the words, if there are any."""
    listener = socket.create_server((LOOPBACK, 0))
    held = []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                held.append(connection)
                if words:
                    connection.sendall(words)
                    connection.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    for open_socket in (listener, *held):
        open_socket.close()


@CLIENTS
def test_connect_timeout_of_zero_is_no_limit(lab, client_kind):
    scene = Scene(lab, client_kind)
    left = scene.laptop.start_in_background(f"ssh -f -N -o ConnectTimeout=0 {scene.forward}")
    assert is_listening(scene.port)
    left.stop()


@CLIENTS
def test_silent_jump_host_ends_with_the_targets_connect_timeout(lab, client_kind):
    scene = Scene(lab, client_kind)
    with server_that_says(b"") as port:
        began = time.monotonic()
        scene.laptop.run(f"ssh -N -o ConnectTimeout=2 -J {LOOPBACK}:{port} {scene.forward}", status=255)
        assert 1 < time.monotonic() - began < 10
    assert "timed out" in scene.laptop.said


@CLIENTS
def test_missing_identity_is_named_and_the_default_one_tried(lab, client_kind):
    scene = Scene(lab, client_kind)
    left = scene.laptop.start_in_background(f"ssh -f -N -i missing {scene.forward}")
    assert is_listening(scene.port)
    left.stop()
    said = (scene.laptop.home / "background.log").read_text()
    assert said.count("Warning: Identity file missing not accessible: No such file or directory.") == 1


@pytest.mark.skipif(not settings.SWSSH, reason="ours only: ssh has what is warned of")
def test_client_that_goes_to_the_background_warns_once(lab):
    scene = Scene(lab, "swssh")
    left = scene.laptop.start_in_background(f"ssh -f -o Tunnel=yes {scene.forward}")
    assert is_listening(scene.port)
    left.stop()
    said = (scene.laptop.home / "background.log").read_text()
    assert said.count("Tunnel is not supported") == 1
    assert said.count("there is no shell here") == 1


@CLIENTS
def test_words_before_the_identification_are_shown_to_who_wants_details(lab, client_kind):
    scene = Scene(lab, client_kind)
    with server_that_says(b"Not allowed at this time\r\n\x1b[31mred\r\n") as port:
        for verbose in ("-v", ""):
            scene.laptop.run(f"ssh {verbose} -N -L {scene.port}:{lab.target} -p {port} {LOOPBACK}", status=255)
            assert ("banner line 0: Not allowed at this time\n" in scene.laptop.said.replace("\r", "")) == bool(verbose)
            assert ("banner line 1: \\033[31mred\n" in scene.laptop.said.replace("\r", "")) == bool(verbose)


WAYS = {
    "-l": "-l {name} h",
    "user@host": "-- {name}@h",
    "-o User": "-o User={name} h",
    "jump": "-J {name}@j h",
    "host": "-- {name}",
    "jump host": "-J {name} h",
}
# ssh keeps the dollar sign alone, which accounts in Windows domains end in: there a shell expands it.
NAMES = ["x$(>mark)", "x`>mark`", "x;>mark", "x|>mark", "x&>mark", "x>mark", "x'y", 'x"y']


@CLIENTS
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_names_reach_no_shell_that_are_more_than_names(lab, client_kind, way, name):
    laptop = Neighbourhood(lab).machine("laptop", client_kind)
    laptop.configure('Match exec "echo %r %h %n %j >seen"\nHost h\nProxyCommand echo %r %h %n >seen; false\n')
    laptop.run(f"ssh -N -L 1:h:1 {way.format(name=shlex.quote(name))} </dev/null", status=255)
    assert not (laptop.home / "mark").exists()
    assert not (laptop.home / "seen").exists()
    assert "invalid characters" in laptop.said or "nvalid" in laptop.said


@pytest.mark.skipif(not settings.SWSSH, reason="ours only: ssh lets the shell expand it")
@pytest.mark.parametrize("text", ['Match exec "echo %r >seen"\nPort 2\n', "ProxyCommand echo %r >seen; false\n"])
def test_no_shell_expands_a_users_dollar_sign(lab, text):
    laptop = Neighbourhood(lab).machine("laptop", "swssh")
    laptop.configure(text)
    laptop.run("ssh -N -L 1:h:1 -l 'x$HOME' h", status=255)
    assert "remote username contains invalid characters" in laptop.said
    assert not (laptop.home / "seen").exists()
