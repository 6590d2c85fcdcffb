package filters_test

import (
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

// reasons asks a filter about rows and compares the reasons; scores are the
// business of the filters' own tests.
func reasons(t *testing.T, name, config string, pairs []pair) {
	t.Helper()
	b := &wasm.Batch{}
	for _, p := range pairs {
		b.Questions, b.Answers = append(b.Questions, p.question), append(b.Answers, p.answer)
	}
	got, _ := judge(t, runtime(t), name, config, b)
	for i, p := range pairs {
		if got[i] != p.want {
			t.Errorf("%s: %.40q / %.60q: got %q, want %q", name, p.question, p.answer, got[i], p.want)
		}
	}
}

func TestRepetition(t *testing.T) {
	long := strings.Repeat
	reasons(t, "repetition", "", []pair{
		{"?", "", ""},
		{"?", "I would like a table for two people at seven o'clock.", ""},
		{"?", "Сегодня хорошая погода, и мы пойдём гулять в парк.", ""},
		{"?", "今天天气很好，我们一起去公园散步吧。", ""},
		{"?", "الطقس جميل اليوم، فلنذهب إلى الحديقة.", ""},
		{"?", long("no ", 10), "characters"},
		{"?", long("да ", 10), "characters"},
		{"?", long("哈", 21), "characters"},
		{"?", long("نعم ", 10), "characters"},
		{"?", "Well, " + long("a", 60), "characters"},
		{"?", "Yes, yes, yes!", ""},
		{"?", "one two three 4 5 6\nother words in here now\nother words in here now", ""},
		{"one one one one one one one one", "two", ""},
	})
	reasons(t, "repetition", `{"characters_max":1}`, []pair{{"?", long("no ", 20), "words"}})
	reasons(t, "repetition", `{"characters_max":1,"words_max":1}`, []pair{
		{"?", long("no no no\n", 3), "lines"},
		{"?", long("no ", 20), ""},
	})
	check(t, "repetition", "", []float32{0, 0.5}, []pair{{"?", "plain", ""}, {"?", "abcdefghij\nabcdefghij", ""}})
}

func TestPii(t *testing.T) {
	reasons(t, "pii", "", []pair{
		{"What is your mail?", "It is anna.schmidt@firma.de", "email"},
		{"Мой телефон +7 916 123-45-67", "Записал", "phone"},
		{"电话是什么？", "我的电话是13812345678。", "phone"},
		{"ما رقم هاتفك؟", "رقمي ٠٥٠١٢٣٤٥٦٧", "phone"},
		{"Which server?", "93.184.216.34", "ip"},
		{"Which server?", "2606:4700:4700::64", "ip"},
		{"Card?", "4111 1111 1111 1111", "card"},
		{"Card?", "4111 1111 1111 1112", ""},
		{"Key?", "AKIAIOSFODNN7EXAMPLE", "key"},
		{"How many?", "48 + 24 = <<48+24=72>>72, or 1,234,567.89 of 2023-11-05 10:30:00", ""},
		{"Where?", "See https://a.example/415-867-5309 or 10.0.0.1", ""},
		{"Who?", "someone@example.com", ""},
		{"Which first?", "415-867-5309 and anna@firma.de", "email"},
		{"?", strings.Repeat("long text ", 14_000), "unsearched"},
	})
	reasons(t, "pii", `{"email":false,"question":false}`, []pair{
		{"415-867-5309", "anna@firma.de", ""},
		{"?", "anna@firma.de, 415-867-5309", "phone"},
	})
	check(t, "pii", "", []float32{3, 0}, []pair{{"a@b.de", "c@d.de, 93.184.216.34", "email"}, {"", "nothing", ""}})
	f, _ := filters.Find("pii")
	m, err := wasm.ReadManifest(f.Module)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range m.Reasons {
		if !r.Sensitive {
			t.Errorf("reason %s is not sensitive: its rows would be kept as they are", r.Name)
		}
	}
}

func TestURL(t *testing.T) {
	check(t, "url", "", []float32{0, 1, 10.0 / 15, 0, 10.0 / 57, 9.0 / 28}, []pair{
		{"Where?", "Nowhere.", ""},
		{"Where?", "https://a.example/b", "answer"},
		{"Куда?", "Вот: http://a.b", "answer"},
		{"https://a.example/b", "Good.", "question"},
		{"Where?", "see my page at some time, whenever you like it http://a.b", ""},
		{"哪里？", "请看这个网址的内容吧各位朋友们谢谢啊https://a.", "answer"},
	})
}

func TestJunk(t *testing.T) {
	long := strings.Repeat
	reasons(t, "junk", "", []pair{
		{"How?", "Like this: `<b>bold</b>`, or\n```\n<div></div>\n```", ""},
		{"Как?", "Вот так — «просто», № 5…", ""},
		{"怎么？", "就这样。👍🏽", ""},
		{"كيف؟", "هكذا\u200f، می\u200cخواهم", ""},
		{"?", "caf\ufffd", "broken"},
		{"?", long("a\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308", 5), "broken"},
		{"?", "he\u200bl\u200blo", "invisible"},
		{"?", "donâ€™t", "mojibake"},
		{"?", "РџСЂРёРІРµС‚", "mojibake"},
		{"?", "<p>Hello</p><br><b>you</b>", "markup"},
		{"?", "Use a < b and c > d, <3", ""},
		{"?", long("QUJDREVGR0hJSktMTU5PUFFS", 5) + "x1", "blob"},
		{"<p>Hello</p>", "fine", "markup"},
		{"", "", ""},
	})
	reasons(t, "junk", `{"markup_max":1}`, []pair{{"?", "<p>Hello</p><br>", ""}})
	check(t, "junk", "", []float32{0, 0.75}, []pair{{"?", "fine", ""}, {"?", "<p>x", "markup"}})
}

func TestWordlist(t *testing.T) {
	words := `{"words":"Bad, very sorry idea,плохой,坏人,straße,سيئ"}`
	reasons(t, "wordlist", words, []pair{
		{"ok?", "All good.", ""},
		{"BAD?", "no", "question"},
		{"ok?", "A bad one", "answer"},
		{"ok?", "badly", ""},
		{"ok?", "a very sorry idea!", "answer"},
		{"ok?", "a very good idea", ""},
		{"ну?", "ПЛОХОЙ", "answer"},
		{"ну?", "неплохой", ""},
		{"他？", "他是坏人吗", "answer"},
		{"هل؟", "هذا سيئ جدا", "answer"},
		{"wo?", "STRASSE", "answer"},
	})
	check(t, "wordlist", `{"words":"a","hits_max":2,"question":false}`, []float32{2, 3}, []pair{{"a a a a", "a A", ""}, {"", "a,a,a", "answer"}})

	r := runtime(t)
	bundled, _ := filters.Find("wordlist")
	f, err := r.Load(t.Context(), bundled.Module)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		config string
		blob   string
		want   string
	}{
		{"", "", "no words"},
		{"", "# only a comment\n\n", "no words"},
		{`{"words":"?!"}`, "", "no letters"},
		{"", strings.Repeat("a ", 17), "more than 16 words"},
		{"", "\xff", "not UTF-8"},
	} {
		if _, err := f.Open(t.Context(), []byte(bad.config), map[string][]byte{"words": []byte(bad.blob)}); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%q, %q: %v, want %q", bad.config, bad.blob, err, bad.want)
		}
	}
	in, err := f.Open(t.Context(), nil, map[string][]byte{"words": []byte("# a list\r\nBad\r\n\r\nworse thing\r\n")})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close(t.Context())
	out, err := in.Filter(t.Context(), &wasm.Batch{Questions: []string{"", "", ""}, Answers: []string{"bad", "a worse thing", "a list"}}, nil)
	if err != nil || out[0].Keep || out[1].Keep || !out[2].Keep {
		t.Errorf("blob: %+v, %v", out, err)
	}
}

func TestLanguage(t *testing.T) {
	english, russian := "The weather is very nice today, is it not?", "Сегодня очень хорошая погода, не правда ли?"
	reasons(t, "language", "", []pair{{english, russian, ""}, {"", "", ""}})
	reasons(t, "language", `{"wanted":"en, ru"}`, []pair{
		{english, russian, ""},
		{english, "今天天气非常好，我们去散步吧，好不好？", "zh"},
		{"Das Wetter ist heute wirklich sehr schön, nicht wahr?", english, "de"},
		{english, "الطقس جميل جدا اليوم، أليس كذلك يا صديقي؟", "ar"},
		{english, "Ok!", ""},
		{english, "17 * 23 = 391", ""},
		{english, "Dziś jest bardzo ładna pogoda, chodźmy się przejść, będzie świetnie", "other"},
	})
	check(t, "language", `{"wanted":"ru","question":false}`, []float32{1, 0, 1}, []pair{
		{english, russian, ""}, {russian, english, "en"}, {english, "?", ""},
	})
	r := runtime(t)
	bundled, _ := filters.Find("language")
	f, err := r.Load(t.Context(), bundled.Module)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open(t.Context(), []byte(`{"wanted":"en,other"}`), nil); err == nil || !strings.Contains(err.Error(), "a language in wanted is not one of ar, be") {
		t.Errorf("an unknown language: %v", err)
	}
}
