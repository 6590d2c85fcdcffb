package tensor

import (
	"bytes"
	"io"
	"testing"
)

func BenchmarkWrite(b *testing.B) {
	for _, p := range []Profile{Compat, Fast} {
		b.Run(string(p), func(b *testing.B) {
			s := testSchema(p, DefaultShape(), "length", "language")
			rows := testRows(8192, s)
			b.SetBytes(int64(len(rows) * 2 * 4 * s.Shape.Size()))
			b.ReportAllocs()
			var size int64
			for b.Loop() {
				w, err := NewWriter(io.Discard, s)
				if err != nil {
					b.Fatal(err)
				}
				if err := w.Write(rows); err != nil {
					b.Fatal(err)
				}
				st, err := w.Close()
				if err != nil {
					b.Fatal(err)
				}
				size = st.Bytes
			}
			b.ReportMetric(float64(size)/float64(len(rows)*2*4*s.Shape.Size()), "file/raw")
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, p := range []Profile{Compat, Fast} {
		b.Run(string(p), func(b *testing.B) {
			s := testSchema(p, DefaultShape(), "length", "language")
			rows := testRows(8192, s)
			part, _ := write(b, s, rows)
			b.SetBytes(int64(len(rows) * 2 * 4 * s.Shape.Size()))
			b.ReportAllocs()
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
		})
	}
}
