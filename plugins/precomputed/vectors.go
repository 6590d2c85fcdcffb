package precomputed

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/cubeset/cubeset/formats/array"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// vectors are rows in a file, read where they are.
type vectors struct {
	header array.Header
	r      io.ReaderAt
}

func (v vectors) rows() int64 { return int64(v.header.Shape[0]) }
func (v vectors) dims() int   { return v.header.Shape[1] }

// read reads a row.
func (v vectors) read(row int64, dst []float32) error {
	return v.header.Floats(v.r, dst, row*int64(v.dims()))
}

// openVectors finds the array in a file.
func openVectors(f *os.File, c Config) (v vectors, err error) {
	info, err := f.Stat()
	if err != nil {
		return v, err
	}
	v.r = f
	switch extension(c.Vectors) {
	case ".npy":
		v.header, err = array.ReadNPY(f, info.Size())
	case ".npz":
		v, err = openNPZ(f, info.Size(), c.Array)
	case ".safetensors":
		var all map[string]array.Header
		if all, _, err = array.ReadSafetensors(f, info.Size()); err == nil {
			var name string
			name, err = pick(slices.Sorted(maps.Keys(all)), c.Array)
			v.header = all[name]
		}
	}
	if err != nil {
		return v, fmt.Errorf("%s: %w", c.Vectors, err)
	}
	if s := v.header.Shape; len(s) != 2 || s[0] > rowsMax || s[1] < 1 || s[1] > teacher.DimsMax {
		return v, fmt.Errorf("%s: an array of shape %v, want [rows, 1..%d]", c.Vectors, s, teacher.DimsMax)
	}
	return v, nil
}

// openNPZ opens an array of a .npz file. Only what is stored as it is can be
// read row by row.
func openNPZ(f *os.File, size int64, name string) (v vectors, err error) {
	z, err := array.ReadNPZ(f, size)
	if err != nil {
		return v, err
	}
	if name, err = pick(z.Names(), name); err != nil {
		return v, err
	}
	if v.header, v.r, err = z.Open(name); err != nil {
		return v, err
	}
	if _, stored := v.r.(*io.SectionReader); !stored {
		return v, fmt.Errorf("array %.64q is compressed, so its rows cannot be read one by one; write it with numpy.savez or numpy.save", name)
	}
	return v, nil
}

// pick chooses an array by name: the one asked for, the only one, or "vectors".
func pick(names []string, name string) (string, error) {
	switch {
	case name == "" && len(names) == 1:
		return names[0], nil
	case name == "":
		name = "vectors"
	}
	if !slices.Contains(names, name) {
		return "", fmt.Errorf("no array %.64q; there are %.64q", name, names[:min(8, len(names))])
	}
	return name, nil
}
