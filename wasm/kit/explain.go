package kit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/wasm"
)

// advice is what to change about each kind of failure.
func advice(code wasm.Code) string {
	switch code {
	case wasm.CodeStaticLimit:
		return "make the module smaller there: the limits are far above what compilers emit"
	case wasm.CodeCompile, wasm.CodeCompilePanic:
		return "build a core module of WebAssembly 2.0: no component, no threads, exceptions or tail calls"
	case wasm.CodeUnknownImport:
		return "build without it: a filter has no system below it but what 3.1 lists"
	case wasm.CodeMissingExport, wasm.CodeBadSignature:
		return "export the five names of 2.1 with their types; an SDK does it"
	case wasm.CodeABIVersion:
		return `build for ABI 1: "abi": 1 in the manifest, 1 from cubeset_filter_v1`
	case wasm.CodeConfig:
		return "give the filter the options and blobs it asks for, or let cs_configure return 0 for the defaults of the manifest"
	case wasm.CodeFuel:
		return "do less work a row, or ask for more with fuel_per_row; an endless loop ends here too"
	case wasm.CodeDeadline:
		return "do less work a batch: on a slow machine, a build ends here"
	case wasm.CodeTrap:
		return "find the panic, the division by zero or the wrong index in the functions above"
	case wasm.CodeOOBTrap:
		return "find the access outside memory in the functions above"
	case wasm.CodeStackOverflow:
		return "recurse less: the depth must not grow with a text"
	case wasm.CodeProcExit:
		return "return from cs_filter; a filter must not exit"
	case wasm.CodeGuestOOM:
		return "let cs_reserve give a buffer of any size the memory has room for; a megabyte of text is not rare"
	case wasm.CodeBadPointer:
		return "let cs_reserve return a multiple of 16 with n bytes behind it, growing the memory first"
	case wasm.CodeGuestStatus:
		return "let cs_filter return 0 for every batch a host may send; a row that cannot be judged is dropped for a reason of its own"
	case wasm.CodeBadVerdict:
		return "write all eight bytes of the verdict of every row: keep 0 or 1, reserved 0"
	case wasm.CodeBadReason:
		return "give dropped rows a reason that the manifest lists, kept ones 0"
	case wasm.CodeNaNScore:
		return "give a finite score, also for vectors of zeros and for those whose squares overflow"
	}
	return "find out why"
}

// fault is a failure of the filter as a fault of it; where says on which row, or
// when. Other errors stay what they are.
func fault(err error, where string) error {
	var g *wasm.GuestError
	if !errors.As(err, &g) {
		return err
	}
	what := string(g.Code)
	if g.Where != "" && g.Where != "load" {
		what += " in " + g.Where
	}
	if g.Msg != "" {
		what += ": " + g.Msg
	}
	if g.Err != nil {
		what += ": " + g.Err.Error()
	}
	if where != "" {
		what = where + ": " + what
	}
	return &checklist.Fault{What: what, Change: advice(g.Code), Trace: g.Stack}
}

// open starts a fresh instance with the options under test.
func (k *kit) open(ctx context.Context) (*wasm.Instance, error) {
	in, err := k.f.Open(ctx, k.o.Config, k.o.Blobs)
	return in, fault(err, "")
}

// judge has in judge b. name says what row i is; a failure names the row that
// makes it.
func (k *kit) judge(ctx context.Context, in *wasm.Instance, b *wasm.Batch, name func(i int) string) ([]wasm.Verdict, error) {
	return k.judgeWith(ctx, k.o.Config, in, b, name)
}

func (k *kit) judgeWith(ctx context.Context, config json.RawMessage, in *wasm.Instance, b *wasm.Batch, name func(i int) string) ([]wasm.Verdict, error) {
	out, err := in.Filter(ctx, b, nil)
	var g *wasm.GuestError
	if !errors.As(err, &g) || g.Code == wasm.CodeDeadInstance {
		return out, err
	}
	if g.Row >= 0 {
		return nil, fault(g, name(g.Row))
	}
	if !g.Deterministic() || b.Rows() == 0 {
		return nil, fault(g, "")
	}
	row, culprit, e := k.f.Bisect(ctx, config, k.o.Blobs, b)
	switch {
	case errors.Is(e, wasm.ErrNotReproduced):
		return nil, fault(g, fmt.Sprintf("a batch of %d rows, after others on the same instance but not alone", b.Rows()))
	case e != nil:
		return nil, fault(e, "")
	}
	return nil, fault(culprit, name(row))
}

// fresh has a fresh instance judge b.
func (k *kit) fresh(ctx context.Context, b *wasm.Batch, name func(i int) string) (out []wasm.Verdict, fuel int64, err error) {
	in, err := k.open(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer in.Close(ctx)
	out, err = k.judge(ctx, in, b, name)
	return out, in.Fuel(), err
}

// verdict says what v is, with the reason's name.
func (k *kit) verdict(v wasm.Verdict) string {
	if v.Keep {
		return fmt.Sprintf("kept with score %v", v.Score)
	}
	return fmt.Sprintf("dropped for %s with score %v", k.f.ReasonName(v.Reason), v.Score)
}
