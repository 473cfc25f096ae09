"""Segregation of duties: who may take which act of the money, as one reviewed table, and nobody else."""

import pytest
from flask import Flask

from busops.domain.people import Role
from busops.finance import costs
from busops.finance.allowances import DECIDERS, PROPOSERS
from busops.finance.refunds import OTHER_HANDS, STEP_ROLES, RefundState
from busops.web.security import access_of

BUS, CLERK, LEAD, WATCH = Role.DISPATCHER, Role.FINANCE, Role.FINANCE_LEAD, Role.SUPERVISOR
# Reviewed by hand: every act that changes money or what is said of it. Domain §3.5, reliability §6.
ACTS = {
    "finance.charge": {CLERK},
    "finance.costs.enter": {CLERK},
    "finance.costs.take_back": {CLERK},
    "finance.costs.add_paper": {CLERK},
    "finance.costs.decide": {LEAD, WATCH},
    "finance.costs.withdraw": {CLERK},
    "finance.depreciation.add": {CLERK},
    "finance.depreciation.accept": {CLERK, LEAD},
    "finance.receipts.upload": {CLERK},
    "finance.receipts.accept": {CLERK},
    "finance.receipts.discard": {CLERK},
    "finance.receipts.take_back": {CLERK},
    "finance.receipts.claim": {CLERK},
    "finance.receipts.split": {CLERK},
    "finance.receipts.set_aside": {CLERK},
    "finance.claims.approve": {CLERK, LEAD, WATCH},
    "finance.claims.reject": {CLERK, LEAD, WATCH},
    "finance.claims.withdraw": {CLERK, LEAD, WATCH},
    "finance.periods.dispose": {CLERK, LEAD},
    "finance.periods.prepare": {CLERK},
    "finance.periods.close": {LEAD},
    "finance.refunds.ask": {BUS, CLERK, WATCH},
    "finance.refunds.look": {CLERK},
    "finance.refunds.check": {BUS},
    "finance.refunds.refuse": {BUS, LEAD},
    "finance.refunds.approve": {LEAD},
    "finance.refunds.pay": {CLERK},
    "finance.refunds.see": {CLERK},
    "finance.refunds.ask_back": {CLERK},
    "finance.refunds.take_back": {LEAD},
    "finance.refunds.change_policy": {LEAD},
    "finance.accounts.propose": {CLERK},
    "finance.accounts.decide": {LEAD},
    "finance.accounts.carry": {CLERK},
    "finance.accounts.keep_service": {CLERK},
    "finance.fees.agree": {CLERK},
    "finance.fees.give": {CLERK},
    "finance.fees.undo": {CLERK},
    "finance.accounts.give_receipt": {CLERK},
    "finance.accounts.void": {CLERK},
}
# Acts that no one role may have both of: whoever does the first never does the second.
APART = (
    ("finance.receipts.accept", "finance.refunds.approve"),
    ("finance.receipts.accept", "finance.periods.close"),
    ("finance.receipts.accept", "finance.refunds.check"),
    ("finance.periods.prepare", "finance.periods.close"),
    ("finance.refunds.ask", "finance.refunds.approve"),
    ("finance.refunds.check", "finance.refunds.approve"),
    ("finance.refunds.approve", "finance.refunds.pay"),
    ("finance.accounts.propose", "finance.accounts.decide"),
    ("finance.charge", "finance.refunds.approve"),
    ("finance.costs.enter", "finance.costs.decide"),
    ("finance.costs.take_back", "finance.costs.decide"),
    ("finance.refunds.ask_back", "finance.refunds.take_back"),
    ("finance.refunds.pay", "finance.refunds.take_back"),
)
# The bus team reads no page of money but that of refunds, which shows it no amounts.
BUS_READS = {"finance.refunds.index", "finance.refunds.policy"}


def endpoints(app: Flask, method: str) -> set[str]:
    """The finance pages that answer this method."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("finance.") and method in (rule.methods or set())
    }


def roles_of(app: Flask, endpoint: str) -> set[Role]:
    """Who may call it."""
    access = access_of(app, endpoint)
    assert access is not None
    assert not access.is_public
    return set(access.roles)


def test_every_act_of_the_money_belongs_to_the_roles_of_the_table(app: Flask) -> None:
    """No act is open to another role, and none is left out of the table (other tables may add their own)."""
    acts = endpoints(app, "POST")
    assert set(ACTS) <= acts
    assert {name: roles_of(app, name) for name in ACTS} == ACTS
    others = {name: roles_of(app, name) for name in acts - set(ACTS)}
    assert all(roles <= {CLERK, LEAD, WATCH} for roles in others.values()), others


@pytest.mark.parametrize(("first", "second"), APART)
def test_these_acts_are_never_one_roles(app: Flask, first: str, second: str) -> None:
    """FN16. Import, request, approval, payment and close lie in different hands."""
    assert not roles_of(app, first) & roles_of(app, second)


def test_administrators_crews_and_the_bus_team_see_no_money(app: Flask) -> None:
    """No page of money is open to an administrator or a crew, and of the bus team's only that of refunds."""
    for name in endpoints(app, "GET") | endpoints(app, "POST"):
        roles = roles_of(app, name)
        assert not roles & {Role.ADMIN, Role.ATTENDANT, Role.DRIVER}, name
    read = {name for name in endpoints(app, "GET") if BUS in roles_of(app, name)}
    assert read == BUS_READS


def test_the_domain_asks_for_the_same_hands(app: Flask) -> None:
    """The pages' roles are those of the domain's own tables, which services ask again."""
    pages = {
        RefundState.REQUESTED: "ask", RefundState.CHECKED: "check", RefundState.APPROVED: "approve",
        RefundState.PAID: "pay", RefundState.RECONCILED: "see", RefundState.REFUSED: "refuse",
        RefundState.RETURNING: "ask_back", RefundState.RETURNED: "take_back",
    }  # fmt: skip
    for state, page in pages.items():
        assert roles_of(app, f"finance.refunds.{page}") == STEP_ROLES[state]
    assert roles_of(app, "finance.accounts.propose") == PROPOSERS
    assert roles_of(app, "finance.accounts.decide") == DECIDERS
    assert roles_of(app, "finance.costs.enter") == costs.PROPOSERS
    assert roles_of(app, "finance.costs.decide") == costs.DECIDERS
    assert OTHER_HANDS[RefundState.PAID] == {RefundState.REQUESTED, RefundState.APPROVED}
