"""Everything that can go wrong, as one tree.

PosologyError
├── UserError                 the user can mend it; the command line exits with 2
│   ├── ChartError            a chart that cannot be used as a whole
│   ├── PolicyError           a policy file, or the choice of a policy
│   ├── RequestError          the request file, the service or the date
│   ├── SettingsError         posology.toml, a profile, an address that is not allowed
│   ├── ModelError            weights missing, damaged or of the wrong hash
│   ├── EngineError           an engine or server that is down, slow or answers nonsense
│   │   ├── EngineStopped     one that failed amid a call, with what it had answered
│   │   └── PromptTooLong     a prompt that does not fit the model's window
│   ├── OutputError           a folder that is not empty, a disk that is full
│   ├── StoreError            a database that is gone, full, locked or of another version
│   ├── KeyFileError          an encryption key that is missing, malformed or not the store's
│   ├── LedgerError           a ledger that does not verify, or a proof that cannot be given
│   ├── SealError             a process that cannot be sealed, or is not
│   ├── NotAllowed            an act that this person's role or session does not permit
│   ├── NotFound              a record that is not there, or not for this person
│   ├── Conflict              a record that another person or act has changed meanwhile
│   └── MissingExtra          an optional dependency; the message names the pip line
└── InternalError             a fault of ours; the command line exits with 1

A message says what happened, where (file, record, field) and what to do. No message quotes text of a
patient's record.
"""

from collections.abc import Sequence

__all__ = [
    "ChartError",
    "Conflict",
    "EngineError",
    "EngineStopped",
    "InternalError",
    "KeyFileError",
    "LedgerError",
    "MissingExtra",
    "ModelError",
    "NotAllowed",
    "NotFound",
    "OutputError",
    "PolicyError",
    "PosologyError",
    "PromptTooLong",
    "RequestError",
    "SealError",
    "SettingsError",
    "StoreError",
    "UserError",
]


class PosologyError(Exception):
    """The root of the tree."""


class UserError(PosologyError):
    """Something the user can mend."""


class ChartError(UserError):
    """A chart that cannot be used as a whole."""


class PolicyError(UserError):
    """A policy file that cannot be used, or no single policy to use."""


class RequestError(UserError):
    """A request file, service or date that cannot be used."""


class SettingsError(UserError):
    """Settings that cannot be used."""


class ModelError(UserError):
    """Model weights that are missing, damaged or not the ones named."""


class EngineError(UserError):
    """An engine or model server that does not do its work."""


class EngineStopped(EngineError):
    """An engine that failed amid a call; ``answered`` are its answers to what stood first, in order."""

    def __init__(self, message: str, answered: Sequence[object] = ()) -> None:
        """Say what happened; ``answered`` is never part of the message."""
        super().__init__(message)
        self.answered = tuple(answered)


class PromptTooLong(EngineError):
    """A prompt that does not fit the model's window; it is never cut in silence."""


class OutputError(UserError):
    """Output that cannot be written."""


class StoreError(UserError):
    """A database that cannot be used: gone, full, locked, or of another version."""


class KeyFileError(UserError):
    """An encryption key that is missing, malformed or not the one of this store."""


class LedgerError(UserError):
    """A ledger that does not verify, or a proof that cannot be given."""


class SealError(UserError):
    """A process that cannot be sealed as asked."""


class NotAllowed(UserError):
    """An act that this person's role or session does not permit."""


class NotFound(UserError):
    """A record that is not there, or not for this person."""


class Conflict(UserError):
    """A record that another person or act has changed meanwhile."""

    def __init__(self, message: str, details: object | None = None) -> None:
        """Say what happened; ``details`` is what the person may compare, never part of the message."""
        super().__init__(message)
        self.details = details


class MissingExtra(UserError):
    """An optional dependency that is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        """Name the missing package, the extra that brings it, and what it is for."""
        super().__init__(
            f'{purpose} needs the package {package}, which is not installed: pip install "posology[{extra}]"'
        )


class InternalError(PosologyError):
    """A fault of ours: please report it."""
