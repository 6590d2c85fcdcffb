package kit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/wasm"
)

const (
	casesMax     = 100_000
	caseBytesMax = 16 << 20 // of one line
	scoreSlack   = 1e-5     // relative, or absolute below 1
)

// Case is a row and what must become of it. Of what is expected, nil is not
// looked at.
type Case struct {
	ID                string             `json:"id"` // "line 3" if it has none
	Question          string             `json:"question"`
	Answer            string             `json:"answer"`
	Context           string             `json:"context"`
	Lang              string             `json:"lang"`
	Source            string             `json:"source"`
	DialogueID        string             `json:"dialogue_id"`
	Turn              *int32             `json:"turn"`       // nil = unknown
	Similarity        *float32           `json:"similarity"` // nil = the cosine of the embeddings, or 0.5
	QuestionEmbedding []float32          `json:"question_embedding"`
	AnswerEmbedding   []float32          `json:"answer_embedding"`
	Scores            map[string]float32 `json:"scores"` // of filters before it

	Keep   *bool    `json:"keep"`
	Reason *string  `json:"reason"` // its name; "" = kept
	Score  *float32 `json:"score"`
}

// ReadCases reads cases, one JSON object a line; empty lines are skipped. An
// error names the line and quotes no text.
func ReadCases(r io.Reader) ([]Case, error) {
	var all []Case
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, caseBytesMax)
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		c, err := readCase(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if c.ID == "" {
			c.ID = fmt.Sprintf("line %d", n)
		}
		if all = append(all, c); len(all) > casesMax {
			return nil, fmt.Errorf("more than %d cases", casesMax)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d: more than %d bytes", n+1, caseBytesMax)
	} else if err != nil {
		return nil, err
	}
	return all, nil
}

func readCase(line []byte) (c Case, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, plainJSON(err)
	}
	if d.More() {
		return c, errors.New("more than one JSON value")
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(line, &given); err != nil {
		return c, plainJSON(err)
	}
	for _, key := range []string{"question", "answer"} {
		if given[key] == nil {
			return c, fmt.Errorf("no %s", key)
		}
	}
	for key, text := range map[string]string{"question": c.Question, "answer": c.Answer, "context": c.Context, "id": c.ID, "lang": c.Lang, "source": c.Source, "dialogue_id": c.DialogueID} {
		if err := sendable(text); err != nil {
			return c, fmt.Errorf("%s: %w", key, err)
		}
	}
	if len(c.QuestionEmbedding) != len(c.AnswerEmbedding) {
		return c, fmt.Errorf("embeddings of %d and %d values", len(c.QuestionEmbedding), len(c.AnswerEmbedding))
	}
	return c, nil
}

// plainJSON is a decoder's error without what it quotes.
func plainJSON(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		return fmt.Errorf("%s: not a %s", kind.Field, kind.Type)
	case errors.As(err, &syntax):
		return fmt.Errorf("byte %d: not JSON", syntax.Offset)
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return fmt.Errorf("%.80s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return errors.New("not JSON")
}

// sendable says why a host would never send a text (4.5).
func sendable(s string) error {
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' {
			return fmt.Errorf("holds U+%04X, which no host sends", r)
		}
	}
	if !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) {
		return errors.New("is not in NFC, as all that hosts send")
	}
	return nil
}

// caseBatch is cases as a batch. Vectors that a case does not give have length 1
// and its similarity.
func caseBatch(all []Case, dim int) (*wasm.Batch, error) {
	b := &wasm.Batch{Dim: dim}
	g := generator(2)
	for _, c := range all {
		q, a, similarity := c.QuestionEmbedding, c.AnswerEmbedding, float32(0.5)
		if c.Similarity != nil {
			similarity = *c.Similarity
		}
		switch {
		case q == nil:
			q, a = g.pair(dim, similarity)
		case len(q) != dim:
			return nil, fmt.Errorf("case %s: embeddings of %d values, want %d", caseID(c), len(q), dim)
		case c.Similarity == nil:
			similarity = cosine(q, a)
		}
		turn := int32(-1)
		if c.Turn != nil {
			turn = *c.Turn
		}
		b.Questions, b.Answers, b.Contexts = append(b.Questions, c.Question), append(b.Answers, c.Answer), append(b.Contexts, c.Context)
		b.IDs, b.Langs, b.Sources = append(b.IDs, c.ID), append(b.Langs, c.Lang), append(b.Sources, c.Source)
		b.DialogueIDs, b.Turns = append(b.DialogueIDs, c.DialogueID), append(b.Turns, turn)
		b.Similarity, b.QuestionEmbeddings, b.AnswerEmbeddings = append(b.Similarity, similarity), append(b.QuestionEmbeddings, q), append(b.AnswerEmbeddings, a)
	}
	for _, name := range scoreNames(all) {
		column := wasm.ScoreColumn{Name: name}
		for _, c := range all {
			column.Values = append(column.Values, c.Scores[name])
		}
		b.Scores = append(b.Scores, column)
	}
	return b, nil
}

func scoreNames(all []Case) (names []string) {
	for _, c := range all {
		for name := range c.Scores {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func cosine(q, a []float32) float32 {
	var dot, qq, aa float64
	for i := range q {
		dot, qq, aa = dot+float64(q[i])*float64(a[i]), qq+float64(q[i])*float64(q[i]), aa+float64(a[i])*float64(a[i])
	}
	if qq == 0 || aa == 0 {
		return 0
	}
	return float32(dot / math.Sqrt(qq*aa))
}

// wrong says how v is not what the case expects, or "".
func (c *Case) wrong(v wasm.Verdict, reason string) string {
	var want []string
	if c.Keep != nil && v.Keep != *c.Keep {
		want = append(want, map[bool]string{true: "kept", false: "dropped"}[*c.Keep])
	}
	if c.Reason != nil && reason != *c.Reason {
		want = append(want, fmt.Sprintf("reason %.40q", *c.Reason))
	}
	if c.Score != nil && !near(v.Score, *c.Score) {
		want = append(want, fmt.Sprintf("score %v", *c.Score))
	}
	return strings.Join(want, " and ")
}

func near(got, want float32) bool {
	return math.Abs(float64(got)-float64(want)) <= scoreSlack*max(1, math.Abs(float64(want)))
}

// shownMax is how many wrong cases are told.
const shownMax = 5

// cases judges the author's rows.
func cases(ctx context.Context, k *kit) (string, error) {
	all := k.o.Cases
	if len(all) == 0 {
		return "", checklist.Skip("none given")
	}
	b, err := caseBatch(all, k.dim())
	if err != nil {
		k.misuse = err
		return "", err
	}
	out, _, err := k.fresh(ctx, b, func(i int) string { return "case " + caseID(all[i]) })
	if err != nil {
		return "", err
	}
	var wrong []string
	for i, v := range out {
		if want := all[i].wrong(v, k.f.ReasonName(v.Reason)); want != "" {
			wrong = append(wrong, fmt.Sprintf("%s is %s, want %s", caseID(all[i]), k.verdict(v), want))
		}
	}
	if n := len(wrong); n > 0 {
		if n > shownMax {
			wrong = append(wrong[:shownMax], "…")
		}
		return "", checklist.Broke("mend the filter, or what the case expects; --row ID runs one alone", "%d of %d are not as expected: %s", n, len(all), strings.Join(wrong, "; "))
	}
	return fmt.Sprintf("%d as expected", len(all)), nil
}

// caseID is the id of a case, safe to print.
func caseID(c Case) string { return fmt.Sprintf("%.80q", c.ID) }
