package wasm

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// hostFunction is one import offered to guests. It reads its arguments from
// stack and leaves its result there.
type hostFunction struct {
	signature
	call func(in *Instance, mem api.Memory, stack []uint64)
}

// imports is everything a guest may import.
var imports = map[string]map[string]hostFunction{
	hostModule:   {"log": {signature{"iii", ""}, hostLog}},
	"env":        {"abort": {signature{"iiii", ""}, hostAbort}}, // AssemblyScript
	wasiFunction: wasiImports(),
}

// instanceKey finds the instance that a host function is called for.
type instanceKey struct{}

// callContext is the caller's context with the instance in it; part of the
// instance, so that a call allocates nothing.
type callContext struct {
	context.Context
	in *Instance
}

func (c *callContext) Value(key any) any {
	if key == (instanceKey{}) {
		return c.in
	}
	return c.Context.Value(key)
}

// instantiateImports registers the host's modules.
func instantiateImports(ctx context.Context, rt wazero.Runtime) error {
	for module, functions := range imports {
		b := rt.NewHostModuleBuilder(module)
		for name, f := range functions {
			b.NewFunctionBuilder().
				WithGoModuleFunction(api.GoModuleFunc(f.run), valueTypes(f.params), valueTypes(f.results)).
				Export(name)
		}
		if module == hostModule {
			b.NewFunctionBuilder().
				WithGoFunction(api.GoFunc(refuel), valueTypes("I"), valueTypes("I")).
				Export(refuelImport)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("imports of %s: %w", module, err)
		}
	}
	return nil
}

func (f hostFunction) run(ctx context.Context, m api.Module, stack []uint64) {
	f.call(ctx.Value(instanceKey{}).(*Instance), m.Memory(), stack)
}

func refuel(ctx context.Context, stack []uint64) {
	in := ctx.Value(instanceKey{}).(*Instance)
	stack[0] = uint64(in.tank.refuel(ctx, int64(stack[0])))
}

func valueTypes(letters string) []api.ValueType {
	types := make([]api.ValueType, len(letters))
	for i, c := range letters {
		types[i] = map[rune]api.ValueType{'i': api.ValueTypeI32, 'I': api.ValueTypeI64}[c]
	}
	return types
}

// charge pays for a host function that moves n bytes.
func (in *Instance) charge(n uint64) { in.tank.charge(&in.call, n) }

// hostLog is cubeset.log(level, pointer, length).
func hostLog(in *Instance, mem api.Memory, stack []uint64) {
	level, n := int(int32(stack[0])), uint32(stack[2])
	in.charge(uint64(n))
	text, ok := mem.Read(uint32(stack[1]), n)
	if !ok {
		panic(&stop{CodeOOBTrap, "cubeset.log: text outside memory"})
	}
	in.journal.say(level, text)
}

// hostAbort is env.abort(message, file, line, column). The message may quote a
// row, so only the place is kept.
func hostAbort(in *Instance, _ api.Memory, stack []uint64) {
	in.charge(0)
	panic(&stop{CodeTrap, fmt.Sprintf("abort at line %d, column %d", uint32(stack[2]), uint32(stack[3]))})
}
