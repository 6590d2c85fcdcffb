package host

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"iter"

	"github.com/zeebo/xxh3"

	"github.com/cubeset/cubeset/formats/dialogue"
)

// chunkBytesMax bounds the text one chunk holds in memory; a chunk that
// reaches it is cut there, whatever its number of records.
const chunkBytesMax = 64 << 20

// cutMask cuts a chunk after one record in 4096, chosen by the record's own
// bytes: an inserted or deleted line moves the cuts near it and no others.
const cutMask = 4096 - 1

// chunk is a run of whole records of one input: what one worker takes, and
// what one part of the dataset is made of. Everything it holds is relative to
// its first line, so that lines inserted above do not change it.
type chunk struct {
	input  *input
	line   int64 // of its first record, from 1
	data   []byte
	spans  []span
	end    *dialogue.Place // behind its last record; nil: reading cannot begin there
	digest [32]byte        // see seal

	records  int
	equals   int   // chunks before it that have the same bytes
	repeated int64 // rows whose id an earlier row had

	rows     []row     // those still in
	memo     []memoRow // of the rows that reach decide
	memoKey  string
	recalled bool   // the memo is an earlier build's, and rows is not yet there
	marks    []mark // of the rows that decide drops
	outcome         // what became of it

	known []*chunk // that this one stands for; of itself there is nothing then
}

// span is one record of a chunk.
type span struct {
	start, end int
	line       int64 // relative to the chunk's
	skip       string
}

// input is one file of Config.Inputs.
type input struct {
	path, name string // name is what the dataset calls it
	format     string
	records    int64
	bytes      int64
	digest     hash.Hash // over the digests of its chunks, in order
	newParser  func() *dialogue.Parser
	from       *dialogue.Place // what is before it is known; nil: nothing is
	known      bool            // all of it
}

// chunks reads all inputs in order and cuts them. ctx is checked at every
// chunk, so that an interrupted build stops reading.
func (b *build) chunks(ctx context.Context) iter.Seq2[*chunk, error] {
	return func(yield func(*chunk, error) bool) {
		if b.known != nil && !yield(&chunk{known: b.known.chunks}, nil) {
			return
		}
		for _, in := range b.inputs {
			if in.known {
				continue
			}
			goOn, err := b.read(ctx, in, yield)
			if err != nil {
				yield(nil, fmt.Errorf("read: %w", err))
				return
			}
			if !goOn {
				return
			}
		}
	}
}

func (b *build) read(ctx context.Context, in *input, yield func(*chunk, error) bool) (goOn bool, err error) {
	file, err := dialogue.Open(in.path, b.readOptions)
	if err != nil {
		return false, err
	}
	defer file.Close()
	if in.newParser == nil { // its format is not known
		in.format, in.newParser = file.Format(), file.Parser
	}
	cut := cutter{input: in, low: b.chunkRowsMin, high: b.chunkRowsMax}
	if in.from != nil {
		if err := file.GoTo(*in.from); err != nil {
			return false, err
		}
	}
	for rec, err := range file.Records() {
		if err != nil {
			return false, err
		}
		if full := cut.add(rec); full != nil {
			if here, ok := file.Here(); ok {
				full.end = &here
			}
			b.progress.Bytes.Store(b.bytesBefore + file.Bytes())
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			if !yield(full, nil) { // whatever ctx is by now, there is nobody to tell
				return false, nil
			}
		}
	}
	if last := cut.rest(); last != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if !yield(last, nil) {
			return false, nil
		}
	}
	in.bytes = file.Bytes()
	b.bytesBefore += in.bytes
	b.progress.Bytes.Store(b.bytesBefore)
	return true, nil
}

// cutter gathers records into chunks.
type cutter struct {
	input     *input
	low, high int
	c         *chunk
	size      int // of the chunk before
}

// add takes one record and returns the chunk it completes, if it does.
func (k *cutter) add(r dialogue.Record) *chunk {
	if k.c == nil {
		k.c = &chunk{input: k.input, line: r.Line, data: make([]byte, 0, k.size+k.size/4), spans: make([]span, 0, k.low)}
	}
	c := k.c
	start, line := len(c.data), r.Line-c.line
	c.data = append(c.data, r.Raw...)
	c.spans = append(c.spans, span{start, len(c.data), line, r.Skip})
	n := len(c.spans)
	if n >= k.high || len(c.data) >= chunkBytesMax || n >= k.low && xxh3.Hash(r.Raw)&cutMask == 0 {
		return k.rest()
	}
	return nil
}

// rest is the chunk begun and not yet full, or nil.
func (k *cutter) rest() *chunk {
	c := k.c
	if c == nil {
		return nil
	}
	k.c, k.size = nil, len(c.data)
	c.records = len(c.spans)
	return c
}

// seal takes the digest of the records, each with its length, its line relative
// to the chunk's and why it is skipped.
func (c *chunk) seal() {
	var heads []byte
	for _, s := range c.spans {
		heads = binary.LittleEndian.AppendUint64(heads, uint64(s.end-s.start))
		heads = binary.LittleEndian.AppendUint64(heads, uint64(s.line))
		heads = binary.LittleEndian.AppendUint64(heads, uint64(len(s.skip)))
		heads = append(heads, s.skip...)
	}
	h := sha256.New()
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(heads))))
	h.Write(heads)
	h.Write(c.data)
	h.Sum(c.digest[:0])
}

func (c *chunk) record(i int) dialogue.Record {
	s := c.spans[i]
	return dialogue.Record{Raw: c.data[s.start:s.end], Line: s.line, Skip: s.skip}
}
