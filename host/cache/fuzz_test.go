package cache

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"

	"pgregory.net/rapid"
)

// FuzzIndex gives the parser an index whose checksum is right whatever the rest
// says: it must refuse it or answer lookups without leaving its bounds.
func FuzzIndex(f *testing.F) {
	id := segmentID{1}
	var fnd found
	for i := range 40 {
		key := recipe.Key(fmt.Sprint(i))
		fnd.entries = append(fnd.entries, entry{key.fragment(), location(0, int64(64+64*i))})
	}
	fnd.recipes = map[recipePrefix]recipeCount{{1}: {40, 2560}}
	b, _, err := indexOf(id, fnd)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, uint64(7))
	f.Add([]byte{}, uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, fragment uint64) {
		b = bytes.Clone(b)
		fixChecksum(b)
		x, err := parseIndex(b)
		if err != nil {
			return
		}
		tab := &table{index: x, segments: []*segment{{b: make([]byte, 256)}, nil}}
		v := &view{tables: []*table{tab}}
		var key Key
		binary.BigEndian.PutUint64(key[:], fragment)
		if p, _ := v.find(&key, nil); p != nil {
			t.Fatal("zeros are a record")
		}
		for _, e := range x.entries {
			binary.BigEndian.PutUint64(key[:], e.fragment)
			v.find(&key, nil)
		}
	})
}

// fixChecksum makes the checksum in the last four bytes right.
func fixChecksum(b []byte) {
	if len(b) >= 4 {
		binary.LittleEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b[:len(b)-4], castagnoli))
	}
}

// FuzzScan gives a scan any bytes: what it finds must be whole records inside
// of them, each place once.
func FuzzScan(f *testing.F) {
	seg := append([]byte(segmentMagic), make([]byte, headerBytes-len(segmentMagic))...)
	for i := range 3 {
		key := recipe.Key(fmt.Sprint(i % 2))
		seg = appendRecord(seg, recipe.prefix(), &key, payload(uint64(i), 30*i))
	}
	f.Add(seg)
	f.Add(seg[:len(seg)-70])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		fnd := scan(b)
		seen := map[uint64]bool{}
		for _, e := range fnd.entries {
			if seen[e.where] {
				t.Fatal("a place twice")
			}
			seen[e.where] = true
			if _, ok := check(b[e.offset():]); !ok || e.offset() >= fnd.end {
				t.Fatalf("no whole record at %d, the end is %d", e.offset(), fnd.end)
			}
		}
		if len(fnd.entries) > 0 && fnd.end > int64(len(b)) {
			t.Fatalf("the end %d is past %d bytes", fnd.end, len(b))
		}
	})
}

// TestStoreBehavesLikeAMap puts, reads, reopens and kills at random and
// compares with a map.
func TestStoreBehavesLikeAMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := scratch(t)
		model := map[Key][]byte{}
		open := func() *Store {
			s, err := Open(dir, options())
			if err != nil {
				rt.Fatal(err)
			}
			return s
		}
		s := open()
		defer func() { s.Close() }()
		key := rapid.Custom(func(t *rapid.T) Key { return recipe.Key(fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "k"))) })
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				keys := rapid.SliceOfN(key, 1, 30).Draw(rt, "keys")
				payloads := make([][]byte, len(keys))
				for i, k := range keys {
					payloads[i] = rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "payload")
					if _, ok := model[k]; !ok {
						model[k] = payloads[i]
					}
				}
				if err := s.Put(recipe, keys, payloads); err != nil {
					rt.Fatal(err)
				}
			},
			"reopen": func(rt *rapid.T) {
				if err := s.Close(); err != nil {
					rt.Fatal(err)
				}
				s = open()
			},
			"die": func(rt *rapid.T) {
				if a := s.view.Load().active; a != nil {
					a.release()
					s.view.Store(&view{tables: s.view.Load().tables})
				}
				s.Close()
				s = open()
			},
			"": func(rt *rapid.T) {
				for n := range 61 {
					k := recipe.Key(fmt.Sprint(n))
					got := make([][]byte, 1)
					if _, err := s.Get([]Key{k}, got); err != nil {
						rt.Fatal(err)
					}
					want, ok := model[k]
					if (got[0] != nil) != ok || !bytes.Equal(got[0], want) {
						rt.Fatalf("key %d: got %x, want %x", n, got[0], want)
					}
				}
			},
		})
	})
}
