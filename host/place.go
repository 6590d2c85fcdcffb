package host

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// place is where a chunk of the dataset begins and ends in the inputs, and what
// it takes to know it again without reading it.
type place struct {
	Key      string          `json:"key"`
	Input    int             `json:"input"` // which, from 0
	File     string          `json:"file"`
	Line     int64           `json:"line"`
	End      *dialogue.Place `json:"end,omitempty"` // nil: reading cannot begin there
	Records  int             `json:"records"`
	Repeated int64           `json:"repeated"` // rows whose id an earlier row had
	Digest   []byte          `json:"digest"`
}

func (b *build) placeOf(c *chunk) place {
	return place{Key: c.Key, Input: slices.Index(b.inputs, c.input), File: c.input.path, Line: c.line, End: c.end, Records: c.records, Repeated: c.repeated, Digest: c.digest[:]}
}

// savePlaces notes where the chunks of the dataset come from, which is no
// matter of the dataset's bytes.
func (o *outdir) savePlaces(all []done) error {
	places := make([]place, len(all))
	for i, d := range all {
		places[i] = d.place
	}
	doc, err := json.Marshal(places)
	if err != nil {
		return err
	}
	o.placesDigest = digestOf(doc)
	return fsx.WriteFile(o.fs, filepath.Join(o.dir, stateDir), placesName, doc)
}

// places reads what savePlaces noted. With a digest it has to be that very note.
func (o *outdir) places(digest string) (places []place, err error) {
	doc, err := o.fs.ReadFile(filepath.Join(o.dir, stateDir, placesName))
	if err != nil {
		return nil, err
	}
	if digest != "" && digest != digestOf(doc) {
		return nil, fmt.Errorf("%s: %w", placesName, errRecord)
	}
	if err := json.Unmarshal(doc, &places); err != nil {
		return nil, fmt.Errorf("%s: %w", placesName, err)
	}
	return places, nil
}

func digestOf(doc []byte) string {
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:])
}
