// Package filter is all that a cubeset quality filter in Go needs: a type with
// the method Row, and one line that exports it. This file is the whole package,
// has no dependencies, and may be copied into a module of your own.
//
//	type Short struct {
//		AnswerMin int `json:"answer_min"` // an option of the manifest
//	}
//
//	var _ = filter.Export(&Short{})
//
//	func (s *Short) Row(r *filter.Row) filter.Verdict {
//		n := utf8.RuneCountInString(r.Answer)
//		if n < s.AnswerMin {
//			return filter.Drop(tooShort, float32(n))
//		}
//		return filter.Keep(float32(n))
//	}
//
//	func main() {}
//
// It is built with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared, and its
// manifest is attached with cubeset filter pack. Without these, it is an ordinary
// package: its tests call Row.
package filter

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"unsafe"
)

// Filter judges rows. Its exported fields are its options: those of the
// manifest, with the user's values, are decoded into it as by encoding/json
// before the first row.
//
// A verdict depends on the row and on the options, and on nothing else: not on
// rows before it.
type Filter interface {
	Row(*Row) Verdict
}

// Starter is a Filter that looks at its options once they are there, or reads
// blobs. An error ends the build, with at most 256 bytes of its text.
type Starter interface {
	Start(Config) error
}

// Verdict is what a filter says of one row. Keep and Drop make one.
type Verdict struct {
	Reason uint16  // 0 keeps the row; else a code of the manifest
	Score  float32 // finite; becomes a column of the dataset
}

// Keep keeps the row.
func Keep(score float32) Verdict { return Verdict{0, score} }

// Drop drops the row for a reason of the manifest.
func Drop(reason uint16, score float32) Verdict { return Verdict{reason, score} }

// Row is a question and an answer. What comes after the answer is there only if
// the manifest's needs ask for it. Texts and vectors are views of the host's
// buffer: what is kept beyond the call has to be copied (strings.Clone).
type Row struct {
	Number           uint64 // in its chunk
	Question, Answer string

	Context           string    // needs "context": what came before the question
	ID                string    // needs "id"
	Lang              string    // needs "lang": as the input gave it, empty if unknown
	Source            string    // needs "source": the file or collection
	DialogueID        string    // needs "dialogue"
	Turn              int32     // needs "dialogue"; -1 if unknown
	Similarity        float32   // needs "similarity": cosine of the two embeddings
	QuestionEmbedding []float32 // needs "embeddings": the teacher's own
	AnswerEmbedding   []float32
	Scores            []Score // needs "scores": of the filters that ran before
}

// Score is what an earlier filter said of the row.
type Score struct {
	Filter string
	Value  float32
}

// Config is what the user configured.
type Config struct {
	Options []byte            // JSON, an object
	Blobs   map[string][]byte // named files: word lists and the like
}

// Export makes f the filter of this module. It is called once, by a package
// variable: main is never run.
func Export(f Filter) bool {
	guest.filter = f
	return true
}

// Log sends one line to the host's log. The host hears 64 KiB from an instance.
func Log(text string) { os.Stderr.WriteString(strings.ReplaceAll(text, "\n", " ") + "\n") }

// guest is the one instance behind the exports. The host calls it from one
// thread.
var guest struct {
	filter Filter
	buffer []byte // the host's; starts at a multiple of 16
	row    Row    // reused for every row, so that none is allocated
	err    string
}

const (
	revision     = 1 // of the ABI
	align        = 16
	batchHeader  = 64
	configHeader = 32
	statusFailed = 1
)

//go:wasmexport cubeset_filter_v1
func exportRevision() uint32 { return revision }

//go:wasmexport cs_reserve
func exportReserve(n uint32) uint32 {
	if uint32(len(guest.buffer)) < n || guest.buffer == nil {
		all := make([]byte, uint64(n)+align)
		skip := -uintptr(unsafe.Pointer(unsafe.SliceData(all))) % align
		guest.buffer = all[skip:][:n]
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(guest.buffer))))
}

//go:wasmexport cs_configure
func exportConfigure(_, n uint32) int32 {
	err := configure(block(guest.buffer[:n]))
	if err == nil {
		return 0
	}
	guest.err = err.Error()
	return statusFailed
}

//go:wasmexport cs_filter
func exportFilter(_, n uint32) int32 {
	if err := judge(block(guest.buffer[:n])); err != nil {
		guest.err = err.Error()
		return statusFailed
	}
	return 0
}

//go:wasmexport cs_error
func exportError() uint64 {
	at := uint64(uintptr(unsafe.Pointer(unsafe.StringData(guest.err))))
	return at<<32 | uint64(uint32(len(guest.err)))
}

func configure(b block) error {
	if guest.filter == nil {
		return fmt.Errorf("no filter: is filter.Export called by a package variable?")
	}
	if len(b) < configHeader || string(b[:4]) != "CSC1" {
		return fmt.Errorf("not a configuration of %d bytes", len(b))
	}
	c := Config{Options: append([]byte(nil), b.slice(16)...), Blobs: map[string][]byte{}}
	for i := range b.word(8) {
		entry := b.word(24) + 16*i
		c.Blobs[string(b.slice(entry))] = append([]byte(nil), b.slice(entry+8)...)
	}
	if err := json.Unmarshal(c.Options, guest.filter); err != nil {
		return fmt.Errorf("options: %w", err)
	}
	if s, ok := guest.filter.(Starter); ok {
		return s.Start(c)
	}
	return nil
}

func judge(b block) error {
	if len(b) < batchHeader || string(b[:4]) != "CSB1" {
		return fmt.Errorf("not a batch of %d bytes", len(b))
	}
	c, r := b.columns(), &guest.row
	r.Scores = c.scores
	verdicts := numbers[verdict](b, b.word(44), c.rows)
	for i := range verdicts {
		c.row(r, i)
		v := guest.filter.Row(r)
		verdicts[i] = verdict{v.Reason == 0, 0, v.Reason, v.Score}
	}
	return nil
}

// verdict is a Verdict in the buffer.
type verdict struct {
	keep     bool
	reserved uint8
	reason   uint16
	score    float32
}

// block is a buffer whose fields are found by their offsets. Numbers are read
// where they are: WebAssembly is little-endian, and columns are aligned.
type block []byte

func (b block) word(at uint32) uint32 { return *(*uint32)(unsafe.Pointer(&b[at:][:4][0])) }

// slice is what the pair (offset, length) at at points to.
func (b block) slice(at uint32) []byte { return b[b.word(at):][:b.word(at+4)] }

// numbers is a column of n numbers; nil if it is not there.
func numbers[T uint32 | int32 | float32 | verdict](b block, at uint32, n int) []T {
	if at == 0 || n == 0 {
		return nil
	}
	var t T
	return unsafe.Slice((*T)(unsafe.Pointer(&b[at:][:n*int(unsafe.Sizeof(t))][0])), n)
}

// texts is a column of texts: where each starts, and the last ends, in data.
type texts struct {
	offsets []uint32
	data    []byte
}

func (b block) texts(offsets, data uint32, n int) texts {
	return texts{numbers[uint32](b, offsets, n+1), b[data:]}
}

func (t texts) at(i int) string {
	if t.offsets == nil {
		return ""
	}
	s := t.data[t.offsets[i]:t.offsets[i+1]]
	return unsafe.String(unsafe.SliceData(s), len(s))
}

// columns is a batch. A column that is not there is empty.
type columns struct {
	rows, dim                            int
	base                                 uint64 // number of the first row
	question, answer                     texts
	context, id, lang, source, dialogue  texts
	turn                                 []int32
	similarity                           []float32
	questionEmbeddings, answerEmbeddings []float32
	scores                               []Score   // named; their values are set for each row
	values                               []float32 // of the scores, one column after another
}

func (b block) columns() (c columns) {
	c.rows, c.dim, c.base = int(b.word(8)), int(b.word(40)), uint64(b.word(60))<<32|uint64(b.word(56))
	c.question = b.texts(b.word(16), b.word(20), c.rows)
	c.answer = b.texts(b.word(24), b.word(28), c.rows)
	c.questionEmbeddings = numbers[float32](b, b.word(32), c.rows*c.dim)
	c.answerEmbeddings = numbers[float32](b, b.word(36), c.rows*c.dim)
	for at := b.word(52); at != 0 && b.word(at) != 0; at += 12 {
		c.extend(b, b.word(at), b.word(at+4))
	}
	return c
}

// extend adds an extension. One with a tag it does not know is skipped.
func (c *columns) extend(b block, tag, at uint32) {
	strings := func(at uint32) texts { return b.texts(at, at+uint32(4*c.rows+4), c.rows) }
	switch tag {
	case 1:
		c.context = strings(at)
	case 2:
		c.id = strings(at)
	case 3:
		c.lang = strings(at)
	case 4:
		c.similarity = numbers[float32](b, at, c.rows)
	case 5:
		c.source = strings(at)
	case 6:
		c.turn, c.dialogue = numbers[int32](b, at, c.rows), strings(at+uint32(4*c.rows))
	case 7:
		k := int(b.word(at))
		values := at + 4 + uint32(4*k+4)
		names := b.texts(at+4, values+uint32(4*k*c.rows), k)
		c.values, c.scores = numbers[float32](b, values, k*c.rows), make([]Score, k)
		for i := range c.scores {
			c.scores[i].Filter = names.at(i)
		}
	}
}

// row fills r with row i.
func (c *columns) row(r *Row, i int) {
	r.Number = c.base + uint64(i)
	r.Question, r.Answer = c.question.at(i), c.answer.at(i)
	r.Context, r.ID, r.Lang, r.Source = c.context.at(i), c.id.at(i), c.lang.at(i), c.source.at(i)
	if r.Turn, r.DialogueID = -1, c.dialogue.at(i); c.turn != nil {
		r.Turn = c.turn[i]
	}
	if c.similarity != nil {
		r.Similarity = c.similarity[i]
	}
	if from, to := i*c.dim, (i+1)*c.dim; c.questionEmbeddings != nil {
		r.QuestionEmbedding, r.AnswerEmbedding = c.questionEmbeddings[from:to:to], c.answerEmbeddings[from:to:to]
	}
	for k := range c.scores {
		r.Scores[k].Value = c.values[k*c.rows+i]
	}
}
