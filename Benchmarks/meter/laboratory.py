"""The programs of a run: servers and clients of the interop tests' harness, and the helpers that are written in C."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from harness import settings
from harness.lab import Lab
from harness.network import free_port

from .accounting import kernel_seconds, processor_seconds

CIPHERS = {
    "aes256-gcm": "aes256-gcm@openssh.com",
    "aes128-gcm": "aes128-gcm@openssh.com",
    "chacha20-poly1305": "chacha20-poly1305@openssh.com",
}
# As libcrypto calls them.
FLOOR_CIPHERS = {"aes256-gcm": "AES-256-GCM", "aes128-gcm": "AES-128-GCM", "chacha20-poly1305": "ChaCha20-Poly1305"}
THEIRS = "ssh-sshd"
PAIRS = (THEIRS, "ssh-relay", "swssh-sshd", "swssh-relay")
OURS = "swssh-relay"
GIB = 1 << 30
_SLACK = 120


@dataclass
class Options:
    """How long and how often each thing is measured."""

    seconds: float
    rounds: int
    quick: bool
    ciphers: tuple = tuple(CIPHERS)
    programs: Path = field(default_factory=lambda: Path(os.environ["BENCH_PROGRAMS"]))
    # Where profiles are kept.
    profiles: Path | None = None
    load: str = field(default_factory=lambda: os.environ["SSH_LOAD"])


class _Target:
    def __init__(self, port):
        self.port = port


class Laboratory(Lab):
    """One part's programs, all ended with the part."""

    # The log is part of the work of a server; what tests want to read is not. One family: a listener is one socket.
    server_lines = ("LogLevel INFO", "AddressFamily inet", "ClientAliveInterval 15", "ClientAliveCountMax 3")

    def __init__(self, directory, keys, options, say):
        super().__init__(directory, keys, _Target(0))
        self.options = options
        self.say = say
        self.sink, self.traffic.port = self.helper("server")

    def helper(self, name, *arguments):
        """A C program that prints its port, and that port."""
        program = self.programs.start([self.options.programs / name, *arguments], name, pipes=True)
        return program, int(program.process.stdout.readline())

    def start_server(self, kind, *lines):
        return self.server(kind, config=[*lines, *self.server_lines])

    def start_client(self, kind, server, cipher=None, **forwards):
        cipher = ["-o", f"Ciphers={CIPHERS[cipher]}"] if cipher else []
        return self.client(kind, server, options=cipher, **forwards)

    def local_port(self, kind, server, cipher=None):
        """A client with one -L to the sink, and its port."""
        port = free_port()
        return self.start_client(kind, server, cipher, local=[f"{port}:{self.target}"]), port

    def drive(self, what, seconds, ports, socks=0):
        """Runs the near end of the tunnels; gives the numbers that it prints."""
        return self.run([self.options.programs / "client", what, socks, seconds, *ports], seconds)

    def run(self, arguments, seconds):
        arguments = [str(argument) for argument in arguments]
        result = subprocess.run(
            arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds + _SLACK, check=False
        )
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(arguments)}: {result.stderr.strip()}")
        return [int(word) for word in result.stdout.split()]

    def logins(self, server, seconds, kex="curve25519-sha256", parallel=8):
        """Light clients that log in and leave; gives how many did, in how many nanoseconds."""
        return self.run(
            [self.options.load, "logins", *self.login_arguments(server, kex, parallel), "--seconds", seconds], seconds
        )

    def login_arguments(self, server, kex, parallel):
        return [
            *("--port", server.port, "--user", settings.USER, "--key", self.keys.user.path),
            *("--kex", kex, "--parallel", parallel),
        ]

    def close(self):
        self.programs.stop_all()
        left = self.programs.left_behind()
        if left:
            raise RuntimeError("processes were left behind: " + json.dumps(left))


class Meter:
    """The CPU time of groups of programs over a stretch of work."""

    def __init__(self, **groups):
        self.groups = groups
        self.before = {name: processor_seconds(programs) for name, programs in groups.items()}
        self.kernel_before = {name: kernel_seconds(programs) for name, programs in groups.items()}

    def read(self):
        return {name: processor_seconds(programs) - self.before[name] for name, programs in self.groups.items()}

    def read_kernel(self):
        return {name: kernel_seconds(programs) - self.kernel_before[name] for name, programs in self.groups.items()}


def turns(contestants, round_number):
    """A B C, then C B A: whoever comes first is not always the same."""
    contestants = list(contestants)
    return contestants if round_number % 2 == 0 else contestants[::-1]
