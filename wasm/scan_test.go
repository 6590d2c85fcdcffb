package wasm

import (
	"errors"
	"testing"

	"github.com/cubeset/cubeset/wasm/vectors"
)

func TestScanNamesTheLimit(t *testing.T) {
	deep := vectors.Filtering(vectors.Cat(vectors.Repeat(depthMax+1, 0x02, 0x40), vectors.Repeat(depthMax+1, 0x0b), vectors.Const(0)))
	wide := vectors.Guest()
	wide.Types = append(wide.Types, vectors.Type{Results: vectors.Repeat(65, vectors.I32)})
	locals := vectors.Guest()
	locals.Funcs[2].Locals = vectors.Cat([]byte{2}, vectors.U(1000), []byte{vectors.I32}, vectors.U(25), []byte{vectors.F64})
	for _, c := range []struct {
		name   string
		module []byte
		want   LimitError
	}{
		{"depth", deep.Bytes(), LimitError{"depth", depthMax + 1, depthMax, "function 3"}},
		{"type", wide.Bytes(), LimitError{"results", 65, paramsMax, "type 7"}},
		{"locals", locals.Bytes(), LimitError{"locals", 1025, localsMax, "function 2"}},
		{"size", make([]byte, moduleBytesMax+1), LimitError{"module bytes", moduleBytesMax + 1, moduleBytesMax, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *LimitError
			if err := Scan(c.module); !errors.As(err, &got) || *got != c.want {
				t.Errorf("got %v, want %v", err, &c.want)
			}
		})
	}
}

func TestScanAtTheLimit(t *testing.T) {
	deep := vectors.Filtering(vectors.Cat(vectors.Repeat(depthMax, 0x02, 0x40), vectors.Repeat(depthMax, 0x0b), vectors.Const(0)))
	if err := Scan(deep.Bytes()); err != nil {
		t.Error(err)
	}
}

func TestScanAllocatesLittle(t *testing.T) {
	b := vectors.Guest()
	for range 5000 {
		b.Funcs = append(b.Funcs, vectors.Func{Type: vectors.TypeNone, Code: vectors.Repeat(100, 0x01)})
	}
	module := b.Bytes()
	if n := testing.AllocsPerRun(5, func() {
		if err := Scan(module); err != nil {
			t.Fatal(err)
		}
	}); n > 50 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzScan(f *testing.F) {
	for _, v := range vectors.All() {
		if module := v.Wasm(); len(module) < 4096 {
			f.Add(module)
		}
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		err := Scan(module)
		var limit *LimitError
		if err != nil && !errors.As(err, &limit) && !errors.Is(err, ErrMalformed) {
			t.Errorf("neither a limit nor malformed: %v", err)
		}
		if err == nil {
			checkContract(module)
		}
	})
}

// FuzzMeter checks that what Meter writes is again a module, with the same
// number of functions and three more.
func FuzzMeter(f *testing.F) {
	for _, v := range vectors.All() {
		if module := v.Wasm(); len(module) < 4096 {
			f.Add(module)
		}
	}
	f.Fuzz(func(t *testing.T, module []byte) {
		metered, err := Meter(module)
		var limit *LimitError
		if err != nil {
			if !errors.As(err, &limit) && !errors.Is(err, ErrMalformed) {
				t.Errorf("neither a limit nor malformed: %v", err)
			}
			return
		}
		var before, after counts
		for id, r := range sections(module) {
			before.section(id, r)
		}
		for id, r := range sections(metered) {
			if id == sectionCode { // bodies may now be above the limits
				after.bodies = r.u32()
			} else {
				after.section(id, r)
			}
			if errors.As(r.err, &limit) { // as may the number of types, imports and so on
				return
			}
			if r.err != nil {
				t.Fatalf("section %d: %v", id, r.err)
			}
		}
		if after.functions != before.functions+2 || after.bodies != before.bodies+2 ||
			after.importedFunctions != before.importedFunctions+1 || after.globals != before.globals+1 {
			t.Errorf("before %+v, after %+v", before, after)
		}
	})
}
