"""A ruleset to pages: every file of the site, in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jinja2
from jinja2.runtime import Context
from markupsafe import Markup, escape

from qdis_rules.documenting import wording
from qdis_rules.documenting.addresses import HOME, NOTICE, link, page
from qdis_rules.documenting.beside import Beside
from qdis_rules.documenting.drawings import bar
from qdis_rules.documenting.formulas import Mention
from qdis_rules.documenting.views import Views
from qdis_rules.model import typed
from qdis_rules.syntax import tree

# No page may hold what HTML forbids, nor direction marks that would disguise a figure.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def pages_of(ruleset: typed.TypedRuleset, beside: Beside | None = None) -> Mapping[str, bytes]:
    """Return the files of the site by path, `index.html` first; the same ruleset gives the same bytes.

    `beside` is what to show with it. A ruleset put on a day shows its checks as its campagne leaves them.
    """
    views = Views(ruleset, beside or Beside())
    render = _renderer(views)
    addresses = views.addresses
    found = {HOME: render("accueil", HOME), NOTICE: render("notice", NOTICE)}
    for name in ("fiabilite", "parametres", "unites", "comptes", "codes"):
        found[page(name)] = render(name, page(name))
    if views.coverage is not None:
        found[page("couverture")] = render("couverture", page("couverture"), seen=views.coverage)
    for code, table in ruleset.tables.items():
        found[addresses.file(code)] = render("tableau", addresses.file(code), table=table)
    for stem, (title, checks) in views.groups.items():
        file = addresses.group(stem)
        found[file] = render("controles", file, group=title, checks=checks)
        for check in checks:
            found[addresses.file(check.code)] = render(
                "controle", addresses.file(check.code), check=check, stem=stem, group=title
            )
    for code, family in ruleset.families.items():
        found[addresses.file(code)] = render("famille", addresses.file(code), family=family)
    for code, aggregate in ruleset.aggregates.items():
        found[addresses.file(code)] = render("agregat", addresses.file(code), aggregate=aggregate)
    found[_STYLE] = _resource("style.css").encode()
    found[_SCRIPT] = _resource("site.js").encode()
    return found


def notice_as_pdf(notice: bytes) -> bytes:
    """Return the printable notice as a PDF. ImportError without WeasyPrint, OSError without its libraries."""
    import weasyprint  # noqa: PLC0415  # an optional, slow library

    return bytes(weasyprint.HTML(string=notice.decode()).write_pdf())


_STYLE: Final = "pages/style.css"
_SCRIPT: Final = "pages/site.js"


def _resource(name: str) -> str:
    return (files("qdis_rules.documenting") / "templates" / name).read_text("utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("qdis_rules.documenting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests["mention"] = lambda piece: isinstance(piece, Mention)
    environment.tests["place"] = lambda piece: isinstance(piece, tree.Placeholder)
    environment.filters.update(
        breakable=_breakable,
        counted=wording.counted,
        french=_french_operators,
        one_line=lambda text: " ".join(text.split()),
    )
    environment.globals.update(
        href=_href,
        to_file=_to_file,
        bar=bar,
        page=page,
        wording=wording,
        style=_STYLE,
        script=_SCRIPT,
        home=HOME,
        notice=NOTICE,
    )
    return environment


@jinja2.pass_context
def _href(context: Context, code: str) -> str:
    """Return the link from the page at hand to a code."""
    views: Views = context["views"]
    return views.addresses.to(code, context["here"])


@jinja2.pass_context
def _to_file(context: Context, file: str, anchor: str = "") -> str:
    """Return the link from the page at hand to a file."""
    return link(file, context["here"], anchor)


def _renderer(views: Views) -> Callable[..., bytes]:
    environment = _environment()

    def render(template: str, here: str, **values: Any) -> bytes:
        text = environment.get_template(f"{template}.html").render(
            views=views, ruleset=views.ruleset, here=here, notice_style=_resource("notice.css"), **values
        )
        text = text.replace("« ", "«\u00a0").replace(" »", "\u00a0»")  # guillemets stay with their words
        return _UNSEEN.sub("\ufffd", text).encode()

    return render


def _breakable(code: str) -> Markup:
    """Return a code that may be broken after its dots and underscores, and is still copied whole."""
    return Markup(escape(code).replace(".", Markup(".<wbr>")).replace("_", Markup("_<wbr>")))  # noqa: S704


def _french_operators(text: str) -> str:
    """Return a piece of formula with the signs a reader of French expects."""
    for sign, word in (("<=", "≤"), (">=", "≥"), ("<>", "≠"), ("*", "×"), ("/", "÷"), (" - ", " − ")):
        text = text.replace(sign, word)
    return text
