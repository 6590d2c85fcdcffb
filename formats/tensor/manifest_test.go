package tensor

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func sum256(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func compactJSON(b *bytes.Buffer, v []byte) error { return json.Compact(b, v) }

func testManifest() Manifest {
	sum := strings.Repeat("0a", 32)
	return Manifest{
		FormatVersion: FormatVersion, Shape: Shape{2, 3}, Profile: Fast, Read: 6, Kept: 3,
		Dropped: map[string]int64{"a/b": 1}, Skipped: map[string]int64{"json": 2},
		Splits: map[string]int64{"train": 3, "validation": 0}, Scores: []string{"a"},
		Filters: []FilterInfo{{Name: "a", Stage: "text"}},
		Parts:   []PartInfo{{"data/train-1.parquet", "train", 3, 9, sum, "ff"}},
		Rejects: []PartInfo{{"rejects/rejects.parquet", "", 1, 9, sum, ""}},
	}
}

func TestManifestValidate(t *testing.T) {
	if err := testManifest().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		do   func(*Manifest)
		say  string
	}{
		{"version", func(m *Manifest) { m.FormatVersion = "1" }, `format version is "1", want "0.1"`},
		{"read", func(m *Manifest) { m.Read = 7 }, "read 7 is not kept 3 + dropped 1 + skipped 2"},
		{"negative", func(m *Manifest) { m.Dropped["a/b"], m.Dropped["c"] = 4, -3 }, "read 6 is not kept 3 + dropped -1 + skipped 2"},
		{"parts", func(m *Manifest) { m.Parts[0].Rows = 2 }, "the parts hold 2 rows, kept are 3"},
		{"splits", func(m *Manifest) { m.Splits["train"] = 2 }, "the splits hold 2 rows, kept are 3"},
		{"split of parts", func(m *Manifest) { m.Splits["train"], m.Splits["validation"] = 2, 1 }, `split "train": its parts hold 3 rows, counted are 2`},
		{"profile", func(m *Manifest) { m.Profile = "x" }, `profile "x" is unknown: it is one of [compat compact fast]`},
		{"shape", func(m *Manifest) { m.Shape = Shape{0} }, "wrong tensor shape: 0 is outside"},
		{"stage", func(m *Manifest) { m.Filters[0].Stage = "late" }, `filter "a": stage is "late", want text or vector`},
		{"config", func(m *Manifest) { m.Filters[0].Config = json.RawMessage("{") }, `filter "a": its config is no JSON`},
		{"score", func(m *Manifest) { m.Scores[0] = "A" }, `filter name "A" does not match`},
		{"up", func(m *Manifest) { m.Parts[0].Path = "data/../x.parquet" }, "is not data/<name>.parquet"},
		{"absolute", func(m *Manifest) { m.Parts[0].Path = "/data/train-1.parquet" }, "is not data/<name>.parquet"},
		{"backslash", func(m *Manifest) { m.Parts[0].Path = `data/train-1\x.parquet` }, "is not data/<name>.parquet"},
		{"other split", func(m *Manifest) { m.Parts[0].Split = "test" }, `does not begin with its split "test"`},
		{"twice", func(m *Manifest) { m.Parts = append(m.Parts, m.Parts[0]) }, "is there twice"},
		{"sum", func(m *Manifest) { m.Parts[0].SHA256 = "x" }, `sha256 "x"`},
		{"rejects", func(m *Manifest) { m.Rejects[0].Path = "data/train-1.parquet" }, "rejects 0: path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := testManifest()
			c.do(&m)
			if err := m.Validate(); err == nil || !strings.Contains(err.Error(), c.say) {
				t.Errorf("got %v, want %q", err, c.say)
			}
		})
	}
}

func TestManifestEncode(t *testing.T) {
	a, err := testManifest().Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := decodeManifest(a)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := m.Encode(); err != nil || !bytes.Equal(a, b) {
		t.Errorf("encoded again it differs: %v\n%s", err, b)
	}
	if !bytes.HasPrefix(a, []byte("{\n  \"format_version\": \"0.1\",\n  \"cubeset\": \"\",\n")) || !bytes.HasSuffix(a, []byte("}\n")) {
		t.Errorf("another form:\n%s", a)
	}
	empty, err := Manifest{}.Encode()
	if err != nil || bytes.Contains(empty, []byte(`"parts": null`)) || bytes.Contains(empty, []byte(`"dropped": null`)) {
		t.Errorf("lists and maps are null: %v\n%s", err, empty)
	}
}

func TestReadManifestIsStrict(t *testing.T) {
	good, err := testManifest().Encode()
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string {
		s := strings.Replace(string(good), old, new, 1)
		if s == string(good) {
			t.Fatalf("%s is not in the manifest", old)
		}
		return s
	}
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"good", string(good), nil},
		{"empty", "", ErrDamaged},
		{"null", "null", ErrDamaged},
		{"list", "[]", ErrDamaged},
		{"other JSON", `{"name":"x"}`, ErrDamaged},
		{"cut", string(good[:len(good)/2]), ErrDamaged},
		{"more behind", string(good) + "{}", ErrDamaged},
		{"unknown key", replace(`"kept"`, `"x": 1, "kept"`), ErrDamaged},
		{"type", replace(`"read": 6`, `"read": "6"`), ErrDamaged},
		{"fraction", replace(`"read": 6`, `"read": 6.5`), ErrDamaged},
		{"version", replace(`"0.1"`, `"0.2"`), ErrVersion},
		{"version and key", replace(`"0.1"`, `"0.2", "x": 1`), ErrVersion},
		{"way out", replace("data/train-1", "data/../../x"), ErrDamaged},
		{"count", replace(`"read": 6`, `"read": 5`), ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemFS()
			m.put("ds/manifest.json", []byte(c.in))
			if _, err := ReadManifest(m, "ds"); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := ReadManifest(newMemFS(), "ds"); !errors.Is(err, ErrNoManifest) {
		t.Errorf("empty folder: %v", err)
	}
}

func FuzzReadManifest(f *testing.F) {
	b, err := testManifest().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format_version":"0.1","parts":[{"path":"data/../x"}]}`))
	for _, v := range allVectors() {
		if v.kind() == "manifest" {
			f.Add(v.make(f))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest(b)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		for _, p := range m.Parts {
			if !filepath.IsLocal(p.Path) || filepath.Dir(p.Path) != dataDir {
				t.Fatalf("part path %q", p.Path)
			}
		}
		if m.Validate() != nil {
			return
		}
		one, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		m, err = decodeManifest(one)
		if err != nil {
			t.Fatal(err)
		}
		if two, err := m.Encode(); err != nil || !bytes.Equal(one, two) {
			t.Fatalf("not stable: %v\n%s\n%s", err, one, two)
		}
		Card(m, CardOptions{})
	})
}
