package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host"
)

func versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "Print the versions of the program and of what it writes", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versions{host.Version, tensor.FormatVersion, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			if asJSON {
				return printJSON(v)
			}
			fmt.Printf("cubeset %s (dataset format %s, %s, %s)\n", v.Cubeset, v.Format, v.Go, v.System)
			return nil
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

type versions struct {
	Cubeset string `json:"cubeset"`
	Format  string `json:"format_version"`
	Go      string `json:"go"`
	System  string `json:"system"`
}
