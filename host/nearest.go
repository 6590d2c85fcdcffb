package host

import (
	"fmt"
	"slices"
)

// listedMax is how many names an error lists.
const listedMax = 24

// suggest is " (did you mean X?)" for the name nearest to s, or the list of
// names if none is near and there are few.
func suggest(s string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	best := slices.MinFunc(names, func(a, b string) int { return distance(s, a) - distance(s, b) })
	if distance(s, best) <= max(2, len(s)/3) {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	if len(names) > listedMax {
		return ""
	}
	return fmt.Sprintf(" (known: %q)", names)
}

// distance is the Levenshtein distance in bytes, of the first 64 of each.
func distance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
