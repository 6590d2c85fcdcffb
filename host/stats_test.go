package host

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestMomentsOfPartsAreMomentsOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(-1, 1), 1, 50).Draw(t, "xs")
		cut := rapid.IntRange(0, len(xs)).Draw(t, "cut")
		var whole, a, b Moments
		for i, x := range xs {
			whole.add(x)
			if i < cut {
				a.add(x)
			} else {
				b.add(x)
			}
		}
		a.merge(b)
		if a.N != whole.N || a.Min != whole.Min || a.Max != whole.Max || math.Abs(a.Mean()-whole.Mean()) > 1e-12 || math.Abs(a.Deviation()-whole.Deviation()) > 1e-6 {
			t.Fatalf("%+v, want %+v", a, whole)
		}
	})
}

func TestLongTablesAreCutShort(t *testing.T) {
	var m map[string]int64
	for i := range 3 * namesMax {
		count(&m, string(rune('a'+i)), 1)
	}
	if len(m) > namesMax+1 || m["more"] == 0 {
		t.Errorf("%d entries, %d in more", len(m), m["more"])
	}
}

func TestStatsFile(t *testing.T) {
	c := testConfig(t, `{"question": "Where is parcel 1 now?", "answer": "Parcel 1 is here now", "source": "one", "lang": "en", "dialogue_id": "d", "turn": 0}
{"question": "Где посылка 2 сейчас?", "answer": "Посылка 2 сейчас здесь", "source": "two", "lang": "ru", "dialogue_id": "d", "turn": 2}
{"question": "Is parcel 3 there?", "answer": "Yes.", "source": "two"}
`)
	mustBuild(t, c)
	doc, err := os.ReadFile(filepath.Join(c.Out, "stats.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Sources        map[string]map[string]int64
		Langs, Turns   map[string]int64
		AnswerLength   described `json:"answer_length"`
		QuestionNorm   described `json:"question_norm"`
		EmbeddedBefore described `json:"similarity_before_filters"`
		Dimension      int       `json:"embedding_dimension"`
	}
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	if want := map[string]map[string]int64{"one": {"kept": 1}, "two": {"kept": 1, "length/answer_short": 1}}; !reflect.DeepEqual(got.Sources, want) {
		t.Errorf("sources %v, want %v", got.Sources, want)
	}
	if want := map[string]int64{"en": 1, "ru": 1}; !reflect.DeepEqual(got.Langs, want) {
		t.Errorf("langs %v, want %v", got.Langs, want)
	}
	if want := map[string]int64{"0": 1, "2": 1}; !reflect.DeepEqual(got.Turns, want) {
		t.Errorf("turns %v, want %v", got.Turns, want)
	}
	if a := got.AnswerLength; a.Rows != 2 || a.Mean != 21 || a.Min != 20 || a.Max != 22 || a.Deviation != 1 {
		t.Errorf("answer lengths %+v, want 20 and 22 characters", a)
	}
	if got.Dimension != 768 || got.EmbeddedBefore.Rows != 2 || math.Abs(got.QuestionNorm.Mean-1) > 1e-6 {
		t.Errorf("%+v", got)
	}
}
