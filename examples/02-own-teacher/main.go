// Command own-teacher is a teacher in one file: it counts the pairs of letters
// in a text.
package main

import (
	"context"
	"hash/fnv"
	"math"
	"strings"

	"github.com/cubeset/cubeset/sdk/teacher"
)

type letters struct{}

func (letters) Describe(context.Context) (teacher.Description, error) {
	return teacher.Description{
		Name: "letters", Model: "example/letter-pairs", Revision: "1", Dims: 768,
		Determinism: teacher.Exact, MinSimilarity: math.NaN(),
	}, nil
}

func (letters) Embed(_ context.Context, texts []string, dst []float32) error {
	for i, text := range texts {
		runes := []rune("^" + strings.ToLower(text))
		for k := range runes[1:] {
			h := fnv.New32a()
			h.Write([]byte(string(runes[k : k+2])))
			dst[i*768+int(h.Sum32()%768)]++
		}
	}
	return nil
}

func main() { teacher.Serve(letters{}) }
