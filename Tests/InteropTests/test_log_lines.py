"""sshd's log lines, side by side: the same stock ssh does the same to both servers, and both logs say the same."""

import re

import pytest

from harness import deeds_at_login, deeds_before_login  # noqa: F401
from harness.deeds import DEEDS
from harness.network import wait_until

pytestmark = pytest.mark.ours_only("the comparison of sshd with itself says nothing")

PEER = r"127\.0\.0\.1 port P"
# What the relay alone says: the reasons of a refusal, and that a client has left. sshd 9.2 does not log in one process
# what it knows in another; Debian's says nothing at LoginGraceTime, which upstream does.
OURS = [
    r"Failed publickey for invalid user ",
    r"Tunnel ",
    r"RevokedKeys \S+: it does not exist: nobody may log in$",
    rf"{PEER}: ",
    rf"Connection closed by user \S+ {PEER}$",
    r"Timeout before authentication for ",
    rf"Disconnecting {PEER}: a packet of \d+ bytes is longer than ",
]
# What sshd alone says: its processes; traffic, which the relay tells tunnel by tunnel; its inside names of a bad packet.
THEIRS = [
    # Its two processes say it, each for itself.
    r"ROOT LOGIN REFUSED FROM .* \[preauth\]$",
    r"User child is on pid ",
    r"Transferred: sent ",
    r"Closing connection to ",
    rf"Connection closed by {PEER}$",
    r"Bad packet length \d+\. \[preauth\]",
    r"ssh_dispatch_run_fatal: ",
]


def _logged(lab, kind, level, deed, expected=frozenset()):
    """What a server's log says of one deed, given the time to say what is expected."""
    config = [line(lab) if callable(line) else line for line in deed.config]
    authorized_keys = deed.authorized_keys and deed.authorized_keys(lab) + "\n"
    config.insert(0, f"LogLevel {level}")
    server = lab.server(kind, config=config, match=deed.match, authorized_keys=authorized_keys)
    deed(lab, server)
    wait_until(lambda: _idle(server), 10, "the end of all connections")
    try:
        wait_until(lambda: expected <= set(_lines(server)), 5, "the last line")
    except TimeoutError:
        pass  # The comparison will say what is missing.
    server.program.process.terminate()
    server.program.wait(10)
    return _lines(server)


def _lines(server):
    return [_normal(line, server) for line in server.log().splitlines()]


def _idle(server):
    """Whether no connection of the server is left, and no process of one."""
    suffix = f":{server.port:04X}"
    with open("/proc/net/tcp") as rows:
        busy = any(row.split()[1].endswith(suffix) and row.split()[3] in ("01", "08") for row in rows)
    return not busy and (server.kind != "sshd" or len(server.program.tree()) == 1)


def _normal(line, server):
    """A line without what differs from run to run."""
    line = line.replace(str(server.directory), "DIRECTORY").strip()
    # Without -E or syslog, sshd leaves out the words for its levels; the relay names the rule that refused.
    line = re.sub(r"^(error|fatal): ", "", line)
    line = re.sub(r" \[DIRECTORY/\S+ line \d+: .*\]$", "", line)
    # In OpenSSH 9.8 MaxStartups got the words that the relay uses.
    line = line.replace("past MaxStartups", "Maxstartups")
    return re.sub(r"\b\d{4,5}\b", "P", line)


@pytest.mark.parametrize("level", ["INFO", "VERBOSE"])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_relay_says_what_sshd_says(lab, level, deed):
    theirs = _logged(lab, "sshd", level, deed)
    # A client that leaves while sshd says it a line for debugging: sshd's log tells of the pipe, and not of the client.
    for _ in range(2):
        if any("send DEBUG: Broken pipe" in line for line in theirs):
            theirs = _logged(lab, "sshd", level, deed)
    expected = {line for line in theirs if not any(re.match(known, line) for known in (*THEIRS, "Received signal"))}
    ours = _logged(lab, "relay", level, deed, expected)
    common = [line for line in ours if line in theirs or not any(re.match(known, line) for known in OURS)]
    wanted = [line for line in theirs if line in ours or not any(re.match(known, line) for known in THEIRS)]
    assert common == wanted
    assert len(common) > 1, "the log tells nothing of it"
