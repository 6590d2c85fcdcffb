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
	Title string // "" means "cubeset dataset"
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
	id, name := hubLicence(c.m.Licence)
	if id != "" {
		c.text("license: %s\n", quoted(id))
	}
	if name != "" {
		c.text("license_name: %s\n", quoted(name))
	}
	c.text("pretty_name: %s\nsize_categories:\n- %s\ntags:\n- cubeset\n- embeddings\n", quoted(c.o.Title), sizeCategory(c.m.Kept))
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

// sizeCategory is how the Hub counts rows.
func sizeCategory(rows int64) string {
	names := []string{"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B", "10B<n<100B", "100B<n<1T", "n>1T"}
	i := 0
	for limit := int64(1000); rows >= limit && i < len(names)-1; limit *= 10 {
		i++
	}
	return names[i]
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
		{"profile", string(m.Profile)}, {"licence of the data", m.Licence},
		{"made with", "cubeset " + m.Cubeset + ", format " + m.FormatVersion},
	} {
		if kv[1] != "" {
			c.text("| %s | %s |\n", kv[0], markdown(kv[1]))
		}
	}
}

func (c *card) counts() {
	m := &c.m
	c.text("\n## Rows\n\n| | rows | of those read |\n|---|---:|---:|\n| records read | %d | |\n| **kept** | **%d** | %s |\n", m.Read, m.Kept, c.share(m.Kept))
	for _, part := range []struct {
		label string
		rows  map[string]int64
	}{{"kept, split", m.Splits}, {"dropped:", m.Dropped}, {"skipped:", m.Skipped}} {
		for _, k := range slices.Sorted(maps.Keys(part.rows)) {
			c.text("| %s %s | %d | %s |\n", part.label, markdown(k), part.rows[k], c.share(part.rows[k]))
		}
	}
	if len(m.Inputs) > 0 {
		c.text("\n| input | records | bytes |\n|---|---:|---:|\n")
		for _, in := range m.Inputs {
			c.text("| %s | %d | %d |\n", markdown(in.Name), in.Records, in.Bytes)
		}
	}
}

// share is n by the records read.
func (c *card) share(n int64) string {
	if c.m.Read == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(c.m.Read))
}

func (c *card) filters() {
	c.text("\n## Filters\n\nA row is kept if the cosine of its question and answer is at least %v (%s).\n", c.m.Similarity.Min, markdown(c.m.Similarity.From))
	if len(c.m.Filters) == 0 {
		return
	}
	c.text("\n| filter | judges | dropped | of those read | config | digest |\n|---|---|---:|---:|---|---|\n")
	for _, f := range c.m.Filters {
		var dropped int64
		for reason, n := range c.m.Dropped {
			if strings.HasPrefix(reason, f.Name+"/") {
				dropped += n
			}
		}
		c.text("| %s | %s | %d | %s | %s | %s |\n", markdown(f.Name), markdown(f.Stage), dropped, c.share(dropped), markdown(string(f.Config)), markdown(f.Digest))
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
	if c.m.Licence == "" {
		c.text("- Nobody has said under which licence the data may be used. That of the inputs holds; ask whoever\n  made them.\n")
	}
	if c.m.Profile == Compact {
		c.text("- The tensors are encoded as BYTE\\_STREAM\\_SPLIT, in data pages of version 2: `fastparquet` does not\n  read them, and Spark before 4.3 needs the setting above.\n")
	}
	if c.m.Teacher.Determinism != "exact" {
		c.text("- The teacher does not promise the same vector for the same text to the last bit.\n")
	}
	c.text("- `manifest.json` holds the sha256 of every file; `cubeset verify` checks them and every row.\n")
}
