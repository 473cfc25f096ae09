"""
Segregation of duties person by person: whoever did one act is refused the other, whatever role he has now.

Roles are the pages' (``tests/web/test_money_duties.py``); here one person changes his role between two
acts, as a school may do, and is refused all the same.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from busops.domain.errors import Refused
from busops.domain.people import Actor, Role
from busops.finance.allowances import Allowance, AllowanceKind, AllowanceState
from busops.services import allowances, periods, refunds
from tests.unit.services.money_scene import CLERK, HOME, LEAD, MoneyScene
from tests.unit.services.test_deliveries import MARCH, settle
from tests.unit.services.test_refunds import BUS, OTHER, ask, scene

__all__ = ["scene"]
OTHER_LEAD = replace(LEAD, user_id="lead-2")


def as_role(person: Actor, role: Role) -> Actor:
    """The same person in another role."""
    return replace(person, role=role)


def refused(act: Callable[[], object]) -> set[str]:
    """Why the act is refused: the reasons' codes."""
    with pytest.raises(Refused) as caught:
        act()
    return {reason.code for reason in caught.value.reasons}


def test_one_refund_takes_other_hands_at_every_step(scene: MoneyScene) -> None:
    """Who asked, checked or took in the bill does not approve; who asked or approved does not pay."""
    made, here = scene.database, {"clock": scene.clock, "ids": scene.ids}
    refund_id = ask(scene)
    checker = as_role(OTHER, Role.DISPATCHER)
    refunds.check(made, refund_id, clock=scene.clock, by=checker)
    reasons = {
        person.user_id: refused(
            lambda person=person: refunds.approve(
                made, refund_id, **here, by=as_role(person, Role.FINANCE_LEAD)
            )
        )
        for person in (BUS, checker, CLERK)
    }
    assert reasons == {
        "bus": {"refund_same_person"}, "cashier": {"refund_same_person"},
        "clerk": {"refund_approver_imported"},
    }  # fmt: skip
    refunds.approve(made, refund_id, **here, by=LEAD)
    for person in (BUS, LEAD):
        payer = as_role(person, Role.FINANCE)
        assert refused(lambda payer=payer: refunds.pay(made, refund_id, reference="W", **here, by=payer)) == {
            "refund_same_person"
        }
    refunds.ask_back(made, refund_id, note="付不出", clock=scene.clock, by=CLERK)
    turned = as_role(CLERK, Role.FINANCE_LEAD)
    assert refused(lambda: refunds.take_back(made, refund_id, **here, by=turned)) == {"refund_same_person"}


def test_an_allowance_takes_two_people(scene: MoneyScene) -> None:
    """Who proposed it does not decide it, as head of finance either."""
    wanted = Allowance(
        allowance_id="a1", rider_id="20230002", unit_key=HOME, kind=AllowanceKind.HARDSHIP, fen=500,
        state=AllowanceState.PROPOSED, proposed_by=CLERK.user_id,
    )  # fmt: skip
    allowances.propose_allowance(scene.database, wanted, note="困难", clock=scene.clock, by=CLERK)
    turned = as_role(CLERK, Role.FINANCE_LEAD)
    assert refused(
        lambda: allowances.decide_allowance(
            scene.database, "a1", agree="APPROVED", note="", clock=scene.clock, ids=scene.ids, by=turned
        )
    ) == {"allowance_same_person"}


def test_a_month_is_closed_by_who_neither_imported_nor_approved_nor_prepared(scene: MoneyScene) -> None:
    """
    CLERK took in the bill, LEAD approved a refund, OTHER prepared: none of them closes, another head does.
    """
    here = {"clock": scene.clock, "ids": scene.ids}
    refund_id = ask(scene)
    refunds.check(scene.database, refund_id, clock=scene.clock, by=BUS)
    refunds.approve(scene.database, refund_id, **here, by=LEAD)
    scene.clock.advance(25 * 24 * 3600)
    settle(scene)
    assert "signer_role_wrong" in refused(
        lambda: periods.prepare_period(scene.database, MARCH, **here, by=LEAD)
    )
    periods.prepare_period(scene.database, MARCH, **here, by=OTHER)

    def close(by: Actor) -> set[str]:
        return refused(lambda: periods.close_period(scene.database, MARCH, clock=scene.clock, by=by))

    assert close(as_role(CLERK, Role.FINANCE_LEAD)) == {"closer_imported"}
    assert close(LEAD) == {"closer_approved_refund"}
    assert close(as_role(OTHER, Role.FINANCE_LEAD)) == {"signer_prepared"}
    assert "signer_role_wrong" in close(replace(OTHER_LEAD, role=Role.FINANCE))
    periods.close_period(scene.database, MARCH, clock=scene.clock, by=OTHER_LEAD)
    assert [item.locked_by for item in periods.list_periods(scene.database)] == ["lead-2"]
