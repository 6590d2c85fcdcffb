package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
	"github.com/cubeset/cubeset/wasm/kit"
)

// benchReference is the bundled filter that others are measured beside.
const benchReference = "length"

// benchReport is what `filter bench --json` prints.
type benchReport struct {
	Filter    string      `json:"filter"`
	Speeds    []kit.Speed `json:"speeds"`
	Reference benchBeside `json:"reference"`
}

type benchBeside struct {
	Filter string      `json:"filter"`
	Speeds []kit.Speed `json:"speeds"`
}

func filterBenchCommand() *cobra.Command {
	var s filterSettings
	var batch int
	var asJSON bool
	w := kit.DefaultWork()
	c := &cobra.Command{
		Use: "bench X.wasm|NAME", Short: "Measure a filter", Args: oneArg("filter"),
		Long: `Measure how fast a filter judges ordinary rows: in batches of 1, 64 and 1024, with
its work counted, as in a build, and without; beside the bundled filter ` + benchReference + `,
so that numbers of different machines can be compared. Times hold packing the
rows, copying them into the filter and checking its verdicts. The fastest of five
turns counts; a filter whose work is not counted is trusted to end.`,
		Example: "  cubeset filter bench polite.wasm\n  cubeset filter bench similarity --rows 100000 --json",
	}
	s.flags(c)
	c.Flags().IntVar(&w.Rows, "rows", w.Rows, "rows judged a turn")
	c.Flags().IntVar(&batch, "batch", 0, "only batches of this many rows")
	jsonFlag(c, &asJSON)
	c.RunE = func(c *cobra.Command, args []string) error {
		if c.Flags().Changed("batch") {
			w.Batches = []int{batch}
		}
		if err := w.Validate(); err != nil {
			return usageError{fmt.Errorf("filter bench: %w", err)}
		}
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		r, err := benchFilter(ctx, args[0], &s, w)
		var g *wasm.GuestError
		switch {
		case errors.Is(err, context.Canceled):
			return fmt.Errorf("filter bench: %w", host.ErrInterrupted)
		case errors.Is(err, kit.ErrOptions):
			return usageError{fmt.Errorf("filter bench: %w", err)}
		case errors.As(err, &g):
			return notFilter{fmt.Errorf("filter bench: %s: %w", args[0], err)}
		case err != nil:
			return fmt.Errorf("filter bench: %w", err)
		case asJSON:
			return printJSON(r)
		}
		r.print(os.Stdout)
		return nil
	}
	return c
}

func benchFilter(ctx context.Context, name string, s *filterSettings, w kit.Work) (r benchReport, err error) {
	module, err := host.FilterModule(name)
	if err != nil {
		return r, err
	}
	o, err := s.kit()
	if err != nil {
		return r, err
	}
	if r.Speeds, err = kit.Bench(ctx, module, o, w); err != nil {
		return r, err
	}
	m, err := wasm.ReadManifest(module)
	if err != nil {
		return r, err
	}
	r.Filter, r.Reference.Filter = m.Name, benchReference
	beside, _ := filters.Find(benchReference)
	r.Reference.Speeds, err = kit.Bench(ctx, beside.Module, kit.DefaultOptions(), w)
	return r, err
}

func (r *benchReport) print(w io.Writer) {
	fmt.Fprintf(w, "%-16s %8s %14s %10s %10s %10s %12s\n", "filter", "batch", "rows/s", "ns/row", "ns/call", "ticks/row", "metering")
	for _, b := range []benchBeside{{r.Filter, r.Speeds}, r.Reference} {
		for _, s := range b.Speeds {
			fmt.Fprintf(w, "%-16s %8s %14s %10.0f %10.0f %10.0f %11.2fx\n", b.Filter, count(int64(s.Batch)), count(int64(s.RowsPerSecond)), s.RowNS, s.CallNS, s.RowTicks, s.Metering)
		}
	}
}
