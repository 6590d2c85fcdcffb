"""What an embed function raises to tell the host what to do about a failed batch.

Anything else that is raised means "this batch failed" and ends the build. A message must not quote a text.
"""

from __future__ import annotations


class TeacherError(Exception):
    """The base of the errors here; code is the gRPC status the host gets."""

    code = "INTERNAL"


class Busy(TeacherError):
    """Wait, then send the batch again."""

    code = "RESOURCE_EXHAUSTED"


class Unavailable(TeacherError):
    """Send the batch again."""

    code = "UNAVAILABLE"


class TooBig(TeacherError):
    """Send the batch in halves; a text that is too big alone is dropped."""

    code = "OUT_OF_RANGE"


class BadInput(TeacherError):
    """Find the text by halving the batch, and drop it. RowError is quicker where the text is known."""

    code = "INVALID_ARGUMENT"


class Stop(TeacherError):
    """No retry can help: a missing model, a bad setting."""

    code = "FAILED_PRECONDITION"


class Cancelled(TeacherError):
    """The host has given the call up; raised by check_cancelled."""

    code = "CANCELLED"
