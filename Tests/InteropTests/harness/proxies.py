"""Real proxies, each with one user: tinyproxy for HTTP's CONNECT, Dante for SOCKS 5."""

import os
import subprocess
from pathlib import Path
from urllib.parse import quote

from .network import free_port, is_listening, wait_until
from .servers import nss_wrapper
from .settings import LOOPBACK, program

USER = "joe"


class Proxy:
    scheme = ""
    password = ""

    def __init__(self, lab):
        self.lab = lab
        self.directory = lab.new_directory(self.scheme)
        self.port = free_port()
        self.program = self.launch()
        wait_until(lambda: is_listening(self.port), 20, f"a proxy for {self.scheme}")

    def url(self, login=None):
        login = f"{USER}:{quote(self.password, safe='')}" if login is None else login
        return f"{self.scheme}://{login + '@' if login else ''}{LOOPBACK}:{self.port}"

    def launch(self):
        raise NotImplementedError


class Tinyproxy(Proxy):
    scheme = "http"
    password = "pass-Word.1"

    def launch(self):
        configuration = self.directory / "config"
        configuration.write_text(
            f"Port {self.port}\nListen {LOOPBACK}\nTimeout 600\nAllow {LOOPBACK}\nLogLevel Connect\n"
            f"BasicAuth {USER} {self.password}\n"
        )
        return self.lab.programs.start([program("tinyproxy"), "-d", "-c", configuration], "tinyproxy")

    def connections(self):
        """What it was asked for."""
        lines = self.program.log().splitlines()
        return [line.split()[-2] for line in lines if "Request" in line and "CONNECT" in line]


class Dante(Proxy):
    """It knows the system's users: nss_wrapper gives it one."""

    scheme = "socks5"
    # Characters that mean something in a URL.
    password = "p@ss:w/rd%1"

    def launch(self):
        hashed = subprocess.run(
            [program("openssl"), "passwd", "-6", "-stdin"], input=self.password, capture_output=True, text=True, check=True
        ).stdout.strip()
        files = {}
        lines = {
            "passwd": f"{USER}:x:54321:54321::/:/bin/false\n{Path('/etc/passwd').read_text()}",
            "shadow": f"{USER}:{hashed}:19000:0:99999:7:::\n",
            "group": Path("/etc/group").read_text(),
        }
        for name, text in lines.items():
            path = self.directory / name
            path.write_text(text)
            files[f"NSS_WRAPPER_{name.upper()}"] = str(path)
        configuration = self.directory / "config"
        configuration.write_text(
            f"logoutput: stderr\ninternal: {LOOPBACK} port = {self.port}\nexternal: {LOOPBACK}\n"
            "clientmethod: none\nsocksmethod: username\nuser.privileged: root\nuser.unprivileged: root\n"
            "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n"
            "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0\n command: connect\n log: connect }\n"
        )
        return self.lab.programs.start(
            [program("danted"), "-f", configuration, "-p", self.directory / "pid", "-N", "1"],
            "danted",
            environment={"LD_PRELOAD": nss_wrapper(), **files},
        )

    def connections(self):
        """Where it led somebody."""
        return [line for line in self.program.log().splitlines() if "pass(1): tcp/connect [" in line]


def proxies():
    """Dante looks passwords up as root does."""
    return [Tinyproxy] + ([Dante] if os.getuid() == 0 else [])
