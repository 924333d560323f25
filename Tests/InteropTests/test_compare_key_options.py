"""Every option of authorized_keys, right and wrong: relay and sshd give the answer that is written down."""

import random
import re
from pathlib import Path

import paramiko
import pytest

from harness import settings
from harness.comparison import Pair, readable_folder
from harness.key_line_values import AUTHORITY, LINES, OURS, STRICTER
from harness.key_option_values import ALL, LISTENS, NOTHING, OPENS, REFUSED, VALUES, WORDS
from harness.network import free_port
from harness.policies import make_key
from harness.requester import OPENED, Requester
from harness.settings import LOOPBACK, USER

PARSER = Path(__file__).parents[2] / "Sources" / "SSHServer" / "Accounts" / "Keys" / "KeyOptionsParser.swift"
ANSWERS = {(False, False): NOTHING, (True, False): LISTENS, (False, True): OPENS, (True, True): ALL}
# Refused keys are tried one after the other on one connection.
CONFIG = ["MaxAuthTries 1000", "LoginGraceTime 300"]

pytestmark = pytest.mark.skipif(not settings.RELAY, reason="sshd would be compared with itself")


class Table:
    """One authorized_keys file with a key for each row, and the servers that read it."""

    def __init__(self, lab, folder):
        self.lab = lab
        self.folder = folder
        self.random = random.Random(7)
        self.lines = []
        self.rows = []
        self.names = {"p1": free_port(), "p2": free_port(), "open": lab.traffic.port, "user": USER}

    def add(self, template, answer, of_sshd=None, credential=None):
        """`{key}` in the template is the row's own key, unless a credential brings its own."""
        key, public = credential or make_key(self.random)
        text = template.format(key=public, **self.names)
        self.lines.append(text)
        self.rows.append((text.replace(public, "KEY"), key, {"relay": answer, "sshd": of_sshd or answer}))

    def judge(self):
        """Every row, put to each server; what differs from the answer that is written down."""
        (self.folder / USER).write_text("\n".join(self.lines) + "\n", newline="")
        pair = Pair(self.lab, self.folder, config=CONFIG)
        differences = []
        for kind, (server, _) in pair.servers.items():
            client = None
            for text, key, expected in self.rows:
                client = client or Requester(server.port)
                answer = REFUSED
                if client.log_in(USER, key):
                    answer = self.answer(client)
                    client.close()
                    client = None
                if answer != expected[kind]:
                    differences.append(f"{text!r}: {kind} answers {answer!r}, not {expected[kind]!r}")
            if client:
                client.close()
        print(f"{len(self.rows)} rows")
        assert not differences, "\n".join(differences)

    def answer(self, client):
        listening, _ = client.listen("localhost", self.names["p1"])
        if listening[0]:
            client.cancel("localhost", self.names["p1"])
        opened = client.open(LOOPBACK, self.names["open"]) == OPENED
        return ANSWERS[listening[0], opened]


@pytest.fixture
def table(lab):
    with readable_folder() as folder:
        yield Table(lab, folder)


def test_words_have_the_meaning_that_sshd_gives_them(table):
    for text, answer in [row for rows in WORDS.values() for row in rows]:
        table.add(f"{text} {{key}}".strip(), answer)
    table.judge()


@pytest.mark.parametrize("option", VALUES)
def test_value_of_an_option_has_the_meaning_that_sshd_gives_it(table, option):
    for text, answer in VALUES[option]:
        table.add(f"{text} {{key}}", answer)
    table.judge()


def test_options_of_ours_are_read_by_the_relay_alone(table):
    for text, answer in [row for rows in OURS.values() for row in rows]:
        table.add(f"{text} {{key}}", answer, REFUSED)
    for text, answer, of_sshd in STRICTER:
        table.add(f"{text} {{key}}", answer, of_sshd)
    table.judge()


def test_lines_count_as_sshd_counts_them(table):
    for text, answer in LINES:
        table.add(text, answer)
    table.judge()


def test_options_of_an_authority_hold_for_its_certificates(table, keys):
    """The row's key is an authority's; what logs in is a key with its certificate."""
    for number, (text, answer) in enumerate(AUTHORITY):
        authority = keys.named(f"authority-{number}")
        certified = authority.certify(keys.user, f"certified-{number}", "-I", "x", "-n", f"{USER},other")
        key = paramiko.Ed25519Key.from_private_key_file(str(certified.path))
        key.load_certificate(f"{certified.path}-cert.pub")
        table.add(f"{text} {{key}}".strip(), answer, credential=(key, authority.public))
    table.judge()


def test_every_option_has_rows():
    names = set(re.findall(r'^ +case "([a-z0-9-]+)"', PARSER.read_text(), re.MULTILINE))
    assert len(names) > 20
    assert names <= WORDS.keys() | VALUES.keys() | OURS.keys()
