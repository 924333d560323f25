"""SSH libraries and programs that others use: how each is built, told to renew its keys, and asked for its version."""

import fcntl
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from . import clients, servers, settings
from .settings import LOOPBACK, MIB, program

REKEY_BYTES = MIB
_SOURCES = Path(__file__).parent / "peers" / "libraries"
# Debian's own Python has the libraries that Debian 12 came with.
_SYSTEM_PYTHON = "/usr/bin/python3"
_ASK_SECONDS = 0.2


def _shared_directory(lab):
    """One for all workers of the run: what is compiled is compiled once."""
    own = lab.keys.directory.parent
    directory = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "libraries"
    directory.mkdir(exist_ok=True)
    return directory


def _built(lab, name, command, environment=None):
    """The program `name`, compiled by `command`, which gets the program's path at its end."""
    directory = _shared_directory(lab)
    path = directory / name
    with open(directory / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            variables = {**os.environ, **(environment or {}), "HOME": str(directory)}
            unfinished = path.with_suffix(".unfinished")
            subprocess.run([*map(str, command), unfinished], check=True, env=variables)
            unfinished.rename(path)
    return path


class _Library(clients.Client):
    """A program of ours around a library, with the command line of `peers/command_line.py`."""

    forwards = frozenset({"local", "remote"})

    def command(self):
        raise NotImplementedError

    def arguments(self, stdio):
        arguments = [*self.command(), "-i", self.key.path, "-k", self.known_hosts, *self.options]
        return [*arguments, *self.forward_arguments(), LOOPBACK, self.server.port, self.server.user]

    def says_ready(self):
        return "ready\n" in self.log()


class Libssh(_Library):
    kind = "libssh"

    def command(self):
        source = _SOURCES / "libssh_client.c"
        return [_built(self.lab, self.kind, ["cc", "-O1", source, "-lssh", "-o"])]


class Libssh2(_Library):
    kind = "libssh2"

    def command(self):
        source = _SOURCES / "libssh2_client.c"
        return [_built(self.lab, self.kind, ["cc", "-O1", source, "-lssh2", "-o"])]


class Go(_Library):
    kind = "go"

    def command(self):
        environment = {
            "GO111MODULE": "off",
            "GOPATH": "/usr/share/gocode",
            "GOCACHE": str(_shared_directory(self.lab) / "go-cache"),
        }
        # The words after -o come last.
        source = _SOURCES / "go_client.go"
        build = ["sh", "-c", 'exec go build -o "$1" "$0"', source]
        return [_built(self.lab, self.kind, build, environment)]


class Jsch(_Library):
    kind = "jsch"

    def command(self):
        options = ["-Xmx256m", "-XX:+UseSerialGC", "-cp", "/usr/share/java/jsch.jar"]
        return [program("java"), *options, _SOURCES / "JschClient.java"]


class Paramiko2(clients.Paramiko):
    kind = "paramiko2"
    python = _SYSTEM_PYTHON


class Asyncssh2(clients.AsyncsshClient):
    kind = "asyncssh2"
    python = _SYSTEM_PYTHON


class Plink(clients.Plink):
    """plink takes its limit from a saved session alone."""

    def environment(self):
        sessions = self.directory / ".putty" / "sessions"
        sessions.mkdir(parents=True, exist_ok=True)
        (sessions / "rekey").write_text(f"RekeyBytes={REKEY_BYTES}\nPingIntervalSecs=1\nProtocol=ssh\n")
        return super().environment()


def _version(*command, pattern=r"\d[\w.]*"):
    def ask():
        result = subprocess.run([program(command[0]), *command[1:]], capture_output=True, text=True, check=False)
        return re.search(pattern, result.stdout + result.stderr)[0]

    return ask


def _debian_version(package):
    return _version("dpkg-query", "-W", "-f", "${Version}", package, pattern=r"\d+\.[\w.]+")


def _told_version(peer):
    return re.search(r"^version ([\w.]+)", peer.log(), re.MULTILINE)[1]


@dataclass
class Library:
    """One row of the table."""

    name: str
    client: type
    # The words that make it renew its keys each REKEY_BYTES; None if it cannot be told.
    renews: list | None = None
    # The words that make it ask for signs of life, in the midst of all else.
    asks: list = field(default_factory=list)
    # None: it says so itself, in a line of its log.
    version: object = None
    size: int = 6 * MIB
    key: tuple = ("user",)
    host_key: tuple = ("host",)

    def version_of(self, client):
        return self.version() if self.version else _told_version(client)


_OPENSSH_VERSION = r"(?<=OpenSSH_)\w[\w.]*"
_WORDS = ["-r", REKEY_BYTES]
_ASKS = ["-a", _ASK_SECONDS]
_OPENSSH = {"renews": ["-o", f"RekeyLimit={REKEY_BYTES}"], "asks": ["-o", "ServerAliveInterval=1"]}

LIBRARIES = {
    "ssh": Library(
        "OpenSSH ssh", clients.OpenSSH, version=_version("ssh", "-V", pattern=_OPENSSH_VERSION), **_OPENSSH
    ),
    "swssh": Library("swssh", clients.Swssh, version=lambda: "this one", **_OPENSSH),
    "dbclient": Library("Dropbear dbclient", clients.Dbclient, asks=["-K", 1], version=_version("dbclient", "-V")),
    "plink": Library("PuTTY plink", Plink, renews=["-load", "rekey"], version=_version("plink", "-V")),
    "paramiko": Library("paramiko", clients.Paramiko, _WORDS, _ASKS, size=3 * MIB),
    "paramiko2": Library("paramiko", Paramiko2, _WORDS, _ASKS, size=3 * MIB),
    "asyncssh": Library("asyncssh", clients.AsyncsshClient, _WORDS, _ASKS, size=4 * MIB),
    "asyncssh2": Library("asyncssh", Asyncssh2, _WORDS, _ASKS, size=4 * MIB),
    "libssh": Library("libssh", Libssh, _WORDS, _ASKS),
    "libssh2": Library("libssh2", Libssh2, None, _ASKS),
    "go": Library("Go golang.org/x/crypto/ssh", Go, _WORDS, _ASKS, _debian_version("golang-golang-x-crypto-dev")),
    "jsch": Library(
        "JSch", Jsch, _WORDS, _ASKS, key=("jsch-user", "ecdsa", "PEM"), host_key=("jsch-host", "ecdsa"), size=4 * MIB
    ),
}


class _RenewingAsyncssh(servers.Asyncssh):
    rekey_bytes = REKEY_BYTES


class _Asyncssh2Server(servers.Asyncssh):
    kind = "asyncssh2"
    python = _SYSTEM_PYTHON


class _RenewingAsyncssh2(_Asyncssh2Server):
    rekey_bytes = REKEY_BYTES


class _ParamikoServer(servers.Asyncssh):
    kind = "paramiko"
    script = "paramiko_server.py"
    key_exchanges = (settings.CURVE25519,)
    largest_transfer = 8 * MIB


class _RenewingParamiko(_ParamikoServer):
    rekey_bytes = REKEY_BYTES


class _Paramiko2Server(_ParamikoServer):
    kind = "paramiko2"
    python = _SYSTEM_PYTHON


class _RenewingParamiko2(_Paramiko2Server):
    rekey_bytes = REKEY_BYTES


@dataclass
class ServerKind:
    """One row of the table of servers."""

    name: str
    server: type
    # The one that renews its keys each REKEY_BYTES; None if it cannot be told.
    renewing: type | None
    # None: it says so itself, in a line of its log.
    version: object = None
    size: int = 4 * MIB

    def version_of(self, server):
        return self.version() if self.version else _told_version(server)


SERVERS = {
    "relay": ServerKind("relay", servers.Relay, servers.Relay, lambda: "this one"),
    "sshd": ServerKind("OpenSSH sshd", servers.Sshd, servers.Sshd, _version("ssh", "-V", pattern=_OPENSSH_VERSION)),
    "dropbear": ServerKind("Dropbear", servers.Dropbear, None, _version("dropbear", "-V")),
    "asyncssh": ServerKind("asyncssh", servers.Asyncssh, _RenewingAsyncssh),
    "asyncssh2": ServerKind("asyncssh", _Asyncssh2Server, _RenewingAsyncssh2),
    "paramiko": ServerKind("paramiko", _ParamikoServer, _RenewingParamiko, size=3 * MIB),
    "paramiko2": ServerKind("paramiko", _Paramiko2Server, _RenewingParamiko2, size=3 * MIB),
}
