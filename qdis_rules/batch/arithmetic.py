"""Arithmetic on operands: whole numbers while they fit, pairs of them for quotients, near numbers beyond."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from qdis_rules.batch.operands import (
    LIMIT,
    Code,
    Flag,
    Near,
    NotWritten,
    Number,
    Operand,
    Ratio,
    Whole,
    power,
    with_state,
)
from qdis_rules.batch.statements import Statements
from qdis_rules.numbers import Exact, Rounding

COMPARISONS: Final = {
    "=": "np.equal",
    "<>": "np.not_equal",
    "<": "np.less",
    "<=": "np.less_equal",
    ">": "np.greater",
    ">=": "np.greater_equal",
}
"""The NumPy function of each."""


class Arithmetic(Statements):
    """Writes what numbers do; each method returns the operand of the result."""

    def constant(self, value: Exact) -> Number:
        """Return the operand of a constant."""
        exact = Fraction(value)
        found = power(exact)
        if found is not None and abs(found[0]) < LIMIT:
            return Whole(str(found[0]), found[1], abs(found[0]))
        if max(abs(exact.numerator), exact.denominator) >= LIMIT:
            raise NotWritten("a constant that long")
        above, below = (
            Whole(str(exact.numerator), 0, abs(exact.numerator)),
            Whole(str(exact.denominator), 0, exact.denominator),
        )
        return Ratio(above, below, 0, "None")

    def scaled(self, whole: Whole, factor: int) -> str:
        """Return the text of a whole number times an int."""
        if whole.bound == 0:
            return "0"  # whatever the factor
        if whole.constant is not None:
            return str(whole.constant * factor)
        if factor in (1, -1):
            return whole.text if factor == 1 else self.computed("np.negative", whole.text)
        return self.computed("np.multiply", whole.text, factor)

    def times(self, number: Number, factor: int, scale: int = 0) -> Number:
        """Return number * factor / 10**scale."""
        if factor == 1 and scale == 0:
            return number
        match number:
            case Whole(_, of, bound, state):
                if bound * abs(factor) < LIMIT:
                    return Whole(self.scaled(number, factor), of + scale, bound * abs(factor), state)
                return self.times(self.near(number), factor, scale)
            case Ratio(above, below, of, state):
                made = self.times(above, factor)
                if isinstance(made, Whole):
                    return Ratio(made, below, of + scale, state)
                return self.times(self.near(number), factor, scale)
            case Near(text, error, of, state, whole):
                f, e = self.fresh("f"), self.fresh("e")
                self.line(f"{f}, {e} = near_sum([({factor}.0, {text}, {error})])")
                wrapped = self.named(f"{whole} * {factor}") if whole and abs(factor) < LIMIT else None
                return Near(f, e, of + scale, state, wrapped)

    def near(self, number: Number) -> Near:
        """Return a number as floats."""
        match number:
            case Near():
                return number
            case Whole(text, scale, _, state):
                column = self.array(text)
                name = self.once(f"near({column})", "p")
                return Near(f"{name}[0]", f"{name}[1]", scale, state, column)
            case Ratio(above, below, scale, state):
                name = self.once(f"near_of_ratio({self.array(above.text)}, {self.array(below.text)})", "p")
                return Near(f"{name}[0]", f"{name}[1]", scale, state)

    def sum(self, terms: Sequence[tuple[int, Number]]) -> Number:
        """Return the sum of numbers, each with its sign."""
        if len(terms) == 1:
            return self.times(terms[0][1], terms[0][0])
        state = self.worst(*(term.state for _, term in terms))
        wholes = [(sign, term) for sign, term in terms if isinstance(term, Whole)]
        if len(wholes) == len(terms):
            return self.whole_sum(wholes, state) or self.near_sum(terms, state)
        ratios = [(sign, term) for sign, term in terms if isinstance(term, Ratio)]
        belows = {(ratio.below, ratio.scale) for _, ratio in ratios}
        if len(ratios) + len(wholes) == len(terms) and len(belows) == 1:
            ((below, scale),) = belows
            parts = [(sign, ratio.above) for sign, ratio in ratios]
            for sign, whole in wholes:  # w = w * below / below, at the scale of the ratio
                product = self.whole_product(whole, below)
                if product is None:
                    return self.near_sum(terms, state)
                parts.append((sign, Whole(product.text, product.scale - scale, product.bound)))
            made = self.whole_sum(parts, "None")
            if made is not None:
                return Ratio(Whole(made.text, 0, made.bound), below, scale + made.scale, state)
        return self.near_sum(terms, state)

    def whole_sum(self, terms: Sequence[tuple[int, Whole]], state: str) -> Whole | None:
        """Return the sum of whole numbers, None when it may not fit."""
        scale = max(term.scale for _, term in terms)
        bound = sum(term.bound * 10 ** (scale - term.scale) for _, term in terms)
        if bound >= LIMIT:
            return None
        fixed = 0
        parts: list[tuple[int, str]] = []
        for sign, term in terms:
            factor = 10 ** (scale - term.scale)
            if term.bound == 0:
                continue
            if term.constant is not None:
                fixed += sign * term.constant * factor
            else:
                parts.append((sign, self.scaled(term, factor)))
        if not parts:
            return Whole(str(fixed), scale, abs(fixed), state)
        parts.sort(key=lambda part: -part[0])
        (sign, total), *rest = parts
        if sign < 0:
            total = self.computed("np.negative", total)
        if rest:
            (sign, text), *rest = rest
            total = self.computed("np.subtract" if sign < 0 else "np.add", total, text)
        for sign, text in rest:
            self.line(f"{total} {'-' if sign < 0 else '+'}= {text}")
        if fixed:
            total = self.computed("np.add", total, fixed)
        return Whole(total, scale, bound, state)

    def near_sum(self, terms: Sequence[tuple[int, Number]], state: str) -> Near:
        """Return the sum of numbers as floats."""
        nears = [(sign, self.near(term)) for sign, term in terms]
        scale = max(term.scale for _, term in nears)
        parts = [f"({sign * 10 ** (scale - term.scale)}.0, {term.text}, {term.error})" for sign, term in nears]
        f, e = self.fresh("f"), self.fresh("e")
        self.line(f"{f}, {e} = near_sum([{', '.join(parts)}])")
        whole = None
        if all(term.whole is not None and scale - term.scale < 19 for _, term in nears):
            texts = [f"{sign * 10 ** (scale - term.scale)} * {term.whole}" for sign, term in nears]
            whole = self.named(" + ".join(texts))
        return Near(f, e, scale, state, whole)

    def whole_product(self, one: Whole, other: Whole) -> Whole | None:
        """Return the product of whole numbers, None when it may not fit."""
        bound = one.bound * other.bound
        if bound >= LIMIT:
            return None
        state = self.worst(one.state, other.state)
        if one.constant is not None and other.constant is not None:
            return Whole(str(one.constant * other.constant), one.scale + other.scale, bound, state)
        if one.constant is not None:
            one, other = other, one
        text = (
            self.scaled(one, other.constant)
            if other.constant is not None
            else self.computed("np.multiply", one.text, other.text)
        )
        return Whole(text, one.scale + other.scale, bound, state)

    def multiplied(self, one: Number, other: Number) -> Number:
        """Return a product."""
        state = self.worst(one.state, other.state)
        if isinstance(one, Whole) and isinstance(other, Whole):
            made = self.whole_product(one, other)
            if made is not None:
                return made
        elif not isinstance(one, Near) and not isinstance(other, Near):
            a, b = self.pair(one), self.pair(other)
            above, below = self.whole_product(a.above, b.above), self.whole_product(a.below, b.below)
            if above is not None and below is not None:
                return Ratio(Whole(above.text, 0, above.bound), below, a.scale + b.scale, state)
        a_near, b_near = self.near(one), self.near(other)
        f, e = self.fresh("f"), self.fresh("e")
        self.line(f"{f}, {e} = near_product(({a_near.text}, {a_near.error}), ({b_near.text}, {b_near.error}))")
        whole = None
        if a_near.whole is not None and b_near.whole is not None:
            whole = self.named(f"{a_near.whole} * {b_near.whole}")
        return Near(f, e, a_near.scale + b_near.scale, state, whole)

    def pair(self, number: Whole | Ratio) -> Ratio:
        """Return a number as a ratio."""
        if isinstance(number, Ratio):
            return number
        return Ratio(Whole(number.text, 0, number.bound), Whole("1", 0, 1), number.scale, number.state)

    def product(self, factors: Sequence[tuple[bool, Number]]) -> Number:
        """Return a product of factors, some of which divide."""
        above = [factor for divides, factor in factors if not divides]
        below = [factor for divides, factor in factors if divides]
        top: Number = above[0] if above else Whole("1", 0, 1)
        for factor in above[1:]:
            top = self.multiplied(top, factor)
        if not below:
            return top
        bottom = below[0]
        for factor in below[1:]:
            bottom = self.multiplied(bottom, factor)
        return self.quotient(top, bottom)

    def quotient(self, top: Number, bottom: Number) -> Number:
        """Return a quotient, undefined where the divisor is zero."""
        state = self.worst(top.state, bottom.state)
        if not isinstance(top, Near) and not isinstance(bottom, Near):
            if isinstance(bottom, Whole) and bottom.constant:
                inverse = power(Fraction(1, bottom.constant))
                if inverse is not None:
                    made = self.times(top, inverse[0], inverse[1] - bottom.scale)
                    return with_state(made, state)  # type: ignore[return-value]
            a, b = self.pair(top), self.pair(bottom)
            above, below = self.whole_product(a.above, b.below), self.whole_product(a.below, b.above)
            if above is not None and below is not None:
                n, d, s = self.fresh(), self.fresh(), self.fresh("s")
                if below.constant is not None and below.constant > 0:
                    return Ratio(Whole(above.text, 0, above.bound), below, a.scale - b.scale, state)
                self.line(f"{n}, {d}, {s} = divided({self.array(above.text)}, {self.array(below.text)}, {state})")
                return Ratio(Whole(n, 0, above.bound), Whole(d, 0, max(below.bound, 1)), a.scale - b.scale, s)
        a_near, b_near = self.near(top), self.near(bottom)
        f, e, s = self.fresh("f"), self.fresh("e"), self.fresh("s")
        pairs = f"({a_near.text}, {a_near.error}), ({b_near.text}, {b_near.error})"
        self.line(f"{f}, {e}, {s} = near_quotient({pairs}, {state}, {self.doubt})")
        self.settle()
        return Near(f, e, a_near.scale - b_near.scale, s)

    def absolute(self, number: Number) -> Number:
        """Return the absolute value."""
        match number:
            case Whole(text, scale, bound, state):
                if number.constant is not None:
                    return Whole(str(abs(number.constant)), scale, bound, state)
                return Whole(self.computed("np.absolute", text), scale, bound, state)
            case Ratio(above, below, scale, state):
                made = self.absolute(above)
                assert isinstance(made, Whole)
                return Ratio(made, below, scale, state)
            case Near(text, error, scale, state, whole):
                same = self.named(f"absolute_whole({text}, {error}, {whole})") if whole is not None else None
                return Near(self.named(f"np.abs({text})", "f"), error, scale, state, same)

    def rounded(self, number: Number, step: Fraction, rounding: Rounding) -> Number:
        """Return number rounded to a multiple of step."""
        unit = power(step)
        if unit is None or step <= 0:
            raise NotWritten("a rounding step that does not end")
        count = self.steps(number, step, rounding)
        bound = 2**51  # more is in doubt
        if isinstance(number, Whole):
            bound = int(Fraction(number.bound) / Fraction(10) ** number.scale / step) + 1
        return self.times(Whole(count, 0, bound, number.state), unit[0], unit[1])

    def steps(self, number: Number, step: Fraction, rounding: Rounding) -> str:
        """Return the name of how many steps a number rounds to."""
        state = number.state
        size = step * Fraction(10) ** number.scale  # text / size steps
        match number:
            case Whole(_, _, bound, _):
                if size.numerator == 1 and bound * size.denominator < LIMIT:
                    return self.scaled(number, size.denominator)
                if bound * size.denominator < LIMIT and 2 * size.numerator < LIMIT:
                    column = self.array(self.scaled(number, size.denominator))
                    return self.computed("rounded_whole", column, size.numerator, f"Rounding.{rounding.name}")
            case Ratio(above, below, _, _):
                if below.bound * size.numerator < 2**60 and size.denominator < LIMIT:
                    columns = self.array(above.text), self.array(below.text)
                    sizes = size.denominator, size.numerator
                    how = f"Rounding.{rounding.name}", state, self.doubt
                    name = self.computed("rounded_ratio", *columns, *sizes, *how)
                    self.settle()
                    return name
            case Near():
                pass
        near = self.near(number)
        times = size.denominator / size.numerator
        name = self.named(
            f"rounded_near({near.text}, {near.error}, {times!r}, Rounding.{rounding.name}, {state}, {self.doubt})"
        )
        self.settle()
        return name

    def filled_with(self, number: Number, neutral: str) -> Number:
        """Return a number, `neutral` where there is none, always a value."""
        if number.state == "None":
            return number
        match number:
            case Whole(text, scale, bound, state):
                if number.constant == int(neutral):
                    return Whole(text, scale, bound)
                return Whole(self.once(f"without({self.array(text)}, {state}, {neutral})", "v"), scale, bound)
            case Ratio(above, below, scale, state):
                text = f"without({self.array(above.text)}, {state}, {neutral})"
                return Ratio(Whole(self.named(text), 0, above.bound), below, scale, "None")
            case Near(text, error, scale, state, whole):
                f = self.named(f"without({text}, {state}, {neutral})", "f")
                e = self.named(f"without({error}, {state}, 0.0)", "e")
                return Near(f, e, scale, "None", self.named(f"without({whole}, {state}, {neutral})") if whole else None)

    def extreme(self, function: str, numbers: Sequence[Number], state: str) -> Number:
        """Return the least (`min`) or the greatest of those that have a value."""
        huge = LIMIT - 1 if function == "min" else 1 - LIMIT
        wholes = [number for number in numbers if isinstance(number, Whole)]
        if len(wholes) == len(numbers):
            scale = max(number.scale for number in wholes)
            bound = max(number.bound * 10 ** (scale - number.scale) for number in wholes)
            if bound < LIMIT:
                texts = []
                for number in wholes:
                    text = self.scaled(number, 10 ** (scale - number.scale))
                    texts.append(
                        text if number.state == "None" else f"without({self.array(text)}, {number.state}, {huge})"
                    )
                made = self.array(texts[0])
                for text in texts[1:]:
                    made = f"np.{function}imum({made}, {text})"
                return Whole(self.named(made), scale, bound, state)
        nears = [self.near(number) for number in numbers]
        scale = max(near.scale for near in nears)
        parts = []
        for near in nears:
            at = self.times(near, 10 ** (scale - near.scale))
            assert isinstance(at, Near)
            limit = "np.inf" if function == "min" else "-np.inf"
            parts.append(f"(without({at.text}, {at.state}, {limit}), without({at.error}, {at.state}, 0.0))")
        f, e = self.fresh("f"), self.fresh("e")
        self.line(f"{f}, {e} = near_extreme({function!r}, [{', '.join(parts)}])")
        return Near(f, e, scale, state)

    def chosen(self, condition: Flag, one: Operand, other: Operand) -> Operand:
        """Return `one` where the condition holds, `other` elsewhere."""
        state = self.named(
            f"conditional_state({condition.text}, {condition.state}, {one.state}, {other.state})"
            if (condition.state, one.state, other.state) != ("None",) * 3
            else "None",
            "s",
        )
        match one, other:
            case Flag(), Flag():
                return Flag(self.named(f"np.where({condition.text}, {one.text}, {other.text})", "b"), state)
            case Code(), Code():
                return Code(self.named(f"np.where({condition.text}, {one.text}, {other.text})"), state)
            case Whole(), Whole():
                scale = max(one.scale, other.scale)
                bounds = [each.bound * 10 ** (scale - each.scale) for each in (one, other)]
                if max(bounds) < LIMIT:
                    texts = [self.scaled(each, 10 ** (scale - each.scale)) for each in (one, other)]
                    text = self.named(f"np.where({condition.text}, {texts[0]}, {texts[1]})")
                    return Whole(text, scale, max(bounds), state)
            case ((Whole() | Ratio()), (Whole() | Ratio())):
                a, b = self.pair(one), self.pair(other)
                if a.scale < b.scale:
                    a = self.rescaled(a, b.scale)
                elif b.scale < a.scale:
                    b = self.rescaled(b, a.scale)
                if a.above.bound < LIMIT and b.above.bound < LIMIT:
                    above = self.named(f"np.where({condition.text}, {a.above.text}, {b.above.text})")
                    below = self.named(f"np.where({condition.text}, {a.below.text}, {b.below.text})")
                    return Ratio(
                        Whole(above, 0, max(a.above.bound, b.above.bound)),
                        Whole(below, 0, max(a.below.bound, b.below.bound)),
                        a.scale,
                        state,
                    )
            case _:
                pass
        assert isinstance(one, Whole | Ratio | Near)
        assert isinstance(other, Whole | Ratio | Near)
        a_near, b_near = self.near(one), self.near(other)
        scale = max(a_near.scale, b_near.scale)
        first, second = (
            self.times(a_near, 10 ** (scale - a_near.scale)),
            self.times(b_near, 10 ** (scale - b_near.scale)),
        )
        assert isinstance(first, Near)
        assert isinstance(second, Near)
        f, e = self.fresh("f"), self.fresh("e")
        pairs = f"({first.text}, {first.error}), ({second.text}, {second.error})"
        self.line(f"{f}, {e} = chosen_near({condition.text}, {pairs})")
        return Near(f, e, scale, state)

    def rescaled(self, ratio: Ratio, scale: int) -> Ratio:
        """Return a ratio at a larger scale; its bound tells when it does not fit."""
        factor = 10 ** (scale - ratio.scale)
        above = Whole("0", 0, LIMIT)
        if ratio.above.bound * factor < LIMIT:
            above = Whole(self.scaled(ratio.above, factor), 0, ratio.above.bound * factor)
        return Ratio(above, ratio.below, scale, ratio.state)

    def signed(self, op: str, gap: Number, state: str) -> str:
        """Return the name of `gap op 0`."""
        match gap:
            case Whole(text):
                return self.computed(COMPARISONS[op], self.array(text), 0, letter="b")
            case Ratio(above):
                return self.computed(COMPARISONS[op], self.array(above.text), 0, letter="b")
            case Near(text, error, _, _, whole):
                name = f"sign_of({text}, {error}, {whole}, {state}, {self.doubt})"
                name = self.computed(COMPARISONS[op], name, 0, letter="b")
                self.settle()
                return name

    def crossed(self, left: Number, op: str, right: Number, state: str) -> str:
        """Return the name of `left op right`, one of them a ratio: denominators are positive, they multiply."""
        if isinstance(left, Near) or isinstance(right, Near):
            return self.signed(op, self.near_sum([(1, left), (-1, right)], state), state)
        a, b = self.pair(left), self.pair(right)
        above = self.multiplied(Whole(a.above.text, a.scale, a.above.bound), Whole(b.below.text, 0, b.below.bound))
        other = self.multiplied(Whole(b.above.text, b.scale, b.above.bound), Whole(a.below.text, 0, a.below.bound))
        return self.signed(op, self.sum([(1, above), (-1, other)]), state)
