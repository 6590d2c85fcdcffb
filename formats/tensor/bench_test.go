package tensor

import (
	"bytes"
	"io"
	"syscall"
	"testing"
)

// benchRows are two row groups of unit vectors, which neural embeddings
// resemble byte for byte.
func benchRows(p Profile) (Schema, []Row, int64) {
	s := testSchema(p, DefaultShape(), "length", "language")
	rows := testRows(8192, s)
	return s, rows, int64(len(rows)) * 2 * 4 * int64(s.Shape.Size())
}

func BenchmarkWrite(b *testing.B) {
	for _, p := range Profiles() {
		b.Run(string(p), func(b *testing.B) {
			s, rows, raw := benchRows(p)
			b.SetBytes(raw)
			b.ReportAllocs()
			begin := cpuSeconds(b)
			var st Stat
			for b.Loop() {
				w, err := NewWriter(io.Discard, s)
				if err != nil {
					b.Fatal(err)
				}
				if err := w.Write(rows); err != nil {
					b.Fatal(err)
				}
				if st, err = w.Close(); err != nil {
					b.Fatal(err)
				}
			}
			reportCPU(b, raw, begin)
			b.ReportMetric(float64(st.Bytes)/float64(raw), "file/raw")
			b.ReportMetric(st.Tensors.Ratio(), "tensors/raw")
		})
	}
}

// BenchmarkMillionRows is what an open writer holds, however many rows it is
// given.
func BenchmarkMillionRows(b *testing.B) {
	const all = 1_000_000
	for _, p := range Profiles() {
		b.Run(string(p), func(b *testing.B) {
			s := testSchema(p, DefaultShape(), "length", "language")
			rows := testRows(1000, s)
			raw := int64(all) * 2 * 4 * int64(s.Shape.Size())
			b.SetBytes(raw)
			b.ReportAllocs()
			begin := cpuSeconds(b)
			var w peakWriter
			for b.Loop() {
				w.start()
				pw, err := NewWriter(&w, s)
				if err != nil {
					b.Fatal(err)
				}
				for range all / len(rows) {
					if err := pw.Write(rows); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := pw.Close(); err != nil {
					b.Fatal(err)
				}
			}
			reportCPU(b, raw, begin)
			b.ReportMetric(float64(w.peak)/1e6, "MB-held")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, p := range Profiles() {
		b.Run(string(p), func(b *testing.B) {
			s, rows, raw := benchRows(p)
			part, _ := write(b, s, rows)
			b.SetBytes(raw)
			b.ReportAllocs()
			begin := cpuSeconds(b)
			for b.Loop() {
				p, err := OpenReader(bytes.NewReader(part), int64(len(part)))
				if err != nil {
					b.Fatal(err)
				}
				for _, err := range p.Rows() {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			reportCPU(b, raw, begin)
		})
	}
}

// reportCPU is what a machine that is busy with other things measures too: MB
// of raw float a CPU-second.
func reportCPU(b *testing.B, raw int64, begin float64) {
	b.ReportMetric(float64(raw)*float64(b.N)/1e6/(cpuSeconds(b)-begin), "MB/cpu-s")
}

func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
