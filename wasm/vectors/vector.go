package vectors

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

//go:embed index.json modules rows batches
var files embed.FS

// Files is index.json and all that it names.
func Files() fs.FS { return files }

// Kinds of vectors.
const (
	KindHost  = "host"  // for hosts: run the module on the rows
	KindGuest = "guest" // for SDKs: hand the batch, as it is, to a filter that does the same
	KindPack  = "pack"  // for tools that pack: put the manifest into the module
)

// Steps of a module's life at which an error is noticed.
const (
	AtLoad   = "load"   // before anything of it runs
	AtOpen   = "open"   // start function to cs_configure
	AtFilter = "filter" // cs_filter
)

// Vector is one fault, or one thing that must work, and what must come of it.
type Vector struct {
	ID       string            `json:"id"`    // the first of its rules and a number: "5.2.1"
	Rules    []string          `json:"rules"` // of ABI.md
	Name     string            `json:"name"`
	Kind     string            `json:"kind"`
	Module   string            `json:"module"`             // a file
	Zeros    int               `json:"zeros,omitempty"`    // bytes 0 to append to it
	Manifest string            `json:"manifest,omitempty"` // to pack
	Config   json.RawMessage   `json:"config,omitempty"`   // the user's options
	Blobs    map[string]string `json:"blobs,omitempty"`    // the user's files
	Limits   *Limits           `json:"limits,omitempty"`   // nil = those of ABI.md
	Batches  []Input           `json:"batches"`            // one after the other, on one instance
	Expect   Expect            `json:"expect"`

	bytes []byte // the module without the zeros
}

// Limits are other ones than those of ABI.md; 0 leaves one as it is there, and
// -1 makes it 0.
type Limits struct {
	FuelBase    int64 `json:"fuel_base,omitempty"`
	FuelPerRow  int64 `json:"fuel_per_row,omitempty"`
	FuelPerByte int64 `json:"fuel_per_byte,omitempty"`
	MemoryPages int64 `json:"memory_pages,omitempty"`
	DeadlineMS  int64 `json:"deadline_ms,omitempty"`
}

// Input is one batch, as columns and as bytes.
type Input struct {
	Rows  string `json:"rows,omitempty"` // a file of columns; for guests, none
	Batch string `json:"batch"`          // a file: how a host lays them out for this module
}

// Expect is what must come of a vector. Everything but the last batch passes.
type Expect struct {
	Code     string    `json:"code,omitempty"` // of the error; "" = none
	At       string    `json:"at,omitempty"`   // the step of the error
	Row      *int      `json:"row,omitempty"`  // of the error, if it names one
	Text     string    `json:"text,omitempty"` // part of the error
	Culprit  *int      `json:"culprit,omitempty"`
	Verdicts []Verdict `json:"verdicts,omitempty"` // of the last batch
	Fuel     *int64    `json:"fuel,omitempty"`     // of the last cs_filter
	Log      []Message `json:"log,omitempty"`      // all that was said
	Stage    string    `json:"stage,omitempty"`
}

// Verdict is that of one row.
type Verdict struct {
	Keep   bool    `json:"keep"`
	Reason uint16  `json:"reason"`
	Score  float32 `json:"score"`
}

// Message is a line of the log.
type Message struct {
	Level int    `json:"level"`
	Text  string `json:"text"`
}

// Read reads the vectors of a folder such as Files.
func Read(folder fs.FS) ([]Vector, error) {
	raw, err := fs.ReadFile(folder, "index.json")
	if err != nil {
		return nil, err
	}
	var all []Vector
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("index.json: %w", err)
	}
	for i := range all {
		if all[i].bytes, err = fs.ReadFile(folder, all[i].Module); err != nil {
			return nil, fmt.Errorf("%s: %w", all[i].ID, err)
		}
	}
	return all, nil
}

// Wasm is the module.
func (v *Vector) Wasm() []byte {
	return append(v.bytes[:len(v.bytes):len(v.bytes)], make([]byte, v.Zeros)...)
}
