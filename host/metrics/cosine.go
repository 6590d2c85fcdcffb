package metrics

// tileRows is how many questions go through the pool together: their vectors
// and scores stay in the processor's cache while the pool passes once.
const tileRows = 32

// pool is the answers every question is compared with, as float64: the product
// of two float32 is exact there, so that a cosine does not depend on whether
// the platform fuses it with the sum.
type pool struct {
	rows, dims int
	values     []float64 // rows × dims
	inverse    []float64 // 1 / length
}

func newPool(vectors [][]float32, dims int) *pool {
	p := &pool{len(vectors), dims, make([]float64, 0, len(vectors)*dims), make([]float64, len(vectors))}
	for i, v := range vectors {
		p.values = widen(p.values, v)
		p.inverse[i] = 1 / norm(v)
	}
	return p
}

func (p *pool) row(i int) []float64 { return p.values[i*p.dims : (i+1)*p.dims] }

// tile is the room for one block of questions and their scores.
type tile struct {
	values []float64
	scores [][]float64
}

// score is what each question scores with each answer of p: the cosine, but for
// the question's own length, which changes no rank. It is valid until the next
// call.
func (t *tile) score(p *pool, questions [][]float32) [][]float64 {
	t.values = t.values[:0]
	for i, q := range questions {
		t.values = widen(t.values, q)
		if i == len(t.scores) {
			t.scores = append(t.scores, make([]float64, p.rows))
		}
	}
	for a := 0; a < p.rows; a += 4 {
		// Past the last answer it is taken again: what is compared is always four.
		last := p.rows - 1
		w, x, y, z := a, min(a+1, last), min(a+2, last), min(a+3, last)
		for i := range questions {
			s := t.scores[i]
			ws, xs, ys, zs := dot4(t.values[i*p.dims:(i+1)*p.dims], p.row(w), p.row(x), p.row(y), p.row(z))
			s[w], s[x], s[y], s[z] = ws*p.inverse[w], xs*p.inverse[x], ys*p.inverse[y], zs*p.inverse[z]
		}
	}
	return t.scores[:len(questions)]
}

// dot4 is four dot products with q. Each adds in the order of its values, so
// that equal vectors have equal scores wherever they stand.
func dot4(q, w, x, y, z []float64) (ws, xs, ys, zs float64) {
	w, x, y, z = w[:len(q)], x[:len(q)], y[:len(q)], z[:len(q)]
	for i, v := range q {
		ws += v * w[i]
		xs += v * x[i]
		ys += v * y[i]
		zs += v * z[i]
	}
	return ws, xs, ys, zs
}

func widen(dst []float64, v []float32) []float64 {
	for _, x := range v {
		dst = append(dst, float64(x))
	}
	return dst
}
