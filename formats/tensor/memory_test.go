package tensor

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

// writerBytesMax is what an open writer may hold, for any number of rows with
// tensors of up to 256 KiB and texts of up to 64 KiB.
const writerBytesMax = 80 << 20

// peakWriter looks at the heap whenever bytes come out, which is when a row
// group is at its largest, and keeps the most. Garbage does not count.
type peakWriter struct {
	base, peak uint64
	pages      int
}

func (p *peakWriter) Write(b []byte) (int, error) {
	if len(b) > 1<<14 { // a piece of a page
		if p.pages++; p.pages%64 == 1 {
			p.look()
		}
	}
	return len(b), nil
}

// start counts from what the heap holds now.
func (p *peakWriter) start() {
	*p = peakWriter{}
	for range 3 { // the pools of whatever ran before go too
		p.look()
	}
	p.peak = 0
	p.look()
	*p = peakWriter{base: p.peak}
}

func (p *peakWriter) look() {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	p.peak = max(p.peak, m.HeapInuse-min(p.base, m.HeapInuse))
}

func TestWriterMemoryIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		shape  Shape
		rows   int // more than a row group
		text   int
		scores int
		group  int
	}{
		{DefaultShape(), 5_000, 30, 0, 0}, {Shape{1536}, 3_000, 30, 0, 0}, {Shape{1 << 16}, 70, 30, 0, 0}, {Shape{2}, 700, 1 << 16, 0, 0},
		{Shape{1}, rowGroupsMax, 30, scoresMax, 1}, // the longest footer
	} {
		for _, p := range Profiles() {
			t.Run(fmt.Sprintf("%v/%v/%d", c.shape, p, c.text), func(t *testing.T) {
				s := testSchema(p, c.shape, filters(c.scores)...)
				s.RowGroupRows = c.group
				rows := testRows(min(64, c.rows), s)
				noise := make([]byte, c.text)
				for i := range noise {
					noise[i] = 'a' + byte(rng.IntN(26))
				}
				for i := range rows {
					rows[i].Question = string(noise)
				}
				var w peakWriter
				w.start()
				pw, err := NewWriter(&w, s)
				if err != nil {
					t.Fatal(err)
				}
				for n := 0; n < c.rows; n += len(rows) {
					if err := pw.Write(rows); err != nil {
						t.Fatal(err)
					}
					if n%512 == 0 {
						w.look()
					}
				}
				if _, err := pw.Close(); err != nil {
					t.Fatal(err)
				}
				t.Logf("%d MB", w.peak>>20)
				if w.peak > writerBytesMax {
					t.Errorf("the writer holds %d MB, want at most %d", w.peak>>20, writerBytesMax>>20)
				}
			})
		}
	}
}
