package kit_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
	"github.com/cubeset/cubeset/wasm/kit"
	"github.com/cubeset/cubeset/wasm/vectors"
)

// of is the names of the checks with that status.
func of(r kit.Report, s kit.Status) string {
	var names []string
	for _, c := range r.Checks {
		if c.Status == s {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, " ")
}

func check(t *testing.T, module []byte, o kit.Options) kit.Report {
	t.Helper()
	r, err := kit.Check(t.Context(), module, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestBundledFilters: all thirteen pass, and so does the one that looks at every
// column.
func TestBundledFilters(t *testing.T) {
	for _, f := range filters.All() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			o := kit.DefaultOptions()
			if f.Name == "wordlist" { // which does not start without words
				o.Config = []byte(`{"words":"invoice,поезд,好"}`)
			}
			r := check(t, f.Module, o)
			if r.Filter != f.Name || len(r.SHA256) != 64 || of(r, kit.Warned) != "" || of(r, kit.Failed) != "" {
				t.Errorf("%+v", r)
			}
			for _, c := range r.Checks {
				t.Logf("%.3f %s: %s", c.Seconds, c.Name, c.Detail)
			}
		})
	}
	t.Run("probe", func(t *testing.T) {
		module, err := os.ReadFile("../filters/probe/probe.wasm")
		if err != nil {
			t.Fatal(err)
		}
		kit.Run(t, module, kit.DefaultOptions())
	})
}

const (
	localGet, localSet, globalGet, globalSet = 0x20, 0x21, 0x23, 0x24
	ifThen, end, unreachable, drop           = 0x04, 0x0b, 0x00, 0x1a
	void                                     = 0x40
	add, equal, greater                      = 0x6a, 0x46, 0x4b // of i32
)

// header is the u32 at an offset of the batch's header.
func header(at byte) []byte { return []byte{localGet, 0, 0x28, 2, at} }

// trapIf is code that traps if what cond leaves is not 0.
func trapIf(cond ...[]byte) []byte {
	return vectors.Cat(append(cond, []byte{ifThen, void, unreachable, end})...)
}

// scoring is a guest that keeps every row, with the i32 that code leaves as its
// score. Local 2 is the row.
func scoring(code ...[]byte) vectors.Builder {
	verdict := []byte{localGet, 0, localGet, 0, 0x28, 2, 44, add, localGet, 2, 0x41, 3, 0x74, add} // p + verdicts + 8 i
	return vectors.Filtering(vectors.EachRow(vectors.Cat(
		verdict, vectors.Const(1), []byte{0x36, 0, 0}, // keep
		verdict, vectors.Cat(code...), []byte{0xb3, 0x38, 0, 4}, // f32.convert_i32_u, f32.store
	)))
}

// then is a guest whose cs_filter does code first. Further locals are i32.
func then(b vectors.Builder, code ...[]byte) vectors.Builder {
	f := &b.Funcs[vectors.FuncFilter]
	f.Code = vectors.Cat(append(code, f.Code)...)
	return b
}

// counting is a guest with a mutable i32 global 0, for scoring.
func counting(code ...[]byte) vectors.Builder {
	b := scoring(code...)
	b.Globals = [][]byte{{vectors.I32, 1, 0x41, 0, end}}
	return b
}

// described is b with a manifest that asks for nothing more, and has extra keys.
func described(b vectors.Builder, extra string) vectors.Builder {
	b.Manifest = `{"name":"vector","version":"1","abi":1,"description":"a vector","reasons":[{"code":7,"name":"bad","text":"it is bad"}]` + extra + `}`
	return b
}

// float puts a float on the stack as the score's f32: code must leave one.
func floating(code ...[]byte) vectors.Builder {
	verdict := []byte{localGet, 0, localGet, 0, 0x28, 2, 44, add, localGet, 2, 0x41, 3, 0x74, add}
	return vectors.Filtering(vectors.EachRow(vectors.Cat(
		verdict, vectors.Const(1), []byte{0x36, 0, 0},
		verdict, vectors.Cat(code...), []byte{0x38, 0, 4},
	)))
}

// answerLength is how many bytes the answer of row local 2 has.
func answerLength() []byte {
	at := []byte{localGet, 0, localGet, 0, 0x28, 2, 24, add, localGet, 2, 0x41, 2, 0x74, add} // p + answers + 4 i
	return vectors.Cat(at, []byte{0x28, 0, 4}, at, []byte{0x28, 0, 0, 0x6b})
}

// firstValue is the f32 at the start of the question's embedding of row local 2.
func firstValue() []byte {
	return vectors.Cat([]byte{localGet, 0, localGet, 0, 0x28, 2, 32, add}, header(40), []byte{localGet, 2, 0x6c, 0x41, 2, 0x74, add, 0x2a, 0, 0})
}

// seeds are guests with one bug each, the checks that must fail, and what the
// first of them must say.
func seeds() []struct {
	bug    string
	module []byte
	failed string
	detail string
} {
	manifestOf := func(s string) []byte { b := vectors.Guest(); b.Manifest = s; return b.Bytes() }
	with := func(i int, code []byte) []byte { b := vectors.Guest(); b.Funcs[i].Code = code; return b.Bytes() }
	const needEmbeddings, needDialogue = `,"needs":["embeddings"]`, `,"needs":["dialogue"]`
	const option = `,"config_schema":{"properties":{"deep":{"type":"boolean"}}},"config_defaults":{"deep":true}`
	type seed = struct {
		bug    string
		module []byte
		failed string
		detail string
	}
	noFilter := vectors.Guest()
	noFilter.Funcs[vectors.FuncFilter].Export = ""
	locals := vectors.Guest()
	locals.Funcs[vectors.FuncFilter].Locals = vectors.Cat([]byte{1}, vectors.U(5000), []byte{vectors.I32})
	initTrap := vectors.Guest()
	initTrap.Funcs = append(initTrap.Funcs, vectors.Func{Type: vectors.TypeNone, Code: []byte{unreachable}, Export: "_initialize"})
	leak := then(vectors.Guest(), vectors.Const(1), []byte{0x40, 0, drop})
	slowLeak := counting(vectors.Const(0)) // eight bytes a row, and a page when they are used up
	slowLeak = then(slowLeak, []byte{globalGet, 0}, header(8), []byte{0x41, 3, 0x74, add, globalSet, 0},
		[]byte{globalGet, 0}, vectors.Const(65_536), []byte{greater, ifThen, void}, vectors.Const(1), []byte{0x40, 0, drop}, []byte{globalGet, 0}, vectors.Const(65_536), []byte{0x6b, globalSet, 0, end})
	fixed := vectors.Guest()
	fixed.Memory = []byte{0, 33} // 2 MiB and a page
	fixed.Funcs[vectors.FuncReserve].Code = vectors.Cat([]byte{localGet, 0}, vectors.Const(2<<20), []byte{greater, ifThen, vectors.I32}, vectors.Const(0), []byte{0x05}, vectors.Const(1024), []byte{end})
	// keeps the address of the options, and reads them after they are gone
	dangling := counting([]byte{globalGet, 0, 0x2d, 0, 80})
	dangling.Funcs[vectors.FuncConfigure].Code = vectors.Cat([]byte{localGet, 0, globalSet, 0}, vectors.Const(0))
	deep := vectors.Guest()
	deep.Funcs[vectors.FuncConfigure].Code = vectors.Cat(trapIf([]byte{localGet, 0, 0x28, 2, 20}, vectors.Const(14), []byte{equal}), vectors.Const(0)) // {"deep":false}
	last := vectors.Filtering(vectors.EachRow(vectors.Cat(                                                                                             // all rows but the last
		[]byte{localGet, 2}, vectors.Const(1), []byte{add}, header(8), []byte{0x49, ifThen, void},
		[]byte{localGet, 0, localGet, 0, 0x28, 2, 44, add, localGet, 2, 0x41, 3, 0x74, add}, vectors.Const64(1), []byte{0x37, 0, 0, end})))
	named := vectors.Filtering([]byte{0x10, 4, 0x41, 0})
	named.Funcs = append(named.Funcs, vectors.Func{Type: vectors.TypeNone, Code: []byte{unreachable}})
	named.After = vectors.Section(0, vectors.Cat(vectors.Name("name"), vectors.Section(1, vectors.Vec(vectors.Cat(vectors.U(4), vectors.Name("split_words"))))))
	turn := []byte{localGet, 0, localGet, 0, 0x28, 2, 52, add, 0x28, 0, 4, localGet, 0, add, 0x28, 0, 0} // the first row's
	square := vectors.Cat(firstValue(), firstValue(), []byte{0x94})

	return []seed{
		{"not a module", []byte("(module)"), "module", "not a core WebAssembly module"},
		{"5000 locals", locals.Bytes(), "module", "locals: 5000, at most 1024"},
		{"no manifest", manifestOf(""), "manifest", "no section cubeset.filter.v1"},
		{"ABI 2", manifestOf(`{"name":"x","abi":2}`), "manifest", "wrong abi"},
		{"defaults against the schema", manifestOf(`{"name":"x","abi":1,"config_schema":{"properties":{"a":{"type":"number"}}},"config_defaults":{"a":"b"}}`), "manifest", "config_defaults"},
		{"no cs_filter", noFilter.Bytes(), "load", "missing_export: cs_filter"},
		{"imports a file system", vectors.Importing(vectors.Import{Module: "env", Name: "open", Type: vectors.TypeNone}).Bytes(), "load", `unknown_import: "env"."open"`},
		{"a type error", vectors.Filtering([]byte{add}).Bytes(), "load", "compile"},
		{"revision 2", with(vectors.FuncMarker, vectors.Const(2)), "start", "abi_version"},
		{"traps in _initialize", initTrap.Bytes(), "start", "trap in _initialize: unreachable"},
		{"refuses its defaults", with(vectors.FuncConfigure, vectors.Const(3)), "start", "config in cs_configure: status 3"},
		{"an unaligned buffer", with(vectors.FuncReserve, vectors.Const(1027)), "start", "bad_pointer in cs_reserve: 0x403 is not aligned"},
		{"a buffer outside", with(vectors.FuncReserve, vectors.Const(65_520)), "start", "bad_pointer"},
		{"endless", vectors.Filtering([]byte{0x03, 0x40, 0x0c, 0, 0x0b, 0x41, 0}).Bytes(), "rows", "ordinary row 0: fuel in cs_filter"},
		{"a status", vectors.Filtering(vectors.Const(9)).Bytes(), "rows", "guest_status in cs_filter: status 9"},
		{"keep is 7", vectors.Filtering(vectors.Verdicts(7)).Bytes(), "rows", "ordinary row 0: bad_verdict"},
		{"never writes the last", last.Bytes(), "rows", "ordinary row 256: bad_verdict in cs_filter: the verdict was not written"},
		{"a reason of nobody's", vectors.Filtering(vectors.Verdicts(8 << 16)).Bytes(), "rows", "bad_reason in cs_filter: reason 8 is not in the manifest"},
		{"traps in a function with a name", named.Bytes(), "rows", "ordinary row 0: trap in cs_filter: unreachable"},
		{"traps at an answer of 2 bytes", scoring(trapIf(answerLength(), vectors.Const(2), []byte{equal}), vectors.Const(0)).Bytes(), "rows", "ordinary row 2: trap in cs_filter"},
		{"traps without rows", then(vectors.Guest(), trapIf(header(8), []byte{0x45})).Bytes(), "empty", "a batch without rows: trap"},
		{"counts batches", then(counting([]byte{globalGet, 0}), []byte{globalGet, 0}, vectors.Const(1), []byte{add, globalSet, 0}).Bytes(), "empty repeat batches buffer texts", "after an empty batch, ordinary row 0 is kept with score 2, but before it was kept with score 1"},
		{"scores the batch", scoring(header(8)).Bytes(), "batches buffer texts", "in batches of 1, ordinary row 0 is kept with score 1, but before it was kept with score 257"},
		{"scores the place in the batch", scoring([]byte{localGet, 2}).Bytes(), "batches order texts", "in batches of 1, ordinary row 1 is"},
		{"scores row_base", scoring([]byte{localGet, 0, 0x28, 2, 60}).Bytes(), "order", "with row_base 2^33"},
		{"a buffer of 2 MiB", fixed.Bytes(), "buffer texts", "guest_oom in cs_reserve"},
		{"reads options that are gone", dangling.Bytes(), "batches order texts", "in batches of 1"},
		{"traps at an empty answer", then(scoring(trapIf(answerLength(), []byte{0x45}), vectors.Const(0))).Bytes(), "texts", "an empty text as the answer: trap in cs_filter"},
		{"traps at a megabyte", scoring(trapIf(answerLength(), vectors.Const(1<<19), []byte{greater}), vectors.Const(0)).Bytes(), "texts", "a megabyte of words as the answer: trap"},
		{"NaN of zeros", described(floating(firstValue(), firstValue(), []byte{0x95}), needEmbeddings).Bytes(), "vectors", "nan_score in cs_filter"},
		{"squares overflow", described(floating(square), needEmbeddings).Bytes(), "vectors", "numbers whose squares overflow against zeros, in 1 dimensions"},
		{"only 768 values", described(then(vectors.Guest(), trapIf(header(40), vectors.Const(768), []byte{0x47})), needEmbeddings).Bytes(), "vectors", "in 1 dimensions"},
		{"traps at an unknown turn", described(then(vectors.Guest(), header(8), []byte{ifThen, void}, trapIf(turn, vectors.Const(-1), []byte{equal}), []byte{end}), needDialogue).Bytes(), "columns", "without any of [dialogue]: ordinary row 0: trap"},
		{"traps at an option", described(deep, option).Bytes(), "options", "with option \"deep\" = false: trap in cs_configure"},
		{"leaks a page a batch", leak.Bytes(), "memory", "memory grows"},
		{"leaks 8 bytes a row", slowLeak.Bytes(), "memory", "memory grows"},
	}
}

func TestSeededBugs(t *testing.T) {
	for _, s := range seeds() {
		t.Run(s.bug, func(t *testing.T) {
			t.Parallel()
			o := kit.DefaultOptions()
			o.Sandbox.FuelBase = 2_000_000 // so that what is endless ends soon
			r := check(t, s.module, o)
			if got := of(r, kit.Failed); got != s.failed {
				for _, c := range r.Checks {
					t.Logf("%s %s: %s", c.Status, c.Name, c.Detail)
				}
				t.Fatalf("failed %q, want %q", got, s.failed)
			}
			i := slices.IndexFunc(r.Checks, func(c kit.Result) bool { return c.Status == kit.Failed })
			if i < 0 {
				return
			}
			if c := r.Checks[i]; !strings.Contains(c.Detail, s.detail) || c.Change == "" || c.Change == "find out why" || len(c.Rules) == 0 {
				t.Errorf("%+v, want %q", c, s.detail)
			}
		})
	}
}

// TestTrace: a trap has the functions it happened in.
func TestTrace(t *testing.T) {
	for _, s := range seeds() {
		if s.bug != "traps in a function with a name" {
			continue
		}
		r := check(t, s.module, kit.DefaultOptions())
		if c := r.Checks[4]; !slices.Equal(c.Trace, []string{"split_words", "cs_filter"}) {
			t.Errorf("%+v", c)
		}
		return
	}
	t.Error("no such guest")
}

func TestWarnings(t *testing.T) {
	r := check(t, vectors.Guest().Bytes(), kit.DefaultOptions())
	if of(r, kit.Warned) != "manifest" || of(r, kit.Failed) != "" || of(r, kit.Skipped) != "vectors columns options cases" {
		t.Errorf("%+v", r)
	}
	if d := r.Checks[1].Detail; d != "vector lacks a description, a text for reason bad" {
		t.Error(d)
	}
}

func TestMisuse(t *testing.T) {
	length, _ := filters.Find("length")
	o := kit.DefaultOptions()
	o.Dim = -1
	if _, err := kit.Check(t.Context(), length.Module, o); err == nil || !strings.Contains(err.Error(), "dim: -1") {
		t.Error(err)
	}
	o = kit.DefaultOptions()
	o.Config = []byte(`{"questoin_min":3}`)
	if _, err := kit.Check(t.Context(), length.Module, o); !errors.Is(err, kit.ErrOptions) || !strings.Contains(err.Error(), `did you mean "question_min"?`) {
		t.Error(err)
	}
	if _, err := kit.Judge(t.Context(), length.Module, o, kit.Case{}); !errors.Is(err, kit.ErrOptions) {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := kit.Check(ended, length.Module, kit.DefaultOptions()); !errors.Is(err, context.Canceled) || len(r.Checks) != 0 {
		t.Errorf("%v, %d checks", err, len(r.Checks))
	}
	var sandbox wasm.Config
	if _, err := kit.Check(t.Context(), length.Module, kit.Options{Sandbox: sandbox}); err == nil {
		t.Error("the zero Options are valid")
	}
}
