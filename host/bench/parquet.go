package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"unsafe"

	"github.com/cubeset/cubeset/formats/tensor"
)

const (
	parquetRows  = 20_000
	parquetBatch = 1024
	groupRows    = 4096 // of a row group, also the peers'
)

// parquetGroups compares writers of the same rows in the same encoding, and then
// what it costs two readers to read our files and pyarrow's.
func parquetGroups(ctx context.Context, p place) ([]Group, error) {
	n := p.orRows(parquetRows)
	if err := writeRowsFile(p.tmp, n); err != nil {
		return nil, err
	}
	python, err := findSnake(ctx, p)
	if err != nil {
		return nil, err
	}
	sizes := []Column{{"file", "file over raw", "%.3f"}, {"peak", "memory, MB", "%.0f"}}
	rows := strconv.Itoa(n)
	var writers, readers []Group
	for _, l := range []struct {
		profile tensor.Profile
		layout  string
		peers   []string
	}{
		{tensor.Compat, "PLAIN, zstd, v1 pages", []string{"pyarrow", "polars", "duckdb"}},
		{tensor.Compact, "BYTE_STREAM_SPLIT, zstd, v2 pages", []string{"pyarrow", "duckdb"}},
		{tensor.Fast, "PLAIN, tensors uncompressed, v1 pages", []string{"pyarrow", "polars", "duckdb"}},
	} {
		name, profile := "cubeset "+string(l.profile), string(l.profile)
		ours, theirs := filepath.Join(p.tmp, profile+".parquet"), filepath.Join(p.tmp, profile+"-pyarrow.parquet")
		w := Group{Title: "parquet: write " + l.layout, Unit: "MB/s", Scale: 1, Rate: true, Columns: sizes,
			Notes: []string{fmt.Sprintf("%d rows with two vectors of 768 float32 each, and texts; row groups of %d. MB are of raw float. Memory is what writing added to the process: the peers are given all rows at once, cubeset 1,024 at a time.", n, groupRows)}}
		w.Cases = []Case{{name, l.peers, child("parquet", p.tmp, rows, profile)}}
		for _, peer := range l.peers {
			w.Cases = append(w.Cases, Case{Name: peer, Run: python.run("write", peer, profile, p.tmp)})
		}
		if l.profile == tensor.Compact {
			w.Notes = append(w.Notes, "Polars does not write BYTE_STREAM_SPLIT.")
		}
		writers = append(writers, w)

		r := Group{Title: "parquet: read " + l.layout, Unit: "MB/s", Scale: 1, Rate: true,
			Notes: []string{"Both tensor columns, as one NumPy array each (pyarrow) or as a frame of all columns (pandas)."}}
		for _, reader := range []string{"pyarrow", "pandas"} {
			mine, other := reader+" of cubeset's", reader+" of pyarrow's"
			r.Cases = append(r.Cases, Case{mine, []string{other}, python.run("read", reader, ours, p.tmp)},
				Case{Name: other, Run: python.run("read", reader, theirs, p.tmp)})
		}
		readers = append(readers, r)
	}
	return append(writers, readers...), nil
}

// The data of all writers: vectors as raw float32, a question's and an answer's
// in turn, and the texts.
const (
	vectorsFile = "vectors.f32"
	textsFile   = "texts.json"
)

type textColumns struct {
	Question, Answer []string
}

func writeRowsFile(dir string, n int) (err error) {
	columns, err := json.Marshal(textColumns{texts(n, 60, 1), texts(n, 240, 2)})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, textsFile), columns, 0o644); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, vectorsFile))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, v := range unitVectors(2 * n) {
		if _, err := f.Write(floatBytes(v)); err != nil {
			return err
		}
	}
	return nil
}

// floatBytes are the bytes of v, little endian as on every system this runs on.
func floatBytes(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}
