package host

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/xxh3"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// The journal has a record of every finished chunk, a file of its key's name:
// the length of the head, four bytes, then the head, JSON, and the body, the
// rows one by one, each a frame of zstd with a checksum of its own. The head has
// one of the body's frame too: a build that takes a chunk over needs only the
// head, and to know that the rest is whole.

// recordBytesMax bounds what is read back of one chunk's record.
const recordBytesMax = 256 << 20

var errRecord = errors.New("damaged")

// Of each there is one, for all records side by side.
var (
	recordBuffers = sync.Pool{New: func() any { return new([]byte) }}

	packer   = sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil) })
	unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(recordBytesMax))
	})
)

// save notes what became of a chunk, durably.
func (o *outdir) save(c *outcome) error {
	w, err := packer()
	if err != nil {
		return err
	}
	body := w.EncodeAll(c.appendBody(nil), nil)
	c.BodySum = xxh3.Hash(body)
	head, err := json.Marshal(c)
	if err != nil {
		return err
	}
	b := w.EncodeAll(head, make([]byte, 4))
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	b = append(b, body...)
	if err := fsx.WriteFile(o.fs, o.journalDir(), c.Key, b); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// load returns what became of the chunk with this key in an earlier build,
// without its rows, if its parts are all still there. A damaged record is a
// chunk not yet built.
func (o *outdir) load(key string) (outcome, bool) {
	c, err := o.read(key, false)
	return c, err == nil && !slices.ContainsFunc(c.Parts, func(p tensor.PartInfo) bool { return !o.has(p) })
}

// read returns the record of a chunk, its rows too if asked for.
func (o *outdir) read(key string, rows bool) (c outcome, err error) {
	buf := recordBuffers.Get().(*[]byte)
	defer recordBuffers.Put(buf)
	b, err := o.readFile(filepath.Join(o.journalDir(), key), *buf)
	if err != nil {
		return c, err
	}
	*buf = b
	if err := c.decode(b, rows); err != nil {
		return outcome{}, fmt.Errorf("record of chunk %.16s: %w", key, err)
	}
	if c.Key != key {
		return outcome{}, fmt.Errorf("record of chunk %.16s: it is another chunk's", key)
	}
	return c, nil
}

func (c *outcome) decode(b []byte, rows bool) error {
	if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
		return errRecord
	}
	n := 4 + int(binary.LittleEndian.Uint32(b))
	r, err := unpacker()
	if err != nil {
		return err
	}
	head, err := r.DecodeAll(b[4:n], nil)
	if err == nil {
		err = json.Unmarshal(head, c)
	}
	if err != nil {
		return err
	}
	if xxh3.Hash(b[n:]) != c.BodySum {
		return errRecord
	}
	if !rows {
		return nil
	}
	body, err := r.DecodeAll(b[n:], nil)
	if err != nil {
		return err
	}
	return c.readBody(body)
}

// forget removes the records and memos of chunks that are not in keep.
func (o *outdir) forget(keep map[string]bool) error {
	for _, dir := range []string{o.journalDir(), o.memoDir()} {
		entries, err := o.fs.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if keep[e.Name()] {
				continue
			}
			if err := o.fs.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
