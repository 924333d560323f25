"""A device behind a router with NAT, a relay on the other side, and the accidents that happen between them.

    device 10.81.0.2 --- 10.81.0.1 router 10.82.0.1 --- 10.82.0.2 relay's host

Every one of the three is a network namespace. A prober at the relay's host notes when the device can be reached through its tunnel.
"""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from . import settings
from .keys import known_hosts_line
from .namespace import NameServer, Namespace
from .network import wait_until
from .settings import USER, program

DEVICE, ROUTER_INSIDE, ROUTER_OUTSIDE, HOST = "10.81.0.2", "10.81.0.1", "10.82.0.1", "10.82.0.2"
# Of a second relay, behind another cable.
ROUTER_SECOND, SECOND_HOST = "10.83.0.1", "10.83.0.2"
RELAY_PORT = 2222
_PEERS = Path(__file__).parent / "peers"


class Street:
    def __init__(self, lab):
        self.lab = lab
        self.device, self.router, self.host = (Namespace(lab) for _ in range(3))
        self._cable(self.device, "eth0", DEVICE, self.router, "inside", ROUTER_INSIDE)
        self._cable(self.host, "eth0", HOST, self.router, "outside", ROUTER_OUTSIDE)
        self.device.run("ip", "route", "add", "default", "via", ROUTER_INSIDE)
        self.router.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        try:
            self.router.run("nft", "add table ip way")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"there is no router to be had here: {error.stderr}")
        self.router.run("nft", "add chain ip way nat { type nat hook postrouting priority 100; }")
        self.router.run("nft", "add rule ip way nat oifname outside masquerade")
        # A packet of a flow that this router has not seen begin, as after its restart, gets no answer.
        self.router.run("nft", "add chain ip way forward { type filter hook forward priority 0; }")
        self.router.run("nft", "add rule ip way forward ct state invalid drop")
        self.directory = lab.new_directory("street")
        self.names = None
        (self.directory / "keys").mkdir()
        (self.directory / "keys" / USER).write_text(lab.keys.user.public + "\n")
        (self.directory / "known_hosts").write_text(known_hosts_line(HOST, RELAY_PORT, lab.keys.host.public) + "\n")
        (self.directory / "config").write_text(
            f"Port {RELAY_PORT}\nListenAddress 0.0.0.0\nHostKey {lab.keys.host.path}\n"
            f"AuthorizedKeysFile {self.directory}/keys/%u\nPidFile none\nStrictModes no\nPerSourcePenalties no\n"
        )
        self.relay = self.second_host = self.second_relay = None
        self.start_relay()
        self._start(self.device, "service", sys.executable, _PEERS / "answering_service.py")

    def _cable(self, inner, inner_name, inner_address, router, outer_name, outer_address):
        router.run("ip", "link", "add", outer_name, "type", "veth", "peer", "name", inner_name, "netns", str(inner.pid))
        for namespace, name, address in ((router, outer_name, outer_address), (inner, inner_name, inner_address)):
            namespace.run("ip", "address", "add", f"{address}/24", "dev", name)
            namespace.run("ip", "link", "set", name, "up")

    def _start(self, namespace, name, *words, **options):
        return self.lab.programs.start(namespace.command(*words), name, **options)

    # Programs

    def start_relay(self):
        self.relay = self._start(self.host, "relay", settings.RELAY, "-f", self.directory / "config", "-D", "-e")
        wait_until(lambda: "Server listening" in self.relay.log(), 20, "the relay")

    def start_second_relay(self):
        """A second relay, at a host of its own."""
        if not self.second_host:
            self.second_host = Namespace(self.lab)
            self._cable(self.second_host, "eth0", SECOND_HOST, self.router, "second", ROUTER_SECOND)
            self.router.run("nft", "add rule ip way nat oifname second masquerade")
            with open(self.directory / "known_hosts", "a") as known:
                known.write(known_hosts_line(SECOND_HOST, RELAY_PORT, self.lab.keys.host.public) + "\n")
        command = self.second_host.command(settings.RELAY, "-f", self.directory / "config", "-D", "-e")
        self.second_relay = self.lab.programs.start(command, "second-relay")
        wait_until(lambda: "Server listening" in self.second_relay.log(), 20, "the second relay")

    def start_names(self, services=(), **hosts):
        """A name server at the router for `HOST.test`, and SRV records as dnsmasq has them."""
        self.names = NameServer(self.lab, self.router, ROUTER_INSIDE, services)
        self.names.say(**hosts)
        with open(self.directory / "known_hosts", "a") as known:
            for host in hosts:
                known.write(known_hosts_line(f"{host}.test", RELAY_PORT, self.lab.keys.host.public) + "\n")

    def keep_tunnel(self, name, port, *command, to=HOST):
        """A program at the device that keeps `-R port:localhost:7` up; ends with the words for it."""
        options = ["-N", "-R", f"{port}:localhost:7", "-i", self.lab.keys.user.path, "-p", RELAY_PORT]
        options += ["-o", f"UserKnownHostsFile={self.directory}/known_hosts", "-o", "IdentitiesOnly=yes"]
        options += ["-o", "BatchMode=yes", f"{USER}@{to}"]
        environment = {"HOME": str(self.directory), "AUTOSSH_GATETIME": "0", "AUTOSSH_POLL": "10"}
        if self.names:
            command = self.names.resolving(*command)
        return self._start(self.device, name, *command, *options, environment=environment)

    def swssh(self, port, *options, to=HOST):
        words = [settings.SWSSH, "-F", "none", "-o", "Reconnect=yes", *options]
        return self.keep_tunnel("swssh", port, *words, to=to)

    def autossh(self, port):
        alive = ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2", "-o", "ExitOnForwardFailure=yes"]
        return self.keep_tunnel("autossh", port, program("autossh"), "-M", "0", "-F", "none", *alive)

    def loop(self, port):
        """As systemd does with Restart=always and RestartSec=1."""
        script = 'while :; do "$@"; sleep 1; done'
        alive = ["-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=2", "-o", "ExitOnForwardFailure=yes"]
        return self.keep_tunnel("loop", port, "sh", "-c", script, "loop", program("ssh"), "-F", "none", *alive)

    def hold_tunnel(self, host, port):
        """Somebody at a relay's host who keeps one connection to the device's echo, and notes how long each answer took."""
        self._start(self.device, "echo", sys.executable, _PEERS / "echo_service.py")
        holder = self._start(host, "holder", sys.executable, _PEERS / "tunnel_holder.py", port)
        wait_until(holder.log, 20, "an answer")
        return holder

    def watch(self, port, host=None):
        """Tries the port at a relay's host all the time."""
        command = (host or self.host).command(sys.executable, _PEERS / "tunnel_prober.py", port)
        return Watch(self.lab.programs.start(command, f"prober-{port}"))

    # Accidents

    def cable_out(self):
        self.device.run("ip", "link", "set", "eth0", "down")

    def cable_in(self):
        self.device.run("ip", "link", "set", "eth0", "up")
        self.device.run("ip", "route", "replace", "default", "via", ROUTER_INSIDE)

    def change_address(self):
        self.device.run("ip", "address", "del", f"{DEVICE}/24", "dev", "eth0")
        time.sleep(1)
        self.device.run("ip", "address", "add", "10.81.0.77/24", "dev", "eth0")
        self.device.run("ip", "route", "replace", "default", "via", ROUTER_INSIDE)

    def router_is_gone(self):
        self.router.run("nft", "insert rule ip way forward drop")

    def router_is_back(self):
        self.lose_flows()
        self.let_through()

    def lose_flows(self):
        """What the router knows of flows is gone, and it has another address outside: packets of old flows vanish."""
        self.router.run("sysctl", "-q", "-w", "net.netfilter.nf_conntrack_tcp_loose=0")
        self.router.run("ip", "address", "del", f"{ROUTER_OUTSIDE}/24", "dev", "outside")
        self.router.run("ip", "address", "add", "10.82.0.9/24", "dev", "outside")

    def drop(self, direction):
        """Packets in one direction vanish: `out` from the device, `in` to it."""
        name = "inside" if direction == "out" else "outside"
        self.router.run("nft", f"insert rule ip way forward iifname {name} drop")

    def let_through(self):
        self.router.run("nft", "flush chain ip way forward")
        self.router.run("nft", "add rule ip way forward ct state invalid drop")

    def unreachable(self):
        self.host.run("ip", "link", "set", "eth0", "down")

    def reachable(self):
        self.host.run("ip", "link", "set", "eth0", "up")


class Watch:
    """When the tunnel of one port was there."""

    def __init__(self, program):
        self.program = program

    def successes(self):
        """Times at which a connection began that was answered."""
        return [float(line) for line in self.program.log().splitlines() if line]

    def wait(self, since, seconds):
        """How long it took from that time until the device was reached through the tunnel."""
        return wait_until(lambda: self._first(since), seconds, "the tunnel") - since

    def _first(self, since):
        return next((time for time in self.successes() if time >= since), None)
