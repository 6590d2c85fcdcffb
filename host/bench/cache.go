package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cubeset/cubeset/host/cache"
)

const (
	cacheRows  = 50_000
	cacheBatch = 256
	payloadMax = 4096 // different payloads; none of the stores sees that they come again
)

// cacheGroups compares the stores: rows of 768 float32 are put by one process,
// and read in another order by a second one.
func cacheGroups(_ context.Context, p place) ([]Group, error) {
	n := p.orRows(cacheRows)
	put := Group{Title: fmt.Sprintf("cache: put %d rows of 3 KB", n), Unit: "µs/row", Scale: 1e6,
		Notes: []string{"From open to close, in batches of 256, made durable once at the end; by a process of its own."}}
	get := Group{Title: fmt.Sprintf("cache: get %d rows of 3 KB", n), Unit: "µs/row", Scale: 1e6,
		Columns: []Column{{"open", "open, ms", "%.1f"}, {"open-cpu", "open, ms of CPU", "%.1f"}, {"disk", "disk over payload", "%+.1f %%"}},
		Notes: []string{"Shuffled, in batches of 256, by a new process with the file in the page cache. Opening, up to the first row, is a column of its own. The disk is measured after this process has closed the store, which by then has removed its old logs.",
			"Every value is checked with CRC-32C: by the cache itself, by the benchmark for the other stores."}}
	for _, e := range engines() {
		dir := filepath.Join(p.tmp, e.name)
		against := []string{"cubeset"}
		if e.name == "cubeset" {
			against = nil
		}
		put.Cases = append(put.Cases, Case{e.name, against, child("put", e.name, dir, strconv.Itoa(n))})
		get.Cases = append(get.Cases, Case{e.name, against, child("get", e.name, dir, strconv.Itoa(n))})
	}
	return []Group{put, get}, nil
}

// store is a contestant that is open. Values that get passes to see are valid
// during the call.
type store interface {
	put(keys []cache.Key, values [][]byte) error
	get(keys []cache.Key, see func(i int, value []byte) error) error
	close() error // after which what was put is durable
}

// engine opens a store in a folder.
type engine struct {
	name string
	open func(dir string) (store, error)
}

func engines() []engine {
	return []engine{{"cubeset", openOurs}, {"bbolt", openBolt}, {"badger", openBadger}, {"pebble", openPebble}, {"modernc sqlite", openSQLite}}
}

func engineOf(args []string) (e engine, dir string, n int, err error) {
	for _, e := range engines() {
		if e.name == args[0] {
			n, err = strconv.Atoi(args[2])
			return e, args[1], n, err
		}
	}
	return e, "", 0, fmt.Errorf("no store %q", args[0])
}

// putChild fills a new store.
func putChild(_ context.Context, args []string) (s Sample, err error) {
	e, dir, n, err := engineOf(args)
	if err != nil {
		return s, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return s, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return s, err
	}
	keys, values := cacheData(n)
	var watch stopwatch
	err = watch.lap(func() error {
		st, err := e.open(dir)
		if err != nil {
			return err
		}
		for i := 0; i < n; i += cacheBatch {
			j := min(i+cacheBatch, n)
			if err := st.put(keys[i:j], values[i:j]); err != nil {
				return err
			}
		}
		return st.close()
	})
	return watch.sample(float64(n)), err
}

// getChild opens the store that putChild left, and reads all of it.
func getChild(_ context.Context, args []string) (s Sample, err error) {
	e, dir, n, err := engineOf(args)
	if err != nil {
		return s, err
	}
	keys, values := cacheData(n)
	sums := make([]uint32, n)
	for i, v := range values {
		sums[i] = crc32.Checksum(v, castagnoli())
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(n, func(i, j int) {
		keys[i], keys[j] = keys[j], keys[i]
		sums[i], sums[j] = sums[j], sums[i]
	})
	table, ours := castagnoli(), e.name == "cubeset"
	read := func(st store, i, j int) error {
		seen := 0
		err := st.get(keys[i:j], func(k int, v []byte) error {
			seen++
			if len(v) != payloadBytes || !ours && crc32.Checksum(v, table) != sums[i+k] {
				return fmt.Errorf("row %d: wrong value", i+k)
			}
			return nil
		})
		if err == nil && seen != j-i {
			err = fmt.Errorf("%d of %d rows found", seen, j-i)
		}
		return err
	}
	var st store
	var opening, reading stopwatch
	err = opening.lap(func() (err error) {
		if st, err = e.open(dir); err != nil {
			return err
		}
		return read(st, 0, 1)
	})
	if err != nil {
		return s, err
	}
	err = reading.lap(func() error {
		for i := 0; i < n; i += cacheBatch {
			if err := read(st, i, min(i+cacheBatch, n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	s = reading.sample(float64(n))
	s.More["open"], s.More["open-cpu"] = opening.wall.Seconds()*1e3, opening.cpu.Seconds()*1e3
	if err := st.close(); err != nil {
		return s, err
	}
	used, err := diskBytes(dir)
	s.More["disk"] = (float64(used)/float64(n*payloadBytes) - 1) * 100
	return s, err
}

const payloadBytes = vectorDim * 4

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// cacheData is n keys with embeddings.
func cacheData(n int) ([]cache.Key, [][]byte) {
	recipe := cache.NewRecipe("bench", "")
	vectors := unitVectors(min(n, payloadMax))
	keys, values := make([]cache.Key, n), make([][]byte, n)
	for i := range keys {
		keys[i] = recipe.Key(string(binary.BigEndian.AppendUint64(nil, uint64(i))))
		values[i] = cache.Bytes(vectors[i%payloadMax])
	}
	return keys, values
}

// diskBytes is what the files of a folder take on disk: of a sparse one, what is
// allocated.
func diskBytes(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += allocated(info)
		}
		return err
	})
	return n, err
}
