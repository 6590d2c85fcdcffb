package main

import (
	"reflect"
	"testing"
)

func TestShellBlocks(t *testing.T) {
	doc := "# Title\n\n```sh\necho a\n```\n\n```text\na\n```\n\nwords\n\n```yaml\nx: 1\n```\n\n```sh\necho b\n```\n\nmore words\n\n```text\nnot its output\n```\n"
	want := []block{
		{line: 3, commands: "echo a\n", output: "a\n", shown: true},
		{line: 17, commands: "echo b\n"},
	}
	if got := shellBlocks(doc); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSteadyHidesTimesAndNothingElse(t *testing.T) {
	for in, want := range map[string]string{
		"kept 263 in 415 ms":       "kept 263 in TIME",
		"took 1.5 s, 2 parts":      "took TIME, 2 parts",
		"1.6 MB and 16.7 % of 12":  "1.6 MB and 16.7 % of 12",
		"263 strings, 5 msgs kept": "263 strings, 5 msgs kept",
	} {
		if got := steady(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestReason(t *testing.T) {
	said := "=== RUN   TestX\n    x_test.go:12: no corpus here\n--- SKIP: TestX (0.00s)\n"
	if got := reason(said); got != "no corpus here" {
		t.Errorf("got %q", got)
	}
}
