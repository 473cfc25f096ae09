"""
The API around a vehicle's tablet: taking an offer, asking how it stands, a person's PIN.

A PIN opens nothing but what a tablet may do: the token it gives is a device's, never a session.
"""

from typing import Any, Final

from flask import Blueprint, jsonify, request
from pydantic import ValidationError

from busops.domain.errors import InvalidInput, Refused
from busops.domain.values import CrewId
from busops.services import enrolment, pins
from busops.web import api_models as models
from busops.web import problem
from busops.web.api_doors import by_device, by_device_or_pending, documented, holder
from busops.web.context import current, runtime
from busops.web.security import public

bp = Blueprint("devices", __name__, url_prefix="/v1/devices")
CREATED: Final = 201
TOO_MANY: Final = 429


@bp.post("/enrol")
@public
@documented(
    models.Taken,
    json_body=models.Take,
    status=CREATED,
    HTTP_400=models.Problem,
    HTTP_409=models.Problem,
    HTTP_429=models.Problem,
)
def enrol() -> Any:
    """This browser takes the offer of a code; it waits until somebody has compared the check code."""
    here = current()
    try:
        wanted = models.Take.model_validate(request.get_json(silent=True) or {})
        taken = enrolment.take(
            here.database,
            code=wanted.code,
            public_key=wanted.key,
            name=wanted.name,
            address=request.remote_addr or "",
            clock=here.clock,
            machine_clock=runtime().machine_clock,
        )
    except ValidationError:
        return problem.problem(400, "enrolment_unreadable")
    except InvalidInput as fault:
        return problem.of_error(fault, 400)
    except Refused as refusal:
        return problem.of_error(refusal, TOO_MANY if refusal.code == "signin_wait" else 409)
    document = {"dev": taken.dev, "token": taken.token, "check": taken.check_code, "plate": taken.plate}
    return jsonify(document | {"role": taken.role.value}), CREATED


@bp.get("/me")
@by_device_or_pending
@documented(models.Me)
def me() -> Any:
    """How this tablet stands: waiting to be compared, in use, or not believed any more."""
    who = holder()
    state = "pending" if who.is_pending else "active" if who.is_trusted else "frozen"
    return jsonify({"dev": who.dev, "state": state, "plate": who.plate})


@bp.post("/pin")
@by_device
@documented(
    models.Entered,
    json_body=models.Enter,
    HTTP_400=models.Problem,
    HTTP_403=models.Problem,
    HTTP_409=models.Problem,
)
def pin() -> Any:
    """A person shows a PIN on the vehicle's tablet: what is recorded from now on is in that name."""
    here = current()
    try:
        wanted = models.Enter.model_validate(request.get_json(silent=True) or {})
    except ValidationError:
        return problem.problem(400, "pin_unreadable")
    try:
        entered = pins.enter(
            here.database,
            holder(),
            crew_id=CrewId(wanted.crew),
            pin=wanted.pin,
            clock=here.clock,
            hasher=runtime().hasher,
        )
    except Refused as refusal:
        return problem.of_error(refusal, 409)
    document = {"crew": entered.crew_id, "name": entered.name, "role": entered.role.value}
    return jsonify(document | {"token": entered.token})
