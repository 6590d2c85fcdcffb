// Package tensor reads and writes cubeset datasets: Parquet parts that hold
// dialogue pairs with their embeddings as tensors, the manifest that lists the
// parts, and the card that describes them. formats/SPEC.md is the contract.
//
// A part is written to any io.Writer, front to back. It is read through
// guards: no byte of a part, however damaged, makes a reader panic or ask for
// memory without bound.
package tensor

import (
	"errors"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
)

// FormatVersion is the version of formats/SPEC.md that this package writes and
// the only one it reads.
const FormatVersion = "0.1"

// What callers match on with errors.Is.
var (
	ErrShape      = errors.New("wrong tensor shape")
	ErrNotFinite  = errors.New("not a finite number")
	ErrText       = errors.New("unusable text")
	ErrDamaged    = guard.ErrDamaged
	ErrNotDataset = errors.New("not a cubeset part")
	ErrVersion    = errors.New("other format version")
	ErrNoManifest = errors.New("no manifest")
)
