"""fail2ban's own filter for sshd, as Debian has it, reads the relay's log and finds who is to be banned, and nobody else."""

import collections
import re
import socket
import subprocess

import paramiko
import pytest

from harness import servers, settings
from harness.network import wait_until
from harness.settings import LOOPBACK, USER, program

pytestmark = pytest.mark.ours_only("sshd's own lines are what the filter was written for")

# Who connects, by what happens to them: the loopback network has an address for each.
INVALID_USER, WRONG_KEY, TOO_MANY_KEYS, SECOND_KEY, HONEST = (f"127.0.0.{number}" for number in range(11, 16))
_LINE = re.compile(r"^(?P<time>\S+) (?P<rest>sshd\[\d+\]: .*)$")


class LoggingRelay(servers.Relay):
    """A relay whose log goes to a file as fail2ban wants it."""

    def command(self):
        self.log_path = self.directory / "log"
        return [settings.RELAY, "-E", self.log_path]

    def lines(self):
        return self.log_path.read_text().splitlines()


def _log_in(lab, server, source, user, keys):
    """One connection from an address, with the given keys in turn; gives ssh's exit status."""
    known_hosts = lab.directory / "known_hosts"
    known_hosts.write_text(server.known_hosts)
    arguments = [program("ssh"), "-F", "none", "-b", source, "-p", server.port, "-o", f"UserKnownHostsFile={known_hosts}"]
    arguments += ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-T"]
    for key in keys:
        arguments += ["-i", key.path]
    arguments += ["-l", user, LOOPBACK]
    environment = {"HOME": str(lab.directory)}
    result = subprocess.run(
        [str(word) for word in arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=30
    )
    return result.returncode


def _found(lab, lines, options=""):
    """How often the filter counts each address in a log."""
    path = lab.directory / "log-for-fail2ban"
    path.write_text("".join(line + "\n" for line in lines))
    command = [program("fail2ban-regex"), "--raw", "-o", "ip", path, f"sshd{options}"]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    return collections.Counter(word for word in result.stdout.split() if re.fullmatch(r"[0-9.]+", word))


def _as_file(line):
    return line


def _as_syslog(line):
    """As rsyslog writes /var/log/auth.log."""
    match = _LINE.match(line)
    return f"{match['time']} proxy {match['rest']}"


def _as_old_syslog(line):
    """As rsyslog wrote it before Debian 12."""
    match = _LINE.match(line)
    return f"Jan  2 03:04:05 proxy {match['rest']}"


@pytest.fixture
def log(lab):
    """The log of a relay on which each address did its deed."""
    # sshd tells the failed keys of accounts at VERBOSE only.
    server = LoggingRelay(lab, config=["MaxAuthTries 3", "LogLevel VERBOSE"])
    wrong = [lab.keys.named(f"wrong{number}") for number in range(4)]
    assert _log_in(lab, server, INVALID_USER, "nosuchuser", wrong[:1]) == 255
    assert _log_in(lab, server, WRONG_KEY, USER, wrong[:1]) == 255
    assert _log_in(lab, server, TOO_MANY_KEYS, USER, wrong) == 255
    # Accepted after a refusal: what an agent with several keys does all day.
    _log_in(lab, server, SECOND_KEY, USER, [wrong[0], lab.keys.user])
    for _ in range(3):
        _log_in(lab, server, HONEST, USER, [lab.keys.user])
    wait_until(lambda: sum(f"Disconnected from user {USER} {HONEST}" in line for line in server.lines()) == 3, 10, "the last line")
    text = "\n".join(server.lines())
    assert f"Invalid user nosuchuser from {INVALID_USER}" in text
    assert f"Failed publickey for invalid user nosuchuser from {INVALID_USER}" in text
    assert f"Failed publickey for {USER} from {WRONG_KEY}" in text
    assert f"error: maximum authentication attempts exceeded for {USER} from {TOO_MANY_KEYS}" in text
    assert f"Accepted publickey for {USER} from {SECOND_KEY}" in text
    assert text.count(f"Accepted publickey for {USER} from {HONEST}") == 3
    return server.lines()


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        (_as_file, ""),
        (_as_syslog, ""),
        (_as_old_syslog, ""),
        (_as_syslog, "[logtype=journal]"),
    ],
    ids=["file", "syslog", "old-syslog", "journal"],
)
def test_the_stock_filter_finds_who_guesses_and_nobody_else(lab, log, shape, options):
    found = _found(lab, [shape(line) for line in log], options)
    assert set(found) == {INVALID_USER, TOO_MANY_KEYS}


def test_the_filter_counts_wrong_keys_of_accounts_when_told_to(lab, log):
    found = _found(lab, log, "[publickey=any]")
    assert {INVALID_USER, WRONG_KEY, TOO_MANY_KEYS} <= set(found)
    assert found[WRONG_KEY] == 1
    assert HONEST not in found


def test_guessed_passwords_are_found_although_there_are_none(lab):
    """Most of those who guess try nothing but passwords: the names that they try tell them."""
    server = LoggingRelay(lab)
    with socket.create_connection((LOOPBACK, server.port), 10, source_address=(INVALID_USER, 0)) as connection:
        client = paramiko.Transport(connection)
        client.start_client(timeout=10)
        with pytest.raises(paramiko.SSHException):
            client.auth_password("admin", "admin")
        client.close()
    wait_until(lambda: any("invalid user admin" in line for line in server.lines()), 10, "the last line")
    assert set(_found(lab, server.lines())) == {INVALID_USER}


def test_no_user_name_bans_an_address_that_it_names(lab):
    server = LoggingRelay(lab)
    with socket.create_connection((LOOPBACK, server.port), 10, source_address=(INVALID_USER, 0)) as connection:
        client = paramiko.Transport(connection)
        client.start_client(timeout=10)
        with pytest.raises(paramiko.AuthenticationException):
            client.auth_publickey("root from 198.51.100.1 port 22 ssh2: x", paramiko.Ed25519Key(filename=lab.keys.user.path))
        client.close()
    wait_until(lambda: any("losed by" in line or "onnected from" in line for line in server.lines()), 10, "the last line")
    assert set(_found(lab, server.lines(), "[publickey=any]")) == {INVALID_USER}


def test_lines_of_one_connection_share_a_number_that_no_other_has(log):
    """The filter takes lines with one number for one connection's: a shared one would ban the honest for the others."""
    numbers = collections.defaultdict(set)
    for line in log:
        for source in (INVALID_USER, WRONG_KEY, TOO_MANY_KEYS, SECOND_KEY):
            if source in line:
                numbers[source].add(line.split("[")[1].split("]")[0])
    assert all(len(of_source) == 1 for of_source in numbers.values())
    assert len(set.union(*numbers.values())) == len(numbers) == 4
