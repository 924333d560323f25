"""Keys for one run, in the format of every program that reads them."""

import subprocess
from pathlib import Path

from .settings import program


class KeyPair:
    """A key in OpenSSH's format or another of ssh-keygen's, and on demand in dropbear's and PuTTY's."""

    def __init__(self, path, kind="ed25519", bits=None, form="RFC4716"):
        self.path = Path(path)
        if not self.path.exists():
            bits = bits or (2048 if kind == "rsa" else None)
            size = ["-b", bits] if bits else []
            _run("ssh-keygen", "-q", "-t", kind, *size, "-m", form, "-N", "", "-C", self.path.name, "-f", self.path)

    @property
    def public(self):
        """Type and base64, without the comment."""
        return " ".join(self.path.with_suffix(".pub").read_text().split()[:2])

    @property
    def fingerprint(self):
        return _run("ssh-keygen", "-l", "-E", "sha256", "-f", self.path.with_suffix(".pub")).split()[1]

    def certify(self, key, name, *arguments):
        """A key pair whose .pub file stands with a certificate that this key signed: ssh takes it with -i."""
        path = key.path.with_name(name)
        path.write_bytes(key.path.read_bytes())
        path.chmod(0o600)
        path.with_suffix(".pub").write_bytes(key.path.with_suffix(".pub").read_bytes())
        _run("ssh-keygen", "-q", "-s", self.path, *arguments, path.with_suffix(".pub"))
        return KeyPair(path)

    def dropbear(self):
        path = self.path.with_suffix(".dropbear")
        if not path.exists():
            _run("dropbearconvert", "openssh", "dropbear", self.path, path)
        return path

    def putty(self):
        path = self.path.with_suffix(".ppk")
        if not path.exists():
            _run("puttygen", self.path, "-O", "private", "-o", path)
        return path


class Keys:
    """The keys of a run: who logs in, and who the servers are."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.user = self.named("user")
        self.host = self.named("host")

    def named(self, name, kind="ed25519", form="RFC4716"):
        return KeyPair(self.directory / name, kind, form=form)


def revocation_list(path, *arguments):
    """A binary key revocation list, as `ssh-keygen -k` makes it."""
    _run("ssh-keygen", "-q", "-k", "-f", path, *arguments)
    return path


def known_hosts_line(host, port, public):
    return f"{host if port == 22 else f'[{host}]:{port}'} {public}\n"


def hashed_known_hosts(path):
    """Hashes the names in a file as `ssh-keygen -H` does, and removes the readable copy."""
    _run("ssh-keygen", "-H", "-f", path)
    Path(str(path) + ".old").unlink()


def _run(name, *arguments):
    result = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{name}: {result.stdout}{result.stderr}")
    return result.stdout
