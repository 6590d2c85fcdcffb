package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is what a group's samples come to.
type Table struct {
	Title   string   `json:"title"`
	Unit    string   `json:"unit"`
	Rate    bool     `json:"rate"` // more is better
	Rows    []Row    `json:"rows"`
	Skipped []string `json:"skipped,omitempty"`
	Notes   []string `json:"notes,omitempty"`

	columns []Column
}

// Row is one contestant. CPU and Wall are in the table's unit.
type Row struct {
	Name   string             `json:"name"`
	CPU    Spread             `json:"cpu"`
	Wall   Spread             `json:"wall"`
	Ratios []Ratio            `json:"ratios,omitempty"`
	More   map[string]float64 `json:"more,omitempty"` // medians
}

// Ratio is a contestant's number by another's, each pair from one round.
type Ratio struct {
	Against string `json:"against"`
	Spread
}

// Spread is a median with the least and the largest value.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spread(values []float64) Spread {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return Spread{Median: (v[(n-1)/2] + v[n/2]) / 2, Min: v[0], Max: v[n-1]}
}

// table puts together the samples of each case; what is in left has none.
func (g Group) table(samples [][]Sample, left map[int]error) Table {
	t := Table{Title: g.Title, Unit: g.Unit, Rate: g.Rate, Notes: g.Notes, columns: g.Columns}
	for i, c := range g.Cases {
		if left[i] != nil {
			t.Skipped = append(t.Skipped, c.Name+": "+left[i].Error())
			continue
		}
		r := Row{Name: c.Name, More: map[string]float64{},
			CPU:  spread(g.values(samples[i], func(s Sample) float64 { return s.CPU })),
			Wall: spread(g.values(samples[i], func(s Sample) float64 { return s.Wall }))}
		for _, name := range c.Against {
			at := slices.IndexFunc(g.Cases, func(c Case) bool { return c.Name == name })
			if at < 0 || left[at] != nil {
				continue
			}
			r.Ratios = append(r.Ratios, Ratio{name, spread(g.ratios(samples[i], samples[at]))})
		}
		for _, k := range g.Columns {
			var v []float64
			for _, s := range samples[i] {
				if x, ok := s.More[k.Key]; ok {
					v = append(v, x)
				}
			}
			if len(v) > 0 {
				r.More[k.Key] = spread(v).Median
			}
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// values are the samples in the group's unit.
func (g Group) values(samples []Sample, seconds func(Sample) float64) (all []float64) {
	for _, s := range samples {
		if g.Rate {
			all = append(all, s.Units/seconds(s)*g.Scale)
		} else {
			all = append(all, seconds(s)/s.Units*g.Scale)
		}
	}
	return all
}

// ratios are those of the processor time of a and b, round by round.
func (g Group) ratios(a, b []Sample) (all []float64) {
	cpu := func(s Sample) float64 { return s.CPU }
	x, y := g.values(a, cpu), g.values(b, cpu)
	for i := range x {
		all = append(all, x[i]/y[i])
	}
	return all
}

// Print writes the table in Markdown, aligned for people.
func (t Table) Print(w io.Writer) error {
	better := "less"
	if t.Rate {
		better = "more"
	}
	lines := [][]string{{"", t.Unit + " of CPU", "min–max", "of clock", "ratio (min–max)"}}
	for _, c := range t.columns {
		lines[0] = append(lines[0], c.Title)
	}
	for _, r := range t.Rows {
		var ratios []string
		for _, x := range r.Ratios {
			ratios = append(ratios, fmt.Sprintf("%s× %s (%s–%s)", number(x.Median), x.Against, number(x.Min), number(x.Max)))
		}
		line := []string{r.Name, number(r.CPU.Median), number(r.CPU.Min) + "–" + number(r.CPU.Max), number(r.Wall.Median), strings.Join(ratios, ", ")}
		for _, c := range t.columns {
			cell := ""
			if v, ok := r.More[c.Key]; ok {
				cell = fmt.Sprintf(c.Format, v)
			}
			line = append(line, cell)
		}
		lines = append(lines, line)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\n### %s\n\n", t.Title)
	fmt.Fprintf(&out, "Processor time; %s is better.\n\n", better)
	writeRows(&out, lines)
	for _, n := range append(slices.Clone(t.Notes), t.Skipped...) {
		fmt.Fprintf(&out, "\n- %s", n)
	}
	out.WriteString("\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// writeRows writes rows of cells, the first the heading, as a Markdown table.
func writeRows(out *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], 3, utf8.RuneCountInString(cell))
		}
	}
	for k, r := range rows {
		for i, cell := range r {
			fmt.Fprintf(out, "| %s%s ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		out.WriteString("|\n")
		if k > 0 {
			continue
		}
		for i, n := range widths {
			if i == 0 {
				fmt.Fprintf(out, "|%s", strings.Repeat("-", n+2))
			} else {
				fmt.Fprintf(out, "|%s:", strings.Repeat("-", n+1))
			}
		}
		out.WriteString("|\n")
	}
}

// number has three significant digits, and no exponent.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
