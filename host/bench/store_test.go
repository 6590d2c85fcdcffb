package main

import (
	"bytes"
	"testing"

	"github.com/cubeset/cubeset/host/cache"
)

// TestStoresKeep puts rows into each store, opens it again, and gets them back
// and nothing for a key that is not there.
func TestStoresKeep(t *testing.T) {
	keys, values := cacheData(300)
	absent := cache.NewRecipe("bench", "").Key("absent")
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := e.open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.put(keys, values); err != nil {
				t.Fatal(err)
			}
			if err := s.close(); err != nil {
				t.Fatal(err)
			}
			if s, err = e.open(dir); err != nil {
				t.Fatal(err)
			}
			ask, seen := append([]cache.Key{absent}, keys[:200]...), 0
			err = s.get(ask, func(i int, v []byte) error {
				seen++
				if i == 0 || !bytes.Equal(v, values[i-1]) {
					t.Errorf("row %d has another value", i)
				}
				return nil
			})
			if err != nil || seen != 200 {
				t.Errorf("%d rows of 200, %v", seen, err)
			}
			if err := s.close(); err != nil {
				t.Fatal(err)
			}
			if n, err := diskBytes(dir); err != nil || n < 300*payloadBytes {
				t.Errorf("%d bytes on disk, %v", n, err)
			}
		})
	}
}
