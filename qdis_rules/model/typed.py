"""The typed ruleset: every name a symbol, every formula typed.

Numbers are in base units: reading a cell in kEUR yields euros. Codes identify things:
`T.row.column` a cell, `T.*.column` the column of a list, `F.name` an aggregate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from typing import Final, TypeAlias

from qdis_rules.model.types import CONDITION, ERROR, NumberType, Type
from qdis_rules.numbers import Exact
from qdis_rules.records import dataclass
from qdis_rules.source import Span
from qdis_rules.syntax.texts import Placeholder, Text
from qdis_rules.units import Unit

Constant: TypeAlias = Exact | bool | date | str

GENERATED: Final = ("saisie", "rapatriement", "comptes", "reprise")
"""Suffixes of the checks that compare a second value of a cell with the one retained."""
UNREACHED: Final = "balance~comptes"
"""The code of the check that every account of the trial balance reaches a cell."""


# --- expressions ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    """A literal, in base units; a choice or a text is a str."""

    value: Constant
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CellValue:
    """The cell `code`, `back` years ago."""

    code: str
    back: int
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RowValue:
    """The column of the list row at hand (inside `Rows`, a list formula or a list check)."""

    code: str
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AggregateValue:
    """The aggregate `code`, unrounded, `back` years ago."""

    code: str
    back: int
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """The parameter `code` for the year at hand."""

    code: str
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class YearValue:
    """`exercice`: the year at hand, a plain number."""

    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Negation:
    """`-x`."""

    operand: Expr
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms with their sign (True: subtracted)."""

    terms: tuple[tuple[bool, Expr], ...]
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Product:
    """Factors with their side (True: divides)."""

    factors: tuple[tuple[bool, Expr], ...]
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Margin:
    """The tolerance of a comparison.

    `amount` is in base units, or a ratio when `relative`. `per_term` multiplies it by the
    number of entered cells read: `cells`, plus the rows of each list in `lists`.
    """

    amount: Exact
    relative: bool = False
    per_term: bool = False
    cells: int = 0
    lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left op right`; `margin` is None where comparisons are exact."""

    left: Expr
    op: str
    right: Expr
    margin: Margin | None
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Between:
    """`value entre low et high`, bounds included."""

    value: Expr
    low: Expr
    high: Expr
    margin: Margin | None
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`non c`."""

    operand: Expr
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    """All of them (Kleene)."""

    operands: tuple[Expr, ...]
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    """One of them (Kleene)."""

    operands: tuple[Expr, ...]
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """`si c alors a sinon b`: only the branch taken counts."""

    condition: Expr
    then: Expr
    otherwise: Expr
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Rows:
    """One item of a `Fold` for each row of the list `table`, where `condition` holds."""

    table: str
    value: Expr
    condition: Expr | None
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Fold:
    """`somme`, `moyenne`, `min`, `max` or `nombre` over items (ranges are already spread)."""

    function: str
    items: tuple[Expr, ...]
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Apply:
    """A function of single values: `défaut`, `renseigné`, `abs`, `année`, the roundings."""

    function: str
    arguments: tuple[Expr, ...]
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Supplied:
    """True when the dossier itself gives the cell a value (before `vide vaut 0`).

    Of a table: when it gives a row, or types or imports a cell. Accounts alone begin no table.
    """

    code: str
    in_row: bool
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Invalid:
    """What was already reported; it agrees with everything and never runs."""

    span: Span = field(compare=False, repr=False)
    type: Type = ERROR


Expr: TypeAlias = (
    Const
    | CellValue
    | RowValue
    | AggregateValue
    | ParameterValue
    | YearValue
    | Negation
    | Sum
    | Product
    | Comparison
    | Between
    | Not
    | And
    | Or
    | Conditional
    | Rows
    | Fold
    | Apply
    | Supplied
    | Invalid
)


def children(node: Expr) -> tuple[Expr, ...]:
    """Return the direct sub-expressions, left to right."""
    match node:
        case Negation(operand) | Not(operand):
            return (operand,)
        case Sum(pairs) | Product(pairs):
            return tuple(operand for _, operand in pairs)
        case Comparison(left, _, right):
            return (left, right)
        case Between(value, low, high):
            return (value, low, high)
        case And(operands) | Or(operands) | Fold(_, operands) | Apply(_, operands):
            return operands
        case Conditional(condition, then, otherwise):
            return (condition, then, otherwise)
        case Rows(_, value, condition):
            return (value,) if condition is None else (value, condition)
        case _:
            return ()


def walk(node: Expr) -> Iterator[Expr]:
    """Yield `node` and everything below it, parents first."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(children(top)))


def deciding(
    body: Expr, taken: tuple[tuple[Expr, bool], ...] = ()
) -> Iterator[tuple[Comparison | Between, tuple[tuple[Expr, bool], ...]]]:
    """Yield the comparisons of numbers that decide a condition, left to right.

    Not those of filters, nor those inside operands; with each, the conditions of `si` that lead to it.
    """
    match body:
        case Comparison(left) if isinstance(left.type, NumberType):
            yield body, taken
        case Between(value) if isinstance(value.type, NumberType):
            yield body, taken
        case And() | Or() | Not() | Comparison():
            for part in children(body):
                yield from deciding(part, taken)
        case Conditional(condition, then, otherwise):
            yield from deciding(then, (*taken, (condition, True)))
            yield from deciding(otherwise, (*taken, (condition, False)))
        case _:
            pass


# --- what is declared ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notes:
    """Source, reliability, help and official number of a declaration."""

    source: str | None = None
    reliability: str | None = None
    help: str | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The accounts a cell reads: prefixes without exceptions, and how they are read.

    `reading` is `débit`, `crédit`, `débiteurs`, `créditeurs`, the same after `ouverture `,
    or `mouvements débit` / `mouvements crédit`. `without` are selections taken off;
    `derived` tells a selection that `ouverture de` took over from another column.
    """

    prefixes: tuple[str, ...]
    exceptions: tuple[str, ...]
    without: tuple[Selection, ...]
    reading: str
    derived: bool
    prefix_spans: tuple[Span, ...] = field(compare=False, repr=False)

    def takes(self, account: str) -> bool:
        """True when `account` is among those selected, whatever its balance."""
        return (
            account.startswith(self.prefixes)
            and not (self.exceptions and account.startswith(self.exceptions))
            and not any(other.takes(account) for other in self.without)
        )


@dataclass(frozen=True, slots=True, repr=False)
class Cell:
    """One cell of a table, or one column of a list (`row` is then `*`).

    `unit` is None for what is not a number. `formula` is None for an entered cell.
    `carried_from` is the code of last year's cell (`reprise de`). `tolerance`, in base units,
    is that of the check which compares a second value with the one retained. `required` and `bounds`
    are as its author wrote them: « obligatoire quand … », « entre 0 et 100 », None without.
    """

    code: str
    table: str
    row: str
    column: str
    label: str
    type: Type
    unit: Unit | None
    formula: Expr | None
    selection: Selection | None
    carried_from: str | None
    since: tuple[int, str] | None
    tolerance: Exact
    notes: Notes
    span: Span = field(compare=False, repr=False)
    required: str | None = None
    bounds: str | None = None

    @property
    def formula_text(self) -> str | None:
        """The formula as its author wrote it, None for an entered cell."""
        return self.formula.span.inline if self.formula is not None else None

    def __repr__(self) -> str:
        return f"<Cell {self.code} « {self.label} », {self.type}>"


@dataclass(frozen=True, slots=True)
class RowInfo:
    """A row of a fixed table: code, label if given, and the section it stands under."""

    name: str
    label: str | None
    section: str | None
    notes: Notes
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column: code, and label if given."""

    name: str
    label: str | None
    notes: Notes
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """A table: its rows and columns in the order declared; `key` names a list's key column.

    Tables with the same `statement` are one accounting statement: an account counts once in it.
    `optional` is `facultatif`, `not_applicable` its `sans objet quand`.
    """

    code: str
    label: str
    origin: str
    statement: str | None
    empty_is_zero: bool
    optional: bool
    not_applicable: Expr | None
    key: str | None
    rows: Mapping[str, RowInfo]
    columns: Mapping[str, ColumnInfo]
    cells: tuple[str, ...]
    notes: Notes
    span: Span = field(compare=False, repr=False)

    def __repr__(self) -> str:
        return f"<Table {self.code} « {self.label} », {len(self.cells)} {'columns' if self.is_list else 'cells'}>"

    @property
    def is_list(self) -> bool:
        """True when the dossier supplies the rows."""
        return self.key is not None

    @property
    def closed(self) -> Expr | None:
        """When its cells are *sans objet*: nothing of a `facultatif` table is given, or it does not apply."""
        if not self.optional:
            return self.not_applicable
        empty = Not(Supplied(self.code, False, CONDITION, self.span), CONDITION, self.span)
        return empty if self.not_applicable is None else Or((empty, self.not_applicable), CONDITION, self.span)


@dataclass(frozen=True, slots=True)
class ParameterYear:
    """A value (None: `inconnu`) and the years for which it was checked (None: no bound)."""

    value: Constant | None
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True, repr=False)
class Parameter:
    """A `paramètre`: its values by year, in base units."""

    code: str
    label: str
    type: Type
    unit: Unit | None
    values: tuple[ParameterYear, ...]
    notes: Notes
    span: Span = field(compare=False, repr=False)

    def __repr__(self) -> str:
        return f"<Parameter {self.code} « {self.label} », {self.type}>"

    def value_for(self, year: int) -> ParameterYear | None:
        """Return the value for `year`: checked for it, else the latest checked before it."""
        earlier = None
        for dated in self.values:
            if (dated.first is None or dated.first <= year) and (dated.last is None or year <= dated.last):
                return dated
            if dated.last is not None and dated.last < year:
                if earlier is None or dated.last > (earlier.last or 0):
                    earlier = dated
        return earlier

    def reviewed_for(self, year: int) -> bool:
        """True when a value was checked for `year` itself."""
        found = self.value_for(year)
        return found is not None and (found.last is None or found.last >= year)


@dataclass(frozen=True, slots=True, repr=False)
class Family:
    """A family of aggregates: code and label."""

    code: str
    label: str
    notes: Notes
    span: Span = field(compare=False, repr=False)

    def __repr__(self) -> str:
        return f"<Family {self.code} « {self.label} »>"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit an aggregate may cross: exact, on the unrounded value."""

    name: str
    condition: Comparison
    message: str | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class Aggregate:
    """An `agrégat`. `places` is None when its value is shown unrounded."""

    code: str
    family: str | None
    section: str | None
    label: str
    internal: bool
    type: Type
    unit: Unit | None
    places: int | None
    guard: Expr | None
    formula: Expr
    thresholds: tuple[Threshold, ...]
    since: tuple[int, str] | None
    notes: Notes
    span: Span = field(compare=False, repr=False)

    def __repr__(self) -> str:
        return f"<Aggregate {self.code} « {self.label} », {self.type}>"


MessagePart: TypeAlias = str | Expr | Placeholder


@dataclass(frozen=True, slots=True)
class CheckInstance:
    """A check as it applies to one row or column (`key` None: once).

    With `rows_of`, it applies to each row the dossier gives that list.
    """

    key: str | None
    label: str | None
    rows_of: str | None
    guard: Expr | None
    body: Expr
    message: tuple[MessagePart, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a campagne decides of one check from a day on.

    `action` is `désactiver`, `réactiver` or `rendre`, which alone has a `severity` and may make
    the check `justifiable`. `str()` gives the sentence a report shows.
    """

    code: str
    action: str
    severity: str | None
    justifiable: bool
    since: date
    author: str
    reason: str
    span: Span = field(compare=False, repr=False)

    def __str__(self) -> str:
        if self.severity is None:
            done = f"{self.action.removesuffix('er')}é"
        else:
            done = f"rendu {self.severity}{' justifiable' if self.justifiable else ''}"
        return f"{done} depuis le {self.since:%d/%m/%Y} par {self.author} : {self.reason}"


@dataclass(frozen=True, slots=True)
class Campaign:
    """The decisions of a campagne, checked against its ruleset: one a check, from the earliest on."""

    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a check stands on a day: as its ruleset says, but for the `decisions` in force."""

    severity: str
    justifiable: bool = False
    active: bool = True
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Check:
    """A `contrôle`, declared or generated (`origin`: the cell whose declaration implies it).

    `severity`, `justifiable` and `active` are in force: `decisions` are those of the campagne behind them.
    """

    code: str
    severity: str
    justifiable: bool
    text: str
    instances: tuple[CheckInstance, ...]
    origin: str | None
    notes: Notes
    span: Span = field(compare=False, repr=False)
    active: bool = True
    decisions: tuple[Decision, ...] = ()

    def __repr__(self) -> str:
        return f"<Check {self.code} {self.severity} « {self.text} »>"


def is_generated(code: str) -> bool:
    """True for the code of a check that a declaration implies, or that second values do: `T.l.c~obligatoire`."""
    return "~" in code


def marks_of(checks: Mapping[str, Check]) -> dict[str, str]:
    """Return the code of the first check that bears each official number (`repère`)."""
    found: dict[str, str] = {}
    for check in checks.values():
        if check.notes.mark is not None:
            found.setdefault(check.notes.mark, check.code)
    return found


@dataclass(frozen=True, slots=True)
class ExampleStep:
    """One line of an `exemple`, resolved.

    `kind`: "cell", "row" (list cell: `row` is its key), "aggregate", "parameter", "account" or "check"; "line"
    is a whole row of the list `code`. `value` is in base units, None when `state` says what stands
    instead; `moment` is what is given of an account (None: its closing balance).
    """

    kind: str
    code: str
    back: int
    row: str | None
    value: Constant | None
    tolerance: Exact | None
    state: str | None
    span: Span = field(compare=False, repr=False)
    moment: str | None = None


@dataclass(frozen=True, slots=True)
class OnlyViolated:
    """`violé seul`: the checks `codes` are violated, and no other is."""

    codes: tuple[str, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Example:
    """An `exemple`: the name of the dossier it starts from, if any; given steps, expected steps."""

    title: str
    base: Text | None
    given: tuple[ExampleStep, ...]
    expected: tuple[ExampleStep | OnlyViolated, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TypedRuleset:
    """A whole ruleset, checked. All mappings follow the order of declaration by code.

    `order` lists table codes (what closes them), cell codes and aggregate codes so
    that each comes after what it reads. `tolerances` are (unit, amount in base units);
    `unit_labels` name the units declared with a label.
    `day` is the day its campagne was read for (None: the ruleset as written), `standings` how the
    checks a decision touches stand that day, those made while evaluating (`T.l.c~saisie`) included.
    """

    name: str
    year: int
    version: str
    title: str
    tolerances: tuple[tuple[Unit, Exact], ...]
    units: Mapping[str, Unit]
    unit_labels: Mapping[str, str]
    tables: Mapping[str, Table]
    cells: Mapping[str, Cell]
    parameters: Mapping[str, Parameter]
    families: Mapping[str, Family]
    aggregates: Mapping[str, Aggregate]
    checks: Mapping[str, Check]
    examples: Sequence[Example]
    order: tuple[str, ...]
    day: date | None = None
    standings: Mapping[str, Standing] = field(default_factory=dict)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The decisions in force on `day`, by check."""
        return tuple(decision for standing in self.standings.values() for decision in standing.decisions)
