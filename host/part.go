package host

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/host/split"
)

// writeBuffer is how much of a part is gathered before it goes to the disk.
const writeBuffer = 1 << 20

// number notes that c is the next chunk of its input, and how many chunks of the
// build had the same bytes before.
func (b *build) number(c *chunk) error {
	c.input.records += int64(c.records)
	c.input.digest.Write(c.digest[:])
	bytes := string(c.digest[:]) + c.input.format + "\x00" + c.input.name
	c.equals = b.equals[bytes]
	b.equals[bytes]++
	return nil
}

// partKey names what a chunk's parts hold: everything that decides one byte
// of them goes into it. Two equal chunks of one build differ in the last
// field, or their parts would be one file.
func (b *build) partKey(c *chunk) string {
	h := sha256.New()
	field := func(p []byte) {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	field([]byte("cubeset.part.v1"))
	field([]byte(b.configDigest))
	field([]byte(c.input.format))
	field([]byte(c.input.name))
	field(c.digest[:])
	field(appendMarks(nil, c.marks))
	if c.equals > 0 {
		field(binary.LittleEndian.AppendUint64(nil, uint64(c.equals)))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// parts writes what a chunk becomes: at most one part a split.
type parts struct {
	b       *build
	key     string
	writers map[string]*partWriter
}

type partWriter struct {
	split  string
	base   string // file name
	path   string
	file   fsx.File
	buffer *bufio.Writer
	tensor *tensor.Writer
	rows   []tensor.Row
	lines  []int64
}

func (b *build) newParts(c *chunk) *parts {
	return &parts{b: b, key: c.Key, writers: map[string]*partWriter{}}
}

// write is a step, and the last: it appends each row to the part of its split,
// and lets go of it.
func (p *parts) write(_ context.Context, c *chunk, rows []row) ([]row, error) {
	for i := range rows {
		r := &rows[i]
		w, err := p.of(p.b.splitOf(r))
		if err != nil {
			return nil, err
		}
		w.rows = append(w.rows, tensor.Row{
			ID: r.ID, Question: r.Question, Answer: r.Answer, Context: r.Context,
			DialogueID: r.DialogueID, Turn: r.Turn, Lang: r.Lang, Source: r.Source, Split: w.split,
			Similarity: r.similarity, Scores: r.scores,
			QuestionEmbedding: r.question, AnswerEmbedding: r.answer,
		})
		w.lines = append(w.lines, r.Line)
		c.Stats.kept(r)
	}
	for _, w := range p.writers {
		if err := w.tensor.Write(w.rows); err != nil {
			return nil, fmt.Errorf("%s: %w", w.path, err)
		}
		w.rows = w.rows[:0]
	}
	p.b.progress.Kept.Add(int64(len(rows)))
	clear(rows) // without a cache their vectors are memory of our own
	return nil, nil
}

func (p *parts) of(name string) (*partWriter, error) {
	if w := p.writers[name]; w != nil {
		return w, nil
	}
	base := name + "-" + p.key[:16] + ".parquet"
	w := &partWriter{split: name, base: base, path: filepath.Join(p.b.out.partsDir(), base)}
	var err error
	if w.file, err = p.b.fs.Create(w.path); err != nil {
		return nil, err
	}
	p.writers[name] = w
	w.buffer = bufio.NewWriterSize(w.file, writeBuffer)
	w.tensor, err = tensor.NewWriter(w.buffer, p.b.schema)
	return w, err
}

// finish closes the parts, makes them durable and notes them in c, train first.
func (p *parts) finish(c *chunk) error {
	for _, name := range split.Names() {
		w := p.writers[name]
		if w == nil {
			continue
		}
		stat, err := w.tensor.Close()
		if err == nil {
			err = w.buffer.Flush()
		}
		if err == nil {
			err = w.file.Sync()
		}
		if err == nil {
			err = w.file.Close()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", w.path, err)
		}
		delete(p.writers, name)
		c.Parts = append(c.Parts, tensor.PartInfo{
			Path: "data/" + w.base, Split: name, Rows: stat.Rows, Bytes: stat.Bytes, SHA256: stat.SHA256, Key: p.key,
		})
		c.Lines = append(c.Lines, w.lines)
	}
	return nil
}

// abandon removes parts that were begun and not finished.
func (p *parts) abandon() {
	for _, w := range p.writers {
		w.file.Close()
		p.b.fs.Remove(w.path)
	}
}

// keep finishes c's parts and notes in the journal what became of it.
func (b *build) keep(c *chunk, p *parts) error {
	if err := p.finish(c); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	slices.SortStableFunc(c.Rejects, func(x, y reject) int { return int(x.Line - y.Line) })
	b.partsBuilt.Add(int64(len(c.Parts)))
	c.rows, c.Rejected = nil, len(c.Rejects)
	if err := b.writeRejects(c); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	err := b.out.save(&c.outcome)
	c.Rejects, c.Lines = nil, nil
	return err
}

// reuse takes over what an earlier build left of an equal chunk.
func (b *build) reuse(c *chunk) (bool, error) {
	o, ok := b.out.load(c.Key)
	if !ok {
		return false, nil
	}
	return true, b.takeOver(c, o)
}

// takeOver makes o what became of c.
func (b *build) takeOver(c *chunk, o outcome) error {
	c.outcome, c.rows, c.data = o, nil, nil
	if !b.out.readonly && !b.hasRejects(c) {
		if err := b.moveRejects(c); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	b.partsReused.Add(int64(len(c.Parts)))
	for _, p := range c.Parts {
		b.progress.Kept.Add(p.Rows)
	}
	return nil
}
