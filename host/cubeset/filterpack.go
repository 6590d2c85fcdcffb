package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/wasm"
)

// packBytesMax is read of a module at most; the scan refuses one far smaller.
const packBytesMax = 64 << 20

func filterPackCommand() *cobra.Command {
	var manifest, out string
	c := &cobra.Command{
		Use: "pack IN.wasm --manifest FILE -o OUT.wasm", Short: "Put the manifest into a compiled filter", Args: oneArg("module"),
		Long:    "Put a manifest into a compiled module, in place of any it had, and check that the\nresult is a filter: its manifest, limits, imports and exports. Nothing of it is\nrun. OUT.wasm is written only if all is well, and may be IN.wasm.",
		Example: "  cubeset filter pack build/polite.wasm --manifest manifest.json -o polite.wasm",
		RunE: func(c *cobra.Command, args []string) error {
			if manifest == "" || out == "" {
				return usageError{fmt.Errorf("filter pack: want --manifest FILE and -o OUT.wasm")}
			}
			m, n, err := pack(c.Context(), args[0], manifest, out)
			if err != nil {
				return fmt.Errorf("filter pack: %w", err)
			}
			fmt.Printf("%s: filter %s %s for %ss, %s\n", out, m.Name, m.Version, m.Stage(), size(n))
			return nil
		},
	}
	c.Flags().StringVar(&manifest, "manifest", "", "the manifest, JSON as in wasm/ABI.md")
	c.Flags().StringVarP(&out, "output", "o", "", "the file to write")
	return c
}

// pack writes the module of in with its manifest to out, and returns the
// manifest and how many bytes were written.
func pack(ctx context.Context, in, manifest, out string) (m wasm.Manifest, n int64, err error) {
	text, err := readSmall(manifest, packBytesMax)
	if err != nil {
		return m, 0, err
	}
	if m, err = wasm.ParseManifest(text); err != nil {
		return m, 0, fmt.Errorf("%s: %w", manifest, err)
	}
	module, err := readSmall(in, packBytesMax)
	if err != nil {
		return m, 0, err
	}
	packed, err := wasm.Pack(module, m)
	if err != nil {
		return m, 0, notFilter{fmt.Errorf("%s: %w", in, err)}
	}
	r, err := wasm.NewRuntime(ctx, wasm.DefaultConfig())
	if err != nil {
		return m, 0, err
	}
	defer r.Close(ctx)
	if _, err := r.Load(ctx, packed); err != nil {
		return m, 0, notFilter{fmt.Errorf("%s: %w", in, err)}
	}
	return m, int64(len(packed)), replace(out, packed)
}

// notFilter is an error of the class host.ErrFilter.
type notFilter struct{ error }

func (e notFilter) Unwrap() error   { return e.error }
func (notFilter) Is(err error) bool { return err == host.ErrFilter }

// readSmall reads a file of at most max bytes.
func readSmall(name string, max int64) ([]byte, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if fi.Size() > max {
		return nil, fmt.Errorf("%s: %d bytes, at most %d", name, fi.Size(), max)
	}
	return os.ReadFile(name)
}

// replace writes a file whole or not at all.
func replace(name string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if e := f.Chmod(0o644); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
