"""Text to pieces: lexing, cutting at declaration keywords, one parse a piece.

One piece, one diagnostic: a mistake in a line of a table does not hide its neighbours.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import Final

import lark
from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken
from lark.lexer import BasicLexer, LexerThread
from lark.utils import TextSlice

from qdis_rules import cache
from qdis_rules.diagnostics import Diagnostic
from qdis_rules.grammar import grammar_text
from qdis_rules.records import dataclass
from qdis_rules.source import Source, Span
from qdis_rules.suggest import fold, nearest
from qdis_rules.syntax import errors
from qdis_rules.syntax.tree import Comments
from qdis_rules.syntax.words import CAMPAIGN_WORDS, KEYWORDS, word_of

MAX_DEPTH: Final = 64

_PIECES: Final = {
    "JEU": "jeu",
    "INCLURE": "inclure",
    "UNITE": "unite_decl",
    "PARAMETRE": "parametre",
    "TABLEAU": "tableau",
    "CONTROLE": "controle",
    "FAMILLE": "famille",
    "AGREGAT": "agregat",
    "EXEMPLE": "exemple",
    "RUBRIQUE": "rubrique",
    "COLONNE": "colonne",
    "LIGNE": "ligne",
    "DONNE": "donne",
    "ATTEND": "attend",
}
_CAMPAIGN: Final = {"CAMPAGNE": "campagne", "DESACTIVER": "decision", "REACTIVER": "decision", "RENDRE": "decision"}
_CAMPAIGN_TOKENS: Final = {fold(word): kind for kind, word in CAMPAIGN_WORDS.items()}
_ALL_PIECES: Final = {**_PIECES, **_CAMPAIGN}
_IN_TABLE: Final = ("RUBRIQUE", "COLONNE", "LIGNE")
_IN_EXAMPLE: Final = ("DONNE", "ATTEND")
_AFTER_A_VALUE: Final = ("RPAR", "ET", "OU", "ALORS", "SINON", "EQUAL", "COMPARATEUR", "SEMICOLON", "QUAND", "COLON")
_BEFORE_A_NAME: Final = frozenset(
    [
        "VBAR",
        "SEMICOLON",
        "EQUAL",
        "COMPARATEUR",
        "PLUS",
        "MINUS",
        "STAR",
        "SLASH",
        "LPAR",
        "COLON",
        "SI",
        "ALORS",
        "SINON",
        "ET",
        "OU",
        "NON",
        "QUAND",
        "ENTRE",
        "DE",
        "EN",
        "SUR",
        "PARMI",
        "POUR",
    ]
)
_NOTES: Final = ("SOURCE", "FIABILITE", "AIDE", "REPERE", "DEPUIS", "SEUIL")
_ITEMS: Final = tuple(_PIECES[keyword] for keyword in _IN_TABLE + _IN_EXAMPLE)


@lru_cache(maxsize=1)
def _lark() -> Lark:
    """Return the parser; its tables take most of a second to build, so they are kept in the user's cache."""
    # basic lexer: with the contextual one, keywords glue to names (`x etb` reads `x et b`).
    options = {
        "parser": "lalr",
        "lexer": "basic",
        "start": [*dict.fromkeys(_ALL_PIECES.values()), "expression", "hors_grammaire"],
        "keep_all_tokens": True,
        "maybe_placeholders": False,
    }
    text = grammar_text()
    made_from = f"{sys.version}\n{lark.__version__}\n{options}\n{text}"
    name = f"grammaire-{hashlib.sha256(made_from.encode()).hexdigest()}"
    kept = cache.read(name)
    if kept is not None:
        return Lark.load(io.BytesIO(kept))
    parser = Lark(text, **options)
    tables = io.BytesIO()
    parser.save(tables)
    cache.write(name, tables.getvalue())
    return parser


@lru_cache(maxsize=1)
def _lexer() -> BasicLexer:
    # `Lark.lex` would build its lexer anew at each call.
    lexer: BasicLexer = _lark()._build_lexer()
    return lexer


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece: its rule name, its lark tree (None when it did not parse), its comments.

    `name` is what the piece declares, as far as can be told: references to a declaration
    that did not parse are not reported a second time.
    """

    rule: str
    name: str
    tree: Tree[Token] | None
    span: Span
    comments: Comments


@dataclass(slots=True)
class _Cut:
    """The tokens of a piece while they are gathered."""

    rule: str | None
    tokens: list[Token]
    above: list[str]
    beside: str | None = None
    stray: Diagnostic | None = None  # said unless what should have held it did not parse


def span_of(source: Source, token: Token) -> Span:
    """Return where `token` stands."""
    assert token.start_pos is not None
    assert token.end_pos is not None
    return Span(source, token.start_pos, token.end_pos)


def is_campaign(source: Source) -> bool:
    """Tell whether the first word of `source` is `campagne`: a ruleset cannot begin so."""
    first = next((token for token in _lex(source, 0, len(source.text)) if token.type != "COMMENTAIRE"), None)
    return first is not None and _CAMPAIGN_TOKENS.get(fold(first.value)) == "CAMPAGNE"


def read_pieces(
    source: Source, diagnostics: list[Diagnostic], *, campaign: bool = False
) -> tuple[list[Piece], tuple[str, ...]]:
    """Return the pieces of `source`, of a ruleset or of a campagne, and the comments after the last one."""
    own = _CAMPAIGN if campaign else _PIECES
    cuts, trailing = _cut(source, _lex(source, 0, len(source.text), campaign=campaign), own)
    pieces = []
    said = False  # a mistake in a head explains the lines that follow it
    misplaced = False  # one declaration of the other kind of text explains the others
    for cut in cuts:
        if cut.rule is None:
            diagnostics.append(errors.no_declaration(span_of(source, cut.tokens[0]), campaign=campaign))
            said = True
            continue
        if cut.rule not in own.values():
            first = span_of(source, cut.tokens[0])
            if not misplaced:
                diagnostics.append(errors.of_another_text(first, campaign=campaign))
            said = misplaced = True
            pieces.append(Piece(cut.rule, "", None, first, Comments()))
            continue
        tree = _parse(source, cut.rule, cut.tokens, diagnostics)
        if cut.rule not in _ITEMS:
            said = tree is None
        elif cut.stray is not None and not said:
            diagnostics.append(cut.stray)
        span = span_of(source, cut.tokens[0]).to(span_of(source, cut.tokens[-1]))
        name = str(cut.tokens[1]) if len(cut.tokens) > 1 else ""
        pieces.append(Piece(cut.rule, name, tree, span, Comments(tuple(cut.above), cut.beside)))
    return pieces, tuple(trailing)


def parse_expression(source: Source, start: int, end: int, diagnostics: list[Diagnostic]) -> Tree[Token] | Token | None:
    """Return the tree of the expression written in source[start:end], for messages."""
    tokens = [t for t in _lex(source, start, end) if t.type != "COMMENTAIRE"]
    if not tokens:
        diagnostics.append(errors.bad_placeholder(Span(source, start, end), "une accolade vide"))
        return None
    return _parse(source, "expression", tokens, diagnostics)


def _lex(source: Source, start: int, end: int, *, campaign: bool = False) -> Iterator[Token]:
    try:
        # INCONNU takes any character, so the lexer never refuses one.
        for token in LexerThread.from_text(_lexer(), TextSlice(source.text, start, end)).lex(None):  # type: ignore[no-untyped-call]
            word = _CAMPAIGN_TOKENS.get(fold(token.value)) if campaign and token.type == "NAME" else None
            yield token if word is None else token.update(type=word)
    except UnexpectedCharacters as refused:  # pragma: no cover - kept as a guard
        raise AssertionError(f"the lexer refused a character at {refused.pos_in_stream}") from refused


def _cut(source: Source, lexed: Iterator[Token], own: Mapping[str, str]) -> tuple[list[_Cut], list[str]]:
    """Cut the tokens at declaration keywords, those of the other kind of text too; hand each comment to its piece."""
    cuts: list[_Cut] = []
    pending: list[str] = []
    home = ""  # the kind of the declaration that is open: TABLEAU, EXEMPLE …
    last_line = 0
    tokens = list(lexed)
    for index, token in enumerate(tokens):
        if token.type == "COMMENTAIRE":
            text = token.value.rstrip()
            if cuts and token.line == last_line and cuts[-1].beside is None:
                cuts[-1].beside = text
            else:
                pending.append(text)
            continue
        keyword = token.type
        piece = cuts[-1].tokens if cuts else []
        following = tokens[index + 1 : index + 2]
        first = token.line != last_line  # of its line
        starts = _starts(token, following, piece, home) and (
            first or (keyword in own and (home == "TABLEAU" or keyword not in _IN_TABLE))
        )
        word = token.type == "NAME" or (token.type == "CONTROLES" and not (piece and piece[-1].type == "ATTEND"))
        if word and first and not (piece and piece[-1].type in _BEFORE_A_NAME):
            keyword = _misspelt(token, following, own) or keyword
            starts = keyword in _ALL_PIECES
        if starts:
            stray = _stray(source, token, keyword, home)
            if keyword not in _IN_TABLE + _IN_EXAMPLE:
                home = keyword
            cuts.append(_Cut(_ALL_PIECES[keyword], [token], pending, stray=stray))
            pending = []
        elif cuts:
            if cuts[-1].beside is not None:  # a comment inside the piece moves above it
                cuts[-1].above.append(cuts[-1].beside)
                cuts[-1].beside = None
            cuts[-1].above.extend(pending)
            pending = []
            cuts[-1].tokens.append(token)
        else:
            cuts.append(_Cut(None, [token], pending))
            pending = []
        last_line = token.end_line or 0
    return cuts, pending


def _starts(token: Token, following: list[Token], piece: list[Token], home: str) -> bool:
    """Tell whether `token` begins a piece, given the tokens of the piece that is open."""
    if token.type not in _ALL_PIECES:
        return False
    previous = piece[-1].type if piece else ""
    named = len(piece) == 1 and previous in _ALL_PIECES and piece[0].line == token.line
    if named and (previous, token.type) != ("ATTEND", "CONTROLE"):
        return False  # where a name is expected: a reserved word, said so by the parser
    match token.type:
        case "CONTROLE":
            return previous != "ATTEND" and [str(each) for each in piece[1:]] != ["aucun"]
        case "RUBRIQUE":
            return home != "AGREGAT"
        case "COLONNE":
            return previous != "PRIORITE"
        case "LIGNE":
            excluded = previous == "SAUF" or (previous == "SEMICOLON" and any(t.type == "SAUF" for t in piece))
            compared = previous in ("EQUAL", "COMPARATEUR") and following[:1] and following[0].type != "NAME"
            current_row = not following or compared or following[0].type in _AFTER_A_VALUE
            return not (previous == "PRIORITE" or excluded or (current_row and home == "TABLEAU"))
        case _:
            return True


def _misspelt(token: Token, following: list[Token], own: Mapping[str, str]) -> str | None:
    """Return the declaration keyword that a name at the start of a line was meant to be.

    A name before a name or a text is never an expression.
    """
    if not following or following[0].type not in ("NAME", "CHEMIN", "GENERE", "TEXT"):
        return None
    foreign = _CAMPAIGN_TOKENS.get(fold(token.value))
    if foreign in _CAMPAIGN and following[0].type != "TEXT":
        return foreign
    words = {word_of(kind) or "": kind for kind in own}
    near = nearest(token.value, words)
    return words[near] if near is not None else None


def _stray(source: Source, token: Token, keyword: str, home: str) -> Diagnostic | None:
    if keyword in _IN_TABLE and home != "TABLEAU":
        return errors.outside(span_of(source, token), token.value, "un tableau")
    if keyword in _IN_EXAMPLE and home != "EXEMPLE":
        return errors.outside(span_of(source, token), token.value, "un exemple")
    return None


def _parse(source: Source, rule: str, tokens: list[Token], diagnostics: list[Diagnostic]) -> Tree[Token] | None:
    deep = _too_deep(tokens)
    if deep is not None:
        diagnostics.append(errors.too_deep(span_of(source, deep), MAX_DEPTH))
        return None
    parser = _lark().parse_interactive(start=rule)
    for index, token in enumerate(tokens):
        try:
            parser.feed_token(token)
        except UnexpectedToken:
            diagnostics.append(_explain(source, rule, tokens, index, _accepted(rule, tokens[:index])))
            return None
    try:
        result: Tree[Token] = parser.feed_eof(tokens[-1])  # type: ignore[no-untyped-call]
    except UnexpectedToken:
        diagnostics.append(_explain(source, rule, tokens, len(tokens), _accepted(rule, tokens)))
        return None
    for sign, token in pairwise(tokens):
        if token.type == "MINUS" and sign.type in ("PLUS", "MINUS"):
            diagnostics.append(errors.double_sign(span_of(source, sign).to(span_of(source, token))))
    return result


def _accepted(rule: str, tokens: list[Token]) -> set[str]:
    """Return the kinds of tokens that could follow; the refusal itself has already moved the parser."""
    parser = _lark().parse_interactive(start=rule)
    for token in tokens:
        parser.feed_token(token)
    accepted: set[str] = parser.accepts()  # type: ignore[no-untyped-call]
    return accepted


def _too_deep(tokens: list[Token]) -> Token | None:
    """Return the token that opens one level too many, counting brackets, signs, `non` and `si`."""
    prefixes, conditionals = [0], [0]  # of each open bracket
    for token in tokens:
        match token.type:
            case "LPAR":
                prefixes.append(0)
                conditionals.append(0)
            case "RPAR":
                if len(prefixes) > 1:
                    prefixes.pop()
                    conditionals.pop()
                prefixes[-1] = 0
            case "SEMICOLON":
                prefixes[-1] = conditionals[-1] = 0
            case "SI":
                conditionals[-1] += 1
            case "MINUS" | "NON":
                prefixes[-1] += 1
            case "NAME":
                pass  # a function name stands between a sign and its bracket
            case _:
                prefixes[-1] = 0
        if len(prefixes) + sum(prefixes) + sum(conditionals) > MAX_DEPTH:
            return token
    return None


def _explain(source: Source, rule: str, tokens: list[Token], index: int, accepted: set[str]) -> Diagnostic:
    """Turn a refused token into the message its author needs."""
    if index == len(tokens):
        end = span_of(source, tokens[-1])
        return errors.unexpected(end, "la fin de la déclaration", accepted, f"après « {_short(end.text)} »")
    token = tokens[index]
    span = span_of(source, token)
    before = tokens[index - 1] if index else None
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if rule == "decision" and before is not None and before.type == "A_COMPTER_DU":
        return errors.malformed_date(_run(source, tokens, index))
    if rule == "decision" and span.text == "[":
        return errors.place_in_decision(span)
    if token.type == "INCONNU":
        return _explain_character(span, before, after)
    if before is not None and before.type == token.type == "NUMBER":
        numbers = [before, *takewhile(lambda each: each.type == "NUMBER", tokens[index:])]
        parts = [span_of(source, each) for each in numbers]
        of_accounts = any(each.type == "COMPTES" for each in tokens[:index])
        return errors.accounts_with_space(parts) if of_accounts else errors.thousands_with_space(parts)
    if before is not None and before.type == "EQUAL" and token.value in ("<", ">"):
        return errors.reversed_comparison(span_of(source, before).to(span))
    if rule in ("controle", "agregat") and before is not None and _guard_is_open(tokens, index) and "COLON" in accepted:
        return errors.guard_without_colon(span_of(source, before))
    if index > 1 and rule in errors.ORDER and token.type in _NOTES:
        return errors.misplaced_note(span, rule)
    if token.type == "SI" and "LPAR" in accepted:
        return errors.bare_conditional(span)
    if "NAME" in accepted and rule != "decision" and token.type in KEYWORDS and token.value.replace(" ", "").isalpha():
        return errors.reserved_word(span)
    if token.type in ("COMPARATEUR", "EQUAL") and _has_comparison(tokens[:index]):
        return errors.chained_comparison(span)
    word = word_of(token.type)
    found = f"« {word} »" if word else f"« {_short(token.value)} »"
    words = (KEYWORDS | CAMPAIGN_WORDS if rule in _CAMPAIGN.values() else KEYWORDS).values()
    near = nearest(token.value, words) if token.type == "NAME" else None
    return errors.unexpected(span, found, accepted, f"après « {_short(before.value)} »" if before else "ici", near)


def _run(source: Source, tokens: list[Token], index: int) -> Span:
    """Return the span of what stands where a date is expected, up to the next word or text."""
    last = index
    while last + 1 < len(tokens) and tokens[last + 1].type in ("NUMBER", "SLASH", "MINUS", "NAME", "INCONNU"):
        last += 1
    return span_of(source, tokens[index]).to(span_of(source, tokens[last]))


def _explain_character(span: Span, before: Token | None, after: Token | None) -> Diagnostic:
    numbers = before is not None and before.type == "NUMBER"
    if span.text in '«"':
        return errors.unclosed_text(span)
    if span.text == "." and numbers and after is not None and after.type == "NUMBER":
        return errors.decimal_point(span)
    if span.text == ",":
        return errors.comma_between_arguments(span)
    return errors.unexpected_character(span)


def _guard_is_open(tokens: list[Token], index: int) -> bool:
    """True when a guard began, and no colon ends it anywhere in the piece."""
    kinds = [token.type for token in tokens]
    return "QUAND" in kinds[:index] and "COLON" not in kinds


def _has_comparison(tokens: list[Token]) -> bool:
    for token in reversed(tokens):
        if token.type in ("COMPARATEUR", "EQUAL"):
            return True
        if token.type in ("ET", "OU", "COLON", "ALORS", "SINON", "QUAND"):
            return False
    return False


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"
