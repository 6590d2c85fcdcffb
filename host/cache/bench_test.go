package cache

import (
	"encoding/binary"
	"syscall"
	"testing"
	"time"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

const (
	benchPayload = 768 * 4
	benchBatch   = 256
)

// benchRows are n keys; all share one payload, which is neither compressed nor
// looked into.
func benchRows(first, n int) ([]Key, [][]byte) {
	keys, payloads := make([]Key, n), make([][]byte, n)
	p := payload(1, benchPayload)
	for i := range keys {
		keys[i] = recipe.Key(string(binary.BigEndian.AppendUint64(nil, uint64(first+i))))
		payloads[i] = p
	}
	return keys, payloads
}

// processorTime is what this process has used so far: on a shared machine it is
// steadier than the clock.
func processorTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpu reports the processor time per row.
func cpu(b *testing.B) func() {
	start := processorTime(b)
	return func() { b.ReportMetric(float64(processorTime(b)-start)/float64(b.N), "cpu-ns/row") }
}

// filled is a store of n rows that was closed and opened again.
func filled(b *testing.B, n int) (*Store, []Key) {
	dir := b.TempDir()
	s := mustOpen(b, dir, DefaultOptions())
	keys, payloads := benchRows(0, n)
	mustPut(b, s, keys, payloads)
	mustClose(b, s)
	return mustOpen(b, dir, DefaultOptions()), keys
}

func BenchmarkPut(b *testing.B) {
	s := mustOpen(b, b.TempDir(), DefaultOptions())
	keys, payloads := benchRows(0, b.N)
	b.SetBytes(benchPayload)
	b.ReportAllocs()
	b.ResetTimer()
	report := cpu(b)
	for i := 0; i < b.N; i += benchBatch {
		j := min(i+benchBatch, b.N)
		if err := s.Put(recipe, keys[i:j], payloads[i:j]); err != nil {
			b.Fatal(err)
		}
	}
	report()
}

func BenchmarkGet(b *testing.B) {
	const n = 20_000
	s, keys := filled(b, n)
	payloads := make([][]byte, benchBatch)
	b.SetBytes(benchPayload)
	b.ReportAllocs()
	b.ResetTimer()
	report := cpu(b)
	for i := 0; i < b.N; i += benchBatch {
		k := keys[i%(n-benchBatch):]
		if hits, err := s.Get(k[:benchBatch], payloads); hits != benchBatch || err != nil {
			b.Fatal(hits, err)
		}
	}
	report()
}

func BenchmarkMiss(b *testing.B) {
	s, _ := filled(b, 20_000)
	absent, _ := benchRows(1<<30, 20_000)
	payloads := make([][]byte, benchBatch)
	b.ReportAllocs()
	b.ResetTimer()
	report := cpu(b)
	for i := 0; i < b.N; i += benchBatch {
		k := absent[i%(len(absent)-benchBatch):]
		if hits, err := s.Get(k[:benchBatch], payloads); hits != 0 || err != nil {
			b.Fatal(hits, err)
		}
	}
	report()
}

func BenchmarkKey(b *testing.B) {
	text := string(payload(1, 300))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		recipe.Key(text)
	}
}

// BenchmarkOpen opens a cache of 100,000 rows whose segments hold 1,000 each.
func BenchmarkOpen(b *testing.B) {
	dir := scratch(b)
	o := Options{FS: fsx.Quick{}, SegmentBytesMax: 128 << 10}
	s := mustOpen(b, dir, o)
	keys, payloads := benchRows(0, 100_000)
	for i := range payloads {
		payloads[i] = payloads[i][:16]
	}
	mustPut(b, s, keys, payloads)
	mustClose(b, s)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Open(dir, o)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestGetDoesNotAllocate(t *testing.T) {
	s := mustOpen(t, scratch(t), options())
	keys, want := rows(0, 100)
	mustPut(t, s, keys, want)
	got := make([][]byte, len(keys))
	if n := testing.AllocsPerRun(50, func() {
		if hits, err := s.Get(keys, got); hits != len(keys) || err != nil {
			t.Fatal(hits, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a Get", n)
	}
}
