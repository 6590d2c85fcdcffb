package main

import (
	"errors"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

type badgerStore struct{ db *badger.DB }

// openBadger opens a database with values apart from the keys, and without
// compression, which embeddings gain nothing from.
func openBadger(dir string) (store, error) {
	o := badger.DefaultOptions(dir).WithLogger(nil).WithCompression(options.None).WithValueThreshold(1 << 10)
	db, err := badger.Open(o)
	return &badgerStore{db}, err
}

func (b *badgerStore) put(keys []cache.Key, values [][]byte) error {
	w := b.db.NewWriteBatch()
	defer w.Cancel()
	for i := range keys {
		if err := w.Set(keys[i][:], values[i]); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (b *badgerStore) get(keys []cache.Key, see func(int, []byte) error) error {
	return b.db.View(func(tx *badger.Txn) error {
		for i := range keys {
			item, err := tx.Get(keys[i][:])
			if errors.Is(err, badger.ErrKeyNotFound) {
				continue
			} else if err != nil {
				return err
			}
			if err := item.Value(func(v []byte) error { return see(i, v) }); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *badgerStore) close() error { return errors.Join(b.db.Sync(), b.db.Close()) }
