"""The syntax tree: what an author wrote. Names are strings, nothing is resolved.

Every node carries its span; spans and comments play no part in equality, so that
`parse(print(tree)) == tree` can be stated.
"""

from __future__ import annotations

from dataclasses import field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from qdis_rules.records import dataclass
from qdis_rules.source import Source, Span
from qdis_rules.syntax.texts import Placeholder as Placeholder
from qdis_rules.syntax.texts import Text as Text


@dataclass(frozen=True, slots=True)
class Name:
    """A bare or dotted name as written (`BA`, `BA.total.net`)."""

    text: str
    span: Span = field(compare=False, repr=False)

    @property
    def parts(self) -> tuple[str, ...]:
        """The segments between dots."""
        return tuple(self.text.split("."))


@dataclass(frozen=True, slots=True)
class Template:
    """The message of a check: plain pieces, expressions, and named places (`écart`, `ligne` …)."""

    parts: tuple[str | Expr | Placeholder, ...]
    raw: str = field(compare=False)
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UnitFactor:
    """One base unit of a compound unit, and whether it divides."""

    name: str
    divides: bool
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UnitExpr:
    """A unit after `en`: EUR/logement, %."""

    factors: tuple[UnitFactor, ...]
    span: Span = field(compare=False, repr=False)


# --- expressions ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its optional simple unit: `3 %`, `1 EUR`."""

    value: Decimal
    unit: Name | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DateLiteral:
    """A date, `31/12/2023`."""

    value: date
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """The word `exercice`: the year of the dossier."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CurrentRow:
    """The word `ligne` in a column formula: the name of the row, opposite a choice."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Years:
    """`[N-1]` is (1, 1); `[N-2..N]` is (2, 0): how many years back, first then last."""

    first: int
    last: int
    is_range: bool
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """A name, a dotted path or a starred path (`T.*.n`), in this year or earlier ones."""

    parts: tuple[str, ...]
    years: Years | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RangeExpr:
    """`first..last`, in order of declaration."""

    first: Name
    last: Name
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Negation:
    """`-x`."""

    operand: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Sum:
    """`a + b - c`: terms with their sign (True: subtracted)."""

    terms: tuple[tuple[bool, Expr], ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Product:
    """`a * b / c`: factors with their side (True: divides)."""

    factors: tuple[tuple[bool, Expr], ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """`à 1 EUR près par terme`."""

    amount: Quantity
    per_term: bool
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left op right`, op among = <> < <= > >=."""

    left: Expr
    op: str
    right: Expr
    tolerance: Tolerance | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Between:
    """`value entre low et high`, bounds included."""

    value: Expr
    low: Expr
    high: Expr
    tolerance: Tolerance | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`non c`."""

    operand: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And:
    """`a et b et c`."""

    operands: tuple[Expr, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Or:
    """`a ou b ou c`."""

    operands: tuple[Expr, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Conditional:
    """`si c alors a sinon b`."""

    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Filtered:
    """`x quand c`, an argument over the rows of a list."""

    value: Expr
    condition: Expr
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`somme(a ; b)`."""

    function: Name
    arguments: tuple[Expr, ...]
    span: Span = field(compare=False, repr=False)


Expr: TypeAlias = (
    Quantity
    | DateLiteral
    | FiscalYear
    | CurrentRow
    | Reference
    | RangeExpr
    | Negation
    | Sum
    | Product
    | Comparison
    | Between
    | Not
    | And
    | Or
    | Conditional
    | Filtered
    | Call
)


def children(node: Expr) -> tuple[Expr, ...]:
    """Return the direct sub-expressions, left to right."""
    match node:
        case Negation(operand) | Not(operand):
            return (operand,)
        case Sum(terms):
            return tuple(term for _, term in terms)
        case Product(factors):
            return tuple(factor for _, factor in factors)
        case Comparison(left, _, right):
            return (left, right)
        case Between(value, low, high):
            return (value, low, high)
        case And(operands) | Or(operands):
            return operands
        case Conditional(condition, then, otherwise):
            return (condition, then, otherwise)
        case Filtered(value, condition):
            return (value, condition)
        case Call(_, arguments):
            return arguments
        case _:
            return ()


# --- declarations -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comments:
    """The `#` comments around a piece: above it, inside it, and after it on its last line."""

    above: tuple[str, ...] = ()
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """What any declaration may say of itself."""

    source: Text | None = None
    reliability: Name | None = None
    help: Text | None = None
    mark: Text | None = None  # repère: the official number
    since: Name | None = None  # depuis: the code of an earlier year


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a choice."""

    name: Name
    label: Text | None


@dataclass(frozen=True, slots=True)
class NumberKind:
    """`en unit`, `entier` or `entier en unit`."""

    unit: UnitExpr | None
    integer: bool
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ChoiceKind:
    """`choix a « A » | b « B »`."""

    answers: tuple[Answer, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SimpleKind:
    """`oui/non`, `date` or `texte n`."""

    word: str
    size: int | None
    span: Span = field(compare=False, repr=False)


Kind: TypeAlias = NumberKind | ChoiceKind | SimpleKind


@dataclass(frozen=True, slots=True)
class Bounds:
    """`positif` (low and high are None) or `entre low et high`."""

    low: Expr | None
    high: Expr | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Required:
    """`obligatoire`, maybe `quand` a condition."""

    condition: Expr | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AccountPrefix:
    """An account prefix, digits only when valid."""

    digits: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Accounts:
    """`comptes net : 40 ; 41 sauf 409 crédit`."""

    column: Name | None
    prefixes: tuple[AccountPrefix, ...]
    except_prefixes: tuple[AccountPrefix, ...]
    except_rows: tuple[Name, ...]
    reading: str  # "débit", "crédit", "débiteurs", "ouverture débit", "mouvements crédit" …
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A `colonne` of a table."""

    name: Name
    label: Text | None
    kind: Kind | None
    bounds: Bounds | None
    formula: Expr | None
    required: Required | None
    carried_from: Name | None  # reprise de
    opening_of: Name | None  # ouverture de
    notes: Notes
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RowFormula:
    """A formula of a `ligne`, for the columns named after `pour` (none: all)."""

    expr: Expr
    columns: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A `ligne` of a table."""

    name: Name
    label: Text | None
    kind: Kind | None
    bounds: Bounds | None
    only: tuple[Name, ...]  # sur: the columns where the row has a cell
    formulas: tuple[RowFormula, ...]
    required: Required | None
    carried_from: Name | None
    accounts: tuple[Accounts, ...]
    notes: Notes
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Section:
    """A `rubrique` heading the rows that follow."""

    title: Text
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TableDecl:
    """A `tableau`: its head and its items in the order written."""

    name: Name
    label: Text
    origin: Name | None
    statement: Text | None
    empty_is_zero: bool
    optional: bool
    not_applicable: Expr | None
    list_key: Name | None
    priority: str | None  # "ligne" or "colonne"
    notes: Notes
    span: Span = field(compare=False, repr=False)
    items: tuple[Column | Row | Section, ...] = ()
    broken: frozenset[str] = frozenset()  # names of its rows and columns that did not parse
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RulesetDecl:
    """`jeu NAME exercice YEAR`."""

    name: Name
    year: int
    version: Text | None
    title: Text | None
    tolerances: tuple[Quantity, ...]
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class IncludeDecl:
    """`inclure « file »`."""

    path: Text
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class UnitDecl:
    """`unité lot « lots »`, or `unité MEUR = 1 000 000 EUR`."""

    name: Name
    label: Text | None
    factor: Decimal | None
    unit: UnitExpr | None
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


Value: TypeAlias = Quantity | DateLiteral | Name | Text | bool
"""A value outside formulas: `1 200 EUR`, `31/12/2023`, an answer, « text », oui / non."""


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value and the years for which it was checked (both None: every year)."""

    value: Value
    first: int | None
    last: int | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ParameterDecl:
    """A `paramètre`."""

    name: Name
    label: Text
    kind: Kind | None
    values: tuple[DatedValue, ...]
    notes: Notes
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FamilyDecl:
    """A `famille` of aggregates: SF, AE."""

    name: Name
    label: Text
    notes: Notes
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows or columns an iteration names: one, or `a..b`, from `first` to `last` in the order of declaration."""

    first: Name
    last: Name | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Iteration:
    """`pour chaque ligne l de T parmi a ; b..d sauf c`."""

    over: str  # "ligne" or "colonne"
    variable: Name | None
    table: Name
    among: tuple[Stretch, ...]
    excepted: tuple[Stretch, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CheckDecl:
    """A `contrôle`."""

    name: Name
    severity: str  # "bloquant", "avertissement", "information"
    justifiable: bool
    message: Template
    iteration: Iteration | None
    guard: Expr | None
    body: Expr
    notes: Notes
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Threshold:
    """`seuil alerte < 3 % « message »`."""

    name: Name
    op: str
    limit: Expr
    message: Text | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AggregateDecl:
    """An `agrégat`."""

    name: Name
    internal: bool
    label: Text
    kind: Kind | None
    places: int | None
    guard: Expr | None
    formula: Expr
    thresholds: tuple[Threshold, ...]
    section: Text | None
    notes: Notes
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Given:
    """`donne T.l.c = 12`, `donne T.l.c absent` (no value), or `donne compte 512 = 100`.

    `moment` tells what is given of an account: `ouverture`, `mouvements débit`,
    `mouvements crédit`, else its closing balance.
    """

    target: Reference | AccountPrefix
    value: Value | None
    moment: str | None
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """`attend AE.x = 3 %`, `attend AE.x non calculable`, `attend contrôle C violé`."""

    target: Reference | Name  # a Name is the code of a check
    value: Value | None
    tolerance: Tolerance | None
    state: str | None
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ExpectedAlone:
    """`attend contrôle C violé seul`, `attend contrôles C ; D violés seuls`, `attend aucun contrôle violé`."""

    checks: tuple[Name, ...]
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


Step: TypeAlias = Given | Expected | ExpectedAlone


@dataclass(frozen=True, slots=True)
class ExampleDecl:
    """An `exemple`: the dossier it starts from, if any, what is given, what is expected."""

    title: Text
    base: Text | None
    span: Span = field(compare=False, repr=False)
    steps: tuple[Step, ...] = ()
    comments: Comments = field(default=Comments(), compare=False, repr=False)


Declaration: TypeAlias = (
    RulesetDecl
    | IncludeDecl
    | UnitDecl
    | ParameterDecl
    | TableDecl
    | FamilyDecl
    | CheckDecl
    | AggregateDecl
    | ExampleDecl
)


@dataclass(frozen=True, slots=True)
class CampaignDecl:
    """`campagne NAME exercice YEAR`, the head of a campagne."""

    name: Name
    year: int
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DecisionDecl:
    """`désactiver`, `réactiver` or `rendre` some checks. What its author left out is None; `head` ends with the codes."""

    action: str  # "désactiver", "réactiver", "rendre"
    codes: tuple[Name, ...]
    severity: str | None  # of `rendre`
    justifiable: bool
    since: DateLiteral | None
    author: Text | None
    reason: Text | None
    head: Span = field(compare=False, repr=False)
    span: Span = field(compare=False, repr=False)
    comments: Comments = field(default=Comments(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CampaignTree:
    """A campagne, in the order written; `broken` when its head did not parse, or it holds a ruleset's declarations."""

    source: Source = field(compare=False, repr=False)
    declarations: tuple[CampaignDecl | DecisionDecl, ...]
    broken: bool = False
    trailing_comments: tuple[str, ...] = field(default=(), compare=False, repr=False)


RULESET = ""
"""How `SyntaxTree.broken` names a `jeu` declaration that did not parse, or was refused."""


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """All declarations of a ruleset, file by file, in the order written."""

    declarations: tuple[Declaration, ...]
    broken: frozenset[str] = frozenset()  # names declared by what did not parse
    trailing_comments: tuple[str, ...] = field(default=(), compare=False, repr=False)
