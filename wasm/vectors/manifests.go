package vectors

import (
	"fmt"
	"strings"
)

// manifests are section 7.
func manifests(l *list) {
	const code = "manifest"
	text := func(s string) Builder {
		b := Guest()
		b.Manifest = s
		return b
	}
	bad := func(rule, name, manifest string) { l.refuse(rule, name, code, text(manifest).Bytes()) }
	with := func(keys string) string { return `{"name":"x","abi":1,` + keys + `}` }
	wrong := func(rule, name, keys string) { bad(rule, name, with(keys)) }
	good := func(rule, name, keys string) { l.keep(rule, name, text(with(keys))) }
	reason := func(s string) string { return `"reasons":[` + s + `]` }

	bad("7.1", "no manifest", "")
	double := Guest()
	double.After = Section(0, Cat(Name("cubeset.filter.v1"), []byte(Manifest)))
	l.refuse("7.1", "two manifests", code, double.Bytes())
	bad("7.1", "a manifest that is not JSON", "{")
	bad("7.1", "a manifest that is a list", "[]")
	bad("7.1", "something behind the object", with(`"version":"1"`)+"{}")
	bad("7.1", "256 KiB and a byte", with(`"x":"`+strings.Repeat("x", 256<<10-len(with(`"x":""`))+1)+`"`))
	l.keep("7.1", "256 KiB", text(with(`"x":"`+strings.Repeat("x", 256<<10-len(with(`"x":""`)))+`"`)))
	early := Guest()
	early.Manifest = ""
	early.Before = Section(0, Cat(Name("cubeset.filter.v1"), []byte(Manifest)))
	l.keep("7.1", "a manifest before everything else", early)

	for name, s := range []string{"", "X", "1x", "../x", "a-b", "é", strings.Repeat("x", 33)} {
		bad("7.2", fmt.Sprintf("a name that is none, %d", name+1), fmt.Sprintf(`{"name":%q,"abi":1}`, s))
	}
	bad("7.2", "no name", `{"abi":1}`)
	l.keep("7.2", "a name of 32 characters", text(fmt.Sprintf(`{"name":"a_%s9","abi":1}`, strings.Repeat("x", 29))))

	for _, abi := range []string{"0", "2", "-1"} {
		l.refuse("7.3", "abi "+abi, "abi_version", text(`{"name":"x","abi":`+abi+`}`).Bytes())
	}
	l.refuse("7.3", "no abi", "abi_version", text(`{"name":"x"}`).Bytes())
	bad("7.3", "abi as a string", `{"name":"x","abi":"1"}`)

	long := strings.Repeat("v", 1024)
	good("7.4", "texts of 1,024 bytes", `"version":"`+long+`","description":"`+long+`","lang":["`+long+`"]`)
	wrong("7.4", "a version of 1,025 bytes", `"version":"`+long+`v"`)
	wrong("7.4", "a description of 1,025 bytes", `"description":"`+long+`v"`)
	wrong("7.4", "a language of 1,025 bytes", `"lang":["en","`+long+`v"]`)

	l.score("7.5", "every need", Needing(Guest(), allNeeds), "full", 0, 0, 0, 0)
	wrong("7.5", "a need that nobody knows", `"needs":["network"]`)
	wrong("7.5", "a need twice", `"needs":["id","id"]`)
	wrong("7.5", "needs that are no list", `"needs":"id"`)

	fixed := Guest()
	fixed.Manifest = with(`"needs":["embeddings"],"dim":3`)
	l.score("7.6", "dim as it is given", fixed, "full", 0, 0, 0, 0)
	good("7.6", "dim 65,536", `"dim":65536`)
	wrong("7.6", "dim -1", `"dim":-1`)
	wrong("7.6", "dim 65,537", `"dim":65537`)

	good("7.7", "the codes 1 and 1023", reason(`{"code":1,"name":"a"},{"code":1023,"name":"b","text":"t","sensitive":true}`))
	wrong("7.7", "code 0", reason(`{"code":0,"name":"a"}`))
	wrong("7.7", "code 1024", reason(`{"code":1024,"name":"a"}`))
	wrong("7.7", "code 65,537", reason(`{"code":65537,"name":"a"}`))
	wrong("7.7", "a code twice", reason(`{"code":1,"name":"a"},{"code":1,"name":"b"}`))
	wrong("7.7", "a name twice", reason(`{"code":1,"name":"a"},{"code":2,"name":"a"}`))
	wrong("7.7", "a name with a space", reason(`{"code":1,"name":"too short"}`))
	wrong("7.7", "a reason without a name", reason(`{"code":1}`))

	wrong("7.8", "a schema that refers to itself", `"config_schema":{"$ref":"#"}`)
	wrong("7.8", "a reference deep in the schema", `"config_schema":{"properties":{"a":{"items":{"$dynamicRef":"#a"}}}}`)
	nest := func(depth int) string { // values in one another
		return `"config_schema":` + strings.Repeat(`{"items":`, depth-1) + `{}` + strings.Repeat("}", depth-1)
	}
	good("7.8", "a schema nested 16 deep", nest(16))
	wrong("7.8", "a schema nested 18 deep", nest(18))
	wrong("7.8", "a schema that is no schema", `"config_schema":{"properties":7}`)

	wrong("7.9", "defaults against the schema", `"config_schema":{"properties":{"a":{"type":"number"}}},"config_defaults":{"a":"b"}`)
	wrong("7.9", "defaults that the schema does not name", `"config_schema":{"properties":{"a":{"type":"number"}}},"config_defaults":{"b":1}`)
	wrong("7.9", "defaults that are no object", `"config_defaults":[1]`)
	good("7.9", "defaults without a schema", `"config_defaults":{"a":[1,"x"]}`)

	wrong("7.10", "fuel_per_row -1", `"fuel_per_row":-1`)
	wrong("7.10", "fuel_per_row 10,000,001", `"fuel_per_row":10000001`)
	good("7.10", "fuel_per_row 10,000,000", `"fuel_per_row":10000000`)

	good("7.11", "a key that nobody knows", `"colour":"green"`)
	pack := func(name, manifest, code string) {
		v := l.add("7.11", name, KindPack, Guest().Bytes())
		v.Manifest, v.Expect = manifest, Expect{Code: code}
	}
	pack("packing refuses a key that nobody knows", with(`"colour":"green"`), code)
	pack("packing refuses a misspelt key", with(`"reason":[]`), code)
	pack("packing puts a manifest in place of another", with(`"version":"2"`), "")

	for _, c := range []struct{ needs, stage string }{
		{"", "text"}, {`"context","id","lang","source","dialogue","scores"`, "text"}, {`"embeddings"`, "vector"}, {`"id","similarity"`, "vector"},
	} {
		v := l.host("7.12", fmt.Sprintf("the place of a filter that needs [%s]", strings.ReplaceAll(c.needs, `"`, "")), text(with(`"needs":[`+c.needs+`]`)), "full")
		v.Expect.Verdicts, v.Expect.Stage = kept(4), c.stage
	}
}
