package dialogue

// span is a part of a text: of a record, or of the texts made of it. Records
// are short enough for 32 bits (recordBytesMaxLimit), and without pointers in
// them, tables of spans are cheap to write.
type span struct{ from, to int32 }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }
func (s span) empty() bool        { return s.from == s.to }

// shift is the same part of a text with n bytes more in front.
func (s span) shift(n int) span { return span{s.from + int32(n), s.to + int32(n)} }
