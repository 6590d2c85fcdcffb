package wasm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/vectors"
)

// heavy are modules that take more to compile than to send, within the limits:
// they are let through, and must not take much memory either. (Time, which the
// compiler needs by the square of a function's blocks, is limited by the
// process it is given.)
func heavy() (all []trial) {
	add := func(name string, code []byte, locals ...byte) {
		b := vectors.Filtering(vectors.Cat(code, []byte{0x00}))
		b.Funcs[vectors.FuncFilter].Locals = locals
		all = append(all, trial{name, b.Bytes(), "trap"})
	}
	run := func(n uint64, types ...byte) []byte {
		locals := vectors.U(uint64(len(types)))
		for _, t := range types {
			locals = append(append(locals, vectors.U(n/uint64(len(types)))...), t)
		}
		return locals
	}
	// Each loop changes every local, so that each is merged with itself at its head.
	changes := func(locals int) (code []byte) {
		for i := range locals {
			at := vectors.U(uint64(2 + i))
			code = vectors.Cat(code, []byte{0x20}, at, vectors.Const(1), []byte{0x6a, 0x21}, at)
		}
		return code
	}
	loop := vectors.Cat([]byte{0x03, 0x40}, changes(60), []byte{0x0b})
	add("60 locals merged by 600 loops", slices.Repeat(loop, 600), run(60, vectors.I32)...)
	add("250 locals in 250 nested blocks", vectors.Cat(vectors.Repeat(250, 0x02, 0x40), changes(250), vectors.Repeat(250, 0x0b)), run(250, vectors.I32)...)
	live := vectors.Cat(changes(1000), slices.Repeat([]byte{0x20, 2, 0x21, 3}, 1000))
	add("1000 locals at once", live, run(1000, vectors.I32)...)
	add("8000 nested blocks", vectors.Cat(vectors.Repeat(8000, 0x02, 0x40), vectors.Repeat(8000, 0x0b)))
	add("700 nested loops", vectors.Cat(vectors.Repeat(700, 0x03, 0x40), vectors.Repeat(700, 0x0b)))
	add("20,000 br_table targets", vectors.Cat([]byte{0x02, 0x40}, vectors.Const(0), []byte{0x0e}, vectors.U(20_000), vectors.Repeat(20_001, 0), []byte{0x0b}))
	add("200 KiB in a straight line", vectors.Repeat(50<<10, 0x20, 0, 0x1a, 0x01))
	add("60,000 values on the stack", vectors.Cat(vectors.Repeat(60_000, 0x41, 1), vectors.Repeat(59_999, 0x6a), []byte{0x1a}))
	wide := vectors.Guest()
	sixty := vectors.Repeat(60, vectors.I64)
	wide.Types = append(wide.Types, vectors.Type{Params: sixty, Results: sixty})
	last := uint64(len(wide.Types) - 1)
	var pass []byte
	for i := range uint64(60) {
		pass = append(append(pass, 0x20), vectors.U(i)...)
	}
	wide.Funcs = append(wide.Funcs, vectors.Func{Type: last, Code: pass})
	wide.Funcs[vectors.FuncFilter].Code = vectors.Cat(vectors.Repeat(60, 0x42, 7), slices.Repeat(vectors.Call(vectors.FuncFilter+1), 500), []byte{0x00})
	all = append(all, trial{"500 calls with 60 parameters and results", wide.Bytes(), "trap"})
	many := vectors.Guest()
	many.Funcs = append(many.Funcs, slices.Repeat([]vectors.Func{{Type: vectors.TypeNone, Code: []byte{0x01}}}, 19_990)...)
	many.Funcs[vectors.FuncFilter].Code = []byte{0x00}
	return append(all, trial{"19,994 functions", many.Bytes(), "trap"})
}

// TestTruncated cuts a filter after each of its bytes: none of the pieces may
// be taken for a filter.
func TestTruncated(t *testing.T) {
	r, module := open(t, tight()), probe(t)
	codes := map[wasm.Code]int{}
	for n := range module {
		if testing.Short() && n%64 != 0 {
			continue
		}
		_, err := r.Load(ctx, module[:n])
		switch c := code(err); c {
		case wasm.CodeCompile, wasm.CodeMissingExport, wasm.CodeManifest:
			codes[c]++
		default:
			t.Fatalf("%d of %d bytes: %v", n, len(module), err)
		}
	}
	t.Logf("%d bytes: %v", len(module), codes)
}

// TestMistypedExports gives each export another type, and another kind.
func TestMistypedExports(t *testing.T) {
	r := open(t, tight())
	for i, name := range []string{"cubeset_filter_v1", "cs_reserve", "cs_configure", "cs_filter"} {
		for kind, b := range map[string]vectors.Builder{"type": vectors.Guest(), "memory": vectors.Guest()} {
			if kind == "type" {
				b.Funcs[i].Type, b.Funcs[i].Code = vectors.TypeNone, nil
			} else {
				b.Funcs[i].Export = ""
				b.Exports = append(b.Exports, vectors.Export{Name: name, Kind: 2})
			}
			if _, err := r.Load(ctx, b.Bytes()); code(err) != wasm.CodeBadSignature || !strings.Contains(err.Error(), name) {
				t.Errorf("%s of another %s: %v", name, kind, err)
			}
		}
	}
	for name, want := range map[string]string{"_initialize": "is ii -> i, want  -> ", "cs_error": "is ii -> i, want  -> I"} {
		b := vectors.Guest()
		b.Exports = append(b.Exports, vectors.Export{Name: name, Index: vectors.FuncFilter})
		if _, err := r.Load(ctx, b.Bytes()); code(err) != wasm.CodeBadSignature || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNamesOfTheMeter exports each kind of thing under the name of the meter's
// own, and names functions after what it adds.
func TestNamesOfTheMeter(t *testing.T) {
	r := open(t, tight())
	for kind := range byte(4) {
		b := vectors.Guest()
		b.Tables, b.Globals = [][]byte{{0x70, 0, 1}}, [][]byte{{vectors.I64, 1, 0x42, 0, 0x0b}}
		b.Exports = append(b.Exports, vectors.Export{Name: "__cubeset_fuel", Kind: kind})
		if _, err := r.Load(ctx, b.Bytes()); code(err) != wasm.CodeBadSignature {
			t.Errorf("kind %d: %v", kind, err)
		}
		if _, err := wasm.Meter(b.Bytes()); err == nil {
			t.Errorf("kind %d was metered", kind)
		}
	}
	b := vectors.Guest()
	names := vectors.Vec(vectors.Cat(vectors.U(0), vectors.Name("refuel")), vectors.Cat(vectors.U(4), vectors.Name("__cubeset_fuel")))
	b.After = vectors.Section(0, vectors.Cat(vectors.Name("name"), vectors.Section(1, names)))
	if out, err := run(r, b.Bytes()); err != nil || len(out) != 8 {
		t.Errorf("a section of names: %v", err)
	}
	b = vectors.Guest()
	b.Exports = append(b.Exports, vectors.Export{Name: "refuel"}, vectors.Export{Name: "cubeset"}, vectors.Export{Name: ""})
	if out, err := run(r, b.Bytes()); err != nil || len(out) != 8 {
		t.Errorf("exports that mean nothing: %v", err)
	}
}

// TestLockedDoors asks for what a module must not have by any road: memories,
// tables and globals of the host, and instructions that only look like ones.
func TestLockedDoors(t *testing.T) {
	r := open(t, tight())
	for name, item := range map[string][]byte{
		"a function of another name": {0, vectors.TypeReserve}, "a table": {1, 0x70, 0, 1}, "a memory": {2, 0, 1}, "a global": {3, vectors.I64, 1},
	} {
		for _, module := range []string{"cubeset", "env", "wasi_snapshot_preview1", ""} {
			b := vectors.Guest()
			raw := b.Bytes()
			types := len(vectors.Header) + sectionSize(raw[len(vectors.Header):])
			imports := vectors.Section(2, vectors.Vec(vectors.Cat(vectors.Name(module), vectors.Name("door"), item)))
			if _, err := r.Load(ctx, vectors.Cat(raw[:types], imports, raw[types:])); code(err) != wasm.CodeUnknownImport {
				t.Errorf("%s of %q: %v", name, module, err)
			}
		}
	}
}

// sectionSize is the size of the section at the start of b, if it is below 128.
func sectionSize(b []byte) int { return 2 + int(b[1]) }
