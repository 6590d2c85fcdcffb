package wasm

import (
	"context"
	"errors"
	"testing"

	"github.com/tetratelabs/wazero"
	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/wasm/vectors"
)

// drawn writes random but valid code: a function (i32 i32) -> i32 with locals of
// every type, whose loops need not end.
type drawn struct {
	t      *rapid.T
	labels []bool // innermost last: whether a branch there takes an i32
	calls  uint64 // function that it may call; 0 for none
}

// Locals of a drawn function, after its two parameters.
const (
	drawnInt, drawnLong, drawnFloat, drawnDouble, drawnVector = 2, 5, 6, 7, 8
)

var drawnLocals = []byte{5, 3, vectors.I32, 1, vectors.I64, 1, vectors.F32, 1, vectors.F64, 1, 0x7b}

func (d *drawn) n(most int) int { return rapid.IntRange(0, most-1).Draw(d.t, "n") }

// value leaves an i32.
func (d *drawn) value(deep int) []byte {
	local := byte(d.n(5))
	if deep == 0 {
		if d.n(2) == 0 {
			return []byte{opLocalGet, local}
		}
		return vectors.Const(int64(d.n(1000) - 500))
	}
	switch d.n(6) {
	case 0:
		return []byte{opLocalGet, drawnLong, 0xa7}
	case 1:
		return []byte{opLocalGet, drawnFloat, 0xbc}
	case 2:
		return []byte{opLocalGet, drawnVector, 0xfd, 0x1b, byte(d.n(4))}
	case 3:
		if d.calls != 0 {
			return vectors.Cat(d.value(deep-1), d.value(deep-1), vectors.Call(d.calls))
		}
	case 4: // a typed block, or a typed loop
		kind := []byte{opBlock, opLoop}[d.n(2)]
		d.labels = append(d.labels, kind == opBlock)
		body := vectors.Cat(d.code(deep-1), d.value(deep-1))
		d.labels = d.labels[:len(d.labels)-1]
		return vectors.Cat([]byte{kind, vectors.I32}, body, []byte{opEnd})
	}
	operator := []byte{0x6a, 0x6b, 0x6c, 0x71, 0x73, 0x48, 0x46}[d.n(7)]
	return vectors.Cat(d.value(deep-1), d.value(deep-1), []byte{operator})
}

// branch is a branch of any kind to any label.
func (d *drawn) branch(deep int) []byte {
	to := d.n(len(d.labels))
	typed, up := d.labels[to], byte(len(d.labels)-1-to)
	carried := func() []byte {
		if typed {
			return d.value(0)
		}
		return nil
	}
	switch d.n(4) {
	case 0: // unconditional, within an if so that not all that follows is dead
		return vectors.Cat(d.value(deep), []byte{opIf, 0x40}, carried(), []byte{opBr, up + 1, opEnd})
	case 1:
		if !typed {
			return vectors.Cat([]byte{opBlock, 0x40}, d.value(0), []byte{opBrTable, 2, 0, up + 1, 0, opEnd})
		}
	case 2:
		return vectors.Cat(d.value(deep), []byte{opIf, 0x40}, d.value(0), []byte{opReturn, opEnd})
	}
	code := vectors.Cat(carried(), d.value(deep), []byte{opBrIf, up})
	if typed {
		code = append(code, 0x1a)
	}
	return code
}

// code leaves nothing.
func (d *drawn) code(deep int) (code []byte) {
	for range 1 + d.n(4) {
		code = append(code, d.statement(deep)...)
	}
	return code
}

func (d *drawn) statement(deep int) []byte {
	if deep == 0 {
		return vectors.Cat(d.value(0), []byte{opLocalSet, drawnInt + byte(d.n(3))})
	}
	switch d.n(9) {
	case 0:
		return vectors.Cat([]byte{opLocalGet, drawnLong}, d.value(deep-1), []byte{0xad, 0x7c, opLocalSet, drawnLong})
	case 1: // any bits, NaN of every kind among them
		return vectors.Cat(d.value(deep-1), []byte{0xbe, opLocalSet, drawnFloat})
	case 2:
		return []byte{opLocalGet, drawnLong, 0xbf, opLocalTee, drawnDouble, 0xbd, opLocalSet, drawnLong}
	case 3:
		return vectors.Cat([]byte{opLocalGet, drawnVector}, d.value(deep-1), []byte{0xfd, 0x1c, byte(d.n(4)), opLocalSet, drawnVector})
	case 4, 5: // a loop, and one way to go on
		d.labels = append(d.labels, false)
		body := vectors.Cat(d.code(deep-1), d.value(deep-1), []byte{opBrIf, 0})
		d.labels = d.labels[:len(d.labels)-1]
		return vectors.Cat([]byte{opLoop, 0x40}, body, []byte{opEnd})
	case 6:
		d.labels = append(d.labels, false)
		body := vectors.Cat([]byte{opIf, 0x40}, d.code(deep-1), []byte{0x05}, d.code(deep-1), []byte{opEnd})
		d.labels = d.labels[:len(d.labels)-1]
		return vectors.Cat(d.value(deep-1), body)
	case 7:
		return d.branch(deep - 1)
	}
	return vectors.Cat(d.value(deep-1), []byte{opLocalSet, drawnInt + byte(d.n(3))})
}

func (d *drawn) function() []byte {
	d.labels = []bool{true}
	return vectors.Cat(d.code(3), d.value(2))
}

// TestMeteredProgramsDoTheSame runs random programs as they are and metered, and
// with slices of every size: the results are the same, and so is the fuel.
func TestMeteredProgramsDoTheSame(t *testing.T) {
	ctx := context.Background()
	ended, stopped := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		b := vectors.Guest()
		leaf := &drawn{t: t}
		b.Funcs = append(b.Funcs, vectors.Func{Type: vectors.TypeFilter, Locals: drawnLocals, Code: leaf.function()})
		top := &drawn{t: t, calls: uint64(len(b.Funcs) - 1)}
		b.Funcs[vectors.FuncFilter].Locals, b.Funcs[vectors.FuncFilter].Code = drawnLocals, top.function()
		module := b.Bytes()
		rt := wazero.NewRuntime(ctx)
		defer rt.Close(ctx)
		mod, err := rt.Instantiate(ctx, module)
		if err != nil {
			t.Fatalf("what was drawn is not valid: %v", err)
		}
		r, err := NewRuntime(ctx, DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close(ctx)
		f, err := r.Load(ctx, module)
		if err != nil {
			t.Fatal(err)
		}
		arguments := [2]uint64{rapid.Uint64Range(0, 100).Draw(t, "p"), rapid.Uint64Range(0, 100).Draw(t, "n")}
		metered := func(slice int64) (result uint64, fuel int64, err error) {
			in, err := f.Open(ctx, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close(ctx)
			in.call.Context, in.tank.slice = ctx, slice
			result, err = in.run(in.filter, exportFilter, 5000, arguments[0], arguments[1])
			return result, in.tank.used(), err
		}
		result, fuel, err := metered(fuelSlice)
		for _, slice := range []int64{1, 7, 100} {
			again, fuelAgain, errAgain := metered(slice)
			if again != result || (err == nil) != (errAgain == nil) || err == nil && fuelAgain != fuel {
				t.Fatalf("slices of %d: result %d, %d ticks, %v, want %d, %d, %v", slice, again, fuelAgain, errAgain, result, fuel, err)
			}
		}
		var g *GuestError
		if errors.As(err, &g) && g.Code == CodeFuel {
			stopped++
			return // it might run for ever
		} else if err != nil {
			t.Fatal(err)
		}
		ended++
		want, err := mod.ExportedFunction(exportFilter).Call(ctx, arguments[0], arguments[1])
		if err != nil || want[0] != result {
			t.Fatalf("metered %d, plain %v, %v", result, want, err)
		}
	})
	t.Logf("%d programs ended, %d were stopped", ended, stopped)
	if ended == 0 || stopped == 0 {
		t.Error("nothing was compared, or nothing stopped")
	}
}

// TestEveryTurnIsCharged runs loops of known numbers of turns, with and without
// calls in them, and with more code than one tick pays for.
func TestEveryTurnIsCharged(t *testing.T) {
	ctx := context.Background()
	r, err := NewRuntime(ctx, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(ctx)
	const turns = 100_000
	count := func(body []byte) []byte { // loop: body; local 2 += 1; while it is below turns
		return vectors.Cat([]byte{opLoop, 0x40}, body,
			[]byte{opLocalGet, 2}, vectors.Const(1), []byte{0x6a, opLocalTee, 2}, vectors.Const(turns), []byte{0x49, opBrIf, 0, opEnd})
	}
	for name, c := range map[string]struct {
		code []byte
		want int64
	}{
		"empty":        {count(nil), turns},
		"640 more":     {count(vectors.Repeat(640, 0x01)), 11 * turns},
		"calls":        {count(vectors.Cat(vectors.Call(vectors.FuncMarker), []byte{0x1a})), 2 * turns},
		"by br_table":  {count(vectors.Cat([]byte{opBlock, 0x40}, vectors.Const(9), []byte{opBrTable, 1, 0, 0, opEnd})), turns},
		"typed":        {vectors.Cat([]byte{opLoop, vectors.I32}, count(nil), vectors.Const(1), []byte{opEnd, 0x1a}), turns + 1},
		"memory.fill":  {count(vectors.Cat(vectors.Const(0), vectors.Const(0), vectors.Const(4096), []byte{0xfc, 11, 0})), 6 * turns},
		"a loop twice": {vectors.Cat(count(nil), vectors.Const(0), []byte{opLocalSet, 2}, count(nil)), 2 * turns},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := r.Load(ctx, vectors.Filtering(vectors.Cat(c.code, vectors.Const(0))).Bytes())
			if err != nil {
				t.Fatal(err)
			}
			in, err := f.Open(ctx, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close(ctx)
			in.Filter(ctx, &Batch{}, nil)
			if got := in.Fuel(); got < c.want || got > c.want+c.want/100+10 {
				t.Errorf("%d ticks, want %d", got, c.want)
			}
		})
	}
}
