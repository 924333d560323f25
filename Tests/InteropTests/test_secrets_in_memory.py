"""Keys that a program holds are not for other processes of the same user, nor for a core dump."""

import os
import subprocess
from pathlib import Path

import pytest

from harness import settings
from harness.clients import Swssh
from harness.network import free_port, wait_until
from harness.servers import Relay
from harness.settings import program

pytestmark = [
    pytest.mark.skipif(not (settings.RELAY and settings.SWSSH), reason="ours only"),
    pytest.mark.skipif(os.getuid() != 0, reason="gives up root's rights to ask as an ordinary process would"),
]

# Root without any of root's rights is a user like all others, who owns the tests' files.
WITHOUT_RIGHTS = [program("setpriv"), "--bounding-set=-all", "--inh-caps=-all"]


class RelayWithoutRights(Relay):
    def command(self):
        return [*WITHOUT_RIGHTS, *super().command()]


class SwsshWithoutRights(Swssh):
    def arguments(self, stdio):
        return [*WITHOUT_RIGHTS, *super().arguments(stdio)]


def _lets_others_look(pid):
    """Whether another process of the same user may look into it, as a debugger would."""
    command = [*WITHOUT_RIGHTS, program("cat"), f"/proc/{pid}/environ"]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0


def _leaves_a_core(pid):
    limits = Path(f"/proc/{pid}/limits").read_text()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    return core.split()[4:6] != ["0", "0"]


def test_relay_and_swssh_let_nobody_look_and_leave_no_core(lab):
    server = RelayWithoutRights(lab)
    client = SwsshWithoutRights(lab, server, local=[f"{free_port()}:{lab.target}"])
    # The way of asking finds what an ordinary program has to show.
    ordinary = lab.programs.start([*WITHOUT_RIGHTS, program("sleep"), "60"], "sleep")
    # Until it has become sleep it is setpriv, with root's rights.
    wait_until(lambda: _lets_others_look(ordinary.pid), 20, "a program that others may look into")
    for running in (server, client):
        assert not _lets_others_look(running.program.pid)
        assert not _leaves_a_core(running.program.pid)
