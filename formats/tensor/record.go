package tensor

import (
	"fmt"
	"reflect"

	"github.com/parquet-go/parquet-go"
)

// record is a Row as parquet-go takes it in bulk. Its score fields are named
// after the filters, and the unused ones hidden, by struct tags of the writer.
//
// An optional field makes parquet-go write its zero value as null: wanted for
// the three texts, never for a number, hence the pointer.
type record struct {
	ID         string  `parquet:"id,plain,zstd"`
	Question   string  `parquet:"question,plain,zstd"`
	Answer     string  `parquet:"answer,plain,zstd"`
	Context    string  `parquet:"context,plain,zstd,optional"`
	DialogueID string  `parquet:"dialogue_id,plain,zstd,optional"`
	Turn       *int32  `parquet:"turn,plain,zstd,optional"`
	Lang       string  `parquet:"lang,plain,zstd,optional"`
	Source     string  `parquet:"source,plain,zstd"`
	Split      string  `parquet:"split,plain,zstd"`
	Similarity float32 `parquet:"similarity,plain,zstd"`

	Score00, Score01, Score02, Score03, Score04, Score05, Score06, Score07 float32
	Score08, Score09, Score10, Score11, Score12, Score13, Score14, Score15 float32
	Score16, Score17, Score18, Score19, Score20, Score21, Score22, Score23 float32
	Score24, Score25, Score26, Score27, Score28, Score29, Score30, Score31 float32

	// The writer's own codec compresses these two.
	QuestionEmbedding []float32 `parquet:"question_embedding,list,optional" parquet-element:",plain"`
	AnswerEmbedding   []float32 `parquet:"answer_embedding,list,optional" parquet-element:",plain"`
}

func (r *record) setScores(v []float32) {
	fields := [...]*float32{
		&r.Score00, &r.Score01, &r.Score02, &r.Score03, &r.Score04, &r.Score05, &r.Score06, &r.Score07,
		&r.Score08, &r.Score09, &r.Score10, &r.Score11, &r.Score12, &r.Score13, &r.Score14, &r.Score15,
		&r.Score16, &r.Score17, &r.Score18, &r.Score19, &r.Score20, &r.Score21, &r.Score22, &r.Score23,
		&r.Score24, &r.Score25, &r.Score26, &r.Score27, &r.Score28, &r.Score29, &r.Score30, &r.Score31,
	}
	for i, s := range v {
		*fields[i] = s
	}
}

// tags name the score columns, hide the rest of those fields, and encode the
// tensors as l says. The names have passed scoreName: none of them can break
// out of a tag.
func tags(l layout, scores []string) []parquet.WriterOption {
	var opts []parquet.WriterOption
	for i := range scoresMax {
		tag := `parquet:"-"`
		if i < len(scores) {
			tag = fmt.Sprintf(`parquet:"%s%s,plain,zstd"`, scorePrefix, scores[i])
		}
		opts = append(opts, tagOption{reflect.StructTag(tag), fmt.Sprintf("Score%02d", i)})
	}
	if l.split {
		for field, name := range map[string]string{"QuestionEmbedding": questionEmbedding, "AnswerEmbedding": answerEmbedding} {
			tag := fmt.Sprintf(`parquet:"%s,list,optional" parquet-element:",split"`, name)
			opts = append(opts, tagOption{reflect.StructTag(tag), field})
		}
	}
	return opts
}

// tagOption is parquet.StructTag as an option of a writer.
type tagOption struct {
	tag   reflect.StructTag
	field string
}

func (t tagOption) ConfigureWriter(c *parquet.WriterConfig) {
	parquet.StructTag(t.tag, t.field).ConfigureSchema(c.SchemaConfig)
}
