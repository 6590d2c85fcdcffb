package cache

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseSize reads a number of bytes: 20GB, 1.5TB, 512MiB, 1000. Units are of
// 1000, but for those with an i, which are of 1024.
func ParseSize(s string) (int64, error) {
	unit := int64(1)
	number := strings.TrimSpace(s)
	for i, units := range [][]string{{"KB", "KiB"}, {"MB", "MiB"}, {"GB", "GiB"}, {"TB", "TiB"}} {
		for j, u := range units {
			if len(number) > len(u) && strings.EqualFold(number[len(number)-len(u):], u) {
				number = strings.TrimSpace(number[:len(number)-len(u)])
				unit = pow([]int64{1000, 1024}[j], i+1)
			}
		}
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(number, "B"), 64)
	if n := f * float64(unit); err == nil && n >= 1 && n < 1<<62 {
		return int64(n), nil
	}
	return 0, fmt.Errorf("%q is no size; for example 20GB or 512MiB", s)
}

func pow(base int64, n int) int64 {
	p := int64(1)
	for range n {
		p *= base
	}
	return p
}
