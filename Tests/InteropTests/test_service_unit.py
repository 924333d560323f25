"""`swssh --service`: a Host's tunnels as a service of systemd, which is there again after a reboot."""

import shutil
import subprocess

import pytest

from harness import settings, traffic
from harness.booted import BootedMachine, reason_to_skip
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB

pytestmark = pytest.mark.pairs(clients=["swssh"], servers=["relay"])

CONFIGURATION = """
Host tunnel
    HostName {host}
    Port {port}
    User {user}
    IdentityFile ~/.ssh/id_ed25519
    RemoteForward {forward} {target}
"""


@pytest.mark.skipif(reason_to_skip() is not None, reason=str(reason_to_skip()))
def test_a_service_stands_and_stands_again_after_a_reboot(lab, client_kind, server_kind):
    server, port = lab.server("relay"), free_port()
    machine = BootedMachine(lab)
    machine.chroot("useradd", "--create-home", "pi")
    home = machine.root / "home/pi/.ssh"
    home.mkdir(mode=0o700)
    target = f"{LOOPBACK}:{lab.target.split(':')[-1]}"
    text = CONFIGURATION.format(host=LOOPBACK, port=server.port, user=server.user, forward=port, target=target)
    (home / "config").write_text(text)
    (home / "known_hosts").write_text(server.known_hosts)
    shutil.copy(lab.keys.user.path, home / "id_ed25519")
    machine.chroot("chown", "-R", "pi:pi", "/home/pi/.ssh")
    machine.boot()
    as_root_for_pi = ("env", "SUDO_USER=pi", "/usr/bin/swssh")
    installed = machine.run(*as_root_for_pi, "--service", "install", "tunnel")
    assert "enabled and started" in installed.stdout
    verified = machine.run("systemd-analyze", "verify", "/etc/systemd/system/swssh-tunnel.service")
    assert verified.stdout + verified.stderr == ""
    wait_until(lambda: is_listening(port), 30, "the tunnel")
    transfer(traffic.connect(port), MIB)
    name = f"{LOOPBACK}:{server.port}"

    def status():
        return machine.run("systemctl", "status", "--no-pager", "swssh-tunnel.service", check=False).stdout

    wait_until(lambda: f"Connected to {name}; -R {port}:{target}" in status(), 10, "the status")
    for words in (["/usr/bin/swssh"], ["runuser", "-u", "pi", "--", "/usr/bin/swssh"]):
        assert f"-R {port}:{target}: stands" in machine.run(*words, "--status", "tunnel").stdout
    owner = machine.run("systemctl", "show", "-P", "User", "swssh-tunnel.service").stdout.strip()
    assert owner == "pi"
    assert "as it was" in machine.run(*as_root_for_pi, "--service", "install", "tunnel").stdout
    machine.reboot()
    wait_until(lambda: is_listening(port), 60, "the tunnel after the reboot")
    wait_until(lambda: f"Connected to {name}" in status(), 10, "the status")
    transfer(traffic.connect(port), MIB)
    said = machine.run(*as_root_for_pi, "--service", "status", "tunnel")
    assert "Active: active (running)" in said.stdout and ": stands" in said.stdout
    machine.run(*as_root_for_pi, "--service", "remove", "tunnel")
    wait_until(lambda: not is_listening(port), 20, "the tunnel's end")
    assert not list((machine.root / "etc/systemd/system").rglob("swssh*"))
    assert "There is no" in machine.run(*as_root_for_pi, "--service", "remove", "tunnel").stdout
    assert machine.run("/usr/bin/swssh", "--status", "tunnel", check=False).returncode == 3
    machine.power_off()


def test_what_cannot_be_a_service_is_said_and_nothing_written(lab, client_kind, server_kind):
    home = lab.new_directory("home")
    for words, reason in (
        (["-F", "none", "a"], "has no forwards"),
        (["-F", "none", "-f", "-R", "1:b:1", "a"], "leave -f away"),
        (["-F", "relative", "-R", "1:b:1", "a"], "whole path"),
        (["-F", "none", "-R", "1:b:1", "a", "command"], "runs no command"),
    ):
        command = [settings.SWSSH, "--service", "install", *words]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, env={"HOME": str(home)})
        assert ended.returncode == 255 and reason in ended.stderr, ended.stderr
    assert not list(home.iterdir())
