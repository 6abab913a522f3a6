"""Numbers as people read them: short and with their units. Knows nothing of what they measure."""


def count(value: int) -> str:
    """Return a whole number in groups of three: 101,770."""
    return f"{value:,}"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun: 1 thread, 2 threads, 1,797 rows."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def figure(value: float | None) -> str:
    """Return a measured figure in about five digits: 0.0213, 1.234e-07; a dash for none."""
    if value is None or value != value:
        return "–"
    if value == 0 or 1e-4 <= abs(value) < 1e5:
        return f"{value:.4f}" if abs(value) < 100 else f"{value:.2f}"
    return f"{value:.2e}"


def setting(value: object, text: str) -> str:
    """Return the value of a setting, which a spec writes as ``text``: a float in no more digits than it needs."""
    short = f"{value:.6g}" if isinstance(value, float) else text
    return short if isinstance(value, float) and float(short) == value else text


def size(nbytes: int) -> str:
    """Return bytes in the unit that gives one to four digits: 104 B, 1.5 KiB, 3.2 MiB."""
    value = float(nbytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def duration(seconds: float) -> str:
    """Return a time: 0.84 s, 12.3 s, 4 min 05 s, 2 h 10 min."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def per_second(value: float, noun: str) -> str:
    """Return how many a second, in thousands or millions: 830 rows/s, 41 thousand rows/s, 1.3 million rows/s."""
    if value < 1000:
        return f"{value:.0f} {noun}/s"
    return f"{value / 1e3:,.0f} thousand {noun}/s" if value < 1e6 else f"{value / 1e6:.1f} million {noun}/s"
