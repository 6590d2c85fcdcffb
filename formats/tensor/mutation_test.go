package tensor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
)

const (
	mutationsMin    = 5000
	guardBytesMax   = 512 << 20 // what reading one foreign file may ask for, all in all
	mutationsPerBed = 400
)

// beds are files of every layout to damage. Most have no checksums, which
// would catch what is meant for the code behind them.
func beds(t testing.TB) map[string][]byte {
	bare := func(b []byte) []byte { return repage(t, b, func(h *format.PageHeader) { h.CRC = 0 }) }
	m := map[string][]byte{
		"plain 1": bare(forge(t, layout{1, false, &parquet.Uncompressed}, nil)),
		"plain 2": bare(forge(t, layout{2, false, &parquet.Uncompressed}, nil)),
		"split 2": bare(forge(t, layout{2, true, &parquet.Uncompressed}, nil)),
		"gzip":    bare(forge(t, layout{1, false, &parquet.Gzip}, nil)),
		"snappy":  bare(forge(t, layout{1, false, &parquet.Snappy}, nil)),
		"rejects": bare(goodRejects(t)),
		"long": bare(goldenPart(t, Compact, func(s *Schema, rows *[]Row) {
			s.Shape, *rows = Shape{16, 48}, testRows(40, testSchema(Compact, Shape{16, 48}, "length"))
		})),
	}
	for _, p := range Profiles() {
		m[string(p)] = golden(t, p)
		m["bare "+string(p)] = bare(golden(t, p))
	}
	return m
}

// mutate damages b in one of the ways in which files get damaged, or in which
// somebody would do it.
func mutate(rng *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	footer := len(b) - guard.TrailerSize - int(binary.LittleEndian.Uint32(b[len(b)-guard.TrailerSize:]))
	at, n := rng.IntN(len(b)), 1+rng.IntN(64)
	if rng.IntN(2) == 0 { // where a byte decides the most
		at = footer + rng.IntN(len(b)-footer)
	}
	n = min(n, len(b)-at)
	switch rng.IntN(9) {
	case 0:
		b[at] ^= 1 << rng.IntN(8)
	case 1:
		b[at] = byte(rng.IntN(256))
	case 2: // the numbers that overflow
		b[at] = []byte{0, 0x7f, 0x80, 0xfe, 0xff}[rng.IntN(5)]
	case 3: // a very large number, as Thrift writes it
		copy(b[at:], binary.AppendUvarint(nil, rng.Uint64()>>rng.IntN(64)))
	case 4:
		clear(b[at : at+n])
	case 5:
		for i := range n {
			b[at+i] = byte(rng.IntN(256))
		}
	case 6: // bytes of another place
		copy(b[at:at+n], b[rng.IntN(len(b)-n+1):])
	case 7: // in the middle bytes are missing, or too many
		if rng.IntN(2) == 0 {
			b = slices.Delete(b, at, at+n)
		} else {
			b = slices.Insert(b, at, bytes.Repeat([]byte{byte(rng.IntN(256))}, n)...)
		}
	case 8: // the end is missing, but for the footer's frame
		b = append(b[:at], b[len(b)-guard.TrailerSize:]...)
	}
	for range rng.IntN(3) {
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
	}
	return b
}

// Whatever happens to a file, reading it ends in rows or in an error of a
// kind, and asks for no more memory than the guard promises.
func TestMutationsAreSurvived(t *testing.T) {
	all := beds(t)
	if n := len(all) * mutationsPerBed; n < mutationsMin {
		t.Fatalf("%d mutations, want %d", n, mutationsMin)
	}
	for name, bed := range all {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(9, uint64(len(name))))
			var refused, most uint64
			for i := range mutationsPerBed {
				b := mutate(rng, bed)
				asked, err := askedFor(func() error { return survives(b) })
				if most = max(most, asked); asked > guardBytesMax {
					t.Fatalf("mutation %d asks for %d MB", i, asked>>20)
				}
				if err != nil {
					refused++
				}
				if err != nil && !ofAKind(err) {
					t.Fatalf("mutation %d: an error without a kind: %v", i, err)
				}
			}
			t.Logf("%d of %d refused, at most %d MB asked for", refused, mutationsPerBed, most>>20)
			if refused < mutationsPerBed/2 {
				t.Errorf("only %d of %d were refused: do they damage anything?", refused, mutationsPerBed)
			}
		})
	}
}

// survives reads b as everything that this package reads.
func survives(b []byte) error {
	_, err := readAll(b)
	if err == nil || !errors.Is(err, ErrNotDataset) {
		return err
	}
	for _, e := range ReadRejects(bytes.NewReader(b), int64(len(b))) {
		if e != nil {
			return e
		}
	}
	return nil
}

func ofAKind(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotDataset) || errors.Is(err, ErrVersion)
}

// askedFor is what do allocates all in all, which is never less than what it
// holds at once.
func askedFor(do func() error) (uint64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

// The worst that a small file can ask for.
func TestGreedyFilesGetLittle(t *testing.T) {
	for _, c := range []struct {
		name string
		p    Profile
		do   func(*format.PageHeader)
	}{
		{"values without bytes", Fast, func(h *format.PageHeader) { h.DataPageHeader.V.NumValues = 1 << 30 }},
		{"large pages", Compat, func(h *format.PageHeader) { h.UncompressedPageSize = pageBytesMax }},
		{"large pages of version 2", Compact, func(h *format.PageHeader) { h.UncompressedPageSize = pageBytesMax }},
		{"values of version 2", Compact, func(h *format.PageHeader) {
			d := &h.DataPageHeaderV2.V
			d.NumValues, d.NumRows, h.UncompressedPageSize = 12<<20, 1<<20, pageBytesMax
		}},
	} {
		b := repage(t, golden(t, c.p), c.do)
		many := refooter(t, b, func(md *format.FileMetaData) {
			for g := range md.RowGroups {
				for i := range md.RowGroups[g].Columns {
					if m := &md.RowGroups[g].Columns[i].MetaData; len(m.PathInSchema) > 1 {
						m.NumValues = md.RowGroups[g].NumRows * shapeSizeMax
					}
				}
			}
		})
		for i, b := range [][]byte{b, many} {
			asked, err := askedFor(func() error { return survives(b) })
			if asked > guardBytesMax || err == nil || !ofAKind(err) {
				t.Errorf("%s, %d: %d MB, %v", c.name, i, asked>>20, err)
			}
		}
	}
}

// Bytes that are no Parquet at all.
func TestNoiseIsNotADataset(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range 500 {
		b := make([]byte, rng.IntN(300))
		for j := range b {
			b[j] = byte(rng.IntN(256))
		}
		for _, in := range [][]byte{b, fmt.Appendf(nil, "%s%s%s", guard.Magic, b, guard.Magic), framed(b)} {
			if err := survives(in); err == nil || !ofAKind(err) {
				t.Fatalf("noise %d: %v", i, err)
			}
		}
	}
}
