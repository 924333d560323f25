"""What works with whom: each test leaves a note, and the notes of a run become docs/compatibility.md (scripts/compatibility)."""

import json
import re
import sys
from pathlib import Path

_ALGORITHMS = re.compile(
    r"kex: algorithm: (?P<kex>\S+), host key: (?P<host_key>\S+), "
    r"server->client: (?P<cipher>[^,\s]+)(?: (?P<mac>[^,\s]+))?,"
)


class Notes:
    """The note of one test, in a file of its own: tests run side by side."""

    def __init__(self, directory, test):
        self.path = directory and Path(directory) / (re.sub(r"\W+", "-", test) + ".json")

    def take(self, role, name, **facts):
        if self.path:
            self.path.write_text(json.dumps({"role": role, "name": name, **facts}))


def algorithms(log):
    """What the first key exchange settled, as our programs log it."""
    found = _ALGORITHMS.search(log)
    return ", ".join(word for word in found.groups() if word) if found else "?"


def _version_order(version):
    return [int(word) if word.isdigit() else -1 for word in re.split(r"\W+", version)]


def _rows(notes):
    rows = {}
    for note in notes:
        rows.setdefault((note["name"], note["version"]), []).append(note)
    return sorted(rows.items(), key=lambda row: (row[0][0].lower(), _version_order(row[0][1])))


def _renewal(row, beginner):
    for note in row:
        if note["beginner"] == beginner:
            return note.get("problem") or f"yes, {note['renewals']} times"
    return "it cannot be told to"


def _table(notes, us):
    yield f"| | version | login, `-L`, `-R` | {us} renews the keys | it renews the keys | callers | algorithms |"
    yield "|---|---|---|---|---|---|---|"
    for (name, version), row in _rows(notes):
        callers = sum(note["callers"] for note in row)
        renewals = [_renewal(row, "we-begin"), _renewal(row, "they-begin")]
        # Who did not get that far has left no note.
        yield f"| {name} | {version} | yes | {renewals[0]} | {renewals[1]} | {callers} | {row[0]['algorithms']} |"


_HEAD = """\
# Who works with relay and swssh

`scripts/compatibility` writes this file from a run of `Tests/InteropTests/test_rekey_clients.py`.

Each pair moved some mebibytes both ways at once, through `-L` and through `-R`. Every byte was compared. Meanwhile one side
renewed the keys at each mebibyte. Others came and went at the `-R` listener ("callers"), and each side asked the other for
signs of life. The last column has the algorithms that the two choose by themselves: key exchange, host key, cipher, MAC.
"""


def _lines(notes):
    yield _HEAD
    for role, title, us in (("client", "Clients of relay", "relay"), ("server", "Servers for swssh", "swssh")):
        yield f"## {title}\n"
        yield from _table([note for note in notes if note["role"] == role], us)
        yield ""
    yield "## Remarks\n"
    yield from sorted({f"- {note['name']} {note['version']}: {note['remark']}" for note in notes if "remark" in note})


def main(directory, path):
    notes = [json.loads(file.read_text()) for file in sorted(Path(directory).glob("*.json"))]
    Path(path).write_text("\n".join(_lines(notes)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
