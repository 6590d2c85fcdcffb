package foreign

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// TestOtherWriters reads the same rows as other programs wrote them: pyarrow
// 26.0.1 with pages of version 2, gzip and every encoding of its own, DuckDB
// 2.0.0 with brotli, and Polars 2.1.0 with LZ4_RAW.
func TestOtherWriters(t *testing.T) {
	b, err := os.ReadFile("testdata/rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []map[string]any
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pyarrow", "duckdb", "polars"} {
		b, err := os.ReadFile(filepath.Join("testdata", name+".parquet"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := readAll(b)
		if err != nil || len(rows) != len(want) {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
			continue
		}
		for i, row := range rows {
			var got map[string]any
			if err := json.Unmarshal([]byte(row), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[i], got); diff != "" {
				t.Errorf("%s: row %d (- want, + got)\n%s", name, i, diff)
			}
		}
	}
}

func BenchmarkNext(b *testing.B) {
	file := write(b, manyNested(20_000), parquet.Compression(&parquet.Zstd), parquet.PageBufferSize(1<<20), parquet.MaxRowsPerRowGroup(10_000))
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		r, err := open(file)
		if err != nil {
			b.Fatal(err)
		}
		size = 0
		for {
			row, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			size += len(row)
		}
	}
	b.SetBytes(int64(size)) // of JSON
}
