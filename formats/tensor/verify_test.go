package tensor

import (
	"bytes"
	"errors"
	"math"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/format"
)

// replace puts other bytes in the place of a part, and lets the manifest agree
// with their size and sum where honest.
func (d *dataset) replace(base string, b []byte, honest bool) {
	d.parts[base] = b
	for i := range d.manifest.Parts {
		if p := &d.manifest.Parts[i]; honest && path.Base(p.Path) == base {
			p.Bytes, p.SHA256 = int64(len(b)), sum256(b)
		}
	}
}

// rewrite makes a part anew with changed rows, which the writer would refuse.
func rewrite(t *testing.T, d *dataset, base string, change func([]Row)) {
	t.Helper()
	s := testSchema(Compat, d.manifest.Shape, "length")
	rows := read(t, d.parts[base])
	change(rows)
	d.replace(base, unchecked(t, s, Compat.layout(), rows), true)
}

func TestVerifyFindsEveryDamage(t *testing.T) {
	const part = "train-aa.parquet"
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		do   func(*dataset)
		late func(*memFS) // after the commit
		want []string     // the beginning of each fault
	}{
		{"none", nil, nil, nil},
		{"missing", nil, func(m *memFS) { delete(m.files, "ds/data/"+part) }, []string{"data/train-aa.parquet: missing: the manifest lists 5 rows"}},
		{"flipped byte in a page", nil, func(m *memFS) { m.files["ds/data/"+part].Data[60] ^= 4 },
			[]string{"data/train-aa.parquet: sha256: ", "data/train-aa.parquet: rows: row 0: column id: damaged", "data/train-aa.parquet: rows: 0 can be read, want 5"}},
		{"cut", nil, func(m *memFS) { f := m.files["ds/data/"+part]; f.Data = f.Data[:len(f.Data)-9] },
			[]string{"data/train-aa.parquet: bytes: ", "data/train-aa.parquet: sha256: ", "data/train-aa.parquet: schema: damaged"}},
		{"other part", nil, func(m *memFS) {
			m.files["ds/data/"+part].Data = slices.Clone(m.files["ds/data/train-bb.parquet"].Data)
		}, []string{"data/train-aa.parquet: bytes: ", "data/train-aa.parquet: sha256: ", "data/train-aa.parquet: rows: 6 can be read, want 5"}},
		{"values", func(d *dataset) {
			rewrite(t, d, part, func(rows []Row) {
				rows[1].QuestionEmbedding[0] = nan
				rows[2].AnswerEmbedding[1] += 1
				rows[3].AnswerEmbedding[1] += 2
				rows[4].Similarity = nan
				rows[4].Split = "validation"
				rows[3].Question = "\xff"
				rows[0].DialogueID, rows[1].DialogueID = "twice", "twice"
			})
			rewrite(t, d, "validation-aa.parquet", func(rows []Row) { rows[6].DialogueID = "twice" })
		}, nil, []string{
			"data/train-aa.parquet: finite: 2 rows, the first is row 1: a tensor",
			"data/train-aa.parquet: norm: 2 rows, the first is row 2: length ",
			"data/train-aa.parquet: text: 1 rows, the first is row 3: not UTF-8",
			`data/train-aa.parquet: split: 1 rows, the first is row 4: "validation" in a part of "train"`,
			`data/validation-aa.parquet: split: 1 rows, the first is row 6: its dialogue is in "train" too`,
		}},
		{"schema and meta", func(d *dataset) {
			s := testSchema(Fast, Shape{3, 2}, "other")
			s.Meta.EmbedID, s.Meta.ConfigDigest, s.Meta.LockDigest = "e2", "c2", ""
			b, _ := write(t, s, testRows(5, s))
			d.replace(part, b, true)
		}, nil, []string{
			`data/train-aa.parquet: schema: scores are ["other"], want ["length"]`,
			`data/train-aa.parquet: schema: profile is "fast", want "compat"`,
			"data/train-aa.parquet: schema: shape is 3x2, want 2x3",
			`data/train-aa.parquet: meta: embed_id is "e2", want "e1"`,
			`data/train-aa.parquet: meta: config_digest is "c2", want "c1"`,
		}},
		{"no meta", func(d *dataset) {
			d.replace(part, refooter(t, d.parts[part], func(md *format.FileMetaData) { md.KeyValueMetadata = nil }), true)
		}, nil, []string{"data/train-aa.parquet: schema: shape is 6, want 2x3", "data/train-aa.parquet: meta: none"}},
		{"foreign", nil, func(m *memFS) { m.put("ds/data/train-zz.parquet", nil); m.put("ds/rejects/notes.txt", nil) },
			[]string{"data/train-zz.parquet: foreign", "rejects/notes.txt: foreign"}},
		{"rejects", nil, func(m *memFS) { m.files["ds/rejects/rejects.parquet"].Data[30] ^= 1 },
			[]string{"rejects/rejects.parquet: sha256", "rejects/rejects.parquet: rows: row 0", "rejects/rejects.parquet: rows: 0 can be read, want 3"}},
		{"no rejects", nil, func(m *memFS) { delete(m.files, "ds/rejects/rejects.parquet") }, []string{"rejects/rejects.parquet: missing"}},
		{"counts", nil, func(m *memFS) {
			f := m.files["ds/manifest.json"]
			f.Data = bytes.Replace(f.Data, []byte(`"json": 1`), []byte(`"json": 2`), 1)
		}, []string{"manifest.json: counts: read 21 is not kept 18 + dropped 2 + skipped 2"}},
		{"manifest", nil, func(m *memFS) { m.files["ds/manifest.json"].Data[0] = '[' }, []string{"manifest.json: meta: manifest.json: damaged"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := testDataset(t, Shape{2, 3}, 5, 1, "train-aa", "train-bb", "validation-aa")
			if c.do != nil {
				c.do(&d)
			}
			m := newMemFS()
			d.commit(t, m)
			if c.late != nil {
				c.late(m)
			}
			faults, err := Verify(m, "ds", VerifyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range max(len(faults), len(c.want)) {
				switch {
				case i >= len(c.want):
					t.Errorf("unwanted: %v", faults[i])
				case i >= len(faults):
					t.Errorf("not found: %s", c.want[i])
				case !strings.HasPrefix(faults[i].String(), c.want[i]):
					t.Errorf("got  %v\nwant %s", faults[i], c.want[i])
				}
			}
		})
	}
}

func TestVerifyReportsProgressAndTrouble(t *testing.T) {
	d := testDataset(t, Shape{2, 3}, 5, 1, "train-aa", "train-bb")
	m := newMemFS()
	d.commit(t, m)
	var done, total int64
	if _, err := Verify(m, "ds", VerifyOptions{Progress: func(d, n int64) { done, total = d, n }}); err != nil {
		t.Fatal(err)
	}
	if want := d.manifest.Parts[0].Bytes + d.manifest.Parts[1].Bytes; done != want || total != want {
		t.Errorf("progress ended at %d of %d, want %d", done, total, want)
	}
	if _, err := Verify(newMemFS(), "ds", VerifyOptions{}); !errors.Is(err, ErrNoManifest) {
		t.Errorf("without a dataset: %v", err)
	}
	calls := 0
	m.before = func() error { calls++; return nil }
	if _, err := Verify(m, "ds", VerifyOptions{}); err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= calls; at++ {
		m.stopAt(at)
		if _, err := Verify(m, "ds", VerifyOptions{}); !errors.Is(err, errStopped) {
			t.Errorf("file system fails at call %d: %v", at, err)
		}
	}
}
