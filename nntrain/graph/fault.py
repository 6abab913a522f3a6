"""The error for a wrong formula or wrong values of its variables. Knows nothing of graphs."""


class FormulaError(ValueError):
    """A formula that cannot be read or evaluated: a one-line ``message``, at ``column`` (from 1) of ``source``."""

    def __init__(self, message: str, column: int | None = None, source: str = "formula") -> None:
        super().__init__(f"{source}:{column}: {message}" if column else f"{source}: {message}")
        self.message = message
        self.column = column
        self.source = source
