package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/host/metrics"
)

// talks is n pairs whose answers share a word or two with their own question.
func talks(n int) []string {
	g, words := metrics.NewGenerator(1), strings.Fields("parcel invoice refund ticket window battery garden coffee train doctor")
	var lines []string
	for i := range n {
		w := words[g.Below(len(words))]
		lines = append(lines, fmt.Sprintf("{\"id\": \"%d\", \"question\": \"Where is my %s%d now?\", \"answer\": \"The %s%d you ask for is on its way, %s\"}\n", i, w, i, w, i, strings.Repeat("soon ", g.Below(4))))
	}
	return lines
}

func mustCalibrate(t testing.TB, c Config, co CalibrateOptions) Calibration {
	t.Helper()
	cal, err := Calibrate(context.Background(), c, testOptions(t, nil), co)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

// volatile is what of a Calibration may differ from run to run.
var volatile = cmp.Options{cmpopts.IgnoreTypes(CacheSummary{}, TeacherWork{}), cmpopts.IgnoreFields(Calibration{}, "Seconds")}

func TestCalibrate(t *testing.T) {
	lines := talks(300)
	c := testConfig(t, strings.Join(lines, ""))
	c.Out = ""
	co := DefaultCalibrateOptions()
	co.Sample = 100
	cal := mustCalibrate(t, c, co)
	if cal.Read != 300 || cal.Pairs != 300 || cal.Sample != 100 || cal.Shuffled != 100 {
		t.Errorf("read %d, pairs %d, sample %d, shuffled %d", cal.Read, cal.Pairs, cal.Sample, cal.Shuffled)
	}
	if cal.AUC < 0.9 || cal.AUCInterval[0] > cal.AUC || cal.AUCInterval[1] < cal.AUC || cal.Cosine.True <= cal.Cosine.Shuffled {
		t.Errorf("AUC %v in %v, cosines %v", cal.AUC, cal.AUCInterval, cal.Cosine)
	}
	if cal.Current.From != "teacher" || cal.Current.Min != 0.1 {
		t.Errorf("current threshold: %+v", cal.Current)
	}
	if cal.Recommended == nil || len(cal.Choices) != 3 {
		t.Fatalf("choices %v, recommended %v", cal.Choices, cal.Recommended)
	}
	for i, ch := range cal.Choices {
		if ch.Shuffled > ch.FalseAccept || ch.True < ch.Shuffled || i > 0 && ch.Min > cal.Choices[i-1].Min {
			t.Errorf("choice %d: %+v after %+v", i, ch, cal.Choices[:i])
		}
	}

	t.Run("the same again, from the cache", func(t *testing.T) {
		again := mustCalibrate(t, c, co)
		if diff := cmp.Diff(cal, again, volatile); diff != "" {
			t.Error(diff)
		}
		if again.Teacher.Texts != 0 {
			t.Errorf("%d texts were embedded twice", again.Teacher.Texts)
		}
	})
	t.Run("the order of the input does not matter", func(t *testing.T) {
		metrics.NewGenerator(3).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		if err := os.WriteFile(c.Inputs[0], []byte(strings.Join(lines, "")), 0o644); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(cal, mustCalibrate(t, c, co), volatile); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("another seed is another sample", func(t *testing.T) {
		c := c
		c.Seed++
		if other := mustCalibrate(t, c, co); other.Cosine == cal.Cosine {
			t.Error("the sample is the same")
		}
	})
	t.Run("the threshold recommended does in a build what was said", func(t *testing.T) {
		co := co
		co.Sample = 300
		whole, c := mustCalibrate(t, c, co), c
		c.Out, c.MinSimilarity = t.TempDir(), fmt.Sprint(whole.Recommended.Min)
		if sum, want := mustBuild(t, c), int64(whole.Recommended.True*300+0.5); sum.Kept != want {
			t.Errorf("%d of 300 are kept, want %d", sum.Kept, want)
		}
	})
}

func TestCalibrateWhereNothingTellsPairsApart(t *testing.T) {
	lines, mixed := talks(200), ""
	order := make([]int, len(lines))
	for i := range order {
		order[i] = i
	}
	for i, j := range metrics.Derange(order, 9) {
		q, _, _ := strings.Cut(lines[i], `"answer"`)
		_, a, _ := strings.Cut(lines[j], `"answer"`)
		mixed += q + `"answer"` + a
	}
	cal := mustCalibrate(t, testConfig(t, mixed), DefaultCalibrateOptions())
	if cal.Recommended != nil || cal.AUC > 0.6 {
		t.Errorf("AUC %v in %v, and yet %+v is recommended", cal.AUC, cal.AUCInterval, cal.Recommended)
	}
}

func TestCalibrateRefuses(t *testing.T) {
	same := strings.Repeat(`{"question": "Is it %d?", "answer": "Yes, that is how it is, no doubt."}`+"\n", 60)
	numbered := make([]any, 60)
	for i := range numbered {
		numbered[i] = i
	}
	for _, c := range []struct {
		name, input string
		change      func(*Config, *CalibrateOptions)
		class       error
		want        string
	}{
		{"few", chats(60), nil, ErrTooFewPairs, "too few pairs: 42 of 60 rows are left after filtering, and it takes 50, dedup/exact 6, length/answer_short 6, json 6"},
		{"one answer", fmt.Sprintf(same, numbered...), nil, ErrTooFewPairs, "too few pairs: 0 of 60 have an answer unlike the most frequent one"},
		{"sample", chats(60), func(_ *Config, o *CalibrateOptions) { o.Sample = 49 }, ErrConfig, "sample: 49 is outside 50..100000"},
		{"share", chats(60), func(_ *Config, o *CalibrateOptions) { o.FalseAccept = []float64{1} }, ErrConfig, "false_accept: 1 is not between 0 and 1"},
		{"config", chats(60), func(c *Config, _ *CalibrateOptions) { c.Workers = 0 }, ErrConfig, "workers: 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, co := testConfig(t, c.input), DefaultCalibrateOptions()
			if c.change != nil {
				c.change(&config, &co)
			}
			_, err := Calibrate(context.Background(), config, testOptions(t, nil), co)
			if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := Calibrate(ctx, testConfig(t, chats(100)), testOptions(t, nil), DefaultCalibrateOptions()); !errors.Is(err, ErrInterrupted) {
			t.Errorf("got %v", err)
		}
	})
}

// The lowest threshold keeps no more than it may, and a thousandth less would.
func TestLowest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var j judged
		for _, m := range rapid.SliceOfN(rapid.IntRange(-9990, 9980), 1, 60).Draw(t, "cosines") {
			j.shuffled = append(j.shuffled, float64(float32(m)/10000))
		}
		j.trues = j.shuffled
		share := rapid.Float64Range(0.001, 0.999).Draw(t, "share")
		min := lowest(j.shuffled, share)
		if kept := j.at(min).Shuffled; kept > share {
			t.Fatalf("%v keeps %v, more than %v", min, kept, share)
		}
		if kept := j.at(min - 0.00101).Shuffled; kept <= share {
			t.Fatalf("%v keeps %v, and so would one thousandth less: %v", min, share, kept)
		}
	})
	if got := lowest([]float64{1, 1, 0.5}, 0.5); got != 1 {
		t.Errorf("cosines of 1: threshold %v, want 1", got)
	}
}
