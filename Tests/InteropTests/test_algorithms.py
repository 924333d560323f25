"""Every cipher, MAC and key exchange, under rekeys that both sides begin in the middle of the transfer."""

import re

import pytest

from harness import settings, traffic
from harness.lab import CLIENTS, SERVERS, transfer
from harness.network import free_port
from harness.settings import (
    LOOPBACK,
    CIPHERS,
    CURVE25519,
    DIFFIE_HELLMAN,
    DOZENS,
    ECDH,
    MACS,
    MIB,
    MLKEM,
    REKEY_LIMIT,
    SNTRUP,
    SNTRUP_STANDARD,
    TRANSFER_SIZE,
)

REKEY = [f"RekeyLimit {REKEY_LIMIT}"]
PAIRS = pytest.mark.pairs(needs="local remote", clients=["ssh", "swssh"], servers=["relay", "sshd"])


def _options(**words):
    return [part for name, value in words.items() for part in ("-o", f"{name}={value}")]


def _shared(client_kind, server_kind, exchange):
    if exchange not in CLIENTS[client_kind].key_exchanges or exchange not in SERVERS[server_kind].key_exchanges:
        pytest.skip(f"{client_kind} and {server_kind} do not share {exchange}")


def rekeys(log):
    """How many key exchanges after the first one a stock program's debug log tells of."""
    return len(re.findall(r"set_newkeys: rekeying", log)) // 2


@PAIRS
@pytest.mark.parametrize("exchange", [CURVE25519, MLKEM, SNTRUP])
@pytest.mark.parametrize("cipher", CIPHERS)
def test_cipher_survives_dozens_of_rekeys_under_load(lab, client_kind, server_kind, cipher, exchange):
    _shared(client_kind, server_kind, exchange)
    server = lab.server(server_kind, config=[*REKEY, f"Ciphers {cipher}", f"KexAlgorithms {exchange}"])
    options = _options(RekeyLimit=REKEY_LIMIT, Ciphers=cipher, KexAlgorithms=exchange)
    client, port = lab.local_forward(client_kind, server, options=options)
    transfer(traffic.connect(port), TRANSFER_SIZE)
    assert client.program.running
    if server_kind == "sshd":
        assert rekeys(server.log()) >= DOZENS


@PAIRS
@pytest.mark.parametrize("exchange", [SNTRUP, SNTRUP_STANDARD, *ECDH, *DIFFIE_HELLMAN])
def test_key_exchange_of_older_peers_renews_keys_under_load(lab, client_kind, server_kind, exchange):
    _shared(client_kind, server_kind, exchange)
    server = lab.server(server_kind, config=["RekeyLimit 1M", f"KexAlgorithms {exchange}"])
    options = _options(RekeyLimit="1M", KexAlgorithms=exchange)
    client, port = lab.local_forward(client_kind, server, options=options)
    transfer(traffic.connect(port), 8 * MIB)
    assert client.program.running
    if server_kind == "sshd":
        assert rekeys(server.log()) >= 4


@PAIRS
def test_stock_programs_agree_on_what_they_prefer(lab, client_kind, server_kind):
    """Debian 12's ssh and sshd have no ML-KEM yet: they prefer sntrup761, under one of its names."""
    server = lab.server(server_kind)
    client, port = lab.local_forward(client_kind, server, options=["-v"])
    transfer(traffic.connect(port), MIB)
    best = MLKEM if (client_kind, server_kind) == ("swssh", "relay") and settings.SWSSH and settings.RELAY else SNTRUP_STANDARD
    log = server.log() if server_kind == "sshd" else client.log()
    assert f"kex: algorithm: {best}" in log, log


@pytest.mark.ours_only("finite-field Diffie-Hellman is on in this sshd")
@pytest.mark.pairs(needs="local", clients=["ssh"], servers=["relay"])
def test_diffie_hellman_holds_where_it_is_named_and_is_pointed_out_elsewhere(lab, client_kind, server_kind):
    options = _options(KexAlgorithms=",".join(DIFFIE_HELLMAN))
    server = lab.server(server_kind)
    client = lab.client(client_kind, server, local=[f"{free_port()}:x:1"], options=options, wait=False)
    assert client.wait() == 255
    line = server.wait_for_log(lambda line: "KexAlgorithms +diffie-hellman-group14-sha256" in line)
    assert LOOPBACK in line
    assert server.log().count("KexAlgorithms +") == 1
    server.stop()
    server = lab.server(server_kind, config=["KexAlgorithms +diffie-hellman-group14-sha256"])
    _, port = lab.local_forward(client_kind, server, options=options)
    transfer(traffic.connect(port), MIB)
    # What was offered before still is.
    _, port = lab.local_forward(client_kind, server, options=_options(KexAlgorithms=CURVE25519))
    transfer(traffic.connect(port), MIB)


@pytest.mark.pairs(needs="local", clients=["swssh"], servers=["sshd"])
def test_swssh_says_which_key_exchange_to_name(lab, client_kind, server_kind):
    if not settings.SWSSH:
        pytest.skip("ssh offers it")
    server = lab.server(server_kind, config=["KexAlgorithms diffie-hellman-group16-sha512"])
    client = lab.client(client_kind, server, local=[f"{free_port()}:x:1"], wait=False)
    assert client.wait() == 255
    assert "KexAlgorithms +diffie-hellman-group16-sha512" in client.log()
    options = _options(KexAlgorithms="+diffie-hellman-group16-sha512")
    _, port = lab.local_forward(client_kind, server, options=options)
    transfer(traffic.connect(port), MIB)


@pytest.mark.pairs(needs="local", clients=["ssh"], servers=["relay"])
@pytest.mark.parametrize("macs", ["hmac-sha2-512", "hmac-sha1,umac-64@openssh.com"])
def test_any_list_of_macs_starts_next_to_ciphers_that_need_none(lab, client_kind, server_kind, macs):
    server = lab.server(server_kind, config=["Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com", f"MACs {macs}"])
    for cipher in ("aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"):
        _, port = lab.local_forward(client_kind, server, options=_options(Ciphers=cipher))
        transfer(traffic.connect(port), MIB)


@PAIRS
@pytest.mark.parametrize("mac", MACS)
def test_mac_guards_a_counter_mode_cipher(lab, client_kind, server_kind, mac):
    server = lab.server(server_kind, config=[f"MACs {mac}"])
    options = _options(Ciphers="aes128-ctr", MACs=mac, RekeyLimit=MIB)
    _, port = lab.remote_forward(client_kind, server, options=options)
    transfer(traffic.connect(port), 16 * MIB)


@PAIRS
@pytest.mark.parametrize("beginner", ["client", "server"])
def test_one_side_alone_may_begin_every_rekey(lab, client_kind, server_kind, beginner):
    size = 16 * MIB
    limit = size // (DOZENS + 2)
    server = lab.server(server_kind, config=[f"RekeyLimit {limit}"] if beginner == "server" else [])
    options = _options(RekeyLimit=limit) if beginner == "client" else []
    _, port = lab.remote_forward(client_kind, server, options=options)
    transfer(traffic.connect(port), size)
    if server_kind == "sshd":
        assert rekeys(server.log()) >= DOZENS


@PAIRS
def test_rekey_by_time_leaves_the_tunnel_alone(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["RekeyLimit default 1"])
    _, port = lab.local_forward(client_kind, server, options=_options(RekeyLimit="default 1"))
    for seed in range(20):
        transfer(traffic.connect(port), 4 * MIB, seed)


@pytest.mark.pairs(needs="local", clients=["paramiko", "asyncssh"], servers=["relay"])
@pytest.mark.parametrize("exchange", [CURVE25519, MLKEM, *ECDH, *DIFFIE_HELLMAN])
def test_library_client_logs_in_with_each_key_exchange(lab, client_kind, server_kind, exchange):
    if exchange != MLKEM or client_kind != "paramiko":
        _shared(client_kind, server_kind, exchange)
    server = lab.server(server_kind, config=[f"KexAlgorithms {_with_old_name(exchange)}"])
    name = "curve25519-sha256@libssh.org" if client_kind == "paramiko" and exchange == CURVE25519 else exchange
    _, port = lab.local_forward(client_kind, server, options=["-x", name])
    transfer(traffic.connect(port), 4 * MIB)


@pytest.mark.pairs(needs="local", clients=["swssh"], servers=["asyncssh"])
def test_library_server_takes_the_hybrid_key_exchange(lab, client_kind, server_kind):
    _shared(client_kind, server_kind, MLKEM)
    server = lab.server(server_kind)
    _, port = lab.local_forward(client_kind, server, options=_options(KexAlgorithms=MLKEM))
    transfer(traffic.connect(port), 4 * MIB)


def _with_old_name(exchange):
    return f"{exchange},{exchange}@libssh.org" if exchange == CURVE25519 else exchange


@PAIRS
def test_nothing_in_common_is_told_and_ends_with_255(lab, client_kind, server_kind):
    server = lab.server(server_kind, config=["Ciphers aes256-ctr"])
    client = lab.client(client_kind, server, local=[f"{free_port()}:x:1"], options=["-c", "aes128-ctr"], wait=False)
    assert client.wait() == 255
    assert "aes256-ctr" in client.log()
