"""Lines of authorized_keys about authorities, with options of ours, or several with one key."""

from .key_option_values import ALL, LISTENS, NOTHING, OPENS, REFUSED

# The same options in front of a certificate authority's key, for a certificate with the principals {user} and `other`,
# and with the extension permit-port-forwarding.
AUTHORITY = [
    ("cert-authority", ALL),
    ("CERT-AUTHORITY", ALL),
    ("", REFUSED),
    ("cert-authority,restrict", NOTHING),
    ("restrict,cert-authority,port-forwarding", ALL),
    ("cert-authority,no-port-forwarding", NOTHING),
    ('cert-authority,permitlisten="{p2}"', OPENS),
    ('cert-authority,permitopen="127.0.0.1:{p1}"', LISTENS),
    ('cert-authority,principals="{user}"', ALL),
    ('cert-authority,principals="other"', ALL),
    ('principals="x,other",cert-authority', ALL),
    ('cert-authority,principals="nobody"', REFUSED),
    ('cert-authority,principals="othe*"', REFUSED),
    ('cert-authority,principals=""', REFUSED),
    ('cert-authority,principals="OTHER"', REFUSED),
    ('cert-authority,principals="x, other"', REFUSED),
    ('cert-authority,principals="x",principals="other"', REFUSED),
    ('cert-authority,from="127.0.0.1"', ALL),
    ('cert-authority,from="127.0.0.3"', REFUSED),
    ('cert-authority,expiry-time="20200101"', REFUSED),
    ('cert-authority,expiry-time="20991231"', ALL),
    ("cert-authority,unknown", REFUSED),
]

# Options that are ours: sshd refuses such a line. Paths are not asked for here, so all of it is permitted.
OURS = {
    "ratelimit": [
        ('ratelimit="10M"', ALL),
        ('ratelimit="10M 1M"', ALL),
        ("ratelimit", REFUSED),
        ("ratelimit=10M", REFUSED),
        ('ratelimit="x"', REFUSED),
        ('ratelimit="0"', REFUSED),
        ('ratelimit=""', REFUSED),
        ('ratelimit="10M",ratelimit="10M"', REFUSED),
    ],
    "permitcallers": [
        ('permitcallers="192.0.2.0/24,!192.0.2.7,2001:db8::/32"', ALL),
        ("permitcallers", REFUSED),
        ("permitcallers=192.0.2.1", REFUSED),
        ('permitcallers="192.0.2.0/33"', REFUSED),
        ('permitcallers=""', REFUSED),
        ('permitcallers="192.0.2.1",permitcallers="192.0.2.2"', REFUSED),
    ],
    "permitcommand": [
        ('permitcommand="list,connect,host-keys"', ALL),
        ('permitcommand="whoami"', ALL),
        ("permitcommand", REFUSED),
        ("permitcommand=list", REFUSED),
        ('permitcommand=""', REFUSED),
        ('permitcommand="list,"', REFUSED),
        ('permitcommand="list, log"', REFUSED),
        ('permitcommand="reboot"', REFUSED),
        ('permitcommand="list",permitcommand="log"', REFUSED),
    ],
    "permitstreamlocallisten": [
        ('permitstreamlocallisten="/run/x"', ALL),
        ('permitstreamlocallisten="none"', ALL),
        ("permitstreamlocallisten", REFUSED),
        ('permitstreamlocallisten="x"', REFUSED),
        ('permitstreamlocallisten="/a/../b"', REFUSED),
        ('permitstreamlocallisten="any",permitstreamlocallisten="/a"', REFUSED),
    ],
    "permitstreamlocalopen": [
        ('permitstreamlocalopen="/run/%u/*.sock"', ALL),
        ('permitstreamlocalopen="any"', ALL),
        ("permitstreamlocalopen=/run/x", REFUSED),
        ('permitstreamlocalopen=""', REFUSED),
        ('permitstreamlocalopen="/%x"', REFUSED),
    ],
}

# What sshd does otherwise, with the reason.
STRICTER = [
    # An undocumented separator, which PermitOpen does not know either: the line is void.
    ('permitopen="127.0.0.1/{open}"', REFUSED, ALL),
]

# Several lines with one key: {key} stands for it.
LINES = [
    ("unknown {key}\nrestrict {key}", NOTHING),
    ("restrict {key}\n{key}", NOTHING),
    ("{key}\nrestrict {key}", ALL),
    ('from="127.0.0.3" {key}\nrestrict {key}', NOTHING),
    ('expiry-time="20200101" {key}\nno-port-forwarding {key}', NOTHING),
    ("cert-authority {key}\nrestrict {key}", NOTHING),
    ('permitlisten="{p2}" {key}\npermitlisten="{p1}" {key}', OPENS),
    ('permitlisten="0" {key}\n{key}', ALL),
    ("# {key}", REFUSED),
    ("  \t{key} a comment # too", ALL),
    ("{key}\r", ALL),
    ("restrict\t{key}", NOTHING),
    ("restrict  \t {key}", NOTHING),
    (" restrict {key}", NOTHING),
    ('command="a b" {key}', ALL),
    ("ssh-rsa {key}", REFUSED),
    ("restrict,\n{key}", ALL),
    ("\n\n{key}", ALL),
    ("restrict {key}{key}", REFUSED),
    ("256 35 1234 x\n{key}", ALL),
]
