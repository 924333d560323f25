"""TCP's congestion control: the system's default decides what loopback costs, for the stock programs above all."""

import os
import sys
from pathlib import Path

_DEFAULT = Path("/proc/sys/net/ipv4/tcp_congestion_control")


def default():
    return _DEFAULT.read_text().strip()


def run_with(name):
    """Goes on in a network namespace with this default, unless it is the default already. Needs root."""
    if default() == name:
        return
    script = f'ip link set lo up && echo "$0" >{_DEFAULT} && exec "$@"'
    command = [sys.executable, "-m", "meter", *sys.argv[1:]]
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", script, name, *command])
