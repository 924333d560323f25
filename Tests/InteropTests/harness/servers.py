"""The servers: ours and the real ones, each started with the same sshd_config lines and authorized_keys."""

import glob
import os
import signal
import sys
from pathlib import Path

from . import settings
from .keys import known_hosts_line
from .network import free_port, is_listening, wait_until
from .processes import resident_bytes
from .settings import LOOPBACK, USER, program

_START_SECONDS = 20


class Server:
    """A running server. Subclasses say how it is started and what it can do."""

    kind = ""
    forwards = frozenset({"local", "remote", "any_port", "dynamic", "stdio", "jump"})
    # What a peer needs to have in common with it.
    key_exchanges = (settings.CURVE25519,)
    largest_transfer = settings.TRANSFER_SIZE

    def __init__(self, lab, config=(), authorized_keys=None, host_key=None, port=None, match=()):
        self.lab = lab
        self.port = port or free_port()
        self.host_key = host_key or lab.keys.host
        self.user = USER
        self.directory = lab.new_directory(self.kind)
        self.config = list(config)
        # Match blocks: they swallow whatever follows, so they stand last.
        self.match = list(match)
        self.authorized_keys = self.directory / "authorized_keys" / USER
        self.authorized_keys.parent.mkdir()
        self.authorized_keys.write_text(authorized_keys or lab.keys.user.public + "\n")
        self.program = self.launch()
        self._wait_until_ready()

    def launch(self):
        raise NotImplementedError

    def _wait_until_ready(self):
        def ready():
            assert self.program.running, f"{self.kind} ended at its start:\n{self.log()}"
            return is_listening(self.port)

        wait_until(ready, _START_SECONDS, f"{self.kind} listening on port {self.port}")

    @property
    def address(self):
        return f"{self.user}@{LOOPBACK}"

    @property
    def known_hosts(self):
        return known_hosts_line(LOOPBACK, self.port, self.host_key.public)

    def log(self):
        return self.program.log()

    def wait_for_log(self, condition, seconds=10):
        """Waits for a line of the log for which the condition holds, and gives it."""

        def found():
            return next((line for line in self.log().splitlines() if condition(line)), None)

        try:
            return wait_until(found, seconds, "a log line")
        except TimeoutError:
            raise AssertionError(f"no such line in the log of {self.kind}, which is shown below") from None

    def memory(self):
        return resident_bytes(self.program.tree())

    def descriptors(self):
        return sum(_descriptors(pid) for pid in self.program.tree())

    def kill(self):
        self.program.kill()

    def stop(self):
        self.program.stop()

    def pause(self):
        self.program.signal_tree(signal.SIGSTOP)


def _descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


class ConfiguredServer(Server):
    """A server that reads an sshd_config-style file; the test's lines come first, because the first value wins."""

    own_lines = ()

    def config_text(self):
        lines = [
            *self.config,
            f"Port {self.port}",
            f"ListenAddress {LOOPBACK}",
            f"HostKey {self.host_key.path}",
            f"AuthorizedKeysFile {self.authorized_keys.parent}/%u",
            f"PidFile {self.directory}/pid",
            "StrictModes no",
            *self.own_lines,
        ]
        # The last MaxStartups counts in sshd.
        if not any(line.startswith("MaxStartups") for line in self.config):
            lines.append("MaxStartups 1000:30:2000")
        return "\n".join([*lines, *self.match]) + "\n"

    def launch(self):
        self.config_path = self.directory / "config"
        self.config_path.write_text(self.config_text())
        arguments = [*self.command(), "-f", self.config_path, "-D", "-e"]
        return self.lab.programs.start(arguments, self.kind, environment=self.environment())

    def environment(self):
        return None

    def command(self):
        raise NotImplementedError


class Sshd(ConfiguredServer):
    kind = "sshd"
    key_exchanges = (settings.SNTRUP, settings.SNTRUP_STANDARD, *settings.COMMON)
    own_lines = (
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
        "UseDNS no",
        "PrintMotd no",
        "PerSourceMaxStartups none",
        "LogLevel DEBUG1",
    )

    def command(self):
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        return [program("sshd")]


class Relay(ConfiguredServer):
    kind = "relay"
    key_exchanges = (settings.MLKEM, settings.SNTRUP, settings.SNTRUP_STANDARD, *settings.COMMON)
    # All tests come from one address.
    own_lines = ("PerSourcePenalties no",)

    def command(self):
        return [settings.RELAY]


class StandInRelay(Sshd):
    """sshd where the tests say relay, to prove the tests themselves."""

    kind = "relay"


class Dropbear(Server):
    kind = "dropbear"
    forwards = frozenset({"local", "remote", "dynamic", "stdio", "jump"})

    def launch(self):
        # dropbear takes authorized_keys from the account's home alone: nss_wrapper gives the account another home.
        home = self.directory / "home"
        (home / ".ssh").mkdir(parents=True, mode=0o700)
        home.chmod(0o700)
        keys = home / ".ssh" / "authorized_keys"
        keys.write_text(self.authorized_keys.read_text())
        keys.chmod(0o600)
        passwd, group = self.directory / "passwd", self.directory / "group"
        passwd.write_text(f"{USER}:x:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\n")
        group.write_text(f"{USER}:x:{os.getgid()}:\n")
        environment = {
            "LD_PRELOAD": nss_wrapper(),
            "NSS_WRAPPER_PASSWD": str(passwd),
            "NSS_WRAPPER_GROUP": str(group),
        }
        arguments = [program("dropbear"), "-F", "-E", "-m", "-s", "-r", self.host_key.dropbear()]
        arguments += ["-p", f"{LOOPBACK}:{self.port}", "-P", self.directory / "pid"]
        return self.lab.programs.start(arguments, self.kind, environment=environment)


def nss_wrapper():
    found = glob.glob("/usr/lib/*/libnss_wrapper.so") + glob.glob("/usr/lib*/libnss_wrapper.so")
    if not found:
        raise FileNotFoundError("libnss-wrapper is not installed: run scripts/setup")
    return found[0]


class Asyncssh(Server):
    kind = "asyncssh"
    key_exchanges = (settings.MLKEM, *settings.COMMON)
    script = "asyncssh_server.py"
    python = sys.executable
    rekey_bytes = None
    largest_transfer = 16 * settings.MIB

    def launch(self):
        script = Path(__file__).parent / "peers" / self.script
        arguments = [self.python, script, LOOPBACK, self.port, self.host_key.path, self.authorized_keys]
        arguments += [self.rekey_bytes] if self.rekey_bytes else []
        return self.lab.programs.start(arguments, self.kind)


def server_classes():
    relay = Relay if settings.RELAY else StandInRelay
    return {server.kind: server for server in (relay, Sshd, Dropbear, Asyncssh)}
