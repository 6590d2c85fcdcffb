package httpteacher

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// sameSpace is the least cosine between what two endpoints make of a probe.
// Rounding and batches cost a millionth; other weights, another revision,
// pooling or prefix, and most quantisations cost more.
const sameSpace = 0.9999

// whoBytesMax is how much of an answer about the model is read.
const whoBytesMax = 4 << 20

// probeTexts are what every endpoint embeds before its first text, so that a
// wrong key, model or setting is told apart from a wrong text, and one model
// from another.
func probeTexts() []string {
	return []string{
		"ok",
		"How do I reset my password?",
		"Wo ist mein Paket? 请问这趟火车几点到北京？",
		"SELECT name, COUNT(*) FROM orders WHERE total >= 19.99 GROUP BY name; -- the 3rd of 12",
	}
}

// prove has e show that it is the model. Whoever comes meanwhile waits.
func (c *client) prove(ctx context.Context, e *endpoint) *fault {
	select {
	case <-e.proving:
		defer func() { e.proving <- struct{}{} }()
	case <-ctx.Done():
		return late(nil)
	}
	if refused, wait, proven := e.state(time.Now()); refused != nil || wait > 0 || proven {
		return refused // or it has just been found out
	}
	rows, f := c.who(ctx, e)
	if f != nil {
		return f
	}
	probes, f := c.probe(ctx, e, rows)
	if f != nil {
		if f.class == big || f.class == input { // not of texts like these: it is the settings
			f.class = stop
		}
		return f
	}
	least := c.compare(probes)
	if least < sameSpace {
		return &fault{class: stop, what: fmt.Sprintf("%s is not the same model: the least cosine of %d probe texts is %.6f, want %v", e.host(), len(probes), least, sameSpace)}
	}
	e.mu.Lock()
	e.proven, e.rows = true, rows
	e.mu.Unlock()
	c.log.Debug(fmt.Sprintf("endpoint %s: %d probe texts, least cosine %.6f", e.url, len(probes), least))
	return nil
}

// stillTakes is a fault if a probe is refused now as a text has just been: then
// it is not the text, and all that follow would be dropped one by one.
func (c *client) stillTakes(ctx context.Context, inputType string) *fault {
	_, f := c.ask(ctx, probeTexts()[:1], inputType)
	if f != nil && (f.class == big || f.class == input) {
		return &fault{class: stop, what: f.what + "; nor does it accept a probe text, as it did before"}
	}
	return f
}

// who asks e which model it runs, where the API can tell.
func (c *client) who(ctx context.Context, e *endpoint) (rows int, f *fault) {
	i, ok := c.api.(identified)
	if !ok {
		return 0, nil
	}
	b, _, f := c.fetch(ctx, e, http.MethodGet, i.whoPath(), nil, whoBytesMax, true)
	if f != nil {
		return 0, f
	}
	rows, err := i.who(c.config, b)
	if err != nil {
		return 0, &fault{class: stop, what: e.host() + ": " + quote(err.Error())}
	}
	return rows, nil
}

// probe returns what e makes of the probes.
func (c *client) probe(ctx context.Context, e *endpoint, rows int) ([][]float32, *fault) {
	texts := probeTexts()
	if rows == 0 || rows > len(texts) {
		rows = c.config.rows(c.api.facts())
	}
	types := []string{c.config.InputType}
	if c.config.QuestionInputType != "" {
		types = []string{c.config.QuestionInputType, c.config.AnswerInputType}
	}
	var probes [][]float32
	for _, t := range types {
		for from := 0; from < len(texts); from += rows {
			r, f := c.exchange(ctx, e, texts[from:min(from+rows, len(texts))], t, true)
			if f != nil {
				return nil, f
			}
			probes = append(probes, r.vectors...)
		}
	}
	for i, v := range probes {
		if !normalise(v, v) {
			return nil, &fault{class: stop, what: fmt.Sprintf("%s: the vector of probe %d is zero or not finite", e.host(), i+1)}
		}
	}
	return probes, nil
}

// compare is the least cosine of the probes with those of the first endpoint.
func (c *client) compare(probes [][]float32) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reference == nil {
		c.reference = probes
	}
	least := 1.0
	for i, v := range probes {
		least = min(least, cosine(v, c.reference[i]))
	}
	return least
}
