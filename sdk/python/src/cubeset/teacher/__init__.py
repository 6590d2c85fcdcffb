"""Write a teacher in Python, or run one of those that come with it.

A teacher of your own is one function:

    from cubeset.teacher import serve

    def embed(texts):
        return model().encode(texts)  # a numpy array, one row a text

    serve(embed, model="me/mine", dims=384)

Those that come with it are started as ``python -m cubeset.teacher KIND``; see the package's README.
"""

from .batch import Batch, RowError
from .description import Description
from .errors import BadInput, Busy, Cancelled, Stop, TeacherError, TooBig, Unavailable
from .server import check_cancelled
from .serving import serve, serve_lazily

__all__ = [
    "BadInput",
    "Batch",
    "Busy",
    "Cancelled",
    "Description",
    "RowError",
    "Stop",
    "TeacherError",
    "TooBig",
    "Unavailable",
    "check_cancelled",
    "serve",
    "serve_lazily",
]
