package wasm

import (
	"encoding/binary"
	"math"
)

// Verdict is what a filter says about one row.
type Verdict struct {
	Keep   bool
	Reason uint16  // 0 if kept, else a code that the manifest declares
	Score  float32 // finite
}

const (
	verdictBytes = 8
	unwritten    = 0xff // what the host fills the verdicts with beforehand
)

// reasonSet has a true for each reason that a manifest declares.
type reasonSet [reasonCodeMax + 1]bool

// readVerdicts checks and appends the verdicts of rows, 8 bytes each.
func readVerdicts(raw []byte, declared *reasonSet, out []Verdict) ([]Verdict, *GuestError) {
	for row := 0; len(raw) >= verdictBytes; row, raw = row+1, raw[verdictBytes:] {
		keep, reserved := raw[0], raw[1]
		v := Verdict{
			Keep:   keep == 1,
			Reason: binary.LittleEndian.Uint16(raw[2:]),
			Score:  math.Float32frombits(binary.LittleEndian.Uint32(raw[4:])),
		}
		if keep > 1 || reserved != 0 || v.Keep != (v.Reason == 0) || v.Reason > reasonCodeMax ||
			!v.Keep && !declared[v.Reason] || !(math.Abs(float64(v.Score)) <= math.MaxFloat32) {
			return out, badVerdict(keep, reserved, row, v)
		}
		out = append(out, v)
	}
	return out, nil
}

func badVerdict(keep, reserved byte, row int, v Verdict) *GuestError {
	var e *GuestError
	switch {
	case keep == unwritten && reserved == unwritten:
		e = guestError(CodeBadVerdict, exportFilter, "the verdict was not written")
	case keep > 1:
		e = guestError(CodeBadVerdict, exportFilter, "keep is %d, want 0 or 1", keep)
	case reserved != 0:
		e = guestError(CodeBadVerdict, exportFilter, "reserved byte is %d, want 0", reserved)
	case v.Keep && v.Reason != 0:
		e = guestError(CodeBadReason, exportFilter, "kept with reason %d, want 0", v.Reason)
	case !v.Keep && v.Reason == 0:
		e = guestError(CodeBadReason, exportFilter, "dropped without a reason")
	case math.IsNaN(float64(v.Score)) || math.IsInf(float64(v.Score), 0):
		e = guestError(CodeNaNScore, exportFilter, "score is not finite")
	default:
		e = guestError(CodeBadReason, exportFilter, "reason %d is not in the manifest", v.Reason)
	}
	e.Row = row
	return e
}
