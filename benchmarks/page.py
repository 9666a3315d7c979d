"""Writes the figures of `docs/performance.md`, and its picture, from `benchmarks/results`: none is typed by hand.

The page keeps its prose; what stands between `<!-- figures: name -->` and `<!-- end -->` is written anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.contenders import PLACES, Absent, named
from benchmarks.timing import load

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "performance.md"
PICTURE = DOCS / "performance.svg"
SLOT = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
OURS = "qdis_rules"
BY_HAND = "straight-line Decimal function"
NOT_RUN = "\n_Not run yet._\n\n"


def main() -> None:
    """Write the page and the picture."""
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(SLOT.sub(lambda slot: slot[1] + SECTIONS[slot[2]]() + slot[3], text), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
    print(f"written: {PAGE.name}, {PICTURE.name}")


# --- tables -------------------------------------------------------------------------


def one_dossier() -> str:
    """Return the table of one dossier."""
    found = load("one_dossier")
    if found is None:
        return NOT_RUN
    seconds, base = found["seconds"], found["seconds"][BY_HAND]
    rows = [
        (name, _time(each), _ratio(each / base), _claims().get(name, ""))
        for name, each in sorted(seconds.items(), key=lambda item: item[1])
    ]
    return table(("one dossier", "time", "× straight-line Decimal", "claims to be exact"), rows)


def one_edit() -> str:
    """Return the table of one edit."""
    found = load("one_edit")
    if found is None:
        return NOT_RUN
    seconds = found["seconds"]
    base = seconds["incremental by hand, Decimal"]
    rows = [
        (name.replace(f"{OURS}, whole", f"{OURS}, the whole dossier again"), _time(each), _ratio(each / base))
        for name, each in sorted(seconds.items(), key=lambda item: item[1])
    ]
    return table(("one edit", "time", "× incremental Decimal"), rows)


def many() -> str:
    """Return the tables of many dossiers."""
    found = load("many")
    if found is None:
        return NOT_RUN
    memory: dict[str, dict[str, float]] = found["in_memory"]
    sizes = list(memory)
    names = sorted(memory[sizes[-1]], key=lambda name: -memory[sizes[-1]][name])
    rows = [(name, *(_count(memory[size].get(name)) for size in sizes), _remarks().get(name, "")) for name in names]
    text = table(("in memory, dossiers a second", *(f"{_count(float(size))} dossiers" for size in sizes), ""), rows)
    files: dict[str, dict[str, dict[str, float]]] = found["files"]
    sizes = list(files)
    names = sorted(files[sizes[0]], key=lambda name: -files[sizes[0]][name]["rate"])
    rows = [(name, *(_run(files[size].get(name)) for size in sizes)) for name in names]
    return text + table(("parquet to parquet, dossiers a second (peak of memory)", *map(_sized, sizes)), rows)


def exactness() -> str:
    """Return the tables of differences."""
    text = ""
    for name in ("exactness", "campaign"):
        found = load(name)
        if found is None:
            continue
        met = found["met"]
        for kind, counts in met.items():
            text += f"\n{counts['dossiers']:,} {kind}: {counts.get('ties', 0):,} roundings are ties, "
            text += f"{counts.get('gaps', 0):,} gaps are the tolerance" + (
                f"; {found['absent']:.0%} of the inputs are absent.  " if found["absent"] else ".  "
            )
        rows = [
            (each, *(_differences(kinds.get(kind)) for kind in met)) for each, kinds in found["differences"].items()
        ]
        text += "\n" + table(("differing values + verdicts", *met), rows)
    return text or NOT_RUN


def growth() -> str:
    """Return the tables of growth."""
    found = load("growth")
    if found is None:
        return NOT_RUN
    rows = []
    for what, title in (("one", "one dossier"), ("edit", "one edit"), ("compiled", "compilation")):
        for name, points in found["rules"][what].items():
            rows.append((f"{title}, {name}", *map(_time, points.values())))
    text = table(("rules", *(f"× {times}" for times in found["rules"]["compiled"][OURS])), rows)
    dossiers = found["dossiers"]
    counts = list(max(dossiers.values(), key=len))
    rows = [(name, *(_time(points.get(count)) for count in counts)) for name, points in dossiers.items()]
    return text + table(("dossiers", *map(_sized, counts)), rows)


def questionnaire() -> str:
    """Return the table of the 2023 ruleset."""
    found = load("questionnaire")
    if found is None:
        return NOT_RUN
    words = {
        "by hand": "one dossier, straight-line Decimal function made from the typed rules",
        "evaluation": "one dossier, admitted, to values and verdicts",
        "report": "one dossier, from its figures and those of two years before to a report",
        "edit": "one edit",
        "many": "one of many",
    }
    base = found["seconds"]["by hand"]
    rows = [
        (text, _time(each), _ratio(each / base)) for what, text in words.items() if (each := found["seconds"].get(what))
    ]
    same, of = found["agreed"]
    told = f"\nThe function by hand gives {same:,} of the {of:,} values and verdicts of the evaluation.\n"
    title = f"{found['cells']:,} cells, {found['aggregates']} aggregates, {found['checks']:,} checks"
    return table((title, "time", "× by hand"), rows) + told + "\n"


def machine() -> str:
    """Return the machine, as each script met it."""
    names = ("one_dossier", "one_edit", "many", "exactness", "campaign", "growth", "questionnaire")
    found: dict[str, list[str]] = {}
    for name in names:
        figures = load(name)
        if figures is None:
            continue
        met = figures["machine"]
        packages = ", ".join(f"{package} {version}" for package, version in met["packages"].items())
        told = f"{met['processor']}, {met['cores']} cores, {met['memory_gb']} GB, {met['system']}, "
        told += f"Python {met['python']}, revision {met['revision']}; {packages}."
        found.setdefault(told, []).append(name)
    return "\n" + "".join(f"- {', '.join(names)}: {told}\n" for told, names in found.items()) + "\n"


SECTIONS = {each.__name__: each for each in (one_dossier, one_edit, many, exactness, growth, questionnaire, machine)}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; this library is in bold."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    lines += [[f"**{row[0]}**" if row[0].startswith(OURS) else row[0], *row[1:]] for row in rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _claims() -> dict[str, str]:
    return {contender.name: contender.exact for contender in _contenders()}


def _remarks() -> dict[str, str]:
    return {contender.name: contender.remark for contender in _contenders()}


def _contenders() -> list[Any]:
    found = []
    for name in (name for classes in PLACES.values() for name in classes):
        try:
            found.append(named(name))
        except Absent:
            continue
    return found


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for scale, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * scale >= 1:
            return f"{_digits(seconds * scale)} {unit}"
    return f"{_digits(seconds * 1e6)} µs"


def _digits(value: float, digits: int = 3) -> str:
    """Return a number with three digits that count."""
    places = max(0, digits - 1 - floor(log10(value))) if value > 0 else 0
    return f"{round(value, digits - 1 - floor(log10(value))) if value > 0 else 0:,.{places}f}"


def _ratio(value: float) -> str:
    return _digits(value)


def _count(value: float | None) -> str:
    return "" if value is None else f"{round(value, 2 - floor(log10(value))):,.0f}"


def _sized(size: str) -> str:
    return f"{int(size):,}"


def _run(run: Mapping[str, float] | None) -> str:
    return "" if run is None else f"{_count(run['rate'])} ({run['peak_mb'] / 1000:.1f} GB)"


def _differences(counts: Mapping[str, int] | None) -> str:
    if counts is None:
        return ""
    told = f"{counts.get('values', 0):,} + {counts.get('verdicts', 0):,}"
    refused = f", {counts['refused']:,} dossiers refused" if counts.get("refused") else ""
    return f"{told} ({counts['dossiers']:,} dossiers{refused})"


# --- the picture ---------------------------------------------------------------------

WIDTH, LEFT, RIGHT, STEP, TOP = 760, 270, 24, 22, 34
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600; font-size: 15px }
  .axis { stroke: #d0d7de } .tick { fill: #57606a; font-size: 11px } .peer { fill: #6e7781 } .ours { fill: #0a58ca }
  .off { fill: #c6ccd2 }
  .name { text-anchor: end } .bold { font-weight: 600 } .value { font-size: 11px; fill: #57606a }
  rect.paper { fill: #ffffff }
"""


PALE = "Pale: differs from exact arithmetic on some of the dossiers compared."


def picture() -> str:
    """Return the picture: one dossier, one edit, many dossiers, each on a log axis."""
    panels: list[tuple[str, Mapping[str, float], str]] = []
    one, edit, several = load("one_dossier"), load("one_edit"), load("many")
    if one is not None:
        panels.append(("One dossier: time (shorter is better)", one["seconds"], "time"))
    if edit is not None:
        panels.append(("One edit: time (shorter is better)", edit["seconds"], "time"))
    if several is not None:
        size, rates = list(several["in_memory"].items())[-1]
        panels.append((f"{_sized(size)} dossiers in memory: a second (longer is better)", rates, "rate"))
    off = _off()
    drawn, told = [f'<text class="value" x="8" y="20">{PALE}</text>'] if off else [], []
    top = 28 if off else 8
    for title, figures, kind in panels:
        text, height = _panel(title, figures, kind, top, off)
        drawn.append(text)
        told.append(f"{title}: " + ", ".join(f"{name} {_said(each, kind)}" for name, each in _sorted(figures, kind)))
        top += height
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img" aria-labelledby="t d">'
    title = '<title id="t">Performance, side by side, on logarithmic axes</title>'
    paper = f'<rect class="paper" width="{WIDTH}" height="{top}"/>'
    pale = f"{PALE} {', '.join(sorted(off))}"
    said = f'<desc id="d">{escape(". ".join([*told, pale]))}.</desc>'
    return "\n".join([head, title, said, f"<style>{STYLE}</style>", paper, *drawn, "</svg>", ""])


def _panel(title: str, figures: Mapping[str, float], kind: str, top: float, off: set[str]) -> tuple[str, float]:
    low, high = floor(log10(min(figures.values())) - 0.01), ceil(log10(max(figures.values())))
    wide = WIDTH - LEFT - RIGHT - 60

    def x(value: float) -> float:
        return LEFT + (log10(value) - low) / (high - low) * wide

    height = TOP + STEP * len(figures) + 30
    bottom = top + height - 30
    parts = [f'<text class="title" x="8" y="{top + 18}">{escape(title)}</text>']
    for power in range(low, high + 1):
        at = x(10**power)
        parts.append(f'<line class="axis" x1="{at:.1f}" x2="{at:.1f}" y1="{top + TOP - 6}" y2="{bottom}"/>')
        parts.append(
            f'<text class="tick" text-anchor="middle" x="{at:.1f}" y="{bottom + 14}">{_tick(power, kind)}</text>'
        )
    for index, (name, value) in enumerate(_sorted(figures, kind)):
        y = top + TOP + STEP * index + 8
        ours = name.startswith(OURS)
        parts.append(f'<text class="name{" bold" if ours else ""}" x="{LEFT - 10}" y="{y + 4}">{escape(name)}</text>')
        length = max(x(value) - LEFT, 1)
        parts.append(
            f'<rect class="{"off" if name in off else "ours" if ours else "peer"}" x="{LEFT}" y="{y - 6}" width="{length:.1f}" height="12" rx="2"/>'
        )
        parts.append(f'<text class="value" x="{LEFT + length + 6:.1f}" y="{y + 4}">{_said(value, kind)}</text>')
    return "\n".join(parts), height


def _off() -> set[str]:
    """Return who differs from exact arithmetic on some dossier."""
    counted = (load("exactness") or {"differences": {}})["differences"]
    return {
        name
        for name, kinds in counted.items()
        if any(each.get("values", 0) + each.get("verdicts", 0) for each in kinds.values())
    }


def _sorted(figures: Mapping[str, float], kind: str) -> list[tuple[str, float]]:
    return sorted(figures.items(), key=lambda item: item[1], reverse=kind == "rate")


def _said(value: float, kind: str) -> str:
    return _time(value) if kind == "time" else _count(value)


def _tick(power: int, kind: str) -> str:
    if kind == "rate":
        return f"{10**power:,}"
    return _time(10.0**power * 1.000001).replace(".00 ", " ").replace(".0 ", " ")


if __name__ == "__main__":
    main()
