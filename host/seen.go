package host

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// seenName is, in stateDir, what a finished build saw: while all of it is as it
// was, the next build has nothing to do.
const seenName = "seen.json"

// seen is what decided a dataset, and what the dataset was, when a build was
// done with it.
type seen struct {
	Time     time.Time `json:"time"`
	Settings string    `json:"settings"` // digest of all that decides a byte, but for the files
	Program  stamp     `json:"program"`
	Read     []file    `json:"read"` // the inputs, in order, the filters with their files, the lock and the projection
	Wrote    []file    `json:"wrote"`
	Summary  Summary   `json:"summary"`
	Rest     rest      `json:"rest"`
}

// rest is what the JSON of a Summary leaves out.
type rest struct {
	Shape tensor.Shape     `json:"shape"`
	Bytes int64            `json:"bytes"`
	Kepts Cosines          `json:"kepts"`
	Rules map[string]int64 `json:"rules"`
}

// file is a file as it was.
type file struct {
	Path   string `json:"path"` // of a dataset's own, inside its folder
	Stamp  stamp  `json:"stamp"`
	Digest string `json:"digest,omitempty"` // of those read
}

// upToDate is the summary of a build that would change nothing. The dataset's
// own files must have the stamps they had; a file that was read may have
// another if its content is the same.
func upToDate(c Config, f fsx.FS) (sum Summary, ok bool) {
	begin := time.Now()
	s, err := readSeen(f, c.Out)
	if c.Validate() != nil || c.Check || err != nil || s.Settings != settingsDigest(c) || s.Program != programStamp() {
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
	paths, err := sources(c)
	if err != nil || !s.sameContent(paths) {
		return sum, false
	}
	sum = s.Summary
	sum.Shape, sum.Bytes, sum.Kepts, sum.Rules = s.Rest.Shape, s.Rest.Bytes, s.Rest.Kepts, s.Rest.Rules
	sum.Cache, sum.Teacher.TeacherWork = CacheSummary{}, TeacherWork{}
	sum.Parts = PartsSummary{Reused: sum.Parts.Built + sum.Parts.Reused}
	sum.Out, sum.Seconds = c.Out, time.Since(begin).Seconds()
	return sum, true
}

// sameContent compares the files at paths with those that were read. One that
// was touched, or is too new for its stamp to be believed, is read again.
func (s *seen) sameContent(paths []string) bool {
	if len(paths) != len(s.Read) {
		return false
	}
	for i, path := range paths {
		was := s.Read[i]
		fi, err := os.Stat(path)
		if err != nil || path != was.Path || fi.Size() != was.Stamp.Size {
			return false
		}
		if stampOf(fi) == was.Stamp && was.Stamp.settled(s.Time) {
			continue
		}
		if digest, err := contentDigest(path); err != nil || digest != was.Digest {
			return false
		}
	}
	return true
}

// stampSources is taken before anything is read.
func (b *build) stampSources() (files []file) {
	paths, err := sources(b.config)
	if err != nil {
		return nil
	}
	for _, path := range paths {
		fi, err := os.Stat(path)
		if err != nil {
			return nil
		}
		files = append(files, file{Path: path, Stamp: stampOf(fi)})
	}
	return files
}

// remember notes what this build saw, for the next one to compare with. What
// changed while the build ran, or just before, is not vouched for. A note that
// cannot be written costs the next build time, and nothing else.
func (b *build) remember(read []file) {
	s := seen{Time: time.Now(), Settings: settingsDigest(b.config), Program: programStamp(), Read: read, Summary: b.summary()}
	s.Rest = rest{s.Summary.Shape, s.Summary.Bytes, s.Summary.Kepts, s.Summary.Rules}
	var err error
	if why := b.vouch(&s); why != nil {
		b.log.Debug("the next build will read its inputs", "why", why)
		s.Read = nil
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

// errUnsettled is why a build does not vouch for what it read.
var errUnsettled = errors.New("an input has just changed, or cannot be looked at twice")

// vouch adds the digests of what was read, if it is as it was before the build.
func (b *build) vouch(s *seen) (err error) {
	if len(s.Read) == 0 {
		return errUnsettled
	}
	for i := range s.Read {
		was := &s.Read[i]
		if !was.Stamp.settled(b.begin) {
			return errUnsettled
		}
		if was.Digest, err = contentDigest(was.Path); err != nil {
			return err
		}
		if fi, err := os.Stat(was.Path); err != nil || stampOf(fi) != was.Stamp {
			return errUnsettled
		}
	}
	return nil
}

// sources is every file that a build with c reads, in order.
func sources(c Config) ([]string, error) {
	if !c.builtIn() {
		return nil, errors.New("only its own process can say which model the teacher is")
	}
	found, err := dialogue.Find(c.Inputs)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, path := range notIn(c.Out, found) {
		if path == "-" {
			return nil, errors.New("standard input is read once")
		}
		if path = container(path); len(paths) == 0 || paths[len(paths)-1] != path {
			paths = append(paths, path)
		}
	}
	for _, name := range c.Filters {
		if isPath(name) {
			paths = append(paths, name)
		}
	}
	for _, filter := range keys(c.FilterBlobs) {
		for _, name := range keys(c.FilterBlobs[filter]) {
			paths = append(paths, c.FilterBlobs[filter][name])
		}
	}
	if c.Lock != "" && c.Lock != lockOff {
		paths = append(paths, c.Lock)
	}
	if c.Projection != "" {
		paths = append(paths, c.Projection)
	}
	return paths, nil
}

// container is the file an input lies in: the archive of "a.zip!/b", else the
// input itself.
func container(path string) string {
	archive, _, ok := strings.Cut(path, "!/")
	if _, err := os.Stat(path); ok && err != nil {
		return archive
	}
	return path
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

// expectedMax bounds the room that is made beforehand, whatever a note says.
const expectedMax = 1 << 24

// expectedRows is how many rows the build before had, 0 without one.
func expectedRows(f fsx.FS, dir string) int {
	s, err := readSeen(f, dir)
	if err != nil {
		return 0
	}
	return int(min(max(0, s.Summary.Read), expectedMax))
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
