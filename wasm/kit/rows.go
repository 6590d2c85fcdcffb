package kit

import (
	"fmt"
	"math"
	"strings"

	"github.com/cubeset/cubeset/wasm"
)

// rowsMax is the rows of the ordinary batch: no power of two, and more than a
// byte counts.
const rowsMax = 257

// talk is a question and an answer of a language.
type talk struct{ lang, question, answer string }

func talks() []talk {
	return []talk{
		{"en", "How do I reset my password?", "Open Settings, choose Security and then Reset password. A link is sent to your address."},
		{"en", "Where is my order?", "It left our warehouse on Monday and should be with you tomorrow."},
		{"en", "ok", "ok"},
		{"en", "Thanks a lot!", "You're welcome :-)"},
		{"en", "Can you send me the invoice as a PDF?", "Sure: https://example.com/invoice.pdf?id=42 (write to help@example.com if it does not open)"},
		{"ru", "Как дела?", "Спасибо, хорошо. А как у вас?"},
		{"ru", "Где можно поменять деньги?", "В банке на углу, он открыт до восьми вечера."},
		{"de", "Wann fährt der nächste Zug nach Köln?", "Um 14:35 Uhr von Gleis 7, über Düsseldorf."},
		{"fr", "Où est la gare ?", "Tout droit, puis la deuxième rue à gauche : vous la verrez."},
		{"zh", "请问我的订单现在在哪里？", "您的订单昨天已经发货，预计明天送到。"},
		{"ja", "予約を変更できますか。", "はい、お電話かウェブサイトで変更できます。"},
		{"ar", "كيف حالك؟", "أنا بخير، شكرا لك."},
		{"he", "מה השעה?", "רבע לשמונה."},
		{"hi", "मेरा ऑर्डर कहाँ है?", "वह कल तक पहुँच जाएगा।"},
		{"en", "What do you think? 🙂", "👍🏽 Great idea, let's do it! 👩‍👩‍👧‍👦"},
		{"en", "Write a loop", "```go\nfor i := range 10 {\n\tfmt.Println(i)\n}\n```"},
		{"en", "Repeat it", "again and again and again and again and again and again and again"},
		{"en", "Where is my order?", "WHERE IS MY ORDER?"},
		{"", "1 + 1 = ?", "2"},
	}
}

// ordinary is the batch of rows that every filter must take.
func ordinary(dim int) *wasm.Batch {
	all := talks()
	b := &wasm.Batch{Dim: dim, Scores: []wasm.ScoreColumn{{Name: "earlier"}, {Name: "other_one"}}}
	g := generator(1)
	for i := range rowsMax {
		t, next := all[i%len(all)], all[(i*7+i/len(all))%len(all)]
		if i >= len(all) { // beyond the first round, the answers are of other questions
			t.answer = next.answer
		}
		if i%5 == 4 {
			t.question += " " + strings.Repeat(next.question+" ", i%11) + "?"
		}
		b.Questions, b.Answers = append(b.Questions, t.question), append(b.Answers, t.answer)
		context := ""
		if i%3 > 0 {
			context = next.question + "\n" + next.answer
		}
		b.Contexts, b.Langs = append(b.Contexts, context), append(b.Langs, t.lang)
		b.IDs, b.Sources = append(b.IDs, fmt.Sprintf("row-%d", i)), append(b.Sources, [...]string{"chats.jsonl", "mail/2024"}[i%2])
		b.DialogueIDs, b.Turns = append(b.DialogueIDs, fmt.Sprintf("dialogue-%d", i/4)), append(b.Turns, int32(i%4))
		cosine := float32(i)/(rowsMax-1)*2 - 1
		q, a := g.pair(dim, cosine)
		b.QuestionEmbeddings, b.AnswerEmbeddings = append(b.QuestionEmbeddings, q), append(b.AnswerEmbeddings, a)
		b.Similarity = append(b.Similarity, cosine)
		b.Scores[0].Values = append(b.Scores[0].Values, float32(len(t.answer)))
		b.Scores[1].Values = append(b.Scores[1].Values, cosine)
	}
	return b
}

// named says which of the ordinary rows row i is.
func named(i int) string { return fmt.Sprintf("ordinary row %d", i) }

// generator is SplitMix64 (Steele, Lea, Flood 2014), so that a filter is given
// the same rows everywhere.
type generator uint64

func (g *generator) next() uint64 {
	*g += 0x9e3779b97f4a7c15
	z := uint64(*g)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// pair is two vectors of length 1 with that cosine, up to rounding. A single
// value has only the cosines 1 and -1.
func (g *generator) pair(dim int, cosine float32) (q, a []float32) {
	x, y := g.direction(dim), g.direction(dim)
	dot := 0.0
	for i := range x {
		dot += x[i] * y[i]
	}
	norm := 0.0
	for i := range y { // what of y is at right angles to x
		y[i] -= dot * x[i]
		norm += y[i] * y[i]
	}
	along, across := float64(cosine), math.Sqrt(max(0, 1-float64(cosine)*float64(cosine)))
	if dim == 1 {
		along, across = math.Copysign(1, along), 0
	} else {
		across /= math.Sqrt(norm)
	}
	for i := range x {
		q, a = append(q, float32(x[i])), append(a, float32(along*x[i]+across*y[i]))
	}
	return q, a
}

// direction is a vector of length 1.
func (g *generator) direction(dim int) []float64 {
	v := make([]float64, dim)
	norm := 0.0
	for i := range v {
		v[i] = float64(int64(g.next())) / (1 << 63)
		norm += v[i] * v[i]
	}
	for i := range v {
		v[i] /= math.Sqrt(norm)
	}
	return v
}
