"""all-MiniLM-L6-v2 in numpy: what the sentence transformer says to a row of token ids."""

import hashlib
import json
import pathlib

import numpy as np

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # sha256 of model.safetensors
HEADS, LAYERS = 12, 6
CLS, SEP = 101, 102


def safetensors(path):
    """The F32 tensors of a safetensors file, by name. It must be the file this code was written for."""
    data = pathlib.Path(path).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != WEIGHTS:
        raise SystemExit(f"{path}: sha256 {digest}, want {WEIGHTS}")
    size = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, t in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__" and t["dtype"] == "F32":
            begin, end = t["data_offsets"]
            tensors[name] = np.frombuffer(data[8 + size + begin : 8 + size + end], "<f4").reshape(t["shape"])
    return tensors


def gelu(x):
    """x times the normal distribution function, by Abramowitz and Stegun 7.1.26 (error below 2e-7)."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - p.astype(np.float32) * np.exp(-z * z))
    return np.float32(0.5) * x * (1 + erf)


class MiniLM:
    """The model in the folder the wheel unpacks to (model.safetensors, vocab.txt)."""

    def __init__(self, folder):
        self.w = safetensors(pathlib.Path(folder) / "model.safetensors")
        self.vocab = (pathlib.Path(folder) / "vocab.txt").read_text("utf-8").split("\n")[:30522]

    def _norm(self, x, name):
        mean = x.mean(-1, keepdims=True)
        var = x.var(-1, keepdims=True)
        return (x - mean) / np.sqrt(var + np.float32(1e-12)) * self.w[name + ".weight"] + self.w[name + ".bias"]

    def _linear(self, x, name):
        return x @ self.w[name + ".weight"].T + self.w[name + ".bias"]

    def states(self, ids):
        """Last hidden states [n, length, 384] of rows of ids, all of one length, [CLS] and [SEP] included."""
        n, length = ids.shape
        x = self.w["embeddings.word_embeddings.weight"][ids]
        x = x + self.w["embeddings.position_embeddings.weight"][:length] + self.w["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        dims = x.shape[-1]
        for i in range(LAYERS):
            layer = f"encoder.layer.{i}."
            q, k, v = (
                self._linear(x, layer + "attention.self." + part).reshape(n, length, HEADS, -1).transpose(0, 2, 1, 3)
                for part in ("query", "key", "value")
            )
            a = q @ k.transpose(0, 1, 3, 2) / np.float32((dims // HEADS) ** 0.5)
            a = np.exp(a - a.max(-1, keepdims=True))
            a /= a.sum(-1, keepdims=True)
            context = (a @ v).transpose(0, 2, 1, 3).reshape(n, length, dims)
            x = self._norm(x + self._linear(context, layer + "attention.output.dense"), layer + "attention.output.LayerNorm")
            inner = gelu(self._linear(x, layer + "intermediate.dense"))
            x = self._norm(x + self._linear(inner, layer + "output.dense"), layer + "output.LayerNorm")
        return x

    def embed(self, ids):
        """Sentence vectors [n, 384], mean of the states, not normalised."""
        out = []
        for s in range(0, len(ids), 256):
            out.append(self.states(ids[s : s + 256]).mean(1))
        return np.concatenate(out)
