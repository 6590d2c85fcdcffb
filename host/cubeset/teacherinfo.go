package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
)

func teacherInfoCommand(self []string) *cobra.Command {
	var file string
	var asJSON bool
	c := &cobra.Command{
		Use: "info NAME|PATH", Short: "Say all that is known of a teacher", Args: oneArg("teacher"),
		Long: `Say all that is known of a teacher that has a name: its model, what it needs and
whether that is on this machine, the similarity threshold a build takes and why,
and how to use it. Nothing is started but Python, to ask which modules it has.
Of one that is named by its path: its command, which variables it may see, and
the digest of its files.`,
		Example: "  cubeset teacher info all-minilm-l6\n  cubeset teacher info static-768 --json",
	}
	f := c.Flags()
	f.StringVarP(&file, "config", "c", "", "configuration `FILE` (default ./"+configName+" if it is there)")
	jsonFlag(c, &asJSON)
	flags := settingFlags(f, "python")
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configure(file, flags)
		if err != nil {
			return usageError{err}
		}
		if card, ok, err := config.FolderCard(c.Context(), args[0]); err != nil {
			return fmt.Errorf("teacher info: %w", err)
		} else if ok && asJSON {
			return printJSON(card)
		} else if ok {
			printFolder(os.Stdout, card)
			return nil
		}
		info, err := config.TeacherInfo(c.Context(), args[0], host.Options{Self: self})
		if err != nil {
			return fmt.Errorf("teacher info: %w", err)
		}
		if asJSON {
			return printJSON(info)
		}
		printTeacher(os.Stdout, info)
		return nil
	}
	return c
}

// printFolder is a line for each thing that a folder says of its teacher.
func printFolder(w io.Writer, t host.FolderCard) {
	line := func(name, text string) { fmt.Fprintf(w, "  %-11s%s\n", name, term.Clean(text, errorMax)) }
	fmt.Fprintf(w, "%s: %s\n\n", term.Clean(t.Name, cellMax), term.Clean(cmp.Or(t.Doc, "a teacher of your own"), errorMax))
	line("folder", t.Folder)
	line("command", again(t.Command))
	line("may see", strings.Join(append([]string{"PATH"}, t.Env...), ", "))
	line("digest", t.Digest)
	fmt.Fprintf(w, "\nWhat its model is, only the running teacher can say:\n  cubeset teacher test %s\n", quote(t.Folder))
}

// printTeacher is a line for each thing that is known.
func printTeacher(w io.Writer, t host.TeacherInfo) {
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(w, "  %-11s%s\n", name, term.Clean(text, errorMax))
		}
	}
	fmt.Fprintf(w, "%s: %s\n\n", term.Clean(t.Name, cellMax), term.Clean(t.Doc, errorMax))
	line("model", t.Model)
	line("revision", revision(t.TeacherCard))
	line("runs in", runsIn(t.TeacherCard))
	if t.Dims > 0 {
		line("dims", strconv.Itoa(t.Dims)+cuts(t.Matryoshka))
	} else {
		line("dims", "as many as the model has")
	}
	if t.MaxTokens > 0 {
		line("reads", count(int64(t.MaxTokens))+" tokens of a text")
	}
	line("pooling", t.Pooling)
	line("prefixes", prefixes(t.TeacherCard))
	line("languages", t.Languages)
	line("licence", t.Licence)
	line("embed_id", t.EmbedID)
	line("similarity", fmt.Sprintf("%.2f, %s", t.Similarity.Min, t.Similarity.Why))
	if t.Raw {
		line("raw", "a raw language model: it was not trained to tell whether two texts belong together")
	}
	if len(t.Checks) == 0 {
		line("needs", "nothing")
	}
	ready := true
	for i, n := range t.Checks {
		mark := "?"
		if n.Met != nil {
			mark = "yes"
			if !*n.Met {
				mark, ready = "NO", false
			}
		}
		line([]string{"needs", ""}[min(i, 1)], fmt.Sprintf("%-5s%s", mark, n.What))
		if mark == "NO" {
			line("", "     "+n.Fix)
		}
	}
	use := "Use it"
	if !ready {
		use = "Use it, once it has what it needs"
	}
	fmt.Fprintf(w, "\n%s:\n  cubeset build dialogues.jsonl -o dataset --teacher %s\n", use, quote(t.Name))
}

// revision says which one, and what a build does about one that is not pinned.
func revision(t host.TeacherCard) string {
	if t.Revision != "" {
		return t.Revision
	}
	if t.Pinned {
		return ""
	}
	return "not pinned: the model may change under its name; each build compares the probes with those of the first, and stops if it has"
}

// runsIn is where a teacher runs, and which of the programs there it is.
func runsIn(t host.TeacherCard) string {
	if len(t.Needs) == 0 {
		return t.RunsIn
	}
	return t.RunsIn + " (" + t.Program + ")"
}

// cuts is the lengths a vector may be cut to.
func cuts(sizes []int) string {
	if len(sizes) == 0 {
		return ""
	}
	var all []string
	for _, n := range sizes {
		all = append(all, strconv.Itoa(n))
	}
	return ", trained to be cut to " + strings.Join(all, ", ")
}

// prefixes is what the host puts before texts.
func prefixes(t host.TeacherCard) string {
	if t.QuestionPrefix == "" && t.AnswerPrefix == "" {
		return ""
	}
	return fmt.Sprintf("%q before a question, %q before an answer", t.QuestionPrefix, t.AnswerPrefix)
}
