package plugins

import (
	"reflect"
	"testing"

	"github.com/cubeset/cubeset/sdk/teacher"
	"pgregory.net/rapid"
)

// Each field of a Description is either part of the identity or is not; a new
// field has to be put in one of the two lists.
func TestEmbedID(t *testing.T) {
	decides := map[string]bool{
		"Model": true, "Revision": true, "WeightsDigest": true, "TokenizerDigest": true, "Pooling": true,
		"Truncation": true, "Normalised": true, "Dims": true, "MaxTokens": true, "APIDimensions": true,
		"Name": false, "MaxRows": false, "Determinism": false, "Licence": false, "Languages": false,
		"MinSimilarity": false, "Matryoshka": false, "QuestionPrefix": false, "AnswerPrefix": false,
	}
	base := teacher.Description{Model: "m", Dims: 3}
	seen := map[string]string{EmbedID(base): "nothing"}
	for i := range reflect.TypeFor[teacher.Description]().NumField() {
		name := reflect.TypeFor[teacher.Description]().Field(i).Name
		d := base
		switch f := reflect.ValueOf(&d).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString("changed")
		case reflect.Int:
			f.SetInt(4)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Float64:
			f.SetFloat(0.5)
		default:
			t.Fatalf("%s: a %s", name, f.Kind())
		}
		want, known := decides[name]
		if !known {
			t.Errorf("%s: does it decide the vector?", name)
		}
		if got := EmbedID(d) != EmbedID(base); got != want {
			t.Errorf("%s: changes the id: %v, want %v", name, got, want)
		}
		if other, ok := seen[EmbedID(d)]; want && ok {
			t.Errorf("%s and %s give one id", name, other)
		}
		seen[EmbedID(d)] = name
	}
}

// Ids are kept in caches and manifests for years: they must not move.
func TestIDGolden(t *testing.T) {
	d := teacher.Description{
		Model: "org/model", Revision: "r1", WeightsDigest: "sha256:aa", TokenizerDigest: "sha256:bb",
		Pooling: "mean", Truncation: "end", MaxTokens: 512, Normalised: true, Dims: 768, APIDimensions: 256,
	}
	const embed = "c97590bb5474346c87c08722dfa30f5b7134f5a915a65ccf3bdc91e37093d1fe"
	if got := EmbedID(d); got != embed {
		t.Errorf("embed id %s", got)
	}
	const space = "41688b3c17a621ee4141ad84aa4d8e5387f2a060fa175480a05fc53c062e8203"
	if got := SpaceID(embed, "orthonormal", "cc"); got != space {
		t.Errorf("space id %s", got)
	}
}

func TestSpaceID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.StringMatching(`[ab]{0,3}`), 3, 3).Draw(t, "a")
		b := rapid.SliceOfN(rapid.StringMatching(`[ab]{0,3}`), 3, 3).Draw(t, "b")
		same := reflect.DeepEqual(a, b)
		if got := SpaceID(a[0], a[1], a[2]) == SpaceID(b[0], b[1], b[2]); got != same {
			t.Fatalf("%q and %q: one id: %v", a, b, got)
		}
	})
}
