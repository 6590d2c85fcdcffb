package wasm

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tetratelabs/wazero"
)

// Filter is a compiled module. It is safe for use by several goroutines; each
// opens an Instance of its own.
type Filter struct {
	r        *Runtime
	manifest Manifest
	options  options
	declared reasonSet
	needs    needSet
	compiled wazero.CompiledModule
	symbols  symbols
	sum      string
}

func newFilter(r *Runtime, m Manifest, compiled wazero.CompiledModule) *Filter {
	f := &Filter{r: r, manifest: m, compiled: compiled, needs: newNeedSet(m.Needs)}
	f.options, _ = newOptions(m) // ReadManifest has tried them
	for _, reason := range m.Reasons {
		f.declared[reason.Code] = true
	}
	return f
}

// Manifest is what the module says about itself.
func (f *Filter) Manifest() Manifest { return f.manifest }

// SHA256 is the hash of the module as loaded, in hex.
func (f *Filter) SHA256() string { return f.sum }

// ReasonName is the manifest's name of a reason, or "" if it has none.
func (f *Filter) ReasonName(code uint16) string {
	for _, r := range f.manifest.Reasons {
		if r.Code == code {
			return r.Name
		}
	}
	return ""
}

// MergeConfig lays the user's options over the manifest's defaults, checks them
// against its schema, and returns them with sorted keys. Merging what was merged
// changes nothing.
func (f *Filter) MergeConfig(user json.RawMessage) (json.RawMessage, error) {
	merged, err := f.options.merge(user)
	if err != nil {
		return nil, &GuestError{Code: CodeConfig, Filter: f.manifest.Name, Where: "options", Row: -1, Err: err}
	}
	return merged, nil
}

// fuelPerRow is the budget of one row: the manifest may ask for more than usual.
func (f *Filter) fuelPerRow() int64 {
	return max(f.r.config.FuelPerRow, min(f.manifest.FuelPerRow, fuelPerRowMax))
}

// Digest is the hex sha256 over everything that can change a verdict: the module,
// the meter, the limits, the merged config and the blobs.
func (f *Filter) Digest(config json.RawMessage, blobs map[string][]byte) string {
	if merged, err := f.options.merge(config); err == nil {
		config = merged // one that does not merge cannot be opened either
	}
	h := sha256.New()
	part := func(p []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	part([]byte("cubeset.filter.digest.v1"))
	part([]byte(f.sum))
	c := f.r.config
	if c.Unmetered {
		part([]byte("unmetered"))
	} else {
		part([]byte(MeterVersion))
	}
	part(fmt.Appendf(nil, "%d %d %d %d", c.FuelBase, f.fuelPerRow(), c.FuelPerByte, c.MemoryPages))
	part(config)
	for _, name := range slices.Sorted(maps.Keys(blobs)) {
		part([]byte(name))
		part(blobs[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
