package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/cubeset/cubeset/host/scaffold"
	"github.com/tetratelabs/wazero"
)

// The filters of two kinds, in the languages that are compared: text is what
// `filter new` writes, alike the examples'.
const (
	kindText  = "text"
	kindAlike = "alike"
)

// toolchain is what a language's filters are built with.
type toolchain struct {
	language, example string
	command, install  string
}

func toolchains() []toolchain {
	return []toolchain{
		{"c", "05-own-filter-c", "wasm-ld", "apt-get install clang lld"},
		{"rust", "04-own-filter-rust", "cargo", "install Rust with rustup, and: rustup target add wasm32-unknown-unknown"},
		{"go", "03-own-filter-go", "go", "install Go"},
	}
}

// guest is a built filter, or why there is none.
type guest struct {
	module   []byte
	compiled wazero.CompiledModule // of bareRuntime
	missing  error
}

// buildGuests builds all filters, by kind and language, in a copy of what they
// need of the project.
func buildGuests(ctx context.Context, p place) (map[[2]string]guest, error) {
	g := map[[2]string]guest{}
	cubeset, err := buildCubeset(ctx, p)
	if err != nil {
		return g, err
	}
	copied := filepath.Join(p.tmp, "project")
	for _, dir := range []string{"sdk/filter", "sdk/rust", "sdk/c"} {
		if err := os.CopyFS(filepath.Join(copied, dir), os.DirFS(filepath.Join(p.root, dir))); err != nil {
			return g, err
		}
	}
	for _, t := range toolchains() {
		text, alike := [2]string{kindText, t.language}, [2]string{kindAlike, t.language}
		if _, err := exec.LookPath(t.command); err != nil {
			m := &missing{t.command, t.install}
			g[text], g[alike] = guest{missing: m}, guest{missing: m}
			continue
		}
		l, err := scaffold.Find(t.language)
		if err != nil {
			return g, err
		}
		dir := filepath.Join(copied, t.language, kindText)
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
			return g, err
		}
		if err := l.Write(dir, kindText); err != nil {
			return g, err
		}
		if g[text], err = build(ctx, dir, kindText, cubeset); err != nil {
			return g, err
		}
		dir = filepath.Join(copied, "examples", t.example)
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(p.root, "examples", t.example))); err != nil {
			return g, err
		}
		if g[alike], err = build(ctx, dir, kindAlike, cubeset); err != nil {
			return g, err
		}
	}
	return g, nil
}

// build runs a filter's build.sh.
func build(ctx context.Context, dir, name, cubeset string) (g guest, err error) {
	c := exec.CommandContext(ctx, "sh", "build.sh")
	c.Dir, c.Env = dir, append(os.Environ(), "CUBESET="+cubeset)
	if out, err := c.CombinedOutput(); err != nil {
		return g, fmt.Errorf("build.sh of %s: %w\n%s", name, err, out)
	}
	g.module, err = os.ReadFile(filepath.Join(dir, name+".wasm"))
	return g, err
}

// buildExtism builds the plugin for Extism that does what both kinds do.
func buildExtism(ctx context.Context, p place) ([]byte, error) {
	if _, err := exec.LookPath("cargo"); err != nil {
		return nil, &missing{"cargo", "install Rust with rustup, and: rustup target add wasm32-unknown-unknown"}
	}
	cache, err := os.UserCacheDir() // its libraries take a minute to build
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "cubeset-bench", "extism")
	const target = "wasm32-unknown-unknown"
	c := exec.CommandContext(ctx, "cargo", "build", "--quiet", "--locked", "--release", "--target", target, "--target-dir", dir)
	c.Dir, c.Env = filepath.Join(p.root, "host", "bench", "extism"), append(os.Environ(), "RUSTFLAGS=-C target-feature=+simd128")
	if out, err := c.CombinedOutput(); err != nil {
		return nil, &missing{"the plugin for Extism", fmt.Sprintf("cargo build failed: %v: %.300s", err, out)}
	}
	return os.ReadFile(filepath.Join(dir, target, "release", "peer.wasm"))
}
