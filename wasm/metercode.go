package wasm

import "slices"

// copiesMax is how many locals a loop may change for its slow path to copy them.
const copiesMax = 48

// survey is what has to be known of a function before it is rewritten.
type survey struct {
	signature signatureBytes
	types     []byte // of parameters and locals
	runs      []byte // the declarations of locals, without their number
	declared  uint64 // that number
	loops     []loop // in order of appearance; the first stands for what is outside of all
}

// loop is one loop without the loops inside it, but for the last two.
type loop struct {
	parent int
	count  int      // instructions
	calls  bool     // it calls, or the loops inside it do
	sets   []uint64 // locals that it or they change; at most one above copiesMax
}

func (l *loop) ticks() int64 { return 1 + int64(l.count/instructionsPerTick) }

// read looks through the body of a function; f is left at its code.
func (s *survey) read(f *reader) {
	s.types = append(s.types[:0], s.signature.params...)
	s.declared = f.u32()
	start := f.p
	for n := s.declared; n > 0 && f.ok(); n-- {
		many, t := f.u32(), f.byte()
		s.types = append(s.types, slices.Repeat([]byte{t}, int(min(many, localsMax)))...)
	}
	s.runs, start = f.b[start:f.p], f.p
	s.loops = append(s.loops[:0], loop{})
	inside := []int{0} // the loop each open block belongs to
	for !f.end() {
		top := inside[len(inside)-1]
		l := &s.loops[top]
		l.count++
		switch in := f.next(); in.code {
		case opLoop:
			s.loops = append(s.loops, loop{parent: top})
			inside = append(inside, len(s.loops)-1)
		case opBlock, opIf:
			inside = append(inside, top)
		case opEnd:
			if len(inside) > 1 {
				inside = inside[:len(inside)-1]
			}
		case opCall, opIndirect, opMemoryGrow, opMemoryInit, opMemoryCopy, opMemoryFill:
			l.calls = true
		case opLocalSet, opLocalTee:
			l.change(in.imm)
		}
	}
	for i := len(s.loops) - 1; i > 0; i-- {
		outer := &s.loops[s.loops[i].parent]
		outer.calls = outer.calls || s.loops[i].calls
		for _, x := range s.loops[i].sets {
			outer.change(x)
		}
	}
	f.p = start
}

// change notes that the loop changes local x.
func (l *loop) change(x uint64) {
	if len(l.sets) <= copiesMax && !slices.Contains(l.sets, x) {
		l.sets = append(l.sets, x)
	}
}

// worthCounter reports whether the function should keep its fuel in a local: it
// has a loop without calls, for which the global is slow to write and to read
// again on every turn.
func (s *survey) worthCounter() bool {
	return len(s.signature.results) <= 1 && slices.ContainsFunc(s.loops[1:], func(l loop) bool { return !l.calls })
}

// code rewrites one entry of the code section. The result is valid until the
// next call.
func (m *meterer) code(r *reader) []byte {
	f := reader{base: r.base + r.p, b: r.bytes()}
	s := &m.survey
	s.signature, m.functionTypes = m.signatures[m.functionTypes[0]], m.functionTypes[1:]
	s.read(&f)
	if !f.ok() {
		r.fail(f.err)
		return nil
	}
	w := writing{m: m, s: s, b: m.body[:0], counter: uint64(len(s.types)), local: s.worthCounter()}
	w.begin()
	for !f.end() {
		w.instruction(&f, f.next())
	}
	if !f.ok() {
		r.fail(f.err)
	}
	m.body = w.b
	return w.b
}

// writing is a function while it is rewritten.
//
// With a counter of its own, a function takes the fuel from the global when it
// begins and after each call, and puts it back before each call and at its end.
// For its end to be one place, its code becomes a block, which has the label
// that the function had, and a return leaves that block.
type writing struct {
	m       *meterer
	s       *survey
	b       []byte
	local   bool   // whether it has a counter
	counter uint64 // the local
	loops   int    // begun so far
	frames  []frame
	depth   uint64 // of open blocks, the meter's too
}

// frame is an open block of the guest's.
type frame struct {
	label uint64 // depth of the label that branches to it mean
	below uint64 // depth when it is closed
	loop  *loop  // if it has a slow path
}

// begin writes the locals and the charge of the function.
func (w *writing) begin() {
	w.frames = append(w.frames, frame{})
	w.depth = 1
	if !w.local {
		w.b = append(appendU(w.b, w.s.declared), w.s.runs...)
		w.charge(&w.s.loops[0])
		return
	}
	w.b = append(appendU(w.b, w.s.declared+1), w.s.runs...)
	w.b = append(w.b, 1, 0x7e)
	w.load()
	w.charge(&w.s.loops[0])
	result := byte(emptyBlock)
	if len(w.s.signature.results) == 1 {
		result = w.s.signature.results[0]
	}
	w.b = append(w.b, opBlock, result)
	w.frames[0].label = 1
	w.depth = 2
}

// instruction writes one of the guest's.
func (w *writing) instruction(f *reader, in instruction) {
	m, code := w.m, f.b[in.pos:in.end]
	switch in.code {
	case opLoop:
		w.loops++
		w.loop(&w.s.loops[w.loops], code)
		return
	case opBlock, opIf:
		w.frames = append(w.frames, frame{label: w.depth, below: w.depth})
		w.depth++
	case opEnd:
		w.end()
		return
	case opBr, opBrIf:
		w.b = append(w.b, byte(in.code))
		w.label(f, in.imm)
		return
	case opBrTable:
		t := reader{b: code, p: 1}
		n := t.u32()
		w.b = appendU(append(w.b, opBrTable), n)
		for range n + 1 {
			w.label(f, t.u32())
		}
		return
	case opReturn:
		if w.local {
			w.b = append(w.b, opBr)
			w.label(f, uint64(len(w.frames)-1))
			return
		}
	case opCall:
		w.call(func() { w.b = appendU(append(w.b, opCall), m.function(f, in.imm)) })
		return
	case opIndirect:
		w.call(func() { w.b = append(w.b, code...) })
		return
	case opRefFunc:
		w.b = appendU(append(w.b, opRefFunc), m.function(f, in.imm))
		return
	case opGlobalGet, opGlobalSet:
		m.global(f, in.imm)
	case opMemoryInit, opMemoryCopy, opMemoryFill: // their length is on top of the stack
		w.call(func() { w.b = appendU(append(w.b, opCall), m.priceBulk()) })
	case opMemoryGrow:
		w.call(func() { w.b = appendU(append(w.b, opCall), m.priceGrow()) })
	}
	w.b = append(w.b, code...)
}

// label writes a label, given how many of the guest's blocks up it is.
func (w *writing) label(f *reader, up uint64) {
	if up >= uint64(len(w.frames)) {
		f.malformed("label %d of %d", up, len(w.frames))
		return
	}
	w.b = appendU(w.b, w.depth-1-w.frames[uint64(len(w.frames))-1-up].label)
}

// loop writes the head of a loop.
//
// A loop without calls gets its slow path outside of what it runs on each turn,
// since the compiler would otherwise save and restore there what a call spoils:
//
//	block
//	  loop
//	    block
//	      take the ticks; br_if 0 when there are none left
//	      the loop's code
//	      br 2
//	    end
//	    copies, refuel
//	    br 0
//	  end
//	end
func (w *writing) loop(l *loop, code []byte) {
	blockType := code[1]
	if !w.local || l.calls || len(l.sets) > copiesMax || len(code) != 2 || blockType != emptyBlock && letter(blockType) == 0 {
		w.frames = append(w.frames, frame{label: w.depth, below: w.depth})
		w.depth++
		w.b = append(w.b, code...)
		w.charge(l)
		return
	}
	w.frames = append(w.frames, frame{label: w.depth + 1, below: w.depth, loop: l})
	w.depth += 3
	w.b = append(w.b, opBlock, blockType, opLoop, blockType, opBlock, emptyBlock)
	w.take(l)
	w.b = append(w.b, opBrIf, 0)
}

// end closes a block, a loop with its slow path, or the function.
func (w *writing) end() {
	last := w.frames[len(w.frames)-1]
	w.frames = w.frames[:len(w.frames)-1]
	w.depth = last.below
	if l := last.loop; l != nil {
		w.b = append(w.b, opBr, 2, opEnd)
		for _, x := range l.sets {
			w.copy(x)
		}
		w.b = appendU(append(w.b, opLocalGet), w.counter)
		w.b = appendU(append(w.b, opCall), w.m.refuel())
		w.b = append(appendS(append(w.b, opI64Const), l.ticks()), opAddI64) // taken again at the head
		w.b = appendU(append(w.b, opLocalSet), w.counter)
		w.b = append(w.b, opBr, 0, opEnd)
	} else if len(w.frames) == 0 && w.local {
		w.b = append(w.b, opEnd)
		w.store()
	}
	w.b = append(w.b, opEnd)
}

// call writes a call of what counts by the global.
func (w *writing) call(write func()) {
	if w.local {
		w.store()
	}
	write()
	if w.local {
		w.load()
	}
}

// load takes the fuel from the global, store puts it back.
func (w *writing) load() {
	w.b = appendU(append(w.b, opGlobalGet), w.m.fuel())
	w.b = appendU(append(w.b, opLocalSet), w.counter)
}

func (w *writing) store() {
	w.b = appendU(append(w.b, opLocalGet), w.counter)
	w.b = appendU(append(w.b, opGlobalSet), w.m.fuel())
}

// charge takes ticks, and calls the host when none are left.
func (w *writing) charge(l *loop) {
	if !w.local {
		w.b = appendU(append(w.b, opGlobalGet), w.m.fuel())
		w.b = append(appendS(append(w.b, opI64Const), l.ticks()), opSubI64)
		w.b = appendU(append(w.b, opGlobalSet), w.m.fuel())
		w.b = w.m.orRefuel(w.b)
		return
	}
	w.take(l)
	w.b = append(w.b, opIf, emptyBlock)
	w.b = appendU(append(w.b, opLocalGet), w.counter)
	w.b = appendU(append(w.b, opCall), w.m.refuel())
	w.b = appendU(append(w.b, opLocalSet), w.counter)
	w.b = append(w.b, opEnd)
}

// take takes ticks from the counter and leaves whether there were too few.
func (w *writing) take(l *loop) {
	w.b = appendU(append(w.b, opLocalGet), w.counter)
	w.b = append(appendS(append(w.b, opI64Const), l.ticks()), opSubI64)
	w.b = appendU(append(w.b, opLocalTee), w.counter)
	w.b = append(w.b, opI64Const, 0, opLessI64)
}

// copy gives a local the value it has, in a way that the compiler takes for
// another value: it saves what is needed after a call where it is made, and what
// changes with each turn of a loop would be saved on each turn.
func (w *writing) copy(x uint64) {
	if x >= uint64(len(w.s.types)) {
		return // the compiler will say so
	}
	var same []byte
	switch letter(w.s.types[x]) {
	case 'i':
		same = []byte{opI32Const, 0, 0x6a}
	case 'I':
		same = []byte{opI64Const, 0, opAddI64}
	case 'f': // the bits: adding to a number would change some NaN
		same = []byte{0xbc, opI32Const, 0, 0x6a, 0xbe}
	case 'F':
		same = []byte{0xbd, opI64Const, 0, opAddI64, 0xbf}
	case 'v':
		same = append(append([]byte{0xfd, 0x0c}, make([]byte, 16)...), 0xfd, 0x50) // or 0
	default:
		return // references are rare
	}
	w.b = append(appendU(append(w.b, opLocalGet), x), same...)
	w.b = appendU(append(w.b, opLocalSet), x)
}

const emptyBlock = 0x40

// orRefuel calls the host when the global is below zero.
func (m *meterer) orRefuel(b []byte) []byte {
	b = appendU(append(b, opGlobalGet), m.fuel())
	b = append(b, opI64Const, 0, opLessI64, opIf, emptyBlock)
	b = appendU(append(b, opGlobalGet), m.fuel())
	b = appendU(append(b, opCall), m.refuel())
	b = appendU(append(b, opGlobalSet), m.fuel())
	return append(b, opEnd)
}
