package filter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// recorder keeps what it sees.
type recorder struct {
	Min  int `json:"min"`
	seen []Row
	blob string
}

func (f *recorder) Start(c Config) error {
	if f.Min < 0 {
		return errors.New("min is negative")
	}
	f.blob = string(c.Blobs["words"])
	return nil
}

func (f *recorder) Row(r *Row) Verdict {
	seen := *r
	seen.Scores = append([]Score(nil), r.Scores...)
	f.seen = append(f.seen, seen)
	if len(r.Answer) < f.Min {
		return Drop(7, -1.5)
	}
	return Keep(0.5)
}

// use exports a filter for one test, with a buffer of its own.
func use(t *testing.T, f Filter) {
	t.Cleanup(func() { guest.filter, guest.buffer, guest.row, guest.err = nil, nil, Row{}, "" })
	Export(f)
}

// place puts the host's bytes into the buffer, as cs_reserve promises it.
func place(t *testing.T, b []byte) uint32 {
	exportReserve(uint32(len(b)))
	if at := uintptr(unsafe.Pointer(&guest.buffer[0])); at%align != 0 {
		t.Fatalf("buffer at %#x", at)
	}
	return uint32(copy(guest.buffer, b))
}

// form is a buffer being written.
type form []byte

func (f *form) put(at int, values ...uint32) {
	for i, v := range values {
		binary.LittleEndian.PutUint32((*f)[at+4*i:], v)
	}
}

// add appends a column at a multiple of 16 and returns its offset.
func (f *form) add(parts ...any) uint32 {
	for len(*f)%16 != 0 {
		*f = append(*f, 0)
	}
	at := len(*f)
	for _, p := range parts {
		if s, ok := p.(string); ok {
			*f = append(*f, s...)
		} else {
			*f, _ = binary.Append(*f, binary.LittleEndian, p)
		}
	}
	return uint32(at)
}

func batch() []byte {
	f := form(make([]byte, 64))
	copy(f, "CSB1")
	f.put(4, 64, 2)
	f.put(16, f.add([]uint32{0, 2, 7}))
	f.put(20, f.add("hiми!"))
	f.put(24, f.add([]uint32{0, 0, 5}))
	f.put(28, f.add("fine."))
	f.put(32, f.add([]float32{1, 2, 3, 4}))
	f.put(36, f.add([]float32{5, 6, 7, 8}))
	f.put(40, 2)
	f.put(56, 9, 1)
	table := f.add(make([]uint32, 3*9))
	f.put(52, table)
	for i, at := range []uint32{
		f.add([]uint32{0, 1, 1}, "c"), f.add([]uint32{0, 1, 3}, "aab"), f.add([]uint32{0, 2, 4}, "enru"),
		f.add([]float32{0.25, 0.5}), f.add([]uint32{0, 0, 1}, "s"), f.add([]int32{-1, 3}, []uint32{0, 0, 1}, "d"),
		f.add([]uint32{2}, []uint32{0, 4, 6}, []float32{1, 2, 3, 4}, "echopi"), 0,
	} {
		tag := uint32(i + 1)
		if at == 0 {
			tag = 99 // a column of a later revision
		}
		f.put(int(table)+12*i, tag, at)
	}
	f.put(44, f.add(bytes.Repeat([]byte{0xff}, 16)))
	f.put(48, uint32(len(f)))
	return f
}

func configuration(options string) []byte {
	f := form(make([]byte, 32))
	copy(f, "CSC1")
	f.put(4, 32, 1)
	f.put(16, f.add(options), uint32(len(options)))
	table := f.add(make([]uint32, 4))
	f.put(24, table)
	f.put(int(table), f.add("words"), 5, f.add("a b"), 3)
	f.put(28, uint32(len(f)))
	return f
}

func TestRowsAndVerdicts(t *testing.T) {
	f := &recorder{}
	use(t, f)
	if status := exportConfigure(0, place(t, configuration(`{"min":1}`))); status != 0 || f.Min != 1 || f.blob != "a b" {
		t.Fatalf("status %d, min %d, blob %q", status, f.Min, f.blob)
	}
	b := batch()
	if status := exportFilter(0, place(t, b)); status != 0 {
		t.Fatalf("status %d: %s", status, guest.err)
	}
	want := []Row{
		{1<<32 + 9, "hi", "", "c", "a", "en", "", "", -1, 0.25, []float32{1, 2}, []float32{5, 6}, []Score{{"echo", 1}, {"pi", 3}}},
		{1<<32 + 10, "ми!", "fine.", "", "ab", "ru", "s", "d", 3, 0.5, []float32{3, 4}, []float32{7, 8}, []Score{{"echo", 2}, {"pi", 4}}},
	}
	if !reflect.DeepEqual(f.seen, want) {
		t.Errorf("got  %+v\nwant %+v", f.seen, want)
	}
	got := guest.buffer[len(b)-16 : len(b)]
	if want := "\x00\x00\x07\x00\x00\x00\xc0\xbf\x01\x00\x00\x00\x00\x00\x00\x3f"; string(got) != want {
		t.Errorf("verdicts %x, want %x", got, want)
	}
}

func TestTextsAlone(t *testing.T) {
	f := &recorder{}
	use(t, f)
	b := form(batch())
	b.put(32, 0, 0, 0)
	b.put(52, 0)
	if status := exportFilter(0, place(t, b)); status != 0 || len(f.seen) != 2 {
		t.Fatalf("status %d, %d rows", status, len(f.seen))
	}
	if want := (Row{Number: 1<<32 + 10, Question: "ми!", Answer: "fine.", Turn: -1}); !reflect.DeepEqual(f.seen[1], want) {
		t.Errorf("got %+v, want %+v", f.seen[1], want)
	}
	b.put(8, 0) // no rows are a batch too
	if status := exportFilter(0, place(t, b)); status != 0 || len(f.seen) != 2 {
		t.Errorf("status %d, %d rows", status, len(f.seen))
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		call   func(uint32, uint32) int32
		in     []byte
		filter Filter
		want   string
	}{
		{"no filter", exportConfigure, configuration("{}"), nil, "no filter"},
		{"wrong type", exportConfigure, configuration(`{"min":"x"}`), &recorder{}, "options: "},
		{"refused by the filter", exportConfigure, configuration(`{"min":-1}`), &recorder{}, "min is negative"},
		{"not a configuration", exportConfigure, batch(), &recorder{}, "not a configuration"},
		{"short configuration", exportConfigure, []byte("CSC1"), &recorder{}, "not a configuration"},
		{"not a batch", exportFilter, configuration("{}"), &recorder{}, "not a batch"},
		{"short batch", exportFilter, []byte("CSB1"), &recorder{}, "not a batch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			use(t, c.filter)
			if status := c.call(0, place(t, c.in)); status == 0 || !strings.Contains(guest.err, c.want) {
				t.Errorf("status %d, error %q, want %q", status, guest.err, c.want)
			}
			if got := uint32(exportError()); got != uint32(len(guest.err)) {
				t.Errorf("cs_error has %d bytes, want %d", got, len(guest.err))
			}
		})
	}
}

// quiet looks at every column and keeps nothing.
type quiet struct{}

func (quiet) Row(r *Row) Verdict {
	return Keep(float32(len(r.Question)+len(r.Context)+len(r.Scores)) + r.AnswerEmbedding[0])
}

func TestOnlyScoresAllocate(t *testing.T) {
	use(t, quiet{})
	b := batch()
	n := place(t, b)
	if got := testing.AllocsPerRun(100, func() { exportFilter(0, n) }); got > 1 {
		t.Errorf("%v allocations a batch, want the list of scores alone", got)
	}
}

func TestReserveKeepsItsBuffer(t *testing.T) {
	use(t, quiet{})
	a, b := exportReserve(100), exportReserve(50)
	if a == 0 || a != b || exportReserve(0) != a {
		t.Errorf("addresses %#x, %#x", a, b)
	}
	if exportReserve(1 << 20); len(guest.buffer) != 1<<20 {
		t.Errorf("%d bytes", len(guest.buffer))
	}
	if exportRevision() != 1 {
		t.Error("revision")
	}
	if f := math.Float32frombits(0x3f000000); Keep(f) != (Verdict{0, 0.5}) || Drop(3, f) != (Verdict{3, 0.5}) {
		t.Error("verdicts")
	}
}
