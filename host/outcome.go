package host

import (
	"encoding/binary"
	"math"

	"github.com/cubeset/cubeset/formats/tensor"
)

// outcome is what became of a chunk: what the journal keeps of it, and all
// that counts, statistics and rejects are made of.
type outcome struct {
	Key         string            `json:"key"`
	Read        int64             `json:"read"`
	Dropped     map[string]int64  `json:"dropped,omitempty"`
	Skipped     map[string]int64  `json:"skipped,omitempty"`
	Parts       []tensor.PartInfo `json:"parts,omitempty"`
	Rejected    int               `json:"rejected,omitempty"` // how many rejects there are
	RejectsFile *tensor.PartInfo  `json:"rejects_file,omitempty"`
	Stats       stats             `json:"stats"`
	BodySum     uint64            `json:"body_sum"` // xxh3 of the record's second frame

	Lines       [][]int64         `json:"-"` // of each part's rows, relative to the chunk's
	Rejects     []reject          `json:"-"`
	RejectFiles []tensor.PartInfo `json:"-"` // of all chunks, in a build's total
}

// reject is a row that did not make it. Line is relative to the chunk's.
type reject struct {
	ID, Question, Answer, Source string
	Line                         int64
	Filter, Reason               string
	Score                        float32   // NaN: no score
	Scores                       []float32 // of the filters that said yes before
}

// rejectSize is the least a reject takes in a body: six empty texts, a line, a
// score and no scores.
const rejectSize = 6 + 1 + 4 + 1

// appendBody appends Lines and Rejects: whole numbers as varints, texts with
// their lengths, lines as steps from the one before.
func (c *outcome) appendBody(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(c.Lines)))
	for _, lines := range c.Lines {
		b = binary.AppendUvarint(b, uint64(len(lines)))
		last := int64(0)
		for _, l := range lines {
			b = binary.AppendVarint(b, l-last)
			last = l
		}
	}
	b = binary.AppendUvarint(b, uint64(len(c.Rejects)))
	last := int64(0)
	for i := range c.Rejects {
		r := &c.Rejects[i]
		for _, s := range []string{r.ID, r.Question, r.Answer, r.Source, r.Filter, r.Reason} {
			b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
		b = binary.AppendVarint(b, r.Line-last)
		last = r.Line
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(r.Score))
		b = binary.AppendUvarint(b, uint64(len(r.Scores)))
		for _, s := range r.Scores {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(s))
		}
	}
	return b
}

// readBody is the other way. Texts of c are parts of one string.
func (c *outcome) readBody(b []byte) error {
	r := bodyReader{b: b, s: string(b)}
	c.Lines = make([][]int64, r.count(1))
	for i := range c.Lines {
		c.Lines[i] = make([]int64, r.count(1))
		last := int64(0)
		for k := range c.Lines[i] {
			last += r.varint()
			c.Lines[i][k] = last
		}
	}
	c.Rejects = make([]reject, r.count(rejectSize))
	last := int64(0)
	for i := range c.Rejects {
		j := &c.Rejects[i]
		for _, s := range []*string{&j.ID, &j.Question, &j.Answer, &j.Source, &j.Filter, &j.Reason} {
			*s = r.text()
		}
		last += r.varint()
		j.Line, j.Score = last, r.float()
		if n := r.count(4); n > 0 {
			j.Scores = make([]float32, n)
		}
		for k := range j.Scores {
			j.Scores[k] = r.float()
		}
	}
	if r.bad || r.at != len(b) || len(c.Rejects) != c.Rejected {
		return errRecord
	}
	return nil
}

// bodyReader reads what appendBody wrote. After the first mistake all it reads
// is zero.
type bodyReader struct {
	b   []byte
	s   string
	at  int
	bad bool
}

func (r *bodyReader) step(n int) int {
	if r.bad || n < 0 || n > len(r.b)-r.at {
		r.bad, r.at = true, len(r.b)
		return r.at
	}
	r.at += n
	return r.at - n
}

func (r *bodyReader) varint() int64 {
	v, n := binary.Varint(r.b[r.at:])
	if n <= 0 {
		n = -1
	}
	if r.step(n); r.bad {
		return 0
	}
	return v
}

// count is how many of something follow, each of at least size bytes: never
// more than there is room for.
func (r *bodyReader) count(size int) int {
	v, n := binary.Uvarint(r.b[r.at:])
	if n <= 0 || v > uint64((len(r.b)-r.at)/size) {
		n = -1
	}
	if r.step(n); r.bad {
		return 0
	}
	return int(v)
}

func (r *bodyReader) text() string {
	n := r.count(1)
	at := r.step(n)
	if r.bad {
		return ""
	}
	return r.s[at : at+n]
}

func (r *bodyReader) float() float32 {
	at := r.step(4)
	if r.bad {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(r.b[at:]))
}
