package kit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/wasm"
)

// oddTexts are texts that a host may send and few think of. All keep to 4.5.
func oddTexts() []struct{ name, text string } {
	const mega = 1 << 20
	return []struct{ name, text string }{
		{"an empty text", ""},
		{"a space", " "},
		{"line ends alone", "\n\n\n"},
		{"tabs and line ends", "\tfirst\n\n\tsecond\n"},
		{"one letter", "a"},
		{"one letter of two bytes", "я"},
		{"one character of four bytes", "🙂"},
		{"a combining mark alone", "\u0301"},
		{"thirty combining marks", "z" + strings.Repeat("\u0316", 30)},
		{"emoji joined by ZWJ", "👩\u200d👩\u200d👧\u200d👦 🏳\ufe0f\u200d🌈 👍🏽 🇩🇪"},
		{"zero-width characters alone", "\u200b\u200c\u200d\u2060\ufeff"},
		{"bidirectional overrides", "\u202eabc\u202c \u2067מה\u2069 \u200f"},
		{"Arabic and Hebrew", "مرحبا بالعالم שלום עולם"},
		{"Devanagari", "मेरा ऑर्डर कहाँ है"},
		{"Thai, without spaces", "ขอบคุณมากครับ"},
		{"Chinese beyond the first plane", "𠜎𠜱𠝹𠱓 𝒳𝓎𝓏"},
		{"the last code points", "\ufffd\uffff\U0010ffff\ue000"},
		{"C1 controls and a no-break space", "\u0085\u009b\u00a0"},
		{"line and paragraph separators", "a\u2028b\u2029c"},
		{"punctuation alone", "?!…—''\"\"()"},
		{"digits alone", strings.Repeat("0123456789", 30)},
		{"JSON", `{"a":[1,{"b":"\u0000"}],"c":"\"`},
		{"HTML", "<p onclick=\"x()\">&amp;&#0;<!-- </p>"},
		{"a format", "%s%n%d%%\\x00${0}{}"},
		{"open brackets", strings.Repeat("([{<", 5000)},
		{"a word of 50,000 letters", strings.Repeat("abcdefghij", 5000)},
		{"one letter, 50,000 times", strings.Repeat("a", 50_000)},
		{"one word, 20,000 times", strings.Repeat("so ", 20_000)},
		{"20,000 line ends", strings.Repeat("\n", 20_000)},
		{"a megabyte of words", strings.Repeat("the quick brown fox jumps over it. ", mega/35)},
		{"a megabyte of Cyrillic", strings.Repeat("съешь ещё этих мягких булок, ", mega/54)},
	}
}

// texts judges every odd text as a question, as an answer and as both: all in
// one batch, and each alone.
func texts(ctx context.Context, k *kit) (string, error) {
	odd := oddTexts()
	b := &wasm.Batch{Dim: k.dim()}
	var names []string
	for i, t := range odd {
		for _, pair := range [][3]string{{t.text, "It is that.", "the question"}, {"What is it?", t.text, "the answer"}, {t.text, t.text, "question and answer"}} {
			if len(t.text) > 1<<19 && pair[2] != "the answer" { // one of them is enough to wait for
				continue
			}
			b.Questions, b.Answers = append(b.Questions, pair[0]), append(b.Answers, pair[1])
			names = append(names, t.name+" as "+pair[2])
			k.copyRow(b, i)
		}
	}
	name := func(i int) string { return names[i] }
	all, _, err := k.fresh(ctx, b, name)
	if err != nil {
		return "", err
	}
	in, err := k.open(ctx)
	if err != nil {
		return "", err
	}
	defer in.Close(ctx)
	for i := range all {
		part := b.Slice(i, i+1)
		one, err := k.judge(ctx, in, &part, func(int) string { return names[i] + ", alone" })
		if err != nil {
			return "", err
		}
		if err := k.equal(one, all[i:i+1], func(int) string { return names[i] }, "alone"); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d odd texts, together and alone", len(odd)), nil
}

// copyRow gives a row of b everything but the texts of ordinary row i.
func (k *kit) copyRow(b *wasm.Batch, i int) {
	o := k.rows
	b.Contexts, b.IDs, b.Langs = append(b.Contexts, o.Contexts[i]), append(b.IDs, o.IDs[i]), append(b.Langs, o.Langs[i])
	b.Sources, b.DialogueIDs, b.Turns = append(b.Sources, o.Sources[i]), append(b.DialogueIDs, o.DialogueIDs[i]), append(b.Turns, o.Turns[i])
	b.Similarity = append(b.Similarity, o.Similarity[i])
	b.QuestionEmbeddings, b.AnswerEmbeddings = append(b.QuestionEmbeddings, o.QuestionEmbeddings[i]), append(b.AnswerEmbeddings, o.AnswerEmbeddings[i])
	if b.Scores == nil {
		for _, c := range o.Scores {
			b.Scores = append(b.Scores, wasm.ScoreColumn{Name: c.Name})
		}
	}
	for j := range b.Scores {
		b.Scores[j].Values = append(b.Scores[j].Values, o.Scores[j].Values[i])
	}
}

// oddVectors are finite, all the same.
func oddVectors(dim int) []struct {
	name   string
	vector []float32
} {
	each := func(f func(i int) float32) []float32 {
		v := make([]float32, dim)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	const huge, tiny = math.MaxFloat32, math.SmallestNonzeroFloat32
	same := func(x float32) []float32 { return each(func(int) float32 { return x }) }
	negative := float32(math.Copysign(0, -1))
	return []struct {
		name   string
		vector []float32
	}{
		{"zeros", same(0)},
		{"negative zeros", same(negative)},
		{"the smallest numbers", same(tiny)},
		{"numbers whose squares vanish", same(1e-30)},
		{"numbers whose squares overflow", same(1e30)},
		{"the largest numbers", same(huge)},
		{"the largest numbers of either sign", each(func(i int) float32 { return huge * float32(1-i%2*2) })},
		{"one value other than zero", each(func(i int) float32 { return float32(max(0, 1-i)) })},
		{"numbers of all sizes", each(func(i int) float32 { return float32(math.Pow(10, float64(i%77-38))) })},
		{"ones", same(1)},
		{"minus ones", same(-1)},
	}
}

// vectors judges every pair of odd vectors, in spaces of several sizes, and odd
// similarities.
func vectors(ctx context.Context, k *kit) (string, error) {
	embeddings, similarity := slices.Contains(k.m.Needs, wasm.NeedEmbeddings), slices.Contains(k.m.Needs, wasm.NeedSimilarity)
	if !embeddings && !similarity {
		return "", checklist.Skip("it asks for no vectors")
	}
	dims := []int{1, 2, 3, 384, 1000, k.dim()}
	if k.m.Dim > 0 || !embeddings {
		dims = []int{k.dim()}
	}
	pairs := 0
	for _, dim := range dims {
		b := &wasm.Batch{Dim: dim}
		var names []string
		odd := oddVectors(dim)
		cosines := []float32{-1, 1, 0, float32(math.Copysign(0, -1)), math.Nextafter32(1, 2), math.Nextafter32(-1, -2), math.SmallestNonzeroFloat32, 0.3}
		for i, q := range odd {
			for j, a := range odd {
				c := cosines[(i*len(odd)+j)%len(cosines)]
				b.Questions, b.Answers = append(b.Questions, "How do I reset my password?"), append(b.Answers, "Open Settings and choose Reset password.")
				names = append(names, fmt.Sprintf("%s against %s, in %d dimensions, with similarity %v", q.name, a.name, dim, c))
				k.copyRow(b, 0)
				last := b.Rows() - 1
				b.QuestionEmbeddings[last], b.AnswerEmbeddings[last], b.Similarity[last] = q.vector, a.vector, c
			}
		}
		if _, _, err := k.fresh(ctx, b, func(i int) string { return names[i] }); err != nil {
			return "", err
		}
		pairs += b.Rows()
	}
	return fmt.Sprintf("%d pairs of odd vectors, of %v values", pairs, slices.Compact(dims)), nil
}

// columns judges rows whose other columns are empty, or odd.
func columns(ctx context.Context, k *kit) (string, error) {
	wants := slices.DeleteFunc(slices.Clone(k.m.Needs), func(n string) bool { return n == wasm.NeedEmbeddings || n == wasm.NeedSimilarity })
	if len(wants) == 0 {
		return "", checklist.Skip("it asks for no other columns")
	}
	bare := *k.rows
	bare.Contexts, bare.IDs, bare.Langs, bare.Sources, bare.DialogueIDs, bare.Turns, bare.Scores = nil, nil, nil, nil, nil, nil, nil
	if _, _, err := k.fresh(ctx, &bare, named); err != nil {
		return "", fmt.Errorf("without any of %v: %w", wants, err)
	}
	odd := oddTexts()
	b := &wasm.Batch{Dim: k.dim()}
	var names []string
	for i, t := range odd {
		if len(t.text) > 1<<19 {
			continue
		}
		k.copyRow(b, i)
		b.Questions, b.Answers = append(b.Questions, k.rows.Questions[i]), append(b.Answers, k.rows.Answers[i])
		b.Contexts[i], b.IDs[i], b.Langs[i], b.Sources[i], b.DialogueIDs[i] = t.text, t.text, t.text, t.text, t.text
		b.Turns[i] = []int32{-1, 0, math.MaxInt32, math.MinInt32}[i%4]
		names = append(names, t.name+" in every column")
	}
	numbers := []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}
	b.Scores = nil
	for c := range 40 {
		column := wasm.ScoreColumn{Name: strings.Repeat("n", c%32+1) + fmt.Sprint(c)}
		for i := range b.Rows() {
			column.Values = append(column.Values, numbers[(c+i)%len(numbers)])
		}
		b.Scores = append(b.Scores, column)
	}
	if _, _, err := k.fresh(ctx, b, func(i int) string { return names[i] }); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: missing, and odd", strings.Join(wants, ", ")), nil
}
