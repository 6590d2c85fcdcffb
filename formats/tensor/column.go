package tensor

import "github.com/parquet-go/parquet-go/format"

const (
	questionEmbedding = "question_embedding"
	answerEmbedding   = "answer_embedding"
	scorePrefix       = "score_"
)

// kind is what a column holds in each row.
type kind uint8

const (
	text kind = iota
	int32s
	int64s
	float32s
	tensors // a list of Shape.Size() float32
)

func (k kind) String() string {
	return [...]string{"text", "int32", "int64", "float32", "tensor"}[k]
}

// physical is the Parquet type under a kind.
func (k kind) physical() format.Type {
	return [...]format.Type{format.ByteArray, format.Int32, format.Int64, format.Float, format.Float}[k]
}

// column is one column of a part or of a rejects file.
type column struct {
	name     string
	kind     kind
	nullable bool
	bare     bool // no bounds: a long text or a tensor, where they only cost
}

// path is the column's leaf as Parquet names it.
func (c column) path() []string {
	if c.kind == tensors {
		return []string{c.name, "list", "element"}
	}
	return []string{c.name}
}

// columns is every column of a part, in file order.
func columns(scores []string) []column {
	cs := []column{
		{name: "id"},
		{name: "question", bare: true},
		{name: "answer", bare: true},
		{name: "context", nullable: true, bare: true},
		{name: "dialogue_id", nullable: true},
		{name: "turn", kind: int32s, nullable: true},
		{name: "lang", nullable: true},
		{name: "source"},
		{name: "split"},
		{name: "similarity", kind: float32s},
	}
	for _, s := range scores {
		cs = append(cs, column{name: scorePrefix + s, kind: float32s})
	}
	return append(cs,
		column{name: questionEmbedding, kind: tensors, bare: true},
		column{name: answerEmbedding, kind: tensors, bare: true})
}

func columnNames(cs []column) []string {
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = c.name
	}
	return names
}
