"""Every error that dwlab raises on purpose.

DwlabError
├── InvalidInput      a value from the user is wrong (also a ValueError)      exit code 2
├── ModelError        a model cannot be found, trusted or loaded              exit code 2
│   └── NotDownloaded a hub model is not on this machine yet
├── RenderError       a picture could not be made                             exit code 3
├── StoreError        the results folder cannot be read or written            exit code 1
│   └── InUse         another process runs this experiment
└── MissingExtra      an optional part is not installed (also an ImportError) exit code 1
"""

from __future__ import annotations

# characters of an error's parts
FIELD_LIMIT = 100
VALUE_LIMIT = 80
ALLOWED_LIMIT = 1500


def printable(text: str) -> str:
    """`text` with escapes instead of characters that a terminal would act on."""
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


class DwlabError(Exception):
    """The base of dwlab's errors; its text is for users, without a traceback."""

    exit_code = 1


class InvalidInput(DwlabError, ValueError):
    """A value is not allowed.

    field: its name. value: what was given. allowed: what is allowed, or what to do.
    """

    exit_code = 2

    def __init__(self, field: str, value: object, allowed: str):
        self.field = field
        self.value = value
        self.allowed = allowed
        # a field may be a key of somebody's file, of any length
        name = shortened(printable(field[:FIELD_LIMIT]), FIELD_LIMIT)
        shown = shortened(_shown(value), VALUE_LIMIT)
        super().__init__(f"{name} is {shown}; allowed: {shortened(allowed, ALLOWED_LIMIT)}")

    def at(self, field: str) -> InvalidInput:
        """The same error with a field that says more precisely where the value is."""
        return InvalidInput(field, self.value, self.allowed)


class ModelError(DwlabError):
    """A model cannot be found, is not trusted, or does not load."""

    exit_code = 2


class NotDownloaded(ModelError):
    """A hub model is not on this machine, and may not be downloaded now."""


class RenderError(DwlabError):
    """A picture could not be made; the text is the pipeline's."""

    exit_code = 3


class StoreError(DwlabError):
    """The results folder cannot be read or written.

    It is locked, full, read-only, or was written by a newer dwlab.
    """


class InUse(StoreError):
    """Another process runs this experiment."""


class MissingExtra(DwlabError, ImportError):
    """A feature needs an optional dependency."""

    def __init__(self, feature: str, extra: str):
        super().__init__(
            f"{feature} needs an optional part of dwlab; install it with: "
            f'pip install "dwlab[{extra}]"'
        )


def shortened(text: str, most: int) -> str:
    """`text`, cut to at most `most` characters, with three dots at the end of a cut one."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _shown(value: object) -> str:
    try:
        return repr(value)
    # Python does not write whole numbers of more than 4,300 digits
    except ValueError:
        return "a number of very many digits"
    except RecursionError:
        return "deeply nested lists or maps"


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or the name of its class if it has none."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
