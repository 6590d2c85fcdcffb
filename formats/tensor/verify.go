package tensor

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"slices"

	"github.com/zeebo/xxh3"
)

// normTolerance is how far from 1 the length of a normalised tensor may be.
const normTolerance = 1e-3

// Fault is one kind of damage in one file.
type Fault struct {
	Path   string // in the dataset, with slashes
	Kind   string // missing, bytes, sha256, rows, schema, meta, finite, norm, text, split, counts, foreign
	Detail string
}

func (f Fault) String() string { return f.Path + ": " + f.Kind + ": " + f.Detail }

// VerifyOptions are what Verify may be told.
type VerifyOptions struct {
	Progress func(done, total int64) // bytes of parts; may be nil
}

// Verify reads a whole dataset and lists all that is wrong with it, in the
// order of the manifest. It does not stop at damage, and fails only without a
// readable manifest or if the file system does.
func Verify(f FS, dir string, o VerifyOptions) ([]Fault, error) {
	m, err := readManifest(f, dir)
	if errors.Is(err, ErrDamaged) {
		return []Fault{{manifestName, "meta", err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	v := &verifier{fs: f, dir: dir, m: m, splitOf: map[uint64]string{}}
	if err := m.Validate(); err != nil {
		v.fault(manifestName, "counts", "%v", err)
	}
	var done, total int64
	for _, p := range m.Parts {
		total += p.Bytes
	}
	for _, p := range m.Parts {
		if err := v.file(dir, p, v.part); err != nil {
			return v.faults, err
		}
		if done += p.Bytes; o.Progress != nil {
			o.Progress(done, total)
		}
	}
	for _, p := range m.Rejects {
		if err := v.file(rejectsOf(f, dir, p), p, v.rejects); err != nil {
			return v.faults, err
		}
	}
	if err := v.foreign(); err != nil {
		return v.faults, err
	}
	return v.faults, nil
}

type verifier struct {
	fs      FS
	dir     string
	m       Manifest
	faults  []Fault
	splitOf map[uint64]string // by hash of the dialogue id: 16 bytes a dialogue and more
}

func (v *verifier) fault(path, kind, format string, args ...any) {
	v.faults = append(v.faults, Fault{path, kind, fmt.Sprintf(format, args...)})
}

// rejectsOf is the folder p's path is in: of a commit that was cut off between
// data/ and the rejects, the one they are moved from.
func rejectsOf(f FS, dir string, p PartInfo) string {
	next := filepath.Join(dir, nextDir)
	if _, err := f.Stat(filepath.Join(next, manifestName)); err != nil {
		return dir
	}
	if fi, err := f.Stat(filepath.Join(next, filepath.FromSlash(p.Path))); err != nil || fi.Size() != p.Bytes {
		return dir
	}
	return next
}

// file checks the bytes of a file in dir and then, whatever they are, its rows.
func (v *verifier) file(dir string, p PartInfo, rows func(PartInfo, File, int64)) error {
	name := filepath.Join(dir, filepath.FromSlash(p.Path))
	f, err := v.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		v.fault(p.Path, "missing", "the manifest lists %d rows in it", p.Rows)
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if fi.Size() != p.Bytes {
		v.fault(p.Path, "bytes", "%d, want %d", fi.Size(), p.Bytes)
	}
	sum, err := fileSum(v.fs, name)
	if err != nil {
		return err
	}
	if sum != p.SHA256 {
		v.fault(p.Path, "sha256", "%s, want %s", sum, p.SHA256)
	}
	rows(p, f, fi.Size())
	return nil
}

func (v *verifier) part(p PartInfo, f File, size int64) {
	part, err := OpenReader(f, size)
	if err != nil {
		v.fault(p.Path, "schema", "%v", err)
		return
	}
	v.schema(p, part)
	tally := tally{}
	var n int64
	for r, err := range part.Rows() {
		if err != nil {
			v.fault(p.Path, "rows", "%v", err)
			break
		}
		v.row(p, &r, n, tally)
		n++
	}
	if n != p.Rows {
		v.fault(p.Path, "rows", "%d can be read, want %d", n, p.Rows)
	}
	for _, kind := range []string{"finite", "norm", "text", "split", "group"} {
		if t, ok := tally[kind]; ok {
			if kind == "group" {
				kind = "split"
			}
			v.fault(p.Path, kind, "%d rows, the first is row %d: %s", t.rows, t.first, t.detail)
		}
	}
}

func (v *verifier) schema(p PartInfo, part *Part) {
	s, err := part.Schema()
	if err != nil {
		v.fault(p.Path, "schema", "%v", err)
		return
	}
	if !slices.Equal(s.Scores, v.m.Scores) {
		v.fault(p.Path, "schema", "scores are %q, want %q", s.Scores, v.m.Scores)
	}
	if part.NumRows() > 0 && s.Profile != v.m.Profile {
		v.fault(p.Path, "schema", "profile is %q, want %q", s.Profile, v.m.Profile)
	}
	if !s.Shape.Equal(v.m.Shape) {
		v.fault(p.Path, "schema", "shape is %s, want %s", s.Shape, v.m.Shape)
	}
	got, ok := part.Meta()
	if !ok {
		v.fault(p.Path, "meta", "none")
		return
	}
	t := v.m.Teacher
	for _, c := range []struct {
		key, got, want string
	}{
		{"teacher", got.Teacher, t.Name},
		{"embed_id", got.EmbedID, t.EmbedID},
		{"space_id", got.SpaceID, t.SpaceID},
		{"projection", got.Projection, t.Projection},
		{"determinism", got.Determinism, t.Determinism},
		{"normalised", fmt.Sprint(got.Normalised), fmt.Sprint(v.m.Normalised)},
		// A part may be older than the config, and then says nothing of it; a
		// dataset merged of differently made ones has none.
		{"config_digest", got.ConfigDigest, orEmpty(v.m.ConfigDigest, got.ConfigDigest)},
		{"lock_digest", got.LockDigest, orEmpty(v.m.LockDigest, got.LockDigest)},
	} {
		if c.got != c.want {
			v.fault(p.Path, "meta", "%s is %q, want %q", c.key, clip(c.got), clip(c.want))
		}
	}
}

func orEmpty(want, got string) string {
	if got == "" || want == "" {
		return got
	}
	return want
}

func (v *verifier) row(p PartInfo, r *Row, n int64, t tally) {
	for _, e := range [][]float32{r.QuestionEmbedding, r.AnswerEmbedding} {
		if notFinite(e) >= 0 {
			t.add("finite", n, "a tensor")
		} else if length := norm(e); v.m.Normalised && math.Abs(length-1) > normTolerance {
			t.add("norm", n, fmt.Sprintf("length %.6f, want 1", length))
		}
	}
	if notFinite(r.Scores) >= 0 || notFinite([]float32{r.Similarity}) >= 0 {
		t.add("finite", n, "similarity or a score")
	}
	if checkTexts(r.ID, r.Question, r.Answer, r.Context, r.DialogueID, r.Lang, r.Source, r.Split) != nil {
		t.add("text", n, "not UTF-8, or too long")
	}
	if r.Split != p.Split {
		t.add("split", n, fmt.Sprintf("%q in a part of %q", clip(r.Split), p.Split))
	}
	if r.DialogueID == "" {
		return
	}
	key := xxh3.HashString(r.DialogueID)
	if s, ok := v.splitOf[key]; ok && s != p.Split {
		t.add("group", n, fmt.Sprintf("its dialogue is in %q too", s))
	} else {
		v.splitOf[key] = p.Split
	}
}

func (v *verifier) rejects(p PartInfo, f File, size int64) {
	var n int64
	for _, err := range ReadRejects(f, size) {
		if err != nil {
			v.fault(p.Path, "rows", "%v", err)
			break
		}
		n++
	}
	if n != p.Rows {
		v.fault(p.Path, "rows", "%d can be read, want %d", n, p.Rows)
	}
}

// foreign finds what the manifest does not know of in the folders it owns.
func (v *verifier) foreign() error {
	known := map[string]bool{}
	for _, p := range slices.Concat(v.m.Parts, v.m.Rejects) {
		known[p.Path] = true
	}
	// Between two datasets, the rejects of both are there.
	if next, err := readNext(v.fs, v.dir); err == nil && next != nil {
		old, _ := loadManifest(v.fs, filepath.Join(v.dir, manifestName)) // there may be none
		for _, p := range slices.Concat(old.Rejects, next.Rejects) {
			known[p.Path] = true
		}
	}
	for _, d := range []string{dataDir, rejectsDir} {
		es, err := v.fs.ReadDir(filepath.Join(v.dir, d))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a part of it would be missing already
		}
		if err != nil {
			return err
		}
		for _, e := range es {
			if name := path.Join(d, e.Name()); !known[name] {
				v.fault(name, "foreign", "not in the manifest")
			}
		}
	}
	return nil
}

func norm(v []float32) float64 {
	var sum float64
	for _, f := range v {
		sum += float64(float64(f) * float64(f))
	}
	return math.Sqrt(sum)
}

// tally counts the bad rows of a part by kind and keeps the first of each.
type tally map[string]*badRows

type badRows struct {
	rows, first int64
	last        int64
	detail      string
}

func (t tally) add(kind string, row int64, detail string) {
	b, ok := t[kind]
	if !ok {
		t[kind] = &badRows{1, row, row, detail}
		return
	}
	if b.last != row {
		b.rows++
		b.last = row
	}
}
