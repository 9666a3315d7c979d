"""The examples and the dossiers of a ruleset, run for a command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING

from qdis_rules.records import dataclass

if TYPE_CHECKING:
    from qdis_rules.authoring.examples import ExampleResult
    from qdis_rules.evaluation.dossier import DossierError
    from qdis_rules.evaluation.report import Report
    from qdis_rules.pipeline import Ruleset


@dataclass(slots=True)
class Run:
    """What running a ruleset gives besides reports: results of examples, dossiers, how many can be validated."""

    ruleset: Ruleset
    which: str
    results: list[ExampleResult] = field(default_factory=list)
    dossiers: list[str] = field(default_factory=list)
    ready: int = 0
    lost: list[DossierError] = field(default_factory=list)

    def reports(self) -> Iterator[tuple[str, Report]]:
        """Yield the report of each example and dossier, with its name."""
        from qdis_rules.authoring.examples import evaluated_dossiers, evaluated_examples
        from qdis_rules.evaluation.report import Report
        from qdis_rules.formats.dossier import DossierFolder
        from qdis_rules.pipeline import dossiers_folder

        folder = DossierFolder(dossiers_folder(self.which))
        for result, report in evaluated_examples(self.ruleset, folder.read):
            self.results.append(result)
            if report is not None:
                yield result.title, report
        for name, found in evaluated_dossiers(self.ruleset, folder.names(), folder.read):
            if isinstance(found, Report):
                self.dossiers.append(name)
                self.ready += found.ready_for_validation
                yield name, found
            else:
                self.lost.append(found)

    @property
    def failed(self) -> int:
        """How many examples fail."""
        return sum(1 for result in self.results if not result.passed)
