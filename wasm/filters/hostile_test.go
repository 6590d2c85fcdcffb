package filters_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

// needed are the options without which a filter does nothing.
var needed = map[string]string{"wordlist": `{"words":"a,я,好"}`, "language": `{"wanted":"en,zh"}`}

// hostileTexts are texts that somebody could send to do harm.
func hostileTexts() []string {
	const mega, most, beyond = 1 << 20, 256 << 10, 300 << 10 // most is how far the filters look
	long := func(s string) string { return strings.Repeat(s, beyond/len(s)) }
	var varied strings.Builder
	for i := 0; varied.Len() < mega; i++ {
		varied.WriteString("word" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + " \n"[i%2:i%2+1])
	}
	texts := []string{
		"", " ", "\n", "\n\n\n\n", "x", "я", "好", "🙂", "\u0301", "…", "...", "@", "<", "&", "[", "`", "```", "+", "(", "-", "{", "\u200d\u200d",
		strings.Repeat("\u0301", 1000),
		"\u202eمرحبا\u202c كيف الحال؟ \u200fשלום",
		"👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪",
		"http://", "www.", "a@", "@b.de", "+1", "1.1.1.", "2001::", "-----BEGIN ", "eyJ.eyJ.", "sk-", "://:@", "<!--", "&#;", "[12", "Â", "РЎ",
		long("я"), long("好"), long("\u0301"), long("\n"), long("a\n"),
		varied.String(), strings.Repeat("a ", mega/2), strings.Repeat("1 ", most/4), strings.Repeat("1 11 ", most/10), strings.Repeat("a=1:", most/8), strings.Repeat("a@b.de ", most/14),
	}
	for _, s := range []string{"a", "🙂", "a\n\n", "1", "1 ", "+1", "1.", "a@", "@", ".", "<", "<b", "<!--", "&", "[", "[1]", "`", "-----BEGIN ", "eyJ", "sk-", "http://a(", "www.", "://a:", "Ã", "Â©", "Р°", "A1", "((1)", "token=", "f:", "2a02:"} {
		texts = append(texts, strings.Repeat(s, 30_000/len(s)))
	}
	return texts
}

// TestHostileTexts asks every filter about every hostile text: it must answer, in
// the same way and for the same fuel from a fresh instance, and row by row as in
// a batch.
func TestHostileTexts(t *testing.T) {
	ctx, r := context.Background(), runtime(t)
	b := &wasm.Batch{}
	for _, text := range hostileTexts() {
		b.Questions, b.Answers = append(b.Questions, text), append(b.Answers, text)
		b.Similarity = append(b.Similarity, 0.5)
	}
	for _, bundled := range filters.All() {
		t.Run(bundled.Name, func(t *testing.T) {
			f, err := r.Load(ctx, bundled.Module)
			if err != nil {
				t.Fatal(err)
			}
			open := func() *wasm.Instance {
				in, err := f.Open(ctx, json.RawMessage(needed[bundled.Name]), nil)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { in.Close(ctx) })
				return in
			}
			whole, again, rows := open(), open(), open()
			out, err := whole.Filter(ctx, b, nil)
			if err != nil {
				t.Fatal(err)
			}
			if second, err := again.Filter(ctx, b, nil); err != nil || !slices.Equal(out, second) || whole.Fuel() != again.Fuel() {
				t.Errorf("a fresh instance differs: %v, fuel %d and %d", err, whole.Fuel(), again.Fuel())
			}
			for i := range out {
				part := b.Slice(i, i+1)
				one, err := rows.Filter(ctx, &part, nil)
				if err != nil {
					t.Fatalf("row %d alone, %.20q…: %v", i, b.Answers[i], err)
				}
				if one[0] != out[i] {
					t.Errorf("row %d: alone %+v, in a batch %+v", i, one[0], out[i])
				}
			}
			if most := uint32(64 << 20); rows.Memory() > most {
				t.Errorf("%d bytes of memory, want at most %d", rows.Memory(), most)
			}
		})
	}
}

// FuzzFilters asks every filter about a text nobody thought of, alone and behind
// another row: it must answer, and in the same way.
func FuzzFilters(f *testing.F) {
	for _, text := range hostileTexts() {
		if len(text) < 100 {
			f.Add(text, "It is that.")
		}
	}
	ctx, r := context.Background(), runtime(f)
	var open []func() *wasm.Instance
	for _, bundled := range filters.All() {
		filter, err := r.Load(ctx, bundled.Module)
		if err != nil {
			f.Fatal(err)
		}
		open = append(open, func() *wasm.Instance {
			in, err := filter.Open(ctx, json.RawMessage(needed[bundled.Name]), nil)
			if err != nil {
				f.Fatal(err)
			}
			return in
		})
	}
	f.Fuzz(func(t *testing.T, question, answer string) {
		b := &wasm.Batch{Questions: []string{answer, question}, Answers: []string{question, answer}, Similarity: []float32{0.1, 0.5}}
		last := b.Slice(1, 2)
		for i, name := range filters.All() {
			in, fresh := open[i](), open[i]()
			both, err := in.Filter(ctx, b, nil)
			if err != nil {
				t.Fatalf("%s: %v", name.Name, err)
			}
			one, err := fresh.Filter(ctx, &last, nil)
			if err != nil || one[0] != both[1] {
				t.Errorf("%s: %+v behind another row, %+v alone, %v", name.Name, both[1], one[0], err)
			}
			in.Close(ctx)
			fresh.Close(ctx)
		}
	})
}
