"""The same sshd_config to relay and to sshd: what -T prints, and what is refused, with file, line and expectation."""

import os
import random
import re
import subprocess
from pathlib import Path

import pytest

from harness import settings
from harness.keyword_values import IGNORED, LOOSER, PRINTED
from harness.settings import program
from harness.wrong_values import STRICTER, WRONG

SEED = int(os.environ.get("COMPARE_SEED", 1))
FILES = int(os.environ.get("COMPARE_FILES", 60))
CONNECTION = "user=alice,host=h.example,addr=192.0.2.7,laddr=10.0.0.1,lport=2222"
SOURCES = Path(__file__).parents[2] / "Sources" / "SSHServer" / "Configuration"

pytestmark = pytest.mark.skipif(not settings.RELAY, reason="sshd would be compared with itself")


class Programs:
    """relay and sshd, each asked about the same file."""

    def __init__(self, directory, host_key):
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self.file = directory / "config"
        self.host_key = host_key
        self.commands = {"relay": settings.RELAY, "sshd": program("sshd")}

    def run(self, kind, *arguments):
        command = [self.commands[kind], "-f", self.file, "-h", self.host_key, *arguments]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=20)

    def effective(self, kind, names):
        """The lines that -T prints for some keywords, by keyword; None if the file is refused."""
        result = self.run(kind, "-T", "-C", CONNECTION)
        if result.returncode != 0:
            return None
        lines = {name.lower(): [] for name in names}
        for line in result.stdout.splitlines():
            # OpenSSH prints names in lower case up to 9.x, and as its manual writes them since.
            name, separator, value = line.partition(" ")
            name = name.lower()
            # -h is a HostKey line before all others, on both sides.
            is_option = name == "hostkey" and str(self.host_key) in line
            # For none sshd prints a line if it stands in a Match block, and else no line.
            if name in lines and not is_option and line.lower() != "channeltimeout none":
                lines[name].append(name + separator + value)
        return lines

    def compare(self, text, names):
        self.file.write_text(text)
        relay, sshd = (self.effective(kind, names) for kind in ("relay", "sshd"))
        if relay is None or sshd is None:
            refusals = [self.run(kind, "-T", "-C", CONNECTION).stderr for kind in self.commands]
            assert relay == sshd, f"{refusals}\n{text}"
        else:
            differences = [f"relay {relay[name]}, sshd {sshd[name]}" for name in sshd if relay[name] != sshd[name]]
            assert not differences, "\n".join([*differences, text])
        return sshd


@pytest.fixture
def programs(tmp_path, keys):
    return Programs(tmp_path, keys.host.path)


def lines_of(table):
    return [f"{keyword} {value}" for keyword, values in table.items() for value in values]


@pytest.mark.parametrize("keyword", PRINTED)
def test_right_values_are_printed_as_sshd_prints_them(programs, keyword):
    for value in PRINTED[keyword]:
        lines = programs.compare(f"{keyword} {value}\n", [keyword])
        assert lines is not None, f"sshd refuses {keyword} {value}"


@pytest.mark.parametrize("keyword", IGNORED)
def test_values_without_meaning_here_are_read_as_sshd_reads_them(programs, keyword):
    for value in IGNORED[keyword]:
        programs.file.write_text(f"{keyword} {value}\n")
        answers = {kind: programs.run(kind, "-t") for kind in programs.commands}
        assert all(answer.returncode == 0 for answer in answers.values()), f"{keyword} {value}\n{answers}"


@pytest.mark.parametrize("keyword", WRONG)
def test_wrong_values_are_refused_with_file_line_value_and_expectation(programs, keyword):
    for value in ["", *WRONG[keyword]]:
        line = f"{keyword} {value}".strip()
        programs.file.write_text(f"# first\n\n{line}\n")
        result = programs.run("relay", "-t")
        assert result.returncode == 255, f"the relay starts with {line!r}"
        message = result.stderr.splitlines()[-1]
        assert f"{programs.file} line 3: {keyword}: " in message, message
        if keyword != "Nonsense":
            assert "expected" in message, message
        quoted = re.findall(r'"([^"]*)"', message)
        assert not value or keyword == "Nonsense" or any(word in value for word in quoted), message
        refused = programs.run("sshd", "-t").returncode != 0
        assert refused == (line not in STRICTER), f"sshd {'refuses' if refused else 'takes'} {line!r}"


def test_every_keyword_has_wrong_values(programs):
    words = {word for file in SOURCES.glob("Keyword*.swift") for word in re.findall(r'"([A-Z]\w+)"', file.read_text())}
    assert len(words) > 100
    unknown = []
    for word in sorted(words - WRONG.keys()):
        programs.file.write_text(f"{word} x\n")
        if "there is no such keyword" not in programs.run("relay", "-t").stderr:
            unknown.append(word)
    assert not unknown, "no wrong values are listed for these keywords"


@pytest.mark.parametrize("line", LOOSER)
def test_differences_are_still_there(programs, line):
    """A line of the list of differences that is none any more is to be taken out of it."""
    programs.file.write_text(line + "\n")
    keyword = line.split()[0]
    answers = {kind: programs.effective(kind, [keyword]) for kind in programs.commands}
    assert answers["relay"] is not None and answers["relay"] != answers["sshd"]


def test_stricter_lines_are_all_tried():
    assert STRICTER.keys() <= set(lines_of(WRONG))


# Where the relay has defaults of its own; at the end of the global lines, so that those of the file count.
DEFAULTS = """
AllowStreamLocalForwarding yes
AuthorizedKeysFile /k/%u
CASignatureAlgorithms ssh-ed25519
Ciphers aes256-ctr
ClientAliveInterval 7
HostKeyAlgorithms ssh-ed25519
KexAlgorithms curve25519-sha256
LoginGraceTime 9
MACs hmac-sha2-256-etm@openssh.com
PidFile none
PubkeyAcceptedAlgorithms ssh-ed25519
RequiredRSASize 2048
"""
GLOBAL_ONLY = {
    "AddressFamily", "Ciphers", "HostCertificate", "HostKey", "HostKeyAgent", "HostKeyAlgorithms", "KexAlgorithms", "ListenAddress",
    "LoginGraceTime", "MACs", "MaxStartups", "PerSourceMaxStartups", "PerSourceNetBlockSize", "PidFile", "Port",
    "StrictModes", "SyslogFacility", "TCPKeepAlive", "UseDNS", "VersionAddendum",
}  # fmt: skip
# Two such lines in one file would contradict each other, are among the differences, or take their text as it stands.
UNFIT = {
    "AddressFamily", "AuthenticationMethods", "ListenAddress", "MaxStartups", "PerSourceMaxStartups", "PerSourceNetBlockSize",
    "AuthorizedKeysCommand", "AuthorizedPrincipalsCommand", "ForceCommand", "StreamLocalBindMask", "UnusedConnectionTimeout", "VersionAddendum",
}  # fmt: skip
CONDITIONS = [
    "User alice",
    "User=bob,al*",
    "User *,!alice",
    "user bob",
    "Address 192.0.2.0/24",
    "Address 192.0.2.*,!192.0.2.8",
    "Address 10.0.0.0/8",
    "LocalAddress 10.0.0.0/8",
    "LocalPort 22",
    "LocalPort 2222",
    "Host *.example",
    'Host "!h.*,*"',
    "User alice Host h.* # and a comment",
    "User ?lice LocalPort 22",
    "All",
]


class Writer:
    """Files with lines in every dress that sshd knows."""

    def __init__(self, source, directory):
        self.source = source
        self.directory = directory
        self.names = set()
        self.includes = 0

    def line(self, in_match):
        left_out = UNFIT | (GLOBAL_ONLY if in_match else set())
        keyword = self.source.choice([name for name in PRINTED if name not in left_out])
        value = self.source.choice([value for value in PRINTED[keyword] if "Match" not in value])
        self.names.add(keyword)
        return "\n".join(self.dressed(*line.split(" ", 1)) for line in f"{keyword} {value}".splitlines())

    def dressed(self, keyword, value):
        keyword = self.source.choice([keyword, keyword, keyword.lower(), keyword.upper(), f'"{keyword}"'])
        if value.startswith("="):
            keyword = keyword.strip('"')
        if " " not in value and '"' not in value:
            value = self.source.choice([value, value, f'"{value}"', f"'{value}'"])
        # Behind a quoted keyword an = is an argument.
        blank = value.startswith("=") or keyword.startswith('"')
        separator = self.source.choice([" ", "\t", "  "] if blank else [" ", " ", "\t", "=", " = ", "  "])
        end = self.source.choice(["", "", " ", "\t", " # why", "\r"])
        return self.source.choice(["", "", "  ", "\t"]) + keyword + separator + value + end

    def lines(self, most, in_match, depth=0):
        lines = []
        for _ in range(self.source.randint(0, most)):
            chance = self.source.random()
            if chance < 0.1 and depth < 2:
                lines.append(self.include(in_match, depth))
            elif chance < 0.2:
                lines.append(self.source.choice(["", "# PermitListen 1", "   # x", "\t"]))
            else:
                lines.append(self.line(in_match))
        return lines

    def include(self, in_match, depth):
        """One or two files behind a pattern, perhaps with a Match block that must not leak out."""
        self.includes += 1
        prefix = f"part-{self.includes:03}"
        for name in self.source.sample(["10", "2", "x"], self.source.choice((0, 1, 2))):
            text = self.lines(3, in_match, depth + 1)
            if self.source.random() < 0.4:
                text += ["Match " + self.source.choice(CONDITIONS), *self.lines(2, True, depth + 1)]
            (self.directory / f"{prefix}-{name}.conf").write_text("\n".join(text) + "\n")
        return f"Include {self.directory}/{prefix}-*.conf"

    def file(self):
        text = [*self.lines(8, False), DEFAULTS]
        for _ in range(self.source.randint(0, 5)):
            text += ["Match " + self.source.choice(CONDITIONS), *self.lines(5, True)]
        return "\n".join(text) + "\n"


@pytest.mark.parametrize("number", range(FILES))
def test_generated_files_have_the_same_meaning(programs, tmp_path, number):
    seed = SEED * 1000 + number
    print(f"seed {seed}")
    folder = tmp_path / "include"
    folder.mkdir()
    writer = Writer(random.Random(seed), folder)
    text = writer.file()
    lines = programs.compare(text, writer.names)
    assert lines is not None, f"sshd refuses\n{text}"
