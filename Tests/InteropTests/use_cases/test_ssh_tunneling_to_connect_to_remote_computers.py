"""SSH Tunneling to Connect to Remote Computers: many remote computers, several systems, one proxy host for all.

Remote and controlling computers of a system log in to the proxy as an account of that system's name. What the document
does with MQTT, telling the computers to connect and the port to whom it concerns, the tests do by hand.
"""

import os
import re
import signal

import pytest

from harness.neighbourhood import Neighbourhood
from harness.network import free_port, is_listening, wait_until
from harness.settings import MIB

CLIENTS = pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
PROXY = "proxy.example.com"
SYSTEMS = ("tau", "haifa")
REALM = "atlas"


class Scene:
    """Two systems on one proxy, each with a remote computer and a controller."""

    def __init__(self, lab, client_kind, options="", config=()):
        self.streets = Neighbourhood(lab, hosts=[PROXY], accounts=[*SYSTEMS, REALM])
        self.remote = {system: self.streets.machine(f"remote-{system}", client_kind) for system in SYSTEMS}
        self.controller = {system: self.streets.machine(f"controller-{system}", client_kind) for system in SYSTEMS}
        keys = {
            system: [f"{options} {machine[system].key().public}" for machine in (self.remote, self.controller)]
            for system in SYSTEMS
        }
        self.proxy = self.streets.proxy(keys, config)
        self.sshd = {
            system: self.streets.sshd({REALM: self.controller[system].key().public}, host_key=lab.keys.named(system))
            for system in SYSTEMS
        }
        for system in SYSTEMS:
            self.remote[system].knows(self.proxy, PROXY)
            self.controller[system].knows(self.proxy, PROXY)
            self.controller[system].knows(self.sshd[system], f"972002000333.{system}", 22)

    def connect(self, system, port=0):
        """What a remote computer does at the command `connect`: gives the program, and the port that it reports."""
        program = self.remote[system].start(
            f"ssh -N -o ExitOnForwardFailure=yes -o ServerAliveInterval=15 -p {self.proxy.port} "
            f"-R {port}:localhost:{self.sshd[system].port} {system}@{PROXY}"
        )
        if port == 0:
            allocated = re.compile(r"Allocated port (\d+) for remote forward to")
            port = int(wait_until(lambda: allocated.search(program.log()), 20, "the port")[1])
        wait_until(lambda: is_listening(port), 20, "the listener")
        return program, port

    def connect_sh(self, system, port, of=None):
        """connect.sh: the SSH command that a controlling computer writes down."""
        return (
            f"ssh -o StrictHostKeyChecking=yes -o HostKeyAlias=972002000333.{of or system} "
            f"-J {system}@{PROXY}:{self.proxy.port} -p {port} {REALM}@localhost"
        )

    def run(self, system, port, command, redirection="", **options):
        # The session on the remote computer is stock ssh's; the way to it is the client's under test.
        way = f"{self.controller[system].ssh} -W localhost:{port} -p {self.proxy.port} {system}@{PROXY}"
        line = self.connect_sh(system, port).replace(
            f"-J {system}@{PROXY}:{self.proxy.port}", f"-o ProxyCommand='{way}'"
        )
        line = line.replace("ssh", "/usr/bin/ssh", 1)
        return self.controller[system].run(f"{line} '{command}' {redirection}", **options)


@CLIENTS
def test_a_controller_connects_to_a_remote_computer_and_lets_it_go(lab, client_kind):
    scene = Scene(lab, client_kind)
    tunnel, port = scene.connect("tau")
    # You can log out and reconnect by running connect.sh again.
    for _ in range(2):
        assert scene.run("tau", port, "echo $USER").strip() == REALM.encode()
    data = os.urandom(2 * MIB)
    (scene.controller["tau"].home / "data").write_bytes(data)
    assert scene.run("tau", port, "cat", "< data") == data
    # When the tunnel is no longer needed, the remote computer takes it down.
    tunnel.signal(signal.SIGTERM)
    tunnel.process.wait(10)
    wait_until(lambda: not is_listening(port), 5, "the end of the listener")
    # Running connect.sh now will fail to establish a connection to the remote computer.
    scene.run("tau", port, "true", status=255)


def test_connect_sh_as_written(lab):
    scene = Scene(lab, "ssh")
    _, port = scene.connect("tau")
    assert scene.controller["tau"].run(scene.connect_sh("tau", port) + " 'echo $USER'").strip() == REALM.encode()


@CLIENTS
def test_systems_share_a_proxy_and_nothing_else(lab, client_kind):
    """A controlling computer of one system cannot connect to remote computers of another system."""
    ports = {system: free_port() for system in SYSTEMS}
    config = []
    for system, port in ports.items():
        config += [f"Match User {system}", f"PermitListen localhost:{port}", f"PermitOpen localhost:{port}"]
    scene = Scene(lab, client_kind, "restrict,port-forwarding", [*config, "Match all"])
    for system, port in ports.items():
        scene.connect(system, port)
        assert scene.run(system, port, "echo $USER").strip() == REALM.encode()
    scene.run("haifa", ports["tau"], "true", status=255)
    scene.proxy.wait_for_log(
        lambda line: f"to connect to host localhost port {ports['tau']}, but the request was denied" in line
    )
    # Nor does a remote computer take another system's place.
    scene.remote["haifa"].run(
        f"ssh -N -o ExitOnForwardFailure=yes -p {scene.proxy.port} -R {ports['tau']}:localhost:1 haifa@{PROXY}",
        status=255,
    )
    assert scene.run("tau", ports["tau"], "echo $USER").strip() == REALM.encode()


@CLIENTS
def test_many_remote_computers_have_a_port_each(lab, client_kind):
    scene = Scene(lab, client_kind)
    tunnels = [scene.connect("tau") for _ in range(5)]
    assert len({port for _, port in tunnels}) == 5
    for _, port in tunnels:
        assert scene.run("tau", port, "echo $USER").strip() == REALM.encode()
