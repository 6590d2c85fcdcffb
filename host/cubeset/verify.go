package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/host/internal/term"
)

func verifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "verify DIR", Short: "Check every byte and every promise of a dataset", Args: oneArg("dataset folder"),
		Long: `Check a dataset against its manifest. Each fault is a line, FILE: KIND: what is
wrong; with any, the exit code is 6. The kinds:

  missing, foreign        a file of the manifest is not there, or one too many is
  bytes, sha256           a file has another size or other bytes
  schema, meta            columns, shape, profile, or what the part says of its
                          teacher and space, are not the manifest's
  rows, counts            a part holds more or fewer rows, or cannot be read to
                          its end; the manifest's numbers do not add up
  finite, norm, text      a number is not finite, a tensor has not the length 1,
                          a text is not UTF-8
  split                   a row is in a part of another split, or its dialogue is
                          in two splits`,
		Example: "  cubeset verify first-dataset\n  cubeset verify first-dataset --json",
		RunE: func(_ *cobra.Command, args []string) error {
			faults, err := tensor.Verify(fsx.OS{}, args[0], tensor.VerifyOptions{})
			if err != nil {
				return fmt.Errorf("verify: %w", err)
			}
			v := verification{Path: args[0], Faults: append([]tensor.Fault{}, faults...)}
			if m, err := tensor.ReadManifest(fsx.OS{}, args[0]); err == nil { // or it is among the faults
				v.Rows, v.Parts = m.Kept, len(m.Parts)
			}
			if asJSON {
				err = printJSON(v)
			} else {
				v.print()
			}
			if len(faults) > 0 {
				err = errors.Join(err, fmt.Errorf("%w: %s in %s", errDamage, plural(int64(len(faults)), "fault"), term.Clean(args[0], 1000)))
			}
			return err
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// verification is what verify finds; it is the JSON it prints.
type verification struct {
	Path   string         `json:"path"`
	Rows   int64          `json:"rows"`
	Parts  int            `json:"parts"`
	Faults []tensor.Fault `json:"faults"`
}

func (v *verification) print() {
	for _, f := range v.Faults {
		fmt.Printf("%s: %s: %s\n", term.Clean(f.Path, 1000), f.Kind, term.Clean(f.Detail, 1000))
	}
	if len(v.Faults) == 0 {
		fmt.Fprintf(os.Stdout, "%s: %s in %s, all as the manifest says\n", term.Clean(v.Path, 1000), plural(v.Rows, "row"), plural(int64(v.Parts), "part"))
	}
}

// damaged is the error of a command that met damage in the dataset in dir,
// which has an exit code of its own, or else err.
func damaged(command string, err error, dir string) error {
	if errors.Is(err, tensor.ErrDamaged) {
		return fmt.Errorf("%s: %w: %w; see cubeset verify %s", command, errDamage, err, quote(dir))
	}
	return fmt.Errorf("%s: %w", command, err)
}
