"""The one exception that is shown to a person without a traceback."""


class FdwarehouseError(Exception):
    """Something a person can act on: what happened, on which object, and what to do.

    Args:
        message: What happened, on which object.
        hint: The way out, or None.
        exit_code: Exit status of the command: 2 for wrong usage or configuration, 1 for a failed
            run or check.
    """

    def __init__(self, message: str, *, hint: str | None = None, exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
