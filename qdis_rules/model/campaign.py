"""A campagne against its ruleset: is each decision sound, and how do checks stand on a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from qdis_rules.diagnostics import Diagnostic, Outcome, in_source_order
from qdis_rules.model import errors, typed
from qdis_rules.model.standing import after, written
from qdis_rules.model.typed import GENERATED, UNREACHED
from qdis_rules.source import Span
from qdis_rules.syntax import tree


def check_campaign(syntax: tree.CampaignTree, ruleset: typed.TypedRuleset) -> Outcome[typed.Campaign]:
    """Return the decisions of a campagne, in order of date, and what is wrong with them."""
    checker = _Checker(ruleset)
    decisions = checker.run(syntax)
    return Outcome(typed.Campaign(decisions), in_source_order(checker.diagnostics))


class _Checker:
    def __init__(self, ruleset: typed.TypedRuleset) -> None:
        self.ruleset = ruleset
        self.diagnostics: list[Diagnostic] = []

    def run(self, syntax: tree.CampaignTree) -> tuple[typed.Decision, ...]:
        if not self._fits(syntax):
            return ()  # its codes are those of another ruleset
        found: list[typed.Decision] = []
        for node in syntax.declarations:
            if isinstance(node, tree.DecisionDecl):
                found.extend(self._decisions(node))
        found.sort(key=lambda decision: decision.since)  # stable: the order written, on one day
        if not self.diagnostics:
            self._conflicts(found)
        if not self.diagnostics:
            self._idle(found)
        return tuple(found)

    def _fits(self, syntax: tree.CampaignTree) -> bool:
        heads = [node for node in syntax.declarations if isinstance(node, tree.CampaignDecl)]
        if not heads:
            if not syntax.broken:
                self.diagnostics.append(errors.no_campaign(_start(syntax), self.ruleset.name, self.ruleset.year))
            return True
        head, *others = heads
        for other in others:
            what = "la campagne"
            self.diagnostics.append(errors.duplicate(what, other.name.text, other.name.span, head.name.span))
        # An exercice that could not be read is 0, which was said.
        if head.name.text == self.ruleset.name and head.year in (self.ruleset.year, 0):
            return True
        here, there = f"{head.name.text} {head.year}", f"{self.ruleset.name} {self.ruleset.year}"
        self.diagnostics.append(errors.other_campaign(head.span, here, there))
        return False

    def _decisions(self, node: tree.DecisionDecl) -> Iterator[typed.Decision]:
        """Yield one decision a check, once everything about it is known."""
        author = node.author.value if node.author is not None else ""
        reason = node.reason.value if node.reason is not None else ""
        missing = [
            what
            for what, given in (("« à compter du »", node.since), ("« par »", author), ("« motif »", reason))
            if not given
        ]
        if missing:
            self.diagnostics.append(errors.incomplete_decision(node.head, missing))
        for code in node.codes:
            if not self._known(code.text):
                self.diagnostics.append(
                    errors.unknown_check(code.span, self._near(code.text), typed.marks_of(self.ruleset.checks))
                )
            elif node.since is not None:
                yield typed.Decision(
                    code.text,
                    node.action,
                    node.severity,
                    node.justifiable,
                    node.since.value,
                    author,
                    reason,
                    code.span,
                )

    def _known(self, code: str) -> bool:
        """Tell whether a report of this ruleset may show the check `code`."""
        cell, _, suffix = code.rpartition("~")
        return code in self.ruleset.checks or code == UNREACHED or (suffix in GENERATED and cell in self.ruleset.cells)

    def _near(self, code: str) -> Iterable[str]:
        """Yield the codes that `code` may have been meant to be."""
        yield from self.ruleset.checks
        yield UNREACHED
        cell, _, suffix = code.rpartition("~")
        if suffix in GENERATED:
            yield from (f"{known}~{suffix}" for known in self.ruleset.cells)
        elif cell in self.ruleset.cells:
            yield from (f"{cell}~{known}" for known in GENERATED)

    def _conflicts(self, decisions: Iterable[typed.Decision]) -> None:
        """Two decisions of one day on the same matter have no order."""
        seen: dict[tuple[str, date, bool], typed.Decision] = {}
        for decision in decisions:
            first = seen.setdefault((decision.code, decision.since, decision.severity is None), decision)
            if first is not decision:
                self.diagnostics.append(errors.decided_twice(decision.span, decision.code, first.span))

    def _idle(self, decisions: Iterable[typed.Decision]) -> None:
        """Decisions that leave their check as it was."""
        standings: dict[str, typed.Standing] = {}
        for decision in decisions:
            as_written = written(self.ruleset, decision.code)
            before = standings.get(decision.code, as_written)
            now = after(before, decision, as_written)
            standings[decision.code] = now
            if replace(now, decisions=()) == replace(before, decisions=()):
                self.diagnostics.append(errors.idle_decision(decision.span, decision.code, _state(before, decision)))


def _state(standing: typed.Standing, decision: typed.Decision) -> str:
    if decision.severity is None:
        return "actif" if standing.active else "désactivé"
    return f"{standing.severity}{' justifiable' if standing.justifiable else ''}"


def _start(syntax: tree.CampaignTree) -> Span:
    start = syntax.declarations[0].span.start if syntax.declarations else 0
    return Span(syntax.source, start, start)
