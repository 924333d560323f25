"""relay ssh-config and relay import: what they print, ssh, scp, sftp, rsync and swssh take as it is."""

import shlex
import subprocess

import pytest

from harness import settings
from harness.enrolment import EnrolledRelay
from harness.network import wait_until
from harness.settings import LOOPBACK, MIB, program

pytestmark = pytest.mark.ours_only("sshd has no such commands")

# As the document about sshmux has it.
SSHMUX = """# config.yaml

upstreams:
- name: nuc.inlets
  upstream: 172.10.0.100:22
- name: rpi.inlets
  upstream: 172.10.0.101:22
"""


class Laptop:
    """A folder with what the relay prints, and with the keys and hosts that the laptop knows."""

    def __init__(self, lab, relay, device, name, *words, knows_device=True):
        self.folder = lab.new_directory("laptop")
        self.file = self.folder / "config"
        public = device.host_key.public
        known = f"{name} {public}\n" if knows_device else ""
        (self.folder / "known_hosts").write_text(relay.run("host-key", LOOPBACK).stdout + known)
        printed = relay.run("ssh-config", "--account", "fleet", "--host", LOOPBACK, *words).stdout
        # The test's ssh goes by a file of its own.
        assert "    KnownHostsCommand /usr/bin/ssh relay-fleet host-keys %H\n" in printed
        printed = printed.replace("/usr/bin/ssh", f"{program('ssh')} -F {self.file}")
        self.file.write_text(f"""{printed}
Host {name}
    User {settings.USER}
Host *
    IdentityFile {lab.keys.user.path}
    IdentitiesOnly yes
    BatchMode yes
    StrictHostKeyChecking yes
    UserKnownHostsFile {self.folder}/known_hosts
""")

    def run(self, name, *words, **options):
        words = [program(name), "-F", self.file, *words]
        return subprocess.run(
            list(map(str, words)), cwd=self.folder, stdout=subprocess.PIPE, timeout=60, check=True, **options
        ).stdout


def device(lab, relay, name, word):
    """A device's sshd, which the relay can reach by this name only."""
    inner = lab.server("sshd", config=["Subsystem sftp internal-sftp"])
    lab.programs.start(relay.ssh(lab.keys.named("device"), "fleet", "-N", "-R", f"{name}:22:{LOOPBACK}:{inner.port}"), "ssh")
    wait_until(lambda: word in relay.program.log(), 20, "the device")
    return inner


def authorize(lab, relay, name, opens):
    relay.run("add-client", lab.keys.named("device").public, "--account", "fleet", "--new-account", "--listen", f"{name}:22")
    relay.run("add-client", lab.keys.user.public, "--account", "fleet", "--open", opens, "--commands", "host-keys")


def test_ssh_scp_sftp_and_rsync_just_work(lab):
    relay = EnrolledRelay(lab)
    relay.start()
    authorize(lab, relay, "nuc", "*:22")
    laptop = Laptop(lab, relay, device(lab, relay, "nuc", "on name nuc:22"), "nuc")
    assert b"Linux" in laptop.run("ssh", "nuc", "uname -a && uptime")
    data = bytes(range(256)) * (MIB // 256)
    (laptop.folder / "file").write_bytes(data)
    there = lab.new_directory("there")
    laptop.run("scp", "file", f"nuc:{there}/by-scp")
    laptop.run("sftp", "-b", "-", "nuc", input=f"put file {there}/by-sftp\nget {there}/by-scp back\n".encode())
    assert (there / "by-scp").read_bytes() == (there / "by-sftp").read_bytes() == (laptop.folder / "back").read_bytes() == data
    shell = f"{program('ssh')} -F {laptop.file}"
    subprocess.run([program("rsync"), "-e", shell, laptop.folder / "file", f"nuc:{there}/by-rsync"], check=True, timeout=60)
    assert (there / "by-rsync").read_bytes() == data


def test_a_device_that_told_its_host_keys_is_known_from_the_first_connection_on(lab):
    relay = EnrolledRelay(lab)
    relay.start()
    teller, other_key = lab.keys.named("device"), lab.keys.named("other")
    relay.run("add-client", teller.public, "--account", "fleet", "--new-account", "--name", "nuc", "--listen", "%k:22", "--commands", "host-keys")
    relay.run("add-client", lab.keys.user.public, "--account", "fleet", "--open", "nuc:22", "--commands", "host-keys")
    relay.run("add-client", other_key.public, "--account", "fleet", "--open", "rpi:22")
    inner = device(lab, relay, "nuc", "on name nuc:22")
    laptop = Laptop(lab, relay, inner, "nuc", knows_device=False)
    with pytest.raises(subprocess.CalledProcessError) as unknown:
        laptop.run("ssh", "nuc", "true", stderr=subprocess.PIPE)
    assert b"No ED25519 host key is known for nuc" in unknown.value.stderr

    def ask(key, *words, given=""):
        line = list(map(str, [*relay.ssh(key, "fleet"), *words]))
        return subprocess.run(line, input=given, capture_output=True, text=True, timeout=30, check=False)

    told = ask(teller, "host-keys", "add", given=inner.host_key.public)
    assert (told.returncode, told.stdout) == (0, "nuc: 1 key\n")
    assert laptop.run("ssh", "nuc", "echo here") == b"here\n"
    # Who may not ask is told nothing, and tells nothing.
    for words in (["nuc"], ["add", "nuc"]):
        refused = ask(other_key, "host-keys", *words)
        assert (refused.returncode, refused.stdout) == (1, "") and "not permitted" in refused.stderr


def test_hosts_may_be_named_by_a_pattern(lab):
    relay = EnrolledRelay(lab)
    relay.config.write_text(relay.config.read_text().replace("Names *,!*.*", "Names *.inlets"))
    relay.start()
    authorize(lab, relay, "nuc.inlets", "*.inlets:22")
    laptop = Laptop(lab, relay, device(lab, relay, "nuc.inlets", "on name nuc.inlets:22"), "nuc.inlets", "--host-pattern", "*.inlets")
    assert laptop.run("ssh", "nuc.inlets", "echo here") == b"here\n"


@pytest.mark.parametrize("host", ["relay-fleet", "localhost", "example.com"])
def test_what_is_no_name_is_reached_as_ever(lab, host):
    relay = EnrolledRelay(lab)
    printed = relay.run("ssh-config", "--account", "fleet", "--host", LOOPBACK).stdout
    file = lab.new_directory("laptop") / "config"
    file.write_text(printed)
    effective = subprocess.run([program("ssh"), "-F", file, "-G", host], capture_output=True, text=True, check=True).stdout
    assert "proxyjump" not in effective
    assert "proxyjump relay-fleet" in subprocess.run(
        [program("ssh"), "-F", file, "-G", "nuc"], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    "words",
    [
        ["--account", "a b"],
        ["--account", "a\nProxyCommand x"],
        ["--account", 'a"'],
        ["--account", "fleet", "--host", "a b"],
        ["--account", "fleet", "--host=-oProxyCommand=x"],
        ["--account", "fleet", "--host-pattern", "a\nb"],
        ["--account", "fleet", "--host-pattern", ""],
    ],
)
def test_nothing_but_these_lines_is_printed(lab, words):
    result = EnrolledRelay(lab).run("ssh-config", *words, check=False)
    assert result.returncode == 1 and result.stdout == ""


def test_without_names_a_pattern_must_be_given(lab):
    relay = EnrolledRelay(lab)
    relay.config.write_text(relay.config.read_text().replace("Names *,!*.*", ""))
    result = relay.run("ssh-config", "--account", "fleet", check=False)
    assert result.returncode == 1 and "--host-pattern" in result.stderr


def imported(lab, text, *words):
    file = lab.new_directory("sshmux") / "config.yaml"
    file.write_text(text)
    result = subprocess.run(
        [settings.RELAY, "import", "sshmux", file, *words], capture_output=True, text=True, timeout=60, check=False
    )
    return result.returncode, result.stdout.splitlines(), result.stderr


def test_sshmux_becomes_upstreams_or_a_command_for_the_jump_box(lab):
    assert imported(lab, SSHMUX) == (
        0,
        ["# relay_config: Names *.inlets", "Upstream nuc.inlets 172.10.0.100:22", "Upstream rpi.inlets 172.10.0.101:22"],
        "",
    )
    status, lines, _ = imported(lab, SSHMUX, "--ssh", "--host", "relay.example.com", "-p", "2222")
    assert status == 0 and lines[1:] == [
        "swssh -N -R nuc.inlets:22:172.10.0.100:22 -R rpi.inlets:22:172.10.0.101:22 -p 2222 inlets@relay.example.com"
    ]


def test_other_ways_to_write_it_mean_the_same(lab):
    text = '{"upstreams": [{name: NUC, upstream: "raspberrypi.local"}, {upstream: "[2001:db8::1]:2222", name: rpi.home}]}'
    assert imported(lab, text)[1] == [
        "# relay_config: Names *.home,nuc",
        "Upstream nuc raspberrypi.local:22",
        "Upstream rpi.home [2001:db8::1]:2222",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "upstreams:",
        "upstreams: []",
        "upstreams: {a: b}",
        "- a",
        "upstreams:\n- nuc",
        "upstreams:\n- name: nuc",
        "upstreams:\n- {name: [a], upstream: b}",
        "upstreams:\n- {name: a b, upstream: 'c:22'}",
        'upstreams:\n- {name: "a\\nPermitOpen any", upstream: "c:22"}',
        'upstreams:\n- {name: a, upstream: "c:22\\nPermitOpen any"}',
        "upstreams:\n- {name: a, upstream: '$(reboot):22'}",
        "upstreams:\n- {name: a, upstream: 'c:0'}",
        "upstreams:\n- {name: a, upstream: 'c:65536'}",
        "upstreams:\n- {name: a, upstream: '-oProxyCommand=x:22'}",
        "upstreams: [",
        "a: &a [*a]",
    ],
)
def test_what_sshmux_would_not_take_is_refused(lab, text):
    status, lines, error = imported(lab, text)
    assert status != 0 and lines == [] and "config.yaml" in error and len(error.splitlines()) == 1, error


def test_the_printed_command_makes_a_jump_box(lab):
    relay = EnrolledRelay(lab)
    relay.config.write_text(relay.config.read_text().replace("Names *,!*.*", "Names *.inlets"))
    relay.start()
    authorize(lab, relay, "*.inlets", "*.inlets:22")
    inner = lab.server("sshd")
    _, lines, _ = imported(
        lab,
        f"upstreams:\n- name: nuc.inlets\n  upstream: {LOOPBACK}:{inner.port}\n",
        *("--ssh", "--account", "fleet", "--host", LOOPBACK, "-p", str(relay.port)),
    )
    command = shlex.split(lines[1])
    assert command[0] == "swssh"
    options = ["-i", lab.keys.named("device").path, "-o", f"UserKnownHostsFile={relay.known_hosts()}", "-F", "none"]
    lab.programs.start([settings.SWSSH or program("ssh"), *options, *command[1:]], "swssh")
    wait_until(lambda: "on name nuc.inlets:22" in relay.program.log(), 20, "the jump box")
    laptop = Laptop(lab, relay, inner, "nuc.inlets")
    assert laptop.run("ssh", "nuc.inlets", "echo here") == b"here\n"
