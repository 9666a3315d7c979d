"""Lark trees to our own nodes, one function a grammar rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias

from lark import Token, Tree

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.records import dataclass
from qdis_rules.source import Source, Span
from qdis_rules.suggest import fold
from qdis_rules.syntax import errors, tree
from qdis_rules.syntax.pieces import Piece, parse_expression, span_of
from qdis_rules.syntax.words import CAMPAIGN_WORDS, KEYWORDS, PLACEHOLDERS, word_of

Node: TypeAlias = Tree[Token] | Token
Built: TypeAlias = (
    tree.Declaration | tree.Column | tree.Row | tree.Section | tree.Step | tree.CampaignDecl | tree.DecisionDecl
)

ORIGINS: Final = ("saisie", "rapatriement", "calcul")
RELIABILITIES: Final = ("sourcée", "partielle", "déduite", "à confirmer")
STATES: Final = (
    "satisfait",
    "violé",
    "indéterminé",
    "sans objet",
    "désactivé",
    "absent",
    "non calculable",
)
_EDGE: Final = " \u00a0\u202f"  # typists put no-break spaces inside « »
_NUMBER = re.compile(r"[0-9]{1,15}(,[0-9]{1,6})?")


@dataclass(slots=True)
class Builder:
    """Builds the nodes of one source; what it notices goes to `diagnostics`."""

    source: Source
    diagnostics: list[Diagnostic]

    # --- pieces ---------------------------------------------------------------

    def piece(self, piece: Piece) -> Built:
        """Return the node for one piece (one that parsed)."""
        parts = _parts(piece)
        match piece.rule:
            case "jeu":
                return self._ruleset(piece)
            case "inclure":
                return tree.IncludeDecl(self._text(parts[1]), piece.span, piece.comments)
            case "unite_decl":
                return self._unit_decl(piece)
            case "parametre":
                return self._parameter(piece)
            case "famille":
                return tree.FamilyDecl(
                    self._name(parts[1]), self._text(parts[2]), self._notes(parts), piece.span, piece.comments
                )
            case "tableau":
                return self._table(piece)
            case "rubrique":
                return tree.Section(self._text(parts[1]), piece.span, piece.comments)
            case "colonne":
                return self._column(piece)
            case "ligne":
                return self._row(piece)
            case "controle":
                return self._check(piece)
            case "agregat":
                return self._aggregate(piece)
            case "exemple":
                base = self._text(parts[3]) if len(parts) > 3 else None
                return tree.ExampleDecl(self._text(parts[1]), base, piece.span, (), piece.comments)
            case "donne":
                return self._given(piece)
            case "campagne":
                year = self._year(_token(parts[3]))
                return tree.CampaignDecl(self._name(parts[1]), year, piece.span, piece.comments)
            case "decision":
                return self._decision(piece)
            case _:
                return self._expected(piece)

    def _ruleset(self, piece: Piece) -> tree.RulesetDecl:
        parts = _parts(piece)
        version: tree.Text | None = None
        title: tree.Text | None = None
        tolerances: list[tree.Quantity] = []
        seen: dict[str, Span] = {}
        for attribute in _trees(parts, "jeu_attribut"):
            word = _token(attribute.children[0])
            self._once(seen, word)
            if word.type == "VERSION":
                version = self._text(attribute.children[1])
            elif word.type == "TITRE":
                title = self._text(attribute.children[1])
            else:
                tolerances = [self._quantity(q) for q in _trees(attribute.children, "quantite")]
        return tree.RulesetDecl(
            self._name(parts[1]),
            self._year(_token(parts[3])),
            version,
            title,
            tuple(tolerances),
            piece.span,
            piece.comments,
        )

    def _unit_decl(self, piece: Piece) -> tree.UnitDecl:
        parts = _parts(piece)
        number = _first(parts, "NUMBER")
        unit = next(iter(_trees(parts, "unite")), None)
        text = _first(parts, "TEXT")
        return tree.UnitDecl(
            self._name(parts[1]),
            self._text(text) if text else None,
            self._decimal(number) if number else None,
            self._unit(unit) if unit else None,
            piece.span,
            piece.comments,
        )

    def _parameter(self, piece: Piece) -> tree.ParameterDecl:
        parts = _parts(piece)
        values = []
        for dated in _trees(parts, "valeur_datee"):
            years = [self._year(_token(t)) or None for t in dated.children if _is(t, "NUMBER")]
            if len(years) == 2 and years[0] and years[1] and years[0] > years[1]:
                why = "l'exercice le plus ancien s'écrit en premier"
                self.diagnostics.append(errors.bad_years(self._span(dated), why))
                years = []
            values.append(
                tree.DatedValue(
                    self._value(_tree(dated.children[0])),
                    years[0] if years else None,
                    years[-1] if years else None,
                    self._span(dated),
                )
            )
        return tree.ParameterDecl(
            self._path(parts[1]),
            self._text(parts[2]),
            self._kind(parts),
            tuple(values),
            self._notes(parts),
            piece.span,
            piece.comments,
        )

    def _table(self, piece: Piece) -> tree.TableDecl:
        parts = _parts(piece)
        origin: tree.Name | None = None
        statement: tree.Text | None = None
        not_applicable: tree.Expr | None = None
        list_key: tree.Name | None = None
        priority: str | None = None
        zero = optional = False
        seen: dict[str, Span] = {}
        notes: list[Node] = []
        for attribute in _trees(parts, "tableau_attribut"):
            head, *rest = attribute.children
            if isinstance(head, Tree):
                notes.append(head)
                continue
            self._once(seen, head)
            match head.type:
                case "ORIGINE":
                    origin = self._word(rest[0], "une origine", ORIGINS)
                case "ETAT_COMPTABLE":
                    statement = self._text(rest[0])
                case "VIDE_VAUT":
                    zero = True
                    if self._decimal(_token(rest[0])) != 0:
                        self.diagnostics.append(errors.bad_word(self._span(rest[0]), "un défaut permis", ("0",)))
                case "FACULTATIF":
                    optional = True
                case "SANS_OBJET_QUAND":
                    not_applicable = self._expr(rest[0])
                case "LISTE":
                    list_key = self._name(rest[-1])
                case _:
                    priority = KEYWORDS[_token(rest[0]).type]
        return tree.TableDecl(
            self._name(parts[1]),
            self._text(parts[2]),
            origin,
            statement,
            zero,
            optional,
            not_applicable,
            list_key,
            priority,
            self._notes(notes),
            piece.span,
            comments=piece.comments,
        )

    def _column(self, piece: Piece) -> tree.Column:
        parts = _parts(piece)
        text = _first(parts, "TEXT")
        duties = self._duties(parts)
        return tree.Column(
            self._name(parts[1]),
            self._text(text) if text else None,
            self._kind(parts),
            self._bounds(parts),
            self._formula(parts),
            duties.required,
            duties.carried_from,
            duties.opening_of,
            self._notes(parts),
            piece.span,
            piece.comments,
        )

    def _row(self, piece: Piece) -> tree.Row:
        parts = _parts(piece)
        text = _first(parts, "TEXT")
        duties = self._duties(parts)
        only = next(iter(_trees(parts, "noms")), None)
        return tree.Row(
            self._name(parts[1]),
            self._text(text) if text else None,
            self._kind(parts),
            self._bounds(parts),
            self._names(only) if only else (),
            self._row_formulas(parts),
            duties.required,
            duties.carried_from,
            tuple(self._accounts(node) for node in _trees(parts, "comptes")),
            self._notes(parts),
            piece.span,
            piece.comments,
        )

    def _check(self, piece: Piece) -> tree.CheckDecl:
        parts = _parts(piece)
        text = _first(parts, "TEXT")
        assert text is not None
        iteration = next(iter(_trees(parts, "iteration")), None)
        body = [
            node
            for node in parts
            if isinstance(node, Tree) and node.data not in ("gravite", "iteration", "garde", "note")
        ]
        severity = _token(next(iter(_trees(parts, "gravite"))).children[0])
        return tree.CheckDecl(
            self._name(parts[1]),
            KEYWORDS[severity.type],
            _first(parts, "JUSTIFIABLE") is not None,
            self._template(text),
            self._iteration(iteration) if iteration else None,
            self._guard(parts),
            self._expr(body[0]),
            self._notes(parts),
            piece.span,
            piece.comments,
        )

    def _aggregate(self, piece: Piece) -> tree.AggregateDecl:
        parts = _parts(piece)
        text = _first(parts, "TEXT")
        assert text is not None
        places = _first(parts, "NUMBER")
        sections = _trees(parts, "agregat_rubrique")
        for second in sections[1:]:
            self._again(self._span(second), self._span(sections[0]), "rubrique")
        thresholds = []
        for node in _trees(parts, "seuil"):
            message = _first(node.children, "TEXT")
            thresholds.append(
                tree.Threshold(
                    self._name(node.children[1]),
                    str(_token(_tree(node.children[2]).children[0])),
                    self._expr(node.children[3]),
                    self._text(message) if message else None,
                    self._span(node),
                )
            )
        formula = self._formula(parts)
        assert formula is not None
        return tree.AggregateDecl(
            self._path(parts[1]),
            _first(parts, "INTERNE") is not None,
            self._text(text),
            self._kind(parts),
            self._places(places) if places else None,
            self._guard(parts),
            formula,
            tuple(thresholds),
            self._text(sections[0].children[1]) if sections else None,
            self._notes(parts),
            piece.span,
            piece.comments,
        )

    def _given(self, piece: Piece) -> tree.Given:
        parts = _parts(piece)
        if _is(parts[1], "COMPTE"):
            moment = next(iter(_trees(parts, "moment")), None)
            return tree.Given(
                self._account(_token(parts[2])),
                self._value(_tree(parts[-1])),
                self._moment(moment) if moment else None,
                piece.span,
                piece.comments,
            )
        value: tree.Value | None = None
        if isinstance(parts[-1], Tree):
            value = self._value(parts[-1])
        else:
            self._word(parts[-1], "ce qu'on donne", ("absent",))
        return tree.Given(self._target(_tree(parts[1])), value, None, piece.span, piece.comments)

    def _target(self, node: Tree[Token]) -> tree.Reference:
        if node.data != "ligne_citee":
            return self._reference_only(node)
        written = str(_token(node.children[0]))
        table, _, rest = written.partition(".")
        key, _, column = rest[1:].partition("»" if rest[0] == "«" else '"')
        years = self._years(_token(node.children[1])) if len(node.children) > 1 else None
        parts = (table, _one_line(key).strip(_EDGE), *((column[1:],) if column else ()))
        return tree.Reference(parts, years, self._span(node))

    def _moment(self, node: Tree[Token]) -> str:
        if len(node.children) > 1:
            return " ".join(KEYWORDS[_token(part).type] for part in node.children)
        return self._word(node.children[0], "un moment du compte", ("ouverture",)).text

    def _expected(self, piece: Piece) -> tree.Expected | tree.ExpectedAlone:
        parts = _parts(piece)
        checks = tuple(self._name(code.children[0]) for code in _trees(parts, "code"))
        if _is(parts[1], "CONTROLES"):
            self._word(parts[-2], "un verdict qui précède « seuls »", ("violés",))
            self._word(parts[-1], "la fin de l'attente", ("seuls",))
            return tree.ExpectedAlone(checks, piece.span, piece.comments)
        if _is(parts[1], "NAME") and _is(parts[2], "CONTROLE"):
            self._word(parts[1], "ce qui précède « contrôle violé »", ("aucun",))
            self._word(parts[-1], "la fin de l'attente", ("violé",))
            return tree.ExpectedAlone((), piece.span, piece.comments)
        if checks and isinstance(parts[-1], Token):
            self._word(_tree(parts[-2]).children[0], "un verdict qui précède « seul »", ("violé",))
            self._word(parts[-1], "la fin de l'attente", ("seul",))
            return tree.ExpectedAlone(checks, piece.span, piece.comments)
        state_node = next(iter(_trees(parts, "etat")), None)
        state = self._word(state_node.children[0], "un état", STATES).text if state_node else None
        if checks:
            return tree.Expected(checks[0], None, None, state, piece.span, piece.comments)
        value = next(iter(_trees(parts, "valeur")), None)
        tolerance = next(iter(_trees(parts, "tolerance")), None)
        return tree.Expected(
            self._target(_tree(parts[1])),
            self._value(value) if value else None,
            self._tolerance(tolerance) if tolerance else None,
            state,
            piece.span,
            piece.comments,
        )

    def _decision(self, piece: Piece) -> tree.DecisionDecl:
        parts = _parts(piece)
        action = _token(parts[0])
        codes = _tree(parts[1])
        severity = next(iter(_trees(parts, "gravite")), None)
        since: tree.DateLiteral | None = None
        texts: dict[str, tree.Text] = {}
        seen: dict[str, Span] = {}
        for attribute in _trees(parts, "decision_attribut"):
            word, value = (_token(child) for child in attribute.children)
            self._once(seen, word)
            if word.type == "A_COMPTER_DU":
                since = self._date(value)
            else:
                texts[word.type] = self._text(value)
        return tree.DecisionDecl(
            CAMPAIGN_WORDS[action.type],
            tuple(self._path(code) for code in _trees(codes.children, "code")),
            KEYWORDS[_token(severity.children[0]).type] if severity else None,
            _first(parts, "JUSTIFIABLE") is not None,
            since,
            texts.get("PAR"),
            texts.get("MOTIF"),
            span_of(self.source, action).to(self._span(codes)),
            piece.span,
            piece.comments,
        )

    # --- parts of declarations --------------------------------------------------

    def _notes(self, parts: Sequence[Node]) -> tree.Notes:
        found: dict[str, tree.Text | tree.Name] = {}
        seen: dict[str, Span] = {}
        for note in _trees(parts, "note"):
            word = _token(note.children[0])
            self._once(seen, word)
            if word.type == "FIABILITE":
                found[word.type] = self._word(note.children[1], "une fiabilité", RELIABILITIES)
            elif word.type == "DEPUIS":
                found[word.type] = self._name(note.children[1])
            else:
                found[word.type] = self._text(note.children[1])
        source, aide, mark = found.get("SOURCE"), found.get("AIDE"), found.get("REPERE")
        reliability, since = found.get("FIABILITE"), found.get("DEPUIS")
        return tree.Notes(
            source if isinstance(source, tree.Text) else None,
            reliability if isinstance(reliability, tree.Name) else None,
            aide if isinstance(aide, tree.Text) else None,
            mark if isinstance(mark, tree.Text) else None,
            since if isinstance(since, tree.Name) else None,
        )

    def _duties(self, parts: Sequence[Node]) -> _Duties:
        duties = _Duties()
        seen: dict[str, Span] = {}
        for node in [*_trees(parts, "devoir"), *_trees(parts, "ouverture_de")]:
            word = _token(node.children[0])
            self._once(seen, word)
            if word.type == "OBLIGATOIRE":
                condition = self._expr(node.children[2]) if len(node.children) > 1 else None
                duties.required = tree.Required(condition, self._span(node))
            elif word.type == "REPRISE_DE":
                duties.carried_from = self._path(node.children[1])
            else:
                duties.opening_of = self._name(node.children[1])
        return duties

    def _accounts(self, node: Tree[Token]) -> tree.Accounts:
        prefixes: list[tree.AccountPrefix] = []
        excluded: list[tree.AccountPrefix] = []
        rows: list[tree.Name] = []
        reading = "débit"
        column: tree.Name | None = None
        for part in node.children:
            if _is(part, "NAME"):
                column = self._name(part)
            elif _is(part, "NUMBER"):
                prefixes.append(self._account(_token(part)))
            elif isinstance(part, Tree) and part.data == "exception":
                if _is(part.children[0], "NUMBER"):
                    excluded.append(self._account(_token(part.children[0])))
                else:
                    rows.append(self._name(part.children[1]))
            elif isinstance(part, Tree) and part.data == "lecture":
                reading = " ".join(KEYWORDS[_token(t).type] for t in part.children)
        return tree.Accounts(column, tuple(prefixes), tuple(excluded), tuple(rows), reading, self._span(node))

    def _iteration(self, node: Tree[Token]) -> tree.Iteration:
        names = [self._name(t) for t in node.children if _is(t, "NAME")]
        return tree.Iteration(
            "ligne" if _is(node.children[0], "CHAQUE_LIGNE") else "colonne",
            names[0] if len(names) > 1 else None,
            names[-1],
            self._stretches(node, "parmi"),
            self._stretches(node, "sauf"),
            self._span(node),
        )

    def _stretches(self, node: Tree[Token], word: str) -> tuple[tree.Stretch, ...]:
        stretches = [stretch for named in _trees(node.children, word) for stretch in _trees(named.children, "suite")]
        return tuple(
            tree.Stretch(
                self._name(stretch.children[0]),
                self._name(stretch.children[-1]) if len(stretch.children) > 1 else None,
                self._span(stretch),
            )
            for stretch in stretches
        )

    def _guard(self, parts: Sequence[Node]) -> tree.Expr | None:
        node = next(iter(_trees(parts, "garde")), None)
        return self._expr(node.children[1]) if node else None

    def _kind(self, parts: Sequence[Node]) -> tree.Kind | None:
        node = next(iter(_trees(parts, "genre")), None)
        if node is None:
            return None
        head, *rest = node.children
        span = self._span(node)
        match _token(head).type:
            case "EN":
                return tree.NumberKind(self._unit(_tree(rest[0])), False, span)
            case "ENTIER":
                return tree.NumberKind(self._unit(_tree(rest[1])) if rest else None, True, span)
            case "CHOIX":
                answers = []
                for answer in _trees(rest, "reponse"):
                    label = answer.children[1] if len(answer.children) > 1 else None
                    answers.append(tree.Answer(self._name(answer.children[0]), self._text(label) if label else None))
                return tree.ChoiceKind(tuple(answers), span)
            case "TEXTE":
                size = self._size(_token(rest[0])) if rest else None
                return tree.SimpleKind("texte", size, span)
            case _:
                return tree.SimpleKind(KEYWORDS[_token(head).type], None, span)

    def _bounds(self, parts: Sequence[Node]) -> tree.Bounds | None:
        node = next(iter(_trees(parts, "bornes")), None)
        if node is None:
            return None
        if len(node.children) == 1:
            return tree.Bounds(None, None, self._span(node))
        return tree.Bounds(self._expr(node.children[1]), self._expr(node.children[3]), self._span(node))

    def _formula(self, parts: Sequence[Node]) -> tree.Expr | None:
        node = next(iter(_trees(parts, "formule")), None)
        return self._expr(node.children[1]) if node else None

    def _row_formulas(self, parts: Sequence[Node]) -> tuple[tree.RowFormula, ...]:
        whole = self._formula(parts)
        if whole is not None:
            return (tree.RowFormula(whole, ()),)
        return tuple(
            tree.RowFormula(self._expr(node.children[1]), self._names(_tree(node.children[3])))
            for node in _trees(parts, "formule_pour")
        )

    def _unit(self, node: Tree[Token]) -> tree.UnitExpr:
        factors = []
        divides = False
        for part in node.children:
            if isinstance(part, Tree):
                token = _token(part.children[0])
                factors.append(tree.UnitFactor(str(token), divides, span_of(self.source, token)))
            else:
                divides = part.type == "SLASH"
        return tree.UnitExpr(tuple(factors), self._span(node))

    def _value(self, node: Tree[Token]) -> tree.Value:
        last = node.children[-1]
        if isinstance(last, Tree):
            quantity = self._quantity(last)
            if len(node.children) > 1:
                return tree.Quantity(quantity.value.copy_negate(), quantity.unit, self._span(node))
            return quantity
        match last.type:
            case "OUI" | "NON":
                return last.type == "OUI"
            case "NAME":
                return self._name(last)
            case "TEXT":
                return self._text(last)
            case _:
                return self._date(last)

    def _template(self, token: Token) -> tree.Template:
        """Cut a message at its braces; `{{` and `}}` are braces."""
        text = self._text(token)
        span = span_of(self.source, token)
        parts: list[str | tree.Expr | tree.Placeholder] = []
        plain = ""
        position, end = span.start + 1, span.end - 1
        content = self.source.text
        while position < end:
            char = content[position]
            if char in "{}" and position + 1 < end and content[position + 1] == char:
                plain += char
                position += 2
            elif char == "{":
                close = content.find("}", position, end)
                here = Span(self.source, position, close + 1 if close > 0 else end)
                if close < 0:
                    self.diagnostics.append(errors.bad_placeholder(here, "accolade ouverte et jamais fermée"))
                    break
                if plain:
                    parts.append(plain)
                    plain = ""
                part = self._placeholder(position + 1, close)
                if part is not None:
                    parts.append(part)
                position = close + 1
            else:
                if char == "}":
                    here = Span(self.source, position, position + 1)
                    self.diagnostics.append(errors.bad_placeholder(here, "accolade fermée sans être ouverte"))
                plain += char
                position += 1
        if plain:
            parts.append(plain)
        parts = [_one_line(part) if isinstance(part, str) else part for part in parts]
        if parts and isinstance(parts[0], str):
            parts[0] = parts[0].lstrip(_EDGE)
        if parts and isinstance(parts[-1], str):
            parts[-1] = parts[-1].rstrip(_EDGE)
        return tree.Template(tuple(p for p in parts if p != ""), text.value, span)

    def _placeholder(self, start: int, end: int) -> tree.Expr | tree.Placeholder | None:
        content = self.source.text[start:end].strip()
        for word in PLACEHOLDERS:
            if fold(content) == fold(word):
                return tree.Placeholder(word, Span(self.source, start, end))
        if "#" in content:
            here = Span(self.source, start, end)
            self.diagnostics.append(errors.bad_placeholder(here, "un commentaire entre accolades"))
            return None
        node = parse_expression(self.source, start, end, self.diagnostics)
        return self._expr(node) if node is not None else None

    # --- expressions ------------------------------------------------------------

    def _expr(self, node: Node) -> tree.Expr:
        node = _tree(node)
        parts = node.children
        span = self._span(node)
        match node.data:
            case "conditionnelle":
                return tree.Conditional(self._expr(parts[1]), self._expr(parts[3]), self._expr(parts[5]), span)
            case "disjonction":
                return tree.Or(tuple(self._expr(p) for p in parts[::2]), span)
            case "conjonction":
                return tree.And(tuple(self._expr(p) for p in parts[::2]), span)
            case "non":
                return tree.Not(self._expr(parts[1]), span)
            case "compare":
                operator = str(_token(_tree(parts[1]).children[0]))
                tolerance = self._tolerance(_tree(parts[3])) if len(parts) > 3 else None
                return tree.Comparison(self._expr(parts[0]), operator, self._expr(parts[2]), tolerance, span)
            case "encadre":
                tolerance = self._tolerance(_tree(parts[5])) if len(parts) > 5 else None
                return tree.Between(self._expr(parts[0]), self._expr(parts[2]), self._expr(parts[4]), tolerance, span)
            case "arithmetique":
                return tree.Sum(self._chain(parts, "MINUS"), span)
            case "produit":
                return tree.Product(self._chain(parts, "SLASH"), span)
            case "oppose":
                return tree.Negation(self._expr(parts[1]), span)
            case "quantite":
                return self._quantity(node)
            case "date":
                return self._date(_token(parts[0]))
            case "exercice":
                return tree.FiscalYear(span)
            case "ligne_courante":
                return tree.CurrentRow(span)
            case "appel":
                arguments = tuple(self._expr(p) for p in parts[2:-1:2])
                return tree.Call(self._name(parts[0]), arguments, span)
            case "groupe":
                return self._expr(parts[1])
            case "filtre":
                return tree.Filtered(self._expr(parts[0]), self._expr(parts[2]), span)
            case "plage":
                return tree.RangeExpr(self._path(parts[0]), self._path(parts[2]), span)
            case _:
                return self._reference_only(node)

    def _chain(self, parts: Sequence[Node], inverse: str) -> tuple[tuple[bool, tree.Expr], ...]:
        chain = [(False, self._expr(parts[0]))]
        for index in range(1, len(parts), 2):
            chain.append((_token(parts[index]).type == inverse, self._expr(parts[index + 1])))
        return tuple(chain)

    def _reference_only(self, node: Tree[Token]) -> tree.Reference:
        head = _token(node.children[0]) if not isinstance(node.children[0], Tree) else None
        if head is None:  # a range where one value is wanted
            span = self._span(node)
            self.diagnostics.append(errors.bad_word(span, "une cellule seule", ("T.ligne.colonne",)))
            return tree.Reference(("?",), None, span)
        years = self._years(_token(node.children[1])) if len(node.children) > 1 else None
        return tree.Reference(tuple(str(head).split(".")), years, self._span(node))

    def _years(self, token: Token) -> tree.Years:
        span = span_of(self.source, token)
        digits = [part.lstrip("0") or "0" for part in re.findall(r"N\s*(?:-\s*([0-9]+))?", str(token))]
        shifts = [int(part) if len(part) < 4 else 1000 for part in digits]
        if max(shifts) > 50:
            self.diagnostics.append(errors.bad_years(span, "on ne remonte pas de plus de 50 exercices"))
        if len(shifts) == 2 and shifts[0] < shifts[1]:
            self.diagnostics.append(errors.bad_years(span, "l'exercice le plus ancien s'écrit en premier"))
        return tree.Years(shifts[0], shifts[-1], len(shifts) == 2, span)

    def _quantity(self, node: Tree[Token]) -> tree.Quantity:
        number = _token(node.children[0])
        unit: tree.Name | None = None
        if len(node.children) > 1:
            token = _token(node.children[1])
            unit = tree.Name(str(token), span_of(self.source, token))
        return tree.Quantity(self._decimal(number), unit, self._span(node))

    def _tolerance(self, node: Tree[Token]) -> tree.Tolerance:
        return tree.Tolerance(
            self._quantity(next(iter(_trees(node.children, "quantite")))),
            _first(node.children, "PAR_TERME") is not None,
            self._span(node),
        )

    # --- leaves -----------------------------------------------------------------

    def _span(self, node: Node) -> Span:
        if not isinstance(node, Tree):
            return span_of(self.source, node)
        return self._span(node.children[0]).to(self._span(node.children[-1]))

    def _name(self, node: Node) -> tree.Name:
        token = _token(node)
        return tree.Name(str(token), span_of(self.source, token))

    def _path(self, node: Node) -> tree.Name:
        return self._name(_tree(node).children[0])

    def _names(self, node: Tree[Token]) -> tuple[tree.Name, ...]:
        return tuple(self._name(t) for t in node.children if _is(t, "NAME"))

    def _text(self, node: Node) -> tree.Text:
        token = _token(node)
        return tree.Text(_one_line(str(token)[1:-1]).strip(_EDGE), span_of(self.source, token))

    def _word(self, node: Node, what: str, allowed: tuple[str, ...]) -> tree.Name:
        span = self._span(node)
        written = fold(" ".join(span.text.split()))
        for word in allowed:
            if fold(word) == written:
                return tree.Name(word, span)
        self.diagnostics.append(errors.bad_word(span, what, allowed))
        return tree.Name(allowed[0], span)

    def _decimal(self, token: Token) -> Decimal:
        digits = str(token).replace("\u00a0", "").replace("\u202f", "")
        if not _NUMBER.fullmatch(digits):
            self.diagnostics.append(errors.number_too_long(span_of(self.source, token)))
            return Decimal(0)
        return Decimal(digits.replace(",", "."))

    def _size(self, token: Token) -> int:
        if not re.fullmatch(r"[1-9][0-9]{0,5}", str(token)):
            span = span_of(self.source, token)
            self.diagnostics.append(errors.bad_word(span, "une longueur de texte", ("un nombre entier",)))
            return 1000
        return int(token)

    def _places(self, token: Token) -> int:
        if str(token) not in ("0", "1", "2", "3", "4", "5", "6"):
            allowed = ("0", "1", "2", "3", "4", "5", "6")
            self.diagnostics.append(errors.bad_word(span_of(self.source, token), "un nombre de décimales", allowed))
            return 2
        return int(token)

    def _year(self, token: Token) -> int:
        if not re.fullmatch(r"[0-9]{4}", str(token)):
            span = span_of(self.source, token)
            self.diagnostics.append(errors.bad_years(span, "un exercice s'écrit sur quatre chiffres"))
            return 0
        return int(token)

    def _date(self, token: Token) -> tree.DateLiteral:
        span = span_of(self.source, token)
        day, month, year = (int(part) for part in str(token).split("/"))
        try:
            return tree.DateLiteral(date(year, month, day), span)
        except ValueError:
            self.diagnostics.append(errors.impossible_date(span))
            return tree.DateLiteral(date(2000, 1, 1), span)

    def _account(self, token: Token) -> tree.AccountPrefix:
        span = span_of(self.source, token)
        if not re.fullmatch(r"[0-9]{1,20}", str(token)):
            self.diagnostics.append(errors.bad_account(span))
        return tree.AccountPrefix(str(token), span)

    def _once(self, seen: dict[str, Span], token: Token) -> None:
        span = span_of(self.source, token)
        if token.type in seen:
            self._again(span, seen[token.type], word_of(token.type) or token.value)
        else:
            seen[token.type] = span

    def _again(self, second: Span, first: Span, word: str) -> None:
        self.diagnostics.append(errors.repeated_attribute(second, first, word))


@dataclass(slots=True)
class _Duties:
    required: tree.Required | None = None
    carried_from: tree.Name | None = None
    opening_of: tree.Name | None = None


def _one_line(text: str) -> str:
    """Fold spaces and line ends; a no-break space is the author's own."""
    return re.sub(r"[ \t\n]+", " ", text)


def _parts(piece: Piece) -> Sequence[Node]:
    assert piece.tree is not None
    return piece.tree.children


def _is(node: Node, token_type: str) -> bool:
    return isinstance(node, Token) and node.type == token_type


def _token(node: Node) -> Token:
    assert isinstance(node, Token)
    return node


def _tree(node: Node) -> Tree[Token]:
    assert isinstance(node, Tree)
    return node


def _trees(parts: Sequence[Node], data: str) -> list[Tree[Token]]:
    return [part for part in parts if isinstance(part, Tree) and part.data == data]


def _first(parts: Sequence[Node], token_type: str) -> Token | None:
    for part in parts:
        if isinstance(part, Token) and part.type == token_type:
            return part
    return None
