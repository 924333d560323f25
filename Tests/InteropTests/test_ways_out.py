"""The way from the machine to the first server: through a proxy, and from an address or an interface of one's choice."""

import os

import pytest

from harness import settings, traffic
from harness.lab import transfer
from harness.namespace import Namespace
from harness.network import free_port, is_listening, wait_until
from harness.proxies import Tinyproxy, proxies
from harness.settings import LOOPBACK, MIB

pytestmark = pytest.mark.skipif(not settings.SWSSH, reason="ours only: ssh has no Proxy")
PROXIES = pytest.mark.parametrize("proxy_class", proxies(), ids=lambda proxy: proxy.scheme)


def through(proxy, *options):
    return ["-o", f"Proxy={proxy.url()}", *options]


def failed(lab, server, options):
    """What a client says that does not get through."""
    client = lab.client("swssh", server, options=options, remote=[f"{free_port()}:{lab.target}"], wait=False)
    assert client.wait(30) == 255
    return client.log()


@PROXIES
def test_a_tunnel_through_a_proxy_with_a_password(lab, proxy_class):
    server = lab.server("relay")
    proxy = proxy_class(lab)
    client, port = lab.remote_forward("swssh", server, options=through(proxy, "-v"))
    transfer(traffic.connect(port), MIB)
    assert len(proxy.connections()) == 1, proxy.program.log()
    assert proxy.password not in client.log() and proxy.url().partition("//")[2] not in client.log()
    assert f"leads through the proxy {proxy.url(login='')}" in client.log()


@PROXIES
@pytest.mark.parametrize("login", ["", "joe:wrong"])
def test_a_login_that_the_proxy_refuses_is_one_line(lab, proxy_class, login):
    proxy = proxy_class(lab)
    said = failed(lab, lab.server("relay"), ["-o", f"Proxy={proxy.url(login)}"])
    assert len(said.splitlines()) == 1 and "login" in said and f"through {proxy.url('')}: " in said, said
    assert "wrong" not in said


@PROXIES
def test_a_server_that_the_proxy_does_not_reach_is_one_line(lab, proxy_class):
    server = lab.server("relay")
    proxy = proxy_class(lab)
    server.stop()
    said = failed(lab, server, through(proxy))
    assert len(said.splitlines()) == 1 and "the proxy" in said, said


def test_a_proxy_that_is_away_is_one_line(lab):
    server = lab.server("relay")
    port = free_port()
    said = failed(lab, server, ["-o", f"Proxy=http://{LOOPBACK}:{port}"])
    expected = f"connect to host {LOOPBACK} port {server.port} through http://{LOOPBACK}:{port}: Connection refused"
    assert said.strip().endswith(expected), said


@PROXIES
def test_the_first_jump_host_is_reached_through_the_proxy(lab, proxy_class):
    jump, last = lab.server("relay"), lab.server("relay")
    proxy = proxy_class(lab)
    port = free_port()
    directory = lab.new_directory("jump")
    (directory / "known_hosts").write_text(jump.known_hosts + last.known_hosts)
    (directory / "config").write_text(
        f"Host last\n HostName {LOOPBACK}\n Port {last.port}\n ProxyJump jump\n Proxy {proxy.url()}\n"
        f"Host jump\n HostName {LOOPBACK}\n Port {jump.port}\n"
        f"Host *\n User {last.user}\n IdentityFile {lab.keys.user.path}\n UserKnownHostsFile {directory}/known_hosts\n"
    )
    lab.programs.start(
        [settings.SWSSH, "-F", directory / "config", "-N", "-R", f"{port}:{lab.target}", "last"], "swssh"
    )
    wait_until(lambda: is_listening(port), 20, "the listener")
    transfer(traffic.connect(port), MIB)
    [connection] = proxy.connections()
    assert str(jump.port) in connection and str(last.port) not in connection


@pytest.mark.parametrize("no_proxy, is_used", [("", True), (f"example.org,{LOOPBACK}/32", False)])
def test_the_environment_is_asked_only_if_the_keyword_says_so(lab, no_proxy, is_used):
    server = lab.server("relay")
    proxy = Tinyproxy(lab)
    port = free_port()
    words = ["env", f"all_proxy={proxy.url()}", f"no_proxy={no_proxy}"]
    for options, expected in (([], 0), (["-o", "Proxy=environment"], int(is_used))):
        client = lab.client("swssh", server, options=options, remote=[f"{port}:{lab.target}"], wait=False)
        client.stop()
        program = lab.programs.start([*words, *client.program.arguments], "swssh-env", environment=client.environment())
        wait_until(lambda: is_listening(port), 20, "the listener")
        assert len(proxy.connections()) == expected, proxy.program.log()
        program.stop()
        wait_until(lambda: not is_listening(port), 20, "the listener's end")


def test_forwards_come_back_through_a_proxy(lab):
    server = lab.server("relay")
    proxy = Tinyproxy(lab)
    port = free_port()
    client = lab.client("swssh", server, options=through(proxy, "-o", "Reconnect=yes"), remote=[f"{port}:{lab.target}"])
    proxy.program.kill()
    wait_until(lambda: "Lost " in client.log(), 10, "the news")
    wait_until(lambda: not is_listening(port), 10, "the listener's end")
    proxy.program = proxy.launch()
    wait_until(lambda: is_listening(port), 20, "the listener")
    transfer(traffic.connect(port), MIB)


@pytest.mark.skipif(os.getuid() != 0, reason="interfaces need root")
@pytest.mark.parametrize("server_address", ["10.99.0.1", "fd00:99::1"])
@pytest.mark.parametrize(
    "options", [["-B", "second"], ["-o", "BindInterface=second"], ["-o", "BindAddress={second}"], ["-b", "{second}"]]
)
def test_a_connection_comes_from_the_address_or_interface_that_is_wanted(lab, server_address, options):
    """The one with more addresses of both families than one: what is only good on the link is not taken."""
    street = Namespace(lab)
    addresses = {"first": ["10.99.0.1/24", "fd00:99::1/64"], "second": ["10.99.1.2/24", "fd00:99:1::2/64"]}
    for interface, own in addresses.items():
        street.run("ip", "link", "add", interface, "type", "veth", "peer", "name", f"{interface}-peer")
        for end in (interface, f"{interface}-peer"):
            street.run("ip", "link", "set", end, "up")
        for address in own:
            street.run("ip", "address", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))
    second = addresses["second"][":" in server_address].partition("/")[0]
    server = lab.server("relay")
    server.stop()
    config = server.directory / "config"
    config.write_text(config.read_text().replace(f"ListenAddress {LOOPBACK}", "ListenAddress ::\nListenAddress 0.0.0.0"))
    relay = lab.programs.start(street.command(settings.RELAY, "-f", config, "-D", "-e"), "relay-in-street")
    wait_until(lambda: "Server listening" in relay.log(), 20, "the relay")
    name = f"[{server_address}]:{server.port}"
    (server.directory / "known_hosts").write_text(f"{name} {lab.keys.host.public}\n")
    words = [settings.SWSSH, "-F", "none", "-N", "-p", server.port, "-i", lab.keys.user.path]
    words += ["-o", f"UserKnownHostsFile={server.directory}/known_hosts", "-l", server.user]
    words += [option.format(second=second) for option in options]
    lab.programs.start(street.command(*words, server_address), "swssh")
    wait_until(lambda: f" from {second} port " in relay.log(), 20, "the login")


def test_an_interface_without_addresses_is_one_line(lab):
    said = failed(lab, lab.server("relay"), ["-B", "nothing0"])
    assert said.strip().endswith("nothing0: no suitable addresses"), said
