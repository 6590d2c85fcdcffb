package host

import (
	"bytes"
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

const memoMagic = "cubeset memo 1\n"

// memoRow is what decide needs to know of a row.
type memoRow struct {
	Twin dedup.Key
	ID   uint64
}

// memoRowSize is what a memoRow takes in a file.
const memoRowSize = len(dedup.Key{}) + 8

// digestPreparation is over all but the records that decides what a memo holds.
func (b *build) digestPreparation() (string, error) {
	settings := map[string]any{"read": b.readOptions, "dedup": b.config.Dedup, "on_error": b.config.OnError, "version": Version}
	for i, f := range b.textFilters {
		settings[fmt.Sprintf("filter %d", i)] = f.digest
	}
	doc, err := json.Marshal(settings) // keys in order
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:]), err
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
	doc, err := b.fs.ReadFile(filepath.Join(b.out.memoDir(), c.memoKey))
	if err != nil || len(doc) < sha256.Size {
		return false
	}
	body, sum := doc[:len(doc)-sha256.Size], doc[len(doc)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(sum, want[:]) {
		return false
	}
	if len(body)%memoRowSize != 0 {
		return false
	}
	c.memo, c.recalled = make([]memoRow, len(body)/memoRowSize), true
	for i := range c.memo {
		b := body[i*memoRowSize:]
		c.memo[i] = memoRow{dedup.Key(b), binary.LittleEndian.Uint64(b[len(dedup.Key{}):])}
	}
	return true
}

// memorise writes the memo of c. It is not made durable: one that is damaged
// is a chunk not yet seen.
func (b *build) memorise(c *chunk) error {
	if b.out.readonly {
		return nil
	}
	body := make([]byte, 0, len(c.memo)*memoRowSize+sha256.Size)
	for i := range c.memo {
		body = append(body, c.memo[i].Twin[:]...)
		body = binary.LittleEndian.AppendUint64(body, c.memo[i].ID)
	}
	f, err := b.fs.Create(filepath.Join(b.out.memoDir(), c.memoKey))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	_, err = f.Write(append(body, sum[:]...))
	return errors.Join(err, f.Close())
}

// memoRows gathers what decide needs to know of each row.
func (b *build) memoRows(rows []row) []memoRow {
	memo := make([]memoRow, len(rows))
	for i := range rows {
		memo[i] = memoRow{rows[i].twin, xxh3.HashString(rows[i].ID)}
	}
	return memo
}
