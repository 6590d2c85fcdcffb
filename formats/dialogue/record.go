package dialogue

import "bytes"

// record is a record taken apart: the values of the fields that mean
// something, or the list that it is.
type record struct {
	raw    []byte // what the values are parts of
	line   int64
	names  *names
	whole  value // null: the record is text, in which nothing is escaped
	values [fieldCount]value
	ranks  [fieldCount]uint8
	seen   fieldSet
	found  members
}

func (r *record) reset(raw []byte, line int64) {
	r.raw, r.line, r.seen, r.whole = raw, line, 0, value{}
}

// read takes the JSON that begins at body apart. What stands before it is the
// key that keyed found.
func (r *record) read(from Record, body int) *jsonFault {
	if fault := checkJSON(from.Raw[body:], &r.found); fault != nil {
		fault.at += body
		return fault
	}
	r.reset(from.Raw, from.Line)
	i := skipSpace(r.raw, body)
	r.whole = valueOf(r.raw, span{int32(i), int32(len(r.raw) - trailing(r.raw))})
	for _, m := range r.found.list {
		name := span{m.key.from + 1, m.key.to - 1}.of(r.raw[body:])
		f, rank := r.names.rank(name)
		if f == fieldNone && bytes.IndexByte(name, '\\') >= 0 {
			f, rank = r.names.rank(label(name))
		}
		if f != fieldNone {
			v := valueOf(r.raw, m.value.shift(body))
			v.plain = m.plain
			r.set(f, rank, v)
		}
	}
	r.foldInput()
	return nil
}

// keyed is the key of a record that is a member of an object, and where its
// value begins; 0 if the record is no member.
func keyed(raw []byte) (key value, body int) {
	i := skipSpace(raw, 0)
	if i == len(raw) || raw[i] != '"' {
		return value{}, 0
	}
	var found members
	_, end := valueAt(raw, i)
	colon := skipSpace(raw, end)
	if colon == len(raw) || raw[colon] != ':' || checkJSON(raw[i:end], &found) != nil {
		return value{}, 0
	}
	return valueOf(raw, span{int32(i), int32(end)}), colon + 1
}

// foldInput makes an input the question where no instruction says what is to
// be done with it.
func (r *record) foldInput() {
	in := r.value(fieldInput)
	if in.kind == kindNull || r.value(fieldInstruction).kind != kindNull {
		return
	}
	r.set(fieldQuestion, rankInput, in)
	if r.ranks[fieldQuestion] == rankInput {
		r.seen &^= setOf(fieldInput)
	}
}

// set gives a field its value. Of several names of one field the earliest in
// the table that is not null counts; of equal names, the last.
func (r *record) set(f field, rank uint8, v value) {
	if r.has(f) && rank != r.ranks[f] {
		if v.kind == kindNull || rank > r.ranks[f] && r.values[f].kind != kindNull {
			return
		}
	}
	r.seen |= setOf(f)
	r.values[f], r.ranks[f] = v, rank
}

func (r *record) has(f field) bool { return r.seen.has(f) }

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
	case r.has(fieldMessage):
		return "a message by itself: its tree can be read as flat"
	case r.has(fieldInstruction):
		return "an instruction field and no answer field"
	case r.has(fieldQuestion):
		return "a question field and no answer field"
	case r.has(fieldAnswer):
		return "an answer field and no question field"
	}
	return "no question and answer fields, and no messages"
}
