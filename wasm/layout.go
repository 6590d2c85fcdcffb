package wasm

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// The batch layout of ABI.md.
const (
	batchMagic   = "CSB1"
	headerBytes  = 64
	tableEntry   = 12
	columnAlign  = 16
	bufferMax    = math.MaxInt32
	tagContext   = 1
	tagID        = 2
	tagLang      = 3
	tagCosine    = 4
	tagSource    = 5
	tagDialogue  = 6
	tagScores    = 7
	extensionMax = 7
)

// layout is where each column of a batch goes, from the start of the buffer.
type layout struct {
	questions, questionData, answers, answerData uint64
	questionEmbeddings, answerEmbeddings         uint64 // 0 if absent
	table                                        uint64 // of extensions, 0 if there are none
	extensions                                   [extensionMax]extension
	count                                        int
	verdicts, total                              uint64
}

type extension struct {
	tag      uint32
	off, len uint64
}

// plan decides the layout of b for a filter.
func plan(b *Batch, needs needSet) (l layout, err error) {
	n := uint64(b.Rows())
	at := uint64(headerBytes)
	take := func(size uint64) uint64 { // aligned
		at = (at + columnAlign - 1) &^ (columnAlign - 1)
		off := at
		at += size
		return off
	}
	l.questions = take(4 * (n + 1))
	l.answers = take(4 * (n + 1))
	l.questionData = take(textBytes(b.Questions))
	l.answerData = take(textBytes(b.Answers))
	if needs.has(needEmbeddings) {
		l.questionEmbeddings = take(4 * n * uint64(b.Dim))
		l.answerEmbeddings = take(4 * n * uint64(b.Dim))
	}
	add := func(tag uint32, size uint64) {
		l.extensions[l.count] = extension{tag: tag, len: size}
		l.count++
	}
	strings := func(column []string) uint64 { return 4*(n+1) + textBytes(column) }
	if needs.has(needContext) {
		add(tagContext, strings(b.Contexts))
	}
	if needs.has(needID) {
		add(tagID, strings(b.IDs))
	}
	if needs.has(needLang) {
		add(tagLang, strings(b.Langs))
	}
	if needs.has(needSimilarity) {
		add(tagCosine, 4*n)
	}
	if needs.has(needSource) {
		add(tagSource, strings(b.Sources))
	}
	if needs.has(needDialogue) {
		add(tagDialogue, 4*n+strings(b.DialogueIDs))
	}
	if needs.has(needScores) {
		add(tagScores, scoreBytes(b.Scores, n))
	}
	if l.count > 0 {
		l.table = take(uint64(l.count+1) * tableEntry)
	}
	for i := range l.extensions[:l.count] {
		l.extensions[i].off = take(l.extensions[i].len)
	}
	l.verdicts = take(verdictBytes * n)
	l.total = at
	if l.total > bufferMax {
		return l, fmt.Errorf("%w: %d bytes, at most %d", ErrBatch, l.total, bufferMax)
	}
	return l, nil
}

func textBytes(column []string) (n uint64) {
	for _, s := range column {
		n += uint64(len(s))
	}
	return n
}

// scoreBytes is the size of extension 7: count, name offsets, values, names.
func scoreBytes(columns []ScoreColumn, rows uint64) uint64 {
	size := 4 + 4*uint64(len(columns)+1)
	for i := range columns {
		size += 4*rows + uint64(len(columns[i].Name))
	}
	return size
}

// pack writes b into buf, which is l.total bytes of guest memory. Every byte is
// written, so that nothing of an earlier batch shows through.
func pack(buf []byte, b *Batch, l *layout) {
	w := writer{buf: buf[:l.total], at: headerBytes}
	n := b.Rows()
	l.header((*[headerBytes]byte)(w.buf), b)
	w.offsets(l.questions, b.Questions, n)
	w.offsets(l.answers, b.Answers, n)
	w.texts(l.questionData, b.Questions)
	w.texts(l.answerData, b.Answers)
	if l.questionEmbeddings != 0 {
		w.vectors(l.questionEmbeddings, b.QuestionEmbeddings)
		w.vectors(l.answerEmbeddings, b.AnswerEmbeddings)
	}
	if l.count > 0 {
		w.table(l)
	}
	for i := range l.extensions[:l.count] {
		w.extension(&l.extensions[i], b, n)
	}
	w.to(l.verdicts)
	for i := w.at; i < len(w.buf); i++ {
		w.buf[i] = unwritten
	}
}

func (l *layout) header(h *[headerBytes]byte, b *Batch) {
	le, dim := binary.LittleEndian, 0
	if l.questionEmbeddings != 0 {
		dim = b.Dim
	}
	copy(h[:], batchMagic)
	le.PutUint32(h[4:], headerBytes)
	le.PutUint32(h[8:], uint32(b.Rows()))
	le.PutUint32(h[12:], 0)
	le.PutUint32(h[16:], uint32(l.questions))
	le.PutUint32(h[20:], uint32(l.questionData))
	le.PutUint32(h[24:], uint32(l.answers))
	le.PutUint32(h[28:], uint32(l.answerData))
	le.PutUint32(h[32:], uint32(l.questionEmbeddings))
	le.PutUint32(h[36:], uint32(l.answerEmbeddings))
	le.PutUint32(h[40:], uint32(dim))
	le.PutUint32(h[44:], uint32(l.verdicts))
	le.PutUint32(h[48:], uint32(l.total))
	le.PutUint32(h[52:], uint32(l.table))
	le.PutUint64(h[56:], b.RowBase)
}

// writer fills a buffer from the front.
type writer struct {
	buf []byte
	at  int
}

// to goes forward to off and writes zeros on the way.
func (w *writer) to(off uint64) {
	if gap := w.buf[w.at:off]; len(gap) > 0 {
		clear(gap)
		w.at = int(off)
	}
}

func (w *writer) u32(v uint32) {
	binary.LittleEndian.PutUint32(w.buf[w.at:w.at+4], v)
	w.at += 4
}

func (w *writer) text(s string) { w.at += copy(w.buf[w.at:], s) }

// offsets writes n+1 offsets; a nil column has n empty texts.
func (w *writer) offsets(off uint64, column []string, n int) {
	w.to(off)
	end := uint32(0)
	w.u32(0)
	for _, s := range column {
		end += uint32(len(s))
		w.u32(end)
	}
	for range n - len(column) {
		w.u32(end)
	}
}

func (w *writer) texts(off uint64, column []string) {
	w.to(off)
	for _, s := range column {
		w.text(s)
	}
}

func (w *writer) floats(v []float32) {
	if len(v) == 0 {
		return
	}
	if littleEndian {
		w.at += copy(w.buf[w.at:], unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*len(v)))
		return
	}
	for _, f := range v {
		w.u32(math.Float32bits(f))
	}
}

func (w *writer) vectors(off uint64, rows [][]float32) {
	w.to(off)
	for _, v := range rows {
		w.floats(v)
	}
}

// table lists the extensions; an entry of zeros ends it.
func (w *writer) table(l *layout) {
	w.to(l.table)
	for i := range l.extensions[:l.count] {
		e := &l.extensions[i]
		w.u32(e.tag)
		w.u32(uint32(e.off))
		w.u32(uint32(e.len))
	}
	w.u32(0)
	w.u32(0)
	w.u32(0)
}

func (w *writer) extension(e *extension, b *Batch, n int) {
	w.to(e.off)
	switch e.tag {
	case tagContext:
		w.strings(b.Contexts, n)
	case tagID:
		w.strings(b.IDs, n)
	case tagLang:
		w.strings(b.Langs, n)
	case tagCosine:
		w.floats(b.Similarity)
	case tagSource:
		w.strings(b.Sources, n)
	case tagDialogue:
		for i := range n {
			turn := int32(-1)
			if b.Turns != nil {
				turn = b.Turns[i]
			}
			w.u32(uint32(turn))
		}
		w.strings(b.DialogueIDs, n)
	case tagScores:
		w.scores(b.Scores)
	}
}

func (w *writer) strings(column []string, n int) {
	w.offsets(uint64(w.at), column, n)
	w.texts(uint64(w.at), column)
}

func (w *writer) scores(columns []ScoreColumn) {
	w.u32(uint32(len(columns)))
	w.u32(0)
	end := uint32(0)
	for i := range columns {
		end += uint32(len(columns[i].Name))
		w.u32(end)
	}
	for i := range columns {
		w.floats(columns[i].Values)
	}
	for i := range columns {
		w.text(columns[i].Name)
	}
}

// littleEndian is a constant of the platform, found at start.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
