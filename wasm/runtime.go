// Package wasm runs quality filters: strangers' WebAssembly modules that look at
// rows and say which to keep. ABI.md says what a filter is; this package says no
// to whatever is not one, and lets none do more than compute.
//
// A module is scanned (Scan: what it may cost to compile), rewritten so that it
// counts its own work (Meter), compiled, and run with a budget of fuel a row. A
// filter has no files, network, environment, real clock or randomness, and the
// same rows with the same configuration get the same verdicts, and use the same
// fuel, on every machine.
package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

const memoryPagesMax = 65_536

// Config says what filters may use. It starts from DefaultConfig.
type Config struct {
	CacheDir    string        // compiled modules, made 0700; empty keeps them in memory only
	MemoryPages uint32        // ceiling of one instance, in pages of 64 KiB
	Deadline    time.Duration // wall clock of one call into a guest
	FuelBase    int64         // ticks of each call, whatever its rows
	FuelPerRow  int64         // ticks a row on top, unless the manifest asks for more
	FuelPerByte int64         // ticks a byte of the batch on top, so that a long text may take longer

	// Unmetered runs modules as they are, to measure what metering costs: one
	// that loops then never ends. Only for modules that are trusted.
	Unmetered bool

	// Precompile compiles a metered module into CacheDir somewhere that may die
	// of it, as Compile does; nil compiles in this process, where a hostile
	// module costs memory and time within the limits of Scan.
	Precompile func(ctx context.Context, metered []byte) error

	// Log hears the guests; nil drops what they say. It is called from the
	// goroutine that runs the guest. msg has no control characters, but may
	// quote rows.
	Log func(filter string, level int, msg string)
}

// DefaultConfig is 256 MiB, 30 seconds a batch, and 200,000 ticks a row and 16 a
// byte, some times what a filter written in Go uses.
func DefaultConfig() Config {
	return Config{MemoryPages: 4096, Deadline: 30 * time.Second, FuelBase: 10_000_000, FuelPerRow: 200_000, FuelPerByte: 16}
}

// Validate complains about everything at once.
func (c Config) Validate() error {
	var errs []error
	if c.MemoryPages < 1 || c.MemoryPages > memoryPagesMax {
		errs = append(errs, fmt.Errorf("memory pages: %d is outside 1..%d", c.MemoryPages, memoryPagesMax))
	}
	if c.Deadline <= 0 {
		errs = append(errs, fmt.Errorf("deadline: %s is not positive", c.Deadline))
	}
	if c.FuelBase < 1 || c.FuelPerRow < 0 || c.FuelPerByte < 0 {
		errs = append(errs, fmt.Errorf("fuel: %d, %d a row and %d a byte, want at least 1, 0 and 0", c.FuelBase, c.FuelPerRow, c.FuelPerByte))
	}
	return errors.Join(errs...)
}

// Runtime compiles filters. It is safe for use by several goroutines.
type Runtime struct {
	config  Config
	rt      wazero.Runtime
	cache   wazero.CompilationCache // nil without CacheDir
	mu      sync.Mutex
	filters map[string]*Filter // by sha256
}

// NewRuntime starts a runtime; Close ends it and its filters.
func NewRuntime(ctx context.Context, c Config) (*Runtime, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("wasm: %w", err)
	}
	r := &Runtime{config: c, filters: map[string]*Filter{}}
	rc := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(c.MemoryPages).
		WithDebugInfoEnabled(false)
	if c.CacheDir != "" {
		cache, err := openCache(c.CacheDir)
		if err != nil {
			return nil, err
		}
		r.cache, rc = cache, rc.WithCompilationCache(cache)
	}
	r.rt = wazero.NewRuntimeWithConfig(ctx, rc)
	if err := instantiateImports(ctx, r.rt); err != nil {
		return nil, errors.Join(err, r.Close(ctx))
	}
	return r, nil
}

// Close frees the compiled code of all filters. No instance may be running.
func (r *Runtime) Close(ctx context.Context) error {
	err := r.rt.Close(ctx)
	if r.cache != nil {
		err = errors.Join(err, r.cache.Close(ctx))
	}
	return err
}

// Load checks, meters and compiles a module. The same bytes give the same
// Filter. An error about the module is a *GuestError.
func (r *Runtime) Load(ctx context.Context, module []byte) (*Filter, error) {
	sum := sha256.Sum256(module)
	id := hex.EncodeToString(sum[:])
	r.mu.Lock() // held while compiling: the engine's cache does not like two at once
	defer r.mu.Unlock()
	if f := r.filters[id]; f != nil {
		return f, nil
	}
	f, err := r.load(ctx, module)
	if err != nil {
		return nil, err
	}
	f.sum, f.symbols = id, readSymbols(module)
	r.filters[id] = f
	return f, nil
}

func (r *Runtime) load(ctx context.Context, module []byte) (*Filter, error) {
	if err := Scan(module); err != nil {
		return nil, loadError("", err)
	}
	if err := checkContract(module); err != nil {
		return nil, err
	}
	m, err := ReadManifest(module)
	if errors.Is(err, ErrManifestABI) {
		return nil, &GuestError{Code: CodeABIVersion, Where: "load", Row: -1, Err: err}
	} else if err != nil {
		return nil, &GuestError{Code: CodeManifest, Where: "load", Row: -1, Err: err}
	}
	metered := module
	if !r.config.Unmetered {
		if metered, err = meter(module); err != nil {
			return nil, loadError(m.Name, err)
		}
	}
	if r.config.Precompile != nil {
		if err := r.config.Precompile(ctx, metered); err != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("filter %s: compile: %w", m.Name, ctx.Err())
			}
			return nil, loadError(m.Name, err)
		}
	}
	compiled, err := compile(ctx, r.rt, metered)
	if err != nil {
		return nil, loadError(m.Name, err)
	}
	return newFilter(r, m, compiled), nil
}

// loadError gives an error about a module its code.
func loadError(filter string, err error) *GuestError {
	e := &GuestError{Code: CodeCompile, Filter: filter, Where: "load", Row: -1, Err: err}
	var limit *LimitError
	var gaveUp *compilePanic
	switch {
	case errors.As(err, &limit):
		e.Code = CodeStaticLimit
	case errors.As(err, &gaveUp):
		e.Code = CodeCompilePanic
	}
	return e
}

// compilePanic is what the compiler panicked with.
type compilePanic struct{ value any }

func (e *compilePanic) Error() string { return fmt.Sprintf("the compiler panicked: %v", e.value) }

// compile recovers: an invalid module can make the compiler panic.
func compile(ctx context.Context, rt wazero.Runtime, metered []byte) (m wazero.CompiledModule, err error) {
	defer func() {
		if v := recover(); v != nil {
			m, err = nil, &compilePanic{v}
		}
	}()
	return rt.CompileModule(ctx, metered)
}

// Compile compiles a metered module and leaves the code in dir, for a Runtime
// with that CacheDir. Run it in a process with limits of its own: it is what
// Config.Precompile asks for.
func Compile(ctx context.Context, dir string, metered []byte) (err error) {
	c := DefaultConfig()
	c.CacheDir, c.MemoryPages = dir, memoryPagesMax
	r, err := NewRuntime(ctx, c)
	if err != nil {
		return err
	}
	_, err = compile(ctx, r.rt, metered)
	return errors.Join(err, r.Close(ctx))
}
