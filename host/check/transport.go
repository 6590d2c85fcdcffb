package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cubeset/cubeset/plugins"
)

const (
	transportRows   = 256
	transportCalls  = 100 // a round
	transportRounds = 9
)

// transport measures what it takes to ask a teacher that costs nothing, in Go
// and in Python by turns.
func (s *suite) transport(python string) error {
	constant := filepath.Join(s.tmp, "constant")
	if _, err := s.command("go", "build", "-o", constant, "./host/check/constant"); err != nil {
		return err
	}
	commands := [][]string{{constant}, {python, filepath.Join(s.root, "host", "check", "constant.py")}}
	texts := slices.Repeat([]string{"What is the difference between a cube and a flat embedding?"}, transportRows)
	var ask []func() (time.Duration, error)
	for _, command := range commands {
		o := plugins.DefaultOptions()
		o.StartTimeout, o.TempDir = time.Minute, s.tmp // the machine may be busy
		t, err := plugins.Start(s.ctx, plugins.Spec{Command: command}, o)
		if err != nil {
			return err
		}
		defer t.Close()
		dst := make([]float32, transportRows*t.Description().Dims)
		ask = append(ask, func() (time.Duration, error) {
			begin := time.Now()
			for range transportCalls {
				if _, err := t.Embed(s.ctx, texts, dst); err != nil {
					return 0, err
				}
			}
			return time.Since(begin) / transportCalls / transportRows, nil
		})
	}
	took, ratios := make([][]time.Duration, len(ask)), []float64{}
	for range transportRounds {
		for i := range ask {
			d, err := ask[i]()
			if err != nil {
				return fmt.Errorf("%s: %w", strings.Join(commands[i], " "), err)
			}
			took[i] = append(took[i], d)
		}
		ratios = append(ratios, float64(took[1][len(ratios)])/float64(took[0][len(ratios)]))
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	fmt.Printf("   have a row of %d to and from a teacher in Go in %v, in Python in %v; %.2f times as long in the median of %d rounds\n",
		transportRows, slices.Min(took[0]), slices.Min(took[1]), ratio, transportRounds)
	s.passed++
	return nil
}
