package tensor

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func TestCardFrontMatter(t *testing.T) {
	m := testManifest()
	m.Splits["train"], m.Splits["validation"], m.Licence = 2, 1, "cc-by-4.0"
	card := Card(m, CardOptions{Title: "chats: \"the\" best"})
	if !bytes.Equal(card, Card(m, CardOptions{Title: "chats: \"the\" best"})) {
		t.Error("two cards differ")
	}
	var front struct {
		License    string `yaml:"license"`
		PrettyName string `yaml:"pretty_name"`
		Configs    []struct {
			DataFiles []struct{ Split, Path string } `yaml:"data_files"`
		}
		DatasetInfo struct {
			Features []struct {
				Name, Dtype, List string
				Length            int
			}
		} `yaml:"dataset_info"`
	}
	parts := strings.SplitN(string(card), "---\n", 3)
	if err := yaml.Unmarshal([]byte(parts[1]), &front); err != nil {
		t.Fatal(err)
	}
	if front.License != "cc-by-4.0" || front.PrettyName != `chats: "the" best` {
		t.Errorf("front matter is %+v", front)
	}
	if d := front.Configs[0].DataFiles; len(d) != 2 || d[0].Split != "train" || d[1].Path != "data/validation-*.parquet" {
		t.Errorf("splits are %+v", d)
	}
	want := columns(m.Scores)
	for i, f := range front.DatasetInfo.Features {
		if f.Name != want[i].name || want[i].kind == tensors && (f.List != "float32" || f.Length != 6) || want[i].kind == text && f.Dtype != "string" {
			t.Errorf("feature %d is %+v", i, f)
		}
	}
	if len(front.DatasetInfo.Features) != len(want) {
		t.Errorf("%d features, want %d", len(front.DatasetInfo.Features), len(want))
	}
}

func TestCardWithoutValidationHasOneSplit(t *testing.T) {
	card := string(Card(testManifest(), CardOptions{}))
	if strings.Contains(card, "data/validation-") || !strings.Contains(card, "data/train-*.parquet") {
		t.Errorf("the card lists a split without rows:\n%s", card)
	}
	for _, s := range []string{"pd.read_parquet", "to_numpy_ndarray()", "load_dataset(", "duckdb.sql", "pl.read_parquet", "spark.read.parquet", "DataLoader", "(N, 2, 3)", "FLOAT[6]"} {
		if !strings.Contains(card, s) {
			t.Errorf("the card does not say %s", s)
		}
	}
	if strings.Contains(card, "license:") {
		t.Error("a licence from nowhere")
	}
}

func TestCardEscapesHostileText(t *testing.T) {
	const evil = "x|y<img src=x onerror=alert(1)>\n---\n# h `c` [l](javascript:1) \x1b[31m \u202e *b* www.evil.example"
	m := testManifest()
	m.Teacher = TeacherInfo{Name: evil, Model: evil, Licence: evil, SpaceID: evil}
	m.Licence = evil + ": !!python/object"
	m.Inputs = []Input{{Name: evil}}
	m.Dropped = map[string]int64{evil: 1}
	m.Splits[evil] = 0
	m.Filters[0].Config = []byte(`{"words":"<script>|` + "`" + `"}`)
	card := string(Card(m, CardOptions{Title: evil}))
	parts := strings.SplitN(card, "---\n", 3)
	var front map[string]any
	if err := yaml.Unmarshal([]byte(parts[1]), &front); err != nil {
		t.Fatalf("front matter: %v", err)
	}
	if front["license"] != "other" || !regexp.MustCompile(`^[a-z0-9.-]+$`).MatchString(fmt.Sprint(front["license_name"])) {
		t.Errorf("licence is %v, %v", front["license"], front["license_name"])
	}
	body, _, _ := strings.Cut(parts[2], "\n## Columns")
	for _, bad := range []string{"<img", "<script", " `c`", "[l](", "\x1b", "\u202e", " *b*", "\n---\n", "\n# h", "www.evil"} {
		if strings.Contains(body, bad) {
			t.Errorf("the card holds %q as it came", bad)
		}
	}
	for _, line := range strings.Split(body, "\n") {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		bars := strings.Count(line, "|") - strings.Count(line, `\|`)
		if bars < 3 || bars > 7 {
			t.Errorf("a row with %d bars: %s", bars, line)
		}
	}
	if n := len(markdown(strings.Repeat("x", 10_000))); n > cardTextMax+3 {
		t.Errorf("%d bytes of one name", n)
	}
}

func TestCardCountsWhatFiltersDropped(t *testing.T) {
	m := vectorManifest()
	m.Dropped = map[string]int64{"length/too_short": 1, "length/too_long": 1, "lengthy/x": 1, "dedup/exact": 2}
	card := string(Card(m, CardOptions{}))
	for _, say := range []string{
		"| **kept** | **6** | 66.7 % |", "| dropped: dedup/exact | 2 | 22.2 % |", "| length | text | 2 | 22.2 % | ", "| similarity | vector | 0 | 0.0 % | ",
		"- n<1K\n", "enableNestedColumnVectorizedReader", "fastparquet", "licence of the data | cc-by-4\\.0 |",
	} {
		if !strings.Contains(card, say) {
			t.Errorf("the card does not say %q:\n%s", say, card)
		}
	}
	m.Profile, m.Licence = Compat, ""
	if card := string(Card(m, CardOptions{})); strings.Contains(card, "enableNested") || !strings.Contains(card, "Nobody has said under which licence") {
		t.Errorf("a card of compat without a licence:\n%s", card)
	}
}

func TestHubLicence(t *testing.T) {
	for in, want := range map[string][2]string{
		"": {}, "mit": {"mit", ""}, " CC-BY-4.0 ": {"cc-by-4.0", ""}, "My Own Licence, v2": {"other", "my-own-licence-v2"},
		"other": {"other", ""}, "«»": {"other", "unnamed"}, "../a\n- b": {"other", "a-b"},
	} {
		if id, name := hubLicence(in); id != want[0] || name != want[1] {
			t.Errorf("%q: %q, %q, want %v", in, id, name, want)
		}
	}
}

func TestSizeCategory(t *testing.T) {
	for n, want := range map[int64]string{0: "n<1K", 999: "n<1K", 1000: "1K<n<10K", 99_999: "10K<n<100K", 1 << 62: "n>1T"} {
		if got := sizeCategory(n); got != want {
			t.Errorf("%d rows: %s, want %s", n, got, want)
		}
	}
}
