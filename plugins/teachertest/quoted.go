package teachertest

import "strconv"

const quotedBytesMax = 200

// quoted makes what a teacher said safe to print, and short.
func quoted(s string) string {
	if len(s) > quotedBytesMax {
		return strconv.Quote(s[:quotedBytesMax]) + "…"
	}
	return strconv.Quote(s)
}
