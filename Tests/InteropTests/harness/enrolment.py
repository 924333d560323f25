"""A relay as `relay init` makes it, and the programs with which people let devices in."""

import subprocess

from . import settings
from .network import free_port, is_listening, wait_until
from .settings import LOOPBACK, program


class EnrolledRelay:
    """Made in a folder of its own; it serves after `start`."""

    def __init__(self, lab, *arguments, folder=None):
        self.lab = lab
        self.port = free_port()
        self.folder = folder or lab.new_directory("relay")
        self.config = self.folder / "relay_config"
        self.made = self.run("init", "--port", self.port, "--host", LOOPBACK, *arguments)
        self.program = None

    def run(self, command, *arguments, standard_input=None, check=True):
        """`relay COMMAND -f CONFIG ...`"""
        words = [settings.RELAY, command, "-f", self.config, *arguments]
        result = subprocess.run(
            list(map(str, words)), input=standard_input, capture_output=True, text=True, timeout=60, check=False
        )
        assert not check or result.returncode == 0, f"{words}\n{result.stdout}{result.stderr}"
        return result

    def start(self, *lines):
        # The tests' folders are below one that everybody may write to.
        lines = ["StrictModes no", f"ListenAddress {LOOPBACK}", "PerSourcePenalties no", "LogLevel VERBOSE", *lines]
        options = [word for line in lines for word in ("-o", line)]
        self.program = self.lab.programs.start([settings.RELAY, "-D", "-e", "-f", self.config, *options], "relay")
        wait_until(lambda: is_listening(self.port) or not self.program.running, 20, "the relay")
        assert self.program.running, self.program.log()

    def key_file(self, account):
        return self.folder / "authorized_keys" / account

    def known_hosts(self, name="known_hosts"):
        """The file that a client makes of what the relay's host printed."""
        path = self.folder / name
        path.write_text(self.run("host-key", LOOPBACK).stdout)
        return path

    def ssh(self, key, account, *arguments):
        """Words of a stock ssh that asks nobody."""
        return [
            program("ssh"), "-F", "none", "-i", key.path, "-p", self.port, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={self.known_hosts()}",
            "-o", "ExitOnForwardFailure=yes", *arguments, f"{account}@{LOOPBACK}",
        ]  # fmt: skip

    def invite(self, account, *arguments):
        """A one-time key, and its known_hosts, out of what a person would paste into a device's shell."""
        made = self.run("invite", "--account", account, "--host", LOOPBACK, *arguments).stdout
        return Invitation(self, account, made)


class Invitation:
    """What `relay invite` printed."""

    def __init__(self, relay, account, text):
        self.relay, self.account, self.text = relay, account, text
        self.folder = relay.lab.new_directory("invited")
        self.key = self._block("(umask 077; cat > invite) <<'END'\n", "invite")
        self.known_hosts = self._block("cat > invite.known_hosts <<'END'\n", "invite.known_hosts")

    def _block(self, begin, name):
        path = self.folder / name
        path.write_text(self.text.split(begin, 1)[1].split("END\n", 1)[0])
        path.chmod(0o600)
        return path

    def words(self, *command, port=None):
        """Words of a stock ssh that logs in by the invite."""
        return list(map(str, [
            program("ssh"), "-F", "none", "-i", self.key, "-p", port or self.relay.port, "-o", "IdentitiesOnly=yes",
            "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={self.known_hosts}",
            f"{self.account}@{LOOPBACK}", *command,
        ]))  # fmt: skip

    def run(self, *command, given="", **options):
        return subprocess.run(
            self.words(*command, **options), input=given, capture_output=True, text=True, timeout=60, check=False
        )
