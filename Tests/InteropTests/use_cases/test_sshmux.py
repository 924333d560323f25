"""sshmux: connect to any of your private servers through one public machine.

The private servers keep a reverse tunnel each to the relay, instead of one jump box that reads names; the laptop's
`Host *.inlets` block reaches them by `ssh -W` instead of `inlets-pro sshmux connect`. The rest is as written.
"""

import os
import urllib.request

import pytest

from harness.neighbourhood import Neighbourhood
from harness.network import free_port, is_listening, wait_until
from harness.settings import MIB

CLIENTS = pytest.mark.parametrize("client_kind", ["ssh", "swssh"])
TUNNEL = "tunnel.example.net"
SERVERS = ("nuc", "rpi", "octoprint")


class Scene:
    def __init__(self, lab, client_kind, reachable=SERVERS):
        self.streets = Neighbourhood(lab, hosts=[TUNNEL], accounts=["inlets", "pi"])
        self.laptop = self.streets.machine("laptop", client_kind)
        self.ports = {name: free_port() for name in SERVERS}
        machines = {name: self.streets.machine(name, client_kind) for name in SERVERS}
        opens = ",".join(f'permitopen="127.0.0.1:{self.ports[name]}"' for name in reachable)
        lines = [f'restrict,port-forwarding,permitlisten="none:1",{opens} {self.laptop.key().public}']
        for name, machine in machines.items():
            options = f'restrict,port-forwarding,permitlisten="{self.ports[name]}",permitopen="none:1"'
            lines.append(f"{options} {machine.key().public}")
        self.relay = self.streets.proxy({"inlets": lines})
        self.laptop.knows(self.relay, TUNNEL)
        for name, machine in machines.items():
            sshd = self.streets.sshd({"pi": self.laptop.key().public}, host_key=lab.keys.named(name))
            machine.knows(self.relay, TUNNEL)
            self.laptop.knows(sshd, f"{name}.inlets", self.ports[name])
            machine.start(
                f"ssh -N -R {self.ports[name]}:localhost:{sshd.port} -o ExitOnForwardFailure=yes "
                f"-o ServerAliveInterval=15 -p {self.relay.port} inlets@{TUNNEL}"
            )
            wait_until(lambda port=self.ports[name]: is_listening(port), 20, f"the tunnel of {name}")
        hosts = "".join(f"Host {name}.inlets\n    Port {self.ports[name]}\n" for name in SERVERS)
        self.laptop.configure(f"""{hosts}
Host *.inlets
    HostName %h
    User pi
    ProxyCommand {self.laptop.ssh} -W 127.0.0.1:%p -p {self.relay.port} inlets@{TUNNEL}
""")


@CLIENTS
def test_each_server_answers_to_its_name(lab, client_kind):
    scene = Scene(lab, client_kind)
    for name in SERVERS:
        assert b"Linux" in scene.laptop.run(f'/usr/bin/ssh {name}.inlets "uname -a && uptime"')


@CLIENTS
def test_files_are_copied_there_and_back(lab, client_kind):
    scene = Scene(lab, client_kind)
    laptop, pi = scene.laptop, scene.streets.accounts["pi"]
    laptop.run("dd if=/dev/urandom of=10MB.bin bs=1M count=10")
    data = (laptop.home / "10MB.bin").read_bytes()
    assert len(data) == 10 * MIB
    # Sending the file to the Raspberry Pi, and copying the same file back.
    laptop.run("scp 10MB.bin rpi.inlets:~/10MB.bin")
    assert (pi / "10MB.bin").read_bytes() == data
    (laptop.home / "10MB.bin").unlink()
    laptop.run("scp rpi.inlets:~/10MB.bin 10MB.bin")
    assert (laptop.home / "10MB.bin").read_bytes() == data
    laptop.run("printf 'put 10MB.bin by-sftp\\nget by-sftp back\\n' | sftp -b - rpi.inlets")
    assert (pi / "by-sftp").read_bytes() == (laptop.home / "back").read_bytes() == data


@CLIENTS
def test_folders_are_synchronized(lab, client_kind):
    scene = Scene(lab, client_kind)
    laptop, pi = scene.laptop, scene.streets.accounts["pi"]
    (laptop.home / "folder" / "inner").mkdir(parents=True)
    for number in range(20):
        (laptop.home / "folder" / "inner" / str(number)).write_bytes(os.urandom(number * 9000))
    for size in (1_000, 100_000):
        (laptop.home / "folder" / "inner" / "7").write_bytes(os.urandom(size))
        laptop.run("rsync -a -e /usr/bin/ssh folder nuc.inlets:")
        laptop.run(f"diff -r folder {pi}/folder")


@CLIENTS
def test_a_service_of_a_server_is_tunneled_back(lab, client_kind):
    """ssh -L 8080:127.0.0.1:8080 octoprint.inlets"""
    scene = Scene(lab, client_kind)
    service, local = free_port(), free_port()
    (scene.laptop.home / "index.html").write_bytes(page := os.urandom(3 * MIB))
    scene.laptop.start(f"python3 -m http.server --bind 127.0.0.1 --directory {scene.laptop.home} {service}")
    wait_until(lambda: is_listening(service), 20, "the service")
    scene.laptop.start(f"ssh -N -L {local}:127.0.0.1:{service} octoprint.inlets")
    wait_until(lambda: is_listening(local), 20, "the forward")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(f"http://127.0.0.1:{local}/index.html", timeout=30).read() == page


@CLIENTS
def test_servers_that_are_not_listed_are_not_reached(lab, client_kind):
    """Only put the hosts in the config.yaml file that you'd like to connect to remotely."""
    scene = Scene(lab, client_kind, reachable=("nuc", "rpi"))
    assert scene.laptop.run("/usr/bin/ssh nuc.inlets echo here").strip() == b"here"
    scene.laptop.run("/usr/bin/ssh octoprint.inlets echo here", status=255)
    scene.relay.wait_for_log(lambda line: f"port {scene.ports['octoprint']}, but the request was denied" in line)
