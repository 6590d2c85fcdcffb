package host

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/dedup"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// Explanation says what became of one row, and why.
type Explanation struct {
	ID       string    `json:"id"`
	Kept     bool      `json:"kept"`
	File     string    `json:"file,omitempty"` // as the build was given it; empty where the build's own notes are gone
	Line     int64     `json:"line,omitempty"`
	Verdicts []Verdict `json:"verdicts"` // in order, to the first no
	Twin     string    `json:"twin,omitempty"`
	Split    string    `json:"split,omitempty"`
	Part     string    `json:"part,omitempty"`
	Row      int64     `json:"row,omitempty"` // in its part, from 1
}

// Verdict is one step's answer about a row: a filter's, or that of "read",
// "dedup" or "teacher".
type Verdict struct {
	By     string   `json:"by"`
	Keep   bool     `json:"keep"`
	Reason string   `json:"reason,omitempty"`
	Score  *float32 `json:"score,omitempty"` // nil: it gave none
}

// ErrNoRow is returned for an id that no row of a dataset has.
var ErrNoRow = errors.New("no such row")

// Explain finds the rows with this id, kept or rejected, in the dataset in
// dir: ids are labels, and several rows may share one. It reads the dataset
// and the notes its build left beside it, never the inputs.
func Explain(dir, id string) ([]Explanation, error) {
	m, err := tensor.ReadManifest(fsx.OS{}, dir)
	if err != nil {
		return nil, err
	}
	e := &explainer{dir: dir, id: id, m: m, notes: &outdir{fs: fsx.OS{}, dir: dir}}
	if err := e.inputs(); err != nil {
		return nil, err
	}
	if err := e.kept(); err != nil {
		return nil, err
	}
	if err := e.rejected(); err != nil {
		return nil, err
	}
	if len(e.found) == 0 {
		return nil, fmt.Errorf("%w in %s, neither kept nor rejected: check the id with cubeset inspect", ErrNoRow, dir)
	}
	return e.found, e.nameTwins()
}

type explainer struct {
	dir, id string
	m       tensor.Manifest
	notes   *outdir
	places  []place
	found   []Explanation
	twins   []twin
}

// twin is a row of found that was dropped as a duplicate.
type twin struct {
	row  int
	key  dedup.Key
	near *dedup.Near // holds the row alone, where a near twin was found
}

func twinOf(row int, r reject) twin {
	question, answer := dialogue.Fold(r.Question), dialogue.Fold(r.Answer)
	t := twin{row: row, key: dedup.KeyOf(question, answer)}
	if r.Reason == "near" {
		t.near, _ = dedup.NewNear(dedup.NearThreshold)
		t.near.First(dedup.Sign(question, answer))
	}
	return t
}

// is says whether a row is the one that t repeats.
func (t twin) is(question, answer string) bool {
	question, answer = dialogue.Fold(question), dialogue.Fold(answer)
	if t.near != nil {
		return t.near.Similarity(0, dedup.Sign(question, answer)) >= dedup.NearThreshold
	}
	return t.key == dedup.KeyOf(question, answer)
}

// inputs reads where the chunks come from; a dataset that was copied without
// its build's notes has none.
func (e *explainer) inputs() (err error) {
	if e.places, err = e.notes.places(""); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// place is where the chunk with this key begins.
func (e *explainer) place(key string) (place, bool) {
	for _, p := range e.places {
		if p.Key == key {
			return p, true
		}
	}
	return place{}, false
}

// kept looks through the parts.
func (e *explainer) kept() error {
	for _, p := range e.m.Parts {
		row := int64(0)
		err := e.eachRow(p, func(r tensor.Row) {
			row++
			if r.ID != e.id {
				return
			}
			x := Explanation{ID: r.ID, Kept: true, Split: r.Split, Part: p.Path, Row: row, Verdicts: e.yes(r.Scores)}
			if from, ok := e.place(p.Key); ok {
				x.File, x.Line = from.File, e.line(p, row, from.Line)
			}
			e.found = append(e.found, x)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *explainer) eachRow(p tensor.PartInfo, do func(tensor.Row)) error {
	part, err := tensor.Open(filepath.Join(e.dir, filepath.FromSlash(p.Path)))
	if err != nil {
		return err
	}
	defer part.Close()
	for r, err := range part.Rows() {
		if err != nil {
			return fmt.Errorf("%s: %w", p.Path, err)
		}
		do(r)
	}
	return nil
}

// line is the line of a part's row in its input, 0 if the notes do not say.
func (e *explainer) line(p tensor.PartInfo, row, base int64) int64 {
	c, err := e.notes.read(p.Key, true)
	if err != nil {
		return 0
	}
	for i, q := range c.Parts {
		if q.Path == p.Path && i < len(c.Lines) && row <= int64(len(c.Lines[i])) {
			return base + c.Lines[i][row-1]
		}
	}
	return 0
}

// yes are the verdicts of the filters that gave these scores, in order.
func (e *explainer) yes(scores []float32) []Verdict {
	verdicts := []Verdict{}
	for i := range scores {
		if i < len(e.m.Filters) {
			verdicts = append(verdicts, Verdict{By: e.m.Filters[i].Name, Keep: true, Score: &scores[i]})
		}
	}
	return verdicts
}

// rejected looks through the notes, which know the scores before the no, or
// where there are none, through rejects/.
func (e *explainer) rejected() error {
	if len(e.places) == 0 {
		for _, p := range e.m.Rejects {
			if err := e.rejectsFile(p); err != nil {
				return err
			}
		}
	}
	for _, from := range e.places {
		c, err := e.notes.read(from.Key, true)
		if err != nil {
			return err
		}
		for _, r := range c.Rejects {
			if r.ID == e.id {
				e.reject(r, from.File, from.Line+r.Line)
			}
		}
	}
	return nil
}

func (e *explainer) rejectsFile(p tensor.PartInfo) error {
	f, err := e.notes.fs.Open(filepath.Join(e.dir, filepath.FromSlash(p.Path)))
	if err != nil {
		return err
	}
	defer f.Close()
	for r, err := range tensor.ReadRejects(f, p.Bytes) {
		if err != nil {
			return fmt.Errorf("%s: %w", p.Path, err)
		}
		if r.ID == e.id {
			e.reject(reject{ID: r.ID, Question: r.Question, Answer: r.Answer, Filter: r.Filter, Reason: r.Reason, Score: r.Score}, r.File, r.Line)
		}
	}
	return nil
}

func (e *explainer) reject(r reject, file string, line int64) {
	if r.Filter == "dedup" {
		e.twins = append(e.twins, twinOf(len(e.found), r))
	}
	no := Verdict{By: r.Filter, Reason: r.Reason}
	if r.Score == r.Score { // not NaN
		no.Score = &r.Score
	}
	e.found = append(e.found, Explanation{ID: r.ID, File: file, Line: line, Verdicts: append(e.yes(r.Scores), no)})
}

// nameTwins finds, for rows dropped as duplicates, the row that came first: it
// was kept, or dropped later for a reason of its own.
func (e *explainer) nameTwins() error {
	if len(e.twins) == 0 {
		return nil
	}
	name := func(id, question, answer string) {
		for _, t := range e.twins {
			if x := &e.found[t.row]; x.Twin == "" && t.is(question, answer) {
				x.Twin = id
			}
		}
	}
	for _, from := range e.places {
		c, err := e.notes.read(from.Key, true)
		if err != nil {
			return err
		}
		for _, r := range c.Rejects {
			if r.Filter != "dedup" && r.Filter != "read" {
				name(r.ID, r.Question, r.Answer)
			}
		}
	}
	for _, p := range e.m.Parts {
		if err := e.eachRow(p, func(r tensor.Row) { name(r.ID, r.Question, r.Answer) }); err != nil {
			return err
		}
	}
	return nil
}
