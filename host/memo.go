package host

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/zeebo/xxh3"

	"github.com/cubeset/cubeset/host/dedup"
)

// Of a chunk that an earlier build prepared, the next one needs no texts to
// decide: the keys of the rows that got so far are enough, and its parts are
// there. A memo is those keys.

const memoMagic = "cubeset memo 2\n"

// memoRow is what decide needs to know of a row.
type memoRow struct {
	Twin dedup.Key
	ID   idHash

	TwinKnown, IDKnown bool // a known chunk had it
}

// idHash is the xxh3 of a row's id.
type idHash [8]byte

// What a memoRow takes in a file: the keys of all rows come first, then the hashes
// of their ids, and at the end the xxh3 of both.
const (
	twinSize    = len(dedup.Key{})
	memoRowSize = twinSize + len(idHash{})
	memoSumSize = 8
)

// digestPreparation is over all but the records that decides what a memo holds.
func (b *build) digestPreparation() (string, error) {
	settings := map[string]any{"read": b.readOptions, "dedup": b.config.Dedup, "on_error": b.config.OnError, "version": Version}
	for i, f := range b.textFilters {
		settings[fmt.Sprintf("filter %d", i)] = f.digest
	}
	doc, err := json.Marshal(settings) // keys in order
	return digestOf(doc), err
}

// memoKey names a chunk and all that is done to it before decide.
func (b *build) memoKey(c *chunk) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s%s\x00%s\x00%s\x00%x", memoMagic, b.prepareDigest, c.input.format, c.input.name, c.digest)
	return hex.EncodeToString(h.Sum(nil))
}

// memorable says whether keys are all that decide needs, and there is a place
// to keep them.
func (b *build) memorable() bool {
	return b.out != nil && b.near == nil && b.config.Leak != "drop"
}

// recall reads the memo of c, if there is one.
func (b *build) recall(c *chunk) bool {
	m, ok := b.out.memo(c.memoKey, nil)
	if !ok {
		return false
	}
	c.memo, c.recalled = make([]memoRow, len(m.twins)/twinSize), true
	for i := range c.memo {
		c.memo[i].Twin, c.memo[i].ID = dedup.Key(m.twins[i*twinSize:]), idHash(m.ids[i*len(idHash{}):])
	}
	return true
}

// memo is a memo as it stands in its file.
type memo struct{ doc, twins, ids []byte }

// memo reads a memo, into buf if it is large enough.
func (o *outdir) memo(key string, buf []byte) (m memo, ok bool) {
	doc, err := o.readFile(filepath.Join(o.memoDir(), key), buf)
	if n := len(doc) - memoSumSize; err == nil && n >= 0 && n%memoRowSize == 0 {
		cut := n / memoRowSize * twinSize
		m.doc, m.twins, m.ids = doc, doc[:cut], doc[cut:n]
		ok = xxh3.Hash(doc[:n]) == binary.LittleEndian.Uint64(doc[n:])
	}
	return m, ok
}

// memorise writes the memo of c. It is not made durable: one that is damaged
// is a chunk not yet seen.
func (b *build) memorise(c *chunk) error {
	if b.out.readonly {
		return nil
	}
	doc := make([]byte, 0, len(c.memo)*memoRowSize+memoSumSize)
	for i := range c.memo {
		doc = append(doc, c.memo[i].Twin[:]...)
	}
	for i := range c.memo {
		doc = append(doc, c.memo[i].ID[:]...)
	}
	doc = binary.LittleEndian.AppendUint64(doc, xxh3.Hash(doc))
	f, err := b.fs.Create(filepath.Join(b.out.memoDir(), c.memoKey))
	if err != nil {
		return err
	}
	_, err = f.Write(doc)
	return errors.Join(err, f.Close())
}

// memoRows gathers what decide needs to know of each row.
func (b *build) memoRows(rows []row) []memoRow {
	memo := make([]memoRow, len(rows))
	for i := range rows {
		memo[i].Twin = rows[i].twin
		binary.LittleEndian.PutUint64(memo[i].ID[:], xxh3.HashString(rows[i].ID))
	}
	return memo
}
