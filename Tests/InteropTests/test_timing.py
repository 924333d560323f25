"""How long the answer to a login takes says nothing of the account."""

import os
import socket
import statistics
import threading
import time

import paramiko
import pytest
from paramiko.common import (
    MSG_SERVICE_ACCEPT,
    MSG_USERAUTH_FAILURE,
    MSG_USERAUTH_PK_OK,
    cMSG_SERVICE_REQUEST,
    cMSG_USERAUTH_REQUEST,
)

from harness.comparison import readable_folder
from harness.settings import LOOPBACK, USER

OURS = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
pytestmark = pytest.mark.ours_only("about the relay's own pace")
RUNNER = "nobody" if os.getuid() == 0 else USER
# One with keys, two Unix accounts, one with keys and one without, and a name that nobody knows.
NAMES = ("device-with-keys", USER, "daemon", "nobody-knows-it")


class _Stranger:
    """A connection on which login requests are timed."""

    def __init__(self, port):
        self.socket = socket.create_connection((LOOPBACK, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = paramiko.Transport(self.socket)
        self.answered = threading.Event()
        answers = (MSG_SERVICE_ACCEPT, MSG_USERAUTH_FAILURE, MSG_USERAUTH_PK_OK)
        self.transport.start_client(timeout=60)
        # paramiko's own would answer by itself.
        self.transport.auth_handler = self
        self._handler_table = dict.fromkeys(answers, self._answer)
        message = paramiko.Message()
        message.add_byte(cMSG_SERVICE_REQUEST)
        message.add_string("ssh-userauth")
        self.ask(message)

    def is_authenticated(self):
        return False

    def abort(self):
        self.answered.set()

    def _answer(self, *message):
        self.at = time.perf_counter()
        self.answered.set()

    def ask(self, message):
        """Seconds until the answer."""
        self.answered.clear()
        start = time.perf_counter()
        self.transport._send_message(message)
        assert self.answered.wait(60) and self.transport.is_active(), "no answer"
        return self.at - start

    def request(self, user, method, *rest):
        message = paramiko.Message()
        message.add_byte(cMSG_USERAUTH_REQUEST)
        for text in (user, "ssh-connection", method):
            message.add_string(text)
        for part in rest:
            message.add_boolean(part) if isinstance(part, bool) else message.add_string(part)
        return message

    def query(self, user, key):
        return self.request(user, "publickey", False, key.get_name(), key.asbytes())

    def signed(self, user, key):
        session = paramiko.Message()
        session.add_string(self.transport.session_id)
        request = self.request(user, "publickey", True, key.get_name(), key.asbytes())
        signature = key.sign_ssh_data(session.asbytes() + request.asbytes())
        request.add_string(signature)
        return request

    def certificate(self, user, key):
        return self.request(user, "publickey", False, key.public_blob.key_type, key.public_blob.key_blob)

    def close(self):
        self.socket.close()
        self.transport.close()


def _medians(server, key, kind, rounds, after_none):
    """Milliseconds by account: each is asked about in turn, each time on a connection of its own."""
    times = {name: [] for name in NAMES}
    for number in range(rounds):
        # Nobody is always the one behind the same other.
        for index in range(len(NAMES)):
            name = NAMES[(index + number) % len(NAMES)]
            stranger = _Stranger(server.port)
            if after_none:
                stranger.ask(stranger.request(name, "none"))
            times[name].append(1000 * stranger.ask(getattr(stranger, kind)(name, key)))
            stranger.close()
    return {name: statistics.median(values) for name, values in times.items()}


def _assert_tells_nothing(measure):
    """Other tests share the machine, and a busy moment shows; what depends on the account shows every time."""
    for _ in range(4):
        medians = measure()
        print(", ".join(f"{name} {median:.3f} ms" for name, median in medians.items()))
        if max(medians.values()) <= 1.05 * min(medians.values()):
            return
    raise AssertionError(medians)


def _server(lab, kind, config=()):
    server = lab.server(kind, config=[*config, "MaxStartups 1000"])
    (server.authorized_keys.parent / NAMES[0]).write_text(lab.keys.user.public + "\n")
    return server


def _key(lab):
    return paramiko.Ed25519Key.from_private_key_file(str(lab.keys.named("stranger").path))


@OURS
@pytest.mark.parametrize(
    ("kind", "after_none", "rounds"),
    [("query", False, 500), ("query", True, 100), ("signed", False, 100), ("certificate", False, 100)],
)
def test_an_answer_takes_as_long_for_every_name(lab, client_kind, server_kind, kind, after_none, rounds):
    config = []
    key = _key(lab)
    if kind == "certificate":
        authority = lab.keys.named("authority")
        certificate = authority.certify(lab.keys.named("stranger"), "certified-stranger", "-I", "x", "-n", "somebody")
        key.load_certificate(str(certificate.path.with_suffix(".pub")))
        config = [f"TrustedUserCAKeys {authority.path.with_suffix('.pub')}"]
    server = _server(lab, server_kind, config)
    _assert_tells_nothing(lambda: _medians(server, key, kind, rounds, after_none))


@OURS
def test_an_answer_takes_as_long_for_every_name_that_a_command_is_asked_about(lab, client_kind, server_kind):
    with readable_folder() as folder:
        script = folder / "keys"
        # Between two of the times at which refusals leave, on a busy machine too.
        script.write_text("sleep 0.022\n")
        script.chmod(0o644)
        config = [f"AuthorizedKeysCommand /bin/sh {script} %u", f"AuthorizedKeysCommandUser {RUNNER}"]
        server = _server(lab, server_kind, config)
        _assert_tells_nothing(lambda: _medians(server, _key(lab), "query", 60, False))


@OURS
def test_what_is_said_before_the_login_takes_as_long_for_every_name(lab, client_kind, server_kind, tmp_path):
    banner = tmp_path / "banner"
    banner.write_text("Welcome\n")
    server = _server(lab, server_kind, [f"Banner {banner}"])

    def measure():
        times = {name: [] for name in NAMES}
        for number in range(200):
            for index in range(len(NAMES)):
                name = NAMES[(index + number) % len(NAMES)]
                stranger = _Stranger(server.port)
                times[name].append(1000 * stranger.ask(stranger.request(name, "none")))
                stranger.close()
        return {name: statistics.median(values) for name, values in times.items()}

    _assert_tells_nothing(measure)
