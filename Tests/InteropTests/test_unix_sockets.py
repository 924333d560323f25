"""Unix sockets at either end of a forward: every combination, who may have which path, and what becomes of the files."""

import os
import re
import shutil
import signal
import socket
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from harness import settings, socks, traffic
from harness.clients import ClientFailed
from harness.lab import transfer
from harness.network import free_port, is_listening_on_path, wait_until
from harness.servers import Asyncssh
from harness.settings import LOOPBACK, MIB, USER
from harness.traffic import TrafficServer

PAIRS = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay", "sshd"])
RELAY = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay"])
SWSSH = pytest.mark.pairs(clients=["swssh"], servers=["relay", "sshd"])
OURS = pytest.mark.ours_only("sshd has no rules for paths")
HALF_CLOSE_SIZE = 3 * MIB + 17


@pytest.fixture
def folder():
    # A Unix socket's path has 107 bytes, and pytest's own folders take most of them.
    path = Path(tempfile.mkdtemp(prefix="sockets-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def target(folder):
    """A traffic server on a Unix socket."""
    server = TrafficServer(path=folder / "target")
    server.path = str(folder / "target")
    yield server
    server.close()


def _config(folder, *lines, listen=None, open=None):
    """The test's lines, and for what they leave out: everything in the folder is allowed."""
    if not settings.RELAY:
        return [*lines, "AllowStreamLocalForwarding yes"]
    return [
        *lines,
        "AllowStreamLocalForwarding yes",
        f"PermitStreamLocalListen {listen or f'{folder}/*'}",
        f"PermitStreamLocalOpen {open or f'{folder}/*'}",
    ]


def _server(lab, kind, folder, **options):
    config = _config(folder) if kind == "relay" else ["AllowStreamLocalForwarding yes"]
    return lab.server(kind, config=config, **options)


def _connect(end):
    return traffic.connect_path(end) if str(end).startswith("/") else traffic.connect(end)


def _exchange_all(end, server, size):
    transfer(_connect(end), size)
    traffic.answer_after_end(_connect(end), 5, HALF_CLOSE_SIZE)
    traffic.send_after_end(_connect(end), server, 6, HALF_CLOSE_SIZE)


def _mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


COMBINATIONS = [("path", "port"), ("port", "path"), ("path", "path")]


@PAIRS
@pytest.mark.parametrize("listen, connect", COMBINATIONS)
@pytest.mark.parametrize("direction", ["local", "remote"])
def test_forward_is_byte_identical_and_keeps_half_close(
    lab, client_kind, server_kind, folder, target, direction, listen, connect
):
    server = _server(lab, server_kind, folder)
    end = folder / "listen" if listen == "path" else free_port()
    traffic_server = target if connect == "path" else lab.traffic
    spec = f"{end}:{target.path if connect == 'path' else lab.target}"
    lab.client(client_kind, server, **{direction: [spec]})
    _exchange_all(end, traffic_server, lab.size(client_kind, server_kind))


@PAIRS
def test_paths_of_ssh_config_are_forwarded(lab, client_kind, server_kind, folder, target):
    server = _server(lab, server_kind, folder)
    config = folder / "ssh_config"
    config.write_text(f"LocalForward {folder}/l {target.path}\nRemoteForward {folder}/r {target.path}\n")
    client = lab.client(client_kind, server, options=["-F", config], wait=False)
    for name in ("l", "r"):
        path = str(folder / name)
        wait_until(lambda path=path: is_listening_on_path(path), 20, path)
        transfer(traffic.connect_path(path), MIB)
    assert client.program.running


@SWSSH
def test_dynamic_forward_listens_on_a_path(lab, client_kind, server_kind, folder):
    server = _server(lab, server_kind, folder)
    path = str(folder / "socks")
    lab.client(client_kind, server, dynamic=[path])
    transfer(socks.connect(5, path, LOOPBACK, lab.traffic.port), MIB)


# ssh 9.2 takes the word "socks", by which it knows such a forward, for a host.
@SWSSH
def test_remote_dynamic_forward_listens_on_a_path(lab, client_kind, server_kind, folder):
    server = _server(lab, server_kind, folder)
    path = str(folder / "socks")
    lab.client(client_kind, server, remote=[path])
    transfer(socks.connect(5, path, LOOPBACK, lab.traffic.port), MIB)


@RELAY
@OURS
def test_remote_listeners_file_goes_with_its_client(lab, client_kind, server_kind, folder):
    server = _server(lab, server_kind, folder)
    path = folder / "listen"
    client = lab.client(client_kind, server, remote=[f"{path}:{lab.target}"])
    assert _mode(path) == 0o600
    client.stop()
    wait_until(lambda: not path.exists(), 5, f"{path} removed after its client left")
    # The path is free again.
    lab.client(client_kind, server, remote=[f"{path}:{lab.target}"])
    transfer(traffic.connect_path(path), MIB)


@RELAY
@OURS
def test_remote_listeners_file_goes_with_the_relay(lab, client_kind, server_kind, folder):
    server = _server(lab, server_kind, folder)
    path = folder / "listen"
    lab.client(client_kind, server, remote=[f"{path}:{lab.target}"])
    server.stop()
    assert not path.exists()


@RELAY
@OURS
def test_mask_sets_the_files_permissions(lab, client_kind, server_kind, folder):
    server = lab.server(server_kind, config=_config(folder, "StreamLocalBindMask 0111"))
    path = folder / "listen"
    lab.client(client_kind, server, remote=[f"{path}:{lab.target}"])
    assert _mode(path) == 0o666


@pytest.mark.pairs(clients=["ssh"], servers=["relay"])
@OURS
def test_cancelled_listener_is_gone(lab, client_kind, server_kind, folder):
    server = _server(lab, server_kind, folder)
    path, control = folder / "listen", folder / "control"
    options = ["-o", f"ControlPath={control}"]
    lab.client(client_kind, server, remote=[f"{path}:{lab.target}"], options=[*options, "-M"])
    cancel = lab.client(
        client_kind, server, options=[*options, "-O", "cancel", "-R", f"{path}:{lab.target}"], wait=False
    )
    assert cancel.wait() == 0, cancel.log()
    wait_until(lambda: not path.exists(), 5, f"{path} removed after it was cancelled")


def _leave_a_stale_socket(path):
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))


@RELAY
@OURS
def test_stale_socket_is_in_the_way_unless_unlinking_is_on(lab, client_kind, server_kind, folder):
    path = folder / "listen"
    _leave_a_stale_socket(path)
    with pytest.raises(ClientFailed):
        lab.client(client_kind, _server(lab, server_kind, folder), remote=[f"{path}:{lab.target}"])
    server = lab.server(server_kind, config=_config(folder, "StreamLocalBindUnlink yes"))
    lab.client(client_kind, server, remote=[f"{path}:{lab.target}"])
    transfer(traffic.connect_path(path), MIB)


@RELAY
@OURS
def test_only_a_socket_is_unlinked(lab, client_kind, server_kind, folder):
    path = folder / "listen"
    path.write_text("precious")
    server = lab.server(server_kind, config=_config(folder, "StreamLocalBindUnlink yes"))
    client = lab.client(client_kind, server, remote=[f"{path}:{lab.target}"], wait=False)
    assert client.wait() == 255
    assert path.read_text() == "precious"
    server.wait_for_log(lambda line: "cannot listen" in line and str(path) in line)


@RELAY
@OURS
def test_a_held_path_is_nobody_elses_even_with_unlinking(lab, client_kind, server_kind, folder):
    path = folder / "listen"
    other = lab.keys.named("other")
    server = lab.server(
        server_kind,
        config=_config(folder, "StreamLocalBindUnlink yes"),
        authorized_keys=f"{lab.keys.user.public}\n{other.public}\n",
    )
    first = lab.client(client_kind, server, remote=[f"{path}:{lab.target}"])
    assert lab.client(client_kind, server, remote=[f"{path}:{lab.target}"], key=other, wait=False).wait() == 255
    server.wait_for_log(lambda line: "another account or key listens there" in line)
    transfer(traffic.connect_path(path), MIB)


@RELAY
@OURS
@pytest.mark.parametrize("rule", ["same-key-if-silent", "same-key", "no"])
def test_a_held_path_goes_to_the_same_key_as_listentakeover_says(lab, client_kind, server_kind, folder, rule):
    path = folder / "listen"
    config = _config(folder, "StreamLocalBindUnlink yes", f"ListenTakeover {rule}")
    server = lab.server(server_kind, config=config)
    first = lab.client(client_kind, server, remote=[f"{path}:{lab.target}"])
    before = path.stat().st_ino
    second = lab.client(client_kind, server, remote=[f"{path}:{lab.target}"], wait=False)
    if rule != "same-key":
        assert second.wait() == 255
        line = server.wait_for_log(lambda line: "cannot listen to path" in line)
        assert f"ListenTakeover {rule}" in line and ("alive" in line) == (rule != "no")
        assert path.stat().st_ino == before and first.program.running
        transfer(traffic.connect_path(path), MIB)
    if rule == "no":
        return
    if rule == "same-key-if-silent":
        first.program.signal_tree(signal.SIGSTOP)
        second = lab.client(client_kind, server, remote=[f"{path}:{lab.target}"], wait=False)
    wait_until(lambda: path.exists() and path.stat().st_ino != before, 5, "the listener taken over")
    server.wait_for_log(lambda line: "taken over by another connection" in line)
    first.stop()
    transfer(traffic.connect_path(path), MIB)
    assert second.program.running


# Rules


def _assert_listen_is_refused(lab, client_kind, server, path, **options):
    client = lab.client(client_kind, server, remote=[f"{path}:{lab.target}"], wait=False, **options)
    assert client.wait() == 255, client.log()
    assert str(path) in client.log()
    assert not os.path.lexists(path)


def _assert_open_is_refused(lab, client_kind, server, path, **options):
    port = free_port()
    client = lab.client(client_kind, server, local=[f"{port}:{path}"], **options)
    traffic.expect_refusal(traffic.connect(port, seconds=10))
    assert client.program.running


def _assert_logged(server, direction, path, rule):
    words = f'to remote forward to path "{path}"' if direction == "listen" else f"to connect to path {path}"
    pattern = re.compile(
        rf"Received request from {LOOPBACK} port \d+ {re.escape(words)}, but the request was denied\. {re.escape(rule)}"
    )
    server.wait_for_log(pattern.search)


def _assert_both_are_refused(lab, client_kind, server, path, target, listen_rule, open_rule=None):
    _assert_listen_is_refused(lab, client_kind, server, path)
    _assert_logged(server, "listen", path, listen_rule)
    _assert_open_is_refused(lab, client_kind, server, target.path)
    _assert_logged(server, "open", target.path, open_rule or listen_rule)


@RELAY
@OURS
def test_unix_sockets_are_closed_by_default(lab, client_kind, server_kind, folder, target):
    server = lab.server(server_kind)
    rule = "[default: AllowStreamLocalForwarding no]"
    _assert_both_are_refused(lab, client_kind, server, folder / "a", target, rule)


@RELAY
@OURS
def test_no_list_means_none(lab, client_kind, server_kind, folder, target):
    server = lab.server(server_kind, config=["AllowStreamLocalForwarding yes"])
    _assert_both_are_refused(
        lab,
        client_kind,
        server,
        folder / "a",
        target,
        "[default: no PermitStreamLocalListen and no permitstreamlocallisten= names a path]",
        "[default: no PermitStreamLocalOpen and no permitstreamlocalopen= names a path]",
    )


@RELAY
@OURS
def test_refusal_by_the_configuration_names_its_line(lab, client_kind, server_kind, folder, target):
    server = lab.server(server_kind, config=_config(folder, "# one", listen="/run/*", open="none"))
    _assert_both_are_refused(
        lab,
        client_kind,
        server,
        folder / "a",
        target,
        f"[{server.config_path} line 3: PermitStreamLocalListen /run/*]",
        f"[{server.config_path} line 4: PermitStreamLocalOpen none]",
    )


@RELAY
@OURS
def test_listener_that_the_rules_no_longer_allow_is_closed(lab, client_kind, server_kind, folder, target):
    kept, closed = f"{folder}/kept", f"{folder}/closed"
    both = f'permitstreamlocallisten="{kept}",permitstreamlocallisten="{closed}" {lab.keys.user.public}\n'
    server = _server(lab, server_kind, folder, authorized_keys=both)
    device = lab.client(client_kind, server, remote=[f"{kept}:{target.path}", f"{closed}:{target.path}"])
    transfer(_connect(kept), MIB)
    server.authorized_keys.write_text(f'permitstreamlocallisten="{kept}" {lab.keys.user.public}\n')
    wait_until(lambda: not os.path.exists(closed), 5, "the forbidden listener's end")
    server.wait_for_log(lambda line: closed in line and "no longer permitted" in line)
    transfer(_connect(kept), MIB)
    assert device.program.running


@RELAY
@OURS
@pytest.mark.parametrize("options", ["restrict", "no-port-forwarding", 'permitstreamlocallisten="/a",restrict'])
def test_a_key_without_forwarding_has_no_sockets_either(lab, client_kind, server_kind, folder, target, options):
    keys = f"# one\n{options} {lab.keys.user.public}\n"
    server = lab.server(server_kind, config=_config(folder), authorized_keys=keys)
    rule = f"[{server.authorized_keys} line 2: {options.rpartition(',')[2]}]"
    _assert_both_are_refused(lab, client_kind, server, folder / "a", target, rule)


@RELAY
@OURS
def test_refusal_by_the_key_names_its_line(lab, client_kind, server_kind, folder, target):
    options = f'permitstreamlocallisten="{folder}/mine",permitstreamlocalopen="none"'
    server = lab.server(
        server_kind, config=_config(folder), authorized_keys=f"# one\n{options} {lab.keys.user.public}\n"
    )
    place = f"[{server.authorized_keys} line 2: "
    _assert_both_are_refused(
        lab,
        client_kind,
        server,
        folder / "a",
        target,
        f'{place}permitstreamlocallisten="{folder}/mine"]',
        f'{place}permitstreamlocalopen="none"]',
    )
    lab.client(client_kind, server, remote=[f"{folder}/mine:{lab.target}"])
    transfer(traffic.connect_path(folder / "mine"), MIB)


@RELAY
@OURS
def test_a_path_means_what_it_says(lab, client_kind, server_kind, folder, target):
    server = _server(lab, server_kind, folder)
    (folder / "inner").mkdir()
    for path in (f"{folder}/inner/../a", f"{folder}/./a", f"{folder}//a", f"{folder}/inner/a"):
        client = lab.client(client_kind, server, remote=[f"{path}:{lab.target}"], wait=False)
        assert client.wait() == 255
    assert not (folder / "a").exists() and not (folder / "inner" / "a").exists()


@RELAY
@OURS
def test_a_symbolic_link_leads_nowhere(lab, client_kind, server_kind, folder, target):
    allowed = folder / "allowed"
    allowed.mkdir()
    (allowed / "file").symlink_to(target.path)
    (allowed / "folder").symlink_to(folder)
    patterns = f"{allowed}/* {allowed}/*/*"
    server = lab.server(server_kind, config=_config(folder, listen=patterns, open=patterns))
    _assert_open_is_refused(lab, client_kind, server, allowed / "file")
    _assert_open_is_refused(lab, client_kind, server, allowed / "folder" / "target")
    client = lab.client(client_kind, server, remote=[f"{allowed}/folder/a:{lab.target}"], wait=False)
    assert client.wait() == 255
    assert not (folder / "a").exists()
    server.wait_for_log(lambda line: "folder on the way there is a symbolic link" in line)


# A protected socket on the proxy: only its owner's name and key open the way through it.


class _As:
    """The same server, for somebody with another name."""

    def __init__(self, server, user):
        self.address = f"{user}@{LOOPBACK}"
        self.port = server.port
        self.known_hosts = server.known_hosts


@RELAY
@OURS
def test_a_socket_on_the_proxy_is_its_owners_alone(lab, client_kind, server_kind, folder):
    """Forward a protected Unix socket on the proxy to a local port, such that nobody else on the proxy may use it."""
    paths = f"{folder}/%u/*.sock"
    server = lab.server(server_kind, config=_config(folder, listen=paths, open=paths))
    keys = {name: lab.keys.named(name) for name in ("alex", "tyler", "mallory")}
    for user, names in {"tyler": ("alex", "tyler"), "mallory": ("mallory",)}.items():
        (folder / user).mkdir(mode=0o700)
        lines = []
        for name in names:
            if name == "alex":
                # Alex may serve one socket in Tyler's account and reach none.
                options = f'restrict,port-forwarding,permitstreamlocallisten="{folder}/tyler/proxy.sock"'
                lines.append(f'{options},permitstreamlocalopen="none",permitopen="none:1" {keys[name].public}')
            else:
                lines.append(keys[name].public)
        (server.authorized_keys.parent / user).write_text("\n".join(lines) + "\n")
    path = folder / "tyler" / "proxy.sock"
    tyler, mallory = _As(server, "tyler"), _As(server, "mallory")

    lab.client(client_kind, tyler, remote=[f"{path}:{lab.target}"], key=keys["alex"])
    assert _mode(path) == 0o600
    port = free_port()
    lab.client(client_kind, tyler, local=[f"{LOOPBACK}:{port}:{path}"], key=keys["tyler"])
    transfer(traffic.connect(port), MIB)

    _assert_open_is_refused(lab, client_kind, mallory, path, key=keys["mallory"])
    _assert_logged(server, "open", path, f"[{server.config_path} line 3: PermitStreamLocalOpen {paths}]")
    # Neither in Tyler's name, for want of the key, nor by taking the name of the socket.
    with pytest.raises(ClientFailed):
        lab.client(client_kind, tyler, local=[f"{free_port()}:{path}"], key=keys["mallory"])
    client = lab.client(client_kind, mallory, remote=[f"{path}:{lab.target}"], key=keys["mallory"], wait=False)
    assert client.wait() == 255
    # Alex may serve, and that one socket only.
    _assert_open_is_refused(lab, client_kind, tyler, path, key=keys["alex"])
    _assert_listen_is_refused(lab, client_kind, tyler, folder / "tyler" / "other.sock", key=keys["alex"])
    transfer(traffic.connect(port), MIB)


@RELAY
@OURS
def test_home_and_user_id_are_the_accounts(lab, client_kind, server_kind, folder):
    server = lab.server(server_kind, config=_config(folder, listen="%h/never", open=f"{folder}/%U"))
    target = TrafficServer(path=folder / str(os.getuid()))
    port = free_port()
    lab.client(client_kind, server, local=[f"{port}:{folder}/{os.getuid()}"])
    transfer(traffic.connect(port), MIB)
    target.close()
    _assert_open_is_refused(lab, client_kind, server, folder / "0x")
    assert USER in server.log()


# swssh's own sockets


@SWSSH
def test_swssh_removes_its_sockets(lab, client_kind, server_kind, folder):
    server = _server(lab, server_kind, folder)
    path = folder / "listen"
    client = lab.client(client_kind, server, local=[f"{path}:{lab.target}"])
    assert _mode(path) == 0o600
    client.stop()
    assert settings.SWSSH is None or not path.exists()


@SWSSH
def test_swssh_takes_mask_and_unlink_from_its_options(lab, client_kind, server_kind, folder):
    server = _server(lab, server_kind, folder)
    path = folder / "listen"
    _leave_a_stale_socket(path)
    with pytest.raises(ClientFailed) as failure:
        lab.client(client_kind, server, local=[f"{path}:{lab.target}"])
    assert failure.value.status == 255 and str(path) in failure.value.log
    options = ["-o", "StreamLocalBindUnlink=yes", "-o", "StreamLocalBindMask=0117"]
    lab.client(client_kind, server, local=[f"{path}:{lab.target}"], options=options)
    assert _mode(path) == 0o660
    transfer(traffic.connect_path(path), MIB)


@SWSSH
def test_swssh_goes_on_without_a_socket_it_need_not_have(lab, client_kind, server_kind, folder):
    server = _server(lab, server_kind, folder)
    (folder / "file").write_text("precious")
    client = lab.client(
        client_kind,
        server,
        local=[f"{folder}/file:{lab.target}", f"{folder}/listen:{lab.target}"],
        options=["-o", "ExitOnForwardFailure=no", "-o", "StreamLocalBindUnlink=yes"],
        wait=False,
    )
    wait_until(lambda: is_listening_on_path(folder / "listen"), 20, "the other forward")
    transfer(traffic.connect_path(folder / "listen"), MIB)
    assert settings.SWSSH is None or (folder / "file").read_text() == "precious"
    assert client.program.running


class _Unasked(Asyncssh):
    def launch(self):
        script = Path(__file__).parent / "harness" / "peers" / "asyncssh_unasked.py"
        arguments = [script, LOOPBACK, self.port, self.host_key.path, self.authorized_keys, "/run/never-asked"]
        return self.lab.programs.start([sys.executable, *arguments], self.kind)


@pytest.mark.skipif(not settings.SWSSH, reason="ours only")
def test_swssh_refuses_a_connection_for_a_socket_it_never_asked_for(lab):
    server = _Unasked(lab)
    client = lab.client("swssh", server, local=[f"{free_port()}:{lab.target}"])
    server.wait_for_log(lambda line: line == "refused 1")
    wait_until(lambda: "nobody asked" in client.log(), 5, "the warning")
    assert client.program.running
