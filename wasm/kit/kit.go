// Package kit checks whether a filter keeps to wasm/ABI.md, in whatever language
// it was written. It runs the filter as a host does and tries what a host may do
// to it: rows alone and in batches of every size, in another order, with texts
// and vectors that nobody would think of, a thousand times over. Each check names
// the rules it is about, and each failure what to change; where a filter traps,
// it names the row and the functions that ran.
//
//	func TestFilter(t *testing.T) {
//		module, err := os.ReadFile("polite.wasm")
//		…
//		kit.Run(t, module, kit.DefaultOptions())
//	}
//
// The command "cubeset filter test" does the same.
package kit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/wasm"
)

// Options say how a filter is run. Start from DefaultOptions.
type Options struct {
	Config  json.RawMessage   // the user's options, laid over the manifest's defaults
	Blobs   map[string][]byte // named files
	Dim     int               // of the embeddings it is given; 0 = the manifest's, else the cases', else 768
	Cases   []Case            // rows with what must become of them
	Sandbox wasm.Config       // what it may use
	Each    func(Result)      // gets each result as soon as it is there; nil = nobody
}

// DefaultOptions are a filter's own defaults, in the sandbox of a build.
func DefaultOptions() Options { return Options{Sandbox: wasm.DefaultConfig()} }

const (
	dimDefault = 768
	dimMax     = 65_536
)

// Validate returns all complaints at once.
func (o Options) Validate() error {
	var errs []error
	if o.Dim < 0 || o.Dim > dimMax {
		errs = append(errs, fmt.Errorf("dim: %d is outside 0..%d", o.Dim, dimMax))
	}
	return errors.Join(append(errs, o.Sandbox.Validate())...)
}

// ErrOptions is wrapped when the options are ones that the filter does not have.
// It is the caller's mistake, and says nothing about the filter.
var ErrOptions = errors.New("not an option of the filter")

// Check runs every check on a module. An error means that the checks could not
// be done, or that ctx ended; what is wrong with the filter is in the report.
func Check(ctx context.Context, module []byte, o Options) (Report, error) {
	k, err := newKit(ctx, module, o)
	if err != nil {
		return Report{}, err
	}
	defer k.r.Close(context.WithoutCancel(ctx))
	l := checklist.List[*kit]{Checks: checks(), Change: "find out why", Each: o.Each}
	r := Report{Checks: l.Run(ctx, k)}
	if k.f != nil {
		r.Filter, r.SHA256 = k.m.Name, k.f.SHA256()
	}
	if err := context.Cause(ctx); err != nil {
		return r, err
	}
	return r, k.misuse
}

// Run runs every check on a module, each as a subtest.
func Run(t *testing.T, module []byte, o Options) {
	t.Helper()
	r, err := Check(t.Context(), module, o)
	if err != nil {
		t.Fatal(err)
	}
	checklist.Subtests(t, Document, r.Checks)
}

// kit is one filter under test.
type kit struct {
	module []byte
	o      Options
	r      *wasm.Runtime
	m      wasm.Manifest
	f      *wasm.Filter
	said   func(level int, msg string) // hears the filter; nil = nobody

	rows   *wasm.Batch    // ordinary ones
	want   []wasm.Verdict // what it says of them, in one batch on a fresh instance
	misuse error          // wraps ErrOptions
}

func newKit(ctx context.Context, module []byte, o Options) (*kit, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	k := &kit{module: module, o: o}
	c := o.Sandbox
	c.Log = func(filter string, level int, msg string) {
		if k.said != nil {
			k.said(level, msg)
		}
		if o.Sandbox.Log != nil {
			o.Sandbox.Log(filter, level, msg)
		}
	}
	var err error
	k.r, err = wasm.NewRuntime(ctx, c)
	return k, err
}

// dim is how many values the embeddings of ordinary rows have.
func (k *kit) dim() int {
	for _, d := range []int{k.m.Dim, k.o.Dim} {
		if d > 0 {
			return d
		}
	}
	for _, c := range k.o.Cases {
		if n := len(c.QuestionEmbedding); n > 0 {
			return n
		}
	}
	return dimDefault
}

// checks is every check, in order.
func checks() []checklist.Check[*kit] {
	return []checklist.Check[*kit]{
		{Name: "module", Rules: []string{"1.1", "1.2", "10.1–10.16"}, Gate: true, Run: scan},
		{Name: "manifest", Rules: []string{"7.1–7.11"}, Level: 1, Gate: true, Run: manifest},
		{Name: "load", Rules: []string{"1.1", "1.3", "2.1–2.3", "3.1"}, Level: 2, Gate: true, Run: load},
		{Name: "start", Rules: []string{"2.4", "2.7", "6.1", "8.1–8.3", "9.1"}, Level: 3, Gate: true, Run: start},
		{Name: "rows", Rules: []string{"2.7", "4.1", "5.1–5.4", "9.1"}, Level: 4, Gate: true, Run: rows},
		{Name: "empty", Rules: []string{"4.4"}, Level: 5, Run: empty},
		{Name: "repeat", Rules: []string{"5.5", "9.7"}, Level: 5, Run: repeat},
		{Name: "batches", Rules: []string{"5.5"}, Level: 5, Run: batches},
		{Name: "order", Rules: []string{"5.5"}, Level: 5, Run: order},
		{Name: "buffer", Rules: []string{"2.4–2.6", "6.6"}, Level: 5, Run: buffer},
		{Name: "texts", Rules: []string{"4.5", "5.3"}, Level: 5, Run: texts},
		{Name: "vectors", Rules: []string{"4.6", "5.3", "7.6"}, Level: 5, Run: vectors},
		{Name: "columns", Rules: []string{"4.7–4.9", "5.3"}, Level: 5, Run: columns},
		{Name: "options", Rules: []string{"2.7", "6.2", "6.3", "7.8"}, Level: 5, Run: options},
		{Name: "memory", Rules: []string{"8.7"}, Level: 5, Run: memory},
		{Name: "cases", Rules: []string{"5.5"}, Level: 5, Run: cases},
	}
}
