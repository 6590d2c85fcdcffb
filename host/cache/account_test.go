package cache

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestCountsAreKeptAndSummedUp(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 5)
	for range usesMax + 10 {
		s, err := Open(dir, options())
		if err != nil {
			t.Fatal(err)
		}
		mustPut(t, s, keys, want)
		s.Account(recipe, Tally{1, 2, 3, 4, time.Second})
		s.Account(recipe, Tally{Hits: 1})
		mustClose(t, s)
	}
	uses, err := filepath.Glob(filepath.Join(dir, formatFolder, usesFolder, "*"))
	if err != nil || len(uses) > usesMax {
		t.Fatalf("%d use files, %v", len(uses), err)
	}
	u, err := Survey(dir, fsx.Quick{})
	n := int64(usesMax + 10)
	if want := (Tally{2 * n, 2 * n, 3 * n, 4 * n, time.Duration(n) * time.Second}); err != nil || len(u.Recipes) != 1 || u.Recipes[0].Tally != want {
		t.Fatalf("%+v, %v, want %+v", u.Recipes, err, want)
	}
	if s := u.Recipes[0].Saved(); s != time.Duration(n)*time.Second/2 {
		t.Fatalf("saved %v", s)
	}
	sound(t, dir)
}

// A process that dies after it wrote the sum of the use files, before it
// removed them, must not make everything count twice.
func TestSumThatWasCutCountsOnce(t *testing.T) {
	dir := scratch(t)
	for range 3 {
		s, err := Open(dir, options())
		if err != nil {
			t.Fatal(err)
		}
		s.Account(recipe, Tally{Hits: 5})
		mustClose(t, s)
	}
	for at := 1; at < 40; at++ {
		f, err := openPresent(dir, options())
		if err != nil {
			t.Fatal(err)
		}
		f.fs = &fsx.Fault{FS: fsx.Quick{}, At: at, Stop: true}
		f.sumUses(nil)
		if u, err := Survey(dir, fsx.Quick{}); err != nil || u.Recipes[0].Hits != 15 {
			t.Fatalf("call %d: %+v, %v", at, u, err)
		}
	}
}
