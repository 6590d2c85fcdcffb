package tensor

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const (
	dataDir    = "data"
	rejectsDir = "rejects"
)

// Validate reports at once all in which m contradicts itself.
func (m Manifest) Validate() error {
	var errs []error
	say := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if m.FormatVersion != FormatVersion {
		say("format version is %q, want %q", clip(m.FormatVersion), FormatVersion)
	}
	errs = append(errs, m.Shape.Validate(), m.Profile.Validate(), validateScores(m.Scores), m.validatePaths())

	dropped, skipped := sum(m.Dropped), sum(m.Skipped)
	if dropped < 0 || skipped < 0 || m.Kept < 0 || m.Read != m.Kept+dropped+skipped {
		say("read %d is not kept %d + dropped %d + skipped %d", m.Read, m.Kept, dropped, skipped)
	}
	var rows int64
	splits := map[string]int64{}
	for _, p := range m.Parts {
		rows += p.Rows
		splits[p.Split] += p.Rows
	}
	if rows != m.Kept {
		say("the parts hold %d rows, kept are %d", rows, m.Kept)
	}
	if n := sum(m.Splits); n != m.Kept {
		say("the splits hold %d rows, kept are %d", n, m.Kept)
	}
	for s, n := range splits {
		if m.Splits[s] != n {
			say("split %q: its parts hold %d rows, counted are %d", clip(s), n, m.Splits[s])
		}
	}
	for _, f := range m.Filters {
		if f.Stage != "text" && f.Stage != "vector" {
			say("filter %q: stage is %q, want text or vector", clip(f.Name), clip(f.Stage))
		}
		if f.Config != nil && !json.Valid(f.Config) {
			say("filter %q: its config is no JSON", clip(f.Name))
		}
	}
	return errors.Join(errs...)
}

var (
	fileName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$`)
	splitName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	hexSum    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// validatePaths makes sure that every path names a file in the dataset's own
// folders, and none twice.
func (m Manifest) validatePaths() error {
	seen := map[string]bool{}
	for i, p := range m.Parts {
		base, ok := strings.CutPrefix(p.Path, dataDir+"/")
		switch {
		case !ok || !fileName.MatchString(base) || !strings.HasSuffix(base, ".parquet"):
			return fmt.Errorf("part %d: path %q is not data/<name>.parquet", i, clip(p.Path))
		case !splitName.MatchString(p.Split) || !strings.HasPrefix(base, p.Split+"-"):
			return fmt.Errorf("part %d: path %q does not begin with its split %q", i, clip(p.Path), clip(p.Split))
		case seen[p.Path]:
			return fmt.Errorf("part %d: path %q is there twice", i, clip(p.Path))
		case p.Rows < 0 || p.Bytes < 0 || !hexSum.MatchString(p.SHA256):
			return fmt.Errorf("part %d: %d rows, %d bytes, sha256 %q", i, p.Rows, p.Bytes, clip(p.SHA256))
		}
		seen[p.Path] = true
	}
	for i, p := range m.Rejects {
		base, ok := strings.CutPrefix(p.Path, rejectsDir+"/")
		switch {
		case !ok || !fileName.MatchString(base) || !strings.HasSuffix(base, ".parquet"):
			return fmt.Errorf("rejects %d: path %q is not rejects/<name>.parquet", i, clip(p.Path))
		case seen[p.Path]:
			return fmt.Errorf("rejects %d: path %q is there twice", i, clip(p.Path))
		case p.Rows < 0 || p.Bytes < 0 || !hexSum.MatchString(p.SHA256):
			return fmt.Errorf("rejects %d: %d rows, %d bytes, sha256 %q", i, p.Rows, p.Bytes, clip(p.SHA256))
		}
		seen[p.Path] = true
	}
	return nil
}

// sum is -1 if a count is negative.
func sum(counts map[string]int64) int64 {
	var n int64
	for _, c := range counts {
		if c < 0 {
			return -1
		}
		n += c
	}
	return n
}
