package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/cubeset/cubeset/formats/tensor"
)

// line is a row as an object of JSON, but for its scores and tensors. The keys
// are the dataset's columns, so that a build can read the lines again.
type line struct {
	ID         string  `json:"id"`
	Question   string  `json:"question"`
	Answer     string  `json:"answer"`
	Context    *string `json:"context"`
	DialogueID *string `json:"dialogue_id"`
	Turn       *int32  `json:"turn"`
	Lang       *string `json:"lang"`
	Source     string  `json:"source"`
	Split      string  `json:"split"`
	Similarity float32 `json:"similarity"`
}

// lines writes rows as lines of JSON.
type lines struct {
	w       io.Writer
	scores  []string
	vectors bool
	buffer  bytes.Buffer
	encoder *json.Encoder
}

func newLines(w io.Writer, scores []string, vectors bool) *lines {
	l := &lines{w: w, scores: scores, vectors: vectors}
	l.encoder = json.NewEncoder(&l.buffer)
	l.encoder.SetEscapeHTML(false)
	return l
}

func (l *lines) write(r *tensor.Row) error {
	v := line{r.ID, r.Question, r.Answer, orNull(r.Context), orNull(r.DialogueID), nil, orNull(r.Lang), r.Source, r.Split, r.Similarity}
	if r.Turn != -1 {
		v.Turn = &r.Turn
	}
	l.buffer.Reset()
	if err := l.encoder.Encode(v); err != nil {
		return fmt.Errorf("%w: similarity: %w", tensor.ErrDamaged, tensor.ErrNotFinite)
	}
	l.buffer.Truncate(l.buffer.Len() - len("}\n"))
	for i, name := range l.scores {
		if err := l.list("score_"+name, r.Scores[i:i+1], "", ""); err != nil {
			return err
		}
	}
	if l.vectors {
		for _, t := range tensors {
			if err := l.list(t.name, t.of(r), "[", "]"); err != nil {
				return err
			}
		}
	}
	l.buffer.WriteString("}\n")
	_, err := l.buffer.WriteTo(l.w)
	return err
}

// list adds a key whose value is numbers, each with as many digits as tell it
// from every other float32.
func (l *lines) list(key string, v []float32, open, end string) error {
	fmt.Fprintf(&l.buffer, `,"%s":%s`, key, open)
	for i, f := range v {
		if i > 0 {
			l.buffer.WriteByte(',')
		}
		if x := float64(f); math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%w: %s: %w: %v", tensor.ErrDamaged, key, tensor.ErrNotFinite, f)
		}
		l.buffer.Write(strconv.AppendFloat(l.buffer.AvailableBuffer(), float64(f), 'g', -1, 32))
	}
	l.buffer.WriteString(end)
	return nil
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
