"""cubeset for Python. What there is so far: cubeset.teacher, to write and run teachers."""

__version__ = "0.1.0"
