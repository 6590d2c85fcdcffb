package precomputed

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// canonical is the form in which a host hands texts to a teacher (text/v1 of
// formats/SPEC.md): a line break is one character, other control characters are
// gone, NFC, nothing around it.
func canonical(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(norm.NFC.String(s))
}
