"""How the checks of a ruleset stand on a day, once its campagne is read."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final, cast

from qdis_rules.model import typed

_MADE: Final = typed.Standing("bloquant")
"""How a check made while evaluating stands when nothing is decided."""


def on_day(ruleset: typed.TypedRuleset, campaign: typed.Campaign, day: date) -> typed.TypedRuleset:
    """Return the ruleset, as written, with its checks as `campaign` has them stand on `day`."""
    standings: dict[str, typed.Standing] = {}
    for decision in campaign.decisions:
        if decision.since <= day:
            as_written = written(ruleset, decision.code)
            standings[decision.code] = after(standings.get(decision.code, as_written), decision, as_written)
    standings = {code: standing for code, standing in standings.items() if standing.decisions}
    decided = {
        code: replace(
            ruleset.checks[code],
            severity=standing.severity,
            justifiable=standing.justifiable,
            active=standing.active,
            decisions=standing.decisions,
        )
        for code, standing in standings.items()
        if code in ruleset.checks
    }
    checks = MappingProxyType(ChainMap(decided, cast(dict[str, typed.Check], ruleset.checks)))
    return replace(
        ruleset, checks=checks if decided else ruleset.checks, day=day, standings=MappingProxyType(standings)
    )


def written(ruleset: typed.TypedRuleset, code: str) -> typed.Standing:
    """Return how a check stands when nothing is decided."""
    check = ruleset.checks.get(code)
    return typed.Standing(check.severity, check.justifiable) if check is not None else _MADE


def after(standing: typed.Standing, decision: typed.Decision, as_written: typed.Standing) -> typed.Standing:
    """Return how a check stands after a decision; only what makes it differ from its ruleset is kept."""
    kept = tuple(other for other in standing.decisions if not _same_matter(other, decision))
    if decision.severity is None:
        active = decision.action == "réactiver"
        return replace(standing, active=active, decisions=kept if active else (*kept, decision))
    back = (decision.severity, decision.justifiable) == (as_written.severity, as_written.justifiable)
    decisions = kept if back else (decision, *kept)
    return typed.Standing(decision.severity, decision.justifiable, standing.active, decisions)


def _same_matter(one: typed.Decision, other: typed.Decision) -> bool:
    """Tell whether both decide the severity, or both whether the check is active."""
    return (one.severity is None) == (other.severity is None)
