package tensor

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CardOptions are what a card says beyond the manifest.
type CardOptions struct {
	Title   string // "" means "cubeset dataset"
	Licence string // of the data, an identifier of Hugging Face; "" leaves it out
}

// Card is the README.md of a dataset: front matter that tells Hugging Face
// which files and features there are, what the dataset is made of, and how to
// read it. Names in the manifest may be anything and are escaped.
func Card(m Manifest, o CardOptions) []byte {
	if o.Title == "" {
		o.Title = "cubeset dataset"
	}
	c := &card{m: m, o: o}
	c.frontMatter()
	c.text("\n# %s\n", markdown(o.Title))
	c.summary()
	c.counts()
	c.filters()
	c.columns()
	c.usage()
	c.limits()
	return c.b.Bytes()
}

type card struct {
	b bytes.Buffer
	m Manifest
	o CardOptions
}

func (c *card) text(format string, args ...any) { fmt.Fprintf(&c.b, format, args...) }

// splits are those with rows, train first.
func (c *card) splits() []string {
	var names []string
	for _, s := range slices.Sorted(maps.Keys(c.m.Splits)) {
		if c.m.Splits[s] > 0 && splitName.MatchString(s) {
			names = append(names, s)
		}
	}
	if i := slices.Index(names, "train"); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, "train")
	}
	return names
}

func (c *card) frontMatter() {
	c.text("---\n")
	if c.o.Licence != "" {
		c.text("license: %s\n", quoted(c.o.Licence))
	}
	c.text("pretty_name: %s\ntags:\n- cubeset\n", quoted(c.o.Title))
	if splits := c.splits(); len(splits) > 0 {
		c.text("configs:\n- config_name: default\n  data_files:\n")
		for _, s := range splits {
			c.text("  - split: %s\n    path: data/%s-*.parquet\n", s, s)
		}
	}
	c.text("dataset_info:\n  features:\n")
	for _, col := range columns(c.m.Scores) {
		c.text("  - name: %s\n", col.name)
		switch col.kind {
		case text:
			c.text("    dtype: string\n")
		case tensors:
			c.text("    list: float32\n    length: %d\n", c.m.Shape.Size())
		default:
			c.text("    dtype: %s\n", col.kind)
		}
	}
	c.text("---\n")
}

func (c *card) summary() {
	m, t := &c.m, &c.m.Teacher
	c.text("\nQuestions and answers from dialogues. Each question and each answer comes with a\nteacher model's embedding, a float32 tensor of shape [%s]", strings.ReplaceAll(m.Shape.String(), "x", ", "))
	if m.Normalised {
		c.text(" and length 1")
	}
	c.text(".\n\n| | |\n|---|---|\n")
	for _, kv := range [][2]string{
		{"teacher", t.Name}, {"model", t.Model}, {"revision", t.Revision}, {"teacher's licence", t.Licence},
		{"projection", t.Projection}, {"determinism", t.Determinism}, {"space", t.SpaceID},
		{"profile", string(m.Profile)}, {"licence of the data", c.o.Licence},
		{"made with", "cubeset " + m.Cubeset + ", format " + m.FormatVersion},
	} {
		if kv[1] != "" {
			c.text("| %s | %s |\n", kv[0], markdown(kv[1]))
		}
	}
}

func (c *card) counts() {
	m := &c.m
	c.text("\n## Rows\n\n| | rows |\n|---|---:|\n| records read | %d |\n| **kept** | **%d** |\n", m.Read, m.Kept)
	for _, s := range slices.Sorted(maps.Keys(m.Splits)) {
		c.text("| kept, split %s | %d |\n", markdown(s), m.Splits[s])
	}
	for _, k := range slices.Sorted(maps.Keys(m.Dropped)) {
		c.text("| dropped: %s | %d |\n", markdown(k), m.Dropped[k])
	}
	for _, k := range slices.Sorted(maps.Keys(m.Skipped)) {
		c.text("| skipped: %s | %d |\n", markdown(k), m.Skipped[k])
	}
	if len(m.Inputs) > 0 {
		c.text("\n| input | records | bytes |\n|---|---:|---:|\n")
		for _, in := range m.Inputs {
			c.text("| %s | %d | %d |\n", markdown(in.Name), in.Records, in.Bytes)
		}
	}
}

func (c *card) filters() {
	c.text("\n## Filters\n\nA row is kept if the cosine of its question and answer is at least %v (%s).\n", c.m.Similarity.Min, markdown(c.m.Similarity.From))
	if len(c.m.Filters) == 0 {
		return
	}
	c.text("\n| filter | judges | digest | config |\n|---|---|---|---|\n")
	for _, f := range c.m.Filters {
		c.text("| %s | %s | %s | %s |\n", markdown(f.Name), markdown(f.Stage), markdown(f.Digest), markdown(string(f.Config)))
	}
}

func (c *card) columns() {
	c.text("\n## Columns\n\n| column | type | |\n|---|---|---|\n")
	for _, col := range columns(c.m.Scores) {
		typ := col.kind.String()
		switch col.kind {
		case text:
			typ = "string"
		case tensors:
			typ = fmt.Sprintf("list of %d float32", c.m.Shape.Size())
		}
		if col.nullable {
			typ += ", may be null"
		}
		c.text("| `%s` | %s | %s |\n", col.name, typ, columnMeaning(col.name))
	}
}

func columnMeaning(name string) string {
	meaning := map[string]string{
		"id": "from the input, or made of the row's content; may repeat", "question": "text", "answer": "text",
		"context": "what was said before", "dialogue_id": "the dialogue it is from; no dialogue is in two splits",
		"turn": "place in the dialogue, from 0", "lang": "as the input says", "source": "where it is from",
		"split": "as in the file's name", "similarity": "cosine of the teacher's own two vectors",
		questionEmbedding: "row-major: the last direction runs fastest", answerEmbedding: "row-major",
	}
	if m, ok := meaning[name]; ok {
		return m
	}
	return "score of the filter `" + strings.TrimPrefix(name, scorePrefix) + "`"
}

func (c *card) limits() {
	c.text(`
## Limits

- An embedding says what its teacher makes of a text, with the teacher's gaps and bias. Vectors of
  different teachers, or of different spaces of one, are not comparable.
- The texts are those of the inputs. Filters drop what they recognise, nothing more: do not take the
  data to be free of errors, of offence or of personal data.
`)
	if c.m.Teacher.Determinism != "exact" {
		c.text("- The teacher does not promise the same vector for the same text to the last bit.\n")
	}
	c.text("- `manifest.json` holds the sha256 of every file; `cubeset verify` checks them and every row.\n")
}
