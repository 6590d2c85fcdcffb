package checklist

import (
	"encoding/xml"
	"fmt"
	"io"
)

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

// JUnit writes results as a JUnit test suite, which CI systems read. Suite is
// what was checked, class what such things are, document where the rules are.
func JUnit(w io.Writer, suite, class, document string, results []Result) error {
	s := junitSuite{Name: suite, Tests: len(results), Failures: Failures(results)}
	seconds := func(f float64) string { return fmt.Sprintf("%.3f", f) }
	total := 0.0
	for _, r := range results {
		j := junitCase{Name: r.Name, Class: class, Time: seconds(r.Seconds)}
		total += r.Seconds
		switch r.Status {
		case Failed:
			text := r.Advice(document)
			for _, f := range r.Trace {
				text += "\nin " + f
			}
			j.Failure = &junitMessage{r.Detail, text}
		case Skipped:
			s.Skipped++
			j.Skipped = &junitMessage{Message: r.Detail}
		case Warned:
			j.Out = r.Detail + ": " + r.Advice(document)
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
