package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm/vectors"
)

func TestPackThenRead(t *testing.T) {
	m := Manifest{
		Name: "x", Version: "2", ABI: 1, Needs: []string{NeedLang, NeedSimilarity}, Lang: []string{"ru"},
		Reasons:        []Reason{{Code: 1, Name: "pii", Text: "a < b", Sensitive: true}},
		ConfigSchema:   json.RawMessage(`{"type":"object","properties":{"a":{"type":"number"}}}`),
		ConfigDefaults: json.RawMessage(`{"a":1}`), FuelPerRow: 300_000, Description: "d",
	}
	first := vectors.Guest().Bytes() // has a manifest already
	packed, err := Pack(first, m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadManifest(packed)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("got %+v, %v, want %+v", got, err, m)
	}
	again, err := Pack(packed, m)
	if err != nil || !bytes.Equal(again, packed) {
		t.Error("packing again changes the module")
	}
	if got.Stage() != StageVector || (Manifest{Needs: []string{NeedContext}}).Stage() != StageText {
		t.Error("wrong stage")
	}
}

func TestParseManifest(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"good", `{"name":"x","version":"1","abi":1,"reasons":[]}`, ""},
		{"two names", `{"name":"x","abi":1,"colour":1}`, "unknown field"},
		{"two values", `{"name":"x","abi":1} {}`, "more than one"},
		{"everything at once", `{"name":"X","abi":3,"dim":-1}`, "abi: filter is for 3, host speaks 1\nname \"X\""},
		{"reason 0", `{"name":"x","abi":1,"reasons":[{"code":0,"name":"a"}]}`, "outside 1..1023"},
		{"reason 1024", `{"name":"x","abi":1,"reasons":[{"code":1024,"name":"a"}]}`, "outside 1..1023"},
		{"fuel", `{"name":"x","abi":1,"fuel_per_row":10000001}`, "outside 0..10000000"},
		{"need twice", `{"name":"x","abi":1,"needs":["id","id"]}`, "twice"},
		{"schema", `{"name":"x","abi":1,"config_schema":{"allOf":[{"$ref":"#"}]}}`, "$ref is not allowed"},
		{"deep schema", `{"name":"x","abi":1,"config_schema":` + strings.Repeat(`{"not":`, 40) + `{}` + strings.Repeat(`}`, 40) + `}`, "deeper than 16"},
		{"defaults", `{"name":"x","abi":1,"config_schema":{"properties":{"a":{}}},"config_defaults":{"b":1}}`, `unknown option "b"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseManifest([]byte(c.text))
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := ReadManifest([]byte(header)); !errors.Is(err, ErrNoManifest) {
		t.Errorf("got %v", err)
	}
}

func TestMergeOptions(t *testing.T) {
	o, err := newOptions(Manifest{
		ConfigSchema: json.RawMessage(`{"type":"object","properties":{
			"min":{"type":"number","maximum":1},"word":{"type":"string"},"overlap_max":{"type":"number"}}}`),
		ConfigDefaults: json.RawMessage(`{"word":"<é>","min":0.30}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, user, want, fail string }{
		{"nothing", ``, `{"min":0.3,"word":"<é>"}`, ""},
		{"null", `null`, `{"min":0.3,"word":"<é>"}`, ""},
		{"over a default", ` { "word":"x", "min" : 1.0 } `, `{"min":1,"word":"x"}`, ""},
		{"without a default", `{"overlap_max":5e-1}`, `{"min":0.3,"overlap_max":0.5,"word":"<é>"}`, ""},
		{"near", `{"overlapmax":1}`, "", `unknown option "overlapmax": did you mean "overlap_max"?`},
		{"far", `{"zzz":1}`, "", `unknown option "zzz": the filter has ["min" "overlap_max" "word"]`},
		{"schema", `{"min":2}`, "", "maximum"},
		{"not an object", `[1]`, "", "cannot unmarshal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := o.merge(json.RawMessage(c.user))
			if string(got) != c.want || (c.fail == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.fail) {
				t.Fatalf("got %s, %v, want %s, %q", got, err, c.want, c.fail)
			}
			if err != nil {
				return
			}
			if again, err := o.merge(got); err != nil || string(again) != c.want {
				t.Errorf("merged again: %s, %v", again, err)
			}
		})
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(vectors.Manifest))
	f.Add([]byte(`{"name":"x","abi":1,"config_schema":{"properties":{"a":{"enum":[1,{}]}}},"config_defaults":{"a":1}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b := vectors.Guest()
		b.Manifest = string(text)
		m, err := ReadManifest(b.Bytes())
		if err != nil {
			return
		}
		packed, err := Pack(b.Bytes(), m)
		if err != nil {
			t.Fatalf("read but not packed: %v", err)
		}
		if again, err := ReadManifest(packed); err != nil || again.Name != m.Name || len(again.Reasons) != len(m.Reasons) {
			t.Errorf("packed but not read: %v", err)
		}
	})
}
