"""A Debian 12 that systemd boots in a container, for what must survive a reboot."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from . import settings
from .network import wait_until
from .processes import command_name, descendants

_PACKAGES = "systemd,systemd-sysv,dbus,libsodium23,libssl3,libstdc++6"
_MIRROR = "http://deb.debian.org/debian"
_BOOT_SECONDS = 120


def reason_to_skip():
    """None where such a machine can be booted."""
    if not os.environ.get("INTEROP_BOOT"):
        return "INTEROP_BOOT=1 boots a Debian in a container"
    if os.getuid() != 0:
        return "a container needs root"
    missing = [name for name in ("systemd-nspawn", "debootstrap") if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    return f"there is no {missing[0]}" if missing else None


def _image():
    """The system's files, made once: a minute of downloads."""
    build = Path(__file__).resolve().parents[3] / ".build"
    image, unfinished = build / "debian-12", build / "debian-12.unfinished"
    with open(build / "debian-12.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not image.exists():
            shutil.rmtree(unfinished, ignore_errors=True)
            command = ["/usr/sbin/debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", unfinished, _MIRROR]
            made = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=900)
            if made.returncode != 0:
                pytest.skip(f"no Debian can be fetched: {made.stdout[-200:]}")
            unfinished.rename(image)
    return image


def _swift_libraries():
    """Where those lie that swssh was linked with; none if it has them in itself."""
    said = subprocess.run(["ldd", settings.SWSSH], capture_output=True, text=True, check=True, timeout=20).stdout
    paths = re.findall(r"libswift\w+\.so => (/\S+)", said)
    return sorted({str(Path(path).parent) for path in paths})


class BootedMachine:
    """Shares this machine's network, and has swssh as /usr/bin/swssh."""

    def __init__(self, lab):
        self.lab = lab
        self.root = lab.new_directory("machine") / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", _image(), self.root], check=True, timeout=120)
        (self.root / "etc/hostname").write_text("device\n")
        self.program = None

    def chroot(self, *words):
        subprocess.run(["chroot", str(self.root), *words], check=True, capture_output=True, timeout=60)

    def boot(self):
        binds = [f"--bind-ro={settings.SWSSH}:/usr/bin/swssh", *(f"--bind-ro={path}" for path in _swift_libraries())]
        options = ["--quiet", "--boot", "--register=no", "--keep-unit", "--console=read-only", *binds]
        self.program = self.lab.programs.start(["systemd-nspawn", f"--directory={self.root}", *options], "machine")
        self.wait_until_up()

    @property
    def leader(self):
        """Process 1 of the machine, by its number here; None while it is down."""
        children = [pid for pid in descendants(self.program.pid) if command_name(pid) == "systemd"]
        return min(children, default=None)

    def wait_until_up(self):
        def is_up():
            if self.leader is None:
                return False
            asked = self.run("systemctl", "is-system-running", check=False)
            return asked.stdout.strip() in ("running", "degraded")

        wait_until(is_up, _BOOT_SECONDS, "the machine's start")

    def run(self, *words, check=True):
        """Runs a program in the machine as root."""
        command = ["nsenter", f"--target={self.leader}", "--all", "--", *map(str, words)]
        return subprocess.run(command, check=check, capture_output=True, text=True, timeout=60, cwd="/")

    def reboot(self):
        """systemd-nspawn leaves it to whoever started it to do so again."""
        self.run("systemctl", "reboot", check=False)
        self.program.wait(60)
        self.boot()

    def power_off(self):
        os.kill(self.leader, signal.SIGRTMIN + 4)
        self.program.wait(60)
