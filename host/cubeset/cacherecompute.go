package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/plugins"
	sdk "github.com/cubeset/cubeset/sdk/teacher"
)

// recomputing asks the teacher of a dataset again.
type recomputing struct {
	rows    int
	dataset string
	teacher host.Config // what is set of the teacher; by default the one that the manifest names
}

// recomputation is what came of it.
type recomputation struct {
	Teacher  string  `json:"teacher"`
	EmbedID  string  `json:"embed_id"`
	Compared int64   `json:"compared"` // texts
	Absent   int64   `json:"absent"`   // texts that are not in the cache
	Least    float64 `json:"least_cosine"`
}

func (a recomputing) check() error {
	switch {
	case a.rows < 0:
		return fmt.Errorf("--recompute: %d rows", a.rows)
	case a.rows > 0 && a.dataset == "":
		return errors.New("--recompute needs texts: name a dataset that was built with this cache (--dataset DIR)")
	case a.rows == 0 && a.dataset != "":
		return errors.New("--dataset is for --recompute N")
	}
	return nil
}

func (a recomputing) run(ctx context.Context, dir string, found func(cache.Damage)) (*recomputation, error) {
	m, err := tensor.ReadManifest(fsx.OS{}, a.dataset)
	if err != nil {
		return nil, err
	}
	rows, err := a.choose(m)
	if err != nil {
		return nil, err
	}
	t, err := a.start(ctx, m.Teacher)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	o := cache.DefaultOptions()
	o.ReadOnly = true
	store, err := cache.Open(dir, o)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	d := t.Description()
	r := &recomputation{Teacher: d.Name, EmbedID: m.Teacher.EmbedID, Least: 1}
	for role, prefix := range []string{d.QuestionPrefix, d.AnswerPrefix} {
		texts := make([]string, len(rows))
		for i, r := range rows {
			texts[i] = r.texts[role]
		}
		c, err := cache.Recompute(ctx, store, cache.NewRecipe(m.Teacher.EmbedID, prefix), texts, embedWith(t, d, prefix))
		if err != nil {
			return nil, err
		}
		r.Compared, r.Absent, r.Least = r.Compared+int64(c.Compared), r.Absent+int64(c.Absent), min(r.Least, c.Least)
		for i, at := range c.Far {
			found(cache.Damage{File: rows[at].file, Kind: damagedVector, Detail: fmt.Sprintf("%s of row %s: the cached vector and the teacher's have a cosine of %.6f, want %v",
				[2]string{"question", "answer"}[role], rows[at].id, c.Cosines[i], cache.CosineMin)})
		}
	}
	return r, nil
}

// damagedVector is a vector that is not the teacher's, in a record that is whole.
const damagedVector = "vector"

// compared is a row whose texts the teacher embeds again.
type compared struct {
	file, id string
	texts    [2]string // question and answer
}

// choose takes rows that are spread over the dataset.
func (a recomputing) choose(m tensor.Manifest) (rows []compared, err error) {
	every := max(m.Kept/int64(a.rows), 1)
	n := int64(0)
	for _, info := range m.Parts {
		file := filepath.Join(a.dataset, filepath.FromSlash(info.Path))
		p, err := tensor.Open(file)
		if err != nil {
			return nil, err
		}
		for r, err := range p.Rows() {
			if err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", info.Path, err), p.Close())
			}
			if n++; n%every == 0 && len(rows) < a.rows {
				rows = append(rows, compared{file, r.ID, [2]string{r.Question, r.Answer}})
			}
		}
		if err := p.Close(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// start starts the teacher that made a dataset.
func (a recomputing) start(ctx context.Context, made tensor.TeacherInfo) (*plugins.Teacher, error) {
	c := a.teacher
	c.Teacher = cmp.Or(c.Teacher, made.Name)
	t, err := host.StartTeacher(ctx, c, host.Options{})
	if err != nil {
		return nil, err
	}
	if id := plugins.EmbedID(t.Description()); id != made.EmbedID {
		return nil, errors.Join(fmt.Errorf("teacher %s is %.12s, the dataset was made with %.12s: there is nothing to compare", c.Teacher, id, made.EmbedID), t.Close())
	}
	return t, nil
}

// embedWith has a teacher embed texts in one of its roles.
func embedWith(t *plugins.Teacher, d sdk.Description, prefix string) func(context.Context, []string) ([][]float32, error) {
	return func(ctx context.Context, texts []string) ([][]float32, error) {
		ask := make([]string, len(texts))
		for i, text := range texts {
			ask[i] = prefix + text
		}
		dst := make([]float32, len(texts)*d.Dims)
		rows, err := t.Embed(ctx, ask, dst)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", host.ErrTeacher, err)
		}
		vectors := make([][]float32, len(texts))
		for i, r := range rows {
			if r.Err == nil {
				vectors[i] = dst[i*d.Dims : (i+1)*d.Dims]
			}
		}
		return vectors, nil
	}
}
