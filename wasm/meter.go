package wasm

// MeterVersion names the rewriting rules. It is part of every filter's digest:
// another rewriter may charge another price, and so give another verdict.
const MeterVersion = "2"

// What Meter adds to a module. A guest cannot name any of it: indices past its
// own are refused, and so are the two names.
const (
	fuelGlobal   = "__cubeset_fuel" // exported mutable i64, counts down
	hostModule   = "cubeset"
	refuelImport = "refuel" // (i64 left) -> i64 granted
)

// Prices, in ticks. One tick is about 64 plain instructions, or a KiB moved.
const (
	instructionsPerTick = 64
	bytesPerTickShift   = 10
	growTicks           = 4096 // memory.grow may copy the whole memory
	growPageTicksShift  = 6    // and clears each new page
)

// Meter rewrites a module so that it counts its own work, and returns the new
// module. The error is a *LimitError or wraps ErrMalformed.
//
// Every function and every turn of a loop first takes one tick plus one for
// each 64 of its instructions from a hidden global, or from a local that stands
// for it (see writing); when that falls below zero it calls the host, which
// looks at the budget and the deadline and grants the next slice. Bulk memory instructions also pay for the length they are
// given, and memory.grow for the pages. The global starts at zero, so that the
// start function is metered from its first instruction. Custom sections are
// dropped: they name old indices.
func Meter(module []byte) ([]byte, error) {
	if err := Scan(module); err != nil {
		return nil, err
	}
	return meter(module)
}

// meter is Meter for a module that passed Scan.
func meter(module []byte) ([]byte, error) {
	m := meterer{out: append(make([]byte, 0, len(module)+len(module)/2), header...)}
	for id, r := range sections(module) {
		m.count(id, r)
	}
	for id, r := range sections(module) {
		if id == sectionCustom {
			continue
		}
		m.missing(id)
		m.section(id, r)
		if !r.ok() {
			return nil, r.err
		}
		if len(m.out) > meteredBytesMax {
			return nil, &LimitError{Limit: "metered module bytes", Value: uint64(len(m.out)), Max: meteredBytesMax}
		}
	}
	m.missing(sectionData)
	return m.out, nil
}

type meterer struct {
	out     []byte
	scratch []byte // the section being built
	body    []byte // the function being built
	survey  survey

	signatures    []signatureBytes // of the types
	functionTypes []uint64         // of the guest's own functions that are still to come

	types                           uint64
	importedFunctions, functions    uint64
	importedGlobals, globals        uint64
	hasType, hasImport, hasFunction bool
	hasGlobal, hasExport, hasCode   bool
}

// signatureBytes are the value types of a function, as in the binary.
type signatureBytes struct{ params, results []byte }

// count learns the sizes of the index spaces, before anything is rewritten.
func (m *meterer) count(id byte, r *reader) {
	switch id {
	case sectionType:
		m.types = r.u32()
		for range m.types {
			r.byte()
			m.signatures = append(m.signatures, signatureBytes{r.bytes(), r.bytes()})
		}
	case sectionImport:
		c := counts{types: typesMax}
		for n := r.u32(); n > 0 && r.ok(); n-- {
			c.scanImport(r, 0)
		}
		m.importedFunctions, m.importedGlobals = c.importedFunctions, c.importedGlobals
	case sectionFunction:
		m.functions = r.u32()
		for range m.functions {
			m.functionTypes = append(m.functionTypes, r.u32())
		}
	case sectionGlobal:
		m.globals = r.u32()
	}
}

// The indices of what is added: the types after the guest's own, refuel as the
// last import (so that the guest's own functions move up by one), the two
// pricing helpers after the last function, the global after the last global.
func (m *meterer) typeRefuel() uint64 { return m.types }
func (m *meterer) typePrice() uint64  { return m.types + 1 }
func (m *meterer) refuel() uint64     { return m.importedFunctions }
func (m *meterer) priceBulk() uint64  { return m.importedFunctions + m.functions + 1 }
func (m *meterer) priceGrow() uint64  { return m.priceBulk() + 1 }
func (m *meterer) fuel() uint64       { return m.importedGlobals + m.globals }

// function moves a function index of the guest.
func (m *meterer) function(r *reader, i uint64) uint64 {
	if i >= m.importedFunctions+m.functions {
		r.malformed("function %d of %d", i, m.importedFunctions+m.functions)
	}
	if i >= m.importedFunctions {
		i++
	}
	return i
}

// global checks a global index of the guest.
func (m *meterer) global(r *reader, i uint64) {
	if i >= m.fuel() {
		r.malformed("global %d of %d", i, m.fuel())
	}
}

// added is what each section gains, and how many elements that is.
func (m *meterer) added(id byte) (int, []byte) {
	switch id {
	case sectionType:
		return 2, []byte{0x60, 1, 0x7e, 1, 0x7e, 0x60, 1, 0x7f, 1, 0x7f}
	case sectionImport:
		b := appendBytes(appendBytes(nil, []byte(hostModule)), []byte(refuelImport))
		return 1, appendU(append(b, kindFunc), m.typeRefuel())
	case sectionFunction:
		return 2, appendU(appendU(nil, m.typePrice()), m.typePrice())
	case sectionGlobal:
		return 1, []byte{0x7e, 1, opI64Const, 0, opEnd}
	case sectionExport:
		return 1, appendU(append(appendBytes(nil, []byte(fuelGlobal)), kindGlobal), m.fuel())
	case sectionCode:
		return 2, append(appendBytes(nil, m.helper(m.bulkPrice)), appendBytes(nil, m.helper(m.growPrice))...)
	}
	return 0, nil
}

// missing writes, before section id, the sections that the guest does not have
// and the meter needs.
func (m *meterer) missing(id byte) {
	for _, s := range [...]struct {
		id  byte
		has *bool
	}{
		{sectionType, &m.hasType}, {sectionImport, &m.hasImport}, {sectionFunction, &m.hasFunction},
		{sectionGlobal, &m.hasGlobal}, {sectionExport, &m.hasExport}, {sectionCode, &m.hasCode},
	} {
		if *s.has || rank[id] < rank[s.id] {
			continue
		}
		*s.has = true
		if s.id != id {
			n, extra := m.added(s.id)
			m.emit(s.id, append([]byte{byte(n)}, extra...))
		}
	}
}

func (m *meterer) emit(id byte, body []byte) {
	m.out = appendBytes(append(m.out, id), body)
}

// section rewrites one section of the guest.
func (m *meterer) section(id byte, r *reader) {
	b := m.scratch[:0]
	if id == sectionStart {
		b = appendU(b, m.function(r, r.u32()))
	} else {
		n := r.u32()
		more, extra := m.added(id)
		b = appendU(b, n+uint64(more))
		switch id {
		case sectionGlobal, sectionExport, sectionElement, sectionCode, sectionData:
			for ; n > 0 && r.ok(); n-- {
				b = m.item(id, r, b)
			}
		default:
			b = append(b, r.b[r.p:]...)
		}
		b = append(b, extra...)
	}
	m.scratch = b
	m.emit(id, b)
}

func (m *meterer) item(id byte, r *reader, b []byte) []byte {
	switch id {
	case sectionGlobal:
		b = append(b, r.byte(), r.byte())
		return m.constant(r, b)
	case sectionExport:
		return m.export(r, b)
	case sectionElement:
		return m.element(r, b)
	case sectionData:
		flag := r.u32()
		b = appendU(b, flag)
		if flag == 2 {
			b = appendU(b, r.u32())
		}
		if flag != 1 {
			b = m.constant(r, b)
		}
		return appendBytes(b, r.bytes())
	default:
		return appendBytes(b, m.code(r))
	}
}

func (m *meterer) export(r *reader, b []byte) []byte {
	name, kind, index := r.bytes(), r.byte(), r.u32()
	if string(name) == fuelGlobal {
		r.malformed("export %q is reserved", fuelGlobal)
	}
	switch kind {
	case kindFunc:
		index = m.function(r, index)
	case kindGlobal:
		m.global(r, index)
	}
	return appendU(append(appendBytes(b, name), kind), index)
}

func (m *meterer) constant(r *reader, b []byte) []byte {
	r.constant(func(in instruction) {
		switch in.code {
		case opRefFunc:
			b = appendU(append(b, opRefFunc), m.function(r, in.imm))
			return
		case opGlobalGet:
			m.global(r, in.imm)
		}
		b = append(b, r.b[in.pos:in.end]...)
	})
	return append(b, opEnd)
}

func (m *meterer) element(r *reader, b []byte) []byte {
	flag := r.u32()
	b = appendU(b, flag)
	if flag&1 == 0 {
		if flag&2 != 0 {
			b = appendU(b, r.u32())
		}
		b = m.constant(r, b)
	}
	if flag&3 != 0 {
		b = append(b, r.byte())
	}
	n := r.u32()
	b = appendU(b, n)
	for ; n > 0 && r.ok(); n-- {
		if flag&4 == 0 {
			b = appendU(b, m.function(r, r.u32()))
		} else {
			b = m.constant(r, b)
		}
	}
	return b
}

// helper is the body of a function (i32 n) -> i32 that charges for n and returns
// it, so that a call to it can stand right before the instruction it prices.
func (m *meterer) helper(price func([]byte) []byte) []byte {
	const noLocals = 0x00
	b := appendU([]byte{noLocals, opGlobalGet}, m.fuel())
	b = price(append(b, opLocalGet, 0))
	b = appendU(append(b, opSubI64, opGlobalSet), m.fuel())
	b = m.orRefuel(b)
	return append(b, opLocalGet, 0, opEnd)
}

const (
	extendUnsigned = 0xad // i32 to i64
	shiftLeft      = 0x86
	shiftRight     = 0x88
	andI32         = 0x71
)

func (m *meterer) bulkPrice(b []byte) []byte {
	b = append(b, extendUnsigned, opI64Const, bytesPerTickShift, shiftRight)
	return append(b, opI64Const, 1, opAddI64)
}

// growPrice looks at the low 16 bits only: asking for more pages than that fails
// and costs nothing, and allocators do ask.
func (m *meterer) growPrice(b []byte) []byte {
	b = append(b, opI32Const)
	b = append(appendS(b, 0xffff), andI32, extendUnsigned, opI64Const, growPageTicksShift, shiftLeft, opI64Const)
	return append(appendS(b, growTicks), opAddI64)
}
