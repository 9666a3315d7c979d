"""Text to pieces: lexing, cutting at declaration keywords, one parse a piece.

One piece, one diagnostic: a mistake in a line of a table does not hide its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken
from lark.utils import TextSlice

from qdis_rules.diagnostics import Diagnostic
from qdis_rules.grammar import grammar_text
from qdis_rules.source import Source, Span
from qdis_rules.syntax import errors
from qdis_rules.syntax.tree import Comments
from qdis_rules.syntax.words import KEYWORDS

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
_IN_TABLE: Final = ("RUBRIQUE", "COLONNE", "LIGNE")
_IN_EXAMPLE: Final = ("DONNE", "ATTEND")
_NOT_CUT_AFTER: Final = {
    "CONTROLE": ("ATTEND",),
    "LIGNE": ("PRIORITE", "SAUF", "SEMICOLON", "EQUAL", "COMPARATEUR"),
    "COLONNE": ("PRIORITE",),
}
_PREFIX: Final = ("MINUS", "NON")


@lru_cache(maxsize=1)
def _lark() -> Lark:
    # basic lexer: with the contextual one, keywords glue to names (`x etb` reads `x et b`).
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer="basic",
        start=[*_PIECES.values(), "expression", "hors_grammaire"],
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


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


def span_of(source: Source, token: Token) -> Span:
    """Return where `token` stands."""
    assert token.start_pos is not None
    assert token.end_pos is not None
    return Span(source, token.start_pos, token.end_pos)


def read_pieces(source: Source, diagnostics: list[Diagnostic]) -> tuple[list[Piece], tuple[str, ...]]:
    """Return the pieces of `source`, and the comments after the last one."""
    cuts, trailing = _cut(source, _lex(source, 0, len(source.text)), diagnostics)
    pieces = []
    for cut in cuts:
        if cut.rule is None:
            diagnostics.append(errors.no_declaration(span_of(source, cut.tokens[0])))
            continue
        tree = _parse(source, cut.rule, cut.tokens, diagnostics)
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


def _lex(source: Source, start: int, end: int) -> Iterator[Token]:
    try:
        # INCONNU takes any character, so the lexer never refuses one.
        yield from _lark().lex(TextSlice(source.text, start, end))
    except UnexpectedCharacters as refused:  # pragma: no cover - kept as a guard
        raise AssertionError(f"the lexer refused a character at {refused.pos_in_stream}") from refused


def _cut(source: Source, tokens: Iterator[Token], diagnostics: list[Diagnostic]) -> tuple[list[_Cut], list[str]]:
    """Cut the tokens at declaration keywords and hand each comment to its piece."""
    cuts: list[_Cut] = []
    pending: list[str] = []
    home = ""  # the kind of the declaration that is open: TABLEAU, EXEMPLE …
    previous = ""
    last_line = 0
    for token in tokens:
        if token.type == "COMMENTAIRE":
            text = token.value.rstrip()
            if cuts and token.line == last_line and cuts[-1].beside is None:
                cuts[-1].beside = text
            else:
                pending.append(text)
            continue
        rule = _PIECES.get(token.type)
        starts = rule is not None and previous not in _NOT_CUT_AFTER.get(token.type, ())
        if starts and token.type == "RUBRIQUE" and home == "AGREGAT":
            starts = False
        if starts:
            if token.type in _IN_TABLE and home != "TABLEAU":
                diagnostics.append(errors.outside(span_of(source, token), token.value, "un tableau"))
            elif token.type in _IN_EXAMPLE and home != "EXEMPLE":
                diagnostics.append(errors.outside(span_of(source, token), token.value, "un exemple"))
            if token.type not in _IN_TABLE + _IN_EXAMPLE:
                home = token.type
            cuts.append(_Cut(rule, [token], pending))
            pending = []
        elif cuts:
            if cuts[-1].beside is not None:  # a comment inside the piece moves above it
                cuts[-1].above.append(cuts[-1].beside)
                cuts[-1].beside = None
            if pending:
                cuts[-1].above.extend(pending)
                pending = []
            cuts[-1].tokens.append(token)
        else:
            cuts.append(_Cut(None, [token], []))
        previous = token.type
        last_line = token.end_line or 0
    return cuts, pending


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
            accepted: set[str] = parser.accepts()  # type: ignore[no-untyped-call]
            diagnostics.append(_explain(source, tokens, index, accepted))
            return None
    try:
        result: Tree[Token] = parser.feed_eof(tokens[-1])  # type: ignore[no-untyped-call]
    except UnexpectedToken:
        accepted = parser.accepts()  # type: ignore[no-untyped-call]
        diagnostics.append(_explain(source, tokens, len(tokens), accepted))
        return None
    return result


def _too_deep(tokens: list[Token]) -> Token | None:
    """Return the token that opens one level too many, counting brackets, signs, `non` and `si`."""
    conditionals = 0
    open_prefixes = [0]
    for token in tokens:
        if token.type == "LPAR":
            open_prefixes.append(0)
        elif token.type == "RPAR":
            if len(open_prefixes) > 1:
                open_prefixes.pop()
            open_prefixes[-1] = 0
        elif token.type == "SI":
            conditionals += 1
        elif token.type in _PREFIX:
            open_prefixes[-1] += 1
        else:
            open_prefixes[-1] = 0 if token.type != "NAME" else open_prefixes[-1]
        if len(open_prefixes) + sum(open_prefixes) + conditionals > MAX_DEPTH:
            return token
    return None


def _explain(source: Source, tokens: list[Token], index: int, accepted: set[str]) -> Diagnostic:
    """Turn a refused token into the message its author needs."""
    if index == len(tokens):
        end = span_of(source, tokens[-1])
        return errors.unexpected(end, "la fin de la déclaration", accepted, f"après « {_short(end.text)} »")
    token = tokens[index]
    span = span_of(source, token)
    before = tokens[index - 1] if index else None
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if token.type == "INCONNU":
        return _explain_character(span, before, after)
    if before is not None and before.type == token.type == "NUMBER":
        return errors.thousands_with_space(span_of(source, before), span)
    if token.type == "SI" and "LPAR" in accepted:
        return errors.bare_conditional(span)
    if "NAME" in accepted and token.type in KEYWORDS and token.value.replace(" ", "").isalpha():
        return errors.reserved_word(span)
    if token.type in ("COMPARATEUR", "EQUAL") and _has_comparison(tokens[:index]) and "PLUS" in accepted:
        return errors.chained_comparison(span)
    word = KEYWORDS.get(token.type)
    found = f"« {word} »" if word else f"« {_short(token.value)} »"
    return errors.unexpected(span, found, accepted, f"après « {_short(before.value)} »" if before else "ici")


def _explain_character(span: Span, before: Token | None, after: Token | None) -> Diagnostic:
    numbers = before is not None and before.type == "NUMBER"
    if span.text in '«"':
        return errors.unclosed_text(span)
    if span.text == "." and numbers and after is not None and after.type == "NUMBER":
        return errors.decimal_point(span)
    if span.text == ",":
        return errors.comma_between_arguments(span)
    return errors.unexpected_character(span)


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
