package main

import (
	"encoding/binary"

	"github.com/cubeset/cubeset/wasm"
)

// layout is where the columns of a batch go, as wasm/ABI.md says: texts, and
// embeddings if vectors.
type layout struct {
	questions, questionData, answers, answerData int
	questionVectors, answerVectors               int // 0 without
	verdicts, total                              int
}

func layoutOf(b *wasm.Batch, vectors bool) (l layout) {
	at := 64
	take := func(size int) int {
		begin := (at + 15) &^ 15
		at = begin + size
		return begin
	}
	size := func(column []string) (n int) {
		for _, s := range column {
			n += len(s)
		}
		return n
	}
	l.questions, l.questionData = take(4*(b.Rows()+1)), take(size(b.Questions))
	l.answers, l.answerData = take(4*(b.Rows()+1)), take(size(b.Answers))
	if vectors {
		l.questionVectors, l.answerVectors = take(4*b.Dim*b.Rows()), take(4*b.Dim*b.Rows())
	}
	l.verdicts = take(8 * b.Rows())
	l.total = at
	return l
}

// pack writes the batch into buf, which has l.total bytes.
func (l layout) pack(buf []byte, b *wasm.Batch) {
	clear(buf[:64])
	copy(buf, "CSB1")
	u32 := func(at, v int) { binary.LittleEndian.PutUint32(buf[at:], uint32(v)) }
	dim := 0
	if l.questionVectors > 0 {
		dim = b.Dim
	}
	for i, v := range [...]int{64, b.Rows(), 0, l.questions, l.questionData, l.answers, l.answerData, l.questionVectors, l.answerVectors, dim, l.verdicts, l.total} {
		u32(4+4*i, v)
	}
	texts := func(offsets, data int, column []string) {
		end := 0
		u32(offsets, 0)
		for i, s := range column {
			end += copy(buf[data+end:], s)
			u32(offsets+4*(i+1), end)
		}
	}
	texts(l.questions, l.questionData, b.Questions)
	texts(l.answers, l.answerData, b.Answers)
	if l.questionVectors > 0 {
		for i := range b.Rows() {
			copy(buf[l.questionVectors+4*dim*i:], floatBytes(b.QuestionEmbeddings[i]))
			copy(buf[l.answerVectors+4*dim*i:], floatBytes(b.AnswerEmbeddings[i]))
		}
	}
	for i := l.verdicts; i < l.total; i++ {
		buf[i] = 0xff
	}
}
