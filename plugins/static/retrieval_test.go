package static

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the teacher is for: finding the answer of a question among all answers.
// The set is whole, so that all-MiniLM-L6-v2, measured once, saw the same pairs.
// hash-768 has 0.104.
func TestRetrieval(t *testing.T) {
	const minilm, least = 0.276, 0.5
	pairs := distinct(chatterbot(t, data(t)))
	if len(pairs) != 846 {
		t.Fatalf("%d pairs, want 846", len(pairs))
	}
	if got := meanReciprocalRank(t, pairs); got < least*minilm {
		t.Errorf("mean reciprocal rank %.3f, MiniLM has %.3f", got, minilm)
	}
}

// meanReciprocalRank of the answers, the questions' own among all of them. A
// tie costs half a rank; the same answer to another question is no rival.
func meanReciprocalRank(t *testing.T, pairs [][2]string) float64 {
	e, sum := NewBundled(), 0.0
	var questions, answers []string
	for _, p := range pairs {
		questions, answers = append(questions, p[0]), append(answers, p[1])
	}
	q, a := embed(t, e, Dims, questions...), embed(t, e, Dims, answers...)
	for i := range pairs {
		own, rank := cosine(q[i], a[i]), 1.0
		for j := range pairs {
			if answers[i] == answers[j] {
				continue
			}
			if s := cosine(q[i], a[j]); s > own {
				rank++
			} else if s == own {
				rank += 0.5
			}
		}
		sum += 1 / rank
	}
	return sum / float64(len(pairs))
}

// data is the folder of real dialogues beside the project.
func data(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "../shared/data/raw")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no real dialogues beside the project")
	}
	return dir
}

func distinct(pairs [][2]string) [][2]string {
	seen := map[[2]string]bool{}
	var out [][2]string
	for _, p := range pairs {
		p = [2]string{strings.TrimSpace(p[0]), strings.TrimSpace(p[1])}
		if p[0] != "" && p[1] != "" && !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

func chatterbot(t *testing.T, dir string) (pairs [][2]string) {
	files, err := filepath.Glob(filepath.Join(dir, "chatterbot/*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		last := ""
		for line := range strings.Lines(read(t, file)) {
			line = strings.TrimRight(line, "\n")
			if text, ok := strings.CutPrefix(line, "- - "); ok {
				last = unquote(text)
			} else if text, ok := strings.CutPrefix(line, "  - "); ok {
				if last != "" {
					pairs = append(pairs, [2]string{last, unquote(text)})
				}
				last = unquote(text)
			}
		}
	}
	return pairs
}

func unquote(s string) string { return strings.Trim(strings.TrimSpace(s), `'"`) }

func read(t *testing.T, file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
