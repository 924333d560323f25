"""One configuration and one folder of keys, for relay and for sshd; and what was the same."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from .network import free_port
from .requester import Requester


@contextlib.contextmanager
def readable_folder():
    """A folder that sshd can read as any user, which it cannot in pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="compare"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class Pair:
    """relay and sshd, each on two ports: lines may name `{first}` and `{second}`."""

    def __init__(self, lab, keys_folder, config=(), match=(), address="127.0.0.1"):
        common = [f"AuthorizedKeysFile {keys_folder}/%u"]
        if address != "127.0.0.1":
            common.append(f"ListenAddress {address}")
        self.servers = {}
        for kind in ("relay", "sshd"):
            here = {"first": free_port(), "second": free_port()}
            lines = [*common, f"Port {here['second']}", *config]
            blocks = [line.format(**here) for line in match]
            self.servers[kind] = (lab.server(kind, config=lines, match=blocks, port=here["first"]), here["second"])

    def log_in(self, kind, user, key, source="127.0.0.1", target="127.0.0.1", second=False):
        """A client, or None for a key that is refused."""
        server, other = self.servers[kind]
        client = Requester(other if second else server.port, source, target)
        try:
            if client.log_in(user, key):
                return client
        except BaseException:
            client.close()
            raise
        client.close()
        return None

    @contextlib.contextmanager
    def clients(self, *way):
        """A client of each, by the server's kind."""
        clients = {}
        try:
            for kind in self.servers:
                clients[kind] = self.log_in(kind, *way)
            yield clients
        finally:
            for client in clients.values():
                if client:
                    client.close()

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
