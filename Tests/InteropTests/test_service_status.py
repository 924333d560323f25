"""What `swssh` with `Reconnect` says of itself: to systemd, to `--status`, and of a host that has another key."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from harness import settings, traffic
from harness.keys import KeyPair, known_hosts_line
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB, program

OURS = pytest.mark.pairs(clients=["swssh"], servers=["relay"])
pytestmark = OURS


class Service:
    """A swssh that believes that systemd started it, and systemd's end of that."""

    def __init__(self, lab, server, remote, watchdog=None):
        self.directory = lab.new_directory("service")
        # A Unix socket's path is short.
        self.folder = tempfile.TemporaryDirectory(dir="/tmp")
        self.runtime = Path(self.folder.name)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.directory / "notify"))
        self.said = []
        known_hosts = self.directory / "known_hosts"
        known_hosts.write_text(server.known_hosts)
        forwards = [word for forward in remote for word in ("-R", forward)]
        arguments = ["-F", "none", "-N", "-i", lab.keys.user.path, "-p", server.port]
        options = ["Reconnect=yes", f"UserKnownHostsFile={known_hosts}", "GlobalKnownHostsFile=/dev/null", "BatchMode=yes"]
        words = [word for option in options for word in ("-o", option)]
        environment = {"NOTIFY_SOCKET": str(self.directory / "notify"), **self.environment}
        if watchdog:
            environment["WATCHDOG_USEC"] = str(watchdog)
        self.program = lab.programs.start(
            [settings.SWSSH, *arguments, *words, *forwards, server.address], "service", environment=environment
        )

    @property
    def environment(self):
        return {"HOME": str(self.directory), "XDG_RUNTIME_DIR": str(self.runtime)}

    def told(self):
        """All that systemd has been told so far."""
        self.notify.setblocking(False)
        try:
            while True:
                self.said.append(self.notify.recv(65536).decode())
        except BlockingIOError:
            return self.said

    def is_ready(self):
        return any("READY=1" in words for words in self.told())

    def status(self, *options):
        command = [settings.SWSSH, "--status", *options]
        environment = {**os.environ, **self.environment}
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=20, env=environment)


def test_systemd_is_told_when_every_forward_stands_and_not_before(lab, client_kind, server_kind):
    server = lab.server("relay")
    free, taken = free_port(), free_port()
    with socket.create_server(("127.0.0.1", taken)):
        service = Service(lab, server, [f"127.0.0.1:{port}:{lab.target}" for port in (free, taken)])
        wait_until(lambda: is_listening(free), 20, "the free port")
        missing = f"waiting for -R 127.0.0.1:{taken}"
        wait_until(lambda: any(missing in words for words in service.told()), 10, "the word on the other")
        assert not service.is_ready()
        assert service.status(LOOPBACK).returncode == 1
    wait_until(service.is_ready, 20, "READY=1")
    [ready] = [words for words in service.told() if "READY=1" in words]
    assert f"STATUS=Connected to {LOOPBACK}:{server.port}; " in ready and f"-R 127.0.0.1:{taken}" in ready
    server.kill()
    wait_until(lambda: any(w.startswith("STATUS=Not connected to") for w in service.told()), 10, "the loss")
    service.program.signal(signal.SIGTERM)
    assert service.program.wait(10) == 0
    assert service.told()[-1].startswith("STOPPING=1")


def test_the_watchdog_is_fed_by_the_event_loop(lab, client_kind, server_kind):
    server = lab.server("relay")
    service = Service(lab, server, [f"{free_port()}:{lab.target}"], watchdog=400_000)
    wait_until(lambda: service.told().count("WATCHDOG=1") >= 5, 10, "WATCHDOG=1")
    service.program.signal(signal.SIGSTOP)
    service.told()
    before = len(service.said)
    with pytest.raises(TimeoutError):
        wait_until(lambda: len(service.told()) > before + 1, 2, "a word from who is stopped")
    service.program.signal(signal.SIGCONT)
    wait_until(lambda: len(service.told()) > before + 1, 10, "a word from who goes on")


def test_status_says_what_stands_what_it_moved_and_what_was_lost(lab, client_kind, server_kind):
    server = lab.server("relay")
    port = free_port()
    service = Service(lab, server, [f"{port}:{lab.target}"])
    wait_until(service.is_ready, 20, "READY=1")
    transfer(traffic.connect(port), MIB)
    said = service.status("--json", LOOPBACK)
    assert said.returncode == 0, said.stderr
    status = json.loads(said.stdout)
    [relay] = status["relays"]
    assert status["stands"] is True and status["process"] == service.program.pid and status["host"] == LOOPBACK
    assert (relay["relay"], relay["state"]) == (f"{LOOPBACK}:{server.port}", "connected")
    assert relay["address"] == LOOPBACK and relay["outages"] == []
    assert relay["sent"] > MIB and relay["received"] > MIB
    assert relay["forwards"] == [{"forward": f"-R {port}:{lab.target}", "state": "stands", "port": port}]
    server.kill()
    wait_until(lambda: service.status(LOOPBACK).returncode == 1, 10, "the loss")
    server.program = server.launch()
    wait_until(lambda: service.status().returncode == 0, 20, "the return")
    [relay] = json.loads(service.status("--json").stdout)["relays"]
    [outage] = relay["outages"]
    assert outage["ended"] >= outage["began"] and "closed by remote host" in outage["cause"]
    assert relay["sent"] > MIB
    text = service.status(LOOPBACK).stdout
    assert f"-R {port}:{lab.target}: stands" in text and "away " in text


def test_status_says_that_nothing_runs(lab, client_kind, server_kind):
    server = lab.server("relay")
    service = Service(lab, server, [f"{free_port()}:{lab.target}"])
    wait_until(service.is_ready, 20, "READY=1")
    assert service.status("another.example").returncode == 3
    [file] = (service.runtime / "swssh").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    service.program.kill()
    # Killed, it leaves its socket behind; the next one takes the place.
    assert file.exists()
    assert service.status(LOOPBACK).returncode == 3


def test_a_program_that_drips_its_answer_keeps_nobody_waiting(lab, client_kind, server_kind):
    server = lab.server("relay")
    service = Service(lab, server, [f"{free_port()}:{lab.target}"])
    wait_until(service.is_ready, 20, "READY=1")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(service.runtime / "swssh" / "impostor"))
        listener.listen()

        def drip():
            with contextlib.suppress(OSError):
                with listener.accept()[0] as caller:
                    while True:
                        caller.sendall(b"x")
                        time.sleep(0.5)

        threading.Thread(target=drip, daemon=True).start()
        said = service.status()
    assert said.returncode == 0 and "impostor: it does not answer" in said.stderr


def test_a_word_that_can_be_a_host_stays_a_host(lab, client_kind, server_kind):
    for word in ("status", "service", "install"):
        printed = subprocess.run([settings.SWSSH, "-F", "none", "-G", word], capture_output=True, text=True, timeout=20)
        assert f"host {word}\n" in printed.stdout
    for words in (["--status", "--service", "install", "a"], ["--service", "start", "a"], ["--json", "a"], ["--stat"]):
        refused = subprocess.run([settings.SWSSH, *words], capture_output=True, text=True, timeout=20)
        assert refused.returncode == 255 and "usage: swssh" in refused.stderr


def _alarm(log):
    """The lines from the first border to the last word about the key."""
    lines = [line.rstrip("\r") for line in log.splitlines()]
    return lines[lines.index("@" * 59) : lines.index("Host key verification failed.") + 1]


@pytest.mark.parametrize("strict", ["yes", "accept-new"])
def test_the_alarm_is_that_of_ssh(lab, client_kind, server_kind, strict):
    server = lab.server("relay")
    known_hosts = lab.directory / "known_hosts"
    other = KeyPair(lab.directory / "other")
    known_hosts.write_text("# one\n" + known_hosts_line(LOOPBACK, server.port, other.public))
    arguments = ["-F", "none", "-N", "-p", server.port, "-i", lab.keys.user.path, "-o", f"UserKnownHostsFile={known_hosts}"]
    arguments += ["-o", "GlobalKnownHostsFile=/dev/null", "-o", f"StrictHostKeyChecking={strict}", "-o", "BatchMode=yes"]
    said = []
    for executable in (program("ssh"), settings.SWSSH):
        words = list(map(str, [executable, *arguments, server.address]))
        ended = subprocess.run(words, capture_output=True, text=True, timeout=20)
        assert ended.returncode == 255
        said.append(_alarm(ended.stderr))
    [own] = [line for line in said[1] if line.startswith("  whose fingerprint is SHA256:")]
    assert other.fingerprint in own
    said[1].remove(own)
    assert said[0] == said[1]
    assert f"{server.host_key.fingerprint}." in said[1]
    assert f'  ssh-keygen -f "{known_hosts}" -R "[{LOOPBACK}]:{server.port}"' in said[1]
