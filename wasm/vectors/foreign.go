package vectors

import (
	"encoding/binary"
	"math"
	"slices"
)

// foreign are batches that are legal and that this project's host never writes:
// other orders, later headers, unknown tags. They are for guests: a filter that
// scores each row with the bytes of its question less those of its answer must
// come to the same from any of them.
func foreign(l *list) {
	difference := Scoring(Sub(
		Sub(Load(Add(Get(0), Field(16), Mul(Row(), Const(4))), 4), Load(Add(Get(0), Field(16), Mul(Row(), Const(4))), 0)),
		Sub(Load(Add(Get(0), Field(24), Mul(Row(), Const(4))), 4), Load(Add(Get(0), Field(24), Mul(Row(), Const(4))), 0)),
	))
	add := func(rules, name, batch string, b Builder, scores ...float32) {
		v := l.add(rules, name, KindGuest, b.Bytes())
		v.Batches = []Input{{Batch: "batches/" + batch + ".bin"}}
		v.Expect.Verdicts = []Verdict{}
		for _, s := range scores {
			v.Expect.Verdicts = append(v.Expect.Verdicts, Verdict{Keep: true, Score: s})
		}
	}
	add("4.2", "columns in the reverse order", "foreign-reverse", difference, -2, 5, 0)
	add("4.2", "columns far apart, and texts that share their bytes", "foreign-shared", difference, -2, 5, 0)
	add("4.3", "flags that nobody knows", "foreign-flags", difference, -2, 5, 0)
	add("4.3 12.2", "a header of 96 bytes", "foreign-header", difference, -2, 5, 0)
	add("4.4", "no rows, for a guest", "foreign-none", difference)
	add("4.5", "texts with nothing between and behind them", "foreign-tight", difference, -2, 5, 0)
	second := hashed(`"id"`, func(hash, find uint64) []byte { return textsHash(hash, extension(find, 2)) })
	add("4.7 12.2", "unknown tags before a known one", "foreign-tags", second, fnv("a"), fnv("bb"), fnv(""))
	add("4.7", "extensions in another order", "foreign-order", second, fnv("a"), fnv("bb"), fnv(""))
	value := Needing(ScoringFloat(floatAt(Add(Get(0), Field(32), Mul(Mul(Row(), Field(40)), Const(4))))), `"embeddings"`)
	add("4.6", "embeddings before the texts", "foreign-vectors", value, 1, math.MaxFloat32, 0)
}

// foreignBatches are their bytes, by file.
func foreignBatches() map[string][]byte {
	questions, answers := []string{"q1", "second", ""}, []string{"four", "2", ""}
	le := binary.LittleEndian
	type layout struct {
		header     int
		flags      uint32
		gap        int // zeros between columns, a multiple of 16
		order      []int
		extensions []uint32 // tags, in order
		vectors    []float32
	}
	build := func(l layout) []byte {
		offsets, data := column(questions, len(questions))
		answerOffsets, answerData := column(answers, len(answers))
		columns := []struct {
			field int
			bytes []byte
		}{{16, offsets}, {20, data}, {24, answerOffsets}, {28, answerData}, {32, floats(l.vectors)}, {36, floats(l.vectors)}, {44, slices.Repeat([]byte{0xff}, 8*len(questions))}}
		out := make([]byte, max(64, l.header))
		put := func(at int, v uint32) { le.PutUint32(out[at:], v) }
		align := func() {
			for len(out)%16 != 0 {
				out = append(out, 0)
			}
			out = append(out, make([]byte, l.gap)...)
		}
		for i := 64; i < l.header; i++ {
			out[i] = 0xee
		}
		copy(out, "CSB1")
		put(4, uint32(len(out)))
		put(8, uint32(len(questions)))
		put(12, l.flags)
		for _, i := range l.order {
			if c := columns[i]; len(c.bytes) > 0 || c.field < 32 {
				align()
				put(c.field, uint32(len(out)))
				out = append(out, c.bytes...)
			}
		}
		if l.vectors != nil {
			put(40, uint32(len(l.vectors)/len(questions)))
		}
		if l.extensions != nil {
			align()
			table := len(out)
			put(52, uint32(table))
			out = append(out, make([]byte, 12*(len(l.extensions)+1))...)
			for i, tag := range l.extensions {
				content := []byte{1, 2, 3, 4, 5}
				if tag == 2 {
					content = texts([]string{"a", "bb", ""}, 3)
				}
				align()
				put(table+12*i, tag)
				put(table+12*i+4, uint32(len(out)))
				put(table+12*i+8, uint32(len(content)))
				out = append(out, content...)
			}
		}
		put(48, uint32(len(out)))
		return out
	}
	usual := []int{0, 2, 1, 3, 4, 5, 6}
	shared := build(layout{gap: 4096, order: usual})
	le.PutUint32(shared[28:], le.Uint32(shared[20:])) // answers are read from the questions' data
	none := &Rows{Questions: []string{}, Answers: []string{}}
	return map[string][]byte{
		"batches/foreign-reverse.bin": build(layout{order: []int{6, 5, 4, 3, 2, 1, 0}}),
		"batches/foreign-shared.bin":  shared,
		"batches/foreign-flags.bin":   build(layout{flags: 0xfffffffe, order: usual}),
		"batches/foreign-header.bin":  build(layout{header: 96, order: usual}),
		"batches/foreign-none.bin":    none.Encode(nil),
		"batches/foreign-tight.bin":   build(layout{order: []int{6, 0, 2, 3, 1}}),
		"batches/foreign-tags.bin":    build(layout{order: usual, extensions: []uint32{0x8000_0001, 200, 2, 201}}),
		"batches/foreign-order.bin":   build(layout{order: usual, extensions: []uint32{5, 3, 2, 1}}),
		"batches/foreign-vectors.bin": build(layout{order: []int{4, 5, 0, 2, 1, 3, 6}, vectors: []float32{1, 2, math.MaxFloat32, 0, 0, 0}}),
	}
}
