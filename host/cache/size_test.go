package cache

import "testing"

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
	}{{"20GB", 20e9}, {"1.5tb", 1.5e12}, {"512MiB", 512 << 20}, {"1 kb", 1000}, {"7", 7}, {"7B", 7}, {"", 0}, {"GB", 0}, {"-1GB", 0}, {"0", 0}, {"1PB", 0}, {"NaN", 0}, {"1e300GB", 0}} {
		if got, err := ParseSize(c.in); got != c.want || (err == nil) != (c.want > 0) {
			t.Errorf("size %q: %d, %v, want %d", c.in, got, err, c.want)
		}
	}
}
