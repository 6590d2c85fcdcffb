package host

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/plugins/hashing"
)

func TestCompareScoresATeacher(t *testing.T) {
	c := testConfig(t, strings.Join(talks(200), ""))
	c.Out, c.MinSimilarity = "", "0.9" // which is not the teacher's own
	co := CompareOptions{Teachers: []string{hashing.Name}, Sample: 80}
	first, err := Compare(context.Background(), c, testOptions(t, nil), co)
	if err != nil {
		t.Fatal(err)
	}
	s := first.Teachers[0].TeacherScore
	if first.Read != 200 || first.Pairs != 200 || first.Sample != 80 || s.Pool != 80 || s.Rejected != 0 || s.Dims != 768 {
		t.Errorf("%+v, %+v", first, s)
	}
	if s.MRR < 0.5 || s.MRR > 1 || s.MRRInterval[0] > s.MRR || s.MRRInterval[1] < s.MRR || s.Recall1 > s.MRR || s.Recall10 < s.Recall1 || s.NDCG10 < s.Recall1 || s.AUC < 0.9 {
		t.Errorf("%+v", s)
	}
	if s.Own.Min != 0.1 || s.Default.Min != 0.3 || s.Own.True < s.Default.True || s.Cosine.True <= s.Cosine.Shuffled {
		t.Errorf("own %+v, default %+v, cosines %+v", s.Own, s.Default, s.Cosine)
	}
	if s.Texts != 160 || s.TextsPerSecond == nil || *s.TextsPerSecond <= 0 {
		t.Errorf("%d texts, %v a second", s.Texts, s.TextsPerSecond)
	}
	again, err := Compare(context.Background(), c, testOptions(t, nil), co)
	if err != nil {
		t.Fatal(err)
	}
	r := again.Teachers[0].TeacherScore
	if r.Texts != 0 || r.TextsPerSecond != nil {
		t.Errorf("from the cache: %d texts, %v a second", r.Texts, r.TextsPerSecond)
	}
	if r.Texts, r.TextsPerSecond, r.Seconds = s.Texts, s.TextsPerSecond, s.Seconds; *r != *s {
		t.Errorf("from the cache %+v, first %+v", *r, *s)
	}
}

func TestCompareKeepsTheRowOfATeacherThatFails(t *testing.T) {
	c := testConfig(t, strings.Join(talks(60), ""))
	out, err := Compare(context.Background(), c, testOptions(t, nil), CompareOptions{Teachers: []string{"./absent", hashing.Name}, Sample: 60})
	if !errors.Is(err, ErrTeacher) || err.Error() != "1 of 2 teachers failed" {
		t.Errorf("got %v", err)
	}
	if len(out.Teachers) != 2 || out.Teachers[0].TeacherScore == nil || out.Teachers[1].Teacher != "./absent" || !strings.Contains(out.Teachers[1].Error, "absent") {
		t.Fatalf("%+v", out.Teachers)
	}
	raw, err := json.Marshal(out.Teachers[1])
	if err != nil || strings.Contains(string(raw), "mrr") {
		t.Errorf("a row without a score is %s, %v", raw, err)
	}
}

func TestCompareRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     CompareOptions
		class error
		want  string
	}{
		{"no teacher", CompareOptions{Sample: 100}, ErrConfig, "teacher: none to compare"},
		{"twice", CompareOptions{[]string{"hash-768", "hash-768"}, 100}, ErrConfig, `"hash-768" is there twice`},
		{"a name nobody knows", CompareOptions{[]string{"./absent", "hash-786"}, 100}, ErrConfig, `did you mean "hash-768"?`},
		{"sample", CompareOptions{[]string{"hash-768"}, 30_000}, ErrConfig, "sample: 30000 is outside 50..20000"},
		{"few", CompareOptions{[]string{"hash-768"}, 100}, ErrTooFewPairs, "42 of 60 rows are left"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Compare(context.Background(), testConfig(t, chats(60)), testOptions(t, nil), c.o); !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// A pair of which one text is rejected counts nowhere, nor does its answer
// beside another question.
func TestJudgedWithoutTheRejected(t *testing.T) {
	s := &sample{}
	var q, a []vector
	for i := range 120 {
		s.pairs = append(s.pairs, drawn{answer: strings.Repeat("x", i)})
		v := vector{floats: []float32{float32(i + 1), 1}}
		q, a = append(q, v), append(a, v)
	}
	s.shuffle()
	q[3], a[5] = vector{code: "too_long"}, vector{code: "empty"}
	j, err := s.compare(q, a, "t")
	if err != nil {
		t.Fatal(err)
	}
	if j.rejected != 2 || len(j.trues) != 118 || len(j.questions) != 118 || len(j.labels) != 118 || len(j.shuffled) < 116 || len(j.shuffled) > 117 {
		t.Errorf("rejected %d, true %d, shuffled %d", j.rejected, len(j.trues), len(j.shuffled))
	}
	if at := j.at(0.999999); at.True != 1 {
		t.Errorf("of equal vectors %v are kept", at.True)
	}
	for i := range q {
		q[i] = vector{code: "too_long"}
	}
	if _, err := s.compare(q, a, "t"); !errors.Is(err, ErrTeacher) || !strings.Contains(err.Error(), "teacher t: rejects 120 of 120 pairs") {
		t.Errorf("got %v", err)
	}
}
