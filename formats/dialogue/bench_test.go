package dialogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// benchLines are JSONL records as they are met: real ones if they are at hand,
// else made ones of the same length.
func benchLines(b *testing.B) []byte {
	if f, err := os.Open(realFile("sgd-train.jsonl.zst")); err == nil {
		defer f.Close()
		r, err := zstd.NewReader(f)
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		data, err := io.ReadAll(io.LimitReader(r, 8<<20))
		if err != nil {
			b.Fatal(err)
		}
		return data[:bytes.LastIndexByte(data, '\n')+1]
	}
	b.Log("the real dialogues are not here: made ones instead")
	var out bytes.Buffer
	for i := range 40_000 {
		fmt.Fprintf(&out, `{"question": "Can you find me a place to eat in San Jose, number %d?", "answer": "There is a good restaurant at %d North San Pedro Street.", "source": "made", "dialogue_id": "train/%d", "turn": %d}`+"\n", i, i, i/8, i%8*2)
	}
	return out.Bytes()
}

// realFile is the path of a file beside the project that is not part of it.
func realFile(name string) string {
	return filepath.Join("..", "..", "..", "shared", "data", name)
}

func benchRecords(b *testing.B, data []byte, format string) []Record {
	in, err := openBytes(data, format)
	if err != nil {
		b.Fatal(err)
	}
	var all []Record
	for r, err := range in.Records() {
		if err != nil {
			b.Fatal(err)
		}
		r.Raw = bytes.Clone(r.Raw)
		all = append(all, r)
	}
	return all
}

func openBytes(data []byte, format string) (*Input, error) {
	o := DefaultOptions()
	o.Format = format
	in := &Input{path: "test." + format, options: o, size: int64(len(data))}
	return in, in.start(bytes.NewReader(data))
}

func BenchmarkRecordsJSONL(b *testing.B) { benchSplit(b, benchLines(b), "jsonl") }

func BenchmarkRecordsJSON(b *testing.B) {
	lines := bytes.TrimSpace(benchLines(b))
	benchSplit(b, []byte("["+string(bytes.ReplaceAll(lines, []byte("\n"), []byte(",\n")))+"]"), "json")
}

func BenchmarkRecordsCSV(b *testing.B) {
	row := "17,\"How do I reset my password, please?\",\"Open the settings, then choose \"\"Password\"\".\",en\n"
	benchSplit(b, []byte("id,question,answer,lang\n"+strings.Repeat(row, 50_000)), "csv")
}

func BenchmarkRecordsQA(b *testing.B) {
	benchSplit(b, []byte(strings.Repeat("Q: How do I reset my password?\nA: Open the settings,\nthen choose Password.\n\n", 50_000)), "qa")
}

func benchSplit(b *testing.B, data []byte, format string) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	start := cpuTime(b)
	defer func() { reportCPU(b, start, len(data)) }()
	for b.Loop() {
		in, err := openBytes(data, format)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for _, err := range in.Records() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n < 1000 {
			b.Fatal(n, "records")
		}
	}
}

func BenchmarkPairs(b *testing.B) {
	lines := benchLines(b)
	for _, c := range []struct{ name, format, text string }{
		{"sgd", "jsonl", string(lines)},
		{"escaped", "jsonl", strings.Repeat(`{"id": 17, "question": "Is it \"open\"\non Sundays?", "answer": "Yes,\tfrom 9\u202fam to 5\u202fpm \ud83d\ude00"}`+"\n", 2000)},
		{"russian", "jsonl", strings.Repeat(`{"id": "q17", "question": "Сколько времени занимает возврат денег на карту?", "answer": "Возврат на карту обычно занимает от трёх до пяти рабочих дней — зависит от банка.", "lang": "ru"}`+"\n", 2000)},
		{"messages", "jsonl", strings.Repeat(`{"id": "c17", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is my parcel with the number 1234?"}, {"role": "assistant", "content": "Your parcel is in the depot and comes tomorrow."}, {"role": "user", "content": "Can it come to my neighbour?"}, {"role": "assistant", "content": "Yes, your neighbour may take the parcel."}]}`+"\n", 2000)},
		{"csv", "csv", "id,question,answer,lang\n" + strings.Repeat("17,\"How do I reset my password, please?\",\"Open the settings, then choose \"\"Password\"\".\",en\n", 2000)},
		{"qa", "qa", strings.Repeat("Q: How do I reset my password?\nA: Open the settings,\nthen choose Password.\n\n", 2000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			records := benchRecords(b, []byte(c.text), c.format)
			in, err := openBytes([]byte(c.text), c.format)
			if err != nil {
				b.Fatal(err)
			}
			p := in.Parser()
			pairs, skips := 0, 0
			emit, skip := func(*Pair) { pairs++ }, func(Skip) { skips++ }
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			start := cpuTime(b)
			for b.Loop() {
				for _, r := range records {
					p.Pairs(r, emit, skip)
				}
			}
			if skips > 0 || pairs == 0 {
				b.Fatal(pairs, "pairs", skips, "skips")
			}
			reportCPU(b, start, len(c.text))
		})
	}
}

// BenchmarkSGD reads all of the SGD dialogues as JSON lines of pairs, from the
// bytes of the file to the end of the last pair, as this package does and as
// encoding/json does for a program that splits lines by itself and checks
// nothing: bytes that are not UTF-8 become U+FFFD. Other programs can be put
// beside it on the same file: it unpacks sgd-train.jsonl.zst.
func BenchmarkSGD(b *testing.B) {
	packed, err := os.ReadFile(realFile("sgd-train.jsonl.zst"))
	if err != nil {
		b.Skip("the real dialogues are not here: sgd-train.jsonl.zst")
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer z.Close()
	data, err := z.DecodeAll(packed, nil)
	if err != nil {
		b.Fatal(err)
	}
	want := bytes.Count(data, []byte{'\n'})
	for _, c := range []struct {
		name string
		read func() (pairs int, err error)
	}{
		{"ours", func() (int, error) { return countPairs(data, "jsonl") }},
		{"encoding-json", func() (pairs int, err error) {
			for line := range bytes.Lines(data) {
				var p struct {
					Question, Answer, Source string
					DialogueID               string `json:"dialogue_id"`
					Turn                     int32
				}
				if err := json.Unmarshal(line, &p); err != nil {
					return pairs, err
				}
				pairs++
			}
			return pairs, nil
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			start := cpuTime(b)
			for b.Loop() {
				if n, err := c.read(); n != want || err != nil {
					b.Fatal(n, want, err)
				}
			}
			reportCPU(b, start, len(data))
			b.ReportMetric(float64(want)*float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}

// countPairs reads a file from memory.
func countPairs(data []byte, format string) (pairs int, err error) {
	in, err := openBytes(data, format)
	if err != nil {
		return 0, err
	}
	p, emit, skip := in.Parser(), func(*Pair) { pairs++ }, func(Skip) {}
	for r, err := range in.Records() {
		if err != nil {
			return pairs, err
		}
		p.Pairs(r, emit, skip)
	}
	return pairs, nil
}

// BenchmarkParse reads the same file of SGD dialogues as this package does and
// as encoding/json does, to the same number of pairs.
func BenchmarkParse(b *testing.B) {
	data := realBytes(b, "sgd-dev-001.json")
	const want = 825
	for _, c := range []struct {
		name string
		read func() (pairs int, err error)
	}{
		{"ours", func() (int, error) { return countPairs(data, "json") }},
		{"encoding-json", func() (pairs int, err error) {
			var all []struct{ Turns []turn }
			if err := json.Unmarshal(data, &all); err != nil {
				return 0, err
			}
			for _, d := range all {
				pairs += len(pairsOf(d.Turns, "user"))
			}
			return pairs, nil
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			start := cpuTime(b)
			for b.Loop() {
				if n, err := c.read(); n != want || err != nil {
					b.Fatal(n, err)
				}
			}
			reportCPU(b, start, len(data))
		})
	}
}

var benchTexts = map[string]string{
	"english":  "How do I reset my password? Open the settings page, then choose Password and follow the steps there.",
	"russian":  "Сколько времени занимает возврат денег на карту? Обычно от трёх до пяти рабочих дней — зависит от банка.",
	"chinese":  "我怎样才能重置我的密码？请打开设置页面，然后点击忘记密码，按照提示操作即可。",
	"german":   "Wie setze ich mein Passwort zurück? Öffnen Sie die Einstellungen und wählen Sie „Passwort ändern“.",
	"combined": "Tie\u0302\u0301ng Vie\u0323\u0302t: to\u0302i muo\u0302\u0301n đo\u0302\u0309i ma\u0323\u0302t kha\u0302\u0309u",
}

func BenchmarkText(b *testing.B) {
	for name, s := range benchTexts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			start := cpuTime(b)
			for b.Loop() {
				Text(s)
			}
			reportCPU(b, start, len(s))
		})
	}
}

func BenchmarkFold(b *testing.B) {
	for name, s := range benchTexts {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			start := cpuTime(b)
			for b.Loop() {
				Fold(s)
			}
			reportCPU(b, start, len(s))
		})
	}
}

// cpuTime is the time this process has spent on processors: on a machine that
// others use too, the only time worth comparing.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportCPU(b *testing.B, start time.Duration, bytes int) {
	used := cpuTime(b) - start
	b.ReportMetric(float64(bytes)*float64(b.N)/used.Seconds()/1e6, "MB/cpu-s")
}
