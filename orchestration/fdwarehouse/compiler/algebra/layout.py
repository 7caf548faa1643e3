"""Lines of SQL: how wide they are, how parts are laid out."""

from __future__ import annotations

from fdwarehouse.identifiers import ident

WIDTH = 84
"""Text that is longer is broken into lines: 100 columns, less what it is indented by."""


def indent(text: str, by: int = 4) -> str:
    """Indent all lines."""
    return "\n".join(" " * by + line if line else line for line in text.split("\n"))


def wrapped(parts: list[str], width: int = WIDTH) -> str:
    """Join parts with commas, as many on a line as have room."""
    lines: list[str] = []
    for part in parts:
        is_short = bool(lines) and "\n" not in part and "\n" not in lines[-1]
        if is_short and len(lines[-1]) + len(part) + 2 <= width:
            lines[-1] += f" {part},"
        else:
            lines.append(f"{part},")
    return "\n".join(lines).removesuffix(",")


def selected(columns: list[str], head: str = "SELECT", width: int = WIDTH) -> str:
    """Write SELECT and its columns: on one line, or on lines of their own."""
    line = f"{head} {', '.join(columns)}"
    if len(line) <= width and "\n" not in line:
        return line
    return f"{head}\n{indent(wrapped(columns, width))}"


def flat(text: str, width: int = WIDTH) -> str:
    """Write a text of ours on one line, where it has room."""
    line = " ".join(line.strip() for line in text.split("\n"))
    line = line.replace("( ", "(").replace(" )", ")")
    return line if len(line) <= width else text


def function_ident(name: str) -> str:
    """Write a function's name: unlike a column's, most keywords may stand unquoted."""
    quoted = ident(name)
    return name if quoted.strip('"') == name and name.isidentifier() and name.islower() else quoted
