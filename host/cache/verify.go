package cache

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"slices"
)

// Damage is one fault in a cache.
type Damage struct {
	File   string `json:"file"` // below the cache's folder
	Kind   string `json:"kind"` // DamagedRecord and so on
	Detail string `json:"detail"`
}

// Kinds of damage. All of them cost misses or counts; none gives a wrong vector.
const (
	DamagedRecord  = "record"  // its vector is lost
	DamagedSegment = "segment" // the file itself: its header, the space between records, or it cannot be read
	DamagedIndex   = "index"   // a segment's index
	DamagedMerged  = "merged"  // an index of many segments
	DamagedUse     = "use"     // counts are lost
	DamagedRecipe  = "recipe"  // the description of a recipe
)

// VerifyOptions start from DefaultVerifyOptions.
type VerifyOptions struct {
	// Sample is the share of records to read, above 0 and up to 1. Indexes are
	// read whole. Below 1, Seed decides which records.
	Sample float64
	Seed   uint64
	Found  func(Damage) // called for each damage as it is found
}

// DefaultVerifyOptions reads every record.
func DefaultVerifyOptions() VerifyOptions {
	return VerifyOptions{Sample: 1, Found: func(Damage) {}}
}

// Verified is what Verify saw.
type Verified struct {
	Segments int   // that were read
	Unsealed int   // of them, left by a process that died; the next build seals them
	Live     int   // being written by a living process: not looked at
	Records  int64 // that were read and are whole
	Bytes    int64 // of those records
	Damages  int64
}

// Verify looks for damage in the cache in dir and changes nothing. It goes on
// to the end whatever it finds. The error is ErrAbsent if there is no cache; a
// damage is no error.
func Verify(dir string, o Options, v VerifyOptions) (Verified, error) {
	if !(v.Sample > 0 && v.Sample <= 1) {
		return Verified{}, fmt.Errorf("sample: %v is not above 0 and up to 1", v.Sample)
	}
	o.ReadOnly = true
	k, err := keep(dir, o)
	if err != nil {
		return Verified{}, err
	}
	c := &checker{folder: k.folder, s: k.Store, o: v}
	_, err = c.all()
	return c.done, errors.Join(err, k.close())
}

// checker goes through a cache and tells what is wrong with it.
type checker struct {
	folder
	s    *Store // only to map files
	o    VerifyOptions
	done Verified
}

func (c *checker) found(path, kind, format string, args ...any) {
	c.done.Damages++
	rel, err := filepath.Rel(filepath.Dir(c.dir), path)
	if err != nil {
		rel = path
	}
	c.o.Found(Damage{rel, kind, fmt.Sprintf(format, args...)})
}

// health is what is known of a cache after a check.
type health struct {
	segments []segmentHealth
	useless  []string // files that may be removed: nothing is lost with them
}

// segmentHealth is what is whole in a segment, and what there is to repair.
type segmentHealth struct {
	id      segmentID
	found        // its whole records
	index   bool // the index is missing or wrong
	records bool // some records are bad, or bytes between them
}

// all checks every file.
func (c *checker) all() (h health, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	l, err := c.list()
	if err != nil {
		return h, err
	}
	indexes, merged := map[segmentID]*index{}, map[segmentID]*index{}
	for _, id := range l.indexes {
		if x := c.index(id, indexExt, DamagedIndex); x != nil {
			indexes[id] = x
		}
	}
	for _, id := range l.merged {
		if merged[id] = c.index(id, mergedExt, DamagedMerged); merged[id] == nil {
			h.useless = append(h.useless, c.path(id, mergedExt))
		}
	}
	for _, id := range l.segments {
		once := l.sealed(id)
		if _, err := c.fs.Stat(c.path(id, indexExt)); !once && err == nil {
			once, indexes[id] = true, c.index(id, indexExt, DamagedIndex) // sealed since the listing
		}
		var known []entry // where records must be, in the order of the file
		if x := indexes[id]; x != nil {
			known = slices.Clone(x.entries)
		} else {
			known = c.mergedEntries(merged, id)
			if !once && known != nil {
				once = true
				c.found(c.path(id, indexExt), DamagedIndex, "it is missing")
			}
		}
		if s, ok := c.segment(id, indexes[id], known, once); ok {
			h.segments = append(h.segments, s)
			if s.index {
				delete(indexes, id) // nothing to compare a merged one with
			}
		}
	}
	for _, id := range l.merged {
		if x := merged[id]; x != nil && !c.agrees(id, x, indexes) {
			h.useless = append(h.useless, c.path(id, mergedExt))
		}
	}
	more, err := c.notes()
	h.useless = append(h.useless, more...)
	return h, err
}

// index reads an index file, and is nil if it is damaged or, as builds do with
// merged ones, was removed since the listing.
func (c *checker) index(id segmentID, ext, kind string) *index {
	path := c.path(id, ext)
	b, err := c.s.mapWhole(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		c.found(path, kind, "cannot be read: %v", cause(err))
		return nil
	}
	x, err := parseReadable(b)
	if err == nil && ext == indexExt && !slices.Equal(x.ids, []segmentID{id}) {
		err = fmt.Errorf("%w: of another segment", errIndex)
	}
	if err == nil {
		err = findable(x)
	}
	if err != nil {
		c.found(path, kind, "%v", err)
		return nil
	}
	return x
}

// findable says whether a lookup finds every entry.
func findable(x *index) (err error) {
	defer func() {
		if unreadable(recover()) {
			err = fmt.Errorf("%w: unreadable page", errIndex)
		}
	}()
	for _, e := range x.entries {
		if !slices.Contains(x.find(e.fragment), e) {
			return fmt.Errorf("%w: the entry of offset %d is not found by its fragment", errIndex, e.offset())
		}
	}
	return nil
}

// mergedEntries are a segment's entries in the merged indexes, as its own index
// would have them.
func (c *checker) mergedEntries(merged map[segmentID]*index, id segmentID) (known []entry) {
	for _, x := range merged {
		if x == nil {
			continue
		}
		n := slices.Index(x.ids, id)
		if n < 0 {
			continue
		}
		for _, e := range x.entries {
			if e.segment() == n {
				known = append(known, entry{e.fragment, location(0, e.offset())})
			}
		}
		return known
	}
	return nil
}

// agrees says whether a merged index holds exactly the entries of those of its
// segments whose own index is known to be good.
func (c *checker) agrees(id segmentID, x *index, indexes map[segmentID]*index) bool {
	path := c.path(id, mergedExt)
	rest := make([][]entry, len(x.ids)) // what must still come; nil: not known
	for i, id := range x.ids {
		if own := indexes[id]; own != nil {
			rest[i] = own.entries
		}
	}
	for _, e := range x.entries {
		n := e.segment()
		if n >= len(rest) {
			c.found(path, DamagedMerged, "an entry names segment %d of %d", n, len(rest))
			return false
		}
		if indexes[x.ids[n]] == nil {
			continue
		}
		if len(rest[n]) == 0 || rest[n][0] != (entry{e.fragment, location(0, e.offset())}) {
			c.found(path, DamagedMerged, "it differs from the index of segment %s", hex.EncodeToString(x.ids[n][:]))
			return false
		}
		rest[n] = rest[n][1:]
	}
	for n, r := range rest {
		if len(r) > 0 {
			c.found(path, DamagedMerged, "it lacks %d entries of segment %s", len(r), hex.EncodeToString(x.ids[n][:]))
			return false
		}
	}
	return true
}

// notes checks the use files and the descriptions of recipes.
func (c *checker) notes() (useless []string, err error) {
	_, ids, damaged, err := c.readUses()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if err := damaged[id]; err != nil {
			c.found(c.usePath(id), DamagedUse, "%v", err)
			useless = append(useless, c.usePath(id))
		}
	}
	dir := filepath.Join(c.dir, recipesFolder)
	names, err := c.fs.ReadDir(dir)
	if err != nil {
		return useless, fmt.Errorf("list recipes: %w", err)
	}
	for _, e := range names {
		r, ok := parseRecipeName(e.Name())
		if !ok {
			continue
		}
		path := filepath.Join(dir, e.Name())
		b, err := c.fs.ReadFile(path)
		if err = cause(err); err == nil {
			err = checkDescription(r, b)
		}
		if err != nil {
			c.found(path, DamagedRecipe, "%v", err)
			useless = append(useless, path)
		}
	}
	return useless, nil
}

// cause is an error without the path, which Damage.File says already.
func cause(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// checkDescription says whether doc describes r: it is JSON, and its embed_id
// and prefix are those that the recipe was made of.
func checkDescription(r Recipe, doc []byte) error {
	var made struct {
		EmbedID *string `json:"embed_id"`
		Prefix  *string `json:"prefix"`
	}
	if err := json.Unmarshal(doc, &made); err != nil {
		return errors.New("the description of a recipe is not JSON")
	}
	if made.EmbedID == nil || made.Prefix == nil || NewRecipe(*made.EmbedID, *made.Prefix) != r {
		return errors.New("the description's embed_id and prefix are not those of the recipe")
	}
	return nil
}
