"""Every error that dwlab raises on purpose.

DwlabError
├── InvalidInput      a value of the user's is wrong (also a ValueError)      exit code 2
├── ModelError        a model cannot be found, trusted or loaded              exit code 2
│   └── NotDownloaded a hub model is not on this machine yet
├── RenderError       a picture could not be made                             exit code 3
├── StoreError        the results folder cannot be read or written            exit code 1
│   └── InUse         another process runs this experiment
└── MissingExtra      an optional part is not installed (also an ImportError) exit code 1
"""

from __future__ import annotations

FIELD_SHOWN, VALUE_SHOWN, ALLOWED_SHOWN = 100, 80, 1500  # characters of an error's parts


def printable(text: str) -> str:
    """`text` with escapes in place of what a terminal would act on."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class DwlabError(Exception):
    """Base of dwlab's errors; its text is meant for the user, without a traceback."""

    exit_code = 1


class InvalidInput(DwlabError, ValueError):
    """A value is not allowed: `field` names it, `value` is what was given, `allowed` what would do."""

    exit_code = 2

    def __init__(self, field: str, value: object, allowed: str):
        self.field, self.value, self.allowed = field, value, allowed
        start = printable(field[:FIELD_SHOWN])  # it may be a key of somebody's file, of any length
        text = (
            f"{shortened(start, FIELD_SHOWN)} is {shortened(_shown(value), VALUE_SHOWN)}; allowed: "
        )
        super().__init__(text + shortened(allowed, ALLOWED_SHOWN))

    def at(self, field: str) -> InvalidInput:
        """The same error, of a field that says more exactly which value it is about."""
        return InvalidInput(field, self.value, self.allowed)


class ModelError(DwlabError):
    """A model cannot be found, is not trusted, or does not load."""

    exit_code = 2


class NotDownloaded(ModelError):
    """A hub model is not on this machine, and what was asked must not fetch it."""


class RenderError(DwlabError):
    """A picture could not be made; the text is what the pipeline said."""

    exit_code = 3


class StoreError(DwlabError):
    """The results folder cannot be read or written: locked, full, read-only, or from a newer dwlab."""


class InUse(StoreError):
    """Another process runs this experiment."""


class MissingExtra(DwlabError, ImportError):
    """A feature needs an optional dependency."""

    def __init__(self, feature: str, extra: str):
        super().__init__(
            f'{feature} needs an optional part of dwlab; install it with: pip install "dwlab[{extra}]"'
        )


def shortened(text: str, most: int) -> str:
    """`text`, or its beginning and three dots: at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of very many digits"
    except RecursionError:
        return "deeply nested lists or maps"


def first_line(error: BaseException) -> str:
    """What an error says, without the rest of a long text; its class where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
