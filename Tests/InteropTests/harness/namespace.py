"""A network of its own, with whole IPv6 networks of addresses, for programs that are run in it."""

import os
import signal
import subprocess

from .network import wait_until
from .settings import program


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


class NameServer:
    """dnsmasq in a namespace, and programs that ask it alone."""

    def __init__(self, lab, namespace, address, services=()):
        self._directory = lab.new_directory("names")
        (self._directory / "resolv.conf").write_text(f"nameserver {address}\n")
        (self._directory / "nsswitch.conf").write_text("passwd: files\ngroup: files\nshadow: files\nhosts: dns\n")
        self._hosts = self._directory / "hosts"
        self._hosts.write_text("")
        words = [program("dnsmasq"), "--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null"]
        words += ["--user=root", "--group=root", "--pid-file=", "--log-facility=-", "--log-queries", "--local=/test/"]
        words += [f"--addn-hosts={self._hosts}", f"--listen-address={address}", "--bind-interfaces"]
        words += [f"--srv-host={service}" for service in services]
        self.program = lab.programs.start(namespace.command(*words), "dnsmasq")
        wait_until(lambda: "started" in self.program.log(), 20, "a name server")

    def say(self, **hosts):
        """Where `HOST.test` is from now on."""
        read = self.program.log().count("read ")
        self._hosts.write_text("".join(f"{address} {host}.test\n" for host, address in hosts.items()))
        self.program.signal_tree(signal.SIGHUP)
        wait_until(lambda: self.program.log().count("read ") > read, 10, "the new names")

    def resolving(self, *words):
        """The words that run a program that asks this server."""
        mounts = " && ".join(f"mount --bind {self._directory}/{name} /etc/{name}" for name in ("resolv.conf", "nsswitch.conf"))
        script = f'mount --make-rprivate / && {mounts} && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, "sh", *words]

    def pause(self):
        """It answers nobody."""
        self.program.signal_tree(signal.SIGSTOP)

    def resume(self):
        self.program.signal_tree(signal.SIGCONT)
