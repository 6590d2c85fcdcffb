package kit

import (
	"io"

	"github.com/cubeset/cubeset/sdk/checklist"
)

// Document is where the rules are that results name.
const Document = "wasm/ABI.md"

// Status is what became of a check.
type Status = checklist.Status

// Every Status.
const (
	Passed  = checklist.Passed
	Warned  = checklist.Warned // a rule with SHOULD is not kept: the filter works
	Failed  = checklist.Failed
	Skipped = checklist.Skipped
)

// Result is one check, done. It quotes no text of a row; what it quotes of the
// module has its control characters escaped.
type Result = checklist.Result

// Report is every check of one filter, in the order they were done.
type Report struct {
	Filter string   `json:"filter"` // its name, "" if it did not come to that
	SHA256 string   `json:"sha256"` // of the module
	Checks []Result `json:"checks"`
}

// Failures is how many checks failed.
func (r Report) Failures() int { return checklist.Failures(r.Checks) }

// JUnit writes the report as a JUnit test suite, which CI systems read.
func (r Report) JUnit(w io.Writer) error {
	return checklist.JUnit(w, r.Filter, "cubeset.filter", Document, r.Checks)
}
