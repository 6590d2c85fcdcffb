package wasm

// Opcodes that the scan or the meter treats in a special way. Prefixed ones are
// prefix<<8 | number.
const (
	opBlock      = 0x02
	opLoop       = 0x03
	opIf         = 0x04
	opEnd        = 0x0b
	opBr         = 0x0c
	opBrIf       = 0x0d
	opBrTable    = 0x0e
	opReturn     = 0x0f
	opCall       = 0x10
	opIndirect   = 0x11
	opLocalGet   = 0x20
	opLocalSet   = 0x21
	opLocalTee   = 0x22
	opGlobalGet  = 0x23
	opGlobalSet  = 0x24
	opTableSet   = 0x26
	opMemoryGrow = 0x40
	opI32Const   = 0x41
	opI64Const   = 0x42
	opF32Const   = 0x43
	opF64Const   = 0x44
	opLessI64    = 0x53
	opAddI64     = 0x7c
	opSubI64     = 0x7d
	opRefNull    = 0xd0
	opRefFunc    = 0xd2
	opMemoryInit = 0xfc08
	opMemoryCopy = 0xfc0a
	opMemoryFill = 0xfc0b
	opTableInit  = 0xfc0c
	opTableCopy  = 0xfc0e
	opTableGrow  = 0xfc0f
	opTableFill  = 0xfc11
	opV128Const  = 0xfd0c
)

// instruction is one decoded instruction: bytes [pos,end) of the reader.
type instruction struct {
	pos, end int
	code     int
	imm      uint64 // index, or number of br_table labels
}

// next decodes one instruction of core 2.0.
//
// It must agree byte for byte with the engine on where each instruction ends:
// whatever it steps over as an immediate would otherwise run unmetered. So
// prefixed opcodes must have their shortest form (the engine takes one byte
// where the format says LEB128), and type bytes must be ones of core 2.0 (some
// of those from later proposals are longer).
func (r *reader) next() instruction {
	in := instruction{pos: r.p}
	c := r.byte()
	in.code = int(c)
	switch {
	case c == opBlock || c == opLoop || c == opIf:
		r.blockType()
	case c == 0x0c || c == 0x0d || c == opCall || (c >= 0x20 && c <= opTableSet) || c == opRefFunc:
		in.imm = r.u32()
	case c == opBrTable:
		in.imm = r.count()
		for i := uint64(0); i <= in.imm && r.ok(); i++ {
			r.u32()
		}
	case c == 0x11: // call_indirect
		r.u32()
		r.u32()
	case c == 0x1c: // select t
		for n := r.count(); n > 0 && r.ok(); n-- {
			r.valueType()
		}
	case c >= 0x28 && c <= 0x3e: // loads and stores
		r.u32()
		r.u32()
	case c == 0x3f || c == opMemoryGrow:
		r.zero()
	case c == opRefNull:
		r.refType()
	case c == opI32Const:
		r.leb(5)
	case c == opI64Const:
		r.leb(10)
	case c == opF32Const:
		r.skip(4)
	case c == opF64Const:
		r.skip(8)
	case c == 0xfc:
		in.code = 0xfc00 | r.misc()
	case c == 0xfd:
		in.code = 0xfd00 | r.vector()
	case c <= 0x01 || c == 0x05 || c == opEnd || c == 0x0f || c == 0x1a || c == 0x1b || (c >= 0x45 && c <= 0xc4) || c == 0xd1:
	default:
		r.malformed("opcode %#x is not in core WebAssembly 2.0", c)
	}
	in.end = r.p
	return in
}

// blockType reads nothing, a value type, or the index of a function type.
func (r *reader) blockType() {
	if r.p < len(r.b) && (r.b[r.p] == 0x40 || letter(r.b[r.p]) != 0) {
		r.p++
		return
	}
	start := r.p
	r.leb(5)
	if r.ok() && r.b[r.p-1]&0x40 != 0 {
		r.malformed("block type %#x", r.b[start])
	}
}

// zero reads the memory index, which core 2.0 fixes at zero.
func (r *reader) zero() {
	if i := r.byte(); i != 0 {
		r.malformed("memory index %d, only 0 exists", i)
	}
}

// misc decodes what follows the prefix 0xfc.
func (r *reader) misc() int {
	c := int(r.byte())
	switch {
	case c <= 7: // saturating truncation
	case c == 8: // memory.init
		r.u32()
		r.zero()
	case c == 10: // memory.copy
		r.zero()
		r.zero()
	case c == 11: // memory.fill
		r.zero()
	case c == 12 || c == 14: // table.init, table.copy
		r.u32()
		r.u32()
	case c == 9 || c == 13 || c == 15 || c == 16 || c == 17: // drops, table.grow, table.size, table.fill
		r.u32()
	default:
		r.malformed("opcode 0xfc %d is not in core WebAssembly 2.0", c)
	}
	return c
}

// vector decodes what follows the prefix 0xfd.
func (r *reader) vector() int {
	c := int(r.byte())
	if c >= 0x80 { // two bytes; 0x01 is the only second byte core 2.0 has
		if second := r.byte(); second != 1 {
			r.malformed("opcode 0xfd %#x %#x is not in core WebAssembly 2.0", c, second)
		}
		return c
	}
	switch {
	case c <= 11 || c == 92 || c == 93: // loads and stores
		r.u32()
		r.u32()
	case c == 12 || c == 13: // v128.const, shuffle
		r.skip(16)
	case c >= 21 && c <= 34: // lanes
		r.byte()
	case c >= 84 && c <= 91: // load and store of a lane
		r.u32()
		r.u32()
		r.byte()
	}
	return c
}

// constant reads a constant expression up to its end and calls each, if not
// nil, on every instruction but the end.
func (r *reader) constant(each func(instruction)) {
	for r.ok() {
		in := r.next()
		if in.code == opEnd || !r.ok() {
			return
		}
		switch in.code {
		case opI32Const, opI64Const, opF32Const, opF64Const, opGlobalGet, opRefNull, opRefFunc, opV128Const:
		default:
			r.malformed("opcode %#x in a constant expression", in.code)
		}
		if each != nil {
			each(in)
		}
	}
}
