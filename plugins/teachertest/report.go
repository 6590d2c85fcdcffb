package teachertest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Status is what became of a check.
type Status string

// Every Status.
const (
	Passed  Status = "passed"
	Warned  Status = "warned" // a rule with SHOULD is not kept: the teacher works
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Result is one check, done. Detail and Change may quote the teacher, with
// what cannot be printed as escapes.
type Result struct {
	Name    string   `json:"name"`
	Rules   []string `json:"rules"` // of PROTOCOL.md
	Status  Status   `json:"status"`
	Detail  string   `json:"detail,omitempty"` // what was seen
	Change  string   `json:"change,omitempty"` // what the author has to change
	Seconds float64  `json:"seconds"`
}

func (r Result) rules() string { return strings.Join(r.Rules, ", ") }

// Report is every check of one teacher, in the order they were done.
type Report struct {
	Teacher string   `json:"teacher"` // its name, "" if it did not come to that
	EmbedID string   `json:"embed_id"`
	Checks  []Result `json:"checks"`
}

// Failures is how many checks failed.
func (r Report) Failures() int {
	n := 0
	for _, c := range r.Checks {
		if c.Status == Failed {
			n++
		}
	}
	return n
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure"`
	Skipped *junitMessage `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as a JUnit test suite, which CI systems read.
func (r Report) JUnit(w io.Writer) error {
	s := junitSuite{Name: r.Teacher, Tests: len(r.Checks), Failures: r.Failures()}
	seconds := func(f float64) string { return fmt.Sprintf("%.3f", f) }
	total := 0.0
	for _, c := range r.Checks {
		j := junitCase{Name: c.Name, Class: "cubeset.teacher", Time: seconds(c.Seconds)}
		total += c.Seconds
		switch c.Status {
		case Failed:
			j.Failure = &junitMessage{c.Detail, fmt.Sprintf("%s (PROTOCOL.md, %s)", c.Change, c.rules())}
		case Skipped:
			s.Skipped++
			j.Skipped = &junitMessage{Message: c.Detail}
		case Warned:
			j.Out = fmt.Sprintf("%s: %s (PROTOCOL.md, %s)", c.Detail, c.Change, c.rules())
		}
		s.Cases = append(s.Cases, j)
	}
	s.Time = seconds(total)
	out, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(out)+"\n")
	return err
}
