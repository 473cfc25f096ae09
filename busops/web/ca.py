"""
The certificate of the school's own authority, for tablets to trust: a page, and the file in two forms.

Open to everybody and reachable before anything is trusted: it holds what every tablet must know
and nothing else. Whoever installs it compares the fingerprint with the printed sheet.
"""

import ipaddress
from typing import Final

from flask import Blueprint, Response, render_template, request, url_for

from busops.domain.errors import NotFound
from busops.services import certificates
from busops.services.certificates import CA_CERT, SERVER_CERT, Shown
from busops.services.host_names import is_address
from busops.web.context import current
from busops.web.printing import qr
from busops.web.security import public

bp = Blueprint("ca", __name__, url_prefix="/ca")
MIMETYPE: Final = "application/x-x509-ca-cert"
GROUPS_A_LINE: Final = 8


@bp.get("")
@public
def show() -> str:
    """The fingerprint, a QR code of this page, the file, and the steps for each kind of tablet."""
    authority = _authority()
    pairs = authority.fingerprint.split(":")
    lines = [" ".join(pairs[at : at + GROUPS_A_LINE]) for at in range(0, len(pairs), GROUPS_A_LINE)]
    address = _address()
    return render_template(
        "ca/ca.html", authority=authority, fingerprint=lines, address=address, qr=qr(address)
    )


@bp.get("/busops-ca.crt")
@public
def der() -> Response:
    """The certificate as Android, iPadOS and Windows take it."""
    return Response(_authority().der, mimetype=MIMETYPE)


@bp.get("/busops-ca.pem")
@public
def pem() -> Response:
    """The certificate as text, for browsers and programs with a store of their own."""
    return Response(_authority().pem, mimetype=MIMETYPE)


def page_path() -> str | None:
    """Where tablets find the certificate; None where this machine has no authority of its own."""
    return url_for("ca.show") if (current().settings.tls_path / CA_CERT).is_file() else None


def _authority() -> Shown:
    try:
        return certificates.shown(current().settings.tls_path / CA_CERT)
    except NotFound as fault:
        raise NotFound("authority_none") from fault


def _address() -> str:
    """Where a tablet finds this page: over plain HTTP where that is served, under a name it can reach."""
    settings = current().settings
    path = url_for("ca.show")
    if settings.ca_port:
        return f"http://{_reachable(_asked())}:{settings.ca_port}{path}"
    port = "" if settings.port == (443 if settings.tls else 80) else f":{settings.port}"
    return f"http{'s' if settings.tls else ''}://{_reachable(_asked())}{port}{path}"


def _asked() -> str:
    """The name this request was sent to, as it stands in an address."""
    host = request.host
    return host[: host.index("]") + 1] if host.startswith("[") else host.partition(":")[0]


def _reachable(host: str) -> str:
    """The name asked for, unless it means this machine only: then one of the certificate's."""
    if not _is_here(host.strip("[]")):
        return host
    try:
        names = certificates.shown(current().settings.tls_path / SERVER_CERT).names
    except NotFound:
        return host
    others = sorted((name for name in names if not _is_here(name)), key=lambda name: not is_address(name))
    if not others:
        return host
    return f"[{others[0]}]" if ":" in others[0] else others[0]


def _is_here(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"
