package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// seenName is, in stateDir, what a finished build saw: while all of it is as it
// was, the next build has nothing to do.
const seenName = "seen.json"

// seen is what decided a dataset, and what the dataset was, when a build was
// done with it.
type seen struct {
	Time     time.Time    `json:"time"`
	Settings string       `json:"settings"` // digest of all that decides a byte, but for the files
	Config   string       `json:"config"`   // digest of all that decides a byte of a part
	Program  stamp        `json:"program"`
	Seed     uint64       `json:"seed"` // of the digests in Read
	Read     []sourceFile `json:"read"` // nil: not vouched for
	Wrote    []file       `json:"wrote"`
	Places   string       `json:"places"` // sha256 of the file of that name
	Summary  Summary      `json:"summary"`
	Rest     rest         `json:"rest"`
}

// rest is what the JSON of a Summary leaves out.
type rest struct {
	Shape tensor.Shape     `json:"shape"`
	Bytes int64            `json:"bytes"`
	Kepts Cosines          `json:"kepts"`
	Rules map[string]int64 `json:"rules"`
}

// file is a file of the dataset as it was.
type file struct {
	Path  string `json:"path"` // inside the dataset's folder
	Stamp stamp  `json:"stamp"`
}

// upToDate is the summary of a build that would change nothing. The dataset's
// own files must have the stamps they had; a file that is read may have another
// if its content is the same.
func upToDate(c Config, f fsx.FS, now *sources) (sum Summary, ok bool) {
	begin, s := time.Now(), now.last
	if c.Validate() != nil || s == nil || s.Settings != settingsDigest(c) || s.Program != programStamp() || !s.sameSizes(now) {
		return sum, false
	}
	out, err := claim(f, c.Out) // no other build is changing it meanwhile
	if err != nil {
		return sum, false
	}
	defer out.release()
	if wrote, err := stampOutputs(f, c.Out); err != nil || !slices.Equal(wrote, s.Wrote) {
		return sum, false
	}
	if !s.sameContent(now) {
		return sum, false
	}
	sum = s.Summary
	sum.Shape, sum.Bytes, sum.Kepts, sum.Rules = s.Rest.Shape, s.Rest.Bytes, s.Rest.Kepts, s.Rest.Rules
	sum.Cache, sum.Teacher.TeacherWork = CacheSummary{}, TeacherWork{}
	sum.Parts = PartsSummary{Reused: sum.Parts.Built + sum.Parts.Reused}
	sum.Out, sum.Seconds = c.Out, time.Since(begin).Seconds()
	return sum, true
}

// sameSizes says whether the files that are there can be those that were read.
func (s *seen) sameSizes(now *sources) bool {
	return len(s.Read) > 0 && slices.EqualFunc(s.Read, now.files, func(was, f sourceFile) bool {
		return f.Path == was.Path && f.Stamp.Size == was.Stamp.Size
	})
}

// sameContent says whether they are.
func (s *seen) sameContent(now *sources) bool {
	for i := range now.files {
		if same, err := now.same(i, &s.Read[i]); err != nil || !same {
			return false
		}
	}
	return true
}

// find is the file of this path as it was read, nil if it was not.
func (s *seen) find(path string) *sourceFile {
	for i := range s.Read {
		if s.Read[i].Path == path {
			return &s.Read[i]
		}
	}
	return nil
}

// remember notes what this build saw, for the next one to compare with. What
// changed while the build ran is not vouched for. A note that cannot be written
// costs the next build time, and nothing else.
func (b *build) remember(ctx context.Context, read *sources) {
	s := seen{Time: time.Now(), Settings: settingsDigest(b.config), Config: b.configDigest, Program: programStamp(), Seed: read.seed, Places: b.out.placesDigest, Summary: b.summary()}
	s.Rest = rest{s.Summary.Shape, s.Summary.Bytes, s.Summary.Kepts, s.Summary.Rules}
	var err error
	if why := read.vouch(ctx); why == nil {
		s.Read = read.files
	} else {
		b.log.Debug("the next build will read its inputs", "why", why)
	}
	if s.Wrote, err = stampOutputs(b.fs, b.config.Out); err == nil {
		var doc []byte
		if doc, err = json.Marshal(s); err == nil {
			err = fsx.WriteFile(b.fs, filepath.Join(b.config.Out, stateDir), seenName, doc)
		}
	}
	if err != nil {
		b.log.Debug("the next build will look at everything again", "why", err)
		b.fs.Remove(filepath.Join(b.config.Out, stateDir, seenName))
	}
}

// stampOutputs lists the files of the dataset in dir.
func stampOutputs(f fsx.FS, dir string) (files []file, err error) {
	paths := []string{"manifest.json", "README.md", "stats.json"}
	for _, sub := range []string{"data", "rejects"} {
		entries, err := f.ReadDir(filepath.Join(dir, sub))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			paths = append(paths, sub+"/"+e.Name())
		}
	}
	for _, path := range paths {
		fi, err := f.Stat(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			return nil, err
		}
		files = append(files, file{Path: path, Stamp: stampOf(fi)})
	}
	return files, nil
}

func readSeen(f fsx.FS, dir string) (*seen, error) {
	b, err := f.ReadFile(filepath.Join(dir, stateDir, seenName))
	if err != nil {
		return nil, err
	}
	s := new(seen)
	return s, json.Unmarshal(b, s)
}

// settingsDigest is over every setting that can change what a build writes, or
// what it returns.
func settingsDigest(c Config) string {
	h := sha256.New()
	h.Write([]byte(Version + "\x00" + tensor.FormatVersion + "\x00"))
	for _, s := range Settings() {
		if !slices.Contains([]string{"out", "lock", "workers", "cache", "cache-max", "teacher-timeout", "check", "strict"}, s.Name) {
			h.Write([]byte(s.Name + "\x00" + s.Get(&c) + "\x00"))
		}
	}
	doc, _ := json.Marshal(c.Teachers) // keys in order
	h.Write(append(doc, strings.Join(c.Inputs, "\x00")...))
	return hex.EncodeToString(h.Sum(nil))
}

// programStamp tells two builds of this program apart that have one version.
func programStamp() stamp {
	exe, err := os.Executable()
	if err != nil {
		return stamp{}
	}
	fi, err := os.Stat(exe)
	if err != nil {
		return stamp{}
	}
	return stampOf(fi)
}
