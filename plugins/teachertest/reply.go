package teachertest

import (
	"encoding/binary"
	"math"
	"regexp"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
)

// closeEnough is the least cosine of what determinism "close" calls equal, and
// lengthSlack by how much such vectors may differ in length, as a share.
const (
	closeEnough = 0.9999
	lengthSlack = 1e-3
)

type vector []float32

// reply is what a teacher answered for some texts.
type reply struct {
	vectors   []vector
	truncated []bool         // false = whole, or not told
	errors    map[int]string // row → code of those refused
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// readReply checks the form of a reply: its counts and lengths, not its values.
func readReply(r *teacherpb.EmbedResponse, texts, dims int) (reply, error) {
	n := len(r.GetVectors())
	switch {
	case uint64(r.GetRows()) != uint64(texts):
		return reply{}, checklist.Broke("return as many rows as there are texts", "returned %d rows for %d texts", r.GetRows(), texts)
	case uint64(r.GetDims()) != uint64(dims):
		return reply{}, checklist.Broke("return vectors of the size that Describe names", "returned vectors of %d values, described are %d", r.GetDims(), dims)
	case n != texts*dims*4:
		return reply{}, checklist.Broke("put rows × dims little-endian float32 values into vectors", "returned %d bytes of vectors for %d rows of %d values, want %d", n, texts, dims, texts*dims*4)
	case len(r.GetTokens()) != 0 && len(r.GetTokens()) != texts:
		return reply{}, checklist.Broke("give one token count a row, or none at all", "returned %d token counts for %d texts", len(r.GetTokens()), texts)
	case len(r.GetTruncated()) != 0 && len(r.GetTruncated()) != texts:
		return reply{}, checklist.Broke("give one truncation mark a row, or none at all", "returned %d truncation marks for %d texts", len(r.GetTruncated()), texts)
	}
	a := reply{vectors: make([]vector, texts), truncated: make([]bool, texts), errors: map[int]string{}}
	copy(a.truncated, r.GetTruncated())
	for i := range a.vectors {
		a.vectors[i] = make(vector, dims)
		for j := range dims {
			a.vectors[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(r.Vectors[(i*dims+j)*4:]))
		}
	}
	for _, e := range r.GetErrors() {
		i := int(e.GetRow())
		if _, twice := a.errors[i]; twice || i >= texts {
			return reply{}, checklist.Broke("name each refused row once, counted from 0", "returned an error for row %d of %d, or two", i, texts)
		}
		a.errors[i] = e.GetCode()
	}
	return a, nil
}

// join puts the rows of b behind those of a.
func (a *reply) join(b reply) {
	if a.errors == nil {
		a.errors = map[int]string{}
	}
	for i, code := range b.errors {
		a.errors[len(a.vectors)+i] = code
	}
	a.vectors, a.truncated = append(a.vectors, b.vectors...), append(a.truncated, b.truncated...)
}

// norm is the Euclidean length.
func (v vector) norm() float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// wrong says what no vector may be, "" if it is fine.
func (v vector) wrong() string {
	for _, x := range v {
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
			return "a value that is not finite"
		}
	}
	switch n := v.norm(); {
	case float32(n*n) == 0:
		return "length zero"
	case n*n > math.MaxFloat32:
		return "a length beyond float32"
	}
	return ""
}

// same says whether a and b are the same vector, as far as determinism d goes.
func same(a, b vector, d teacher.Determinism) bool {
	if d == teacher.Exact {
		for i := range a {
			if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
				return false
			}
		}
		return true
	}
	x, y := a.norm(), b.norm()
	return cosine(a, b) >= closeEnough && math.Abs(x-y) <= lengthSlack*max(x, y)
}

func cosine(a, b vector) float64 {
	dot := 0.0
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
	}
	return dot / (a.norm() * b.norm())
}
