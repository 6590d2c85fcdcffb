package main

import (
	"errors"
	"path/filepath"

	"github.com/cubeset/cubeset/host/cache"
	"go.etcd.io/bbolt"
)

type bolt struct{ db *bbolt.DB }

// openBolt opens a database that does not sync each transaction.
func openBolt(dir string) (store, error) {
	db, err := bbolt.Open(filepath.Join(dir, "data"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte("v"))
		return err
	})
	return &bolt{db}, err
}

func (b *bolt) put(keys []cache.Key, values [][]byte) error {
	return b.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte("v"))
		for i := range keys {
			if err := bucket.Put(keys[i][:], values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bolt) get(keys []cache.Key, see func(int, []byte) error) error {
	return b.db.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte("v"))
		for i := range keys {
			if v := bucket.Get(keys[i][:]); v != nil {
				if err := see(i, v); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (b *bolt) close() error { return errors.Join(b.db.Sync(), b.db.Close()) }
