"""The grammar of the rule language, as a package resource."""

from importlib.resources import files


def grammar_text() -> str:
    """Return the text of `qdis.lark`."""
    return files(__name__).joinpath("qdis.lark").read_text(encoding="utf-8")
