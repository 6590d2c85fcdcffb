package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/split"
	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/wasm/filters"
)

// Limits of a Config.
const (
	workersMax   = 256
	chunkRowsLow = 16 // a chunk this small already costs more than it saves
	chunkRowsMax = 1 << 20
)

// Config says what a build reads, does and writes. It starts from
// DefaultConfig; the zero Config is not valid. Settings lists every field with
// its flag, its key in cubeset.yaml and its environment variable.
type Config struct {
	Inputs []string // files to read, in order; "-" is standard input
	Out    string   // the dataset's folder

	Format         string                                // of the inputs, "auto" or a name of dialogue.Formats
	Fields         map[string]string                     // our field → what the inputs call it
	ContextTurns   int                                   // messages before the question that go into the context column
	MaxTurns       int                                   // pairs taken of one dialogue, 0 takes them all
	Branches       string                                // of a tree of answers, "best" or "all"
	System         string                                // system prompts: "drop", or "context" puts them there
	Teacher        string                                // a bundled teacher's name, or the path of a teacher's folder or command
	Fallback       []string                              // teachers of which the first that works takes the place of one that does not, before the first row
	EachTeacher    []string                              // teachers of which each makes a dataset, in Out/TEACHER; only for BuildEach
	Model          string                                // the teacher's model, for a program that can be many: a folder, a file or a name
	Teachers       map[string]TeacherEntry               // teachers of the user's own, by name
	TeacherOptions map[string]json.RawMessage            // settings of the teacher, over those its name stands for
	Lock           string                                // file that all that is used must be in, with its digest; "" and "off" hold nothing back
	Python         string                                // interpreter of the teachers that are written in Python
	Preset         string                                // bundled filters to start from, a name of filters.Presets
	Filters        []string                              // more filters after the preset's: bundled names or .wasm files
	FilterOptions  map[string]map[string]json.RawMessage // filter name → option → value
	FilterBlobs    map[string]map[string]string          // filter name → blob → file
	MinSimilarity  string                                // "auto" or a number from -1 to 1
	Validation     string                                // share of groups in validation, a decimal from 0 to 1
	Test           string                                // share of groups in test, a decimal from 0 to 1
	Seed           int64                                 // of the split
	Leak           string                                // "keep" or "drop" rows of validation and test whose question a train row asks
	Dedup          string                                // "exact", "near" (and exact) or "none"
	Shape          string                                // of a tensor, "8x8x12"
	Projection     string                                // file of a fitted map from the teacher's vectors to a tensor; "" takes the one that needs no data
	Profile        string                                // how the Parquet is written, a name of tensor.Profiles
	Licence        string                                // of the data, for the dataset's card; "" says nothing
	Cache          string                                // folder of the embedding cache; "" is the user's own, "off" is none
	CacheMax       string                                // how large the cache may be after a build, such as 20GB; "" is no limit
	Workers        int                                   // chunks worked on at once
	ChunkRows      string                                // records in a chunk, "min:max"
	TeacherTime    string                                // longest wait for an answer of the teacher, a duration such as "60s"
	OnError        string                                // a filter that traps on a row: "fail", "keep" or "drop" the row
	Rejects        string                                // "safe" leaves out the texts of sensitive rejects, "full" keeps them
	Check          bool                                  // believe no file's size and time: read everything again
	Strict         bool                                  // skipped or teacher-rejected rows make the build end with ErrSkipped
}

// DefaultConfig is what a build does when nothing else is said.
func DefaultConfig() Config {
	return Config{
		Format:        "auto",
		ContextTurns:  dialogue.DefaultOptions().ContextTurns,
		Branches:      "best",
		System:        "drop",
		Teacher:       plugins.Default,
		Python:        "python3",
		Preset:        "dialogue",
		MinSimilarity: "auto",
		Validation:    "0.2",
		Test:          "0",
		Seed:          42,
		Leak:          "keep",
		Dedup:         "exact",
		Shape:         tensor.DefaultShape().String(),
		Profile:       string(tensor.Compat),
		Workers:       min(runtime.NumCPU(), workersMax),
		ChunkRows:     "2048:8192",
		TeacherTime:   "60s",
		OnError:       "fail",
		Rejects:       "safe",
	}
}

// Validate checks everything that can be checked without touching a file and
// returns all complaints at once.
func (c Config) Validate() error {
	err := c.validateReading()
	if c.Out == "" {
		err = errors.Join(err, errors.New("out: no folder to write to (-o DIR)"))
	}
	if len(c.EachTeacher) > 0 {
		err = errors.Join(err, errors.New("each_teacher: several datasets, and this makes one"))
	}
	return err
}

// validateReading checks a Config with which nothing is written.
func (c Config) validateReading() error {
	err := c.validateSettings()
	if len(c.Inputs) == 0 {
		err = errors.Join(errors.New("input: nothing to read"), err)
	}
	return err
}

// validateSettings checks what says neither what is read nor where it goes.
func (c Config) validateSettings() error {
	var errs []error
	complain := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf(key+": "+format, args...))
	}
	oneOf := func(key, got string, names []string) {
		for _, n := range names {
			if got == n {
				return
			}
		}
		complain(key, "unknown value %q%s", got, suggest(got, names))
	}
	format, _, _ := strings.Cut(c.Format, ":") // csv and tsv may name their columns
	oneOf("format", format, append([]string{"auto"}, formatNames()...))
	if err := c.reading().Validate(); err != nil && !errors.Is(err, dialogue.ErrFormat) {
		errs = append(errs, err)
	}
	oneOf("preset", c.Preset, filters.Presets())
	oneOf("dedup", c.Dedup, []string{"exact", "near", "none"})
	oneOf("leak", c.Leak, []string{"keep", "drop"})
	if _, err := tensor.ParseShape(c.Shape); err != nil {
		complain("shape", "%w", err)
	}
	if err := tensor.Profile(c.Profile).Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.CacheMax != "" {
		if _, err := cache.ParseSize(c.CacheMax); err != nil {
			complain("cache_max", "%w", err)
		}
	}
	oneOf("on_error", c.OnError, []string{"fail", "keep", "drop"})
	oneOf("rejects", c.Rejects, []string{"safe", "full"})
	if _, err := c.minSimilarity(); err != nil {
		errs = append(errs, err)
	}
	if _, err := split.New(c.Validation, c.Test, c.Seed); err != nil {
		errs = append(errs, err)
	}
	if c.Workers < 1 || c.Workers > workersMax {
		complain("workers", "%d is outside 1..%d", c.Workers, workersMax)
	}
	if _, _, err := c.chunkRows(); err != nil {
		errs = append(errs, err)
	}
	if d, err := time.ParseDuration(c.TeacherTime); err != nil || d <= 0 {
		complain("teacher_timeout", "%q is not a time such as 60s", c.TeacherTime)
	}
	if c.Teacher == "" {
		complain("teacher", "no name")
	}
	if err := c.validateFallback(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// shape is the Shape of a valid Config.
func (c Config) shape() tensor.Shape {
	s, _ := tensor.ParseShape(c.Shape)
	return s
}

// reading is how the inputs are read.
func (c Config) reading() dialogue.Options {
	o := dialogue.DefaultOptions()
	o.Format, o.Fields, o.ContextTurns, o.MaxTurns, o.Branches, o.System = c.Format, c.Fields, c.ContextTurns, c.MaxTurns, c.Branches, c.System
	return o
}

// minSimilarity is the threshold a user set, or nil for "auto".
func (c Config) minSimilarity() (*float32, error) {
	if c.MinSimilarity == "auto" {
		return nil, nil
	}
	f, err := strconv.ParseFloat(c.MinSimilarity, 32)
	if err != nil || !(f >= -1 && f <= 1) {
		return nil, fmt.Errorf("min_similarity: %q is neither auto nor a number from -1 to 1", c.MinSimilarity)
	}
	g := float32(f)
	return &g, nil
}

func (c Config) chunkRows() (low, high int, err error) {
	l, h, ok := strings.Cut(c.ChunkRows, ":")
	low, err1 := strconv.Atoi(l)
	high, err2 := strconv.Atoi(h)
	if !ok || err1 != nil || err2 != nil || low < chunkRowsLow || high < low || high > chunkRowsMax {
		return 0, 0, fmt.Errorf("chunk_rows: %q is not MIN:MAX with %d ≤ MIN ≤ MAX ≤ %d", c.ChunkRows, chunkRowsLow, chunkRowsMax)
	}
	return low, high, nil
}

func formatNames() []string {
	var names []string
	for _, f := range dialogue.Formats() {
		names = append(names, f.Name)
	}
	return names
}

// isPath tells the path of a file from a name of ours: a name has no separator
// and no dot.
func isPath(s string) bool {
	return strings.ContainsRune(s, os.PathSeparator) || strings.Contains(s, ".")
}
