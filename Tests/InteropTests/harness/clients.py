"""The clients: ours and the real ones, each asked for the same forwards in ssh's words."""

import re
import sys
import time
from pathlib import Path

from . import settings
from .network import is_listening, is_listening_on_path
from .settings import LOOPBACK, program

_START_SECONDS = 30
_ALLOCATED = re.compile(r"Allocated port (\d+) for remote forward")


class ClientFailed(AssertionError):
    """The client ended before its forwards stood."""

    def __init__(self, client):
        self.status = client.program.process.returncode
        self.log = client.log()
        super().__init__(f"{client.kind} ended with status {self.status}:\n{self.log}")


class Client:
    """A running client. Forwards are ssh's: local and remote `port:host:hostport`, dynamic `port`."""

    kind = ""
    forwards = frozenset()
    key_exchanges = (settings.CURVE25519,)
    largest_transfer = settings.TRANSFER_SIZE

    def __init__(self, lab, server, local=(), remote=(), dynamic=(), stdio=None, options=(), key=None, wait=True):
        self.lab = lab
        self.server = server
        self.key = key or lab.keys.user
        self.directory = lab.new_directory(self.kind)
        self.options = list(options)
        self.known_hosts = self.directory / "known_hosts"
        self.known_hosts.write_text(server.known_hosts)
        self.local, self.remote, self.dynamic = map(list, (local, remote, dynamic))
        self.program = lab.programs.start(
            self.arguments(stdio), self.kind, environment=self.environment(), pipes=stdio is not None
        )
        if wait and stdio is None:
            self.wait_until_ready()

    def arguments(self, stdio):
        raise NotImplementedError

    def environment(self):
        return {"HOME": str(self.directory)}

    def forward_arguments(self):
        pairs = [("-L", spec) for spec in self.local]
        pairs += [("-R", spec) for spec in self.remote]
        pairs += [("-D", spec) for spec in self.dynamic]
        return [word for pair in pairs for word in pair]

    def log(self):
        return self.program.log()

    def wait_until_ready(self, seconds=_START_SECONDS):
        specs = [str(spec) for spec in (*self.local, *self.remote, *self.dynamic)]
        paths = [spec.partition(":")[0] for spec in specs if spec.startswith("/")]
        ports = {_listen_port(spec) for spec in specs if not spec.startswith("/")}
        any_ports = sum(_listen_port(spec) == 0 for spec in self.remote if not str(spec).startswith("/"))
        ports.discard(0)
        deadline = time.monotonic() + seconds
        while True:
            allocated = len(self.allocated_ports())
            if allocated == any_ports and self.says_ready() and listens(ports, paths):
                return self
            if not self.program.running:
                raise ClientFailed(self)
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.kind} has not made its forwards after {seconds} s:\n{self.log()}")
            time.sleep(0.02)

    def says_ready(self):
        """Whether a client that can say so has said that its forwards stand."""
        return True

    def allocated_ports(self):
        return [int(port) for port in _ALLOCATED.findall(self.log())]

    def wait(self, seconds=20):
        return self.program.wait(seconds)

    def kill(self):
        self.program.kill()

    def stop(self):
        self.program.stop()


def listens(ports, paths):
    return all(is_listening(port) for port in ports) and all(is_listening_on_path(path) for path in paths)


def _listen_port(spec):
    """The port in `[bind_address:]port[:host:hostport|:path]`."""
    words = re.sub(r"\[.*?\]|:/.*", lambda found: "" if found[0][0] == ":" else "bracketed", str(spec)).split(":")
    return int(words[0] if len(words) in (1, 3) else words[1])


class OpenSSH(Client):
    kind = "ssh"
    key_exchanges = (settings.SNTRUP, settings.SNTRUP_STANDARD, *settings.COMMON)
    forwards = frozenset({"local", "remote", "any_port", "dynamic", "stdio", "jump"})

    def executable(self):
        return program("ssh")

    def arguments(self, stdio):
        return [
            self.executable(),
            *([] if "-F" in self.options else ["-F", "none"]),
            *self.options,
            *("-o", f"UserKnownHostsFile={self.known_hosts}"),
            *("-o", "GlobalKnownHostsFile=/dev/null"),
            *("-o", "StrictHostKeyChecking=yes"),
            *("-o", "BatchMode=yes"),
            *("-o", "IdentitiesOnly=yes"),
            *("-o", "ExitOnForwardFailure=yes"),
            *("-i", self.key.path),
            *("-p", self.server.port),
            *(["-W", stdio] if stdio else ["-N", *self.forward_arguments()]),
            self.server.address,
        ]


class Swssh(OpenSSH):
    kind = "swssh"
    key_exchanges = (settings.MLKEM, settings.SNTRUP, settings.SNTRUP_STANDARD, *settings.COMMON)

    def executable(self):
        return settings.SWSSH


class StandInSwssh(OpenSSH):
    """ssh where the tests say swssh, to prove the tests themselves."""

    kind = "swssh"


class Dbclient(Client):
    kind = "dbclient"
    forwards = frozenset({"local", "remote", "any_port", "stdio"})

    def arguments(self, stdio):
        # dbclient knows hosts by name alone, without the port, in HOME/.ssh/known_hosts.
        ssh_directory = self.directory / ".ssh"
        ssh_directory.mkdir(mode=0o700)
        (ssh_directory / "known_hosts").write_text(f"{LOOPBACK} {self.server.host_key.public}\n")
        arguments = [program("dbclient"), "-W", 1 << 20, *self.options, "-o", "ExitOnForwardFailure=yes", "-T"]
        arguments += ["-i", self.key.dropbear(), "-p", self.server.port]
        arguments += ["-B", stdio] if stdio else ["-N", *self.forward_arguments()]
        return [*arguments, self.server.address]


class Plink(Client):
    kind = "plink"
    forwards = frozenset({"local", "remote", "dynamic", "stdio"})

    def arguments(self, stdio):
        arguments = [program("plink"), "-batch", "-ssh", "-noagent", *self.options]
        arguments += ["-i", self.key.putty(), "-hostkey", self.server.host_key.fingerprint, "-P", self.server.port]
        arguments += ["-nc", stdio] if stdio else ["-N", *self.forward_arguments()]
        return [*arguments, self.server.address]


class ScriptedClient(Client):
    """A client library behind a command line like ssh's."""

    script = ""
    python = sys.executable
    largest_transfer = 16 * settings.MIB

    def arguments(self, stdio):
        script = Path(__file__).parent / "peers" / self.script
        arguments = [self.python, script, "-i", self.key.path, "-k", self.known_hosts, *self.options]
        arguments += ["-W", stdio] if stdio else self.forward_arguments()
        return [*arguments, LOOPBACK, self.server.port, self.server.user]

    def says_ready(self):
        # paramiko takes a forwarded channel only after it has read the reply: the server's port is there too early.
        return "ready\n" in self.log()


class Paramiko(ScriptedClient):
    kind = "paramiko"
    key_exchanges = settings.COMMON[:-1]
    script = "paramiko_client.py"
    forwards = frozenset({"local", "remote", "any_port", "stdio"})
    largest_transfer = 8 * settings.MIB


class AsyncsshClient(ScriptedClient):
    kind = "asyncssh"
    script = "asyncssh_client.py"
    forwards = frozenset({"local", "remote", "any_port", "dynamic", "stdio"})
    key_exchanges = (settings.MLKEM, *settings.COMMON)


def client_classes():
    swssh = Swssh if settings.SWSSH else StandInSwssh
    return {client.kind: client for client in (OpenSSH, swssh, Dbclient, Plink, Paramiko, AsyncsshClient)}
