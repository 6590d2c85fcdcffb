"""What the kinds that run on PyTorch have in common."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Iterator, Sequence

from ..errors import Stop
from .buckets import OutOfMemory
from .kind import Kind, processors
from .settings import Settings, choice

_DEVICES = ("auto", "cpu", "cuda", "mps")
_DTYPES = ("float32", "float16", "bfloat16")
_DEVICE_TOKENS = 16_384  # of one pass on a graphics card
_LARGE = 2 << 30  # bytes of weights from which a call gets few texts, to be done within the host's minute
_LARGE_ROWS = 8


@dataclass(frozen=True)
class TorchSettings(Settings):
    """The settings of every kind on PyTorch."""

    device: str = "auto"  # a graphics card if there is one; "cuda:1" for the second
    dtype: str = "float32"
    pickle: bool = False  # load pytorch_model.bin, which may hold a program

    def check(self) -> list[str]:
        device = "cuda" if self.device.startswith("cuda:") and self.device[5:].isdecimal() else self.device
        return super().check() + choice("device", device, _DEVICES) + choice("dtype", self.dtype, _DTYPES)


class TorchKind(Kind):
    """A Kind whose load calls start_torch first."""

    s: TorchSettings

    def patterns(self) -> Sequence[str]:
        return (*super().patterns(), "*.bin") if self.s.pickle else super().patterns()

    def max_rows(self) -> int:
        size = sum((self.folder.path / f).stat().st_size for f in self.model_files())
        return _LARGE_ROWS if size >= _LARGE else super().max_rows()

    def variant(self) -> str:
        return "" if self.s.dtype == "float32" else " " + self.s.dtype

    def start_torch(self) -> None:
        """Set up torch to give the same results again as far as it can, and choose the device."""
        import torch
        import transformers

        self.torch = torch
        torch.set_num_threads(processors(self.s.threads))
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        transformers.logging.set_verbosity_error()
        self.device = torch.device(self._choose_device(torch))
        if self.device.type != "cpu":
            self.batch_tokens = _DEVICE_TOKENS

    def _choose_device(self, torch: Any) -> str:
        mps = getattr(torch.backends, "mps", None)
        there = {"cuda": torch.cuda.is_available(), "mps": mps is not None and mps.is_available(), "cpu": True}
        if self.s.device == "auto":
            return next(name for name in there if there[name])
        if not there[self.s.device.partition(":")[0]]:
            raise Stop(f"device: this torch has no {self.s.device}")
        return self.s.device

    @contextmanager
    def one_pass(self) -> Iterator[None]:
        """Around one pass through the model: no gradients, and a lack of memory by its name."""
        try:
            with self.torch.inference_mode():
                yield
        except (RuntimeError, MemoryError) as e:
            if not out_of_memory(e):
                raise
            if self.device.type == "cuda":
                self.torch.cuda.empty_cache()
            raise OutOfMemory from None


def out_of_memory(e: BaseException) -> bool:
    """Whether that is what e says: torch has a type for it on some devices only."""
    said = str(e).lower()
    return isinstance(e, MemoryError) or any(
        words in said for words in ("out of memory", "allocate memory", "not enough memory")
    )
