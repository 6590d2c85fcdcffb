package teachertest

import (
	"fmt"
	"strings"
)

// sentencesMax is the largest batch of sentences.
const sentencesMax = 64

// sentences are different in words and length, so that nearly every teacher
// tells them apart.
func sentences() []string {
	words := strings.Fields(`river cloud engine pepper window doctor violin market copper winter
		guitar lemon bridge candle forest tunnel mirror rocket harbour blanket
		teacher desert button ladder planet kettle orchard pencil saddle anchor`)
	texts := make([]string, sentencesMax)
	for i := range texts {
		var b strings.Builder
		fmt.Fprintf(&b, "The %s and the %s", words[i%30], words[(i*7+i/30+3)%30])
		for j := range 1 + i%9 {
			fmt.Fprintf(&b, " near a %s", words[(i*11+j*j+5*j+i/30)%30])
		}
		texts[i] = b.String() + "."
	}
	return texts
}

// oddTexts are what people write besides plain English.
func oddTexts() []struct{ name, text string } {
	return []struct{ name, text string }{
		{"composed accents (NFC)", "Où est passée la clé du château ? " + canary},
		{"decomposed accents (NFD)", "Ou\u0300 est passe\u0301e la cle\u0301 du cha\u0302teau ? " + canary},
		{"Hebrew and Arabic", "שלום עולם، مرحبا بالعالم " + canary},
		{"Chinese, without spaces", "请问我的订单现在在哪里"},
		{"Devanagari", "मेरा ऑर्डर कहाँ है"},
		{"emoji joined by ZWJ", "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 👍🏽"},
		{"letters beyond the first plane", "𝒳𝓎𝓏 𐍈𐌰𐌽 𠜎𠜱"},
		{"stacked combining marks", "z" + strings.Repeat("\u0301\u0316", 50) + " " + canary},
		{"line breaks and tabs", "first line\n\tsecond line\n\n" + canary},
		{"byte order mark and private use", "\ufeff\ue000 \U0010fffd " + canary},
		{"punctuation alone", "?!…—"},
		{"one letter", "a"},
		{"a word of 10,000 letters", strings.Repeat("abcdefghij", 1000)},
		{"a NUL and an escape", "before \x00 \x1b[31m after " + canary},
	}
}

// half is the size of either half of a long text: more than 100,000 words.
const half = 1 << 19

// longText is a megabyte whose second half has other words than its first.
func longText() (all, first string) {
	fill := func(words string) string { return strings.Repeat(words, half/len(words)+1)[:half] }
	first = fill("how do I open " + canary + " up at an inn ")
	return first + strings.ToValidUTF8(fill("тепло 雪 the quick brown fox jumps over "), "  "), first
}

// messageText fills a request of 8 MiB with other texts.
func messageText(bytes int) string { return strings.Repeat("blue sky. ", bytes/10) }
