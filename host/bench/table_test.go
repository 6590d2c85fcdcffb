package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []float64
		want Spread
	}{
		{"one", []float64{3}, Spread{3, 3, 3}},
		{"odd", []float64{9, 1, 2}, Spread{2, 1, 9}},
		{"even", []float64{4, 1, 2, 9}, Spread{3, 1, 9}},
	} {
		if got := spread(c.in); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// contestant takes the seconds it is given, one turn after the other.
func contestant(name string, against []string, seconds ...float64) Case {
	turn := 0
	return Case{name, against, func(context.Context) (Sample, error) {
		turn++
		return Sample{CPU: seconds[turn-1], Wall: 2 * seconds[turn-1], Units: 4, More: map[string]float64{"x": float64(turn)}}, nil
	}}
}

func TestCompare(t *testing.T) {
	absent := Case{"c", []string{"a"}, func(context.Context) (Sample, error) {
		return Sample{}, &missing{"c", "pip install c"}
	}}
	g := Group{Title: "t", Unit: "MB/s", Scale: 1, Rate: true, Columns: []Column{{"x", "x", "%.0f"}},
		Cases: []Case{contestant("a", []string{"b", "c"}, 1, 2, 4), contestant("b", nil, 2, 2, 2), absent}}
	tables, err := compare(context.Background(), []Group{g}, 3, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{
		{"a", Spread{2, 1, 4}, Spread{1, 0.5, 2}, []Ratio{{"b", Spread{1, 0.5, 2}}}, map[string]float64{"x": 2}},
		{"b", Spread{2, 2, 2}, Spread{1, 1, 1}, nil, map[string]float64{"x": 2}},
	}
	if d := cmp.Diff(want, tables[0].Rows); d != "" {
		t.Error(d)
	}
	var out strings.Builder
	if err := tables[0].Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"| a   | 2.00        | 1.00–4.00 | 1.00     | 1.00× b (0.50–2.00) | 2   |\n",
		"- c: c is not there; pip install c\n",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no line %q in\n%s", line, out.String())
		}
	}

	broken := Case{Name: "d", Run: func(context.Context) (Sample, error) { return Sample{}, io.ErrUnexpectedEOF }}
	if _, err := compare(context.Background(), []Group{{Cases: []Case{broken}}}, 1, io.Discard); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a contestant that fails: %v", err)
	}
}

// TestCompareTakesTurns has another contestant begin in each round.
func TestCompareTakesTurns(t *testing.T) {
	var order strings.Builder
	var cases []Case
	for _, name := range []string{"a", "b", "c"} {
		cases = append(cases, Case{Name: name, Run: func(context.Context) (Sample, error) {
			order.WriteString(name)
			return Sample{CPU: 1, Wall: 1, Units: 1}, nil
		}})
	}
	if _, err := compare(context.Background(), []Group{{Scale: 1, Cases: cases}}, 3, io.Discard); err != nil {
		t.Fatal(err)
	}
	if order.String() != "abcbcacab" {
		t.Error(order.String())
	}
}
