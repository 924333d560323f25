"""Deeds of those who never log in: silence, nonsense, nothing in common, too many at once, wrong keys."""

import socket

from .deeds import connect, paramiko_tries, read_key_exchange, read_to_end, reset, ssh, strangers, told
from .settings import USER

STRANGER = "nosuchuser"
HELLO = b"SSH-2.0-deed\r\n"


@told()
def connection_without_a_word(lab, server):
    connection = connect(server, read=False)
    # To close before the greeting is read would reset the connection, sooner or later.
    connection.shutdown(socket.SHUT_WR)
    read_to_end(connection)


@told()
def connection_without_a_word_after_the_greeting(lab, server):
    connect(server).close()


@told()
def browser(lab, server):
    read_to_end(connect(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))


@told()
def old_protocol(lab, server):
    read_to_end(connect(server, b"SSH-1.5-old\r\n"))


@told()
def closed_before_key_exchange(lab, server):
    connection = connect(server, HELLO)
    read_key_exchange(connection)
    connection.close()


@told()
def reset_before_key_exchange(lab, server):
    connection = connect(server, HELLO)
    read_key_exchange(connection)
    reset(connection)


@told()
def garbage_for_key_exchange(lab, server):
    read_to_end(connect(server, HELLO + b"\xff" * 64))


@told()
def no_key_exchange_in_common(lab, server):
    ssh(lab, server, "-o", "KexAlgorithms=diffie-hellman-group1-sha1")


@told()
def no_cipher_in_common(lab, server):
    ssh(lab, server, "-o", "Ciphers=3des-cbc")


@told()
def no_mac_in_common(lab, server):
    ssh(lab, server, "-o", "Ciphers=aes128-ctr", "-o", "MACs=hmac-md5-96")


@told()
def no_host_key_in_common(lab, server):
    ssh(lab, server, "-o", "HostKeyAlgorithms=ecdsa-sha2-nistp521")


@told(["LoginGraceTime 1"])
def silence(lab, server):
    read_to_end(connect(server))


@told(["LoginGraceTime 1"])
def silence_after_the_greeting(lab, server):
    read_to_end(connect(server, HELLO))


@told(["MaxStartups 1:100:1"])
def more_than_max_startups(lab, server):
    first = connect(server)
    for _ in range(2):
        read_to_end(connect(server, read=False))
    first.close()


@told()
def wrong_key(lab, server):
    ssh(lab, server, keys=strangers(lab, 1))


@told()
def wrong_key_of_nobody(lab, server):
    ssh(lab, server, user=STRANGER, keys=strangers(lab, 1))


@told()
def three_wrong_keys(lab, server):
    ssh(lab, server, keys=strangers(lab, 3))


@told(["MaxAuthTries 3"])
def too_many_keys(lab, server):
    ssh(lab, server, keys=strangers(lab, 4))


@told(["MaxAuthTries 3"])
def too_many_keys_of_nobody(lab, server):
    ssh(lab, server, user=STRANGER, keys=strangers(lab, 4))


@told()
def no_key(lab, server):
    ssh(lab, server, keys=[])


@told()
def no_key_of_nobody(lab, server):
    ssh(lab, server, user=STRANGER, keys=[])


@told()
def guessed_password(lab, server):
    paramiko_tries(server, lambda transport: transport.auth_password(USER, "admin"))


@told()
def guessed_password_of_nobody(lab, server):
    paramiko_tries(server, lambda transport: transport.auth_password(STRANGER, "admin"))


@told()
def another_name_in_the_middle(lab, server):
    paramiko_tries(
        server,
        lambda transport: transport.auth_password(USER, "admin"),
        lambda transport: transport.auth_password("another", "admin"),
    )
