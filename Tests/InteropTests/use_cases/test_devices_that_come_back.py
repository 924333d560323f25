"""What the documents take for granted: a device keeps its tunnel for months, by ssh -f, a loop or autossh.

Its options are those that every such recipe has: -N, ServerAliveInterval, ExitOnForwardFailure.
"""

import os
import signal

import pytest

from harness import traffic
from harness.lab import transfer
from harness.neighbourhood import Neighbourhood
from harness.network import free_port, is_listening, wait_until
from harness.processes import descendants
from harness.settings import MIB

CLIENTS = pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
PROXY = "proxy.example.com"
ALIVE = "-o ServerAliveInterval=1 -o ServerAliveCountMax=3 -o ExitOnForwardFailure=yes"


class Scene:
    def __init__(self, lab, client_kind):
        self.lab = lab
        self.streets = Neighbourhood(lab, hosts=[PROXY], accounts=["tunnel"])
        self.device = self.streets.machine("device", client_kind)
        self.port = free_port()
        self.keys = {"tunnel": f'restrict,port-forwarding,permitlisten="{self.port}" {self.device.key().public}'}
        self.proxy = self.streets.proxy(self.keys)
        self.device.knows(self.proxy, PROXY)
        target = f"localhost:{lab.traffic.port}"
        self.arguments = f"-N {ALIVE} -R {self.port}:{target} -p {self.proxy.port} tunnel@{PROXY}"

    def serves(self):
        wait_until(lambda: is_listening(self.port), 20, "the listener")
        transfer(traffic.connect(self.port), MIB)

    def restart_proxy(self):
        """As at an upgrade or a crash: everybody's connection is gone."""
        port = self.proxy.port
        self.proxy.kill()
        wait_until(lambda: not is_listening(self.port), 10, "the end of the listener")
        self.proxy = self.streets.proxy(self.keys, port=port)


@CLIENTS
def test_a_tunnel_in_the_background_stands_when_the_command_has_ended(lab, client_kind):
    scene = Scene(lab, client_kind)
    left = scene.device.start_in_background(f"ssh -f {scene.arguments}")
    try:
        # With ExitOnForwardFailure, ssh goes to the background only after every -R was answered.
        assert is_listening(scene.port)
        scene.serves()
    finally:
        left.stop()
    wait_until(lambda: not is_listening(scene.port), 5, "the end of the listener")


@CLIENTS
def test_a_loop_comes_back_after_the_proxy(lab, client_kind):
    """As systemd does with Restart=always and RestartSec=1."""
    scene = Scene(lab, client_kind)
    program = scene.device.start(f"bash -c 'while true; do ssh {scene.arguments}; sleep 0.2; done'")
    scene.serves()
    scene.restart_proxy()
    scene.serves()
    assert program.running


@CLIENTS
def test_autossh_comes_back_after_the_proxy(lab, client_kind):
    scene = Scene(lab, client_kind)
    environment = f"env AUTOSSH_PATH={scene.device.ssh} AUTOSSH_GATETIME=0 AUTOSSH_POLL=10"
    program = scene.device.start(f"{environment} autossh -M 0 {scene.arguments}")
    scene.serves()
    scene.restart_proxy()
    scene.serves()
    assert program.running


@CLIENTS
def test_a_device_that_lost_its_network_takes_its_port_again(lab, client_kind):
    scene = Scene(lab, client_kind)
    lost = scene.device.start(f"ssh {scene.arguments}")
    scene.serves()
    # Nothing is heard of it any more, and nothing says that it is gone: its connection stands, and so does its listener.
    frozen = [lost.pid, *descendants(lost.pid)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    scene.device.start(f"ssh {scene.arguments}")
    scene.proxy.wait_for_log(lambda line: f"port {scene.port}" in line and "taken over" in line, 20)
    scene.serves()


@CLIENTS
def test_a_device_notices_that_the_proxy_is_gone(lab, client_kind):
    scene = Scene(lab, client_kind)
    program = scene.device.start(f"ssh {scene.arguments}")
    scene.serves()
    scene.proxy.pause()
    assert program.wait(15) == 255
