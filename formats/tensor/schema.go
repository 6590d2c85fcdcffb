package tensor

import (
	"errors"
	"fmt"
	"regexp"
)

const (
	scoresMax       = 32
	rowGroupDefault = 4096
	rowGroupRowsMax = 1 << 16
)

// Meta is what a part says of itself, in its footer under the key "cubeset".
type Meta struct {
	FormatVersion string `json:"format_version"`
	Shape         Shape  `json:"shape"`
	Normalised    bool   `json:"normalised"` // every tensor has length 1
	Teacher       string `json:"teacher"`
	EmbedID       string `json:"embed_id"`
	SpaceID       string `json:"space_id"`
	Projection    string `json:"projection"`
	ConfigDigest  string `json:"config_digest"`
	LockDigest    string `json:"lock_digest"`
	Determinism   string `json:"determinism"`
}

// Schema is what the rows of a part look like.
type Schema struct {
	Shape        Shape
	Scores       []string // filters in order; column score_<name> each
	Profile      Profile
	Meta         Meta // FormatVersion and Shape may be left out
	RowGroupRows int  // 0 means 4096
}

// Validate reports all that is wrong with s at once.
func (s Schema) Validate() error {
	errs := []error{s.Shape.Validate(), s.Profile.Validate(), validateScores(s.Scores)}
	if s.RowGroupRows < 0 || s.RowGroupRows > rowGroupRowsMax {
		errs = append(errs, fmt.Errorf("row group: %d rows are outside 0..%d", s.RowGroupRows, rowGroupRowsMax))
	}
	if v := s.Meta.FormatVersion; v != "" && v != FormatVersion {
		errs = append(errs, fmt.Errorf("format version is %q, want %q", clip(v), FormatVersion))
	}
	if m := s.Meta.Shape; m != nil && !m.Equal(s.Shape) {
		errs = append(errs, fmt.Errorf("%w: meta says %s, schema %s", ErrShape, m, s.Shape))
	}
	return errors.Join(errs...)
}

var scoreName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

func validateScores(names []string) error {
	if len(names) > scoresMax {
		return fmt.Errorf("%d filters give more than %d score columns", len(names), scoresMax)
	}
	seen := map[string]bool{}
	for _, n := range names {
		if !scoreName.MatchString(n) {
			return fmt.Errorf("filter name %q does not match %s", clip(n), scoreName)
		}
		if seen[n] {
			return fmt.Errorf("filter name %q is there twice", n)
		}
		seen[n] = true
	}
	return nil
}

// clip keeps foreign text in an error message short.
func clip(s string) string {
	const clipMax = 64
	if len(s) > clipMax {
		return s[:clipMax] + "…"
	}
	return s
}
