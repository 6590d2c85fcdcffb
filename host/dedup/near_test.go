package dedup

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func mustNear(t testing.TB, threshold float64) *Near {
	t.Helper()
	n, err := NewNear(threshold)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNearTwins(t *testing.T) {
	const answer = "to reset your password, open settings, choose security, and press the button reset password at the very end of the page"
	for _, c := range []struct {
		name   string
		q1, a1 string
		q2, a2 string
		twins  bool
	}{
		{"equal", "how do i reset my password?", answer, "how do i reset my password?", answer, true},
		{"punctuation alone", "how do i reset my password?", answer, "how do i reset my password", strings.ReplaceAll(answer, ",", " -"), true},
		{"one word more", "how do i reset my password?", answer, "how do i reset my password?", answer + " there", true},
		{"other texts", "how do i reset my password?", answer, "where is my order?", "it is on its way and will be with you by the end of the week", false},
		{"swapped", "how do i reset my password now?", answer, answer, "how do i reset my password now?", false},
		{"words the other way", "one two three four five six", answer, "six five four three two one", "page the of end very the at", false},
		{"the answer has what the question had", "one two three four", "five six seven eight", "one two three four five six seven eight", "five", false},
		{"short", "thanks!", "you are welcome", "thanks", "you are welcome", true},
		{"short and other", "thanks", "you are welcome", "sorry", "that is all right", false},
		{"a symbol is a word", "5 + 3", "8", "5 $ 3", "8", false},
		{"emoji alone", "👍", "👍", "👎", "👎", false},
		{"separators alone", "???", "!", "!!!", "?", false},
		{"chinese, one character of forty", "我想退掉上个星期在你们网店买的那双黑色的皮鞋，可以吗？", "可以，请在三十天之内把鞋子寄回来，我们会把钱退到您原来的账户里，运费由我们承担，您不用另外付款。", "我想退掉上个星期在你们网店买的那双黑色的皮鞋，可以吗？", "可以，请在三十天之内把鞋子寄回来，我们会把钱退到您原来的账户里，运费由我们承担，您不用另外付费。", true},
		{"chinese, other texts", "我想退掉上个星期买的鞋", "可以，请在三十天之内寄回来", "你们星期天开门吗", "开门，从上午十点到下午六点", false},
		{"thai has no spaces either", "ฉันจะรีเซ็ตรหัสผ่านได้อย่างไร", "เปิดการตั้งค่าแล้วกดปุ่มรีเซ็ตรหัสผ่าน", "ฉันจะรีเซ็ตรหัสผ่านได้อย่างไร?", "เปิดการตั้งค่าแล้วกดปุ่มรีเซ็ตรหัสผ่าน", true},
		{"nothing at all", "", "", "", "", true},
		{"an empty side", "", "one two three four", "one two three four", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := mustNear(t, NearThreshold)
			if twin, ok := n.First(Sign(c.q1, c.a1)); !ok || twin != 0 {
				t.Fatalf("the first of all: %d %v", twin, ok)
			}
			want := int64(0)
			if !c.twins {
				want = 1
			}
			if twin, ok := n.First(Sign(c.q2, c.a2)); ok == c.twins || twin != want {
				t.Errorf("First = %d %v, similarity %v", twin, ok, n.Similarity(0, Sign(c.q2, c.a2)))
			}
		})
	}
}

func TestNearThresholdIsChecked(t *testing.T) {
	for _, bad := range []float64{0, -1, 0.7499, 1.0001, math.NaN(), math.Inf(1)} {
		if _, err := NewNear(bad); err == nil {
			t.Errorf("threshold %v is taken", bad)
		}
	}
}

// shinglesOf is the specification told another way: the shingles of a text as
// strings. It knows texts of plain words and of Chinese characters.
func shinglesOf(role, s string) map[string]bool {
	set := map[string]bool{}
	words := strings.Fields(s)
	parts, run, glue := words, wordRun, " "
	if letters := strings.Join(words, ""); len(words) < wordRun || 2*strings.Count(s, "字") > utf8.RuneCountInString(letters) {
		parts, run, glue = strings.Split(letters, ""), runeRun, ""
		role += " characters"
		if len(parts) < run {
			run = len(parts)
		}
	}
	for i := 0; run > 0 && i+run <= len(parts); i++ {
		set[role+" "+strings.Join(parts[i:i+run], glue)] = true
	}
	return set
}

func jaccardOf(q1, a1, q2, a2 string) float64 {
	all := shinglesOf("q", q1)
	for s := range shinglesOf("a", a1) {
		all[s] = true
	}
	other := shinglesOf("q", q2)
	for s := range shinglesOf("a", a2) {
		other[s] = true
	}
	both := 0
	for s := range all {
		if other[s] {
			both++
		}
	}
	if len(all)+len(other) == 0 {
		return 1
	}
	return float64(both) / float64(len(all)+len(other)-both)
}

// Whatever is taken for a twin is at or above the threshold, by another
// reckoning than First's, and the number is that of the pair that stays.
func TestNothingBelowTheThresholdIsDropped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([ab字]{1,2} ?){0,7}|(to|be|or|not) (to|be|or|not) (to|be|or|not)( be)?( or)?( not)?`)
		threshold := rapid.SampledFrom([]float64{0.75, 0.8, 0.9, 1}).Draw(t, "threshold")
		n, err := NewNear(threshold)
		if err != nil {
			t.Fatal(err)
		}
		type pair struct{ q, a string }
		var kept []pair
		for i := range rapid.IntRange(1, 30).Draw(t, "pairs") {
			p := pair{text.Draw(t, "question"), text.Draw(t, "answer")}
			s := Sign(p.q, p.a)
			twin, ok := n.First(s)
			if ok {
				if twin != int64(len(kept)) {
					t.Fatalf("pair %d: kept as number %d, want %d", i, twin, len(kept))
				}
				kept = append(kept, p)
				continue
			}
			k := kept[twin]
			if j := jaccardOf(p.q, p.a, k.q, k.a); j < threshold || math.Abs(j-n.Similarity(twin, s)) > 1e-9 {
				t.Fatalf("pair %d, %q: Jaccard %v with its twin %q, counted %v", i, p, j, k, n.Similarity(twin, s))
			}
		}
		if n.Len() != int64(len(kept)) {
			t.Fatalf("Len = %d, want %d", n.Len(), len(kept))
		}
		for _, k := range kept { // what was kept is its own twin
			if _, ok := n.First(Sign(k.q, k.a)); ok {
				t.Fatalf("%q is not found again", k)
			}
		}
	})
}

// several is n, or fewer where everything takes ten times as long.
func several(n int) int {
	if testing.Short() {
		return n / 5
	}
	return n
}

// sample makes texts that are the same in every run.
type sample struct{ splitMix }

func (s *sample) intn(n int) int { return int(s.next() % uint64(n)) }

func (s *sample) words(n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", s.intn(5000))
	}
	return words
}

// Of planted near duplicates that are 0.1 above the threshold or more, nearly
// all are found; and the order alone decides which of the two stays.
func TestPlantedNearDuplicatesAreFound(t *testing.T) {
	for _, threshold := range []float64{0.75, NearThreshold} {
		s := sample{1}
		n, back := mustNear(t, threshold), mustNear(t, threshold)
		pairs := several(1000)
		var planted, found, foundBack int
		for planted < pairs {
			q, a := s.words(5+s.intn(20)), s.words(20+s.intn(60))
			b := slices.Clone(a)
			for range 1 + s.intn(2) {
				b[s.intn(len(b))] = "other"
			}
			first, second := Sign(strings.Join(q, " "), strings.Join(a, " ")), Sign(strings.Join(q, " "), strings.Join(b, " "))
			if jaccard(first.shingles, second.shingles) < threshold+0.1 {
				continue
			}
			planted++
			for _, run := range []struct {
				n     *Near
				pair  [2]Signature
				found *int
			}{{n, [2]Signature{first, second}, &found}, {back, [2]Signature{second, first}, &foundBack}} {
				stays, ok := run.n.First(run.pair[0])
				if !ok {
					t.Fatal("a pair of its own is taken for a twin")
				}
				if twin, ok := run.n.First(run.pair[1]); !ok && twin == stays {
					*run.found++
				}
			}
		}
		if found < pairs*95/100 || foundBack != found {
			t.Errorf("threshold %v: found %d of %d, %d the other way round", threshold, found, planted, foundBack)
		}
	}
}

// Many kept pairs in one bucket: the time of a call stays bounded, what is
// equal is still found among the newest, and nothing is dropped wrongly.
func TestNearBucketsOverflow(t *testing.T) {
	n := mustNear(t, 1)
	common := strings.Join((&sample{2}).words(400), " ")
	const pairs = 600
	for i := range pairs {
		if _, ok := n.First(Sign(common, fmt.Sprintf("number%d", i))); !ok {
			t.Fatalf("pair %d is taken for a twin", i)
		}
	}
	if twin, ok := n.First(Sign(common, fmt.Sprintf("number%d", pairs-1))); ok || twin != pairs-1 {
		t.Errorf("First = %d %v, want %d false", twin, ok, pairs-1)
	}
	if most := bands * nearWalkMax; len(n.found) > most || len(n.found) <= pairs/2 {
		t.Errorf("%d candidates, at most %d may be looked at, and most pairs share a key", len(n.found), most)
	}
}

// The signature is specified: these numbers may never change.
func TestSignatureIsSpecified(t *testing.T) {
	for _, c := range []struct {
		q, a  string
		first uint64 // shingle
		len   int
		keys  keys
	}{
		{q: "how do i reset my password?", a: "open settings and press reset.", first: 0x2512de71f248eef6, len: 7, keys: keys{
			0x29d11cd9, 0x85d143cb, 0x7ca1260d, 0x6bf66c7f, 0xfafcf598, 0x7f33f268, 0x32101737, 0x5b1ba28d,
			0x18cdd16b, 0x84b2331f, 0x11911feb, 0xdb559476, 0x9e816d29, 0x1e2a00e5, 0x112ab9e4, 0x427cec5e}},
		{q: "你们星期天开门吗？", a: "ok", first: 0x41b38ec062d246aa, len: 5, keys: keys{
			0x119715b7, 0xc38d7df2, 0x80170521, 0xb10a1dea, 0xd66c5bb7, 0xca908458, 0x9213d5b7, 0x3ae12af1,
			0x7219d878, 0x199c35ca, 0xc66d4133, 0x49e75bbc, 0xf1cba162, 0xda6cffb8, 0x221c59de, 0xbd116aeb}},
	} {
		s := Sign(c.q, c.a)
		if s.shingles[0] != c.first || len(s.shingles) != c.len || s.keys != c.keys {
			t.Errorf("%q: %#x, %d, %#v", c.q, s.shingles[0], len(s.shingles), s.keys)
		}
	}
}

func FuzzSign(f *testing.F) {
	f.Add("how do i reset my password?", "你们星期天开门吗 ok 👍 + ???")
	f.Add("\xff\xfe a \xec", "\xbd\xbf \xef\xbf\xbd")
	f.Fuzz(func(t *testing.T, q, a string) {
		s := Sign(q, a)
		if !slices.IsSorted(s.shingles) || len(slices.Compact(slices.Clone(s.shingles))) != len(s.shingles) {
			t.Fatal("the shingles are not ascending, each once")
		}
		if q+a != "" && len(s.shingles) == 0 {
			t.Fatal("a text without a shingle")
		}
		if n := utf8.RuneCountInString(q) + utf8.RuneCountInString(a); len(s.shingles) > n {
			t.Fatalf("%d shingles of %d characters", len(s.shingles), n)
		}
	})
}

// usualPairs is n pairs of 60 words each.
func usualPairs(n int) []Signature {
	s := sample{3}
	pairs := make([]Signature, n)
	for i := range pairs {
		pairs[i] = Sign(strings.Join(s.words(15), " "), strings.Join(s.words(45), " "))
	}
	return pairs
}

func TestNearMemory(t *testing.T) {
	pairs := several(50_000)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	n := mustNear(t, NearThreshold)
	s := sample{3}
	shingles := 0
	for range pairs {
		sig := Sign(strings.Join(s.words(15), " "), strings.Join(s.words(45), " "))
		shingles += len(sig.shingles)
		n.First(sig)
	}
	each := float64(heap()-before-8*uint64(shingles)) / float64(pairs)
	t.Logf("%.0f bytes a pair and 8 for each of %.1f shingles", each, float64(shingles)/float64(pairs))
	if each > 260 || n.Len() != int64(pairs) {
		t.Errorf("%d pairs kept of %d, %.0f bytes each", n.Len(), pairs, each)
	}
}

func BenchmarkSign(b *testing.B) {
	s := sample{4}
	question, answer := strings.Join(s.words(15), " "), strings.Join(s.words(45), " ")
	b.ReportAllocs()
	b.SetBytes(int64(len(question) + len(answer)))
	for b.Loop() {
		Sign(question, answer)
	}
}

func BenchmarkNearFirst(b *testing.B) {
	pairs := usualPairs(50_000)
	b.ReportAllocs()
	n := mustNear(b, NearThreshold)
	i := 0
	for b.Loop() {
		if i == len(pairs) {
			i, n = 0, mustNear(b, NearThreshold)
		}
		n.First(pairs[i])
		i++
	}
}
