"""Hypothesis strategies: random well-typed rulesets as text, dossiers for them, and arbitrary text.

A ruleset is written declaration by declaration; a formula reads only what stands before it
(or last year's figures), so that no cycle can be drawn, and each expression is written for
the kind of value wanted, so that nearly all of them check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from hypothesis import strategies as st

from qdis_rules.evaluation.dossier import Account, Dossier, Raw
from qdis_rules.model import typed
from qdis_rules.model.types import ChoiceType, ConditionType, DateType, NumberType, TextType, Type

T = TypeVar("T")
DrawFn: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]

YEAR = 2023
CHOICES = {"ab": "choix rep_a « A » | rep_b « B »", "cde": "choix rep_c « C » | rep_d « D » | rep_e « E »"}
ANSWERS = {"ab": ("rep_a", "rep_b"), "cde": ("rep_c", "rep_d", "rep_e")}
UNITS = {"EUR": ("EUR", "kEUR"), "logement": ("logement",), "plain": ("%",), "ratio": ("EUR/logement", "kEUR/logement")}
NUMBERS = ("EUR", "logement", "plain", "ratio")
STEPS = {
    "EUR": ("1 EUR", "0,01 EUR", "0,1 EUR", "10 EUR", "3 EUR", "1 kEUR"),
    "logement": ("1 logement", "0,5 logement"),
    "plain": ("1", "0,1", "0,01", "1 %", "0,25"),
}
OPERATORS = ("=", "<>", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class RulesetText:
    """A ruleset as written: its head, then one block a declaration (their order changes nothing)."""

    head: str
    blocks: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n\n".join((self.head, *self.blocks)) + "\n"

    def __repr__(self) -> str:
        return f"RulesetText:\n{self.text}"


@dataclass(frozen=True)
class Ref:
    """Something a formula can name, of a kind; `shifts` when it has earlier years."""

    text: str
    kind: str
    shifts: bool = True


@dataclass(frozen=True)
class ListText:
    """A list already declared: its code and its columns by name."""

    code: str
    columns: tuple[Ref, ...]


@dataclass(frozen=True)
class Scope:
    """What may be written where an expression stands."""

    bare: tuple[Ref, ...] = ()
    ranges: tuple[Ref, ...] = ()
    tolerance: bool = False

    def exact(self) -> Scope:
        return replace(self, tolerance=False) if self.tolerance else self


@dataclass
class Writer:
    """Writes one ruleset. `refs`, `ranges` and `lists` are what has been declared so far."""

    draw: DrawFn
    refs: list[Ref] = field(default_factory=list)
    past: list[Ref] = field(default_factory=list)
    ranges: list[Ref] = field(default_factory=list)
    lists: list[ListText] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    prefix: int = 10
    folding: bool = False

    # --- drawing ------------------------------------------------------------------

    def pick(self, options: Sequence[T]) -> T:
        return options[self.draw(st.integers(0, len(options) - 1))] if len(options) > 1 else options[0]

    def chance(self, percent: int) -> bool:
        return self.upto(0, 99) >= 100 - percent  # shrinks towards False

    def upto(self, low: int, high: int) -> int:
        drawn: int = self.draw(st.integers(low, high))
        return drawn

    # --- numbers ------------------------------------------------------------------

    def number(self, kind: str, depth: int, scope: Scope, zero: bool = True) -> str:
        """Return an expression of `kind`, in brackets unless it is one word.

        A bare `0` fits any unit, which would hide the unit of a factor: `zero` forbids it.
        """
        if depth <= 0 or self.chance(15):
            return self.leaf(kind, scope, zero)
        options = ["sum", "product", "fold", "fold", "round", "default", "if", "abs", "minus", "div"]
        if kind == "plain":
            options += ["count", "quotient", "year"]
        match self.pick(options):
            case "sum":
                terms = [self.number(kind, depth - 1, scope, zero) for _ in range(self.upto(2, 3))]
                return "(" + terms[0] + "".join(f" {self.pick('+-')} {term}" for term in terms[1:]) + ")"
            case "product":
                return self.product(kind, depth, scope)
            case "div":
                above = self.number(kind, depth - 1, scope, zero=False)
                return f"({above} / {self.divisor('plain', depth, scope)})"
            case "quotient":
                of = self.pick(("EUR", "logement"))
                above = self.number(of, depth - 1, scope, zero=False)
                return f"({above} / {self.divisor(of, depth, scope)})"
            case "round" if kind in STEPS:
                name = self.pick(("arrondi", "arrondi_sup", "arrondi_inf", "arrondi_pair"))
                return f"{name}({self.number(kind, depth - 1, scope)} ; {self.pick(STEPS[kind])})"
            case "default":
                return f"défaut({self.number(kind, depth - 1, scope, zero)} ; {self.leaf(kind, scope, zero)})"
            case "if":
                condition = self.condition(depth - 1, scope.exact())
                branches = [self.number(kind, depth - 1, scope, zero) for _ in range(2)]
                return f"(si {condition} alors {branches[0]} sinon {branches[1]})"
            case "abs":
                return f"abs({self.number(kind, depth - 1, scope, zero)})"
            case "minus":
                return f"(-{self.number(kind, depth - 1, scope, zero)})"
            case "count":
                return self.count(depth, scope)
            case "year":
                dates = self.known("date", scope)
                return f"année({self.pick(dates)})" if dates else "exercice"
            case _:
                name = self.pick(("somme", "somme", "moyenne", "min", "max"))
                return f"{name}({' ; '.join(self.items(name, kind, depth, scope, zero))})"

    def items(self, name: str, kind: str, depth: int, scope: Scope, zero: bool) -> list[str]:
        """The arguments of `somme` and the like; inside another, `min` and `max` of several take no range."""
        size, outer = self.upto(1, 3), self.folding
        one = self.number if outer and size > 1 and name in ("min", "max") else self.item
        self.folding = True
        found = [one(kind, depth - 1, scope, zero) for _ in range(size)]
        self.folding = outer
        return found

    def divisor(self, kind: str, depth: int, scope: Scope) -> str:
        """Something to divide by: often zero, often between brackets."""
        if self.chance(30):
            same = self.leaf(kind, scope, zero=False)
            return f"({same} - {same if self.chance(50) else self.leaf(kind, scope, zero=False)})"
        return self.number(kind, depth - 1, scope, zero=False)

    def product(self, kind: str, depth: int, scope: Scope) -> str:
        if kind == "EUR" and self.chance(30):
            factors = [
                self.number("ratio", depth - 1, scope, zero=False),
                self.number("logement", depth - 1, scope, zero=False),
            ]
        elif kind == "ratio":
            first = self.number("EUR", depth - 1, scope, zero=False)
            return f"({first} / {self.number('logement', depth - 1, scope, zero=False)})"
        else:
            factors = [self.number(kind, depth - 1, scope, zero=False), self.number("plain", depth - 1, scope)]
        text = f"{factors[0]} * {factors[1]}"
        if self.chance(40):
            text += f" {self.pick('*/')} {self.leaf('plain', scope, True)}"
        return f"({text})"

    def known(self, kind: str, scope: Scope) -> list[str]:
        found = [ref.text for ref in (*scope.bare, *self.refs) if ref.kind == kind]
        return found + [f"{ref.text}[N-1]" for ref in self.past if ref.kind == kind]

    def leaf(self, kind: str, scope: Scope, zero: bool) -> str:
        bare = [ref.text for ref in scope.bare if ref.kind == kind]
        if bare and (kind == "row" and not zero or self.chance(60)):
            return self.pick(bare)
        refs = [ref.text for ref in self.refs if ref.kind == kind]
        if refs and self.chance(75):
            return self.pick(refs)
        past = [ref.text for ref in self.past if ref.kind == kind]
        if past and self.chance(40):
            return f"{self.pick(past)}[N-{self.upto(1, 2)}]"
        return self.literal(kind, zero)

    def literal(self, kind: str, zero: bool) -> str:
        if kind == "row" or (zero and self.chance(25)):
            return "0"
        amount = self.pick(("1", "2", "3", "7", "12,5", "0,005", "100", "999999999999999,5", "2,675"))
        match kind:
            case "EUR":
                return f"{amount} {self.pick(('EUR', 'kEUR'))}"
            case "logement":
                return f"{amount} logement"
            case "ratio":
                return f"({amount} EUR / {self.pick(('1', '3'))} logement)"
            case _:
                return self.pick((amount, f"{amount} %", "exercice"))

    def item(self, kind: str, depth: int, scope: Scope, zero: bool) -> str:
        """An argument of `somme` and the like: a value, or a range, maybe with a function over it."""
        options = [ref.text for ref in (*scope.ranges, *self.ranges) if ref.kind == kind]
        lists = [(of, column) for of in self.lists for column in of.columns if column.kind == kind]
        if lists and (not options or self.chance(50)) and self.chance(70):
            of, column = self.pick(lists)
            text = self.over(f"{of.code}.*.{column.text}", kind, scope)
            if self.chance(20):
                other = self.pick([c.text for c in of.columns if c.kind == kind])
                text = f"{of.code}.*.{column.text} - {of.code}.*.{other}"
            return f"{text} quand {self.condition(depth, self.inside(of))}" if self.chance(40) else text
        if options and self.chance(80):
            return self.over(self.pick(options), kind, scope)
        return self.number(kind, depth, scope, zero)

    def inside(self, of: ListText) -> Scope:
        return Scope(bare=tuple(replace(column, shifts=False) for column in of.columns))

    def over(self, text: str, kind: str, scope: Scope) -> str:
        match self.upto(0, 7):
            case 4:
                return f"abs({text})"
            case 5:
                return f"défaut({text} ; 0)"
            case 6:
                return f"{text} * {self.leaf('plain', scope, True)}"
            case 7:
                return f"{text} / {self.pick(('3', '8', '7 %'))}"
            case _:
                return text

    def count(self, depth: int, scope: Scope) -> str:
        items = []
        for _ in range(self.upto(1, 2)):
            if self.lists and self.chance(50):
                of = self.pick(self.lists)
                what = self.pick([of.code, *(f"{of.code}.*.{column.text}" for column in of.columns)])
                filtered = f" quand {self.condition(depth - 1, self.inside(of))}" if self.chance(40) else ""
                items.append(what + filtered)
            else:
                options = [ref.text for ref in self.ranges] or [ref.text for ref in self.refs] or ["1"]
                items.append(self.pick(options))
        return f"nombre({' ; '.join(items)})"

    # --- conditions ---------------------------------------------------------------

    def condition(self, depth: int, scope: Scope) -> str:
        options = ["compare", "compare", "between", "bool", "choice", "date", "filled"]
        if depth > 0:
            options += ["and", "or", "not", "if"]
        match self.pick(options):
            case "and" | "or" as word:
                parts = [self.condition(depth - 1, scope) for _ in range(self.upto(2, 3))]
                return "(" + f" {'et' if word == 'and' else 'ou'} ".join(parts) + ")"
            case "not":
                return f"(non {self.condition(depth - 1, scope)})"
            case "if":
                parts = [
                    self.condition(depth - 1, scope.exact()),
                    *(self.condition(depth - 1, scope) for _ in range(2)),
                ]
                return f"(si {parts[0]} alors {parts[1]} sinon {parts[2]})"
            case "bool" if options_ := self.known("bool", scope):
                ref = self.pick(options_)
                return f"({ref} {self.pick(('=', '<>'))} {self.pick(options_)})" if self.chance(20) else ref
            case "choice" if found := self.choices(scope):
                return found
            case "date" if dates := self.known("date", scope):
                right = self.pick((*dates, "31/12/2020", "01/01/2023"))
                if self.chance(30):
                    return f"({self.pick(dates)} entre 01/01/2000 et {right})"
                return f"({self.pick(dates)} {self.pick(OPERATORS)} {right})"
            case "filled" if refs := [ref for ref in (*scope.bare, *self.refs) if ref.kind != "row"]:
                return f"renseigné({self.pick(refs).text})"
            case "between":
                return self.between(depth, scope)
            case _:
                kind = self.comparable(scope)
                left, right = (self.number(kind, depth, scope.exact()) for _ in range(2))
                return f"({left} {self.pick(OPERATORS)} {right}{self.margin(kind, scope)})"

    def comparable(self, scope: Scope) -> str:
        kinds = [ref.kind for ref in (*scope.bare, *self.refs) if ref.kind in (*NUMBERS, "row")]
        return self.pick(kinds) if kinds else self.pick(NUMBERS)

    def between(self, depth: int, scope: Scope) -> str:
        kind = self.comparable(scope)
        value = self.number(kind, depth, scope.exact())
        refs = [ref.text for ref in (*scope.bare, *self.refs) if ref.kind == kind]
        low = self.pick(refs) if refs and self.chance(50) else "0"
        high = self.pick(refs) if refs else {"EUR": "1 kEUR", "logement": "9 logement", "plain": "1"}.get(kind, "0")
        return f"({value} entre {low} et {high}{self.margin(kind, scope)})"

    def choices(self, scope: Scope) -> str | None:
        name = self.pick(("ab", "cde"))
        refs = self.known(f"choice:{name}", scope)
        if not refs:
            return None
        right = self.pick((*ANSWERS[name], *refs)) if self.chance(30) else self.pick(ANSWERS[name])
        return f"({self.pick(refs)} {self.pick(('=', '<>'))} {right})"

    def margin(self, kind: str, scope: Scope) -> str:
        if not scope.tolerance or not self.chance(60):
            return ""
        amounts = {"EUR": ("1 EUR", "0,5 EUR", "1 kEUR", "0"), "logement": ("1 logement",), "plain": ("0,5", "1")}
        amount = self.pick((*amounts.get(kind, ()), "2 %", "50 %"))
        return f" à {amount} près{' par terme' if self.chance(30) else ''}"

    # --- declarations -------------------------------------------------------------

    def label(self) -> str:
        return "« x »"

    def parameter(self, index: int) -> None:
        kind = self.pick(("EUR", "plain", "logement"))
        unit = self.pick(UNITS[kind])
        values = self.pick(
            (
                "= 12,5",
                "= 3 pour 2020..2022 ; 4,25 pour 2023",
                "= 7 pour 2023",
                "= 0",
                "= 2 pour 2021",
                "= -1,5 pour 2022..2023",
            )
        )
        self.blocks.append(f"paramètre P{index} {self.label()} en {unit} {values}")
        self.refs.append(Ref(f"P{index}", kind, shifts=False))

    def identity(self) -> None:
        """A table of one column whose rows differ in kind."""
        rows = {
            "statut": (f"{CHOICES['ab']}", "choice:ab"),
            "nature": (f"{CHOICES['cde']}", "choice:cde"),
            "actif": ("oui/non", "bool"),
            "creation": ("date", "date"),
            "nom": ("texte 20", "text"),
            "parc": ("entier en logement", "logement"),
            "taux": ("en %", "plain"),
        }
        lines = [f"tableau ID {self.label()}" + (" vide vaut 0" if self.chance(30) else ""), "  colonne v « V »"]
        for name, (kind, of) in rows.items():
            duty = " obligatoire" if self.chance(15) else ""
            lines.append(f"  ligne {name} {self.label()} {kind}{duty}")
            self.add(Ref(f"ID.{name}" if self.chance(50) else f"ID.{name}.v", of))
        self.blocks.append("\n".join(lines))

    def add(self, ref: Ref) -> None:
        self.refs.append(ref)
        self.past.append(ref)

    def attributes(self) -> str:
        text = " état comptable « E »" if self.chance(15) else " facultatif" if self.chance(25) else ""
        text += " vide vaut 0" if self.chance(45) else ""
        if self.chance(30):
            text += f" sans objet quand {self.condition(1, Scope())}"
        return text

    def duty(self, scope: Scope) -> str:
        if not self.chance(15):
            return ""
        return " obligatoire" + (f" quand {self.condition(1, scope)}" if self.chance(50) else "")

    def bounds(self) -> str:
        return self.pick((" positif", " entre 0 et 100", " entre -5 et 2,5")) if self.chance(15) else ""

    def table(self, index: int) -> None:
        TableWriter(self, f"T{index}").write()

    def list(self, index: int) -> None:
        code = f"L{index}"
        lines = [f"tableau {code} {self.label()} liste clé k{self.attributes()}"]
        lines.append(f"  colonne k {self.label()} " + self.pick(("texte 20", "texte", "entier", "en EUR")))
        of = {"v0": "EUR", "v1": "EUR", "n": "logement", "p": "plain", "b": "bool", "nature": "choice:ab", "d": "date"}
        columns = []
        for name, kind in of.items():
            if name != "v0" and not self.chance(60):
                continue
            bounds = self.bounds() if kind in NUMBERS else ""
            lines.append(f"  colonne {name} {self.label()} {self.kind(kind)}{bounds}{self.duty(Scope())}")
            columns.append(Ref(name, kind, shifts=False))
        self.lists.append(ListText(code, tuple(columns)))
        for name in ("x0", "x1")[: self.upto(0, 2)]:
            kind = self.pick(NUMBERS)
            formula = self.number(kind, 2, Scope(bare=tuple(columns)))
            lines.append(f"  colonne {name} {self.label()} {self.kind(kind)} = {formula}")
            columns.append(Ref(name, kind, shifts=False))
        self.lists[-1] = ListText(code, tuple(columns))
        self.blocks.append("\n".join(lines))

    def kind(self, kind: str) -> str:
        if kind.startswith("choice:"):
            return CHOICES[kind.removeprefix("choice:")]
        if kind == "bool":
            return "oui/non"
        if kind == "date":
            return "date"
        unit = self.pick(UNITS[kind])
        return f"entier en {unit}" if kind == "logement" and self.chance(50) else f"en {unit}"

    def aggregate(self, index: int) -> None:
        internal = self.chance(25)
        code = f"interm{index}" if internal else f"{self.pick(('F', 'G'))}.a{index}"
        guard = f" quand {self.condition(1, Scope())} :" if self.chance(35) else ""
        head = f"agrégat {code}{' interne' if internal else ''} {self.label()}"
        match self.upto(0, 9):
            case 8:
                self.blocks.append(f"{head} oui/non{guard} = {self.condition(2, Scope())}")
                self.add(Ref(code, "bool"))
            case 9:
                condition = self.condition(1, Scope())
                self.blocks.append(f"{head} {CHOICES['ab']}{guard} = si {condition} alors rep_a sinon rep_b")
                self.add(Ref(code, "choice:ab"))
            case _:
                kind = self.pick(NUMBERS)
                places = f" arrondi {self.upto(0, 3)}" if self.chance(50) else ""
                formula = self.number(kind, 3, Scope())
                self.blocks.append(
                    f"{head} en {self.pick(UNITS[kind])}{places}{guard} = {formula}{self.threshold(kind)}"
                )
                self.add(Ref(code, kind))
                years = self.pick(("[N-2..N]", "[N-1..N]", "[N-2..N-1]"))
                self.ranges.append(Ref(f"{code}{years}", kind))

    def threshold(self, kind: str) -> str:
        if not self.chance(30):
            return ""
        return f" seuil alerte {self.pick(OPERATORS)} {self.leaf(kind, Scope(), True)} « seuil »"

    def check(self, index: int) -> None:
        severity = self.pick(("bloquant", "avertissement", "information", "avertissement justifiable"))
        guard = f" quand {self.condition(1, Scope())} :" if self.chance(30) else ""
        body = self.condition(2, Scope(tolerance=True))
        place = "{" + self.pick(self.refs).text + "}" if self.refs and self.chance(50) else ""
        self.blocks.append(f"contrôle C{index} {severity} « faux {place} »{guard} {body}")

    def check_rows(self, index: int) -> None:
        of = self.pick(self.lists)
        scope = Scope(bare=of.columns, tolerance=True)
        guard = f" quand {self.condition(1, scope.exact())} :" if self.chance(30) else ""
        self.blocks.append(
            f"contrôle C{index} bloquant « {{ligne}} : {{k}} » pour chaque ligne de {of.code}{guard} {self.condition(2, scope)}"
        )


@dataclass
class TableWriter:
    """Writes one fixed table: entered columns, computed columns, entered rows, computed rows."""

    writer: Writer
    code: str

    def write(self) -> None:
        writer = self.writer
        self.attributes = writer.attributes()
        self.entered = {f"c{i}": writer.pick(("EUR", "EUR", "logement", "plain")) for i in range(writer.upto(1, 3))}
        self.lines: list[str] = []
        for name, kind in self.entered.items():
            carried = (
                f" reprise de {writer.pick([n for n, k in self.entered.items() if k == kind])}"
                if writer.chance(20)
                else ""
            )
            duty = writer.duty(Scope())
            self.lines.append(f"  colonne {name} {writer.label()} {writer.kind(kind)}{writer.bounds()}{duty}{carried}")
        self.computed: dict[str, tuple[str, frozenset[str]]] = {}
        self._columns()
        self.rows: dict[str, tuple[str, ...]] = {}
        self._entered_rows()
        totals = writer.upto(0, 2) if writer.chance(60) else 0
        self.priority = ""
        self._totals(totals)
        self._register()
        head = f"tableau {self.code} {writer.label()}{self.attributes}{self.priority}"
        writer.blocks.append("\n".join((head, *self.lines)))
        self._check(totals)

    def _kinds(self) -> dict[str, str]:
        return {**self.entered, **{name: kind for name, (kind, _) in self.computed.items()}}

    def _columns(self) -> None:
        writer = self.writer
        for index in range(writer.upto(0, 2)):
            kind = writer.pick((*self.entered.values(), "plain", "ratio"))
            bare = tuple(Ref(name, of, shifts=False) for name, of in self._kinds().items())
            names = [name for name, of in self.entered.items() if of == kind]
            ranges = (Ref(f"{names[0]}..{names[-1]}", kind),) if len(set(self.entered.values())) == 1 and names else ()
            formula = writer.number(kind, 2, Scope(bare, ranges))
            read = frozenset(re.findall(r"(?<![\w.])[cd][0-9](?![\w])", formula))
            name = f"d{index}"
            self.lines.append(f"  colonne {name} {writer.label()} {writer.kind(kind)}{writer.bounds()} = {formula}")
            self.computed[name] = (kind, read)

    def _entered_rows(self) -> None:
        writer = self.writer
        for index in range(writer.upto(1, 3)):
            name = f"r{index}"
            columns = tuple(self._kinds())
            only = ""
            if len(columns) > 1 and writer.chance(20):
                kept = {writer.pick(list(self.entered))}
                kept |= {column for column in self.entered if writer.chance(40)}
                for column, (_, read) in self.computed.items():
                    if read <= kept and writer.chance(70):
                        kept.add(column)
                columns = tuple(column for column in columns if column in kept)
                only = f" sur {' ; '.join(columns)}"
            duty = writer.duty(Scope())
            accounts = ""
            wanted = [column for column in columns if self.entered.get(column) == "EUR"]
            if wanted and writer.chance(20):
                writer.prefix += 1
                reading = writer.pick(
                    ("", " crédit", " débiteurs", " créditeurs", " ouverture débit", " mouvements crédit")
                )
                without = f" sauf {writer.prefix}5" if writer.chance(40) else ""
                accounts = f" comptes {writer.pick(wanted)} : {writer.prefix}{without}{reading}"
            self.lines.append(f"  ligne {name} {writer.label()}{only}{duty}{accounts}")
            self.rows[name] = columns

    def _totals(self, totals: int) -> None:
        writer = self.writer
        if not totals:
            return
        full = [name for name, columns in self.rows.items() if len(columns) == len(self._kinds())]
        names = list(self.rows)
        scoped = f" pour {' ; '.join(self.entered)}" if self.computed and writer.chance(40) else ""
        if self.computed and not scoped:
            self.priority = f" priorité {writer.pick(('ligne', 'colonne'))}"
        for index in range(totals):
            bare = tuple(Ref(name, "row", shifts=False) for name in full)
            ranges = [Ref(f"{names[0]}..{names[-1]}", "row")]
            if len(self._kinds()) == 1 and totals == 1:
                ranges.append(Ref(f"{self.code}.*", "row"))
            scope = Scope(bare, tuple(ranges))
            formula = writer.number("row", 2, scope, zero=False) if bare else f"somme({ranges[0].text})"
            self.lines.append(f"  ligne t{index} {writer.label()} = {formula}{scoped}")
            self.rows[f"t{index}"] = tuple(self._kinds())
            full.append(f"t{index}")

    def _register(self) -> None:
        writer = self.writer
        kinds = self._kinds()
        for name, columns in self.rows.items():
            for column in columns:
                short = len(kinds) == 1 and writer.chance(50)
                writer.add(Ref(f"{self.code}.{name}" if short else f"{self.code}.{name}.{column}", kinds[column]))
        entered = [name for name in self.rows if name.startswith("r")]
        for column, kind in kinds.items():
            if not any(column in self.rows[name] for name in entered):
                continue
            writer.ranges.append(Ref(f"{self.code}.{entered[0]}..{entered[-1]}.{column}", kind))
            if len(entered) == len(self.rows):
                writer.ranges.append(Ref(f"{self.code}.*.{column}", kind))
                writer.ranges.append(Ref(f"{self.code}.*.{column}[N-1]", kind))

    def _check(self, totals: int) -> None:
        writer = self.writer
        kinds = self._kinds()
        full = [name for name, columns in self.rows.items() if len(columns) == len(kinds)]
        if not full or not writer.chance(50):
            return
        index = len(writer.blocks)
        if writer.chance(50):
            bare = tuple(Ref(name, kind, shifts=False) for name, kind in kinds.items())
            body = writer.condition(2, Scope(bare, tolerance=True))
            variable = writer.pick(("", " l"))
            writer.blocks.append(
                f"contrôle K{index} bloquant « {{ligne}} » pour chaque ligne{variable} de {self.code} parmi "
                f"{' ; '.join(full)} {body}"
            )
        else:
            column = writer.pick(list(kinds))
            among = [name for name, kind in kinds.items() if kind == kinds[column]]
            bare = tuple(Ref(name, kinds[column], shifts=False) for name in full)
            body = writer.condition(2, Scope(bare, tolerance=True))
            writer.blocks.append(
                f"contrôle K{index} avertissement « {{colonne}} » pour chaque colonne de {self.code} parmi "
                f"{' ; '.join(among)} {body}"
            )


@st.composite
def rulesets(draw: DrawFn) -> RulesetText:
    """Return the text of a random ruleset, well-typed but for rare draws."""
    writer = Writer(draw)
    tolerances = writer.pick(
        ("", " tolérance 1 EUR", " tolérance 1 EUR ; 1 kEUR ; 0 logement", " tolérance 0,5 kEUR ; 1 %")
    )
    head = f"jeu X exercice {YEAR}{tolerances}\nfamille F « f »\nfamille G « g »"
    for index in range(writer.upto(0, 2)):
        writer.parameter(index)
    writer.identity()
    steps = [writer.pick(("table", "table", "list", "aggregate", "aggregate")) for _ in range(writer.upto(2, 6))]
    for index, step in enumerate(steps):
        {"table": writer.table, "list": writer.list, "aggregate": writer.aggregate}[step](index)
    for index in range(writer.upto(0, 3)):
        if writer.lists and writer.chance(40):
            writer.check_rows(index)
        else:
            writer.check(index)
    return RulesetText(head, tuple(writer.blocks))


# --- dossiers -------------------------------------------------------------------------


TIES = ("0.005", "2.675", "-1.005", "0.125", "-0.5", "1000.5", "33.335", "0.000005")
LONG = ("999999999999999", "-999999999999999.999999", "123456789012345.678905")

numbers: st.SearchStrategy[Raw] = st.one_of(
    st.sampled_from((0, 0, 0, 1, -1, 2, 3, 10, 100)),
    st.sampled_from(TIES).map(Decimal),
    st.integers(-5000, 5000).map(lambda n: Decimal(n) / 8),
    st.sampled_from((*LONG, "0,5", "1\u202f250,00", "-3,25")),
    st.integers(-(10**15) + 1, 10**15 - 1),
)
dates: st.SearchStrategy[Raw] = st.sampled_from(
    (date(1990, 5, 1), date(2020, 12, 31), date(2023, 1, 1), "31/12/2020", "2023-01-01")
)


def as_raw(value: Raw) -> Raw:
    """Return `value`, typed as anything a dossier may hold."""
    return value


def raw_values(kind: Type) -> st.SearchStrategy[Raw]:
    """Return values that a cell of `kind` admits."""
    match kind:
        case NumberType(_, integer):
            return st.integers(-3, 50).map(as_raw) if integer else numbers
        case ConditionType():
            return st.booleans().map(as_raw)
        case ChoiceType(answers):
            return st.sampled_from(answers).map(as_raw)
        case DateType():
            return dates
        case _:
            assert isinstance(kind, TextType)
            return st.sampled_from(("a", "Une coopérative", "x")).map(as_raw)


def _accounts(draw: DrawFn) -> tuple[Account, ...]:
    amounts = st.sampled_from((Decimal(0), Decimal("0.005"), Decimal(120), Decimal("99999999.99")))
    full = draw(st.booleans())
    found = []
    for code in draw(st.lists(st.integers(101, 159), max_size=5, unique=True)):
        debit, credit = draw(amounts), draw(amounts)
        if full:  # opening and movements make the closing balance
            one, two, three, four = (draw(amounts) for _ in range(4))
            net = one - two + three - four
            debit, credit = debit + max(net, Decimal(0)), debit + max(-net, Decimal(0))
            found.append(Account(f"{code}", "x", one, two, three, four, debit, credit))
        else:
            found.append(Account(f"{code}", "x", None, None, None, None, debit, credit))
    return tuple(found)


def _filled(draw: DrawFn, codes: Sequence[tuple[str, Type]], one_in: int) -> dict[str, Raw]:
    """Give a value to each of `codes`, about one in `one_in` left out (0: nearly none given)."""
    found = {}
    for code, kind in codes:
        if one_in and draw(st.integers(0, one_in)) != 0 or not one_in and draw(st.integers(0, 9)) == 9:
            found[code] = draw(raw_values(kind))
    return found


def _rows(draw: DrawFn, ruleset: typed.TypedRuleset, table: typed.Table) -> list[dict[str, Raw]]:
    rows = []
    for index in range(draw(st.integers(0, 3))):
        columns = []
        for code in table.cells:
            cell = ruleset.cells[code]
            if cell.formula is None and cell.column != table.key:
                columns.append((cell.column, cell.type))
        assert table.key is not None
        key: Raw = index + 1
        if isinstance(ruleset.cells[f"{table.code}.*.{table.key}"].type, TextType):
            key = f"clé {index}"
        rows.append({table.key: key, **_filled(draw, columns, 4)})
    return rows


def dossiers(ruleset: typed.TypedRuleset, year: int = YEAR, earlier: bool = False) -> st.SearchStrategy[Dossier]:
    """Return dossiers that fit `ruleset`: typed, imported and computed cells, lists, accounts, filed values."""
    return st.composite(_dossier)(ruleset, year, earlier)


def _dossier(draw: DrawFn, ruleset: typed.TypedRuleset, year: int, earlier: bool) -> Dossier:
    entered = [(code, cell.type) for code, cell in ruleset.cells.items() if cell.row != "*" and cell.formula is None]
    computed = [
        (code, cell.type) for code, cell in ruleset.cells.items() if cell.row != "*" and cell.formula is not None
    ]
    one_in = draw(st.sampled_from((5, 2, 20)))
    given = _filled(draw, entered, one_in)
    given.update(_filled(draw, computed, 0))
    imported = _filled(draw, entered, 0)
    lists = {
        code: _rows(draw, ruleset, table)
        for code, table in ruleset.tables.items()
        if table.is_list and draw(st.integers(0, 4)) != 0
    }
    mapped = any(cell.selection is not None for cell in ruleset.cells.values())
    balance = _accounts(draw) if mapped and draw(st.booleans()) else None
    filed = {}
    if earlier:
        filed = _filled(draw, [(code, item.type) for code, item in ruleset.aggregates.items()], 1)
    return Dossier(year, typed=given, imported=imported, lists=lists, balance=balance, filed=filed)


@st.composite
def histories(draw: DrawFn, ruleset: typed.TypedRuleset) -> tuple[Dossier, ...]:
    """Return earlier dossiers: none, last year's, the one before, or both."""
    years = draw(st.sampled_from(((), (YEAR - 1,), (YEAR - 1, YEAR - 2), (YEAR - 2,))))
    return tuple(draw(dossiers(ruleset, year, earlier=True)) for year in years)


# --- any text, any value ----------------------------------------------------------------


FRAGMENTS = (
    *"jeu X exercice 2023 tolérance 1 EUR version « 1 » titre inclure « autre.qdis » unité lot paramètre P en % = 3 pour 2023"
    .split(" "),
    *"tableau T BA origine saisie calcul état comptable « E » facultatif vide vaut 0 sans objet quand liste clé k priorité ligne colonne rubrique".split(" "),
    *"entier choix a | b oui/non date texte 20 positif entre 0 et 100 sur n obligatoire reprise de ouverture débit".split(" "),
    *"comptes n : 21 ; 22 sauf 225 crédit débiteurs mouvements source fiabilité à confirmer aide repère depuis 2022.T.x".split(" "),
    *"contrôle C1 bloquant avertissement information justifiable pour chaque parmi agrégat F.a interne arrondi 2".split(" "),
    *"seuil alerte < 3 % exemple donne compte attend violé si alors sinon ou non renseigné( défaut( somme( abs(".split(" "),
    *"T.a.n T.*.n T.a..b.n T.a[N-1] x[N-2..N] 1,5 1\u202f200 31/12/2023 99/99/9999 + - * / <= >= <> ( ) ; : .. près par terme".split(" "),
    "« un texte »", "« {écart} »", "« {T.a.n »", "« }", "«", "»", '"', "'", "#", "# commentaire\n", "\n", "\r", "\t", "\u00a0",
    "\x00", "\ufeff", "é", "e\u0301", "𝟙", "²", "[N-1]", "[N", "[", "]", "{", "}", "\\", "~", "10" * 60, "0" * 20, "", "-", "…",
    "jeu X exercice 2023\n", "tableau T « T »\n", "colonne n « N » en EUR\n", "ligne a « A »\n", "ligne b « B » = a\n",
    "famille F « f »\n", "agrégat F.a « A » en EUR = T.a.n\n", "contrôle C « m » bloquant\n", "contrôle C bloquant « m » T.a.n = 0\n",
)  # fmt: skip


@st.composite
def noise(draw: DrawFn) -> str:
    """Return a text made of fragments of the language, of a damaged ruleset, or of anything."""
    text: str
    match draw(st.integers(0, 3)):
        case 0:
            text = draw(st.text(max_size=200))
            return text
        case 1:
            joint: str = draw(st.sampled_from((" ", "", "\n")))
            return joint.join(draw(st.lists(st.sampled_from(FRAGMENTS), max_size=40)))
        case 2:
            head = "jeu X exercice 2023\ntableau T « T »\n colonne n « N » en EUR\n ligne a « A »\n ligne b « B »\nfamille F « f »\n"
            words = draw(st.lists(st.sampled_from(FRAGMENTS), max_size=25))
            start: str = draw(st.sampled_from(("", "agrégat F.a « A » en EUR = ", "contrôle C bloquant « m » ")))
            return head + start + " ".join(words)
        case _:
            text = draw(rulesets()).text
            for _ in range(draw(st.integers(1, 4))):
                first = draw(st.integers(0, len(text)))
                last = min(len(text), first + draw(st.integers(0, 12)))
                text = text[:first] + draw(st.sampled_from(FRAGMENTS)) + text[last:]
            return text


junk: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.floats(),
    st.dates(),
    st.text(max_size=30),
    st.sampled_from(
        ("1e5", "NaN", "−3", "1 000 000", "1,5,5", "²", "٣", "oui", "NON", "rep_a", "31/02/2023", "+", " ", "9" * 300)
    ),
    st.lists(st.integers(), max_size=2),
)
"""Raw values of any sort, most of which no cell admits."""
