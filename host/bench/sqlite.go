package main

import (
	"database/sql"
	"errors"
	"path/filepath"

	"github.com/cubeset/cubeset/host/cache"
	_ "modernc.org/sqlite" // the driver
)

type sqlite struct {
	db  *sql.DB
	ask *sql.Stmt
}

// openSQLite opens a database with a write-ahead log and pages that hold two
// values.
func openSQLite(dir string) (store, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "data")+"?_pragma=page_size(8192)&_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=mmap_size(1073741824)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("create table if not exists v (k blob primary key, v blob)"); err != nil {
		return nil, err
	}
	ask, err := db.Prepare("select v from v where k = ?")
	return &sqlite{db, ask}, err
}

func (s *sqlite) put(keys []cache.Key, values [][]byte) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing after Commit
	add, err := tx.Prepare("insert into v values (?, ?)")
	if err != nil {
		return err
	}
	for i := range keys {
		if _, err := add.Exec(keys[i][:], values[i]); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (s *sqlite) get(keys []cache.Key, see func(int, []byte) error) error {
	for i := range keys {
		var v sql.RawBytes
		rows, err := s.ask.Query(keys[i][:])
		if err != nil {
			return err
		}
		if rows.Next() {
			if err = rows.Scan(&v); err == nil {
				err = see(i, v)
			}
		}
		if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqlite) close() error {
	_, err := s.db.Exec("pragma wal_checkpoint(truncate)")
	return errors.Join(err, s.ask.Close(), s.db.Close())
}
