package vectors

// Expressions of i32, put together as code. Locals 0 and 1 are the parameters.

// Get is local.get i.
func Get(i byte) []byte { return []byte{0x20, i} }

// Set is local.set i of an expression.
func Set(i byte, v []byte) []byte { return Cat(v, []byte{0x21, i}) }

// Load is i32.load of an address and an offset.
func Load(at []byte, offset uint64) []byte { return Cat(at, []byte{0x28, 0}, U(offset)) }

// Add is the sum of expressions.
func Add(first []byte, more ...[]byte) []byte {
	for _, v := range more {
		first = Cat(first, v, []byte{0x6a})
	}
	return first
}

// Sub is a − b.
func Sub(a, b []byte) []byte { return Cat(a, b, []byte{0x6b}) }

// Mul is a · b.
func Mul(a, b []byte) []byte { return Cat(a, b, []byte{0x6c}) }

// Equal and Differ compare two expressions.
func Equal(a, b []byte) []byte { return Cat(a, b, []byte{0x46}) }

// Differ is a ≠ b.
func Differ(a, b []byte) []byte { return Cat(a, b, []byte{0x47}) }

// If does code if cond is not 0.
func If(cond []byte, code ...[]byte) []byte {
	return Cat(cond, []byte{0x04, 0x40}, Cat(code...), []byte{0x0b})
}

// Return is return v.
func Return(v []byte) []byte { return Cat(v, []byte{0x0f}) }

// Trap is unreachable.
func Trap() []byte { return []byte{0x00} }

// Drop is drop of an expression.
func Drop(v []byte) []byte { return Cat(v, []byte{0x1a}) }

// Global is global.get i, SetGlobal global.set i of an expression.
func Global(i byte) []byte { return []byte{0x23, i} }

// SetGlobal is global.set i of an expression.
func SetGlobal(i byte, v []byte) []byte { return Cat(v, []byte{0x24, i}) }

// Counter is a mutable i32 global that starts at 0.
func Counter() []byte { return []byte{I32, 1, 0x41, 0, 0x0b} }

// Forever is a loop without end.
func Forever() []byte { return []byte{0x03, 0x40, 0x0c, 0, 0x0b} }

// Turns is a loop of n turns of one tick each; it uses an i32 local.
func Turns(n int64, local byte) []byte {
	return Cat(Set(local, Const(n)), []byte{0x03, 0x40},
		Set(local, Sub(Get(local), Const(1))), Get(local), []byte{0x0d, 0, 0x0b}) // br_if 0
}

// Field is a field of the batch's header.
func Field(offset uint64) []byte { return Load(Get(0), offset) }

// Row is the number of the row within EachRow and Scoring.
func Row() []byte { return Get(2) }

// verdictAt is the address of the row's verdict.
func verdictAt() []byte { return Add(Get(0), Field(44), Mul(Row(), Const(8))) }

// Scoring is a guest that keeps every row, with the i32 of code as its score.
func Scoring(code []byte) Builder { return ScoringFloat(Cat(code, []byte{0xb2})) } // f32.convert_i32_s

// ScoringFloat is a guest that keeps every row, with the f32 of code as its score.
func ScoringFloat(code []byte) Builder {
	return Filtering(EachRow(Cat(
		verdictAt(), Const(1), []byte{0x36, 0, 0}, // i32.store
		verdictAt(), code, []byte{0x38, 0, 4}, // f32.store
	)))
}

// Before is b whose cs_filter does code first.
func Before(b Builder, code []byte) Builder {
	f := &b.Funcs[FuncFilter]
	f.Code = Cat(code, f.Code)
	return b
}

// Needing is b with a manifest that asks for columns.
func Needing(b Builder, needs string) Builder {
	b.Manifest = `{"name":"vector","version":"1","abi":1,"needs":[` + needs + `],"reasons":[{"code":7,"name":"bad"}]}`
	return b
}

// Hashing adds two functions to b: hash(p, n), 24 bits of FNV-1a over n bytes,
// and find(p, tag), the offset of an extension or 0. It returns their indices.
func Hashing(b *Builder) (hash, find uint64) {
	first := uint64(len(b.Imports) + len(b.Funcs))
	b.Funcs = append(b.Funcs,
		Func{Type: TypeFilter, Locals: []byte{1, 1, I32}, Code: Cat(
			Set(2, Const(-0x7ee3623b)), // 0x811c9dc5
			[]byte{0x02, 0x40, 0x03, 0x40}, Get(1), []byte{0x45, 0x0d, 1},
			Set(2, Mul(Cat(Get(2), Get(0), []byte{0x2d, 0, 0, 0x73}), Const(0x01000193))), // load8_u, xor
			Set(0, Add(Get(0), Const(1))), Set(1, Sub(Get(1), Const(1))),
			[]byte{0x0c, 0, 0x0b, 0x0b},
			Get(2), Const(0xffffff), []byte{0x71},
		)},
		Func{Type: TypeFilter, Locals: []byte{1, 1, I32}, Code: Cat(
			If(Cat(Load(Get(0), 52), []byte{0x45}), Return(Const(0))),
			Set(2, Add(Get(0), Load(Get(0), 52))),
			[]byte{0x03, 0x40},
			If(Equal(Load(Get(2), 0), Get(1)), Return(Load(Get(2), 4))),
			If(Cat(Load(Get(2), 0), Load(Get(2), 4), []byte{0x72}), Set(2, Add(Get(2), Const(12))), []byte{0x0c, 1}),
			[]byte{0x0b},
			Const(0),
		)},
	)
	return first, first + 1
}

// textHash is the hash of a text of the row: offsets and data are addresses.
func textHash(hash uint64, offsets, data []byte) []byte {
	start, end := Load(Add(offsets, Mul(Row(), Const(4))), 0), Load(Add(offsets, Mul(Row(), Const(4))), 4)
	return Cat(Add(data, start), Sub(end, start), Call(hash))
}

// fnv is what hash computes.
func fnv(s string) float32 {
	h := uint32(0x811c9dc5)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 0x01000193
	}
	return float32(h & 0xffffff)
}
