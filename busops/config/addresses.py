"""Where an address lies: on this machine, on a network of one's own, or on the internet."""

import ipaddress
from typing import Final

NEAR_NAMES: Final = (".local", ".internal", ".lan", ".home.arpa")  # names that no public network knows


def is_near(host: str) -> bool:
    """True for an address or a name of this machine or of a network that the internet does not reach."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_private
    except ValueError:
        return "." not in host or host.endswith(NEAR_NAMES)


def is_loopback(host: str) -> bool:
    """True when only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
