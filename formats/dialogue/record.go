package dialogue

import "bytes"

// record is a record taken apart: the values of the fields that mean
// something, or the list that it is.
type record struct {
	raw     []byte // what the values are parts of
	line    int64
	whole   value
	values  [fieldCount]value
	ranks   [fieldCount]uint8
	seen    uint32 // a bit a field
	members []member
}

func (r *record) reset(raw []byte, line int64) {
	r.raw, r.line, r.seen, r.whole = raw, line, 0, value{}
}

// read takes JSON apart.
func (r *record) read(from Record) *jsonFault {
	if fault := checkJSON(from.Raw, &r.members); fault != nil {
		return fault
	}
	r.reset(from.Raw, from.Line)
	i := skipSpace(r.raw, 0)
	r.whole = valueOf(r.raw, span{int32(i), int32(len(r.raw) - trailing(r.raw))})
	for _, m := range r.members {
		name := span{m.key.from + 1, m.key.to - 1}.of(r.raw)
		f, rank := fieldRank(name)
		if f == fieldNone && bytes.IndexByte(name, '\\') >= 0 {
			f, rank = fieldRank(label(name))
		}
		if f != fieldNone {
			r.set(f, rank, valueOf(r.raw, m.value))
		}
	}
	return nil
}

// set gives a field its value. Of several names of one field the earliest in
// the table that is not null counts; of equal names, the last.
func (r *record) set(f field, rank uint8, v value) {
	if r.has(f) && rank != r.ranks[f] {
		if v.kind == kindNull || rank > r.ranks[f] && r.values[f].kind != kindNull {
			return
		}
	}
	r.seen |= 1 << f
	r.values[f], r.ranks[f] = v, rank
}

func (r *record) has(f field) bool { return r.seen>>f&1 == 1 }

// value is the field's value, null if there is none.
func (r *record) value(f field) value {
	if !r.has(f) {
		return value{}
	}
	return r.values[f]
}

// name is what the record calls a field it has.
func (r *record) name(f field) string { return fields[f][r.ranks[f]] }

// shape says why no importer knows the record.
func (r *record) shape() string {
	switch {
	case r.whole.kind != kindObject:
		return "the record is " + r.whole.kind.String()
	case r.has(fieldInstruction):
		return "records with an instruction field are not read"
	case r.has(fieldQuestion):
		return "a question field and no answer field"
	case r.has(fieldAnswer):
		return "an answer field and no question field"
	}
	return "no question and answer fields, and no messages"
}
