package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
	"github.com/klauspost/compress/zstd"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// Names inside the dataset's folder. Readers of the dataset skip both: one is
// hidden, the other begins with an underscore.
const (
	stateDir   = ".cubeset"    // the lock, and what became of each chunk
	placesName = "places.json" // in stateDir: where each chunk of the dataset begins
	tmpDir     = "_tmp"        // parts that are not yet part of the dataset
)

// outNames is everything a build leaves at the top of its folder.
var outNames = []string{"data", "rejects", "README.md", "manifest.json", "stats.json", "run.json", "report.html", tmpDir}

// outcomeBytesMax bounds what is read back of one chunk's record.
const outcomeBytesMax = 256 << 20

// outdir is the folder a build writes to, claimed for this process.
type outdir struct {
	fs   fsx.FS
	dir  string
	lock *flock.Flock
}

// claim makes dir, or takes a folder that is empty or holds a dataset of ours,
// and locks it. It rolls an interrupted commit forward or back.
func claim(f fsx.FS, dir string) (_ *outdir, err error) {
	if err := checkOurs(f, dir); err != nil {
		return nil, err
	}
	o := &outdir{fs: f, dir: dir}
	if err := f.MkdirAll(o.journalDir(), 0o755); err != nil {
		return nil, as(ErrOutput, err)
	}
	o.lock = flock.New(filepath.Join(dir, stateDir, "lock"))
	ok, err := o.lock.TryLock()
	if err != nil {
		return nil, as(ErrOutput, err)
	}
	if !ok {
		return nil, as(ErrOutput, fmt.Errorf("another build is writing to %s", dir))
	}
	if err := tensor.Recover(f, dir); err != nil {
		o.release()
		return nil, as(ErrOutput, err)
	}
	if err := f.MkdirAll(o.partsDir(), 0o755); err != nil { // Recover may have removed it
		o.release()
		return nil, as(ErrOutput, err)
	}
	return o, nil
}

// checkOurs refuses a folder that holds anything but a dataset: a build
// replaces what is there, and may not replace what it did not make.
func checkOurs(f fsx.FS, dir string) error {
	entries, err := f.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return as(ErrOutput, err)
	}
	ours := false
	var foreign []string
	for _, e := range entries {
		switch name := e.Name(); {
		case name == stateDir || strings.HasPrefix(name, "manifest.json"):
			ours = true
		case strings.HasPrefix(name, ".") || slices.Contains(outNames, name) || slices.Contains(outNames, strings.TrimSuffix(name, ".tmp")):
		default:
			foreign = append(foreign, name)
		}
	}
	if len(foreign) > 0 {
		return as(ErrOutput, fmt.Errorf("%s holds %q, which is not cubeset's; give an empty or a new folder", dir, foreign[0]))
	}
	if !ours && len(entries) > 0 {
		return as(ErrOutput, fmt.Errorf("%s holds %q but neither a manifest nor a journal of cubeset's; give an empty or a new folder", dir, entries[0].Name()))
	}
	return nil
}

func (o *outdir) journalDir() string { return filepath.Join(o.dir, stateDir, "chunks") }
func (o *outdir) partsDir() string   { return filepath.Join(o.dir, tmpDir, "parts") }

func (o *outdir) release() error {
	// A folder in which nothing was begun is left as it was found.
	os.Remove(o.partsDir())
	os.Remove(filepath.Join(o.dir, tmpDir))
	return o.lock.Unlock()
}

// save notes what became of a chunk, durably.
func (o *outdir) save(c *outcome) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	if err := fsx.WriteFile(o.fs, o.journalDir(), c.Key, w.EncodeAll(b, nil)); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// load returns what became of the chunk with this key in an earlier build, if
// its parts are all still there. A damaged record is a chunk not yet built.
func (o *outdir) load(key string) (outcome, bool) {
	c, err := o.read(key)
	return c, err == nil && !slices.ContainsFunc(c.Parts, func(p tensor.PartInfo) bool { return !o.has(p) })
}

// read returns the record of a chunk.
func (o *outdir) read(key string) (c outcome, err error) {
	b, err := o.fs.ReadFile(filepath.Join(o.journalDir(), key))
	if err != nil {
		return c, err
	}
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(outcomeBytesMax))
	if err != nil {
		return c, err
	}
	defer r.Close()
	if b, err = r.DecodeAll(b, nil); err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err == nil && c.Key != key {
		err = errors.New("it is another chunk's")
	}
	if err != nil {
		return outcome{}, fmt.Errorf("record of chunk %.16s: %w", key, err)
	}
	return c, nil
}

// has says whether a finished part is there, waiting or already committed.
func (o *outdir) has(p tensor.PartInfo) bool {
	base := filepath.Base(p.Path)
	for _, dir := range []string{o.partsDir(), filepath.Join(o.dir, "data")} {
		if fi, err := o.fs.Stat(filepath.Join(dir, base)); err == nil && fi.Size() == p.Bytes {
			return true
		}
	}
	return false
}

// place is where a chunk begins in the inputs.
type place struct {
	Key  string `json:"key"`
	File string `json:"file"`
	Line int64  `json:"line"`
}

// savePlaces notes where the chunks of the dataset come from, which is no
// matter of the dataset's bytes.
func (o *outdir) savePlaces(all []done) error {
	places := make([]place, len(all))
	for i, d := range all {
		places[i] = place{d.key, d.input.path, d.line}
	}
	b, err := json.Marshal(places)
	if err != nil {
		return err
	}
	return fsx.WriteFile(o.fs, filepath.Join(o.dir, stateDir), placesName, b)
}

// forget removes the records of chunks that are not in keep.
func (o *outdir) forget(keep map[string]bool) error {
	entries, err := o.fs.ReadDir(o.journalDir())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !keep[e.Name()] {
			if err := o.fs.Remove(filepath.Join(o.journalDir(), e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
