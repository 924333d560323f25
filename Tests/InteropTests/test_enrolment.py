"""relay init, host-key, add-client, remove-client and clients: what they write, stock programs take."""

import json
import os
import pwd
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from harness import settings, traffic
from harness.enrolment import EnrolledRelay
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB, program

pytestmark = pytest.mark.ours_only("sshd has no such commands")


@pytest.fixture
def open_folder():
    """A folder that other users can get to."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def tree(folder):
    """Every file below a folder with mode and content."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode & 0o7777, path.read_bytes() if path.is_file() else None)
        for path in sorted(folder.rglob("*"))
    }


def test_a_relay_made_by_init_starts_and_its_lines_convince_stock_ssh(lab):
    relay = EnrolledRelay(lab)
    made = tree(relay.folder)
    assert {name: mode for name, (mode, _) in made.items()} == {
        "authorized_keys": 0o755,
        "relay_config": 0o644,
        "ssh_host_ed25519_key": 0o600,
        "ssh_host_ed25519_key.pub": 0o644,
        "state": 0o700,
        "state/authorized_keys": 0o700,
    }
    public = (relay.folder / "ssh_host_ed25519_key.pub").read_text()
    fingerprint = subprocess.run(
        [program("ssh-keygen"), "-lf", relay.folder / "ssh_host_ed25519_key"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    line = f"[{LOOPBACK}]:{relay.port} {' '.join(public.split()[:2])}"
    assert fingerprint in relay.made.stdout and line in relay.made.stdout.splitlines()
    assert line in relay.run("host-key", LOOPBACK).stdout.splitlines()
    assert " ".join(public.split()[:2]) in relay.run("host-key").stdout.splitlines()
    checked = subprocess.run([settings.RELAY, "-t", "-f", relay.config], capture_output=True, text=True, check=False)
    assert checked.returncode == 0 and "arning" not in checked.stderr, checked.stderr
    effective = subprocess.run([settings.RELAY, "-T", "-f", relay.config], capture_output=True, text=True, check=True).stdout
    assert f"statedirectory {relay.folder}/state" in effective.splitlines()
    assert f"authorizedkeysfile {relay.folder}/authorized_keys/%u {relay.folder}/state/authorized_keys/%u" in effective

    # Again: nothing is overwritten.
    again = relay.run("init", "--port", 1, "--host", LOOPBACK)
    assert "kept /" in again.stdout and "made /" not in again.stdout
    assert tree(relay.folder) == made

    relay.start()
    relay.run("add-client", lab.keys.user.path.with_suffix(".pub"), "--account", "fleet", "--new-account", "--open", lab.target)
    local = free_port()
    lab.programs.start(relay.ssh(lab.keys.user, "fleet", "-N", "-L", f"{local}:{lab.target}"), "ssh")
    wait_until(lambda: is_listening(local), 20, "ssh")
    transfer(traffic.connect(local), MIB)


def test_init_goes_on_where_it_was_cut_off(lab):
    """Each file in turn is missing, as if the power had gone before it was made."""
    relay = EnrolledRelay(lab)
    key = (relay.folder / "ssh_host_ed25519_key").read_bytes()
    relay.config.unlink()
    (relay.folder / "state" / "authorized_keys").rmdir()
    relay.run("init", "--port", relay.port)
    assert (relay.folder / "ssh_host_ed25519_key").read_bytes() == key
    assert (relay.folder / "state" / "authorized_keys").is_dir() and relay.config.exists()
    (relay.folder / "ssh_host_ed25519_key").unlink()
    (relay.folder / "ssh_host_ed25519_key.pub").unlink()
    (relay.folder / "authorized_keys").rmdir()
    config = relay.config.read_text()
    relay.run("init")
    assert (relay.folder / "ssh_host_ed25519_key").read_bytes() != key
    assert (relay.folder / "authorized_keys").is_dir() and relay.config.read_text() == config


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to another user")
def test_init_by_root_gives_the_key_and_the_state_to_the_relays_user_and_nothing_else(lab, open_folder):
    relay = EnrolledRelay(lab, "--user", "nobody", folder=open_folder)
    owners = {name: pwd.getpwuid((relay.folder / name).stat().st_uid).pw_name for name in tree(relay.folder)}
    assert owners == {
        "authorized_keys": "root",
        "relay_config": "root",
        "ssh_host_ed25519_key": "nobody",
        "ssh_host_ed25519_key.pub": "root",
        "state": "nobody",
        "state/authorized_keys": "nobody",
    }


@pytest.mark.parametrize("words", [["--state", "/a\nb"], ["--state", 'x"y'], ["--state", "/a/../b"]])
def test_init_takes_no_path_that_a_configuration_cannot_name(lab, words):
    folder = lab.new_directory("relay")
    result = subprocess.run(
        [settings.RELAY, "init", "-f", folder / "relay_config", *words], capture_output=True, text=True, check=False
    )
    assert result.returncode != 0 and list(folder.iterdir()) == []


def test_a_device_and_a_laptop_are_added_and_removed_while_the_relay_runs(lab):
    relay = EnrolledRelay(lab)
    relay.start()
    device, laptop = lab.keys.named("device"), lab.keys.named("laptop")
    file = relay.key_file("fleet")
    relay.run(
        "add-client", device.path.with_suffix(".pub"), "--account", "fleet", "--new-account", "--name", "nuc", "--listen", "%k:22"
    )
    result = relay.run(
        "add-client", "-", "--account", "fleet", "--open", "*:22", "--expires", "2099-01-01", "--commands", "list,connect",
        standard_input=laptop.public + " alice@laptop\n",
    )  # fmt: skip
    assert laptop.fingerprint in result.stdout
    assert file.read_text() == (
        f'restrict,port-forwarding,permitlisten="%k:22",permitopen="none:1" {device.public} nuc\n'
        f'restrict,port-forwarding,permitlisten="none:1",permitopen="*:22",permitcommand="list,connect",expiry-time="20990101" {laptop.public} alice@laptop\n'
    )
    # sshd reads the same lines.
    subprocess.run([program("ssh-keygen"), "-lf", file], check=True, capture_output=True)

    standing = lab.programs.start(relay.ssh(device, "fleet", "-N", "-R", f"nuc:22:{lab.target}"), "ssh")
    wait_until(lambda: "on name nuc:22" in relay.program.log(), 20, "the device")
    local = free_port()
    lab.programs.start(relay.ssh(laptop, "fleet", "-N", "-L", f"{local}:nuc:22"), "ssh")
    wait_until(lambda: is_listening(local), 20, "the laptop")
    transfer(traffic.connect(local), MIB)

    clients = [json.loads(line) for line in relay.run("clients", "--json").stdout.splitlines()]
    assert [(row["account"], row["key"], row["comment"], row["listens"], row["opens"]) for row in clients] == [
        ("fleet", device.fingerprint, "nuc", ["%k:22"], []),
        ("fleet", laptop.fingerprint, "alice@laptop", [], ["*:22"]),
    ]
    assert [row["commands"] for row in clients] == [[], ["list", "connect"]]
    assert clients[1]["expires"].startswith("20") and "expires" not in clients[0]
    columns = relay.run("clients").stdout.splitlines()[0].split("\t")
    assert columns == ["fleet", device.fingerprint, "nuc", "%k:22", "-", "-", "-"]

    assert "removed" in relay.run("remove-client", "nuc").stdout
    wait_until(lambda: not standing.running, 20, "the end of the device's connection")
    assert device.public not in file.read_text() and laptop.public in file.read_text()
    relay.run("remove-client", laptop.fingerprint)
    assert file.read_text() == ""


def test_files_stay_as_somebody_wrote_them(lab):
    relay = EnrolledRelay(lab)
    other = lab.keys.named("other")
    written = (
        f"# ours: do not touch\r\n\n  pty   {other.public}   two  blanks \n"
        "no-such-option ssh-ed25519 AAAA x\n\tssh-rsa BBBB\n"
    ).encode() + b"# \xff\xfe\n#no end"
    file = relay.key_file("fleet")
    file.write_bytes(written)
    file.chmod(0o640)
    relay.run("add-client", lab.keys.user.public, "--account", "fleet")
    assert file.read_bytes() == written + f"\nrestrict {lab.keys.user.public}\n".encode()
    assert file.stat().st_mode & 0o777 == 0o640
    relay.run("add-client", lab.keys.user.public, "--account", "fleet")
    assert "already" in relay.run("add-client", lab.keys.user.public, "--account", "fleet").stdout
    relay.run("remove-client", lab.keys.user.public)
    assert file.read_bytes() == written + b"\n"
    assert relay.run("remove-client", "nobody", check=False).returncode == 1


def test_two_keys_of_one_name_are_not_guessed_at(lab):
    relay = EnrolledRelay(lab)
    keys = [lab.keys.named(name) for name in ("one", "two")]
    for key, account in zip(keys, ("fleet", "other"), strict=True):
        relay.run("add-client", key.public, "--account", account, "--new-account", "--name", "nuc")
    result = relay.run("remove-client", "nuc", check=False)
    assert result.returncode == 1 and all(key.fingerprint in result.stderr for key in keys)
    relay.run("remove-client", "nuc", "--account", "other")
    assert keys[0].public in relay.key_file("fleet").read_text() and relay.key_file("other").read_text() == ""


def test_an_account_that_there_is_not_is_not_made_by_mistake(lab):
    relay = EnrolledRelay(lab)
    result = relay.run("add-client", lab.keys.user.public, "--account", "fleeet", check=False)
    assert result.returncode == 1 and "--new-account" in result.stderr
    for name in ("../x", "", "-x", ".x", "a/b", "a\nb", "fleet.bak"):
        result = relay.run("add-client", lab.keys.user.public, f"--account={name}", "--new-account", check=False)
        assert result.returncode != 0, name
    assert list((relay.folder / "authorized_keys").iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["--name", "a\nssh-ed25519 AAAA b"],
        ["--name", "a\rb"],
        ["--name", "\x1b[2J"],
        ["--name", "x" * 257],
        ["--listen", "%k:22"],
        ["--open", 'a:22",pty,permitopen="b:1'],
        ["--open", "a:22\n"],
        ["--open", "nuc"],
        ["--expires", "tomorrow"],
    ],
)
def test_nothing_but_a_line_of_its_own_gets_into_a_file(lab, words):
    relay = EnrolledRelay(lab)
    result = relay.run("add-client", lab.keys.user.public, "--account", "fleet", "--new-account", *words, check=False)
    assert result.returncode != 0 and result.stderr.startswith("relay: "), result.stderr
    assert not relay.key_file("fleet").exists()


def test_what_is_no_public_key_is_told(lab):
    relay = EnrolledRelay(lab)
    for what in (lab.keys.user.path, "/nowhere", "ssh-ed25519 AAAA", relay.config):
        result = relay.run("add-client", what, "--account", "fleet", "--new-account", check=False)
        assert result.returncode == 1 and "key" in result.stderr, result.stderr
    assert "PRIVATE" not in result.stderr


def test_many_programs_at_once_lose_no_key(lab):
    relay = EnrolledRelay(lab)
    keys = [lab.keys.named(f"many-{number}") for number in range(8)]
    results = []

    def add(key):
        results.append(relay.run("add-client", key.public, "--account", "fleet", "--new-account", check=False).returncode)

    threads = [threading.Thread(target=add, args=[key]) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0] * 8
    assert {line.split(" ", 1)[1] for line in relay.key_file("fleet").read_text().splitlines()} == {key.public for key in keys}
    assert [path.name for path in relay.key_file("fleet").parent.iterdir()] == ["fleet"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be led anywhere")
def test_a_link_in_the_state_leads_root_nowhere(lab, open_folder):
    """Whoever takes over the relay's user has its folder, but not what root may write."""
    relay = EnrolledRelay(lab, "--user", "nobody", folder=open_folder)
    secret = lab.new_directory("roots")
    secret.chmod(0o700)
    (secret / "fleet").write_text(f"{lab.keys.user.public} roots\n")
    (relay.folder / "state" / "authorized_keys").rmdir()
    (relay.folder / "state" / "authorized_keys").symlink_to(secret)
    result = relay.run("remove-client", "roots", check=False)
    assert result.returncode != 0, result.stdout
    assert (secret / "fleet").read_text() == f"{lab.keys.user.public} roots\n"
