"""Products of a value and a weight, both known only at run time."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from amaranth import *
from amaranth.hdl import Shape

from hdl.adders import Adders

__all__ = ["Product"]


@dataclass(frozen=True)
class Product:
    """``value * weight``, as sums of 0, 1, 2 or 3 times the one for every two bits of the other.

    Whichever takes fewer sums. No sum has more than two terms before the next register: Yosys
    joins adders in a row to carry-save adders, and those to twice or three times the LUTs.

    Parameters
    ----------
    value, weight : Shape
    """

    value: Shape
    weight: Shape

    @property
    def _by_value(self) -> bool:
        """Whether the bits of the value choose."""
        value, weight = (ceil(shape.width / 2) + shape.signed / 2
                         for shape in (self.value, self.weight))
        return value <= weight

    @property
    def sums(self) -> int:
        """Terms that are added up."""
        return ceil((self.value if self._by_value else self.weight).width / 2)

    @property
    def registers(self) -> int:
        """Registers inside; there is none behind the last sum."""
        row = Adders(lambda value: value, levels=1)
        row.sum([(C(0), False)] * self.sums)
        return row.registers

    @property
    def held(self) -> float:
        """Estimated words that the registers hold: every sum halves them."""
        return self.registers * self.sums / 2

    @property
    def luts(self) -> float:
        """Estimated LUTs."""
        chooser, chosen = ((self.value, self.weight) if self._by_value
                           else (self.weight, self.value))
        if chooser.width == 1:
            return chosen.width
        multiples = (chosen.width + 1) * (1 + chooser.signed)
        return multiples + (1.5 * self.sums + self.sums - 1) * (chosen.width + 2)

    def build(self, value: Value, weight: Value, later: Callable[[Value], Value]) -> Value:
        """The product; ``later`` puts a register into the way of a value."""
        chooser, chosen = (value, weight) if self._by_value else (weight, value)
        thrice = chosen + (chosen << 1)
        terms = []
        for low in range(0, len(chooser), 2):
            pair = chooser[low:low + 2]
            multiples = [C(0), chosen, chosen << 1, thrice]
            if chooser.shape().signed and low + 2 >= len(chooser):
                # The highest bit counts negative; a lone one is that bit.
                multiples = [C(0), -chosen] if len(pair) == 1 else [
                    C(0), chosen, -(chosen << 1), -chosen]
            terms.append((_choose(pair, multiples) << low, False))
        return Adders(later, levels=1).sum(terms)


def _choose(index: Value, choices: list[Value]) -> Value:
    """``choices[index]``, a tree of multiplexers."""
    if len(choices) == 1 or not len(index):
        return choices[0]
    half = 1 << len(index) - 1
    return Mux(index[-1], _choose(index[:-1], choices[half:]),
               _choose(index[:-1], choices[:half]))
