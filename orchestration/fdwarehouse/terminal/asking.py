"""Asks a person in a terminal; without one, nothing is asked."""

from __future__ import annotations

import getpass
import sys

from rich.prompt import Confirm, Prompt

from fdwarehouse.terminal.console import err


def is_terminal() -> bool:
    """Whether a person can be asked: both input and messages are a terminal."""
    return sys.stdin.isatty() and err.is_terminal


def ask(question: str, default: str) -> str:
    """Ask for a text.

    Args:
        question: without a question mark.
        default: what Enter means.
    """
    return Prompt.ask(question, default=default, console=err.console).strip() or default


def ask_secret(question: str) -> str:
    """Ask for a text that is not shown; empty if there is no answer.

    The question appears when the terminal listens: what is typed earlier is discarded.

    Args:
        question: without a question mark.
    """
    return getpass.getpass(f"{question}: ").strip()


def choose(question: str, choices: list[str], default: str) -> str:
    """Ask for one of several texts, until it is one of them.

    Args:
        question: without a question mark.
        choices: the texts.
        default: what Enter means.
    """
    return Prompt.ask(question, choices=choices, default=default, console=err.console)


def confirm(question: str) -> bool:
    """Ask a question whose answer is yes unless a person says no.

    Args:
        question: with a question mark.
    """
    return Confirm.ask(question, default=True, console=err.console)
