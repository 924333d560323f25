"""SSHing over a tunnel to a reverse tunnel: a home machine and a laptop, both behind NAT, meet at a host in the cloud.

The relay takes rtunneld's place, and ssh with its options that of rtunnel, whose commands stand beside each step.
"""

import os

import pytest

from harness.neighbourhood import Neighbourhood
from harness.network import free_port, is_listening, wait_until
from harness.settings import MIB, USER

CLIENTS = pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
CLOUD = "cloud.example.net"
ACCOUNT = "rtunnel"


class Scene:
    def __init__(self, lab, client_kind):
        self.streets = Neighbourhood(lab, hosts=[CLOUD], accounts=[ACCOUNT])
        self.raspi = self.streets.machine("raspi", client_kind)
        self.laptop = self.streets.machine("laptop", client_kind)
        # rtunneld init; rtunneld start 12345
        self.cloud = self.streets.proxy({ACCOUNT: "# no client yet"})
        self.sshd = self.streets.sshd({USER: self.laptop.key().public}, host_key=lab.keys.named("raspi-host"))
        self.forward_port, self.local_port = free_port(), free_port()
        # HOST="1.2.3.4" PORT=12345 PUBKEY=<cloud-pubkey> rtunnel add-host
        for machine in (self.raspi, self.laptop):
            machine.knows(self.cloud, CLOUD)
        # HOST="127.0.0.1" PORT=12347 PUBKEY=<raspi-pubkey> rtunnel add-host
        self.laptop.knows(self.sshd, "127.0.0.1", self.local_port)
        self.to_cloud = f"-o StrictHostKeyChecking=yes -o ExitOnForwardFailure=yes -p {self.cloud.port} {ACCOUNT}@{CLOUD}"

    def add_client(self, machine):
        """rtunneld add-client <pubkey>: rtunneld is already running, but that's ok!"""
        with open(self.cloud.authorized_keys.parent / ACCOUNT, "a") as file:
            file.write(f"restrict,port-forwarding {machine.key().public}\n")

    @property
    def reverse_tunnel(self):
        """HOST="1.2.3.4" FORWARD_PORT=12346 REMOTE_PORT=12345 rtunnel start"""
        return f"ssh -N -R {self.forward_port}:localhost:{self.sshd.port} {self.to_cloud}"

    @property
    def tunnel(self):
        return f"ssh -N -L {self.local_port}:localhost:{self.forward_port} {self.to_cloud}"


@CLIENTS
def test_a_laptop_reaches_the_home_machine_through_both_tunnels(lab, client_kind):
    scene = Scene(lab, client_kind)
    scene.add_client(scene.raspi)
    scene.raspi.start(scene.reverse_tunnel)
    wait_until(lambda: is_listening(scene.forward_port), 20, "the reverse tunnel")
    scene.add_client(scene.laptop)
    # HOST="1.2.3.4" FORWARD_PORT=12346 LOCAL_PORT=12347 REMOTE_PORT=12345 rtunnel ssh
    scene.laptop.start(scene.tunnel)
    wait_until(lambda: is_listening(scene.local_port), 20, "the tunnel")
    data = os.urandom(3 * MIB)
    (scene.laptop.home / "data").write_bytes(data)
    # The shell on the home machine is its own sshd's; the host in the cloud sees encrypted bytes alone.
    inner = f"/usr/bin/ssh -o StrictHostKeyChecking=yes -p {scene.local_port} {USER}@127.0.0.1"
    assert scene.laptop.run(f"cat data | {inner} cat") == data


@CLIENTS
def test_a_client_that_was_not_added_gets_nothing(lab, client_kind):
    scene = Scene(lab, client_kind)
    scene.raspi.run(scene.reverse_tunnel, status=255)
    assert not is_listening(scene.forward_port)
    assert "Permission denied (publickey)" in scene.raspi.said


@CLIENTS
def test_hosts_must_be_known(lab, client_kind):
    """rtunnel performs strict host-checking: hosts must be whitelisted."""
    scene = Scene(lab, client_kind)
    scene.add_client(scene.raspi)
    known_hosts = scene.raspi.home / ".ssh" / "known_hosts"
    known_hosts.unlink()
    scene.raspi.run(scene.reverse_tunnel, status=255)
    scene.raspi.knows(scene.cloud, CLOUD, key=lab.keys.named("impostor").public)
    scene.raspi.run(scene.reverse_tunnel, status=255)
    assert not is_listening(scene.forward_port)
    known_hosts.unlink()
    scene.raspi.knows(scene.cloud, CLOUD)
    scene.raspi.start(scene.reverse_tunnel)
    wait_until(lambda: is_listening(scene.forward_port), 20, "the reverse tunnel")


@CLIENTS
def test_the_tunnel_leads_nowhere_while_the_home_machine_is_away(lab, client_kind):
    scene = Scene(lab, client_kind)
    scene.add_client(scene.laptop)
    scene.laptop.start(scene.tunnel)
    wait_until(lambda: is_listening(scene.local_port), 20, "the tunnel")
    scene.laptop.run(f"/usr/bin/ssh -p {scene.local_port} {USER}@127.0.0.1 true", status=255)
    scene.cloud.wait_for_log(lambda line: line.endswith(f"connect_to localhost port {scene.forward_port}: failed."))
