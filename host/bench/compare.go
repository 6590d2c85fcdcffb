package main

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Case is one contestant.
type Case struct {
	Name string
	// Against names the contestants of the group it is compared with.
	Against []string
	Run     func(ctx context.Context) (Sample, error)
}

// Group is contestants that do the same work.
type Group struct {
	Title   string
	Unit    string  // "µs/row", or "MB/s" for a rate
	Scale   float64 // seconds a unit × Scale, or units a second × Scale for a rate
	Rate    bool    // more is better
	Columns []Column
	Notes   []string
	Cases   []Case
}

// Column is one of a sample's further numbers.
type Column struct{ Key, Title, Format string }

// missing is the error of a contestant that is not there.
type missing struct{ what, install string }

func (m *missing) Error() string { return m.what + " is not there; " + m.install }

// compare gives every case of every group its turn in each round. Who begins
// changes with the round. A case that is missing is said to be, and left out.
func compare(ctx context.Context, groups []Group, rounds int, progress io.Writer) ([]Table, error) {
	samples := make([][][]Sample, len(groups)) // by group and case
	left := make([]map[int]error, len(groups))
	for g := range groups {
		samples[g], left[g] = make([][]Sample, len(groups[g].Cases)), map[int]error{}
	}
	for round := range rounds {
		for g, group := range groups {
			fmt.Fprintf(progress, "round %d of %d: %s\n", round+1, rounds, group.Title)
			for i := range group.Cases {
				at := (i + round) % len(group.Cases)
				if left[g][at] != nil {
					continue
				}
				s, err := group.Cases[at].Run(ctx)
				var m *missing
				switch {
				case ctx.Err() != nil:
					return nil, ctx.Err()
				case errors.As(err, &m):
					left[g][at] = err
					continue
				case err != nil:
					return nil, fmt.Errorf("%s: %s: %w", group.Title, group.Cases[at].Name, err)
				}
				samples[g][at] = append(samples[g][at], s)
			}
		}
	}
	tables := make([]Table, len(groups))
	for g := range groups {
		tables[g] = groups[g].table(samples[g], left[g])
	}
	return tables, nil
}
