package main

import (
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
		Long: `Check a dataset against its manifest: every file is there with its size and
sha256, counts add up, every tensor is finite and of unit length, and no
dialogue is in two splits. Every fault is listed; with any, the exit code is 6.`,
		Example: "  cubeset verify first-dataset",
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := tensor.ReadManifest(fsx.OS{}, args[0])
			if err != nil {
				return fmt.Errorf("verify: %w", err)
			}
			faults, err := tensor.Verify(fsx.OS{}, args[0], tensor.VerifyOptions{})
			if err != nil {
				return fmt.Errorf("verify: %w", err)
			}
			if asJSON {
				if err := printJSON(verification{args[0], m.Kept, len(m.Parts), append([]tensor.Fault{}, faults...)}); err != nil {
					return err
				}
			} else {
				for _, f := range faults {
					fmt.Printf("%s: %s: %s\n", term.Clean(f.Path, cellMax), f.Kind, term.Clean(f.Detail, 1000))
				}
			}
			if len(faults) > 0 {
				return fmt.Errorf("%w: %s in %s", errDamage, plural(int64(len(faults)), "fault"), args[0])
			}
			if !asJSON {
				fmt.Fprintf(os.Stdout, "%s: %s in %s, all as the manifest says\n", args[0], plural(m.Kept, "row"), plural(int64(len(m.Parts)), "part"))
			}
			return nil
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

type verification struct {
	Path   string         `json:"path"`
	Rows   int64          `json:"rows"`
	Parts  int            `json:"parts"`
	Faults []tensor.Fault `json:"faults"`
}
