"""What clients ask of the relay in sessions: `ssh relay list`, with stock ssh."""

import json
import os
import pty
import select
import socket
import subprocess
import time

import pytest

from harness import traffic
from harness.fleet import Fleet
from harness.lab import transfer
from harness.network import free_port, wait_until
from harness.settings import LOOPBACK, MIB, USER, program

pytestmark = pytest.mark.ours_only("sshd runs whatever it is given")
EVERYTHING = "list,connect,disconnect,kick,log,host-keys"


class Operated:
    """A relay with a device called nuc, and a controller whose key may give commands."""

    def __init__(self, lab, commands=EVERYTHING, options="", config=()):
        self.lab = lab
        self.device_key = lab.keys.named("device")
        self.controller_key = lab.keys.named("controller")
        option = f'permitcommand="{commands}"' if commands else ""
        words = ",".join(word for word in ("restrict,port-forwarding", option, options) if word)
        lines = [
            f'restrict,port-forwarding,permitlisten="%k:*",permitopen="none:1",permitcommand="host-keys" {self.device_key.public} nuc',
            f"{words} {self.controller_key.public} alice",
        ]
        self.fleet = Fleet(lab, config=config, authorized_keys="\n".join(lines) + "\n")
        self.server = self.fleet.server
        self.directory = lab.new_directory("laptop")
        self.known_hosts = self.directory / "known_hosts"
        self.known_hosts.write_text(self.server.known_hosts)

    def device(self, kind="ssh", **options):
        return self.fleet.device(kind, key=self.device_key, **options)

    def command_line(self, *words, key=None, options=(), user=USER):
        key = key or self.controller_key
        arguments = ["-F", "none", "-p", self.server.port, "-i", key.path, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"]
        arguments += ["-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "GlobalKnownHostsFile=/dev/null", *options]
        return list(map(str, [program("ssh"), *arguments, f"{user}@{LOOPBACK}", *words]))

    def run(self, *words, given="", **options):
        return subprocess.run(
            self.command_line(*words, **options), input=given, capture_output=True, text=True, timeout=30, check=False
        )

    def ask(self, *words, **options):
        ended = self.run(*words, **options)
        assert ended.returncode == 0, ended
        assert ended.stderr == ""
        return ended.stdout

    def objects(self, *words, **options):
        return [json.loads(line) for line in self.ask(*words, "--json", **options).splitlines()]


@pytest.fixture
def operated(lab):
    return Operated(lab)


def test_everybody_may_ask_who_they_are_and_nothing_else_without_a_rule(lab):
    operated = Operated(lab, commands="", options='permitlisten="x:22",permitopen="nuc:22",expiry-time="20991231Z"')
    fields = dict(line.split("\t") for line in operated.ask("whoami").splitlines())
    assert fields["account"] == USER
    assert fields["key"] == f"ED25519 {operated.controller_key.fingerprint}"
    assert (fields["name"], fields["listen"], fields["open"]) == ("alice", "x:22", "nuc:22")
    assert (fields["commands"], fields["until"]) == ("whoami,help", "2099-12-31T00:00:00Z")
    assert fields["from"].startswith(f"{LOOPBACK} port ")
    [same] = operated.objects("whoami")
    assert {name: value for name, value in same.items() if name not in ("from", "connection")} == {
        name: value for name, value in fields.items() if name not in ("from", "connection")
    }
    assert operated.ask("help").splitlines()[::2] == ["whoami [--json]", "help"]
    for command in EVERYTHING.split(","):
        ended = operated.run(command, "nuc")
        assert (ended.returncode, ended.stdout) == (1, "")
        assert f'permitcommand="{command}"' in ended.stderr


def test_what_is_no_command_of_the_relays_reads_what_it_always_did(operated):
    ended = operated.run("lists")
    assert (ended.returncode, ended.stderr) == (1, "This host only forwards ports: use ssh -N.\n")
    for words in (["list", "x"], ["connect"], ["connect", "nuc:0"], ["connect", "nuc", "--ttl", "x"], ["kick"], ["log", "a b"]):
        ended = operated.run(*words)
        assert (ended.returncode, ended.stdout) == (2, ""), words
        assert ended.stderr.strip(), words


def test_a_forced_command_stands_for_all(lab):
    operated = Operated(lab, options='command="only this"')
    ended = operated.run("list")
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "only this\n")


def test_list_tells_who_is_there_and_who_was(operated):
    assert operated.ask("list") == ""
    began = int(time.time())
    device = operated.device()
    local = operated.fleet.laptop(key=operated.controller_key)[1]
    transfer(traffic.connect(local), MIB)
    [row] = operated.objects("list")
    assert (row["place"], row["state"], row["address"]) == ("nuc:22", "online", LOOPBACK)
    assert row["key"] == operated.device_key.fingerprint and began - 1 <= row["since"] <= time.time()
    assert row["sent"] > MIB and row["received"] > MIB
    [line] = operated.ask("list").splitlines()
    assert line.split("\t")[:3] == ["nuc:22", "online", LOOPBACK]
    device.stop()
    wait_until(lambda: [row["state"] for row in operated.objects("list")] == ["gone"], 10, "the device's end in the list")
    [row] = operated.objects("list")
    assert row["place"] == "nuc:22" and row["key"] == operated.device_key.fingerprint
    assert began <= row["since"] <= time.time() + 1


def test_connect_opens_a_port_that_leads_to_the_device_and_disconnect_closes_it(lab, operated):
    assert "no device is registered as nuc:22" in operated.run("connect", "nuc").stderr
    operated.device()
    connected, typed = operated.ask("connect", "nuc").splitlines()
    assert connected.startswith("connected port=")
    port = int(connected.removeprefix("connected port="))
    assert typed == f"ssh -J {USER}@{LOOPBACK}:{operated.server.port} -p {port} -o HostKeyAlias=nuc localhost"
    # The same again is the same port.
    assert operated.ask("connect", "nuc:22", "--ttl", "2h").splitlines()[0] == connected
    states = {row["state"] for row in operated.objects("list")}
    assert states == {"online", f"port={port}"}
    # Nobody on the relay's machine gets in, and nobody else gets the number.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port), 5)
    with pytest.raises(OSError):
        socket.create_server((LOOPBACK, port))
    local = free_port()
    laptop = lab.client("ssh", operated.server, local=[f"{local}:localhost:{port}"], key=operated.controller_key)
    stream = socket.create_connection((LOOPBACK, local), 10)
    transfer(traffic.connect(local), MIB)
    assert operated.ask("disconnect", "nuc") == f"disconnected port={port}\n"
    # What ran through it has ended; the name has not.
    with stream:
        stream.settimeout(10)
        assert stream.recv(1) == b""
    assert [row["state"] for row in operated.objects("list")] == ["online"]
    assert "no port leads to nuc" in operated.run("disconnect", "nuc").stderr
    assert laptop.program.running


def test_the_command_that_connect_prints_leads_to_the_device(lab, operated):
    inner = lab.server("sshd")
    operated.device(target=f"{LOOPBACK}:{inner.port}")
    typed = operated.objects("connect", "nuc")[0]["command"].split()
    jump = f"ssh -F none -i {operated.controller_key.path} -o UserKnownHostsFile={operated.known_hosts} -o BatchMode=yes -W %h:%p"
    at = typed.index("-J")
    where = typed[at + 1].rpartition(":")
    (operated.directory / "inner").write_text(f"nuc {inner.host_key.public}\n")
    command = [program("ssh"), "-F", "none", "-i", lab.keys.user.path, "-o", "BatchMode=yes", "-l", USER]
    command += ["-o", f"UserKnownHostsFile={operated.directory}/inner", "-o", f"ProxyCommand={jump} -p {where[2]} {where[0]}"]
    command += [*typed[1:at], *typed[at + 2 :], "echo", "here"]
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=30)
    assert ended.stdout == "here\n", ended


def test_a_port_of_connect_ends_by_itself(operated):
    operated.device()
    operated.ask("connect", "nuc", "--ttl", "2s")
    assert len(operated.objects("list")) == 2
    wait_until(lambda: len(operated.objects("list")) == 1, 10, "the end by --ttl")
    operated.ask("connect", "nuc", "--idle", "2s")
    assert len(operated.objects("list")) == 2
    wait_until(lambda: len(operated.objects("list")) == 1, 10, "the end by --idle")


def test_another_account_sees_and_reaches_nothing(lab, operated):
    other = lab.keys.named("other")
    line = f'permitcommand="{EVERYTHING}" {other.public} nuc\n'
    (operated.server.authorized_keys.parent / "other").write_text(line)
    as_other = {"key": other, "user": "other"}
    device = operated.device()
    port = operated.objects("connect", "nuc")[0]["port"]
    operated.run("host-keys", "add", key=operated.device_key, given=lab.keys.host.public)
    assert operated.ask("host-keys", "nuc") != ""
    [row] = [row for row in operated.objects("list") if row["state"] == "online"]
    # As it was before there was a device.
    assert operated.ask("list", **as_other) == operated.ask("host-keys", "nuc", **as_other) == ""
    assert "nothing is known of nuc" in operated.run("log", "nuc", **as_other).stderr
    assert "no device is registered as nuc:22" in operated.run("connect", "nuc", **as_other).stderr
    assert "no port leads to nuc" in operated.run("disconnect", "nuc", **as_other).stderr
    for target in ("nuc", USER, f"account={USER}", row["key"], row["connection"], "port=22", "name=nuc"):
        assert operated.run("kick", target, **as_other).stdout == "0 connections ended\n"
    for host in ("localhost", LOOPBACK, "::1"):
        ended = operated.run(key=other, user="other", options=["-W", f"[{host}]:{port}"])
        assert ended.returncode == 255 and "Connection refused" in ended.stderr, ended
    assert device.program.running
    assert {row["state"] for row in operated.objects("list")} == {"online", f"port={port}"}


def test_kick_ends_a_device_that_may_come_again(operated):
    for target in ("nuc", lambda row: row["key"], lambda row: str(row["connection"])):
        device = operated.device()
        [row] = [row for row in operated.objects("list") if row["state"] == "online"]
        words = target if isinstance(target, str) else target(row)
        assert operated.ask("kick", words) == "1 connection ended\n"
        assert device.wait() == 255
    ended = operated.run("kick", "nuc")
    assert (ended.returncode, ended.stdout) == (1, "0 connections ended\n")
    operated.server.wait_for_log(lambda line: f"ended by user {USER} from {LOOPBACK} port" in line and "kick name nuc" in line)


def test_log_tells_what_happened_and_follows(operated):
    assert "nothing is known of nuc" in operated.run("log", "nuc").stderr
    follower = operated.lab.programs.start(operated.command_line("log", "nuc", "-f"), "follower")
    device = operated.device()
    transfer(traffic.connect(operated.fleet.laptop(key=operated.controller_key)[1]), MIB)
    device.stop()
    wait_until(lambda: "gone" in operated.ask("log", "nuc"), 10, "the device's end in the log")
    lines = [line.split("\t") for line in operated.ask("log", "nuc").splitlines()]
    assert [line[1:3] for line in lines] == [["nuc:22", "online"], ["nuc:22", "called"], ["nuc:22", "gone"]]
    assert [event["event"] for event in operated.objects("log", "nuc")] == ["online", "called", "gone"]
    wait_until(lambda: follower.log().splitlines() == operated.ask("log", "nuc").splitlines(), 10, "the follower")


def test_a_device_tells_its_host_keys_and_laptops_are_strict_from_the_first_connection_on(lab, operated):
    inner = lab.server("sshd")
    operated.device(target=f"{LOOPBACK}:{inner.port}")
    assert operated.ask("host-keys", "nuc") == ""
    told = operated.run("host-keys", "add", key=operated.device_key, given=inner.host_key.public + " root@nuc\n")
    assert (told.returncode, told.stdout) == (0, "nuc: 1 key\n")
    assert operated.ask("host-keys", "nuc") == f"nuc {inner.host_key.public}\n"
    configuration = operated.directory / "config"
    ask = " ".join(operated.command_line("host-keys", "%H"))
    jump = " ".join(operated.command_line(options=["-W", "%h:%p"]))
    configuration.write_text(
        f"""Host nuc
    User {USER}
    IdentityFile {lab.keys.user.path}
    BatchMode yes
    StrictHostKeyChecking yes
    UserKnownHostsFile none
    GlobalKnownHostsFile none
    KnownHostsCommand {ask}
    ProxyCommand {jump}
"""
    )
    command = [program("ssh"), "-F", str(configuration), "nuc", "echo", "here"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ended.stdout == "here\n", ended
    # Only for names that it may have, and only keys.
    assert "may not listen as other" in operated.run("host-keys", "add", "other", key=operated.device_key, given="x").stderr
    for given in ("", "x\n", f"nuc {inner.host_key.public}\n", "x" * 20000):
        ended = operated.run("host-keys", "add", key=operated.device_key, given=given)
        assert ended.returncode == 1 and ended.stdout == "", given
    assert operated.ask("host-keys", "nuc") == f"nuc {inner.host_key.public}\n"


def test_a_terminal_gets_a_table_that_redraws_until_it_is_left(operated):
    operated.device()
    ours, theirs = pty.openpty()
    command = operated.command_line("list", "--watch", options=["-tt"])
    watching = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""

    def show():
        nonlocal shown
        if select.select([ours], [], [], 0.1)[0]:
            shown += os.read(ours, 4096)
        return shown

    try:
        wait_until(lambda: show().count(b"\x1b[H\x1b[2J") >= 2, 20, "a second look")
        assert b"PLACE   STATE   ADDRESS" in shown and b"nuc:22  online  127.0.0.1" in shown
        os.write(ours, b"\x03")
        assert watching.wait(20) == 0
    finally:
        watching.kill()
        os.close(ours)
    assert operated.run("list", "--watch").returncode == 2


def test_whoever_asks_too_much_at_once_is_told_to_wait(operated):
    followers = [operated.lab.programs.start(operated.command_line("log", "nuc", "-f"), "follower") for _ in range(17)]
    wait_until(lambda: any(not follower.running for follower in followers), 20, "the limit")
    assert [follower.wait(1) for follower in followers if not follower.running] == [75]
    assert "too much runs" in operated.run("list").stderr
    for follower in followers:
        follower.stop()
    wait_until(lambda: operated.run("list").returncode == 0, 10, "the turns that came back")
