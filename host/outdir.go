package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

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

// outdir is the folder a build writes to, claimed for this process.
type outdir struct {
	fs       fsx.FS
	dir      string
	lock     *flock.Flock
	readonly bool             // not locked either
	fresh    bool             // no build that was cut off left parts here
	stamps   map[string]stamp // of finished parts whose bytes need not be read again, by path

	placesDigest string // of what savePlaces wrote
}

// claim makes dir, or takes a folder that is empty or holds a dataset of ours,
// and locks it. It rolls an interrupted commit forward or back.
func claim(f fsx.FS, dir string) (_ *outdir, err error) {
	if err := checkOurs(f, dir); err != nil {
		return nil, err
	}
	o := &outdir{fs: f, dir: dir}
	for _, dir := range []string{o.journalDir(), o.memoDir()} {
		if err := f.MkdirAll(dir, 0o755); err != nil {
			return nil, as(ErrOutput, err)
		}
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
	waiting, err := f.ReadDir(o.partsDir())
	if err != nil {
		o.release()
		return nil, as(ErrOutput, err)
	}
	o.fresh = len(waiting) == 0
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
func (o *outdir) memoDir() string    { return filepath.Join(o.dir, stateDir, "memo") }
func (o *outdir) partsDir() string   { return filepath.Join(o.dir, tmpDir, "parts") }

func (o *outdir) release() error {
	if o.readonly {
		return nil
	}
	// A folder in which nothing was begun is left as it was found.
	os.Remove(o.partsDir())
	os.Remove(filepath.Join(o.dir, tmpDir))
	return o.lock.Unlock()
}

// readFile reads a file of the state, into buf if it is large enough.
func (o *outdir) readFile(name string, buf []byte) ([]byte, error) {
	f, err := o.fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	buf = slices.Grow(buf[:0], int(fi.Size()))[:fi.Size()]
	_, err = io.ReadFull(f, buf)
	return buf, err
}

// believeStamps takes the parts of the dataset for what a build saw as long as
// the file system says that nothing touched them.
func (o *outdir) believeStamps(s *seen) {
	o.stamps = map[string]stamp{}
	for _, f := range s.Wrote {
		o.stamps[f.Path] = f.Stamp
	}
}

// has says whether a finished part is there, waiting or already committed. One
// whose stamp is not known is read.
func (o *outdir) has(p tensor.PartInfo) bool {
	if !o.fresh {
		waiting := filepath.Join(o.partsDir(), filepath.Base(p.Path))
		if o.holds(waiting, p) {
			return true
		}
		if !o.readonly {
			o.fs.Remove(waiting) // or a commit would take it
		}
	}
	committed := filepath.Join(o.dir, filepath.FromSlash(p.Path))
	if fi, err := o.fs.Stat(committed); err == nil && stampOf(fi) == o.stamps[p.Path] {
		return true
	}
	return o.holds(committed, p)
}

// holds reads a file to see whether it is the part p.
func (o *outdir) holds(name string, p tensor.PartInfo) bool {
	f, err := o.fs.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || fi.Size() != p.Bytes {
		return false
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return err == nil && hex.EncodeToString(h.Sum(nil)) == p.SHA256
}
