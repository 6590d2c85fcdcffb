package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cubeset/cubeset/formats/tensor"
)

// parquetChild writes the rows with one of our profiles.
func parquetChild(_ context.Context, args []string) (s Sample, err error) {
	dir, profile := args[0], args[2]
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return s, err
	}
	b, err := os.ReadFile(filepath.Join(dir, textsFile))
	if err != nil {
		return s, err
	}
	var t textColumns
	if err := json.Unmarshal(b, &t); err != nil {
		return s, err
	}
	in, err := os.Open(filepath.Join(dir, vectorsFile))
	if err != nil {
		return s, err
	}
	defer in.Close()
	out, err := os.Create(filepath.Join(dir, profile+".parquet"))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()

	schema := tensor.Schema{Shape: tensor.DefaultShape(), Profile: tensor.Profile(profile), RowGroupRows: groupRows}
	if err := warmUp(schema); err != nil {
		return s, err
	}
	rows := make([]tensor.Row, 0, parquetBatch)
	vectors := make([]float32, 2*vectorDim*parquetBatch)
	forgetPeak()
	before, _ := resident()
	var watch stopwatch
	var w *tensor.Writer
	if err = watch.lap(func() (err error) { w, err = tensor.NewWriter(out, schema); return err }); err != nil {
		return s, err
	}
	for i := 0; i < n; i += parquetBatch {
		j := min(i+parquetBatch, n)
		if _, err := io.ReadFull(in, floatBytes(vectors[:2*vectorDim*(j-i)])); err != nil {
			return s, err
		}
		rows = rows[:0]
		for k := i; k < j; k++ {
			v := vectors[2*vectorDim*(k-i):]
			rows = append(rows, tensor.Row{ID: strconv.Itoa(k), Question: t.Question[k], Answer: t.Answer[k], Turn: -1, Source: "bench", Split: "train",
				QuestionEmbedding: v[:vectorDim], AnswerEmbedding: v[vectorDim : 2*vectorDim]})
		}
		if err := watch.lap(func() error { return w.Write(rows) }); err != nil {
			return s, err
		}
	}
	var st tensor.Stat
	if err = watch.lap(func() (err error) { st, err = w.Close(); return err }); err != nil {
		return s, err
	}
	_, peak := resident()
	raw := float64(n) * 2 * vectorDim * 4
	s = watch.sample(raw / 1e6)
	s.More["file"] = float64(st.Bytes) / raw
	if peak > 0 {
		s.More["peak"] = peak - before
	}
	return s, nil
}

// warmUp writes 64 rows to nowhere, as the peers do before they are measured.
func warmUp(schema tensor.Schema) error {
	w, err := tensor.NewWriter(io.Discard, schema)
	if err != nil {
		return err
	}
	v := unitVectors(2)
	for range 64 {
		if err := w.Write([]tensor.Row{{ID: "0", Question: "q", Answer: "a", Turn: -1, Split: "train", QuestionEmbedding: v[0], AnswerEmbedding: v[1]}}); err != nil {
			return err
		}
	}
	_, err = w.Close()
	return err
}
