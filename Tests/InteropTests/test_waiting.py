"""Who makes the relay wait, for a command or for a file server, waits by himself; and what the dead have asked for is not done."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.comparison import readable_folder
from harness.network import wait_until
from harness.servers import nss_wrapper
from harness.settings import USER, program

OURS = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
pytestmark = pytest.mark.ours_only("about the relay's own threads")
RUNNER = "nobody" if os.getuid() == 0 else USER
SECONDS = 10
HANGS = ("hung-1", "hung-2", "hung-3")


@pytest.fixture
def folder():
    with readable_folder() as path:
        yield path


def _command(folder, script):
    """The lines that make the script the command for keys; it is told the account."""
    path = folder / "keys"
    path.write_text(script)
    path.chmod(0o644)
    return [f"AuthorizedKeysCommand /bin/sh {path} %u", f"AuthorizedKeysCommandUser {RUNNER}"]


def _running(server):
    """How many commands run."""
    found = 0
    for pid in server.program.tree():
        try:
            found += Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0] == b"sleep"
        except OSError:
            pass
    return found


def _account(server, name, lines=""):
    """From here on, clients log in as that account."""
    server.user = name
    (server.authorized_keys.parent / name).write_text(lines)


@OURS
def test_commands_for_connections_that_are_gone_hold_up_nobody(lab, folder, client_kind, server_kind):
    config = _command(folder, f"[ $1 = slow ] && exec sleep 8\necho '{lab.keys.user.public}'\n")
    server = lab.server(server_kind, config=[*config, "MaxStartups 1000"], authorized_keys="# nobody\n")
    _account(server, "slow")
    clients = [lab.client(client_kind, server, wait=False) for _ in range(40)]
    wait_until(lambda: _running(server) == 16, 4 * SECONDS, "16 commands")
    for client in clients:
        client.program.kill()
    # What runs is ended, and what waits is not begun.
    wait_until(lambda: _running(server) == 0, SECONDS / 2, "the end of commands that nobody waits for")
    _account(server, "quick")
    started = time.monotonic()
    assert lab.logs_in(client_kind, server)
    assert time.monotonic() - started < SECONDS / 2
    assert _running(server) == 0


@OURS
def test_a_client_that_is_kept_waiting_has_nothing_to_answer_for(lab, folder, client_kind, server_kind):
    config = _command(folder, f"[ $1 = slow ] && exec sleep 8\necho '{lab.keys.user.public}'\n")
    penalties = "PerSourcePenalties authfail:60s noauth:60s grace-exceeded:60s min:1s"
    server = lab.server(server_kind, config=[*config, penalties, "LoginGraceTime 3"], authorized_keys="# nobody\n")
    _account(server, "slow")
    assert lab.client(client_kind, server, wait=False).wait() == 255
    server.wait_for_log(lambda line: "Login of slow from" in line and "was not judged within LoginGraceTime" in line)
    # One that gives up by itself.
    client = lab.client(client_kind, server, wait=False)
    wait_until(lambda: _running(server) == 1, SECONDS, "the command")
    time.sleep(1.5)
    client.program.kill()
    wait_until(lambda: _running(server) == 0, SECONDS, "the end of the command")
    _account(server, "quick")
    assert lab.logs_in(client_kind, server)
    assert "penalty" not in server.log()


class _Hanging:
    """Homes on a file server that can be gone, of accounts that the system knows."""

    def __init__(self, lab):
        self.folder = lab.new_directory("file-server")
        self.flag = self.folder.with_name("gone")
        self.shim = self.folder.with_name("hung_files.so")
        source = Path(__file__).parent / "harness" / "hung_files.c"
        subprocess.run([program("gcc"), "-shared", "-fPIC", "-O1", "-o", self.shim, source, "-ldl"], check=True)
        passwd = self.folder.with_name("passwd")
        lines = [f"{USER}:x:{os.getuid()}:{os.getgid()}::{self.folder.parent}:/bin/sh\n"]
        for name in HANGS:
            (self.folder / name).mkdir()
            (self.folder / name / "keys").write_text(lab.keys.user.public + "\n")
            lines.append(f"{name}:x:{os.getuid()}:{os.getgid()}::{self.folder}/{name}:/bin/sh\n")
        passwd.write_text("".join(lines))
        group = self.folder.with_name("group")
        group.write_text(f"{USER}:x:{os.getgid()}:\n")
        self.environment = {
            "LD_PRELOAD": f"{self.shim}:{nss_wrapper()}",
            "NSS_WRAPPER_PASSWD": str(passwd),
            "NSS_WRAPPER_GROUP": str(group),
            "HUNG_FOLDER": str(self.folder),
            "HUNG_FLAG": str(self.flag),
        }

    def server(self, lab, kind, **options):
        hanging = self

        class Server(lab.server_class(kind)):
            def environment(self):
                return hanging.environment

            def config_text(self):
                keys = f"AuthorizedKeysFile {self.authorized_keys.parent}/%u"
                return super().config_text().replace(keys, f"{keys} %h/keys")

        return Server(lab, **options)

    def hang(self):
        self.flag.touch()

    def come_back(self):
        self.flag.unlink()


@OURS
def test_a_home_that_hangs_stops_neither_other_accounts_nor_revocation(lab, client_kind, server_kind):
    hanging = _Hanging(lab)
    server = hanging.server(lab, server_kind, config=["LoginGraceTime 60", "MaxStartups 1000"])
    server.user = HANGS[0]
    there = lab.remote_forward(client_kind, server)[0]
    server.user = USER
    device = lab.remote_forward(client_kind, server)[0]
    hanging.hang()
    waiting = []
    for name in HANGS:
        server.user = name
        waiting += [lab.client(client_kind, server, wait=False) for _ in range(6)]
    time.sleep(3)
    server.user = USER
    started = time.monotonic()
    assert lab.logs_in(client_kind, server)
    assert time.monotonic() - started < SECONDS / 2
    # The key is taken away: its connection ends within 5 s, although others cannot be judged.
    server.authorized_keys.write_text(lab.keys.named("other").public + "\n")
    wait_until(lambda: not device.program.running, 5, "the end of a connection whose key is gone")
    assert not lab.logs_in(client_kind, server)
    assert lab.logs_in(client_kind, server, lab.keys.named("other"))
    assert there.program.running
    # A reload judges everybody, and does not wait either.
    count = server.log().count("The new configuration holds")
    os.kill(server.program.process.pid, signal.SIGHUP)
    wait_until(lambda: server.log().count("The new configuration holds") > count, SECONDS, "a reload")
    for client in waiting:
        client.program.kill()
    hanging.come_back()
    server.user = HANGS[1]
    assert lab.logs_in(client_kind, server)
    (hanging.folder / HANGS[0] / "keys").write_text("# nobody\n")
    wait_until(lambda: not there.program.running, SECONDS, "the end of a connection whose key is gone")
