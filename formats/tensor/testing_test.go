package tensor

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
)

func testSchema(p Profile, shape Shape, scores ...string) Schema {
	return Schema{Shape: shape, Scores: scores, Profile: p, Meta: Meta{
		Normalised: true, Teacher: "hash-768", EmbedID: "e1", SpaceID: "s1",
		Projection: "native", ConfigDigest: "c1", LockDigest: "l1", Determinism: "exact",
	}}
}

// testRows are n rows of unit tensors with every nullable column null in some
// of them, and zeros where a zero could be lost.
func testRows(n int, s Schema) []Row {
	rng := rand.New(rand.NewPCG(7, 7))
	rows := make([]Row, n)
	for i := range rows {
		r := Row{
			ID: fmt.Sprintf("d%d#%d", i/4, i%4), Question: fmt.Sprintf("why %d?", i), Answer: fmt.Sprintf("because of %d", i*i),
			Turn: int32(i%4) - 1, Source: "chats.jsonl", Split: "train",
			Similarity: float32(i%5) / 5, Scores: make([]float32, len(s.Scores)),
			QuestionEmbedding: unit(rng, s.Shape.Size()), AnswerEmbedding: unit(rng, s.Shape.Size()),
		}
		if i%2 == 1 {
			r.Context, r.Lang = "earlier", "en"
		}
		if i%3 == 1 {
			r.DialogueID = fmt.Sprintf("d%d", i/4)
		}
		for j := range r.Scores {
			r.Scores[j] = float32((i + j) % 3)
		}
		rows[i] = r
	}
	return rows
}

func unit(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	var sum float64
	for i := range v {
		if i != 3 { // a zero that must not become null
			v[i] = float32(rng.NormFloat64())
		}
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
	return v
}

func write(t testing.TB, s Schema, rows []Row) ([]byte, Stat) {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	st, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), st
}

// dataset is what a build hands to Commit.
type dataset struct {
	manifest Manifest
	parts    map[string][]byte // by base name
	rejects  map[string][]byte // by base name
	files    map[string][]byte
}

// testDataset has a part for each name, n rows each; the name's front is the
// split. Different seeds give different rows under the same names.
func testDataset(t testing.TB, shape Shape, n int, seed int, names ...string) dataset {
	t.Helper()
	s := testSchema(Compat, shape, "length")
	d := dataset{parts: map[string][]byte{}, rejects: map[string][]byte{}, files: map[string][]byte{"stats.json": []byte(fmt.Sprintf("{\"seed\":%d}\n", seed))}}
	m := Manifest{
		FormatVersion: FormatVersion, Cubeset: "0.1.0", Shape: shape, Profile: Compat, Normalised: true,
		Teacher: TeacherInfo{Name: "hash-768", Model: "hashing", Dims: shape.Size(), EmbedID: "e1", SpaceID: "s1",
			Determinism: "exact", Licence: "apache-2.0", Projection: "native"},
		Similarity:   Similarity{0.25, "registry"},
		Filters:      []FilterInfo{{Name: "length", Stage: "text", Digest: "ab", Config: []byte(`{"min":2}`)}},
		ConfigDigest: "c1", LockDigest: "l1", Split: SplitInfo{"0.1", "0", 42},
		Inputs: []Input{{"chats.jsonl", 10, 1000, "cd"}}, Splits: map[string]int64{},
		Dropped: map[string]int64{"length/too_short": 2}, Skipped: map[string]int64{"json": 1}, Scores: []string{"length"},
	}
	for i, name := range names {
		split, _, _ := strings.Cut(name, "-")
		rows := testRows(n+i, s)
		for j := range rows {
			rows[j].Split = split
			rows[j].Similarity = float32(seed%100) / 100
			if rows[j].DialogueID != "" {
				rows[j].DialogueID = split + rows[j].DialogueID
			}
		}
		b, st := write(t, s, rows)
		base := name + ".parquet"
		d.parts[base] = b
		m.Parts = append(m.Parts, PartInfo{"data/" + base, split, st.Rows, st.Bytes, st.SHA256, "0f"})
		m.Splits[split] += st.Rows
		m.Kept += st.Rows
	}
	m.Read = m.Kept + 3
	for i, base := range []string{"rejects.parquet", fmt.Sprintf("rejects-%d.parquet", n)} {
		var b bytes.Buffer
		st, err := WriteRejects(&b, slices.Values(testRejects(3+i)))
		if err != nil {
			t.Fatal(err)
		}
		d.rejects[base] = b.Bytes()
		m.Rejects = append(m.Rejects, PartInfo{"rejects/" + base, "", st.Rows, st.Bytes, st.SHA256, ""})
	}
	d.manifest = m
	d.files["README.md"] = Card(m, CardOptions{})
	return d
}

func testRejects(n int) []Reject {
	rows := make([]Reject, n)
	for i := range rows {
		rows[i] = Reject{ID: fmt.Sprint(i), Question: "q", Answer: "a", Source: "s", File: "chats.jsonl",
			Line: int64(i) << 33, Filter: "length", Reason: "too_short", Score: float32(i)}
	}
	if n > 1 {
		rows[1].Score = float32(math.NaN())
	}
	return rows
}

// finish lays down what a build has finished before its commit: rejects only
// where they are not the old dataset's.
func (d dataset) finish(m *memFS) {
	for base, b := range d.parts {
		m.put(path.Join("ds", tmpDir, "parts", base), b)
	}
	for base, b := range d.rejects {
		if old, ok := m.files[path.Join("ds", rejectsDir, base)]; !ok || !bytes.Equal(old.Data, b) {
			m.put(path.Join("ds", tmpDir, "parts", base), b)
		}
	}
}

func (d dataset) commit(t testing.TB, m *memFS) {
	t.Helper()
	d.finish(m)
	if err := Commit(m, "ds", d.manifest, d.files); err != nil {
		t.Fatal(err)
	}
}

func unbase64(t testing.TB, s string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
