package host

import (
	"crypto/sha256"
	"fmt"
	"io"
	"path"
	"path/filepath"

	"github.com/cubeset/cubeset/formats/tensor"
)

// rejectsPath names the file of c's rejects. They tell lines of the input, so
// that an equal chunk somewhere else has another.
func (c *chunk) rejectsPath() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "cubeset.rejects.v1\x00%s\x00%d", c.Key, c.line))
	return fmt.Sprintf("rejects/rejects-%x.parquet", sum[:8])
}

// writeRejects makes the file of c's rejects, if there are any.
func (b *build) writeRejects(c *chunk) error {
	c.RejectsFile = nil
	if len(c.Rejects) == 0 {
		return nil
	}
	to := c.rejectsPath()
	var stat tensor.Stat
	err := createFile(b.fs, filepath.Join(b.out.partsDir(), path.Base(to)), func(w io.Writer) (err error) {
		stat, err = tensor.WriteRejects(w, func(yield func(tensor.Reject) bool) {
			for _, r := range c.Rejects {
				if !yield(tensor.Reject{ID: r.ID, Question: r.Question, Answer: r.Answer, Source: r.Source,
					File: c.input.name, Line: c.line + r.Line, Filter: r.Filter, Reason: r.Reason, Score: r.Score}) {
					return
				}
			}
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", to, err)
	}
	c.RejectsFile = &tensor.PartInfo{Path: to, Rows: stat.Rows, Bytes: stat.Bytes, SHA256: stat.SHA256}
	return nil
}

// hasRejects says whether c's rejects, if there are any, are in a file that tells
// the lines they are on now.
func (b *build) hasRejects(c *chunk) bool {
	p := c.RejectsFile
	return c.Rejected == 0 || p != nil && p.Path == c.rejectsPath() && b.out.has(*p)
}

// moveRejects writes the rejects of a chunk of an earlier build again, with the
// lines that they are on now.
func (b *build) moveRejects(c *chunk) error {
	o, err := b.out.read(c.Key, true)
	if err != nil {
		return err
	}
	c.outcome = o
	if err := b.writeRejects(c); err != nil {
		return err
	}
	err = b.out.save(&c.outcome)
	c.Rejects, c.Lines = nil, nil
	return err
}

// showRejects puts the rejects in place where there is no dataset to commit.
func (b *build) showRejects() error {
	dir := filepath.Join(b.config.Out, "rejects")
	if len(b.total.RejectFiles) == 0 {
		return b.fs.RemoveAll(dir)
	}
	if err := b.fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	shown := map[string]bool{}
	for _, p := range b.total.RejectFiles {
		base := path.Base(p.Path)
		shown[base] = true
		if waiting := filepath.Join(b.out.partsDir(), base); b.out.holds(waiting, p) {
			if err := b.fs.Rename(waiting, filepath.Join(dir, base)); err != nil {
				return err
			}
		}
	}
	entries, err := b.fs.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !shown[e.Name()] {
			if err := b.fs.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// rejectsName is the one file of the rejects of a dataset that no build made.
const rejectsName = "rejects.parquet"

// writeRejects puts all the rejects that are yielded into one file.
func (o *outdir) writeRejects(all func(yield func(tensor.Reject) bool) error) ([]tensor.PartInfo, error) {
	if err := o.fs.MkdirAll(o.partsDir(), 0o755); err != nil { // a commit that claim carried on took it away
		return nil, fmt.Errorf("write: %w", err)
	}
	var stat tensor.Stat
	err := createFile(o.fs, filepath.Join(o.partsDir(), rejectsName), func(w io.Writer) (err error) {
		var broken error
		if stat, err = tensor.WriteRejects(w, func(yield func(tensor.Reject) bool) { broken = all(yield) }); err == nil {
			err = broken
		}
		return err
	})
	if err != nil || stat.Rows == 0 {
		return nil, err
	}
	return []tensor.PartInfo{{Path: "rejects/" + rejectsName, Rows: stat.Rows, Bytes: stat.Bytes, SHA256: stat.SHA256}}, nil
}
