"""How commands send what a tablet would send: to the application itself, without a network."""

from collections.abc import Mapping
from typing import Any

from busops.services.simulated_crew import Transport


def wsgi_transport(app: Any) -> Transport:
    """Requests to a WSGI application's test client; each stands alone, with a token and no cookie."""

    def send(method: str, path: str, headers: Mapping[str, str], body: Any) -> tuple[int, Any]:
        answer = app.test_client().open(path, method=method, headers=dict(headers), json=body)
        return answer.status_code, answer.get_json(silent=True)

    return send
