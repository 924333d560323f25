"""The same file and the same request to relay and to sshd: generated policies, and every answer compared.

COMPARE_SEED=n makes others; COMPARE_CONFIGURATIONS=n makes more. A failure names its seed.
"""

import os
import random
import shutil
import tempfile
from pathlib import Path

import paramiko
import pytest

from harness import settings
from harness.network import free_port
from harness.policies import SOURCES, TARGETS, USERS, Policies, make_key
from harness.requester import Requester

SEED = int(os.environ.get("COMPARE_SEED", 1))
CONFIGURATIONS = int(os.environ.get("COMPARE_CONFIGURATIONS", 12))
KEYS = 8
LISTENS = 6
OPENS = 4
# So many comparisons at the least, or the generator makes keys that nobody can log in with.
LEAST = 40

pytestmark = pytest.mark.skipif(not settings.RELAY, reason="sshd would be compared with itself")


@pytest.fixture
def account_keys():
    """A folder of authorized_keys files that sshd can read as any user, which it cannot in pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="compare"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


class Pair:
    """relay and sshd with one configuration and one folder of keys."""

    def __init__(self, lab, keys_folder, config, match, names):
        common = [f"AuthorizedKeysFile {keys_folder}/%u", f"ListenAddress {TARGETS[1]}"]
        self.servers = {}
        for kind in ("relay", "sshd"):
            first, second = free_port(), free_port()
            here = {"first": first, "second": second}
            lines = [*common, f"Port {second}", *config]
            blocks = [line.format(**here) for line in match]
            self.servers[kind] = (lab.server(kind, config=lines, match=blocks, port=first), second)

    def log_in(self, kind, user, key, source, target, second):
        server, other = self.servers[kind]
        try:
            return Requester(other if second else server.port, user, key, source, target)
        except paramiko.AuthenticationException:
            return None

    @property
    def text(self):
        return self.servers["sshd"][0].config_path.read_text()


class Comparison:
    """Counts what was the same, and keeps what was not."""

    def __init__(self):
        self.count = 0
        self.differences = []

    def compare(self, request, answers):
        self.count += 1
        if answers["relay"] != answers["sshd"]:
            self.differences.append(f"{request}: relay {answers['relay']}, sshd {answers['sshd']}")


def ask(clients, question):
    """The answers of both, one after the other: they would want the same ports."""
    return {kind: question(client) for kind, client in clients.items()}


def listen_and_cancel(client, host, port, cancelled_as):
    answer, bound = client.listen(host, port)
    if not answer[0]:
        return answer
    answers = [answer]
    if cancelled_as != host or port == 0:
        # Neither another spelling nor the 0 that was asked for is the listener's name.
        answers.append(client.cancel(cancelled_as, port))
    answers.append(client.listen(host, bound)[0])
    answers.append(client.cancel(host, bound))
    answers.append(client.cancel(host, bound))
    return answers


@pytest.mark.parametrize("number", range(CONFIGURATIONS))
def test_generated_policies_get_the_same_answers_from_both(lab, account_keys, number):
    seed = SEED * 1000 + number
    source = random.Random(seed)
    names = {name: free_port() for name in ("p1", "p2", "p3", "p4", "closed")} | {"open": lab.traffic.port}
    policies = Policies(source, {**names, "first": "{first}", "second": "{second}"})
    config, match = policies.configuration()
    credentials = []
    lines = {user: [] for user in USERS}
    for _ in range(KEYS):
        key, public = make_key(source)
        user = source.choice(USERS)
        lines[user] += policies.key_lines(public)
        credentials.append((user, key, public))
    for user, keys in lines.items():
        (account_keys / user).write_text("\n".join(keys) + "\n")
    pair = Pair(lab, account_keys, config, match, names)
    comparison = Comparison()
    for user, key, public in credentials:
        way = (user, key, source.choice(SOURCES), source.choice(TARGETS), source.random() < 0.5)
        listens = [(*policies.listen_request(), source.choice(("localhost", "LOCALHOST", "*"))) for _ in range(LISTENS)]
        opens = [policies.open_request() for _ in range(OPENS)]
        compare_one_key(pair, comparison, way, [line for line in lines[user] if public in line], listens, opens)
    print(f"seed {seed}: {comparison.count} comparisons")
    differences = "\n".join(comparison.differences)
    assert not differences, f"seed {seed}\n{differences}\n\n{pair.text}"
    assert comparison.count >= LEAST


def compare_one_key(pair, comparison, way, lines, listens, opens):
    clients = {}
    try:
        clients = {kind: pair.log_in(kind, *way) for kind in pair.servers}
        place = f"{way[0]} {way[2:]} {lines}"
        comparison.compare(f"{place} logs in", {kind: client is not None for kind, client in clients.items()})
        if None in clients.values():
            return
        for host, port, cancelled_as in listens:
            answers = ask(clients, lambda client: listen_and_cancel(client, host, port, cancelled_as))
            comparison.compare(f"{place} listens to {host!r} {port}, cancels {cancelled_as!r}", answers)
        for host, port in opens:
            comparison.compare(f"{place} opens {host!r} {port}", ask(clients, lambda client: client.open(host, port)))
    finally:
        for client in clients.values():
            if client:
                client.close()
