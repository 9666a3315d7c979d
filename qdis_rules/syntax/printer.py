"""Tree to canonical text: what `qdis formater` writes.

The text depends on the tree alone, so formatting twice changes nothing, and reading it
back gives the same tree and the same comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import Final, assert_never

from qdis_rules.diagnostics import Outcome
from qdis_rules.records import dataclass
from qdis_rules.source import Source
from qdis_rules.syntax import tree
from qdis_rules.syntax.parse import parse, parse_campaign
from qdis_rules.syntax.pieces import is_campaign

WIDTH: Final = 100
"""Lines are broken beyond this many characters, where there is a place to break."""

STEP: Final = 2
_ALIGNED: Final = 16  # names of columns longer than this are not aligned

# How tightly each construct binds: a looser one inside a tighter one takes brackets.
_CONDITIONAL, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _FACTOR, _ATOM = range(9)


def print_tree(syntax: tree.SyntaxTree) -> str:
    """Return the canonical text of a whole tree, every comment kept, ending with one line end.

    An empty tree gives an empty text. Raises ValueError for a text that no source can
    hold (one with both « and ").
    """
    blocks = ["\n".join(_declaration(declaration)) for declaration in syntax.declarations]
    if syntax.trailing_comments:
        blocks.append("\n".join(syntax.trailing_comments))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def print_campaign(campaign: tree.CampaignTree) -> str:
    """Return the canonical text of a campagne, every comment kept, ending with one line end."""
    blocks = ["\n".join(_campaign_declaration(declaration)) for declaration in campaign.declarations]
    if campaign.trailing_comments:
        blocks.append("\n".join(campaign.trailing_comments))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def print_expression(node: tree.Expr) -> str:
    """Return the canonical text of an expression, on one line."""
    return _flat(node, _CONDITIONAL)


def format_source(source: Source) -> Outcome[str]:
    """Return the canonical text of one file, of a ruleset or a campagne; its own text and the errors when it does not parse."""
    if is_campaign(source):
        campaign = parse_campaign(source)
        return Outcome(print_campaign(campaign.value) if campaign.ok else source.text, campaign.diagnostics)
    parsed = parse([source])
    if not parsed.ok:
        return Outcome(source.text, parsed.diagnostics)
    return Outcome(print_tree(parsed.value), parsed.diagnostics)


# --- layout -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Clause:
    """Words, maybe an expression that binds at least as tightly as `level`, words."""

    before: str
    node: tree.Expr | None = None
    after: str = ""
    level: int = _CONDITIONAL

    def flat(self) -> str:
        """The clause on one line."""
        return self.before + (_flat(self.node, self.level) if self.node is not None else "") + self.after


def _fill(words: Iterable[str], indent: int) -> list[str]:
    """Pack words in lines; the ones that follow stand two steps deeper."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= WIDTH:
            lines[-1] += " " + word
        else:
            lines.append(" " * (indent + (2 * STEP if lines else 0)) + word)
    return lines


def _lay(clause: _Clause, indent: int) -> list[str]:
    """Return the lines of a clause that starts at column `indent`, broken outermost first."""
    flat = " " * indent + clause.flat()
    node = clause.node
    segments = _segments(node) if node is not None else ()
    if node is None or not segments or len(flat) <= WIDTH:
        return [flat]
    before, after = clause.before, clause.after
    if _level(node) < clause.level:
        before, after = before + "(", ")" + after
    if isinstance(node, tree.Call):
        return [" " * indent + f"{before}{node.function.text}(", *_pack(segments, ")" + after, indent + STEP)]
    segments = (replace(segments[0], before=before + segments[0].before), *segments[1:])
    segments = (*segments[:-1], replace(segments[-1], after=segments[-1].after + after))
    lines = _lay(segments[0], indent)
    for segment in segments[1:]:
        lines += _lay(segment, indent + STEP)
    return lines


def _pack(segments: Sequence[_Clause], after: str, indent: int) -> list[str]:
    """Return the lines of a call's arguments, several on a line where they fit."""
    lines: list[str] = []
    for segment in (*segments[:-1], replace(segments[-1], after=segments[-1].after + after)):
        flat = segment.flat()
        if lines and len(lines[-1]) + 1 + len(flat) <= WIDTH:
            lines[-1] += " " + flat
        else:
            lines += _lay(segment, indent)
    return lines


def _flow(head: Sequence[str], clauses: Sequence[_Clause], indent: int) -> list[str]:
    """Return one line when all fits, else the head and each clause on its own."""
    flat = " " * indent + " ".join([*head, *(clause.flat() for clause in clauses)])
    if len(flat) <= WIDTH:
        return [flat]
    lines = _fill(head, indent)
    for clause in clauses:
        lines += _lay(clause, indent + STEP)
    return lines


def _commented(lines: Sequence[str], comments: tree.Comments, indent: int = 0) -> list[str]:
    above = [" " * indent + comment for comment in comments.above]
    if comments.beside is None:
        return [*above, *lines]
    return [*above, *lines[:-1], f"{lines[-1]}  {comments.beside}"]


def _indented(lines: Iterable[str], indent: int = STEP) -> list[str]:
    return [" " * indent + line for line in lines]


def _listed(words: Sequence[str]) -> list[str]:
    """Return words that each carry a semicolon, but the last."""
    return [*(f"{word} ;" for word in words[:-1]), *words[-1:]]


# --- declarations -----------------------------------------------------------


def _declaration(node: tree.Declaration) -> list[str]:
    match node:
        case tree.RulesetDecl():
            lines = _ruleset(node)
        case tree.IncludeDecl():
            lines = [f"inclure {_text(node.path)}"]
        case tree.UnitDecl():
            lines = [_unit_decl(node)]
        case tree.ParameterDecl():
            lines = _parameter(node)
        case tree.TableDecl():
            return [*_commented(_table_head(node), node.comments), *_items(node.items)]
        case tree.FamilyDecl():
            lines = [f"famille {node.name.text} {_text(node.label)}", *_indented(_notes(node.notes))]
        case tree.CheckDecl():
            lines = _check(node)
        case tree.AggregateDecl():
            lines = _aggregate(node)
        case tree.ExampleDecl():
            base = f" sur {_text(node.base)}" if node.base is not None else ""
            head = _commented([f"exemple {_text(node.title)}{base}"], node.comments)
            return [*head, *(line for step in node.steps for line in _step(step))]
        case _:
            assert_never(node)
    return _commented(lines, node.comments)


def _ruleset(node: tree.RulesetDecl) -> list[str]:
    lines = [f"jeu {node.name.text} exercice {node.year:04}"]
    if node.version is not None:
        lines.append(f"  version {_text(node.version)}")
    if node.title is not None:
        lines.append(f"  titre {_text(node.title)}")
    if node.tolerances:
        lines += _fill(["tolérance", *_listed([_quantity(amount) for amount in node.tolerances])], STEP)
    return lines


def _unit_decl(node: tree.UnitDecl) -> str:
    words = ["unité", node.name.text]
    if node.label is not None:
        words.append(_text(node.label))
    if node.factor is not None and node.unit is not None:
        words.append(f"= {_number(node.factor)} {_unit(node.unit)}")
    return " ".join(words)


def _parameter(node: tree.ParameterDecl) -> list[str]:
    values = _listed([_dated(value) for value in node.values])
    head = ["paramètre", node.name.text, _text(node.label), *_kind(node.kind), f"= {values[0]}", *values[1:]]
    return [*_fill(head, 0), *_indented(_notes(node.notes))]


def _dated(node: tree.DatedValue) -> str:
    if node.first is None or node.last is None:
        return _value(node.value)
    last = "" if node.last == node.first else f"..{node.last:04}"
    return f"{_value(node.value)} pour {node.first:04}{last}"


def _table_head(node: tree.TableDecl) -> list[str]:
    lines = [f"tableau {node.name.text} {_text(node.label)}"]
    if node.origin is not None:
        lines.append(f"  origine {node.origin.text}")
    if node.statement is not None:
        lines.append(f"  état comptable {_text(node.statement)}")
    if node.empty_is_zero:
        lines.append("  vide vaut 0")
    if node.optional:
        lines.append("  facultatif")
    if node.not_applicable is not None:
        lines += _lay(_Clause("sans objet quand ", node.not_applicable), STEP)
    if node.list_key is not None:
        lines.append(f"  liste clé {node.list_key.text}")
    if node.priority is not None:
        lines.append(f"  priorité {node.priority}")
    return [*lines, *_indented(_notes(node.notes))]


def _items(items: Sequence[tree.Column | tree.Row | tree.Section]) -> Iterator[str]:
    """Yield the lines of a table's items; labels of consecutive columns are aligned."""
    for _, group in groupby(items, key=lambda item: isinstance(item, tree.Column)):
        run = list(group)
        width = max(len(item.name.text) if isinstance(item, tree.Column) and item.label else 0 for item in run)
        for item in run:
            match item:
                case tree.Column():
                    lines = _column(item, width if width <= _ALIGNED else 0)
                case tree.Row():
                    lines = _row(item)
                case tree.Section():
                    lines = [f"  rubrique {_text(item.title)}"]
                case _:
                    assert_never(item)
            yield from _commented(lines, item.comments, STEP)


def _column(node: tree.Column, width: int) -> list[str]:
    name = node.name.text if node.label is None else f"{node.name.text:<{width}}"
    head = ["colonne", name, *_labelled(node)]
    clauses = [_Clause("= ", node.formula)] if node.formula is not None else []
    clauses += _duties(node.required, node.carried_from)
    if node.opening_of is not None:
        clauses.append(_Clause(f"ouverture de {node.opening_of.text}"))
    return _flow(head, [*clauses, *map(_Clause, _notes(node.notes))], STEP)


def _row(node: tree.Row) -> list[str]:
    head = ["ligne", node.name.text, *_labelled(node), *_names("sur", node.only)]
    clauses: list[_Clause] = []
    clauses += map(_row_formula, node.formulas)
    clauses += _duties(node.required, node.carried_from)
    notes = _notes(node.notes)
    if not node.accounts:
        return _flow(head, [*clauses, *map(_Clause, notes)], STEP)
    lines = _flow(head, clauses, STEP)
    for accounts in node.accounts:
        lines += _fill(_accounts(accounts), 2 * STEP)
    return [*lines, *_indented(notes, 2 * STEP)]


def _row_formula(node: tree.RowFormula) -> _Clause:
    return _Clause("= ", node.expr, "".join(f" {word}" for word in _names("pour", node.columns)))


def _labelled(node: tree.Column | tree.Row) -> list[str]:
    label = [_text(node.label)] if node.label is not None else []
    return [*label, *_kind(node.kind), *_bounds(node.bounds)]


def _duties(required: tree.Required | None, carried_from: tree.Name | None) -> list[_Clause]:
    clauses: list[_Clause] = []
    if required is not None and required.condition is not None:
        clauses.append(_Clause("obligatoire quand ", required.condition))
    elif required is not None:
        clauses.append(_Clause("obligatoire"))
    if carried_from is not None:
        clauses.append(_Clause(f"reprise de {carried_from.text}"))
    return clauses


def _accounts(node: tree.Accounts) -> list[str]:
    head = "comptes :" if node.column is None else f"comptes {node.column.text} :"
    words = [head, *_listed([prefix.digits for prefix in node.prefixes])]
    excepted = [prefix.digits for prefix in node.except_prefixes]
    excepted += [f"ligne {name.text}" for name in node.except_rows]
    if excepted:
        words += ["sauf", *_listed(excepted)]
    if node.reading != "débit":  # what is read when nothing is said
        words.append(node.reading)
    return words


def _check(node: tree.CheckDecl) -> list[str]:
    justifiable = " justifiable" if node.justifiable else ""
    lines = [f"contrôle {node.name.text} {node.severity}{justifiable}", f"  {_template(node.message)}"]
    if node.iteration is not None:
        lines += _fill(_iteration(node.iteration), STEP)
    lines += _guard(node.guard)
    return [*lines, *_lay(_Clause("", node.body), STEP), *_indented(_notes(node.notes))]


def _iteration(node: tree.Iteration) -> list[str]:
    variable = f"{node.variable.text} " if node.variable is not None else ""
    head = f"pour chaque {node.over} {variable}de {node.table.text}"
    return [head, *_stretches("parmi", node.among), *_stretches("sauf", node.excepted)]


def _stretches(word: str, stretches: Sequence[tree.Stretch]) -> list[str]:
    names = [node.first.text + (f"..{node.last.text}" if node.last is not None else "") for node in stretches]
    return [word, *_listed(names)] if names else []


def _guard(guard: tree.Expr | None) -> list[str]:
    return _lay(_Clause("quand ", guard, " :"), STEP) if guard is not None else []


def _aggregate(node: tree.AggregateDecl) -> list[str]:
    internal = ["interne"] if node.internal else []
    places = [f"arrondi {node.places}"] if node.places is not None else []
    lines = _fill(["agrégat", node.name.text, *internal, _text(node.label), *_kind(node.kind), *places], 0)
    lines += [*_guard(node.guard), *_lay(_Clause("= ", node.formula), STEP)]
    for threshold in node.thresholds:
        lines += _threshold(threshold)
    if node.section is not None:
        lines.append(f"  rubrique {_text(node.section)}")
    return [*lines, *_indented(_notes(node.notes))]


def _threshold(node: tree.Threshold) -> list[str]:
    message = f" {_text(node.message)}" if node.message is not None else ""
    return _lay(_Clause(f"seuil {node.name.text} {node.op} ", node.limit, message, _SUM), STEP)


def _step(node: tree.Step) -> list[str]:
    match node:
        case tree.Given():
            target = node.target
            what = f"compte {target.digits}" if isinstance(target, tree.AccountPrefix) else _reference(target)
            moment = f" {node.moment}" if node.moment is not None else ""
            line = f"  donne {what}{moment} " + ("absent" if node.value is None else f"= {_value(node.value)}")
        case tree.Expected():
            line = f"  attend {_expected(node)}"
        case tree.ExpectedAlone(()):
            line = "  attend aucun contrôle violé"
        case tree.ExpectedAlone((check,)):
            line = f"  attend contrôle {check.text} violé seul"
        case tree.ExpectedAlone(checks):
            line = f"  attend contrôles {' ; '.join(check.text for check in checks)} violés seuls"
        case _:
            assert_never(node)
    return _commented([line], node.comments, STEP)


def _expected(node: tree.Expected) -> str:
    if isinstance(node.target, tree.Name):
        return f"contrôle {node.target.text} {node.state or ''}"
    target = _reference(node.target)
    if node.value is None:
        return f"{target} {node.state or ''}"
    return f"{target} = {_value(node.value)}{_tolerance(node.tolerance)}"


def _campaign_declaration(node: tree.CampaignDecl | tree.DecisionDecl) -> list[str]:
    match node:
        case tree.CampaignDecl():
            lines = [f"campagne {node.name.text} exercice {node.year:04}"]
        case tree.DecisionDecl():
            lines = _decision(node)
        case _:
            assert_never(node)
    return _commented(lines, node.comments)


def _decision(node: tree.DecisionDecl) -> list[str]:
    severity = [node.severity] if node.severity is not None else []
    justifiable = ["justifiable"] if node.justifiable else []
    lines = _fill([node.action, *_listed([code.text for code in node.codes]), *severity, *justifiable], 0)
    if node.since is not None:
        lines.append(f"  à compter du {_date(node.since)}")
    if node.author is not None:
        lines.append(f"  par {_text(node.author)}")
    if node.reason is not None:
        lines.append(f"  motif {_text(node.reason)}")
    return lines


# --- parts of declarations --------------------------------------------------


def _notes(notes: tree.Notes) -> list[str]:
    """Return one line a note, the reliability beside its source."""
    lines = [f"source {_text(notes.source)}"] if notes.source is not None else []
    if notes.reliability is not None:
        lines = [" ".join([*lines, f"fiabilité {notes.reliability.text}"])]
    if notes.help is not None:
        lines.append(f"aide {_text(notes.help)}")
    if notes.mark is not None:
        lines.append(f"repère {_text(notes.mark)}")
    if notes.since is not None:
        lines.append(f"depuis {notes.since.text}")
    return lines


def _kind(kind: tree.Kind | None) -> list[str]:
    match kind:
        case None:
            return []
        case tree.NumberKind(unit, integer):
            return [*(["entier"] if integer else []), *([f"en {_unit(unit)}"] if unit is not None else [])]
        case tree.ChoiceKind(answers):
            first, *others = map(_answer, answers)
            return [f"choix {first}", *(f"| {answer}" for answer in others)]
        case tree.SimpleKind(word, size):
            return [word if size is None else f"{word} {size}"]
        case _:
            assert_never(kind)


def _answer(answer: tree.Answer) -> str:
    return answer.name.text if answer.label is None else f"{answer.name.text} {_text(answer.label)}"


def _bounds(bounds: tree.Bounds | None) -> list[str]:
    if bounds is None:
        return []
    if bounds.low is None or bounds.high is None:
        return ["positif"]
    return [f"entre {_flat(bounds.low, _SUM)} et {_flat(bounds.high, _SUM)}"]


def _names(word: str, names: Sequence[tree.Name]) -> list[str]:
    """Return `word a ; b`, or nothing when there is no name."""
    return [word, *_listed([name.text for name in names])] if names else []


def _unit(unit: tree.UnitExpr) -> str:
    """Return `EUR/logement`; the first factor never divides."""
    text = ""
    for factor in unit.factors:
        text += ("/" if factor.divides else "*") + factor.name if text else factor.name
    return text


def _value(value: tree.Value) -> str:
    match value:
        case bool():
            return "oui" if value else "non"
        case tree.Quantity():
            return _quantity(value)
        case tree.DateLiteral():
            return _date(value)
        case tree.Name(text):
            return text
        case tree.Text():
            return _text(value)
        case _:
            assert_never(value)


def _text(node: tree.Text) -> str:
    return _quoted(node.value)


def _template(node: tree.Template) -> str:
    """Return the message as its author wrote it: its `parts` are only another reading of `raw`."""
    return _quoted(node.raw)


def _quoted(text: str) -> str:
    if "«" not in text and "»" not in text:
        return f"« {text} »" if text else "« »"
    if '"' in text:
        raise ValueError(f"no quotes can hold this text: {text}")
    return f'"{text}"'


# --- expressions ------------------------------------------------------------


def _level(node: tree.Expr) -> int:
    """Return how tightly the outermost construct of `node` binds."""
    match node:
        case tree.Conditional() | tree.Filtered():
            return _CONDITIONAL
        case tree.Or():
            return _OR
        case tree.And():
            return _AND
        case tree.Not():
            return _NOT
        case tree.Comparison() | tree.Between():
            return _COMPARISON
        case tree.Sum():
            return _SUM
        case tree.Product():
            return _PRODUCT
        case tree.Negation():
            return _FACTOR
        case tree.Quantity() | tree.DateLiteral() | tree.FiscalYear() | tree.CurrentRow():
            return _ATOM
        case tree.Reference() | tree.RangeExpr() | tree.Call():
            return _ATOM
        case _:
            assert_never(node)


def _flat(node: tree.Expr, level: int) -> str:
    """Return `node` on one line, in brackets where it binds less tightly than `level`."""
    segments = _segments(node)
    text = " ".join(segment.flat() for segment in segments) if segments else _atom(node)
    if isinstance(node, tree.Call):
        text = f"{node.function.text}({text})"
    return f"({text})" if _level(node) < level else text


def _segments(node: tree.Expr) -> tuple[_Clause, ...]:
    """Return the parts of `node` between which a line may break; none for an atom."""
    match node:
        case tree.Conditional(condition, then, otherwise):
            return (_Clause("si ", condition), _Clause("alors ", then), _Clause("sinon ", otherwise))
        case tree.Or(operands):
            return _joined("ou ", operands, _AND)
        case tree.And(operands):
            return _joined("et ", operands, _NOT)
        case tree.Not(operand):
            return (_Clause("non ", operand, level=_NOT),)
        case tree.Comparison(left, op, right, tolerance):
            return (_Clause("", left, "", _SUM), _Clause(f"{op} ", right, _tolerance(tolerance), _SUM))
        case tree.Between(value, low, high, tolerance):
            sides = (_Clause("", value, "", _SUM), _Clause("entre ", low, "", _SUM))
            return (*sides, _Clause("et ", high, _tolerance(tolerance), _SUM))
        case tree.Sum(terms):
            return _chain("+ ", "- ", terms, _PRODUCT)
        case tree.Product(factors):
            return _chain("* ", "/ ", factors, _FACTOR)
        case tree.Negation(operand):
            return (_Clause("-", operand, level=_ATOM),)
        case tree.Filtered(value, condition):
            return (_Clause("", value), _Clause("quand ", condition))
        case tree.Call(_, arguments):
            return (*(_Clause("", argument, " ;") for argument in arguments[:-1]), _Clause("", arguments[-1]))
        case tree.Quantity() | tree.DateLiteral() | tree.FiscalYear() | tree.CurrentRow():
            return ()
        case tree.Reference() | tree.RangeExpr():
            return ()
        case _:
            assert_never(node)


def _joined(word: str, operands: Sequence[tree.Expr], level: int) -> tuple[_Clause, ...]:
    rest = (_Clause(word, operand, level=level) for operand in operands[1:])
    return (_Clause("", operands[0], level=level), *rest)


def _chain(plus: str, minus: str, operands: Sequence[tuple[bool, tree.Expr]], level: int) -> tuple[_Clause, ...]:
    """Return the parts of a sum or a product; the first operand carries no sign."""
    rest = (
        _Clause(
            minus if inverse else plus, operand, level=_ATOM if level == _PRODUCT and _is_signed(operand) else level
        )
        for inverse, operand in operands[1:]
    )
    return (_Clause("", operands[0][1], level=level), *rest)


def _is_signed(node: tree.Expr) -> bool:
    """True when the text of `node` begins with a sign, which no other sign may precede."""
    while isinstance(node, tree.Product):
        node = node.factors[0][1]
    return isinstance(node, tree.Negation)


def _atom(node: tree.Expr) -> str:
    match node:
        case tree.Quantity():
            return _quantity(node)
        case tree.DateLiteral():
            return _date(node)
        case tree.FiscalYear():
            return "exercice"
        case tree.CurrentRow():
            return "ligne"
        case tree.Reference():
            return _reference(node)
        case tree.RangeExpr(first, last):
            return f"{first.text}..{last.text}"
        case _:
            raise AssertionError(f"{type(node).__name__} is no atom")


def _reference(node: tree.Reference) -> str:
    parts = (part if part == "*" or _PLAIN.fullmatch(part) else _quoted(part) for part in node.parts)
    return ".".join(parts) + _years(node.years)


_PLAIN: Final = re.compile(r"[A-Za-z0-9À-ÖØ-öø-ÿŒœ_]+")


def _years(years: tree.Years | None) -> str:
    if years is None:
        return ""
    first, last = (f"N-{shift}" if shift else "N" for shift in (years.first, years.last))
    return f"[{first}..{last}]" if years.is_range else f"[{first}]"


def _tolerance(tolerance: tree.Tolerance | None) -> str:
    if tolerance is None:
        return ""
    return f" à {_quantity(tolerance.amount)} près{' par terme' if tolerance.per_term else ''}"


def _quantity(node: tree.Quantity) -> str:
    return _number(node.value) if node.unit is None else f"{_number(node.value)} {node.unit.text}"


def _number(value: Decimal) -> str:
    """Return the digits with a comma; the zeros an author wrote at the end are kept."""
    text = f"{value:f}".replace(".", ",")
    return text if value else text.removeprefix("-")


def _date(node: tree.DateLiteral) -> str:
    return f"{node.value.day:02}/{node.value.month:02}/{node.value.year:04}"
