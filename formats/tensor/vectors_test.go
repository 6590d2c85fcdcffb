package tensor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/formats/vectors"
)

// vector is a file of formats/vectors and how it is made.
type vector struct {
	name, rules, about string
	verdict            vectors.Verdict
	make               func(testing.TB) []byte
}

const vectorsDir = "../vectors"

func allVectors() []vector {
	return slices.Concat(goodVectors(), badParts(), badManifests())
}

func (v vector) file() string {
	if v.verdict == vectors.Good {
		return "good/" + v.name
	}
	return "bad/" + v.name
}

func (v vector) kind() string {
	switch {
	case strings.HasSuffix(v.name, ".json"):
		return "manifest"
	case strings.HasSuffix(v.name, "rejects.parquet"):
		return "rejects"
	}
	return "part"
}

// entry is what index.json says of v, whose bytes are b.
func (v vector) entry(t testing.TB, b []byte) vectors.Vector {
	e := vectors.Vector{File: v.file(), Kind: v.kind(), Rules: strings.Fields(v.rules), Verdict: v.verdict, About: v.about}
	if v.verdict == vectors.Good && e.Kind == "part" {
		e.Sees = seen(t, b)
	}
	return e
}

// The vectors are what the code makes of them today, and are read as the index
// says. With -update they are made anew.
func TestVectors(t *testing.T) {
	if *update {
		for _, d := range []string{"good", "bad"} {
			if err := errors.Join(os.RemoveAll(filepath.Join(vectorsDir, d)), os.MkdirAll(filepath.Join(vectorsDir, d), 0o755)); err != nil {
				t.Fatal(err)
			}
		}
	}
	index := vectors.Index{FormatVersion: FormatVersion}
	for _, v := range allVectors() {
		t.Run(v.file(), func(t *testing.T) {
			b := v.make(t)
			index.Vectors = append(index.Vectors, v.entry(t, b))
			name := filepath.Join(vectorsDir, filepath.FromSlash(v.file()))
			if *update {
				if err := os.WriteFile(name, b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, want) {
				t.Errorf("%s is no longer made: other bytes are another format (see -update)", v.file())
			}
			if got, err := judge(t, v.kind(), want); got != v.verdict {
				t.Errorf("verdict %q, want %q: %v", got, v.verdict, err)
			}
		})
	}
	b := encodeIndex(t, index)
	name := filepath.Join(vectorsDir, "index.json")
	if *update {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(name); err != nil || !bytes.Equal(b, want) {
		t.Errorf("index.json is not what the code makes (see -update), %v", err)
	}
}

// encodeIndex has a line for each vector.
func encodeIndex(t testing.TB, x vectors.Index) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"format_version\": %q, \"vectors\": [\n", x.FormatVersion)
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i, v := range x.Vectors {
		if i > 0 {
			b.Truncate(b.Len() - 1) // the newline of Encode
			b.WriteString(",\n")
		}
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString("]}\n")
	return b.Bytes()
}

// judge is the verdict on a file as this package finds it.
func judge(t testing.TB, kind string, b []byte) (vectors.Verdict, error) {
	var err error
	switch kind {
	case "manifest":
		var m Manifest
		if m, err = decodeManifest(b); err == nil {
			err = m.Validate()
		}
		if err != nil && !errors.Is(err, ErrVersion) {
			return vectors.Damaged, err
		}
	case "rejects":
		for _, e := range ReadRejects(bytes.NewReader(b), int64(len(b))) {
			if e != nil {
				err = e
			}
		}
	default:
		if _, err = readAll(b); err == nil {
			return checkPart(t, b)
		}
	}
	switch {
	case err == nil:
		return vectors.Good, nil
	case errors.Is(err, ErrNotDataset):
		return vectors.Foreign, err
	case errors.Is(err, ErrVersion):
		return vectors.Version, err
	case errors.Is(err, ErrDamaged):
		return vectors.Damaged, err
	}
	return "", err
}

// checkPart is Verify's verdict on a dataset of this one part.
func checkPart(t testing.TB, b []byte) (vectors.Verdict, error) {
	p, err := OpenReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return "", err
	}
	s, err := p.Schema()
	if err != nil {
		return "", err
	}
	d := testDataset(t, s.Shape, 1, 1, "train-aa")
	d.parts["train-aa.parquet"] = b
	m := &d.manifest
	m.Shape, m.Profile, m.Scores, m.Normalised = s.Shape, s.Profile, s.Scores, s.Meta.Normalised
	m.Parts[0].Rows, m.Parts[0].Bytes, m.Parts[0].SHA256 = p.NumRows(), int64(len(b)), sum256(b)
	m.Kept, m.Splits["train"], m.Read = p.NumRows(), p.NumRows(), p.NumRows()+3
	disk := newMemFS()
	d.commit(t, disk)
	faults, err := Verify(disk, "ds", VerifyOptions{})
	if err != nil || len(faults) == 0 {
		return vectors.Good, err
	}
	if len(faults) > 1 {
		return "", fmt.Errorf("more than one fault: %v", faults)
	}
	return vectors.Verdict(faults[0].Kind), errors.New(faults[0].Detail)
}

// seen is what a reader of a good part sees.
func seen(t testing.TB, b []byte) *vectors.Sees {
	p, err := OpenReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Schema()
	if err != nil {
		t.Fatal(err)
	}
	v := &vectors.Sees{Profile: string(s.Profile), Shape: s.Shape, Normalised: s.Meta.Normalised, Rows: []map[string]any{}}
	var q, a []float32
	for _, r := range read(t, b) {
		row := map[string]any{
			"id": r.ID, "question": r.Question, "answer": r.Answer, "context": orNull(r.Context), "dialogue_id": orNull(r.DialogueID),
			"turn": nil, "lang": orNull(r.Lang), "source": r.Source, "split": r.Split, "similarity": r.Similarity,
		}
		if r.Turn >= 0 {
			row["turn"] = r.Turn
		}
		for i, f := range s.Scores {
			row[scorePrefix+f] = r.Scores[i]
		}
		v.Rows = append(v.Rows, row)
		q, a = append(q, r.QuestionEmbedding...), append(a, r.AnswerEmbedding...)
	}
	v.QuestionEmbedding, v.AnswerEmbedding = sum256(littleEndian(q)), sum256(littleEndian(a))
	return v
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
