package main

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cubeset/cubeset/host/cache"
)

type pebbleStore struct{ db *pebble.DB }

// openPebble opens a database without compression, which embeddings gain nothing
// from, and with more room for writing than its default.
func openPebble(dir string) (store, error) {
	o := &pebble.Options{Logger: silent{}, MemTableSize: 64 << 20}
	for i := range o.Levels {
		o.Levels[i].Compression = func() *block.CompressionProfile { return block.NoCompression }
	}
	db, err := pebble.Open(dir, o)
	return &pebbleStore{db}, err
}

func (p *pebbleStore) put(keys []cache.Key, values [][]byte) error {
	b := p.db.NewBatch()
	for i := range keys {
		if err := b.Set(keys[i][:], values[i], nil); err != nil {
			return err
		}
	}
	return b.Commit(pebble.NoSync)
}

func (p *pebbleStore) get(keys []cache.Key, see func(int, []byte) error) error {
	for i := range keys {
		v, done, err := p.db.Get(keys[i][:])
		if errors.Is(err, pebble.ErrNotFound) {
			continue
		} else if err != nil {
			return err
		}
		if err := errors.Join(see(i, v), done.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (p *pebbleStore) close() error { return errors.Join(p.db.Flush(), p.db.Close()) }

// silent is a log that nobody reads.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(format string, args ...any) {
	panic(format) // what the interface asks for: not to return
}
