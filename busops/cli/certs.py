"""The command for the school's own certificates: make them, renew them, say what there is."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from busops.cli.context import Cli
from busops.config import TLS_FOLDER, instance_of
from busops.domain.errors import InvalidInput
from busops.i18n import words
from busops.services import certificates
from busops.services.certificates import CA_CERT, SERVER_CERT, SERVER_KEY, Shown
from busops.services.host_names import host_name

# Addresses kept for documents: connecting a datagram socket asks the routing table, and sends nothing.
ELSEWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
ANY_PORT: Final = 9
ALWAYS: Final = ("localhost", "127.0.0.1", "::1")


@click.command()
@click.argument("hosts", metavar="[NAME|ADDRESS]...", nargs=-1)
@click.option("--show", is_flag=True, help="Only say what there is, with the authority's fingerprint.")
@click.option("--renew", is_flag=True, help="Make the server's certificate anew though it still lasts.")
@click.option("--new-ca", is_flag=True, help="Make a new authority too: every tablet must trust it anew.")
@click.pass_obj
def certs(cli: Cli, hosts: tuple[str, ...], *, show: bool, renew: bool, new_ca: bool) -> None:
    """
    Makes a certificate authority of the school and a server's certificate for TLS, or renews it.

    Without names: those of the present certificate, else this machine's name and addresses.
    """
    folder, now = instance_of(os.environ) / TLS_FOLDER, cli.clock.now()
    if show:
        _tell(cli, certificates.shown(folder / CA_CERT), certificates.shown(folder / SERVER_CERT), now)
        return
    done = certificates.ensure(folder, _wanted(folder, hosts), at=now, renews=renew, new_authority=new_ca)
    _tell(cli, done.authority, done.server, now, made=(done.made_authority, done.made_server))
    if done.made_server:
        click.echo(words("cli.certs_next", {}, cli.locale))


def tls_environment(environ: Mapping[str, str], at: datetime) -> dict[str, str]:
    """The settings of a server that uses the school's own certificate; raises when it cannot be used."""
    folder = instance_of(environ) / TLS_FOLDER
    cert, key = folder / SERVER_CERT, folder / SERVER_KEY
    certificates.usable(cert, key, at=at)
    return {"BUSOPS_TLS_CERT": str(cert), "BUSOPS_TLS_KEY": str(key)}


def own_hosts() -> tuple[str, ...]:
    """This machine's name, also as its network announces it, and its addresses in the local network."""
    name = socket.gethostname().lower()
    names = (name, f"{name.partition('.')[0]}.local")
    return tuple(dict.fromkeys((*_valid(names), *_addresses(), *ALWAYS)))


def _valid(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        with suppress(InvalidInput):  # a machine may be called anything; such a name no certificate holds
            yield host_name(name)


def _addresses() -> Iterator[str]:
    for family, elsewhere in ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, ANY_PORT))
            yield host_name(probe.getsockname()[0])


def _wanted(folder: Path, hosts: tuple[str, ...]) -> tuple[str, ...]:
    if hosts:
        return tuple(dict.fromkeys((*map(host_name, hosts), *ALWAYS)))
    present = folder / SERVER_CERT
    return certificates.shown(present).names if present.exists() else own_hosts()


def _tell(
    cli: Cli, authority: Shown, server: Shown, now: datetime, *, made: tuple[bool, bool] = (False, False)
) -> None:
    of_authority = {"ends": authority.ends}
    of_server = {"ends": server.ends, "days": server.days_left(now), "names": server.names}
    lines: list[tuple[str, Mapping[str, object]]] = [
        ("cli.certs_ca_made" if made[0] else "cli.certs_ca_kept", of_authority),
        ("cli.certs_fingerprint", {"fingerprint": authority.fingerprint}),
        ("cli.certs_server_made" if made[1] else "cli.certs_server_kept", of_server),
    ]
    if missing := [address for address in _addresses() if address not in server.names]:
        lines.append(("cli.certs_address_missing", {"addresses": missing}))
    for code, facts in lines:
        click.echo(words(code, facts, cli.locale))


COMMANDS = (certs,)
