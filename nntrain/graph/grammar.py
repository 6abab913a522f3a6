"""Parses a formula into a graph: numbers, names, + - * / ** @, brackets and a fixed list of functions.

    sum     = product {("+" | "-") product}
    product = signed {("*" | "/" | "@") signed}
    signed  = ("-" | "+") signed | power
    power   = atom ["**" signed]
    atom    = number | name | name "(" sum {"," sum} ")" | "(" sum ")"

The text is never executed. Its length, its depth of nesting and the number of nodes are limited. Knows nothing of
values.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from nntrain.graph.builder import Builder
from nntrain.graph.fault import FormulaError
from nntrain.graph.nodes import Graph
from nntrain.graph.operations import FUNCTIONS, SIGNS, VARIADIC

MOST_CHARACTERS = 10_000
MOST_LEVELS = 50

_POWER, _PRODUCT = "; powers are written **", "; a product is written with *"
_HINTS = {"^": _POWER, "²": _POWER, "³": _POWER, "·": _PRODUCT, "×": _PRODUCT, "−": "; minus is written -"}
_TOKEN = re.compile(r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)"
                    r"|(?P<sign>\*\*|[-+*/@(),])|(?P<wrong>\S))")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    form: str
    text: str
    column: int


def parse(text: str) -> Graph:
    """Return the graph of a formula such as ``(x + y) * z``; raises ``FormulaError`` with the column of the mistake."""
    if len(text) > MOST_CHARACTERS:
        raise FormulaError(f"longer than {MOST_CHARACTERS} characters, got {len(text)}", MOST_CHARACTERS + 1)
    reader = _Reader(_tokens(text))
    output = reader.sum()
    reader.expect_end()
    return reader.builder.build(output)


def _tokens(text: str) -> list[_Token]:
    tokens = []
    for match in _TOKEN.finditer(text):
        form = match.lastgroup or ""
        token = _Token(form, match[form], match.start(form) + 1)
        if form == "wrong" or (form == "name" and not token.text.isidentifier()):
            raise FormulaError(f"unexpected {token.text!r}{_HINTS.get(token.text[-1], '')}", token.column)
        tokens.append(token)
    return [*tokens, _Token("end", "", len(text) + 1)]


class _Reader:
    """Reads tokens from left to right and adds nodes to a builder."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.builder = Builder()
        self._tokens = tokens
        self._at = 0
        self._level = 0

    def sum(self) -> int:
        return self._chain(("+", "-"), self._product)

    def expect_end(self) -> None:
        token = self._tokens[self._at]
        if token.form != "end":
            hint = _PRODUCT if token.form in ("name", "number") or token.text == "(" else ""
            raise FormulaError(f"unexpected {token.text!r}{hint}", token.column)

    def _product(self) -> int:
        return self._chain(("*", "/", "@"), self._signed)

    def _chain(self, signs: tuple[str, ...], part: Callable[[], int]) -> int:
        node = part()
        while (token := self._tokens[self._at]).text in signs:
            self._at += 1
            node = self.builder.apply(SIGNS[token.text], node, part(), column=token.column)
        return node

    def _signed(self) -> int:
        token = self._tokens[self._at]
        if token.text not in ("-", "+"):
            return self._power()
        self._at += 1
        node = self._deeper(self._signed)
        return node if token.text == "+" else self.builder.apply("neg", node, column=token.column)

    def _power(self) -> int:
        base = self._atom()
        token = self._tokens[self._at]
        if token.text != "**":
            return base
        self._at += 1
        return self.builder.apply("pow", base, self._deeper(self._signed), column=token.column)

    def _atom(self) -> int:
        token = self._tokens[self._at]
        self._at += 1
        if token.form == "number":
            return self.builder.constant(_number(token), token.column)
        if token.form == "name":
            return self._read_name(token)
        if token.text != "(":
            got = f"got {token.text!r}" if token.form != "end" else "the formula ends here"
            raise FormulaError(f"a number, a name or a bracket is missing; {got}", token.column)
        node = self._deeper(self.sum)
        self._close(token)
        return node

    def _read_name(self, name: _Token) -> int:
        if self._tokens[self._at].text != "(":
            if name.text in FUNCTIONS:
                raise FormulaError(f"{name.text} is a function; write {name.text}(…)", name.column)
            return self.builder.variable(name.text, name.column)
        if name.text not in FUNCTIONS:
            raise FormulaError(f"unknown function '{name.text}'{_suggest_function(name.text)}", name.column)
        bracket = self._tokens[self._at]
        many = FUNCTIONS[name.text] in VARIADIC
        arguments: list[int] = []
        given = 0
        while self._tokens[self._at].text == "," or not given:
            self._at += 1
            arguments.append(self._deeper(self.sum))
            given += 1
            if many and given > 1:
                arguments = [self.builder.apply(name.text, *arguments, column=name.column)]
        self._close(bracket)
        if given != FUNCTIONS[name.text].arity and not (many and given > 1):
            raise FormulaError(f"{name.text} takes {_describe_arguments(name.text)}, got {given}", name.column)
        return arguments[0] if many else self.builder.apply(name.text, *arguments, column=name.column)

    def _close(self, bracket: _Token) -> None:
        token = self._tokens[self._at]
        if token.text != ")":
            if token.form == "end":
                raise FormulaError("this bracket is never closed", bracket.column)
            raise FormulaError(f"expected ')', got {token.text!r}", token.column)
        self._at += 1

    def _deeper(self, part: Callable[[], int]) -> int:
        self._level += 1
        if self._level > MOST_LEVELS:
            raise FormulaError(f"nested deeper than {MOST_LEVELS} levels", self._tokens[self._at].column)
        node = part()
        self._level -= 1
        return node


def _number(token: _Token) -> float:
    value = float(token.text)
    if value == float("inf"):
        raise FormulaError(f"{token.text} is too large a number", token.column)
    return value


def _describe_arguments(name: str) -> str:
    takes = FUNCTIONS[name].arity
    more = " or more" if FUNCTIONS[name] in VARIADIC else ""
    return f"{takes}{more} argument{'s' if takes > 1 else ''}"


def _suggest_function(name: str) -> str:
    close = get_close_matches(name, FUNCTIONS, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ";"
    return f"{hint} (one of {', '.join(sorted(FUNCTIONS))})"
