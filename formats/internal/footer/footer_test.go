package footer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// written is a small file as parquet-go writes it.
func written(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[struct {
		Question string   `parquet:"question"`
		Tags     []string `parquet:"tags,list"`
	}](&b, parquet.KeyValueMetadata("key", "value"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wrapped is a file that is nothing but a footer.
func wrapped(footer []byte) []byte {
	b := append([]byte(Magic), footer...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(footer))), Magic...)
}

func read(b []byte) (*format.FileMetaData, int64, error) {
	return Read(bytes.NewReader(b), int64(len(b)))
}

func TestRead(t *testing.T) {
	b := written(t)
	md, end, err := read(b)
	if err != nil || len(md.Schema) != 5 || md.KeyValueMetadata[0].Value != "value" {
		t.Fatal(md, err)
	}
	if n := int64(binary.LittleEndian.Uint32(b[len(b)-TrailerSize:])); end != int64(len(b))-TrailerSize-n {
		t.Errorf("the footer begins at %d", end)
	}
}

func TestReadRefuses(t *testing.T) {
	b := written(t)
	n := len(b) - TrailerSize
	long := bytes.Clone(b)
	binary.LittleEndian.PutUint32(long[n:], uint32(len(b)))
	short := bytes.Clone(b)
	binary.LittleEndian.PutUint32(short[n:], binary.LittleEndian.Uint32(b[n:])+1)
	for _, c := range []struct {
		name string
		in   []byte
		want error
	}{
		{"nothing", nil, ErrNotParquet},
		{"text", []byte("question,answer\n"), ErrNotParquet},
		{"no end", b[:len(b)-1], ErrDamaged},
		{"longer than the file", long, ErrDamaged},
		{"bytes before the footer", short, ErrDamaged},
		{"an empty footer", wrapped(nil), ErrDamaged},
		{"bytes behind the footer", wrapped([]byte{0, 0}), ErrDamaged},
		{"no type", wrapped([]byte{0x1b, 0}), ErrDamaged},
	} {
		if _, _, err := read(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	broken := errors.New("broken disk")
	if _, _, err := Read(badReader{broken}, 100); !errors.Is(err, broken) || errors.Is(err, ErrDamaged) {
		t.Errorf("a broken disk: %v", err)
	}
	if err := ReadAt(bytes.NewReader(b), make([]byte, 2), int64(len(b))-1); !errors.Is(err, ErrDamaged) {
		t.Errorf("behind the end: %v", err)
	}
}

type badReader struct{ err error }

func (r badReader) ReadAt([]byte, int64) (int, error) { return 0, r.err }

var _ io.ReaderAt = badReader{}

// Small footers that ask for much memory get none of it: the decoder would
// make a list as long as it says, whatever follows.
func TestBombs(t *testing.T) {
	for name, b := range map[string][]byte{
		"a long list":                {0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07},
		"many empty structures":      append([]byte{0x29, 0xfc, 0x80, 0x80, 0x80, 0x01}, make([]byte, 4<<20)...),
		"bytes in place of a schema": append([]byte{0x29, 0xf3, 0xff, 0xff, 0x3f}, make([]byte, 1<<20)...),
		"depth":                      bytes.Repeat([]byte{0x1c}, 1<<20),
		"lists in lists":             bytes.Repeat([]byte{0x19}, 1<<20),
		"a long name":                {0x18, 0xff, 0xff, 0xff, 0xff, 0x07},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := read(wrapped(b))
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 || !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %d bytes allocated, %v", name, got, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f))
	f.Add(wrapped([]byte{0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := read(b); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotParquet) {
			t.Fatal(err)
		}
	})
}
