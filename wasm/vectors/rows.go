package vectors

import (
	"encoding/binary"
	"math"
	"slices"
)

// Rows is a batch in columns. A column that is nil is one that the input lacks.
type Rows struct {
	Questions          []string    `json:"questions"`
	Answers            []string    `json:"answers"`
	Contexts           []string    `json:"contexts,omitempty"`
	IDs                []string    `json:"ids,omitempty"`
	Langs              []string    `json:"langs,omitempty"`
	Sources            []string    `json:"sources,omitempty"`
	DialogueIDs        []string    `json:"dialogue_ids,omitempty"`
	Turns              []int32     `json:"turns,omitempty"`
	Similarity         []float32   `json:"similarity,omitempty"`
	QuestionEmbeddings [][]float32 `json:"question_embeddings,omitempty"`
	AnswerEmbeddings   [][]float32 `json:"answer_embeddings,omitempty"`
	Scores             []Scores    `json:"scores,omitempty"`
	RowBase            uint64      `json:"row_base"`
}

// Scores is the scores of one earlier filter.
type Scores struct {
	Name   string    `json:"name"`
	Values []float32 `json:"values"`
}

// Encode lays rows out as ABI.md says, for a filter with these needs. It is
// written apart from package wasm, which must come to the same bytes.
func (r *Rows) Encode(needs []string) []byte {
	n := len(r.Questions)
	out := make([]byte, 64)
	place := func(column []byte) uint32 {
		for len(out)%16 != 0 {
			out = append(out, 0)
		}
		at := len(out)
		out = append(out, column...)
		return uint32(at)
	}
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(out[at:], v) }
	copy(out, "CSB1")
	put(4, 64)
	put(8, uint32(n))
	questions, questionData := column(r.Questions, n)
	answers, answerData := column(r.Answers, n)
	put(16, place(questions))
	put(24, place(answers))
	put(20, place(questionData))
	put(28, place(answerData))
	if slices.Contains(needs, "embeddings") {
		put(32, place(floats(slices.Concat(r.QuestionEmbeddings...))))
		put(36, place(floats(slices.Concat(r.AnswerEmbeddings...))))
		put(40, uint32(len(r.QuestionEmbeddings[0])))
	}
	type extension struct {
		tag     uint32
		content []byte
	}
	var extensions []extension
	for tag, c := range []struct {
		need    string
		content func() []byte
	}{
		{"context", func() []byte { return texts(r.Contexts, n) }},
		{"id", func() []byte { return texts(r.IDs, n) }},
		{"lang", func() []byte { return texts(r.Langs, n) }},
		{"similarity", func() []byte { return floats(r.Similarity) }},
		{"source", func() []byte { return texts(r.Sources, n) }},
		{"dialogue", func() []byte { return Cat(turns(r.Turns, n), texts(r.DialogueIDs, n)) }},
		{"scores", func() []byte { return scores(r.Scores) }},
	} {
		if slices.Contains(needs, c.need) {
			extensions = append(extensions, extension{uint32(tag) + 1, c.content()})
		}
	}
	if len(extensions) > 0 {
		table := int(place(make([]byte, 12*(len(extensions)+1))))
		put(52, uint32(table))
		for i, e := range extensions {
			at := place(e.content)
			put(table+12*i, e.tag)
			put(table+12*i+4, at)
			put(table+12*i+8, uint32(len(e.content)))
		}
	}
	put(44, place(slices.Repeat([]byte{0xff}, 8*n)))
	put(48, uint32(len(out)))
	binary.LittleEndian.PutUint64(out[56:], r.RowBase)
	return out
}

// column is the offsets and the data of texts.
func column(texts []string, n int) (offsets, data []byte) {
	offsets = binary.LittleEndian.AppendUint32(nil, 0)
	for i := range n {
		if texts != nil {
			data = append(data, texts[i]...)
		}
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(data)))
	}
	return offsets, data
}

func texts(values []string, n int) []byte { return Cat(column(values, n)) }

func floats(v []float32) (out []byte) {
	for _, f := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
	}
	return out
}

func turns(v []int32, n int) (out []byte) {
	for i := range n {
		t := int32(-1)
		if v != nil {
			t = v[i]
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(t))
	}
	return out
}

func scores(columns []Scores) []byte {
	var names []string
	var values []float32
	for _, c := range columns {
		names, values = append(names, c.Name), append(values, c.Values...)
	}
	offsets, data := column(names, len(names))
	return Cat(binary.LittleEndian.AppendUint32(nil, uint32(len(columns))), offsets, floats(values), data)
}

// inputs are the rows that vectors use, by name.
func inputs() map[string]*Rows {
	eight := &Rows{Questions: slices.Repeat([]string{"what?"}, 8), Answers: slices.Repeat([]string{"that."}, 8)}
	later := *eight
	later.RowBase = 1<<32 + 5
	bare := &Rows{
		Questions: []string{"one?", "two?"}, Answers: []string{"1", "2"}, Similarity: []float32{0.5, 0.25},
		QuestionEmbeddings: [][]float32{{1, 2}, {3, 4}}, AnswerEmbeddings: [][]float32{{5, 6}, {7, 8}},
	}
	full := &Rows{
		Questions: []string{"How are you?", "Как дела?", "你好吗", ""}, Answers: []string{"Fine.\n\tAnd you?", "", "很好🙂", "كيف حالك"},
		Contexts: []string{"Hello", "", "早\n上好", "x"}, IDs: []string{"a", "b#2", "", "d"}, Langs: []string{"en", "ru", "zh", ""},
		Sources: []string{"chats.jsonl", "chats.jsonl", "почта", ""}, DialogueIDs: []string{"d1", "d1", "", "d9"}, Turns: []int32{0, 1, -1, math.MaxInt32},
		Similarity:         []float32{-1, 0, 0.5, 1},
		QuestionEmbeddings: [][]float32{{0, 0, 0}, {1, -2, 3}, {0.5, 0.25, -0.125}, {math.MaxFloat32, 1e-45, 1}},
		AnswerEmbeddings:   [][]float32{{1, 0, 0}, {4, 5, 6}, {-7, 8, 9}, {0, 0, math.SmallestNonzeroFloat32}},
		Scores:             []Scores{{"length", []float32{1, 2, 3, 4}}, {"echo", []float32{0.5, 0, -0.5, 1e30}}},
		RowBase:            4096,
	}
	long := &Rows{}
	for i := range 300 {
		long.Questions = append(long.Questions, string(rune('a'+i%26)))
		long.Answers = append(long.Answers, string(slices.Repeat([]byte("word "), 20+i%100)))
	}
	return map[string]*Rows{"eight": eight, "later": &later, "none": {Questions: []string{}, Answers: []string{}}, "bare": bare, "full": full, "long": long}
}
