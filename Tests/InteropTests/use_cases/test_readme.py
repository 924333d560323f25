"""The recipes of README.md with the very lines that stand in it; only folders, keys and ports are others."""

import re
from collections import namedtuple
from pathlib import Path

import pytest

from harness import settings
from harness.neighbourhood import Neighbourhood
from harness.network import free_port, is_listening, wait_until
from harness.traffic import connect, expect_refusal

README = Path(__file__).resolve().parents[3] / "README.md"
HOST = "relay.example.com"
PORTS = re.compile(r"\b(2222|8022|2200|1080|22)\b")
# Under pytest's folder others may write somewhere above, and a pid file is for one relay on a machine.
OWN_LINES = "StrictModes no\nPidFile none\n"
CLIENTS = pytest.mark.parametrize("client_kind", ["swssh", "ssh"])

pytestmark = pytest.mark.ours_only("sshd makes no relay's keys")

Identity = namedtuple("Identity", "port host_key")
HostKey = namedtuple("HostKey", "public")


def blocks(heading):
    """What is indented under a heading of README.md, each block as its lines."""
    section = README.read_text().split(f"### {heading}\n")[1].split("\n#")[0]
    indented = re.findall(r"(?:^ {4}.*\n)+", section + "\n", re.MULTILINE)
    return [[line[4:] for line in block.splitlines()] for block in indented]


class Scene:
    """A relay, a device and a laptop, set up as README.md says."""

    def __init__(self, lab, client_kind):
        self.client_kind = client_kind
        self.streets = Neighbourhood(lab, hosts=[HOST])
        self.etc = self.streets.directory / "etc"
        self.ports = {number: free_port() for number in ("2222", "8022", "2200", "1080", "22")}
        self.host, self.device, self.laptop = map(self.machine, ("host", "device", "laptop"))
        ((init, check, run),) = blocks("Run a relay")
        self.host.run(self.here(init))
        with (self.etc / "relay_config").open("a") as configuration:
            configuration.write(OWN_LINES)
        self.authorize(blocks("Expose a device behind NAT")[0], self.device)
        self.authorize(blocks("Reach it")[0], self.laptop)
        self.host.run(self.here(check))
        self.host.start(self.here(run))
        wait_until(lambda: is_listening(self.ports["2222"]), 20, "the relay")
        public = " ".join((self.etc / "ssh_host_ed25519_key.pub").read_text().split()[:2])
        for machine in (self.device, self.laptop):
            machine.knows(Identity(self.ports["2222"], HostKey(public)), HOST)

    def machine(self, name):
        machine = self.streets.machine(name)
        for program, path in (("relay", settings.RELAY), ("swssh", settings.SWSSH or settings.program("ssh"))):
            (machine.home / "bin" / program).symlink_to(path)
        return machine

    def here(self, text):
        """A line of README.md with the folder and the ports of this test."""
        text = PORTS.sub(lambda found: str(self.ports[found[0]]), text.partition("#")[0])
        return text.replace("/etc/relay", str(self.etc))

    def authorize(self, block, machine):
        """A block that names a file of keys and its only line."""
        path, line = block
        file = Path(path.removeprefix("# ").replace("/etc/relay", str(self.etc)))
        file.write_text(self.here(line).replace("ssh-ed25519 AAAA...", machine.key().public) + "\n")

    def start(self, machine, command, listener):
        """Runs a recipe's command, or as README.md has it "ssh ... does the same"."""
        assert command.startswith("swssh ")
        machine.start(self.here(self.client_kind + command.removeprefix("swssh")))
        wait_until(lambda: is_listening(self.ports[listener]), 20, f"the listener of {command}")

    def expose(self):
        ((command,),) = blocks("Expose a device behind NAT")[1:]
        self.start(self.device, command, "8022")

    def serve_logins(self):
        """The device's own sshd, on which the laptop's user has an account."""
        sshd = self.streets.sshd({settings.USER: self.laptop.key().public}, port=self.ports["22"])
        for number in ("8022", "2200"):
            self.laptop.knows(sshd, "localhost", self.ports[number])


@CLIENTS
def test_the_device_is_reached_through_a_local_port(lab, client_kind):
    scene = Scene(lab, client_kind)
    scene.serve_logins()
    scene.expose()
    forward = blocks("Reach it")[1][0]
    scene.start(scene.laptop, forward, "2200")
    then = forward.partition("# then: ")[2]
    assert then.startswith("ssh ")
    assert scene.laptop.run(f"{scene.here(then)} echo here").strip() == b"here"


@CLIENTS
def test_the_device_is_reached_in_one_go(lab, client_kind):
    scene = Scene(lab, client_kind)
    scene.serve_logins()
    scene.expose()
    jump = blocks("Reach it")[1][1]
    assert scene.laptop.run(f"{scene.here(jump)} echo here").strip() == b"here"


@CLIENTS
def test_the_devices_pages_are_read_through_socks(lab, client_kind):
    scene = Scene(lab, client_kind)
    page = b"a page of the device"
    (scene.device.home / "index.html").write_bytes(page)
    # What README.md has on 8022 is whatever the device serves there: here, pages.
    scene.device.start(f"python3 -m http.server --bind 127.0.0.1 {scene.ports['22']} -d {scene.device.home}")
    wait_until(lambda: is_listening(scene.ports["22"]), 20, "the device's pages")
    scene.expose()
    ((forward, request),) = blocks("SOCKS")
    scene.start(scene.laptop, forward, "1080")
    assert scene.laptop.run(f"{scene.here(request)} --silent --show-error --noproxy ''") == page


@CLIENTS
def test_the_device_opens_nothing_and_the_laptop_does_not_listen(lab, client_kind):
    scene = Scene(lab, client_kind)
    command = f"{client_kind} -N -R 8022:localhost:22 -o ExitOnForwardFailure=yes -p 2222 alice@{HOST}"
    scene.laptop.run(scene.here(command), status=255)
    assert re.search("refused to listen|remote port forwarding failed", scene.laptop.said), scene.laptop.said
    scene.expose()
    port = free_port()
    scene.device.start(scene.here(f"{client_kind} -N -L {port}:localhost:8022 -p 2222 pi@{HOST}"))
    wait_until(lambda: is_listening(port), 20, "the forward")
    expect_refusal(connect(port))
