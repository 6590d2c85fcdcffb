package teachertest

import (
	"io"

	"github.com/cubeset/cubeset/sdk/checklist"
)

// Document is where the rules are that results name.
const Document = "PROTOCOL.md"

// Status is what became of a check.
type Status = checklist.Status

// Every Status.
const (
	Passed  = checklist.Passed
	Warned  = checklist.Warned // a rule with SHOULD is not kept: the teacher works
	Failed  = checklist.Failed
	Skipped = checklist.Skipped
)

// Result is one check, done. Detail and Change may quote the teacher, with
// what cannot be printed as escapes.
type Result = checklist.Result

// Report is every check of one teacher, in the order they were done.
type Report struct {
	Teacher string   `json:"teacher"` // its name, "" if it did not come to that
	EmbedID string   `json:"embed_id"`
	Checks  []Result `json:"checks"`
}

// Failures is how many checks failed.
func (r Report) Failures() int { return checklist.Failures(r.Checks) }

// JUnit writes the report as a JUnit test suite, which CI systems read.
func (r Report) JUnit(w io.Writer) error {
	return checklist.JUnit(w, r.Teacher, "cubeset.teacher", Document, r.Checks)
}
