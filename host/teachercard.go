package host

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/plugins"
	sdk "github.com/cubeset/cubeset/sdk/teacher"
)

// TeacherCard is what is known of a teacher that has a name, without starting
// it. Its JSON is an element of `teacher list --json`.
type TeacherCard struct {
	Name           string          `json:"name"`
	Program        string          `json:"program"`
	RunsIn         string          `json:"runs_in"`  // "cubeset", "Python" or "a service"
	Model          string          `json:"model"`    // "" = yours
	Revision       string          `json:"revision"` // "" = not known here
	Pinned         bool            `json:"pinned"`   // the model cannot change under its name
	Dims           int             `json:"dims"`     // 0 = the model decides
	MaxTokens      int             `json:"max_tokens"`
	Pooling        string          `json:"pooling"`
	QuestionPrefix string          `json:"question_prefix"`
	AnswerPrefix   string          `json:"answer_prefix"`
	Matryoshka     []int           `json:"matryoshka"` // lengths its vectors may be cut to
	EmbedID        string          `json:"embed_id"`   // "" = only the running teacher can say
	Determinism    string          `json:"determinism"`
	MinSimilarity  *float64        `json:"min_similarity"`  // null: nobody names one
	SimilarityFrom string          `json:"similarity_from"` // how that came about
	Licence        string          `json:"licence"`
	Languages      string          `json:"languages"`
	Raw            bool            `json:"raw"` // a raw language model: no cosine of it promises anything
	Own            bool            `json:"own"` // from the user's configuration
	Default        bool            `json:"default"`
	Needs          []string        `json:"needs"`    // in a word or two each; none: it runs at once
	Settings       json.RawMessage `json:"settings"` // of its program
	Doc            string          `json:"doc"`

	extra string // Entry.Needs
}

// service is where a model runs that is asked over HTTP.
const service = "a service"

// TeacherCards returns a card for each teacher that c knows by a name: the
// registry's, the default first, then those in c.Teachers. A name of the user's
// own hides that of the registry.
func (c Config) TeacherCards(ctx context.Context) ([]TeacherCard, error) {
	cards := []TeacherCard{}
	for _, e := range plugins.All() {
		if _, own := c.Teachers[e.Name]; own {
			continue
		}
		card := registryCard(e)
		d, ok, err := e.Describe(ctx)
		if err != nil {
			return nil, as(ErrTeacher, err)
		}
		if ok {
			card.know(d)
		}
		cards = append(cards, card)
	}
	for _, name := range keys(c.Teachers) {
		card, err := c.ownCard(name)
		if err != nil {
			return nil, err
		}
		cards = append(cards, card)
	}
	return cards, nil
}

// registryCard is the card of a teacher of the registry.
func registryCard(e plugins.Entry) TeacherCard {
	c := TeacherCard{
		Name: e.Name, Program: e.Program, Model: e.Model, Revision: e.Revision, Pinned: e.Revision != "" || e.Model == "",
		Dims: e.Dims, MaxTokens: e.MaxTokens, Pooling: e.Pooling,
		QuestionPrefix: e.QuestionPrefix, AnswerPrefix: e.AnswerPrefix, Matryoshka: e.Matryoshka,
		SimilarityFrom: e.SimilarityFrom, Licence: e.Licence, Languages: e.Languages, Raw: e.Raw,
		Default: e.Name == plugins.Default, Settings: e.Config, Doc: e.Doc, extra: e.Needs,
	}
	if e.MinSimilarity != 0 {
		c.MinSimilarity = &e.MinSimilarity
	}
	c.needs(e.Bundled())
	return c
}

// ownCard is the card of a teacher of the user's own, as far as its settings
// say.
func (c Config) ownCard(name string) (TeacherCard, error) {
	c.Model, c.TeacherOptions = "", nil
	p, config, err := c.findProgram(name)
	if err != nil {
		return TeacherCard{}, err
	}
	card := TeacherCard{Own: true, Settings: config, Doc: p.Doc, Matryoshka: []int{}}
	var said struct {
		Model, Revision, Pooling, Licence, Languages string
		Dims                                         int
		MaxTokens                                    int     `json:"max_tokens"`
		QuestionPrefix                               string  `json:"question_prefix"`
		AnswerPrefix                                 string  `json:"answer_prefix"`
		MinSimilarity                                float64 `json:"min_similarity"`
	}
	said.MinSimilarity = math.NaN()
	if err := json.Unmarshal(config, &said); err != nil {
		return card, as(ErrConfig, fmt.Errorf("teachers: %s: %w", name, err))
	}
	var settings map[string]any
	if err := json.Unmarshal(config, &settings); err != nil {
		return card, as(ErrConfig, fmt.Errorf("teachers: %s: %w", name, err))
	}
	model, _ := settings[p.Model].(string)
	card.Name, card.Program, card.Model, card.Revision = name, p.Name, cmp.Or(said.Model, model), said.Revision
	card.Pinned = said.Revision != "" || p.New != nil && p.Env == nil // else its files are what it is
	card.Dims, card.MaxTokens, card.Pooling = said.Dims, said.MaxTokens, said.Pooling
	card.QuestionPrefix, card.AnswerPrefix = said.QuestionPrefix, said.AnswerPrefix
	card.Licence, card.Languages = said.Licence, said.Languages
	if !math.IsNaN(said.MinSimilarity) {
		card.MinSimilarity, card.SimilarityFrom = &said.MinSimilarity, "as configured"
	}
	card.needs(false)
	return card, nil
}

// know puts what a teacher says of itself on the card.
func (c *TeacherCard) know(d sdk.Description) {
	c.EmbedID, c.Determinism, c.Pinned = plugins.EmbedID(d), string(d.Determinism), d.Revision != "" || d.WeightsDigest != ""
	c.Model, c.Revision, c.Dims, c.MaxTokens, c.Pooling = d.Model, d.Revision, d.Dims, d.MaxTokens, d.Pooling
	c.QuestionPrefix, c.AnswerPrefix = d.QuestionPrefix, d.AnswerPrefix
	c.Licence, c.Languages = cmp.Or(d.Licence, c.Licence), cmp.Or(d.Languages, c.Languages)
	if m := d.MinSimilarity; !math.IsNaN(m) {
		c.MinSimilarity = &m
		c.SimilarityFrom = cmp.Or(c.SimilarityFrom, "the teacher's own value")
	}
}

// Similarity is the threshold a build takes of this teacher, and why that one.
func (c *TeacherCard) Similarity() (s tensor.Similarity, why string) {
	m := math.NaN()
	if c.MinSimilarity != nil {
		m = *c.MinSimilarity
	}
	s = threshold(DefaultConfig(), m)
	switch {
	case s.From == "teacher":
		return s, c.SimilarityFrom
	case c.Raw:
		return s, "the default, and no more than that: of a raw language model no cosine promises anything; cubeset calibrate looks for one on your own rows"
	}
	return s, "the default: nobody has measured this model; cubeset calibrate finds one on your own rows"
}

// needs fills in c.Needs.
func (c *TeacherCard) needs(bundled bool) {
	c.RunsIn, c.Needs = "cubeset", []string{}
	if c.Matryoshka == nil {
		c.Matryoshka = []int{}
	}
	if bundled {
		return
	}
	p, _ := plugins.FindProgram(c.Program)
	if len(p.Modules) > 0 {
		c.RunsIn = "Python"
		c.Needs = append(c.Needs, "Python")
	}
	if p.Env != nil && p.New != nil {
		c.RunsIn = service
		c.Needs = append(c.Needs, cmp.Or(c.setting("key_env"), c.setting("key_file"), c.setting("api")))
	} else if p.Model != "" {
		c.Needs = append(c.Needs, "model")
	}
	if strings.Contains(c.extra, "accepted") {
		c.Needs = append(c.Needs, "licence accepted")
	}
}

// setting is a setting that is a text.
func (c *TeacherCard) setting(key string) string {
	var settings map[string]any
	if json.Unmarshal(c.Settings, &settings) != nil {
		return ""
	}
	s, _ := settings[key].(string)
	return s
}
