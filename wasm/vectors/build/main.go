// Command build writes the files of the vectors: go run ./wasm/vectors/build.
// With -check it writes nothing and compares.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cubeset/cubeset/wasm/vectors"
)

func main() {
	check := flag.Bool("check", false, "compare with the files instead of writing them")
	dir := flag.String("dir", "wasm/vectors", "the folder of the vectors")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	tree, err := vectors.Tree()
	if err != nil {
		return err
	}
	stale, err := others(dir, tree)
	if err != nil {
		return err
	}
	for name, content := range tree {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
			continue
		}
		if check {
			return fmt.Errorf("%s is not what it would be: go run ./wasm/vectors/build", path)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	for _, path := range stale {
		if check {
			return fmt.Errorf("%s is no longer part of the vectors: go run ./wasm/vectors/build", path)
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// others are the files in the folders of the tree that are not in it.
func others(dir string, tree map[string][]byte) (stale []string, err error) {
	for _, sub := range []string{"modules", "rows", "batches"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		for _, e := range entries {
			if _, ok := tree[sub+"/"+e.Name()]; !ok && e.Type() != fs.ModeDir {
				stale = append(stale, filepath.Join(dir, sub, e.Name()))
			}
		}
	}
	return stale, nil
}
