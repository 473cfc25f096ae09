"""Names and addresses that a server answers to, and which of them lie inside a set of names and networks."""

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from busops.domain.errors import InvalidInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PRIVATE_NETWORKS: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(each)
    for each in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8",
        "fc00::/7", "fe80::/10", "::1/128",
    )
)  # fmt: skip
# Domains that no public network knows: whoever may sign them can do no harm outside.
LOCAL_DOMAINS: Final = ("localhost", "local", "lan", "internal", "home.arpa")
LONGEST: Final = 253
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def host_name(text: str) -> str:
    """A name or an address in the form that certificates have; InvalidInput when it is neither."""
    given = text.strip().strip("[]").rstrip(".").lower()
    if is_address(given):
        return str(ipaddress.ip_address(given))
    if len(given) > LONGEST or not all(_LABEL.fullmatch(label) for label in given.split(".")):
        raise InvalidInput("certs_host_wrong", host=text)
    return given


def is_address(host: str) -> bool:
    """True for an IP address, false for a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_covered(host: str, names: Iterable[str], networks: Iterable[Network]) -> bool:
    """True when the host is one of the names, lies below one, or in one of the networks."""
    if is_address(host):
        address = ipaddress.ip_address(host)
        return any(address in network for network in networks if network.version == address.version)
    return any(host == name or host.endswith(f".{name}") for name in names)
