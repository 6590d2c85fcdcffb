package guard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// The test binary plays the child, as its one argument says.
func TestMain(m *testing.M) {
	if os.Getenv("GUARD_CHILD") == "" {
		os.Exit(m.Run())
	}
	if err := Limit(); err != nil {
		panic(err)
	}
	in, _ := io.ReadAll(os.Stdin)
	switch string(in) {
	case "fine":
		os.Exit(0)
	case "greedy":
		b := make([]byte, 3<<30)
		b[len(b)-1] = 1
	case "says":
		fmt.Fprintf(os.Stderr, "bad \x1b[31mmodule%s\n", strings.Repeat("!", 1<<20))
		os.Exit(1)
	case "env":
		fmt.Fprint(os.Stderr, os.Environ())
		os.Exit(1)
	}
}

func TestRun(t *testing.T) {
	t.Setenv("CANARY", "secret")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(stdin string) error {
		return Run(context.Background(), []string{exe}, []string{"GUARD_CHILD=1"}, []byte(stdin))
	}
	if err := run("fine"); err != nil {
		t.Errorf("fine: %v", err)
	}
	if err := run("greedy"); !errors.Is(err, ErrKilled) {
		t.Errorf("greedy: %v", err)
	}
	if err := run("says"); err == nil || !strings.HasPrefix(err.Error(), `bad \u001B[31mmodule!!!`) || len(err.Error()) > messageMax+20 {
		t.Errorf("says: %v", err)
	}
	if err := run("env"); err == nil || err.Error() != "[GUARD_CHILD=1]" {
		t.Errorf("env: %v", err)
	}
}
