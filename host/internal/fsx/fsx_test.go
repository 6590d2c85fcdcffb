package fsx

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestWriteFileIsAtomicAtEveryCall(t *testing.T) {
	for at := 1; ; at++ {
		dir := t.TempDir()
		name := filepath.Join(dir, "f")
		if err := os.WriteFile(name, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
		f := &Fault{FS: OS{}, At: at, Stop: true}
		err := WriteFile(f, dir, "f", []byte("new"))
		got, rerr := os.ReadFile(name)
		if rerr != nil {
			t.Fatal(rerr)
		}
		if err == nil {
			if string(got) != "new" {
				t.Fatalf("written without error, but holds %q", got)
			}
			if at < 5 {
				t.Fatalf("only %d calls: write, sync, rename and syncdir must all be counted", at)
			}
			return
		}
		if !errors.Is(err, ErrStopped) {
			t.Fatalf("call %d: %v", at, err)
		}
		if s := string(got); s != "old" && s != "new" {
			t.Fatalf("call %d left %q", at, s)
		}
	}
}

func TestFaultFailsOneCallWithTheGivenError(t *testing.T) {
	dir := t.TempDir()
	f := &Fault{FS: OS{}, At: 2, Err: syscall.ENOSPC}
	w, err := f.Create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if n, err := w.Write([]byte("abcd")); !errors.Is(err, syscall.ENOSPC) || n != 2 {
		t.Fatalf("write = %d, %v", n, err)
	}
	if _, err := w.Write([]byte("ef")); err != nil {
		t.Fatalf("the call after the fault: %v", err)
	}
	if f.Calls() != 3 {
		t.Fatalf("calls = %d", f.Calls())
	}
}

func TestExchangeSwapsFolders(t *testing.T) {
	for _, c := range []struct {
		name     string
		exchange func(a, b string) error
	}{{"system", OS{}.Exchange}, {"renames", exchangeByRename}} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, n := range []string{"a", "b"} {
				if err := os.MkdirAll(filepath.Join(dir, n, "is-"+n), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.exchange(filepath.Join(dir, "a"), filepath.Join(dir, "b")); err != nil {
				t.Fatal(err)
			}
			for in, was := range map[string]string{"a": "is-b", "b": "is-a"} {
				if _, err := os.Stat(filepath.Join(dir, in, was)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestMapSeesBytesWrittenLater(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	w, err := OS{}.CreateNew(name)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	m, err := OS{}.Map(name, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := w.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if got := string(m.Bytes()[:5]); got != "hello" {
		t.Fatalf("mapped bytes are %q", got)
	}
	if _, err := (OS{}).CreateNew(name); !errors.Is(err, os.ErrExist) {
		t.Fatalf("second CreateNew: %v", err)
	}
}
