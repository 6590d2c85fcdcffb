// Command build compiles the bundled filters with cargo, packs each with its
// manifest, and writes NAME/NAME.wasm. With -check it writes nothing and compares
// instead: the bytes do not depend on the folder or the machine.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cubeset/cubeset/wasm"
)

const (
	target  = "wasm32-unknown-unknown"
	withStd = "language" // the filter whose dependency needs Rust's std
)

// The compiler of the C in script's interpreter. Another gives other bytes.
const (
	cCompiler, cArchiver = "clang-14", "llvm-ar-14"
	cVersion             = "14.0.6"
)

func main() {
	check := flag.Bool("check", false, "compare with the committed modules instead of writing them")
	dir := flag.String("dir", "", "the folder wasm/filters (default: found from the current folder)")
	flag.Parse()
	if err := run(context.Background(), *dir, *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, check bool, out io.Writer) error {
	dir, err := locate(dir)
	if err != nil {
		return err
	}
	manifests, err := filepath.Glob(filepath.Join(dir, "*", "manifest.json"))
	if err != nil || len(manifests) == 0 {
		return fmt.Errorf("no filters in %s: %w", dir, errors.Join(err, os.ErrNotExist))
	}
	if err := checkCompiler(ctx); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "cubeset-filters-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	// Apart, since in one run the feature std of one would be switched on for all.
	for _, which := range [][]string{{"--workspace", "--exclude", withStd}, {"--package", withStd}} {
		if err := cargo(ctx, dir, work, which...); err != nil {
			return err
		}
	}
	var errs []error
	for _, m := range manifests {
		name := filepath.Base(filepath.Dir(m))
		built := filepath.Join(work, target, "release", name+".wasm")
		errs = append(errs, finish(m, built, filepath.Join(filepath.Dir(m), name+".wasm"), check, out))
	}
	return errors.Join(errs...)
}

// checkCompiler looks for the C compiler that the bytes are of.
func checkCompiler(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, cCompiler, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s, of Debian's package of that name: %w", cCompiler, err)
	}
	if first, _, _ := strings.Cut(string(out), "\n"); !strings.Contains(first, "version "+cVersion) {
		return fmt.Errorf("%s is %q, want version %s", cCompiler, first, cVersion)
	}
	return nil
}

// locate finds wasm/filters from the current folder or one of its parents.
func locate(dir string) (string, error) {
	if dir != "" {
		return filepath.Abs(dir)
	}
	at, err := os.Getwd()
	for err == nil {
		if _, e := os.Stat(filepath.Join(at, "wasm", "filters", "Cargo.toml")); e == nil {
			return filepath.Join(at, "wasm", "filters"), nil
		}
		if filepath.Dir(at) == at {
			return "", errors.New("wasm/filters/Cargo.toml is in no parent folder")
		}
		at = filepath.Dir(at)
	}
	return "", err
}

// cargo builds packages of the workspace. The folders of this machine are replaced in
// whatever the compiler writes down, and its environment holds nothing else that
// could change the bytes.
func cargo(ctx context.Context, dir, work string, which ...string) error {
	home := os.Getenv("CARGO_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		home = filepath.Join(user, ".cargo")
	}
	flags := []string{"--remap-path-prefix=" + dir + "=/filters", "--remap-path-prefix=" + home + "=/cargo"}
	args := []string{"build", "--release", "--locked", "--quiet", "--target", target, "--target-dir", work}
	c := exec.CommandContext(ctx, "cargo", append(args, which...)...)
	c.Dir = dir
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "CARGO_") && !strings.HasPrefix(name, "RUST") || name == "CARGO_HOME" || name == "RUSTUP_HOME" {
			c.Env = append(c.Env, v)
		}
	}
	c.Env = append(c.Env, "CARGO_ENCODED_RUSTFLAGS="+strings.Join(flags, "\x1f"),
		"CC_"+target+"="+cCompiler, "AR_"+target+"="+cArchiver, "CFLAGS_"+target+"=-Os -ffile-prefix-map="+home+"=/cargo")
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("cargo: %w", err)
	}
	return nil
}

// finish packs one module and writes or compares it.
func finish(manifest, built, committed string, check bool, out io.Writer) error {
	text, err := os.ReadFile(manifest)
	if err != nil {
		return err
	}
	m, err := wasm.ParseManifest(text)
	if err != nil {
		return fmt.Errorf("%s: %w", manifest, err)
	}
	module, err := os.ReadFile(built)
	if err != nil {
		return err
	}
	packed, err := wasm.Pack(module, m)
	if err != nil {
		return fmt.Errorf("%s: %w", manifest, err)
	}
	if !check {
		fmt.Fprintf(out, "%s %s %d bytes\n", m.Name, m.Version, len(packed))
		return os.WriteFile(committed, packed, 0o644)
	}
	have, err := os.ReadFile(committed)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, packed) {
		return fmt.Errorf("%s differs from what its source builds: %d bytes, want %d", committed, len(have), len(packed))
	}
	fmt.Fprintf(out, "%s %s is what its source builds\n", m.Name, m.Version)
	return nil
}
