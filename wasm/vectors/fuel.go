package vectors

import "fmt"

// fuel is section 9. A cs_filter without rows is 1 tick for entering it, as long
// as it has fewer than 64 instructions, and what these add.
func fuel(l *list) {
	burn := func(ticks int64) []byte { return Turns(ticks, 2) } // besides entering
	filtering := func(code ...[]byte) Builder { return Filtering(Cat(Cat(code...), Const(0))) }
	spends := func(rule, name string, b Builder, ticks int64) *Vector {
		v := l.host(rule, name, b, "none")
		v.Expect.Verdicts, v.Expect.Fuel = []Verdict{}, &ticks
		return v
	}
	budgets(l)

	nops := func(n int) []byte { return Repeat(n, 0x01) }
	for _, c := range []struct{ instructions, ticks int64 }{{63, 1}, {64, 2}, {127, 2}, {128, 3}} {
		spends("9.2", fmt.Sprintf("a function of %d instructions", c.instructions), filtering(nops(int(c.instructions)-2)), c.ticks)
	}
	calls := filtering(Call(4), Call(4), Call(4))
	calls.Funcs = append(calls.Funcs, Func{Type: TypeNone, Code: nops(99)})
	spends("9.2", "a function is paid for each time it is entered", calls, 1+3*2)

	spends("9.3", "a loop of one turn", filtering(burn(1)), 2)
	spends("9.3", "a loop of 1000 turns", filtering(burn(1000)), 1001)
	heavy := func(n int, turns int64) []byte { // n instructions a turn: four of Sub, two for br_if, end
		return Cat(Set(2, Const(turns)), []byte{0x03, 0x40}, nops(n-7), Set(2, Sub(Get(2), Const(1))), Get(2), []byte{0x0d, 0, 0x0b})
	}
	spends("9.3", "turns of 63 instructions", filtering(heavy(63, 10)), 1+10)
	spends("9.3", "turns of 64 instructions", filtering(heavy(64, 10)), 1+20)
	inner := Cat(Set(3, Const(5)), []byte{0x03, 0x40}, Set(3, Sub(Get(3), Const(1))), Get(3), []byte{0x0d, 0, 0x0b})
	nested := filtering(Set(2, Const(7)), []byte{0x03, 0x40}, inner, Set(2, Sub(Get(2), Const(1))), Get(2), []byte{0x0d, 0, 0x0b})
	nested.Funcs[FuncFilter].Locals = []byte{1, 2, I32}
	spends("9.3", "a loop in a loop", nested, 1+7+7*5)
	spends("9.3", "a loop that is left at once", filtering([]byte{0x03, 0x40, 0x0b}), 2)

	for _, c := range []struct{ bytes, ticks int64 }{{0, 1}, {1023, 1}, {1024, 2}, {65_536, 65}} {
		fill := filtering(Const(0), Const(0), Const(c.bytes), []byte{0xfc, 11, 0})
		spends("9.4", fmt.Sprintf("memory.fill of %d bytes", c.bytes), fill, 1+c.ticks)
	}
	spends("9.4", "memory.copy of 5000 bytes", filtering(Const(0), Const(5000), Const(5000), []byte{0xfc, 10, 0, 0}), 1+1+4)
	initial := filtering(Const(0), Const(0), Const(2048), []byte{0xfc, 8, 0, 0})
	initial.Data = [][]byte{Cat([]byte{1}, Name(string(Repeat(2048, 'x'))))}
	initial.DataCount = true
	spends("9.4", "memory.init of 2048 bytes", initial, 1+1+2)
	beyond := filtering(Const(0), Const(0), Const(-1), []byte{0xfc, 11, 0})
	l.fail("9.4 11.1", "memory.fill of 4 GiB is paid for, and then traps", "oob_trap", beyond)

	for _, c := range []struct{ pages, ticks int64 }{{0, 4096}, {1, 4160}, {3, 4288}, {65_536, 4096}, {-1, 4096 + 64*65_535}} {
		spends("9.5", fmt.Sprintf("memory.grow of %d pages", c.pages), filtering(Drop(Cat(Const(c.pages), []byte{0x40, 0}))), 1+c.ticks)
	}

	for _, c := range []struct{ bytes, ticks int64 }{{0, 16}, {15, 16}, {16, 17}, {1600, 116}} {
		b := Importing(Import{"cubeset", "log", TypeLog})
		b.Funcs[FuncFilter].Code = Cat(Const(0), Const(16), Const(c.bytes), Call(0), Const(0))
		v := spends("9.6", fmt.Sprintf("a message of %d bytes", c.bytes), b, 1+c.ticks)
		v.Expect.Log = nil
	}
	yield := importingAs(wasi, "sched_yield", Type{nil, []byte{I32}})
	yield.Funcs[FuncFilter].Code = Cat(Drop(Call(0)), Drop(Call(0)), Const(0))
	spends("9.6", "calls that move nothing", yield, 1+32)

	branch := func(cond int64) Builder { // 58 instructions on either side
		return filtering(Const(cond), []byte{0x04, 0x40}, nops(57), []byte{0x05}, nops(1), []byte{0x0b})
	}
	spends("9.7", "an arm that is not taken counts", branch(0), 2)
	spends("9.7", "as does one that is", branch(1), 2)
	cutShort := filtering(Return(Const(0)), nops(100))
	spends("9.7", "code behind a return counts", cutShort, 2)
	repeat := l.host("9.7", "the same for the hundredth row", Guest(), "eight", "eight")
	eight := int64(1 + 9) // nine turns, the last of which only looks
	repeat.Expect.Verdicts, repeat.Expect.Fuel = kept(8), &eight

	slow := Filtering(Cat(Forever(), Const(0)))
	v := l.fail("9.8", "an endless loop with endless fuel", "deadline", slow)
	v.Limits = &Limits{FuelBase: 1 << 50, DeadlineMS: 20}
}

// budgets are 9.1: just enough, and a tick too little.
func budgets(l *list) {
	burning := func(i int, ticks int64, result []byte) Builder { // ticks in all, entering included
		b := Guest()
		b.Funcs[i].Locals = []byte{1, 1, I32}
		local := byte(map[int]int{FuncMarker: 0, FuncReserve: 1, FuncConfigure: 2, FuncFilter: 2}[i])
		b.Funcs[i].Code = Cat(Turns(ticks-1, local), result)
		return b
	}
	const base = 5000
	tight := func() *Limits { return &Limits{FuelBase: base, FuelPerRow: -1, FuelPerByte: -1} }
	pass := func(name string, b Builder) {
		v := l.host("9.1", name, b, "none")
		v.Limits, v.Expect.Verdicts = tight(), []Verdict{}
	}
	both := func(name string, i int, result []byte, most int64) {
		pass(name+" may use its budget", burning(i, most, result))
		if i == FuncFilter {
			v := l.host("9.1", name+" may not use a tick more", burning(i, most+1, result), "none")
			v.Limits, v.Expect = tight(), Expect{Code: "fuel", At: AtFilter}
			return
		}
		l.open("9.1", name+" may not use a tick more", "fuel", burning(i, most+1, result)).Limits = tight()
	}
	both("cubeset_filter_v1", FuncMarker, Const(1), base)
	both("cs_filter", FuncFilter, Const(0), base)
	fixed := func(b Builder) Builder { b.Memory = []byte{0, 4}; return b }
	v := l.host("9.1", "cs_reserve may use its budget", fixed(burning(FuncReserve, base, Const(bufferAddress))), "none")
	v.Limits, v.Expect.Verdicts = tight(), []Verdict{}
	l.open("9.1", "cs_reserve may not use a tick more", "fuel", fixed(burning(FuncReserve, base+1, Const(bufferAddress)))).Limits = tight()
	first := func(ticks int64, export string) Builder {
		b := starting(Turns(ticks-1, 0), export)
		b.Funcs[len(b.Funcs)-1].Locals = []byte{1, 1, I32}
		return b
	}
	for _, export := range []string{"_initialize", ""} {
		name := map[string]string{"": "the start function"}[export] + export
		pass(name+" may use its budget", first(base, export))
		l.open("9.1", name+" may not use a tick more", "fuel", first(base+1, export)).Limits = tight()
	}
	// With no options, the configuration is a header of 32 bytes and {}: 34 bytes.
	pass("cs_configure may use 64 ticks a byte besides", burning(FuncConfigure, base+64*34, Const(0)))
	l.open("9.1", "and not a tick more", "fuel", burning(FuncConfigure, base+64*34+1, Const(0))).Limits = tight()

	// Eight rows of texts alone are a batch of 320 bytes.
	perRow := func(ticks int64, asks string) Builder {
		b := Filtering(Cat(Turns(ticks, 2), Set(2, Const(0)), Verdicts(1)))
		if asks != "" {
			b.Manifest = `{"name":"vector","version":"1","abi":1,"reasons":[],"fuel_per_row":` + asks + `}`
		}
		return b
	}
	const own = 1 + 9 // what Verdicts of eight rows costs, entering included
	for _, c := range []struct {
		name   string
		limits Limits
		asks   string
		most   int64
	}{
		{"a row", Limits{FuelBase: base, FuelPerRow: 100, FuelPerByte: -1}, "", base + 800},
		{"a byte of the batch", Limits{FuelBase: base, FuelPerRow: -1, FuelPerByte: 3}, "", base + 3*320},
		{"what the manifest asks for a row", Limits{FuelBase: base, FuelPerRow: 100, FuelPerByte: -1}, "200", base + 1600},
		{"a row, where the manifest asks for less", Limits{FuelBase: base, FuelPerRow: 100, FuelPerByte: -1}, "50", base + 800},
	} {
		limits := c.limits
		l.keep("9.1", "budget by "+c.name+", used up", perRow(c.most-own, c.asks)).Limits = &limits
		l.fail("9.1", "budget by "+c.name+", a tick more", "fuel", perRow(c.most-own+1, c.asks)).Limits = &limits
	}

	forever := func(i int, result []byte) Builder {
		b := Guest()
		b.Funcs[i].Code = Cat(Forever(), result)
		return b
	}
	l.fail("9.1", "an endless loop in cs_filter", "fuel", forever(FuncFilter, Const(0)))
	l.open("9.1", "an endless loop in cs_configure", "fuel", forever(FuncConfigure, Const(0)))
	l.open("9.1", "an endless loop in cs_reserve", "fuel", forever(FuncReserve, Const(0)))
	l.open("9.1", "an endless loop in cubeset_filter_v1", "fuel", forever(FuncMarker, Const(0)))
	l.open("9.1", "an endless loop in _initialize", "fuel", starting(Forever(), "_initialize"))
	l.fail("9.2", "calls that double forty times", "fuel", doubling(40))
	v = l.fail("9.4", "memory.fill without a loop", "fuel", fills(200))
	v.Limits = &Limits{FuelBase: 1_000_000}
	l.fail("9.5", "memory.grow without end", "fuel", Filtering(Cat([]byte{0x03, 0x40}, Drop(Cat(Const(1), []byte{0x40, 0})), []byte{0x0c, 0, 0x0b}, Const(0))))
}

// doubling is a chain of functions that each call the next twice.
func doubling(n int) Builder {
	b := Guest()
	first := uint64(len(b.Funcs))
	b.Funcs[FuncFilter].Code = Cat(Call(first), Const(0))
	for i := range uint64(n) {
		b.Funcs = append(b.Funcs, Func{Type: TypeNone, Code: Cat(Call(first+i+1), Call(first+i+1))})
	}
	b.Funcs = append(b.Funcs, Func{Type: TypeNone})
	return b
}

// fills writes 16 MiB n times, without a loop.
func fills(n int) Builder {
	b := Guest()
	b.Memory = Cat([]byte{0}, U(257))
	fill := Cat(Const(0), Const(1), Const(16<<20), []byte{0xfc, 11, 0})
	b.Funcs[FuncFilter].Code = Cat(Repeat(n, fill...), Const(0))
	return b
}
