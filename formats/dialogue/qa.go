package dialogue

import "bytes"

// The marks at the start of a line that begin a question and an answer.
var (
	questionMarks = [][]byte{[]byte("Q:"), []byte("Question:"), []byte("В:"), []byte("Вопрос:")}
	answerMarks   = [][]byte{[]byte("A:"), []byte("Answer:"), []byte("О:"), []byte("Ответ:")}
)

// qaSplit makes a record of every block of lines from a question mark to the
// next. What stands before the first one is a record too, without a pair.
type qaSplit struct{ w *window }

func (s qaSplit) next() (Record, bool) {
	if _, more := s.w.space(); !more {
		return Record{}, false
	}
	s.w.mark()
	line := s.w.line
	for {
		if !s.w.passLine() {
			return s.w.finish(line, trailing(s.w.record()), false)
		}
		const lookBytes = 64 // white space and a mark
		if _, ok := cutMark(s.w.look(lookBytes), questionMarks); ok {
			return s.w.finish(line, trailing(s.w.record()), true)
		}
	}
}

// cutMark is the offset in b behind the mark it begins with, if it does.
func cutMark(b []byte, marks [][]byte) (int, bool) {
	blank := len(b) - len(bytes.TrimLeft(b, " \t"))
	for _, m := range marks {
		if bytes.HasPrefix(b[blank:], m) {
			return blank + len(m), true
		}
	}
	return 0, false
}

// cutBlock finds the question and the answer of a block. missing names the
// mark that is not there.
func cutBlock(block []byte) (question, answer span, missing string) {
	from, ok := cutMark(block, questionMarks)
	if !ok {
		return question, answer, "Q:"
	}
	for i := from; ; {
		n := bytes.IndexByte(block[i:], '\n')
		if n < 0 {
			return question, answer, "A:"
		}
		i += n + 1
		if n, ok := cutMark(block[i:], answerMarks); ok {
			return span{int32(from), int32(i)}, span{int32(i + n), int32(len(block))}, ""
		}
	}
}
