// Package term is what cubeset must know of the terminal it talks to, and how
// foreign text is made safe to show there.
package term

import (
	"fmt"
	"os"
	"strings"
	"unicode"

	"golang.org/x/sys/unix"
)

// IsTerminal says whether f is a terminal a person looks at. TERM=dumb is not:
// it cannot move its cursor.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), ioctlReadTermios)
	return err == nil && os.Getenv("TERM") != "dumb"
}

// Color says whether f may be given colour: a terminal, and no NO_COLOR.
func Color(f *os.File) bool { return IsTerminal(f) && os.Getenv("NO_COLOR") == "" }

// Clean makes one line of foreign text safe to show: control characters,
// escape sequences, bidirectional overrides and invisible characters come out
// as visible escapes, and the text is cut after max characters.
func Clean(s string, max int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > max {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == unicode.ReplacementChar || unicode.IsGraphic(r) && !unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	return b.String()
}
