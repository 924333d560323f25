"""relay invite and `ssh relay enroll`: a one-time key lets one device in, and never half a device."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest

from harness import settings, traffic
from harness.enrolment import EnrolledRelay
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB, program

pytestmark = pytest.mark.ours_only("sshd has no such commands")
NEW = ("--new-account", "--listen", "%k:22")


@pytest.fixture
def relay(lab):
    relay = EnrolledRelay(lab)
    relay.start()
    return relay


def keys_of(relay, account="fleet"):
    path = relay.folder / "state" / "authorized_keys" / account
    return path.read_text() if path.exists() else ""


def public(lab, name):
    return lab.keys.named(name).path.with_suffix(".pub").read_text()


def register(relay, lab, name, account="fleet"):
    return relay.ssh(lab.keys.named(name), account, "-N", "-R", f"{name}:22:{lab.target}")


def test_a_device_comes_with_an_invite_and_is_reached_by_its_name_with_its_own_host_key(relay, lab):
    invite = relay.invite("fleet", *NEW)
    host_key = lab.keys.named("nuc-host")
    enrolled = invite.run("enroll", "NUC", given=public(lab, "nuc") + "\n" + public(lab, "nuc-host"))
    assert (enrolled.returncode, enrolled.stderr) == (0, ""), enrolled
    assert enrolled.stdout.splitlines() == ["enrolled name=nuc account=fleet", "may listen: nuc:22"]
    line = f'restrict,port-forwarding,permitlisten="%k:22",permitopen="none:1" {lab.keys.named("nuc").public} nuc\n'
    assert keys_of(relay) == line

    # The laptop's key: the relay's host lets it in, with the device's host keys from the start.
    relay.run("add-client", lab.keys.user.path.with_suffix(".pub"), "--account", "fleet", "--open", "nuc:22", "--commands", "host-keys,list")  # fmt: skip
    lab.programs.start(register(relay, lab, "nuc"), "ssh")
    ask = relay.ssh(lab.keys.user, "fleet")
    wait_until(lambda: "nuc:22\tonline" in subprocess.run([*map(str, ask), "list"], capture_output=True, text=True, check=False).stdout, 20, "nuc online")  # fmt: skip
    told = subprocess.run([*map(str, ask), "host-keys", "nuc"], capture_output=True, text=True, check=True).stdout
    assert told == f"nuc {host_key.public}\n"
    local = free_port()
    lab.programs.start(relay.ssh(lab.keys.user, "fleet", "-N", "-L", f"{local}:nuc:22"), "ssh")
    wait_until(lambda: is_listening(local), 20, "ssh")
    transfer(traffic.connect(local), MIB)
    [nuc] = [row for row in clients(relay) if row["comment"] == "nuc"]
    assert nuc["listens"] == ["%k:22"] and nuc["opens"] == [] and nuc["file"].endswith("/state/authorized_keys/fleet")

    # A relay that is started again knows the device and its host keys.
    relay.program.stop()
    relay.start()
    told = subprocess.run([*map(str, ask), "host-keys", "nuc"], capture_output=True, text=True, check=True).stdout
    assert told == f"nuc {host_key.public}\n"


def clients(relay):
    return [json.loads(line) for line in relay.run("clients", "--account", "fleet", "--json").stdout.splitlines()]


def test_the_pasted_text_is_all_that_a_device_with_stock_ssh_needs(relay, lab):
    home = lab.new_directory("home")
    made = relay.run("invite", "--account", "fleet", "--host", LOOPBACK, *NEW).stdout
    host_key = home / "host.pub"
    host_key.write_text(public(lab, "nuc-host"))
    # ssh goes by the password database's home, whatever HOME is.
    script = made.replace("~/.ssh", str(home)).replace("/etc/ssh/ssh_host_ed25519_key.pub", str(host_key))
    script = script.replace("$(uname -n)", "nuc").replace("| ssh ", "| ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes ")
    ended = subprocess.run(["sh", "-e"], input=script, cwd=home, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended
    assert "enrolled name=nuc account=fleet" in ended.stdout
    assert sorted(path.name for path in home.iterdir()) == ["host.pub", "id_ed25519", "id_ed25519.pub", "known_hosts"]
    assert (home / "id_ed25519.pub").read_text().split()[1] in keys_of(relay)


def test_the_one_time_key_opens_nothing_and_listens_nowhere(relay, lab):
    invite = relay.invite("fleet", *NEW)
    asked = dict(line.split("\t") for line in invite.run("whoami").stdout.splitlines())
    assert (asked["commands"], asked["listen"], asked["open"]) == ("whoami,help,enroll", "nothing", "nothing")
    assert invite.run("list").returncode == 1
    words = invite.words()
    refused = subprocess.run(
        [*words[:-1], "-o", "ExitOnForwardFailure=yes", "-N", "-R", "nuc:22:localhost:22", words[-1]],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert refused.returncode == 255 and "remote port forwarding failed" in refused.stderr
    through = subprocess.run([*words[:-1], "-W", lab.target, words[-1]], capture_output=True, text=True, timeout=30, check=False)
    assert through.returncode == 255 and "administratively prohibited" in through.stderr
    assert keys_of(relay) == ""


def test_an_invite_that_was_used_is_for_nobody_else(relay, lab):
    invite = relay.invite("fleet", *NEW)
    assert invite.run("enroll", "nuc", given=public(lab, "nuc")).returncode == 0
    before = keys_of(relay)
    # Who has it may ask again: the answer was lost.
    again = invite.run("enroll", "nuc", given=public(lab, "nuc"))
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "enrolled name=nuc account=fleet")
    for name, key in (("tau", "tau"), ("nuc", "tau"), ("tau", "nuc")):
        refused = invite.run("enroll", name, given=public(lab, key))
        assert (refused.returncode, refused.stdout) == (1, ""), (name, key)
        assert refused.stderr == "enroll: the invite has been used\n"
    # Taken out, it does not come back by its old invite.
    relay.run("remove-client", "nuc")
    refused = invite.run("enroll", "nuc", given=public(lab, "nuc"))
    assert (refused.returncode, refused.stderr) == (1, "enroll: the invite has been used\n")
    assert lab.keys.named("nuc").public in before and keys_of(relay).strip() == ""


def test_an_invite_that_is_late_or_of_another_relay_lets_nobody_in(relay, lab):
    late = relay.invite("fleet", *NEW, "--ttl", "2s")
    time.sleep(3)
    refused = late.run("enroll", "nuc", given=public(lab, "nuc"))
    assert refused.returncode == 255 and "Permission denied" in refused.stderr
    other = EnrolledRelay(lab)
    other.start()
    invite = relay.invite("fleet", *NEW)
    # Its known_hosts line has the port: another relay's key is not the one that is expected.
    invite.known_hosts.write_text(invite.known_hosts.read_text().replace(str(relay.port), str(other.port)))
    refused = invite.run("enroll", "nuc", given=public(lab, "nuc"), port=other.port)
    assert refused.returncode == 255 and "HOST IDENTIFICATION HAS CHANGED" in refused.stderr
    invite.known_hosts.write_text(other.run("host-key", LOOPBACK).stdout)
    refused = invite.run("enroll", "nuc", given=public(lab, "nuc"), port=other.port)
    assert refused.returncode == 255 and "Permission denied" in refused.stderr
    assert keys_of(relay) == keys_of(other) == ""


def test_of_two_devices_at_once_one_gets_it(relay, lab):
    for _ in range(5):
        invite = relay.invite("fleet", *NEW)
        name = f"d{_}"
        answers = {}

        def come(key, invite=invite, name=name, answers=answers):
            answers[key] = invite.run("enroll", name, given=public(lab, key))

        keys = [f"{name}-left", f"{name}-right"]
        for key in keys:
            lab.keys.named(key)
        threads = [threading.Thread(target=come, args=(key,)) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ended.returncode for ended in answers.values()) == [0, 1], answers
        [winner] = [key for key, ended in answers.items() if ended.returncode == 0]
        [loser] = [key for key in keys if key != winner]
        assert lab.keys.named(winner).public in keys_of(relay)
        assert lab.keys.named(loser).public not in keys_of(relay)


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_cut_in_the_middle_it_is_a_device_or_none_and_goes_on(relay, lab, moment):
    invite = relay.invite("fleet", *NEW)
    cut = subprocess.Popen(invite.words("enroll", "nuc"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.15 + moment)
    text = public(lab, "nuc").encode()
    cut.stdin.write(text[: len(text) // 2] if moment < 0.05 else text)
    cut.stdin.flush()
    if moment >= 0.05:
        cut.stdin.close()
    time.sleep(moment / 10)
    cut.send_signal(signal.SIGKILL)
    cut.wait()
    relay.program.process.kill()
    relay.program.process.wait()
    line = f'restrict,port-forwarding,permitlisten="%k:22",permitopen="none:1" {lab.keys.named("nuc").public} nuc\n'
    assert keys_of(relay) in ("", line)
    relay.start()
    resumed = invite.run("enroll", "nuc", given=public(lab, "nuc"))
    assert (resumed.returncode, resumed.stderr) == (0, ""), resumed
    assert keys_of(relay) == line


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("nuc", "", "expected one line with a public key"),
        ("nuc", "-----BEGIN OPENSSH PRIVATE KEY-----\n", "private key"),
        ("nuc", "x" * 20_000, "too long"),
        ("-nuc", None, "begins with -"),
        ("a..b", None, "no empty part"),
        ("n\u0443c", None, "letters a to z"),
        ("x" * 65, None, "at most 64 bytes"),
        ('nuc",permitopen="*:*', None, "letters a to z"),
    ],
)
def test_what_is_no_name_or_no_key_leaves_the_invite_as_it_was(relay, lab, name, given, reason):
    invite = relay.invite("fleet", *NEW)
    refused = invite.run("enroll", name, given=public(lab, "nuc") if given is None else given)
    assert refused.returncode == 1 and reason in refused.stderr, refused
    assert keys_of(relay) == ""
    key = public(lab, "nuc").strip() + ' "\\n,no-pty x\n'
    assert invite.run("enroll", "nuc", given=key).returncode == 0
    assert keys_of(relay).count("\n") == 1 and keys_of(relay).endswith(" nuc\n")
