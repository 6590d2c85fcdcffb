package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cubeset/cubeset/formats/array"
)

// readArrays reads what numpy and safetensors wrote of the question embeddings
// of the dataset in dir, and compares every value.
func readArrays(dir string) error {
	const exact, rounded = "expected/question_embedding.f32", "written-f2.f32"
	var errs []error
	for name, want := range map[string]string{
		"written-f2.npy": rounded, "written-f4.npy": exact, "written-f8.npy": exact,
		"written-v1.npy": exact, "written-v2.npy": exact, "written-v3.npy": exact,
	} {
		errs = append(errs, readArray(dir, name, want, func(r *bytes.Reader) (array.Header, io.ReaderAt, error) {
			h, err := array.ReadNPY(r, r.Size())
			return h, r, err
		}))
	}
	for _, name := range []string{"written-stored.npz", "written-deflated.npz"} {
		errs = append(errs, readArray(dir, name, exact, func(r *bytes.Reader) (array.Header, io.ReaderAt, error) {
			z, err := array.ReadNPZ(r, r.Size())
			if err != nil {
				return array.Header{}, nil, err
			}
			return z.Open("x")
		}))
	}
	for tensor, want := range map[string]string{"f2": rounded, "x": exact, "f8": exact} {
		errs = append(errs, readArray(dir, "written.safetensors", want, func(r *bytes.Reader) (array.Header, io.ReaderAt, error) {
			all, metadata, err := array.ReadSafetensors(r, r.Size())
			if err == nil && (len(all) != 4 || metadata["by"] != "numpy") {
				err = fmt.Errorf("%d tensors with the metadata %q", len(all), metadata)
			}
			return all[tensor], r, err
		}))
	}
	return errors.Join(errs...)
}

func readArray(dir, name, want string, open func(*bytes.Reader) (array.Header, io.ReaderAt, error)) error {
	file, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	wanted, err := os.ReadFile(filepath.Join(dir, want))
	if err != nil {
		return err
	}
	h, r, err := open(bytes.NewReader(file))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(h.Shape) != 4 || 4*h.Size() != int64(len(wanted)) {
		return fmt.Errorf("%s: shape %v, want (%d, 8, 8, 12)", name, h.Shape, len(wanted)/4/768)
	}
	values := make([]float32, h.Size())
	if err := h.Floats(r, values, 0); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if found, _ := binary.Append(nil, binary.LittleEndian, values); !bytes.Equal(found, wanted) {
		return fmt.Errorf("%s: %s values differ from the Go reader's", name, h.Type)
	}
	return nil
}
