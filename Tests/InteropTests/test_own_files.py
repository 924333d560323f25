"""swssh --init, --get-key, --add-host and --add-client: a user's own files, as stock programs read them."""

import stat
import subprocess

import pytest

from harness import settings
from harness.enrolment import EnrolledRelay
from harness.keys import KeyPair
from harness.neighbourhood import Neighbourhood
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, program

pytestmark = pytest.mark.skipif(not settings.SWSSH, reason="ssh has no such options")


def keys(lab, *names):
    return [lab.keys.named(name) for name in names]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def streets(lab):
    return Neighbourhood(lab)


def machine(streets, name):
    found = streets.machine(name, "swssh")
    (found.home / "bin" / "swssh").symlink_to(settings.SWSSH)
    return found


def test_init_makes_a_key_once(streets):
    pi = machine(streets, "pi")
    (pi.home / ".ssh" / "config").unlink()
    (pi.home / ".ssh").rmdir()
    assert b"made" in pi.run("swssh --init")
    own = pi.home / ".ssh" / "id_ed25519"
    assert (mode(own.parent), mode(own), mode(own.with_suffix(".pub"))) == (0o700, 0o600, 0o644)
    key = own.read_bytes()
    derived = subprocess.run([program("ssh-keygen"), "-yf", own], capture_output=True, text=True, check=True).stdout
    public = derived.split()[:2]
    assert own.with_suffix(".pub").read_text().split()[:2] == public
    assert pi.run("swssh --get-key").decode().split() == public
    # Again, and where the power went before the second file was there.
    assert b"kept" in pi.run("swssh --init")
    own.with_suffix(".pub").unlink()
    assert pi.run("swssh --get-key").decode().split() == public
    pi.run("swssh --init")
    assert own.with_suffix(".pub").read_text().split()[:2] == public and own.read_bytes() == key
    assert sorted(path.name for path in own.parent.iterdir()) == ["id_ed25519", "id_ed25519.pub"]


def test_without_a_key_there_is_nothing_to_print(streets):
    pi = machine(streets, "pi")
    assert pi.run("swssh --get-key", status=255) == b"" and "--init" in pi.said


def test_a_host_is_known_by_the_key_that_was_named(lab, streets):
    pi = machine(streets, "pi")
    first, second = keys(lab, "host-one", "host-two")
    file = pi.home / ".ssh" / "known_hosts"
    file.write_bytes(b"# mine\nother.example ssh-ed25519 AAAA\n#no end")
    pi.run(f"swssh --add-host relay.example 2222 {first.public} root@relay")
    pi.run(f"swssh --add-host relay.example 22 '{first.public}'")
    pi.run(f"swssh --add-host relay.example 2222 '{first.public}'")
    assert file.read_bytes() == (
        b"# mine\nother.example ssh-ed25519 AAAA\n#no end\n"
        + f"[relay.example]:2222 {first.public}\nrelay.example {first.public}\n".encode()
    )
    before = file.read_bytes()
    pi.run(f"swssh --add-host relay.example 2222 {second.public}", status=255)
    assert "another key" in pi.said and file.read_bytes() == before


@pytest.mark.parametrize("words", ["'a b' 22", "'a,b' 22", "'*' 22", "'' 22", "'|1|a' 22", "$'a\\nb' 22", "a 0", "a 65536", "a x"])
def test_what_is_no_host_or_port_is_refused(lab, streets, words):
    pi = machine(streets, "pi")
    pi.run(f"swssh --add-host {words} {lab.keys.host.public}", status=255)
    assert not (pi.home / ".ssh" / "known_hosts").exists()


def test_a_client_is_added_and_the_rest_stays(lab, streets):
    pi = machine(streets, "pi")
    file = pi.home / ".ssh" / "authorized_keys"
    (key,) = keys(lab, "client")
    pi.run(f"swssh --add-client {key.public} alice@laptop")
    assert file.read_text() == f"{key.public} alice@laptop\n" and mode(file) == 0o600
    written = b"# ours\r\n\n  pty,unknown-option ssh-rsa AAAA x\n\xff\n" + f"#{key.public}\nno-pty {lab.keys.host.public}".encode()
    file.write_bytes(written)
    file.chmod(0o640)
    pi.run(f"swssh --add-client '{key.public}'")
    assert file.read_bytes() == written + f"\n{key.public}\n".encode() and mode(file) == 0o640
    pi.run(f"swssh --add-client '{key.public}'")
    pi.run(f"swssh --add-client '{lab.keys.host.public} other'")
    assert file.read_bytes() == written + f"\n{key.public}\n".encode()
    assert sorted(path.name for path in file.parent.iterdir()) == ["authorized_keys", "config"]


def test_nothing_but_a_key_becomes_a_line(lab, streets):
    pi = machine(streets, "pi")
    public = lab.keys.host.public
    for words in (f"$'{public} a\\nssh-rsa AAAA b'", f"$'{public} \\e[2J'", f"'pty {public}'", "ssh-ed25519", "''", f"'{public}AAAA'"):
        pi.run(f"swssh --add-client {words}", status=255)
    assert not (pi.home / ".ssh" / "authorized_keys").exists()


@pytest.mark.parametrize("words", ["--init x", "--get-key x", "--add-host", "--add-host a 22", "--add-client"])
def test_what_does_not_fit_is_told_with_the_usage(streets, words):
    pi = machine(streets, "pi")
    pi.run(f"swssh {words}", status=255)
    assert "usage: swssh" in pi.said


def test_the_walk_over_a_tunnel_to_a_reverse_tunnel(lab, streets):
    """rtunnel's commands, with ours: init, get-key, add-host and add-client on three machines."""
    raspi, laptop = machine(streets, "raspi"), machine(streets, "laptop")
    forward, local = free_port(), free_port()
    # On the cloud: init, start, get-key.
    cloud = EnrolledRelay(lab)
    cloud.start()
    cloud_key = cloud.run("host-key").stdout.splitlines()[1]
    # On the raspi: init, add-host, get-key.
    raspi.run("swssh --init")
    raspi.run(f"swssh --add-host {LOOPBACK} {cloud.port} {cloud_key}")
    raspi_key = raspi.run("swssh --get-key").decode()
    # On the cloud: add-client.
    cloud.run("add-client", raspi_key, "--account", "tunnel", "--new-account", "--listen", forward)
    # On the raspi: start.
    home = raspi.home / ".ssh" / "authorized_keys"
    sshd = streets.sshd({}, config=[f"AuthorizedKeysFile {home}"], host_key=KeyPair(raspi.home / "host"))
    raspi.start(f"swssh -N -R {forward}:localhost:{sshd.port} -p {cloud.port} tunnel@{LOOPBACK}")
    wait_until(lambda: is_listening(forward), 20, "the reverse tunnel")
    # On the laptop: init, add-host twice, get-key.
    laptop.run("swssh --init")
    laptop.run(f"swssh --add-host {LOOPBACK} {cloud.port} {cloud_key}")
    laptop.run(f"swssh --add-host {LOOPBACK} {local} {sshd.host_key.public}")
    laptop_key = laptop.run("swssh --get-key").decode()
    # On the cloud and on the raspi: add-client.
    cloud.run("add-client", laptop_key, "--account", "tunnel", "--open", f"localhost:{forward}")
    raspi.run(f"swssh --add-client {laptop_key}")
    # On the laptop: ssh.
    laptop.start(f"swssh -N -L {local}:localhost:{forward} -p {cloud.port} tunnel@{LOOPBACK}")
    wait_until(lambda: is_listening(local), 20, "the tunnel")
    assert laptop.run(f"/usr/bin/ssh -p {local} {settings.USER}@{LOOPBACK} echo here") == b"here\n"
