"""What changes while connections live: keys that are taken away, rules that are read again, devices that come back."""

import datetime
import resource
import signal
import threading
import time

import pytest

from harness import traffic
from harness.lab import transfer
from harness.network import free_port, is_listening, wait_until
from harness.settings import LOOPBACK, MIB

OURS = pytest.mark.pairs(clients=["ssh", "swssh"], servers=["relay"])
STOCK = pytest.mark.pairs(clients=["ssh"], servers=["relay"])
pytestmark = pytest.mark.ours_only("sshd looks at its files at login only")

REVOKED_SECONDS = 5


def _gone(client, port):
    wait_until(lambda: not client.program.running, REVOKED_SECONDS, "the end of the revoked client")
    wait_until(lambda: not is_listening(port), REVOKED_SECONDS, f"port {port} closed")


@OURS
def test_key_taken_out_of_its_file_ends_connection_and_listener(lab, client_kind, server_kind):
    other = lab.keys.named("other")
    text = f"{other.public}\n{lab.keys.user.public}\n"
    server = lab.server(server_kind, authorized_keys=text)
    device, port = lab.remote_forward(client_kind, server)
    _, other_port = lab.remote_forward(client_kind, server, key=other)
    dying, living = traffic.Pour(port), traffic.Pour(other_port)
    server.authorized_keys.write_text(f"{other.public}\n")
    _gone(device, port)
    assert dying.ended.wait(REVOKED_SECONDS)
    assert living.still_runs()
    server.wait_for_log(lambda line: line.startswith("Disconnecting user") and "no longer permitted" in line)


@STOCK
def test_file_replaced_by_a_rename_is_noticed(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    device, port = lab.remote_forward(client_kind, server)
    new = server.authorized_keys.with_suffix(".new")
    new.write_text("# nobody\n")
    new.rename(server.authorized_keys)
    _gone(device, port)


@STOCK
def test_expiry_time_ends_a_connection_in_the_middle_of_a_transfer(lab, client_kind, server_kind):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
    options = f'expiry-time="{end:%Y%m%d%H%M%SZ}"'
    server = lab.server(server_kind, authorized_keys=f"{options} {lab.keys.user.public}\n")
    device, port = lab.remote_forward(client_kind, server)
    pour = traffic.Pour(port)
    assert pour.still_runs()
    assert pour.ended.wait(4 + REVOKED_SECONDS)
    _gone(device, port)
    assert datetime.datetime.now(datetime.timezone.utc) >= end
    server.wait_for_log(lambda line: "expiry-time has passed" in line)


@STOCK
def test_changed_permitlisten_closes_the_listeners_that_it_no_longer_allows(lab, client_kind, server_kind):
    kept, closed = free_port(), free_port()
    key = lab.keys.user.public
    server = lab.server(server_kind, authorized_keys=f'permitlisten="{kept}",permitlisten="{closed}" {key}\n')
    device = lab.client(client_kind, server, remote=[f"{kept}:{lab.target}", f"{closed}:{lab.target}"])
    pour = traffic.Pour(kept)
    server.authorized_keys.write_text(f'permitlisten="{kept}" {key}\n')
    wait_until(lambda: not is_listening(closed), REVOKED_SECONDS, f"port {closed} closed")
    assert is_listening(kept) and device.program.running and pour.still_runs()
    server.wait_for_log(lambda line: str(closed) in line and "no longer permitted" in line)


@STOCK
def test_broken_list_of_revoked_keys_lets_in_nobody_and_ends_nobody(lab, client_kind, server_kind):
    other, revoked = lab.keys.named("other"), lab.directory / "revoked"
    revoked.write_text("")
    text = f"{lab.keys.user.public}\n{other.public}\n"
    server = lab.server(server_kind, authorized_keys=text, config=[f"RevokedKeys {revoked}"])
    device, port = lab.remote_forward(client_kind, server)
    leaving, leaving_port = lab.remote_forward(client_kind, server, key=other)
    revoked.unlink()
    server.wait_for_log(lambda line: f"RevokedKeys {revoked}" in line and "nobody may log in" in line)
    assert lab.client(client_kind, server, remote=[f"{free_port()}:{lab.target}"], wait=False).wait() == 255
    # What else holds is looked at all the same.
    server.authorized_keys.write_text(f"{lab.keys.user.public}\n")
    _gone(leaving, leaving_port)
    assert device.program.running and traffic.Pour(port).still_runs()
    revoked.write_text(f"{lab.keys.user.public}\n")
    _gone(device, port)


@STOCK
def test_key_line_that_becomes_wrong_is_not_honoured_in_part(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    device, port = lab.remote_forward(client_kind, server)
    server.authorized_keys.write_text(f"no-such-option {lab.keys.user.public}\n")
    _gone(device, port)


@STOCK
def test_reload_loses_no_byte_of_200_tunnels_and_old_connections_obey_the_new_rules(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    device, port = lab.remote_forward(client_kind, server)
    failures = []

    def move():
        try:
            traffic.duplex(traffic.connect(port), 7, 2 * MIB)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test wants to know
            failures.append(error)

    threads = [threading.Thread(target=move) for _ in range(200)]
    for thread in threads:
        thread.start()
    refused = free_port()
    config = server.config_path.read_text()
    for round in range(3):
        server.config_path.write_text(f"PermitListen {port}\n# {round}\n" + config)
        _reload(server, "The new configuration holds", round + 1)
    for thread in threads:
        thread.join()
    assert not failures and device.program.running
    # The connection that stood before the reload, and a new one.
    client = lab.client(client_kind, server, remote=[f"{refused}:{lab.target}"], wait=False)
    assert client.wait() == 255
    transfer(traffic.connect(port), MIB)


def _reload(server, answer, count=1):
    server.program.signal(signal.SIGHUP)
    wait_until(lambda: server.log().count(answer) >= count, 10, f"{answer} in the log")


@STOCK
def test_reload_closes_listeners_of_old_connections_that_the_new_rules_forbid(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    device, port = lab.remote_forward(client_kind, server)
    server.config_path.write_text("AllowTcpForwarding local\n" + server.config_path.read_text())
    _reload(server, "The new configuration holds")
    wait_until(lambda: not is_listening(port), 5, f"port {port} closed")
    assert device.program.running


@STOCK
def test_broken_file_on_reload_keeps_the_old_configuration_and_says_so(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    config = server.config_path.read_text()
    server.config_path.write_text("PermitListen nonsense:\n" + config)
    _reload(server, "Reload failed")
    line = server.wait_for_log(lambda line: "Reload failed" in line)
    assert f"{server.config_path} line 1" in line and "PermitListen" in line
    _, port = lab.remote_forward(client_kind, server)
    transfer(traffic.connect(port), MIB)


@STOCK
def test_reload_follows_the_ports(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    _, port = lab.remote_forward(client_kind, server)
    old, new = server.port, free_port()
    server.config_path.write_text(server.config_path.read_text().replace(f"Port {old}", f"Port {new}"))
    _reload(server, "The new configuration holds")
    assert is_listening(new) and not is_listening(old)
    transfer(traffic.connect(port), MIB)


def _claim(lab, client_kind, server, port, **options):
    """A second client that asks for a port that another one holds."""
    return lab.client(client_kind, server, remote=[f"{port}:{lab.target}"], wait=False, **options)


def _stays(client, seconds=1):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert client.program.running, client.log()
        time.sleep(0.05)


@OURS
def test_second_client_of_the_same_key_is_refused_and_the_first_lives_on(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    first, port = lab.remote_forward(client_kind, server)
    pour = traffic.Pour(port)
    assert _claim(lab, client_kind, server, port).wait() == 255
    line = server.wait_for_log(lambda line: f"cannot listen to port {port}" in line)
    assert "alive" in line and "ListenTakeover same-key-if-silent" in line
    assert pour.still_runs() and first.program.running
    transfer(traffic.connect(port), MIB)


@STOCK
def test_clients_that_share_a_key_do_not_evict_each_other(lab, client_kind, server_kind):
    """A client that goes on without its listener asks again and again, as one in a loop does."""
    server = lab.server(server_kind)
    first, port = lab.remote_forward(client_kind, server)
    for _ in range(3):
        second = _claim(lab, client_kind, server, port, options=["-o", "ExitOnForwardFailure=no"])
        wait_until(lambda: "remote port forwarding failed" in second.log(), 10, "the refusal")
        assert second.program.running
    _stays(first)
    transfer(traffic.connect(port), MIB)
    assert "taken over" not in server.log()


@OURS
def test_device_that_comes_back_has_its_port_within_five_seconds(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["LogLevel VERBOSE"])
    old, port = lab.remote_forward(client_kind, server)
    old.program.signal_tree(signal.SIGSTOP)
    new = _claim(lab, client_kind, server, port, options=["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=1"])
    server.wait_for_log(lambda line: "for a sign of life" in line)
    began = time.monotonic()
    _wait_for_takeover(server, port)
    assert time.monotonic() - began < 5
    transfer(traffic.connect(port), MIB)
    assert "stale" in server.wait_for_log(lambda line: "took over its listener" in line)
    old.program.signal_tree(signal.SIGCONT)
    assert old.wait() == 255
    _stays(new)
    transfer(traffic.connect(port), MIB)


def _wait_for_takeover(server, port):
    server.wait_for_log(lambda line: "is taken over by" in line)
    wait_until(lambda: is_listening(port), 5, "the new listener")


@STOCK
def test_of_several_that_want_a_silent_ones_port_the_first_has_it(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    old, port = lab.remote_forward(client_kind, server)
    old.program.signal_tree(signal.SIGSTOP)
    claimants = [_claim(lab, client_kind, server, port) for _ in range(4)]
    _wait_for_takeover(server, port)
    wait_until(lambda: sum(one.program.running for one in claimants) == 1, 10, "the others' refusals")
    winner = next(one for one in claimants if one.program.running)
    assert [one.wait() for one in claimants if one is not winner] == [255] * 3
    _stays(winner)
    transfer(traffic.connect(port), MIB)
    assert server.log().count("is taken over by") == 1


@STOCK
def test_nothing_is_taken_for_a_client_that_has_gone_meanwhile(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["LogLevel VERBOSE"])
    old, port = lab.remote_forward(client_kind, server)
    old.program.signal_tree(signal.SIGSTOP)
    new = _claim(lab, client_kind, server, port)
    server.wait_for_log(lambda line: "for a sign of life" in line)
    new.kill()
    time.sleep(4)
    assert is_listening(port) and "taken over" not in server.log()
    old.program.signal_tree(signal.SIGCONT)
    transfer(traffic.connect(port), MIB)


@STOCK
def test_port_is_free_at_once_when_its_silent_holder_goes(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["LogLevel VERBOSE"])
    old, port = lab.remote_forward(client_kind, server)
    old.program.signal_tree(signal.SIGSTOP)
    new = _claim(lab, client_kind, server, port)
    server.wait_for_log(lambda line: "for a sign of life" in line)
    asked = time.monotonic()
    old.kill()
    new.wait_until_ready()
    transfer(traffic.connect(port), MIB)
    assert time.monotonic() - asked < 2.5
    assert "taken over" not in server.log()


@STOCK
def test_holder_that_renews_its_keys_all_the_time_is_alive(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    first, port = lab.remote_forward(client_kind, server, options=["-o", "RekeyLimit=256K"])
    pour = traffic.Pour(port)
    for _ in range(3):
        assert _claim(lab, client_kind, server, port).wait() == 255
    assert pour.still_runs() and first.program.running


@STOCK
def test_address_that_the_client_holds_itself_is_refused_in_other_words(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    port = free_port()
    remote = [f"localhost:{port}:{lab.target}", f"127.0.0.1:{port}:{lab.target}"]
    assert lab.client(client_kind, server, remote=remote, wait=False).wait() == 255
    # Both may be under way at once: then it is the system that says so.
    said = (f"port {port}: this connection holds it already", f"bind [127.0.0.1]:{port}: Address already in use")
    server.wait_for_log(lambda line: any(words in line for words in said))


@STOCK
@pytest.mark.parametrize("rule", ["same-key", "same-account"])
def test_living_connection_gives_way_at_once_where_the_configuration_says_so(lab, client_kind, server_kind, rule):
    server = lab.server(server_kind, config=[f"ListenTakeover {rule}"])
    old, port = lab.remote_forward(client_kind, server)
    lab.client(client_kind, server, remote=[f"{port}:{lab.target}"])
    assert old.wait() == 255
    assert "alive" in server.wait_for_log(lambda line: "took over its listener" in line)
    wait_until(lambda: is_listening(port), 5, "the new listener")
    transfer(traffic.connect(port), MIB)


@STOCK
@pytest.mark.parametrize(
    "rule, succeeds",
    [
        ("no", False),
        ("same-key", False),
        ("same-key-if-silent", False),
        ("same-account", True),
        ("same-account-if-silent", True),
    ],
)
def test_another_key_takes_over_only_where_the_configuration_says_so(lab, client_kind, server_kind, rule, succeeds):
    other = lab.keys.named("other")
    text = f"{other.public}\n{lab.keys.user.public}\n"
    server = lab.server(server_kind, config=[f"ListenTakeover {rule}"], authorized_keys=text)
    old, port = lab.remote_forward(client_kind, server)
    pour = traffic.Pour(port)
    if rule == "same-account-if-silent":
        old.program.signal_tree(signal.SIGSTOP)
    new = _claim(lab, client_kind, server, port, key=other)
    if succeeds:
        _wait_for_takeover(server, port)
        old.program.signal_tree(signal.SIGCONT)
        assert old.wait() == 255 and pour.ended.wait(5)
        wait_until(lambda: is_listening(port), 5, "the new listener")
    else:
        assert new.wait() == 255
        assert pour.still_runs() and old.program.running
        server.wait_for_log(lambda line: f"ListenTakeover {rule}" in line)


@STOCK
def test_same_key_does_not_take_over_when_it_is_forbidden(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["ListenTakeover no"])
    old, port = lab.remote_forward(client_kind, server)
    assert lab.client(client_kind, server, remote=[f"{port}:{lab.target}"], wait=False).wait() == 255
    assert old.program.running and is_listening(port)


@STOCK
def test_stop_lets_a_tunnel_finish_and_takes_no_new_one(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["ShutdownGrace 30"])
    device, port = lab.remote_forward(client_kind, server)
    idle = lab.client(client_kind, server)
    pour = traffic.Pour(port)
    server.program.signal(signal.SIGTERM)
    assert idle.wait(5) == 255
    wait_until(lambda: not is_listening(port) and not is_listening(server.port), 5, "no listener")
    assert pour.still_runs() and device.program.running
    lab.traffic.drop_connections()
    assert server.program.wait(5) == 0
    assert device.wait(5) == 255


@STOCK
@pytest.mark.parametrize("grace, second", [("30", True), ("1", False), ("0", False)])
def test_second_term_or_the_end_of_the_grace_stops_at_once(lab, client_kind, server_kind, grace, second):
    server = lab.server(server_kind, config=[f"ShutdownGrace {grace}"])
    _, port = lab.remote_forward(client_kind, server)
    pour = traffic.Pour(port)
    server.program.signal(signal.SIGTERM)
    if second:
        assert pour.still_runs()
        server.program.signal(signal.SIGTERM)
    assert server.program.wait(5) == 0
    assert pour.ended.wait(5)


@STOCK
def test_every_tunnel_leaves_a_line_when_it_ends(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    _, port = lab.remote_forward(client_kind, server)
    _, local = lab.local_forward(client_kind, server)
    transfer(traffic.connect(port), MIB)
    transfer(traffic.connect(local), MIB)
    fingerprint = lab.keys.user.fingerprint
    for kind, place in (("forwarded-tcpip", f"to localhost port {port}"), ("direct-tcpip", f"to {LOOPBACK} port")):
        line = server.wait_for_log(lambda line: line.startswith(f"Tunnel {kind} of user"))
        assert fingerprint in line and place in line and "finished" in line
        counts = [int(word) for word in line.split() if word.isdigit() and int(word) > MIB]
        assert len(counts) == 2 and all(count < MIB + 1000 for count in counts), line


@STOCK
def test_shortage_of_descriptors_says_nothing_about_a_key(lab, client_kind, server_kind):
    server = lab.server(server_kind)
    device, port = lab.remote_forward(client_kind, server)
    relay, limits = server.program.process.pid, resource.RLIMIT_NOFILE
    before = resource.prlimit(relay, limits)
    # What is open stays open; nothing more can be.
    resource.prlimit(relay, limits, (3, before[1]))
    server.authorized_keys.write_text(f"# still there\n{lab.keys.user.public}\n")
    server.wait_for_log(lambda line: "Files cannot be read now" in line)
    assert device.program.running and is_listening(port)
    server.authorized_keys.write_text("# gone\n")
    resource.prlimit(relay, limits, before)
    _gone(device, port)
