package host

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/cubeset/cubeset/host/lock"
	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

const (
	moduleBytesMax = 64 << 20 // read of a .wasm file at most; the scan refuses a module far smaller than this
	blobBytesMax   = 64 << 20 // read of the file of one blob at most
)

// filterSource is a filter before it is loaded. Each of its files is read once,
// so that what is compared with a lock is what is run.
type filterSource struct {
	name    string // in its manifest, "" if that cannot be read: it will not load
	module  []byte
	blobs   map[string][]byte
	options map[string]json.RawMessage // of the user's
}

// filterNames is every filter of a build, as the user names it, in order.
func (c Config) filterNames() []string {
	names, _ := filters.Preset(c.Preset)
	return append(slices.Clone(names), c.Filters...)
}

// readFilter reads a filter that the user names.
func (c Config) readFilter(name string) (s filterSource, err error) {
	if s.module, err = FilterModule(name); err != nil {
		return s, err
	}
	m, err := wasm.ReadManifest(s.module)
	if err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	s.name, s.options = m.Name, c.FilterOptions[m.Name]
	s.blobs, err = readBlobs(c.FilterBlobs[s.name])
	return s, err
}

// entry is what a lock holds of the filter.
func (s filterSource) entry() lock.Filter {
	e := lock.Filter{SHA256: hexSum(s.module)}
	if len(s.options) > 0 {
		e.Settings, _ = settingsOf(s.options)
	}
	for name, b := range s.blobs {
		if e.Files == nil {
			e.Files = map[string]string{}
		}
		e.Files[name] = hexSum(b)
	}
	return e
}

// settingsOf is the digest of settings, which are JSON, whatever the order of
// their keys and the space between them.
func settingsOf(v any) (string, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var plain any
	if err := d.Decode(&plain); err != nil {
		return "", err
	}
	if doc, err = json.Marshal(plain); err != nil { // keys in order
		return "", err
	}
	return hexSum(doc), nil
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// FilterModule is the module that a build's filter option names: a file, or a
// bundled filter. Of a script it is the bundled interpreter with the script in its
// manifest. The error wraps ErrConfig if there is no filter of that name.
func FilterModule(name string) ([]byte, error) {
	if isPath(name) {
		b, err := readAtMost(name, moduleBytesMax)
		if errors.Is(err, errTooLong) {
			return nil, fmt.Errorf("%s: more than %d bytes, which no filter has", name, moduleBytesMax)
		}
		if err == nil && filters.IsScript(name) {
			return filters.Script(name, b)
		}
		return b, err
	}
	if f, ok := filters.Find(name); ok {
		return f.Module, nil
	}
	var names []string
	for _, f := range filters.All() {
		names = append(names, f.Name)
	}
	return nil, as(ErrConfig, fmt.Errorf("no bundled filter is called %q%s; a filter of your own is named by its file, for example ./%s.wasm or ./%s.js", name, suggest(name, names), name, name))
}

// readBlobs reads the files that a filter is given, by the names it knows them
// under.
func readBlobs(files map[string]string) (map[string][]byte, error) {
	blobs := map[string][]byte{}
	for name, path := range files {
		b, err := readAtMost(path, blobBytesMax)
		if errors.Is(err, errTooLong) {
			err = fmt.Errorf("%s: more than a filter may be given, %d bytes", path, blobBytesMax)
		}
		if err != nil {
			return nil, as(ErrConfig, err)
		}
		blobs[name] = b
	}
	return blobs, nil
}

var errTooLong = errors.New("too long")

// readAtMost opens a file once and reads it whole.
func readAtMost(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || fi.Size() > limit {
		return nil, errors.Join(err, errTooLong)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = errTooLong
	}
	return b, err
}
