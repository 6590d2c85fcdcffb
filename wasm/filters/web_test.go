package filters_test

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/cubeset/cubeset/wasm"
)

// TestWebRules compares the four filters of web rules with the plain reading of
// their definitions below, on texts made of what the rules are about, and on real
// answers where there are some.
func TestWebRules(t *testing.T) {
	b := &wasm.Batch{}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		b.Answers = append(b.Answers, webText(r))
	}
	made := len(b.Answers)
	t.Run("real", func(t *testing.T) {
		b.Answers = append(b.Answers, realRows(t, "raw/oasst-trees.jsonl").Answers...)
		b.Answers = append(b.Answers, realRows(t, "raw/gsm8k-test.jsonl").Answers...)
	})
	b.Questions = make([]string, len(b.Answers))
	rt := runtime(t)
	for _, rule := range []struct {
		filter string
		config string
		judge  func(string) string
	}{
		{"gopher_quality", "", gopherQuality(50)},
		{"gopher_quality", `{"words_min":3}`, gopherQuality(3)},
		{"gopher_repetition", "", gopherRepetition},
		{"c4", "", c4},
		{"fineweb", "", fineweb},
	} {
		t.Run(rule.filter, func(t *testing.T) {
			got, _ := judge(t, rt, rule.filter, rule.config, b)
			seen := map[string]int{}
			for i, answer := range b.Answers {
				want := rule.judge(answer)
				if got[i] != want {
					if i >= made { // real text is not for messages
						answer = ""
					}
					t.Fatalf("answer %d, %q: got %q, want %q", i, answer, got[i], want)
				}
				seen[want]++
			}
			t.Logf("%s %s: %v", rule.filter, rule.config, seen)
			if len(seen) < 3 {
				t.Errorf("only the verdicts %v were seen", seen)
			}
		})
	}
}

// webText is lines of words, with all that the rules look at.
func webText(r *rand.Rand) string {
	words := strings.Fields("the be to of and that have with cat dog house runs sees big small tree, water. Yes! Why? one's don't мир дом 42 3.14 — # ## ... … Lorem ipsum lorem-ipsum JavaScript { } [12] word.[3] end.[edit] cookie use cookies privacy policy terms of use \"quoted.\" (so!) 你好。 supercalifragilistic • -")
	common := words[:min(len(words), 8+r.IntN(len(words)-7))]
	line := func() string {
		var w []string
		if r.IntN(8) == 0 {
			w = append(w, []string{"•", "-", "- -", "*"}[r.IntN(4)])
		}
		for range r.IntN(14) {
			w = append(w, common[r.IntN(len(common))])
		}
		return strings.Join(w, " ") + []string{"", ".", "!", "?", "...", "…", "\"", " ", "。", ".[4]"}[r.IntN(10)]
	}
	var lines []string
	for range 1 + r.IntN(12) {
		switch {
		case len(lines) > 0 && r.IntN(5) == 0:
			lines = append(lines, lines[r.IntN(len(lines))])
		case r.IntN(6) == 0:
			lines = append(lines, "")
		case r.IntN(200) == 0:
			lines = append(lines, "a b "+strings.Repeat("x", 1001)+".")
		default:
			lines = append(lines, line())
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func fraction(part, all int) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}

// gopherQuality is section A1.1 of Rae et al. 2021.
func gopherQuality(wordsMin int) func(string) string {
	sign := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }
	return func(text string) string {
		var words []string
		for _, w := range strings.Fields(text) {
			if w = strings.TrimFunc(w, sign); w != "" {
				words = append(words, w)
			}
		}
		characters, alphabetic, stop := 0, 0, map[string]bool{}
		for _, w := range words {
			characters += utf8.RuneCountInString(w)
			if strings.ContainsFunc(w, unicode.IsLetter) {
				alphabetic++
			}
			if l := strings.ToLower(w); slices.Contains([]string{"the", "be", "to", "of", "and", "that", "have", "with"}, l) {
				stop[l] = true
			}
		}
		lines, bullets, ellipses := strings.Split(text, "\n"), 0, 0
		if text == "" {
			lines = nil
		}
		for _, l := range lines {
			l = strings.TrimSpace(l)
			if strings.HasPrefix(l, "•") || strings.HasPrefix(l, "-") {
				bullets++
			}
			if strings.HasSuffix(l, "...") || strings.HasSuffix(l, "…") {
				ellipses++
			}
		}
		mean := fraction(characters, len(words))
		switch {
		case len(words) < wordsMin:
			return "words_few"
		case len(words) > 100_000:
			return "words_many"
		case mean < 3:
			return "words_short"
		case mean > 10:
			return "words_long"
		case fraction(strings.Count(text, "#"), len(words)) > 0.1:
			return "hashes"
		case fraction(strings.Count(text, "...")+strings.Count(text, "…"), len(words)) > 0.1:
			return "ellipses"
		case fraction(bullets, len(lines)) > 0.9:
			return "bullets"
		case fraction(ellipses, len(lines)) > 0.3:
			return "ellipsis_lines"
		case fraction(alphabetic, len(words)) < 0.8:
			return "not_alphabetic"
		case len(stop) < 2:
			return "stop_words"
		}
		return ""
	}
}

var (
	paragraphEnd = regexp.MustCompile(`\n{2,}`)
	lineEnd      = regexp.MustCompile(`\n+`)
)

// gopherRepetition is table A1 of Rae et al. 2021, with the counting of datatrove.
func gopherRepetition(text string) string {
	all := utf8.RuneCountInString(text)
	duplicates := func(parts []string) (share, characters float64) {
		seen, again, n := map[string]bool{}, 0, 0
		for _, p := range parts {
			if seen[p] {
				again++
				n += utf8.RuneCountInString(p)
			}
			seen[p] = true
		}
		return fraction(again, len(parts)), fraction(n, all)
	}
	paragraphs, paragraphCharacters := duplicates(paragraphEnd.Split(text, -1))
	lines, lineCharacters := duplicates(lineEnd.Split(text, -1))
	switch {
	case paragraphs > 0.3:
		return "paragraphs"
	case paragraphCharacters > 0.2:
		return "paragraph_characters"
	case lines > 0.3:
		return "lines"
	case lineCharacters > 0.2:
		return "line_characters"
	}
	words := strings.Fields(text)
	for i, most := range []float64{0.20, 0.18, 0.16} {
		n := i + 2
		counts, top := map[string]int{}, 0
		for k := 0; k+n <= len(words); k++ {
			gram := strings.Join(words[k:k+n], " ")
			counts[gram]++
			top = max(top, counts[gram])
		}
		for k := 0; k+n <= len(words); k++ {
			gram := strings.Join(words[k:k+n], " ")
			if top > 1 && counts[gram] == top {
				if fraction(utf8.RuneCountInString(gram)*top, all) > most {
					return "top_" + string(rune('0'+n))
				}
				break
			}
		}
	}
	for i, most := range []float64{0.15, 0.14, 0.13, 0.12, 0.11, 0.10} {
		n, seen, repeated := i+5, map[string]bool{}, 0
		for k := 0; k+n <= len(words); {
			gram := strings.Join(words[k:k+n], " ")
			if seen[gram] {
				repeated += utf8.RuneCountInString(strings.Join(words[k:k+n], ""))
				k += n
				continue
			}
			seen[gram] = true
			k++
		}
		if fraction(repeated, all) > most {
			return "repeated_" + []string{"5", "6", "7", "8", "9", "10"}[i]
		}
	}
	return ""
}

var (
	citation    = regexp.MustCompile(`\[\d*\]|\[edit\]|\[citation needed\]`)
	sentenceEnd = regexp.MustCompile(`[` + sentenceSigns + `]["')\]»”’]*\s+`)
	policy      = regexp.MustCompile(`terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies`)
)

// sentenceSigns end a sentence.
const sentenceSigns = `.!?…‼⁇⁈⁉。！？．｡؟۔।॥։።፧၊။។៕᠃᠉`

// c4 is section 2.2 of Raffel et al. 2020, in the order of its code.
func c4(text string) string {
	sentences := 0
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		words := strings.Fields(line)
		if slices.ContainsFunc(words, func(w string) bool { return utf8.RuneCountInString(w) > 1000 }) {
			continue
		}
		line = citation.ReplaceAllString(line, "")
		if line == "" || !strings.ContainsAny(line[len(line)-1:], `.?!"'`) || strings.HasSuffix(line, "...") || len(words) < 3 {
			continue
		}
		lower := strings.ToLower(line)
		switch {
		case strings.Contains(lower, "lorem ipsum"):
			return "lorem_ipsum"
		case strings.Contains(lower, "javascript"):
			continue
		case strings.Contains(line, "{"):
			return "curly_bracket"
		case policy.MatchString(lower):
			continue
		}
		sentences += 1 + len(sentenceEnd.FindAllString(line, -1))
	}
	if sentences < 5 {
		return "sentences"
	}
	return ""
}

// fineweb is section 3.6 of Penedo et al. 2024, with the numbers of its code.
func fineweb(text string) string {
	all, ended, short, repeated, seen := 0, 0, 0, 0, map[string]bool{}
	for line := range strings.SplitSeq(text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		n := utf8.RuneCountInString(line)
		all++
		if last, _ := utf8.DecodeLastRuneInString(line); strings.ContainsRune(sentenceSigns, last) {
			ended++
		}
		if n <= 30 {
			short++
		}
		if seen[line] {
			repeated += n
		}
		seen[line] = true
	}
	switch {
	case fraction(ended, all) < 0.12:
		return "line_ends"
	case fraction(short, all) > 0.67:
		return "short_lines"
	case fraction(repeated, utf8.RuneCountInString(strings.ReplaceAll(text, "\n", ""))) > 0.01:
		return "repeated_lines"
	case fraction(strings.Count(text, "\n"), len(strings.Fields(text))) > 0.3:
		return "new_lines"
	}
	return ""
}
