package host

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/host/fit"
)

// What a lock holds of the vectors of a teacher that is behind an API, or that
// Python libraries run: of each probe text (probeTexts) a sketch, its vector along
// sketchDims orthonormal directions (fit.NewOrthonormal), scaled so that the
// largest value is 127, and rounded to whole numbers; 64 bytes a text in base64.
// A cosine between sketches differs from that between vectors by about a fifth
// of its distance from 1, and by some 0.00001 of the rounding.
const (
	sketchPrefix    = "v1:"
	sketchDims      = 64
	sketchCosineMin = 0.999
)

// sketchProbes is the sketches of vectors of dims values each.
func sketchProbes(vectors []float32, dims int) (string, error) {
	m, err := fit.NewOrthonormal(dims, sketchDims)
	if err != nil {
		return "", err
	}
	var all []byte
	sketch := make([]float32, sketchDims)
	for v := range slices.Chunk(vectors, dims) {
		if m.Apply(sketch, v) != nil { // of a text that was refused
			clear(sketch)
		}
		largest := 0.0
		for _, x := range sketch {
			largest = max(largest, math.Abs(float64(x)))
		}
		for _, x := range sketch {
			n := 0.0
			if largest > 0 {
				n = math.RoundToEven(float64(x) / largest * math.MaxInt8)
			}
			all = append(all, byte(int8(n)))
		}
	}
	return sketchPrefix + base64.RawStdEncoding.EncodeToString(all), nil
}

// sketchDrift is the least cosine between two sketches of one text.
func sketchDrift(a, b string) (float64, error) {
	x, err := decodeSketches(a)
	if err != nil {
		return 0, err
	}
	y, err := decodeSketches(b)
	if err != nil {
		return 0, err
	}
	least, _ := drift(x, y, sketchDims)
	return least, nil
}

func decodeSketches(s string) ([]float32, error) {
	text, ok := strings.CutPrefix(s, sketchPrefix)
	b, err := base64.RawStdEncoding.DecodeString(text)
	if !ok || err != nil || len(b) != sketchDims*len(probeTexts()) {
		return nil, fmt.Errorf("probes: want %s and %d bytes in base64", sketchPrefix, sketchDims*len(probeTexts()))
	}
	values := make([]float32, len(b))
	for i := range b {
		values[i] = float32(int8(b[i]))
	}
	return values, nil
}

// compareProbes is ErrLock if a teacher's vectors of the probes are not those of
// the lock.
func (l *locked) compareProbes(t *teacher, vectors []float32) error {
	if l == nil || l.Teachers[t.name].Probes == "" {
		return nil
	}
	now, err := sketchProbes(vectors, t.description.Dims)
	if err != nil {
		return as(ErrTeacher, err)
	}
	least, err := sketchDrift(l.Teachers[t.name].Probes, now)
	if err == nil && least < sketchCosineMin {
		err = fmt.Errorf("it is not the model it was: of %d probe texts the least cosine is %.6f, want %v", len(probeTexts()), least, sketchCosineMin)
	}
	if err != nil {
		return l.refuse(fmt.Errorf("teacher %s: %w", t.name, err))
	}
	return nil
}
