package main

import (
	"github.com/spf13/cobra"
)

func teacherCommand(self []string) *cobra.Command {
	c := &cobra.Command{Use: "teacher", Short: "Teachers: the models that embed", Args: knownCommand, RunE: showHelp}
	c.AddCommand(teacherListCommand(), teacherInfoCommand(self), teacherFitCommand(self), teacherTestCommand(self))
	return c
}
