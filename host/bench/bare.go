package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cubeset/cubeset/wasm"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// bare is a second host of wasm/ABI.md that limits nothing: what is left of the
// time of a filter when its work is not counted.
type bare struct {
	module          api.Module
	memory          api.Memory
	reserve, filter api.Function
	buffer, room    uint32
	stack           [2]uint64
	vectors         bool // the filter asks for embeddings
}

// openBare starts an instance of a module that bareRuntime has compiled.
func openBare(ctx context.Context, r wazero.Runtime, g guest) (*bare, error) {
	manifest, err := wasm.ReadManifest(g.module)
	if err != nil {
		return nil, err
	}
	m, err := r.InstantiateModule(ctx, g.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
	if err != nil {
		return nil, err
	}
	b := &bare{module: m, memory: m.Memory(), reserve: m.ExportedFunction("cs_reserve"), filter: m.ExportedFunction("cs_filter"),
		vectors: manifest.Stage() == wasm.StageVector}
	options := []byte(manifest.ConfigDefaults)
	if len(options) == 0 {
		options = []byte("{}")
	}
	config := make([]byte, 32, 32+len(options))
	copy(config, "CSC1")
	for at, v := range map[int]int{4: 32, 16: 32, 20: len(options), 28: 32 + len(options)} {
		binary.LittleEndian.PutUint32(config[at:], uint32(v))
	}
	if err := b.grow(ctx, uint32(cap(config))); err != nil {
		return nil, err
	}
	b.memory.Write(b.buffer, append(config, options...))
	return b, b.call(ctx, m.ExportedFunction("cs_configure"), uint32(cap(config)))
}

// bareRuntime is a runtime with what filters import, for which it compiles the
// modules.
func bareRuntime(ctx context.Context, built map[[2]string]guest) (wazero.Runtime, error) {
	r := wazero.NewRuntime(ctx)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, err
	}
	if _, err := r.NewHostModuleBuilder("cubeset").NewFunctionBuilder().WithFunc(func(_, _, _ uint32) {}).Export("log").Instantiate(ctx); err != nil {
		return nil, err
	}
	for key, g := range built {
		if g.missing != nil {
			continue
		}
		compiled, err := r.CompileModule(ctx, g.module)
		if err != nil {
			return nil, err
		}
		g.compiled = compiled
		built[key] = g
	}
	return r, nil
}

func (b *bare) grow(ctx context.Context, n uint32) error {
	if n <= b.room {
		return nil
	}
	b.stack[0] = uint64(n)
	if err := b.reserve.CallWithStack(ctx, b.stack[:]); err != nil {
		return err
	}
	b.buffer, b.room = uint32(b.stack[0]), n
	return nil
}

func (b *bare) call(ctx context.Context, f api.Function, n uint32) error {
	b.stack = [2]uint64{uint64(b.buffer), uint64(n)}
	if err := f.CallWithStack(ctx, b.stack[:]); err != nil {
		return err
	}
	if status := uint32(b.stack[0]); status != 0 {
		return fmt.Errorf("the guest says %d", status)
	}
	return nil
}

// judge packs a batch into the guest, and reads its verdicts.
func (b *bare) judge(ctx context.Context, batch *wasm.Batch, out []wasm.Verdict) ([]wasm.Verdict, error) {
	l := layoutOf(batch, b.vectors)
	if err := b.grow(ctx, uint32(l.total)); err != nil {
		return nil, err
	}
	buf, _ := b.memory.Read(b.buffer, uint32(l.total))
	l.pack(buf, batch)
	if err := b.call(ctx, b.filter, uint32(l.total)); err != nil {
		return nil, err
	}
	buf, _ = b.memory.Read(b.buffer, uint32(l.total))
	return verdictsOf(buf[l.verdicts:], out[:0]), nil
}

func verdictsOf(raw []byte, out []wasm.Verdict) []wasm.Verdict {
	for ; len(raw) >= 8; raw = raw[8:] {
		out = append(out, wasm.Verdict{Keep: raw[0] == 1, Reason: binary.LittleEndian.Uint16(raw[2:]),
			Score: math.Float32frombits(binary.LittleEndian.Uint32(raw[4:]))})
	}
	return out
}
