"""What a run is made of: which programs, how many bytes. Everything comes from the environment."""

import os
import pwd
import shutil

MIB = 1 << 20

RELAY = os.environ.get("RELAY")
SWSSH = os.environ.get("SWSSH")

# INTEROP_GIB=1 is the full run; INTEROP_MIB sets any other size.
FULL = int(os.environ.get("INTEROP_GIB", 0)) > 0
TRANSFER_SIZE = int(os.environ.get("INTEROP_GIB", 0)) * 1024 * MIB or int(os.environ.get("INTEROP_MIB", 64)) * MIB
# 1 GiB is moved with RekeyLimit 16M; a smaller run still has two dozen rekeys.
DOZENS = 24
REKEY_LIMIT = min(16 * MIB, TRANSFER_SIZE // (DOZENS + 2))

USER = pwd.getpwuid(os.getuid()).pw_name
LOOPBACK = "127.0.0.1"

CIPHERS = (
    "chacha20-poly1305@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")
CURVE25519 = "curve25519-sha256"
MLKEM = "mlkem768x25519-sha256"
SNTRUP = "sntrup761x25519-sha512@openssh.com"
SNTRUP_STANDARD = "sntrup761x25519-sha512"
ECDH = ("ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521")
DIFFIE_HELLMAN = (
    "diffie-hellman-group14-sha256",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
)
# What every program here but the smallest has.
COMMON = (CURVE25519, *ECDH, *DIFFIE_HELLMAN)


def program(name):
    """The path of an installed program; system programs are often outside an ordinary user's PATH."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")
    if path is None:
        raise FileNotFoundError(f"{name} is not installed: run scripts/setup")
    return path
