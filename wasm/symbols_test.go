package wasm_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/vectors"
)

// named is a section of names for functions, in the order of their indices.
func named(names map[uint64]string) []byte {
	var entries [][]byte
	for i := range uint64(100) {
		if n, ok := names[i]; ok {
			entries = append(entries, vectors.Cat(vectors.U(i), vectors.Name(n)))
		}
	}
	module := vectors.Cat([]byte{0}, vectors.Name("\x02me")) // the subsection of the module's own name
	return vectors.Section(0, vectors.Cat(vectors.Name("name"), module,
		vectors.Section(1, vectors.Vec(entries...))))
}

// nested is a guest whose cs_filter calls inner, which calls the next function,
// which does code. It has two imports before its functions.
func nested(code []byte) vectors.Builder {
	b := vectors.Importing(vectors.Import{Module: "cubeset", Name: "log", Type: vectors.TypeLog},
		vectors.Import{Module: "wasi_snapshot_preview1", Name: "proc_exit", Type: vectors.TypeRandom})
	first := uint64(len(b.Imports) + len(b.Funcs))
	b.Funcs[vectors.FuncFilter].Code = vectors.Cat(vectors.Call(first), vectors.Const(0))
	b.Funcs = append(b.Funcs, vectors.Func{Type: vectors.TypeNone, Code: vectors.Call(first + 1)},
		vectors.Func{Type: vectors.TypeNone, Code: code})
	return b
}

func TestStack(t *testing.T) {
	r := open(t, tight())
	unreachable := []byte{0}
	long := strings.Repeat("é", 200)
	for name, c := range map[string]struct {
		code  []byte
		names map[uint64]string
		want  []string
	}{
		"named":     {unreachable, map[uint64]string{0: "log", 5: "judge", 6: "main.(*rule).row", 7: "words::count"}, []string{"words::count", "main.(*rule).row", "judge"}},
		"some":      {unreachable, map[uint64]string{6: "inner"}, []string{"function 7", "inner", "cs_filter"}},
		"none":      {unreachable, nil, []string{"function 7", "function 6", "cs_filter"}},
		"hostile":   {unreachable, map[uint64]string{7: "a\x1b[31m\u202e", 6: long}, []string{`a\x1b[31m\u202e`, long[:120] + "…", "cs_filter"}},
		"host":      {vectors.Cat(vectors.Const(0), vectors.Call(1)), nil, []string{"wasi_snapshot_preview1.proc_exit", "function 7", "function 6", "cs_filter"}},
		"fuel":      {[]byte{0x03, 0x40, 0x0c, 0, 0x0b}, nil, []string{"function 7", "function 6", "cs_filter"}},
		"bulk fuel": {vectors.Cat([]byte{0x03, 0x40}, vectors.Const(0), vectors.Const(0), vectors.Const(65536), []byte{0xfc, 11, 0, 0x0c, 0, 0x0b}), nil, []string{"function 7", "function 6", "cs_filter"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := nested(c.code)
			if c.names != nil {
				b.After = named(c.names)
			}
			_, err := run(r, b.Bytes())
			var g *wasm.GuestError
			if !errors.As(err, &g) || !slices.Equal(g.Stack, c.want) {
				t.Errorf("%v: got %q, want %q", err, g.Stack, c.want)
			}
		})
	}
	deep := vectors.Guest() // of an endless recursion the engine keeps none
	deep.Funcs[vectors.FuncFilter].Code = vectors.Cat([]byte{0x20, 0, 0x20, 1}, vectors.Call(vectors.FuncFilter))
	_, err := run(r, deep.Bytes())
	var g *wasm.GuestError
	if !errors.As(err, &g) || g.Code != wasm.CodeStackOverflow || len(g.Stack) != 0 {
		t.Errorf("recursion: %v, %q", err, g.Stack)
	}
	b := nested([]byte{0}) // more frames than are kept
	last := uint64(len(b.Imports) + len(b.Funcs) - 1)
	for range 40 {
		b.Funcs = append(b.Funcs, vectors.Func{Type: vectors.TypeNone, Code: []byte{0}})
		last++
		b.Funcs[len(b.Funcs)-2].Code = vectors.Call(last)
	}
	if _, err = run(r, b.Bytes()); !errors.As(err, &g) || len(g.Stack) != 16 || g.Stack[0] != "function 47" {
		t.Errorf("a deep stack: %v, %q", err, g.Stack)
	}
}

// FuzzNames: whatever a section of names says, a trap still has its functions.
func FuzzNames(f *testing.F) {
	f.Add(named(map[uint64]string{5: "judge", 6: "inner"})[2:])
	f.Add([]byte("\x04name\x01\x05\xff\xff\xff\xff\x0f"))
	r := open(f, tight())
	f.Fuzz(func(t *testing.T, section []byte) {
		b := nested([]byte{0})
		b.After = vectors.Section(0, section)
		_, err := run(r, b.Bytes())
		var g *wasm.GuestError
		if !errors.As(err, &g) || g.Code == wasm.CodeTrap && len(g.Stack) != 3 {
			t.Errorf("%v: %q", err, g.Stack)
		}
		for _, name := range g.Stack {
			if len(name) > 500 || strings.ContainsAny(name, "\x1b\n\x00") {
				t.Errorf("name %q", name)
			}
		}
	})
}

func TestDescribe(t *testing.T) {
	b := nested([]byte{0})
	b.Tables = [][]byte{{0x70, 1, 2, 3}}
	b.Memory = []byte{1, 1, 9}
	b.Globals = [][]byte{{vectors.I32, 0, 0x41, 0, 0x0b}}
	b.Exports = append(b.Exports, vectors.Export{Name: "g", Kind: 3})
	b.Data = [][]byte{vectors.Cat([]byte{0}, vectors.Const(8), []byte{0x0b}, vectors.Name("words"))}
	b.After = named(map[uint64]string{5: "judge"})
	module := b.Bytes()
	d, err := wasm.Describe(module)
	if err != nil {
		t.Fatal(err)
	}
	three, nine := uint64(3), uint64(9)
	want := wasm.Description{
		SHA256: d.SHA256, Bytes: len(module), CodeBytes: d.CodeBytes, DataBytes: 11, Functions: 6, Named: true,
		Imports: []wasm.Symbol{{Name: "cubeset.log", Type: "(i32, i32, i32) -> ()"}, {Name: "wasi_snapshot_preview1.proc_exit", Type: "(i32) -> ()"}},
		Exports: []wasm.Symbol{
			{Name: "cubeset_filter_v1", Type: "() -> i32"}, {Name: "cs_reserve", Type: "(i32) -> i32"}, {Name: "cs_configure", Type: "(i32, i32) -> i32"},
			{Name: "cs_filter", Type: "(i32, i32) -> i32"}, {Name: "memory", Type: "memory"}, {Name: "g", Type: "global"},
		},
		Memories: []wasm.Extent{{Min: 1, Max: &nine}}, Tables: []wasm.Extent{{Min: 2, Max: &three}}, Globals: 1, Sections: d.Sections,
	}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got  %+v\nwant %+v", d, want)
	}
	var names []string
	total := len(vectors.Header)
	for _, s := range d.Sections {
		names = append(names, s.Name)
		total += s.Bytes
	}
	if want := strings.Fields("type import function table memory global export code data cubeset.filter.v1 name"); !slices.Equal(names, want) {
		t.Errorf("got sections %v, want %v", names, want)
	}
	if total >= d.Bytes || len(d.SHA256) != 64 {
		t.Errorf("sections of %d of %d bytes, hash %s", total, d.Bytes, d.SHA256)
	}
	for _, bad := range [][]byte{nil, module[:len(module)-1], append(slices.Clone(module), 0, 2, 9, 'x')} {
		if _, err := wasm.Describe(bad); !errors.Is(err, wasm.ErrMalformed) {
			t.Errorf("a bad module: %v", err)
		}
	}
}
