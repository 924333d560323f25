"""Fixtures, and which client meets which server."""

import os
import resource
import signal
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import settings  # noqa: E402
from harness.keys import Keys  # noqa: E402
from harness.lab import CLIENTS, SERVERS, Lab  # noqa: E402
from harness.processes import adopt_orphans, descendants, describe  # noqa: E402
from harness.traffic import TrafficServer  # noqa: E402

OURS = {"relay", "swssh"}
_SHOWN_LINES = 30


def pytest_addoption(parser):
    parser.addoption("--stock", action="store_true", help="let sshd and ssh stand in for RELAY and SWSSH when unset")
    parser.addoption("--record-compatibility", help="the folder for notes on what works with whom")
    parser.addoption("--all-pairs", action="store_true", help="run the pairs in which neither end is ours, too")


def pytest_configure(config):
    missing = [name for name in ("RELAY", "SWSSH") if not getattr(settings, name)]
    if missing and not config.getoption("--stock"):
        pytest.exit(f"set {' and '.join(missing)} to the path of the program, or pass --stock", returncode=4)
    for name in ("RELAY", "SWSSH"):
        path = getattr(settings, name)
        if path and not os.access(path, os.X_OK):
            pytest.exit(f"{name}={path} is no program", returncode=4)
    adopt_orphans()
    # What runs here is not for other tests' questions, nor among the machine's own services. A socket's path is short.
    runtime = tempfile.TemporaryDirectory(dir="/tmp")
    os.environ["XDG_RUNTIME_DIR"] = runtime.name
    config.add_cleanup(runtime.cleanup)
    # What was started in the background of a script ignores these, and so would all programs that it starts.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    # Two ends of hundreds of tunnels live in this process, and the programs inherit its limits.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("pairs")
    if marker is None:
        return
    needs = set(marker.kwargs.get("needs", "").split())
    # A comparison asks stock programs on both ends, too.
    any_pair = metafunc.config.getoption("--all-pairs") or marker.kwargs.get("compare", False)
    pairs = [
        (client, server)
        for client in marker.kwargs.get("clients", CLIENTS)
        for server in marker.kwargs.get("servers", SERVERS)
        if needs <= CLIENTS[client].forwards & SERVERS[server].forwards and (any_pair or {client, server} & OURS)
    ]
    metafunc.parametrize("client_kind, server_kind", pairs, ids=[f"{client}-{server}" for client, server in pairs])


@pytest.fixture(autouse=True)
def _skip_what_stock_programs_do_not_do(request):
    marker = request.node.get_closest_marker("ours_only")
    if marker and not settings.RELAY:
        pytest.skip("ours only: " + marker.args[0])


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def traffic_server():
    server = TrafficServer()
    yield server
    server.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure comes with the last words of every program that took part."""
    report = yield
    bench = item.funcargs.get("lab") if hasattr(item, "funcargs") else None
    if report.failed and bench:
        for program in bench.programs.started:
            lines = program.log().splitlines()[-_SHOWN_LINES:]
            report.sections.append((program.log_path.name, "\n".join([" ".join(program.arguments), *lines])))
    return report


@pytest.fixture
def lab(tmp_path, keys, traffic_server):
    bench = Lab(tmp_path, keys, traffic_server)
    yield bench
    bench.close()


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left():
    yield
    left = [describe(pid) for pid in descendants(os.getpid())]
    assert not left, "processes left behind by the run:\n" + "\n".join(left)
