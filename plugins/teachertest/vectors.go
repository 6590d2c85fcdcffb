package teachertest

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// unitSlack is how far from 1 the length of a normalised vector may be.
const unitSlack = 1e-3

// shape embeds a little and looks at the form of the replies.
func shape(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	began := time.Now()
	for _, n := range []int{1, 2, 7} {
		if _, err := s.embed(ctx, sentences()[:n], n); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d values a row; the first three calls took %d ms", k.d.Dims, time.Since(began).Milliseconds()), nil
}

// values embeds every sentence; the answer is what all others are held against.
func values(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	r, err := s.embed(ctx, sentences(), sentencesMax)
	if err != nil {
		return "", err
	}
	if len(r.errors) > 0 {
		return "", checklist.Broke("embed plain sentences: the checks can do nothing else with a teacher", "refused %d of %d plain English sentences: %s", len(r.errors), sentencesMax, listed(slices.Collect(maps.Values(r.errors))))
	}
	for i, v := range r.vectors {
		if w := v.wrong(); w != "" {
			return "", checklist.Broke("return finite vectors that are longer than zero; refuse a text that has none with a RowError", "the vector of text %d of %d has %s", i, sentencesMax, w)
		}
	}
	for i, cut := range r.truncated {
		if cut && (k.d.MaxTokens == 0 || k.d.MaxTokens > len(sentences()[i])) {
			return "", checklist.Broke("mark a row as truncated only if something of the text was left out", "text %d of %d bytes is marked as truncated, though %d tokens are read (0 = all)", i, len(sentences()[i]), k.d.MaxTokens)
		}
	}
	k.refer = r.vectors
	return fmt.Sprintf("%d vectors, finite and longer than zero", sentencesMax), nil
}

func normalised(_ context.Context, k *kit) (string, error) {
	if !k.d.Normalised {
		return "", checklist.Skip("not declared")
	}
	for i, v := range k.refer {
		if n := v.norm(); math.Abs(n-1) > unitSlack {
			return "", checklist.Broke("divide each vector by its length, or do not declare normalised", "declared as normalised, but the vector of text %d has length %.4f", i, n)
		}
	}
	return fmt.Sprintf("length 1, within %v", unitSlack), nil
}

// different says that no two of the sentences have one vector.
func different(_ context.Context, k *kit) (string, error) {
	for i, v := range k.refer {
		if j := slices.IndexFunc(k.refer[:i], func(w vector) bool { return slices.Equal(v, w) }); j >= 0 {
			return "", checklist.Broke("look whether the text reaches the model at all, and whether rows are views of one buffer", "texts %d and %d have different words and one vector", j, i)
		}
	}
	return fmt.Sprintf("%d texts, as many vectors", len(k.refer)), nil
}

const shuffles = 3

// order embeds the sentences in other orders.
func order(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	for n := range shuffles {
		places := rand.New(rand.NewPCG(uint64(n), 9)).Perm(sentencesMax)
		texts := make([]string, sentencesMax)
		for i, p := range places {
			texts[i] = sentences()[p]
		}
		r, err := s.embed(ctx, texts, sentencesMax)
		if err != nil {
			return "", err
		}
		for i, p := range places {
			if same(r.vectors[i], k.refer[p], k.d.Determinism) {
				continue
			}
			if j := slices.IndexFunc(places, func(q int) bool { return same(r.vectors[i], k.refer[q], k.d.Determinism) }); j >= 0 {
				return "", checklist.Broke("return vectors in the order of the texts: one that sorts them, by length for example, has to undo it",
					"in a batch of %d, row %d has the vector of the text of row %d", sentencesMax, i, j)
			}
			return "", checklist.Broke("let no vector depend on the place of its text in the batch", "in another order, text %d gets another vector (cosine %.7f; determinism is %q)", p, cosine(r.vectors[i], k.refer[p]), k.d.Determinism)
		}
	}
	return fmt.Sprintf("%d texts in %d orders", sentencesMax, shuffles), nil
}

// tolerance is what "the same vector" means for this teacher.
func (k *kit) tolerance() string {
	if k.d.Determinism == teacher.Exact {
		return "bit for bit"
	}
	return fmt.Sprintf("cosine ≥ %v, length within %v", closeEnough, lengthSlack)
}

const alone = 9 // texts that are embedded by themselves

// batches embeds the same sentences in batches of other sizes.
func batches(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	for _, b := range []struct{ texts, size int }{{alone, 1}, {sentencesMax, 7}, {sentencesMax, sentencesMax}} {
		r, err := s.embed(ctx, sentences()[:b.texts], b.size)
		if err != nil {
			return "", err
		}
		if err := k.equal(r.vectors, k.refer, fmt.Sprintf("in batches of %d", b.size),
			"let no vector depend on the other texts of its batch: leave padding out of attention, pooling and sums; if only rounding is left, declare close"); err != nil {
			return "", err
		}
	}
	return "alone, in sevens and in 64: the same, " + k.tolerance(), nil
}

// determinism embeds in a second process.
func determinism(ctx context.Context, k *kit) (string, error) {
	s, err := k.open(ctx, opening{})
	if err != nil {
		return "", err
	}
	defer s.end()
	if err := k.asBefore(ctx, s); err != nil {
		return "", err
	}
	r, err := s.embed(ctx, sentences(), sentencesMax)
	if err != nil {
		return "", err
	}
	if err := k.equal(r.vectors, k.refer, "in a second process", "seed what is random, use no hash that is salted anew in each process, and let nothing depend on the order of a map; if only rounding is left, declare close"); err != nil {
		return "", err
	}
	return "a second process gives the same, " + k.tolerance(), nil
}
