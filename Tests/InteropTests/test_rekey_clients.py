"""Every client library that can be installed, and every server, through key exchanges in the middle of everything else."""

import re
import threading
import time

import pytest

from harness import settings, traffic
from harness.compatibility import Notes, algorithms
from harness.libraries import LIBRARIES, REKEY_BYTES, SERVERS
from harness.network import free_port
from harness.servers import Relay, Sshd
from harness.settings import MIB

pytestmark = pytest.mark.skipif(not (settings.RELAY and settings.SWSSH), reason="ours only")
# Less than half of what the limit would bring: each side counts in its own way.
LEAST_RENEWALS = 2
_PATIENCE = 60
SENDS_DATA = (
    "It sends data in the middle of a key exchange, at either end and whoever begins. relay and swssh then end the "
    "connection, as OpenSSH does from 10.4 on. This also happens at its own limit, 1 GiB."
)
MAY_SEND_DATA = (
    "Sometimes one of its threads sends data after another has answered the relay's KEXINIT. The relay then ends the "
    "connection. It renews the keys each GiB, unless `RekeyLimit` says otherwise."
)
HANGS_AT_CLOSE = (
    "If the other side closes a channel while paramiko renews the keys by itself, paramiko hangs for 30 s and ends. It does so "
    "with sshd, too: the thread that exchanges the keys waits for itself (`Channel._handle_close`). Nobody hung up "
    "meanwhile in these tests. relay and swssh renew the keys before paramiko reaches its own limit, 512 MiB. Do not lower it."
)
WAITS_FOR_ITSELF = (
    "`Session.rekey()` waits for ever if something arrives that its reading thread must answer. It does so with sshd, too. "
    "JSch never renews its keys unasked."
)


@pytest.fixture
def notes(request):
    return Notes(request.config.getoption("--record-compatibility"), request.node.name)


class Callers:
    """Connections to a listener, a few at a time, until they are told to stop."""

    def __init__(self, port, hang_up=True):
        self.port = port
        self.hang_up = hang_up
        self.open = []
        self.counts = [0] * 4
        self.failures = []
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(place,)) for place in range(len(self.counts))]
        for thread in self._threads:
            thread.start()

    def _call(self, place):
        while not self._stopped.is_set():
            try:
                stream = traffic.connect(self.port, seconds=_PATIENCE)
                if not self.hang_up:
                    self.open.append(stream)
                traffic.duplex(stream, 1000 * (place + 1) + self.counts[place], 300, ends=self.hang_up)
            except (OSError, AssertionError) as error:
                self.failures.append(error)
                return
            self.counts[place] += 1
            time.sleep(0.01)

    def stop(self):
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        for stream in self.open:
            stream.close()
        assert not self.failures, f"a caller after {sum(self.counts)} others failed: {self.failures[0]}"
        assert sum(self.counts), "nobody called"
        return sum(self.counts)


def _load(lab, client_class, server, options, size, key=None, hang_up=True):
    """Both forwards full both ways, with callers meanwhile; gives the client and how many callers there were."""
    local, remote = free_port(), free_port()
    client = client_class(
        lab, server, local=[f"{local}:{lab.target}"], remote=[f"{remote}:{lab.target}"], options=options, key=key
    )
    callers = Callers(remote, hang_up)
    failures = []

    def move(port, seed):
        try:
            stream = traffic.connect(port, seconds=_PATIENCE)
            if not hang_up:
                callers.open.append(stream)
            traffic.duplex(stream, seed, size, ends=hang_up)
        except (OSError, AssertionError) as error:
            failures.append(error)

    movers = [threading.Thread(target=move, args=(port, seed)) for seed, port in enumerate((local, remote))]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()
    try:
        count = callers.stop()
    except AssertionError as error:
        failures.append(error)
    if failures:
        raise AssertionError(f"{client.kind}: {failures[0]}")
    assert client.program.running, "the client ended"
    return client, count


def _renewals(log):
    """Key exchanges after the first, as ours log them."""
    return len(re.findall("rekey: algorithm", log))


def _server_lines(renews):
    limit = [f"RekeyLimit {REKEY_BYTES}"] if renews else []
    return [*limit, "ClientAliveInterval 1", "ClientAliveCountMax 20", "LogLevel DEBUG1"]


def _cases(table, cannot):
    return [
        pytest.param(kind, beginner, id=f"{kind}-{beginner}")
        for kind, row in table.items()
        for beginner in ("we-begin", "they-begin")
        if beginner == "we-begin" or not cannot(row)
    ]


class Case:
    """One client library, with the relay or with sshd at the other end."""

    def __init__(self, lab, kind, beginner):
        self.lab = lab
        self.library = LIBRARIES[kind]
        self.beginner = beginner
        self.key = lab.keys.named(*self.library.key)
        self.host_key = lab.keys.named(*self.library.host_key)

    def through(self, server_class, renews=True, **callers):
        server = server_class(
            self.lab,
            config=_server_lines(renews and self.beginner == "we-begin"),
            host_key=self.host_key,
            authorized_keys=self.key.public + "\n",
        )
        library = self.library
        options = [*library.asks, *(library.renews if renews and self.beginner == "they-begin" else [])]
        size = library.size if renews else MIB // 2
        client, count = _load(self.lab, library.client, server, options, size, self.key, **callers)
        return {
            "version": library.version_of(client),
            "beginner": self.beginner,
            "renewals": _renewals(server.log()),
            "callers": count,
            "algorithms": algorithms(server.log()),
        }


@pytest.mark.parametrize("kind, beginner", _cases(LIBRARIES, lambda library: library.renews is None))
def test_client_keeps_its_tunnels_through_key_exchanges(lab, notes, kind, beginner):
    case = Case(lab, kind, beginner)
    if kind == "asyncssh2":
        facts = case.through(Relay, renews=False) | {"problem": "no", "remark": SENDS_DATA}
        _ends_for_late_data(lambda: case.through(Relay), lambda: lab.programs.started[-2].log())
    elif (kind, beginner) == ("jsch", "we-begin"):
        facts = case.through(Relay, renews=False) | {"problem": "mostly", "remark": MAY_SEND_DATA}
        _ends_for_late_data(lambda: case.through(Relay), lambda: lab.programs.started[-2].log())
    elif (kind, beginner) == ("jsch", "they-begin"):
        facts = case.through(Relay, renews=False) | {"problem": "no", "remark": WAITS_FOR_ITSELF}
        _fails_with_sshd_too(case, notes)
    elif kind.startswith("paramiko") and beginner == "they-begin":
        facts = case.through(Relay, hang_up=False) | {"remark": HANGS_AT_CLOSE}
    else:
        facts = case.through(Relay)
    if "problem" not in facts:
        assert facts["renewals"] >= LEAST_RENEWALS
    notes.take("client", case.library.name, **facts)


def _fails_with_sshd_too(case, notes):
    """What is not asked of a client, because it cannot do it with stock OpenSSH; shown when the table is made."""
    if notes.path:
        with pytest.raises(AssertionError):
            case.through(Sshd)


def _ends_for_late_data(load, log):
    """What a peer that cannot wait with its data comes to, unless it happens to have none."""
    try:
        load()
    except AssertionError:
        assert "message 94 in the middle of a key exchange" in log()


@pytest.mark.parametrize("kind, beginner", _cases(SERVERS, lambda server: server.renewing is None))
def test_server_keeps_tunnels_of_swssh_through_key_exchanges(lab, notes, kind, beginner):
    row = SERVERS[kind]

    def through(renews=True, **callers):
        server_begins = renews and beginner == "they-begin"
        server = (row.renewing if server_begins else row.server)(lab, config=_server_lines(server_begins))
        options = ["-v", "-o", "ServerAliveInterval=1"]
        if renews and beginner == "we-begin":
            options += ["-o", f"RekeyLimit={REKEY_BYTES}"]
        size = row.size if renews else MIB // 2
        client, count = _load(lab, LIBRARIES["swssh"].client, server, options, size, **callers)
        return {
            "version": row.version_of(server),
            "beginner": beginner,
            "renewals": _renewals(client.log()),
            "callers": count,
            "algorithms": algorithms(client.log()),
        }

    if kind == "asyncssh2":
        facts = through(renews=False) | {"problem": "no", "remark": SENDS_DATA}
        _ends_for_late_data(through, lambda: lab.programs.started[-1].log())
    else:
        hangs = kind.startswith("paramiko") and beginner == "they-begin"
        facts = through(hang_up=not hangs) | ({"remark": HANGS_AT_CLOSE} if hangs else {})
        assert facts["renewals"] >= LEAST_RENEWALS
    notes.take("server", row.name, **facts)
