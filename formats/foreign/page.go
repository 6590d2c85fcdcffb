package foreign

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go/format"
)

// load reads the next page with entries of the leaf, and the dictionary before
// it.
func (l *leaf) load() error {
	for {
		if l.chunk.at == l.chunk.end {
			return fmt.Errorf("%w: %d values are missing from its pages", ErrDamaged, l.left)
		}
		more, err := l.loadPage()
		if err != nil {
			return fmt.Errorf("page at byte %d: %w", l.chunk.began, err)
		}
		if !more {
			return nil
		}
	}
}

// loadPage reads one page; more says that it had no entries.
func (l *leaf) loadPage() (more bool, err error) {
	h, err := l.chunk.header()
	if err != nil {
		return false, err
	}
	switch h.Type {
	case format.DataPage:
		return false, l.pageV1(h)
	case format.DataPageV2:
		return false, l.pageV2(h)
	case format.DictionaryPage:
		return true, l.dictionary(h)
	}
	l.chunk.at += int64(h.CompressedPageSize) // an index, which nobody writes
	return true, nil
}

func (l *leaf) pageV1(h *format.PageHeader) (err error) {
	d := &h.DataPageHeader.V
	if !h.DataPageHeader.Valid {
		return fmt.Errorf("%w: no header of a data page", ErrDamaged)
	}
	if l.def > 0 && d.DefinitionLevelEncoding != format.RLE || l.rep > 0 && d.RepetitionLevelEncoding != format.RLE {
		return fmt.Errorf("%w: levels encoded as %v and %v", ErrUnsupported, d.RepetitionLevelEncoding, d.DefinitionLevelEncoding)
	}
	if err := l.count(d.NumValues); err != nil || l.page == 0 {
		l.chunk.at += int64(h.CompressedPageSize)
		return err
	}
	if l.chunk.page, err = l.chunk.body(l.chunk.page, h, 0, true); err != nil {
		return err
	}
	b := l.chunk.page
	if l.rep > 0 {
		if l.repeat, b, err = cutLevels(b, l.rep); err != nil {
			return err
		}
	}
	if l.def > 0 {
		if l.define, b, err = cutLevels(b, l.def); err != nil {
			return err
		}
	}
	l.values, err = l.valuesOf(d.Encoding, b)
	return err
}

func (l *leaf) pageV2(h *format.PageHeader) (err error) {
	d := &h.DataPageHeaderV2.V
	repeat, define := int(d.RepetitionLevelsByteLength), int(d.DefinitionLevelsByteLength)
	if !h.DataPageHeaderV2.Valid || repeat < 0 || define < 0 || repeat > pageBytesMax || define > pageBytesMax {
		return fmt.Errorf("%w: a header of a data page with levels of %d and %d bytes", ErrDamaged, repeat, define)
	}
	if err := l.count(d.NumValues); err != nil || l.page == 0 {
		l.chunk.at += int64(h.CompressedPageSize)
		return err
	}
	packed := !d.IsCompressed.Valid || d.IsCompressed.V
	if l.chunk.page, err = l.chunk.body(l.chunk.page, h, repeat+define, packed); err != nil {
		return err
	}
	b := l.chunk.page
	l.repeat, l.define = newHybrid(b[:repeat], widthOf(uint64(l.rep))), newHybrid(b[repeat:repeat+define], widthOf(uint64(l.def)))
	l.values, err = l.valuesOf(d.Encoding, b[repeat+define:])
	return err
}

// count takes the entries of a page from those of the chunk.
func (l *leaf) count(n int32) error {
	if n < 0 || int64(n) > l.left || n > pageEntriesMax {
		return fmt.Errorf("%w: %d values with %d left, at most %d", ErrDamaged, n, l.left, pageEntriesMax)
	}
	l.page = int(n)
	l.left -= int64(n)
	return nil
}

// cutLevels cuts the levels that a page of version 1 begins with from it.
func cutLevels(b []byte, most uint8) (hybrid, []byte, error) {
	if len(b) < 4 {
		return hybrid{}, nil, fmt.Errorf("%w: levels are missing", ErrDamaged)
	}
	n := binary.LittleEndian.Uint32(b)
	if b = b[4:]; uint64(n) > uint64(len(b)) {
		return hybrid{}, nil, fmt.Errorf("%w: %d bytes of levels with %d left", ErrDamaged, n, len(b))
	}
	return newHybrid(b[:n], widthOf(uint64(most))), b[n:], nil
}

func (l *leaf) dictionary(h *format.PageHeader) (err error) {
	d := &h.DictionaryPageHeader.V
	switch {
	case !h.DictionaryPageHeader.Valid || d.NumValues < 0:
		return fmt.Errorf("%w: no header of a dictionary", ErrDamaged)
	case l.chunk.known:
		return fmt.Errorf("%w: a second dictionary", ErrDamaged)
	case d.Encoding != format.Plain && d.Encoding != plainDictionary:
		return fmt.Errorf("%w: a dictionary encoded as %v", ErrUnsupported, d.Encoding)
	}
	w := &l.chunk.words
	if w.b, err = l.chunk.body(w.b, h, 0, true); err != nil {
		return err
	}
	l.chunk.known = true
	return w.index(int(d.NumValues), l.physical, l.chunk.pool)
}
