package host

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Setting is one field of a Config. Its flag is --min-similarity, its key in
// cubeset.yaml min_similarity and its environment variable
// CUBESET_MIN_SIMILARITY when its Name is "min-similarity".
type Setting struct {
	Name  string
	Short string // one-letter flag, or ""
	Arg   string // what the help text calls the value, "" for a switch
	Doc   string // one line for the help text
	List  bool   // may be given several times; each adds

	get func(*Config) string
	set func(*Config, string) error
}

// Key is the setting's name in cubeset.yaml.
func (s Setting) Key() string { return strings.ReplaceAll(s.Name, "-", "_") }

// Env is the setting's environment variable.
func (s Setting) Env() string { return "CUBESET_" + strings.ToUpper(s.Key()) }

// Get is the setting's value in c, as Set takes it.
func (s Setting) Get(c *Config) string { return s.get(c) }

// Set parses value into c. For a List it adds.
func (s Setting) Set(c *Config, value string) error {
	if err := s.set(c, value); err != nil {
		return fmt.Errorf("%s: %w", s.Key(), err)
	}
	return nil
}

// Settings is every setting of a build, in the order of the help text. Flags,
// cubeset.yaml, environment variables and the reference all come from here.
func Settings() []Setting {
	return []Setting{
		text("out", "o", "DIR", "folder of the dataset; made if absent", func(c *Config) *string { return &c.Out }),
		text("format", "", "NAME", "format of the inputs: auto, or "+strings.Join(formatNames(), ", "), func(c *Config) *string { return &c.Format }),
		fieldMap(),
		integer("context-turns", "N", "messages before the question that go into the context column", func(c *Config) *int { return &c.ContextTurns }),
		integer("max-turns", "N", "pairs taken of one dialogue; 0 takes them all", func(c *Config) *int { return &c.MaxTurns }),
		text("branches", "", "best|all", "of several answers in a tree, take the best one or all", func(c *Config) *string { return &c.Branches }),
		text("system", "", "drop|context", "leave system prompts out, or put them into the context column", func(c *Config) *string { return &c.System }),
		text("teacher", "", "NAME|PATH", "bundled teacher, or the folder or command of your own (see: cubeset teacher list)", func(c *Config) *string { return &c.Teacher }),
		list("fallback", "NAME|PATH", "teacher for the whole dataset if the first one does not start, or embeds nothing; tried in order", func(c *Config) *[]string { return &c.Fallback }),
		list("each-teacher", "NAME|PATH", "a dataset of each of several teachers, in DIR/TEACHER; instead of --teacher", func(c *Config) *[]string { return &c.EachTeacher }),
		text("model", "", "DIR|NAME", "model of the teacher, where its program can be many", func(c *Config) *string { return &c.Model }),
		teacherOption(),
		text("python", "", "CMD", "interpreter of the teachers written in Python, with the package cubeset", func(c *Config) *string { return &c.Python }),
		list("filter", "X", "bundled filter, .wasm or .js file, added after the preset's", func(c *Config) *[]string { return &c.Filters }),
		filterOption(),
		filterBlob(),
		text("preset", "", "NAME", "filters to start from: dialogue (length, echo, similarity), web (for long answers: echo, junk, url, repetition, gopher_repetition, fineweb, similarity) or none", func(c *Config) *string { return &c.Preset }),
		text("min-similarity", "", "F|auto", "lowest question-answer cosine the similarity filter keeps; auto takes the teacher's own value, else 0.3", func(c *Config) *string { return &c.MinSimilarity }),
		text("validation", "", "F", "share of dialogues in the validation split, 0 to 1", func(c *Config) *string { return &c.Validation }),
		text("test", "", "F", "share of dialogues in the test split, 0 to 1", func(c *Config) *string { return &c.Test }),
		number("seed", "N", "seed of the split", func(c *Config) *int64 { return &c.Seed }),
		text("leak", "", "keep|drop", "drop rows of validation and test whose question a train row asks; reads the inputs twice", func(c *Config) *string { return &c.Leak }),
		text("dedup", "", "exact|near|none", "drop pairs whose texts repeat an earlier pair's: exact, but for case and spacing; near, almost", func(c *Config) *string { return &c.Dedup }),
		text("shape", "", "AxBxC", "shape of a tensor; vectors of another size than its values are projected", func(c *Config) *string { return &c.Shape }),
		text("projection", "", "FILE", "map from the teacher's vectors to a tensor, made by cubeset teacher fit", func(c *Config) *string { return &c.Projection }),
		text("profile", "", "compat|compact|fast", "compat compresses everything and is read everywhere; compact is smallest; fast leaves tensors uncompressed", func(c *Config) *string { return &c.Profile }),
		text("licence", "", "ID", "licence of the data for the dataset's card, such as cc-by-4.0", func(c *Config) *string { return &c.Licence }),
		text("lock", "", "FILE|off", "lock that all filters and teachers must be in (default cubeset.lock beside the configuration, if it is there)", func(c *Config) *string { return &c.Lock }),
		text("cache", "", "DIR|off", "embedding cache (default $CUBESET_CACHE, else the user's cache folder)", func(c *Config) *string { return &c.Cache }),
		text("cache-max", "", "SIZE", "after the build, make room in the cache until it is no larger: 20GB, 512MiB; what was not used for longest goes first", func(c *Config) *string { return &c.CacheMax }),
		integer("workers", "N", "chunks worked on at once; never changes the output", func(c *Config) *int { return &c.Workers }),
		text("chunk-rows", "", "MIN:MAX", "records in a chunk, the unit of parallel work and of reuse", func(c *Config) *string { return &c.ChunkRows }),
		text("teacher-timeout", "", "TIME", "longest wait for the teacher to answer one batch", func(c *Config) *string { return &c.TeacherTime }),
		text("on-error", "", "fail|keep|drop", "what to do with a row on which a filter traps", func(c *Config) *string { return &c.OnError }),
		text("rejects", "", "safe|full", "safe leaves the texts of sensitive rejects out of rejects/", func(c *Config) *string { return &c.Rejects }),
		toggle("check", "read inputs and finished parts again even if their sizes and times are as they were", func(c *Config) *bool { return &c.Check }),
		toggle("strict", "end with exit code 3 if a row was skipped or rejected by the teacher", func(c *Config) *bool { return &c.Strict }),
	}
}

func text(name, short, arg, doc string, field func(*Config) *string) Setting {
	return Setting{Name: name, Short: short, Arg: arg, Doc: doc,
		get: func(c *Config) string { return *field(c) },
		set: func(c *Config, s string) error { *field(c) = s; return nil }}
}

func list(name, arg, doc string, field func(*Config) *[]string) Setting {
	return Setting{Name: name, Arg: arg, Doc: doc, List: true,
		get: func(c *Config) string { return strings.Join(*field(c), ",") },
		set: func(c *Config, s string) error { *field(c) = append(*field(c), s); return nil }}
}

func number(name, arg, doc string, field func(*Config) *int64) Setting {
	return Setting{Name: name, Arg: arg, Doc: doc,
		get: func(c *Config) string { return strconv.FormatInt(*field(c), 10) },
		set: func(c *Config, s string) (err error) {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				return fmt.Errorf("%q is not a whole number", s)
			}
			*field(c) = n
			return nil
		}}
}

func integer(name, arg, doc string, field func(*Config) *int) Setting {
	o := number(name, arg, doc, nil)
	o.get = func(c *Config) string { return strconv.Itoa(*field(c)) }
	o.set = func(c *Config, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		*field(c) = n
		return nil
	}
	return o
}

func toggle(name, doc string, field func(*Config) *bool) Setting {
	return Setting{Name: name, Doc: doc,
		get: func(c *Config) string { return strconv.FormatBool(*field(c)) },
		set: func(c *Config, s string) error {
			b, err := strconv.ParseBool(s)
			if err != nil {
				return fmt.Errorf("%q is neither true nor false", s)
			}
			*field(c) = b
			return nil
		}}
}

// fieldMap is --field question=prompt_text.
func fieldMap() Setting {
	return Setting{Name: "field", Arg: "OURS=THEIRS", List: true,
		Doc: "what the inputs call a field, for example question=prompt_text",
		get: func(c *Config) string {
			var all []string
			for _, k := range keys(c.Fields) {
				all = append(all, k+"="+c.Fields[k])
			}
			return strings.Join(all, ",")
		},
		set: func(c *Config, s string) error {
			ours, theirs, ok := strings.Cut(s, "=")
			if !ok || ours == "" || theirs == "" {
				return fmt.Errorf("%q is not OURS=THEIRS", s)
			}
			if c.Fields == nil {
				c.Fields = map[string]string{}
			}
			c.Fields[ours] = theirs
			return nil
		}}
}

// teacherOption is --teacher-option pooling=cls. The value is JSON; a word that
// is not JSON is taken as a string.
func teacherOption() Setting {
	return Setting{Name: "teacher-option", Arg: "KEY=VALUE", List: true,
		Doc: "setting of the teacher, for example pooling=cls",
		get: func(c *Config) string {
			var all []string
			for _, k := range keys(c.TeacherOptions) {
				all = append(all, fmt.Sprintf("%s=%s", k, c.TeacherOptions[k]))
			}
			return strings.Join(all, ",")
		},
		set: func(c *Config, s string) error {
			key, value, ok := strings.Cut(s, "=")
			if !ok || key == "" {
				return fmt.Errorf("%q is not KEY=VALUE", s)
			}
			c.setTeacherOption(key, asJSON(value))
			return nil
		}}
}

func (c *Config) setTeacherOption(key string, value json.RawMessage) {
	if c.TeacherOptions == nil {
		c.TeacherOptions = map[string]json.RawMessage{}
	}
	c.TeacherOptions[key] = value
}

// asJSON is a value of the command line: JSON, or else a string.
func asJSON(value string) json.RawMessage {
	raw := json.RawMessage(value)
	if !json.Valid(raw) {
		raw, _ = json.Marshal(value)
	}
	return raw
}

// filterOption is --filter-option length.question_min=3. The value is JSON; a
// word that is not JSON is taken as a string.
func filterOption() Setting {
	return Setting{Name: "filter-option", Arg: "FILTER.KEY=VALUE", List: true,
		Doc: "setting of a filter, for example length.question_min=3",
		get: func(c *Config) string {
			var all []string
			for f, options := range c.FilterOptions {
				for k, v := range options {
					all = append(all, fmt.Sprintf("%s.%s=%s", f, k, v))
				}
			}
			slices.Sort(all)
			return strings.Join(all, ",")
		},
		set: func(c *Config, s string) error {
			name, value, ok := strings.Cut(s, "=")
			filter, key, ok2 := strings.Cut(name, ".")
			if !ok || !ok2 || filter == "" || key == "" {
				return fmt.Errorf("%q is not FILTER.KEY=VALUE", s)
			}
			c.setFilterOption(filter, key, asJSON(value))
			return nil
		}}
}

// filterBlob is --filter-blob wordlist.words=words.txt.
func filterBlob() Setting {
	return Setting{Name: "filter-blob", Arg: "FILTER.NAME=FILE", List: true,
		Doc: "file for a filter, for example wordlist.words=words.txt",
		get: func(c *Config) string {
			var all []string
			for _, f := range keys(c.FilterBlobs) {
				for _, k := range keys(c.FilterBlobs[f]) {
					all = append(all, fmt.Sprintf("%s.%s=%s", f, k, c.FilterBlobs[f][k]))
				}
			}
			return strings.Join(all, ",")
		},
		set: func(c *Config, s string) error {
			name, file, ok := strings.Cut(s, "=")
			filter, key, ok2 := strings.Cut(name, ".")
			if !ok || !ok2 || filter == "" || key == "" || file == "" {
				return fmt.Errorf("%q is not FILTER.NAME=FILE", s)
			}
			if c.FilterBlobs == nil {
				c.FilterBlobs = map[string]map[string]string{}
			}
			if c.FilterBlobs[filter] == nil {
				c.FilterBlobs[filter] = map[string]string{}
			}
			c.FilterBlobs[filter][key] = file
			return nil
		}}
}

func (c *Config) setFilterOption(filter, key string, value json.RawMessage) {
	if c.FilterOptions == nil {
		c.FilterOptions = map[string]map[string]json.RawMessage{}
	}
	if c.FilterOptions[filter] == nil {
		c.FilterOptions[filter] = map[string]json.RawMessage{}
	}
	c.FilterOptions[filter][key] = value
}
