package vectors

import (
	"encoding/json"
	"strings"
)

// configured is a guest whose rows score what code leaves in cs_configure, where
// p and n are Get(0) and Get(1).
func configured(manifest string, code func(hash uint64) []byte) Builder {
	b := Scoring(Global(0))
	hash, _ := Hashing(&b)
	b.Globals = [][]byte{Counter()}
	b.Funcs[FuncConfigure].Code = Cat(SetGlobal(0, code(hash)), Const(0))
	if manifest != "" {
		b.Manifest = `{"name":"vector","version":"1","abi":1,` + manifest + `,"reasons":[]}`
	}
	return b
}

// optionsHash is the hash of the options' JSON.
func optionsHash(hash uint64) []byte {
	return Cat(Add(Get(0), Field(16)), Field(20), Call(hash))
}

// configurations are section 6.
func configurations(l *list) {
	const schema = `"config_schema":{"type":"object","properties":{"least":{"type":"number","minimum":0},"word":{"type":"string"},"deep":{"type":"object"},"on":{"type":"boolean"}}}`
	const defaults = `"config_defaults":{"word":"я <&>","least":1.50,"deep":{"b":[1,2.0],"a":null}}`

	count := Scoring(Global(0))
	count.Globals = [][]byte{Counter()}
	count.Funcs[FuncConfigure].Code = Cat(SetGlobal(0, Add(Global(0), Const(1))), Const(0))
	l.scores("6.1", "cs_configure is called once, without options too", count, 1)
	again := l.host("6.1", "and not again between batches", count, "eight", "long", "eight")
	for range 8 {
		again.Expect.Verdicts = append(again.Expect.Verdicts, Verdict{Keep: true, Score: 1})
	}
	header := Guest()
	check := func(offset uint64, want []byte) []byte { return If(Differ(Field(offset), want), Trap()) }
	header.Funcs[FuncConfigure].Code = Cat(check(0, Const(0x31435343)), check(4, Const(32)), check(8, Const(0)), check(12, Const(0)), check(20, Const(2)),
		check(24, Const(0)), check(28, Get(1)), If(Cat(Field(16), Const(15), []byte{0x71}), Trap()), Const(0))
	l.keep("6.1", "magic, header_size, blobs, flags, json_bytes, blob_table and total", header)

	options := func(rules, name, manifest, config, want string) {
		l.scores(rules, name, configured(manifest, optionsHash), fnv(want)).Config = json.RawMessage(config)
	}
	options("6.2", "no options are an empty object", "", "null", "{}")
	options("6.2", "defaults alone: keys sorted, no spaces, nothing escaped that need not be", schema+","+defaults, "null",
		`{"deep":{"a":null,"b":[1,2]},"least":1.5,"word":"я <&>"}`)
	options("6.2", "the user's values over the defaults", schema+","+defaults, `{"on": true, "word": "b", "deep": {}}`,
		`{"deep":{},"least":1.5,"on":true,"word":"b"}`)
	options("6.2", "numbers in their shortest form", schema+","+defaults, `{"least": 1e2, "deep": {"x": 1e21, "y": 0.0000001, "z": -0.10}}`,
		`{"deep":{"x":1e+21,"y":1e-7,"z":-0.1},"least":100,"word":"я <&>"}`)
	options("6.2", "escapes in strings", schema+","+defaults, `{"word": "\u0041\u000a\"\\\u20ac", "deep": {}}`, `{"deep":{},"least":1.5,"word":"A\n\"\\€"}`)

	wrong := func(name, manifest, config string) {
		v := l.open("6.3", name, "config", configured(manifest, optionsHash))
		v.Config = json.RawMessage(config)
	}
	wrong("an option that the schema does not name", schema+","+defaults, `{"lest": 2}`)
	wrong("an option where the manifest has none", "", `{"any": 1}`)
	wrong("a string for a number", schema+","+defaults, `{"least": "2"}`)
	wrong("a number below its minimum", schema+","+defaults, `{"least": -1}`)
	wrong("options that are no object", schema+","+defaults, `[1]`)
	wrong("an option that only other defaults have", `"config_defaults":{"a":1}`, `{"b": 1}`)
	options("6.3", "an option that only the defaults name", `"config_defaults":{"a":1}`, `{"a": "x"}`, `{"a":"x"}`)

	blob := func(i, part int64) func(uint64) []byte { // the hash of a name (0) or of data (8)
		at := func(offset int64) []byte { return Add(Get(0), Field(24), Const(16*i+part+offset)) }
		return func(hash uint64) []byte { return Cat(Add(Get(0), Load(at(0), 0)), Load(at(4), 0), Call(hash)) }
	}
	files := map[string]string{"words": "один\nдва\x00", "Zebra.bin": "stripes", "empty": ""}
	for i, name := range []string{"Zebra.bin", "empty", "words"} { // sorted by bytes
		l.scores("6.4", "the name of blob "+name, configured("", blob(int64(i), 0)), fnv(name)).Blobs = files
		l.scores("6.4", "the data of blob "+name, configured("", blob(int64(i), 8)), fnv(files[name])).Blobs = files
	}
	l.scores("6.4", "how many blobs", configured("", func(uint64) []byte { return Field(8) }), 3).Blobs = files
	l.scores("6.4", "names and data start at multiples of 16", configured("", func(uint64) []byte {
		bits := Const(0)
		for i := range int64(6) {
			bits = Cat(bits, Load(Add(Get(0), Field(24), Const(8*i)), 0), []byte{0x72})
		}
		return Cat(bits, Const(15), []byte{0x71})
	}), 0).Blobs = files

	named := func(name string, blobs map[string]string) *Vector {
		v := l.open("6.5", name, "config", Guest())
		v.Blobs = blobs
		return v
	}
	named("a blob in another folder", map[string]string{"../words": ""})
	named("a blob without a name", map[string]string{"": ""})
	named("a blob whose name begins with a point", map[string]string{".words": ""})
	named("a name of 65 bytes", map[string]string{strings.Repeat("a", 65): ""})
	many := map[string]string{}
	for i := range 65 {
		many[strings.Repeat("b", i)+"c"] = "x"
	}
	delete(many, strings.Repeat("b", 64)+"c")
	fits := l.keep("6.5", "64 blobs, with names of up to 64 bytes", Guest())
	fits.Blobs = many
	more := map[string]string{"one.more": ""}
	for k, v := range many {
		more[k] = v
	}
	named("65 blobs", more)

	// What cs_configure was given is gone when the first batch comes.
	copies := configured("", optionsHash)
	l.scores("6.6", "a guest that keeps what it needs", Before(copies, If(Equal(Load(Get(0), 0), Const(0x31435343)), Trap())), fnv("{}"))
}
