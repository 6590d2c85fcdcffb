package wasm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	reserveStep   = 64 << 10 // buffers are asked for in steps, so that few batches need a larger one
	errorBytesMax = 256      // of cs_error
)

// Instance is one configured run of a filter, with a memory of its own. It is
// for one goroutine, and after any GuestError it is dead.
type Instance struct {
	f                *Filter
	mod              api.Module
	mem              api.Memory
	memory           memory // what mem looks at
	reserve, filter  api.Function
	tank             tank
	journal          journal
	clock, random    uint64
	call             callContext
	stack            [2]uint64
	buffer, capacity uint32 // what cs_reserve returned last, and for how much
	dead             bool
	lastFuel         int64
}

// Open starts a fresh instance and configures it. The config is merged as by
// MergeConfig; blobs are named files, word lists for example.
func (f *Filter) Open(ctx context.Context, config json.RawMessage, blobs map[string][]byte) (*Instance, error) {
	merged, err := f.MergeConfig(config)
	if err != nil {
		return nil, err
	}
	buffer, err := packConfig(merged, blobs)
	if err != nil {
		return nil, &GuestError{Code: CodeConfig, Filter: f.manifest.Name, Where: "blobs", Row: -1, Err: err}
	}
	in := &Instance{f: f, journal: journal{filter: f.manifest.Name, send: f.r.config.Log}, random: 42, tank: tank{slice: fuelSlice}}
	in.call.in = in
	if err := in.start(ctx, buffer); err != nil {
		return nil, in.kill(ctx, err)
	}
	in.journal.flush()
	return in, nil
}

// start instantiates, initialises, asks for the version and configures.
func (in *Instance) start(ctx context.Context, config []byte) (err error) {
	f := in.f
	in.call.Context = ctx
	in.tank.fill(f.r.config.FuelBase, f.r.config.Deadline)
	defer in.end()
	defer recovered("start", &err)
	ctx = experimental.WithMemoryAllocator(&in.call, &in.memory)
	mod, err := f.r.rt.InstantiateModule(ctx, f.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return in.failure(err, "start")
	}
	in.mod, in.mem = mod, mod.Memory()
	if !f.r.config.Unmetered {
		in.tank.counter = mod.ExportedGlobal(fuelGlobal).(api.MutableGlobal)
	}
	in.reserve, in.filter = mod.ExportedFunction(exportReserve), mod.ExportedFunction(exportFilter)
	if init := mod.ExportedFunction(exportInitialize); init != nil {
		if _, err := in.run(init, exportInitialize, f.r.config.FuelBase, 0, 0); err != nil {
			return err
		}
	}
	revision, err := in.run(mod.ExportedFunction(exportMarker), exportMarker, f.r.config.FuelBase, 0, 0)
	if err != nil {
		return err
	}
	if r := uint32(revision); r < 1 || r > Revision {
		return guestError(CodeABIVersion, exportMarker, "guest is for revision %d of ABI %d, host speaks 1..%d", r, ABIVersion, Revision)
	}
	return in.configure(config)
}

func (in *Instance) configure(config []byte) error {
	room, err := in.room(uint64(len(config)))
	if err != nil {
		return err
	}
	copy(room, config)
	budget := in.f.r.config.FuelBase + configureTicks*int64(len(config))
	status, err := in.run(in.mod.ExportedFunction(exportConfigure), exportConfigure, budget, uint64(in.buffer), uint64(len(config)))
	if err != nil {
		return err
	}
	if status := int32(status); status != 0 {
		return guestError(CodeConfig, exportConfigure, "status %d%s", status, in.complaint())
	}
	return nil
}

// Filter judges a batch. The verdicts are written over out, which grows if it
// must. ErrBatch and a cancelled context are the caller's; a *GuestError is the
// guest's and leaves the instance dead.
func (in *Instance) Filter(ctx context.Context, b *Batch, out []Verdict) ([]Verdict, error) {
	out = out[:0]
	if in.dead {
		e := guestError(CodeDeadInstance, exportFilter, "it failed or was closed before")
		e.Filter = in.f.manifest.Name
		return out, e
	}
	if err := b.check(&in.f.manifest, in.f.needs); err != nil {
		return out, err
	}
	l, err := plan(b, in.f.needs)
	if err != nil {
		return out, err
	}
	in.call.Context = ctx // lent to the host functions until the end
	defer in.end()
	out, err = in.judge(b, &l, out)
	if err != nil {
		return out[:0], in.kill(ctx, err)
	}
	return out, nil
}

func (in *Instance) judge(b *Batch, l *layout, out []Verdict) ([]Verdict, error) {
	room, err := in.room(l.total)
	if err != nil {
		return out, err
	}
	pack(room, b, l)
	c := &in.f.r.config
	budget := c.FuelBase + times(in.f.fuelPerRow(), int64(b.Rows())) + times(c.FuelPerByte, int64(l.total))
	status, err := in.run(in.filter, exportFilter, budget, uint64(in.buffer), l.total)
	in.lastFuel = in.tank.used()
	if err != nil {
		return out, err
	}
	if status := int32(status); status != 0 {
		if msg := in.complaint(); msg != "" { // may quote a row, so it is not for the error
			in.journal.say(LevelError, []byte(exportError+msg))
		}
		return out, guestError(CodeGuestStatus, exportFilter, "status %d", status)
	}
	in.journal.flush()
	// Read again: the memory may have moved.
	raw, ok := in.mem.Read(in.buffer+uint32(l.verdicts), uint32(l.total-l.verdicts))
	if !ok {
		return out, guestError(CodeBadPointer, exportFilter, "the verdicts are no longer inside memory")
	}
	out, bad := readVerdicts(raw, &in.f.declared, out)
	if bad != nil {
		return out, bad
	}
	return out, nil
}

// Fuel is the number of ticks that cs_filter used for the last batch.
func (in *Instance) Fuel() int64 { return in.lastFuel }

// Memory is the size of the instance's memory in bytes.
func (in *Instance) Memory() uint32 {
	if in.dead {
		return 0
	}
	return in.mem.Size()
}

// Close frees the instance. Closing again does nothing.
func (in *Instance) Close(ctx context.Context) error {
	in.journal.flush()
	in.dead = true
	defer in.memory.Free()
	if in.mod == nil {
		return nil
	}
	err := in.mod.Close(ctx)
	in.mod = nil
	return err
}

// end takes the caller's context back.
func (in *Instance) end() { in.call.Context = nil }

// room is n bytes of guest memory to write to. One buffer serves all batches
// until one needs more.
func (in *Instance) room(n uint64) ([]byte, error) {
	if uint64(in.capacity) < n {
		ask := min((n+reserveStep-1)&^(reserveStep-1), bufferMax)
		p, err := in.run(in.reserve, exportReserve, in.f.r.config.FuelBase, ask, 0)
		if err != nil {
			return nil, err
		}
		p = uint64(uint32(p))
		switch {
		case p == 0:
			return nil, guestError(CodeGuestOOM, exportReserve, "no room for %d bytes", ask)
		case p%columnAlign != 0:
			return nil, guestError(CodeBadPointer, exportReserve, "%#x is not aligned to %d", p, columnAlign)
		case p+ask > uint64(in.mem.Size()):
			return nil, guestError(CodeBadPointer, exportReserve, "%#x + %d is past the end of memory, %#x", p, ask, in.mem.Size())
		}
		in.buffer, in.capacity = uint32(p), uint32(ask)
	}
	room, ok := in.mem.Read(in.buffer, uint32(n))
	if !ok {
		return nil, guestError(CodeBadPointer, exportReserve, "the buffer is no longer inside memory")
	}
	return room, nil
}

// run calls an export of at most two parameters and one result with a budget of
// its own.
func (in *Instance) run(f api.Function, where string, budget int64, a, b uint64) (result uint64, err error) {
	defer recovered(where, &err)
	if err := in.call.Err(); err != nil {
		return 0, in.failure(err, where)
	}
	in.tank.fill(budget, in.f.r.config.Deadline)
	in.stack = [2]uint64{a, b}
	if err := f.CallWithStack(&in.call, in.stack[:]); err != nil {
		return 0, in.failure(err, where)
	}
	if in.tank.used() > in.tank.budget {
		return 0, guestError(CodeFuel, where, "%s", in.tank.empty())
	}
	return in.stack[0], nil
}

// recovered turns a panic of the engine, on foreign bytes, into an error.
func recovered(where string, err *error) {
	switch v := recover(); {
	case v == ErrMemory:
		*err = fmt.Errorf("filter: %s: %w", where, ErrMemory)
	case v != nil:
		*err = guestError(CodeTrap, where, "the engine panicked")
	}
}

// complaint is the text of cs_error after a colon, or nothing.
func (in *Instance) complaint() string {
	f := in.mod.ExportedFunction(exportError)
	if f == nil {
		return ""
	}
	at, err := in.run(f, exportError, in.f.r.config.FuelBase, 0, 0)
	if err != nil {
		return ""
	}
	p, n := uint32(at>>32), uint32(at)
	text, ok := in.mem.Read(p, min(n, errorBytesMax+1))
	if !ok || n == 0 {
		return ""
	}
	return ": " + clean(text, errorBytesMax)
}

// kill closes the instance after a failure, and puts the filter's name into it.
func (in *Instance) kill(ctx context.Context, err error) error {
	if e, ok := err.(*GuestError); ok {
		e.Filter = in.f.manifest.Name
	}
	if e := in.Close(ctx); e != nil {
		return errors.Join(err, e)
	}
	return err
}

// failure says what ended a call, and where in the guest.
func (in *Instance) failure(err error, where string) error {
	sorted := in.sort(err, where)
	if e, ok := sorted.(*GuestError); ok {
		e.Stack = in.f.symbols.stack(err)
	}
	return sorted
}

// sort gives what ended a call its code.
func (in *Instance) sort(err error, where string) error {
	var s *stop
	switch {
	case errors.As(err, &s):
		return guestError(s.code, where, "%s", s.msg)
	case errors.Is(err, ErrMemory):
		return fmt.Errorf("filter %s: %s: %w", in.f.manifest.Name, where, ErrMemory)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("filter %s: %s: %w", in.f.manifest.Name, where, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		e := guestError(CodeDeadline, where, "")
		e.Err = context.DeadlineExceeded
		return e
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	line = strings.TrimSuffix(strings.TrimPrefix(line, "wasm error: "), " (recovered by wazero)")
	switch {
	case strings.Contains(line, "stack overflow"):
		return guestError(CodeStackOverflow, where, "")
	case strings.Contains(line, "out of bounds memory access"):
		return guestError(CodeOOBTrap, where, "%s", line)
	}
	return guestError(CodeTrap, where, "%s", clean([]byte(line), errorBytesMax))
}
