"""Sources to one syntax tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qdis_rules.diagnostics import Diagnostic, Outcome, in_source_order
from qdis_rules.source import MAX_CHARACTERS, MAX_LINES, Source, Span
from qdis_rules.syntax import errors, tree
from qdis_rules.syntax.build import Builder, Built
from qdis_rules.syntax.pieces import Piece, read_pieces


def parse(sources: Sequence[Source]) -> Outcome[tree.SyntaxTree]:
    """Return the tree of a ruleset's sources, as far as they parse, and every syntax error.

    Any text gives an outcome. A text beyond `MAX_CHARACTERS` or `MAX_LINES` is refused
    whole with `source-trop-longue`.
    """
    assembly = _Assembly()
    diagnostics: list[Diagnostic] = []
    trailing: tuple[str, ...] = ()
    lines = characters = 0
    for source in sources:
        lines += source.line_count
        characters += len(source.text)
        if lines > MAX_LINES or characters > MAX_CHARACTERS:
            why = f"plus de {MAX_LINES} lignes" if lines > MAX_LINES else f"plus de {MAX_CHARACTERS} caractères"
            diagnostics.append(errors.source_too_long(Span(source, 0, 0), why + " dans un jeu"))
            assembly.broken.add(tree.RULESET)
            break
        pieces, trailing = read_pieces(source, diagnostics)
        builder = Builder(source, diagnostics)
        for piece in pieces:
            assembly.take(piece, builder.piece(piece) if piece.tree is not None else None)
        assembly.close()
    built = tree.SyntaxTree(tuple(assembly.declarations), frozenset(assembly.broken), trailing)
    return Outcome(built, in_source_order(diagnostics))


def parse_campaign(source: Source) -> Outcome[tree.CampaignTree]:
    """Return the tree of a campagne, as far as it parses, and every syntax error. Any text gives an outcome."""
    if source.line_count > MAX_LINES or len(source.text) > MAX_CHARACTERS:
        why = f"plus de {MAX_LINES} lignes ou de {MAX_CHARACTERS} caractères dans une campagne"
        refused = errors.source_too_long(Span(source, 0, 0), why)
        return Outcome(tree.CampaignTree(source, (), broken=True), (refused,))
    diagnostics: list[Diagnostic] = []
    pieces, trailing = read_pieces(source, diagnostics, campaign=True)
    builder = Builder(source, diagnostics)
    declarations: list[tree.CampaignDecl | tree.DecisionDecl] = []
    broken = False
    for piece in pieces:
        built = builder.piece(piece) if piece.tree is not None else None
        if isinstance(built, tree.CampaignDecl | tree.DecisionDecl):
            declarations.append(built)
        elif piece.rule != "decision":
            broken = True
    return Outcome(
        tree.CampaignTree(source, tuple(declarations), broken, trailing),
        in_source_order(diagnostics),
    )


class _Assembly:
    """Gives each table its columns and rows, each example its steps."""

    def __init__(self) -> None:
        self.declarations: list[tree.Declaration] = []
        self.broken: set[str] = set()
        self._head: tree.Declaration | None = None
        self._items: list[tree.Column | tree.Row | tree.Section] = []
        self._steps: list[tree.Step] = []
        self._broken_items: set[str] = set()

    def take(self, piece: Piece, built: Built | None) -> None:
        match built:
            case None if piece.rule in ("colonne", "ligne"):
                self._broken_items.add(piece.name)
            case None if piece.rule in ("rubrique", "donne", "attend"):
                pass
            case None:
                self.close()
                self.broken.add(tree.RULESET if piece.rule in ("jeu", "campagne", "decision") else piece.name)
            case tree.Column() | tree.Row() | tree.Section():
                self._items.append(built)
            case tree.Given() | tree.Expected() | tree.ExpectedAlone():
                self._steps.append(built)
            case tree.CampaignDecl() | tree.DecisionDecl():
                raise AssertionError("a ruleset holds no campagne: its pieces have no tree")
            case _:
                self.close()
                self._head = built

    def close(self) -> None:
        """Finish the open declaration; items of a head that did not parse go with it."""
        match self._head:
            case tree.TableDecl():
                self.declarations.append(
                    replace(self._head, items=tuple(self._items), broken=frozenset(self._broken_items))
                )
            case tree.ExampleDecl():
                self.declarations.append(replace(self._head, steps=tuple(self._steps)))
            case None:
                pass
            case _:
                self.declarations.append(self._head)
        self._head = None
        self._items.clear()
        self._steps.clear()
        self._broken_items.clear()
