"""A network of its own, with whole IPv6 networks of addresses, for programs that are run in it."""

import os
import subprocess

from .network import wait_until


class Namespace:
    """Loopback alone, on which every address of the given networks is this machine's."""

    def __init__(self, lab, networks=()):
        # Whoever is not root may have a network if it is root in a user namespace first.
        self._user = [] if os.getuid() == 0 else ["--user"]
        mapping = ["--map-root-user"] if self._user else []
        self._holder = lab.programs.start(["unshare", *self._user, *mapping, "--net", "sleep", "infinity"], "namespace")
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self._holder.pid}/ns/net") != own, 10, "a network namespace")
        self.run("ip", "link", "set", "lo", "up")
        for network in networks:
            self.run("ip", "-6", "route", "add", "local", network, "dev", "lo")

    @property
    def pid(self):
        """Of a process in it."""
        return self._holder.pid

    def command(self, *words):
        """The words that run a program in it."""
        credentials = ["--preserve-credentials"] if self._user else []
        return ["nsenter", *self._user, *credentials, "--net", f"--target={self._holder.pid}", "--", *map(str, words)]

    def run(self, *words):
        return subprocess.run(self.command(*words), check=True, capture_output=True, text=True, timeout=30).stdout
