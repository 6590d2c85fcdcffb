package host

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/plugins"
	sdk "github.com/cubeset/cubeset/sdk/teacher"
)

// ErrModelChanged is a teacher that gives the probes other vectors than when
// its embed_id was first seen. It comes with ErrTeacher; the same command would
// end in the same way.
var ErrModelChanged = errors.New("teacher's model has changed")

// probeTexts are what a teacher embeds before its first text of a build, version
// 1: languages and scripts, code, numbers, a word, and more than models of 512
// tokens read. With other texts they are another version, and records of this
// one are no longer looked at.
func probeTexts() []string {
	return []string{
		"ok",
		"How do I reset my password?",
		"To reset your password, open Settings, choose Security, and follow the link in the letter we send you.",
		"Wo ist mein Paket? Es sollte schon am Dienstag ankommen.",
		"Je voudrais annuler ma réservation pour samedi soir, s'il vous plaît.",
		"¿Cuánto cuesta el envío a las Islas Canarias?",
		"Спасибо, всё получилось. Хорошего дня!",
		"请问这趟火车几点到北京？",
		"予約を明日の午後三時に変更できますか。",
		"هل يمكنني تغيير عنوان التسليم؟",
		"मेरा ऑर्डर कब तक आएगा?",
		"func Max(a, b int) int {\n\tif a > b {\n\t\treturn a\n\t}\n\treturn b\n}",
		`SELECT name, COUNT(*) FROM "orders" WHERE total >= 19.99 GROUP BY name; -- {"k": [1, null]}`,
		"1234567890 3.14159 2024-02-29T23:59:60Z +49 (0)30 1234-5678",
		"GREAT!!! 👍🏽 thx :-) http://example.com/?q=a&b=c#d",
		strings.Repeat("The parcel left the depot in the morning and came to the town in the evening. ", 60),
	}
}

const (
	probesFolder = "probes" // in the cache's folder
	probesExt    = ".v1"
	probesMagic  = "CUBEPRB1"
)

// probes tells whether a teacher still is the model whose vectors the cache has
// under its embed_id. The first build that asks a teacher records what it makes
// of probeTexts; every later one compares, before it takes a vector. So does a
// build with each process that it starts: one that takes the place of another
// has to be the same model, cache or none.
type probes struct {
	fs    fsx.FS
	cache string // folder, "" = none: nothing is recorded
	warn  func(format string, args ...any)
	was   []float32 // of the process before, nil = there was none
}

func (b *build) newProbes(e *embedder) *probes {
	p := &probes{fs: b.fs, warn: e.warn}
	if e.store != nil {
		p.cache = b.cacheDir
	}
	return p
}

// check has a process embed the probes, before its first text.
func (t *teacher) check(ctx context.Context, process *plugins.Teacher) error {
	now, err := t.embedProbes(ctx, process)
	if err == nil {
		err = t.lock.compareProbes(t, now)
	}
	if err != nil {
		return err
	}
	if err := t.probes.compare(t, now); err != nil {
		return err
	}
	t.probes.was = now
	return nil
}

// embedProbes returns the vectors of probeTexts; that of a text the teacher
// refuses is zero.
func (t *teacher) embedProbes(ctx context.Context, process *plugins.Teacher) ([]float32, error) {
	texts := probeTexts()
	dst := make([]float32, len(texts)*t.description.Dims)
	_, err := process.Embed(ctx, texts, dst)
	if at := (*plugins.Error)(nil); errors.As(err, &at) && at.Row >= 0 { // a row of a dataset, to whoever else reads it
		err = &plugins.Error{Teacher: at.Teacher, Kind: at.Kind, Row: -1, Err: fmt.Errorf("probe %d: %w", at.Row+1, at.Err)}
	}
	return dst, as(ErrTeacher, err)
}

// compare is ErrModelChanged if now is not what was recorded, as close as the
// teacher promises. Where nothing was, now is recorded. A record that cannot be
// read or written is said, and decides nothing.
func (p *probes) compare(t *teacher, now []float32) error {
	if p.cache == "" {
		return p.judge(t, p.was, now)
	}
	was, err := p.read(t.embedID, len(now))
	if errors.Is(err, fs.ErrNotExist) {
		if err = p.write(t.embedID, now); errors.Is(err, fs.ErrExist) { // another build was first
			was, err = p.read(t.embedID, len(now))
		}
	}
	if errors.Is(err, errProbeRecord) {
		p.warn("teacher %s: %v; it is written anew", t.name, err)
		err = p.replace(t.embedID, now)
	}
	if err != nil {
		p.warn("teacher %s: whether its model has changed cannot be told: %v", t.name, err)
	}
	if err != nil {
		was = p.was
	}
	return p.judge(t, was, now)
}

// judge compares with what was; nil is nothing to compare with.
func (p *probes) judge(t *teacher, was, now []float32) error {
	if was == nil {
		return nil
	}
	least, same := drift(was, now, t.description.Dims)
	exact := t.description.Determinism == sdk.Exact
	if same || !exact && least >= cache.CosineMin {
		return nil
	}
	if p.was == nil && !p.guards(t.embedID) {
		p.warn("teacher %s: its model has changed, and the cache has nothing of the old one: what is told of it is of the new one from now on", t.name)
		if err := p.replace(t.embedID, now); err != nil {
			p.warn("teacher %s: %v", t.name, err)
		}
		return nil
	}
	return as(ErrTeacher, as(ErrModelChanged, errors.New(changed(t, least, exact))))
}

// changed says what happened, and what a person can do.
func changed(t *teacher, least float64, exact bool) string {
	want, hint := fmt.Sprint(cache.CosineMin), ""
	if exact {
		want = "the same bits"
		if least >= cache.CosineMin {
			hint = "declare its determinism close if it may round otherwise; or "
		}
	}
	return fmt.Sprintf("teacher %s: it is not the model it was: of %d probe texts the least cosine with the vectors recorded for embed_id %.12s is %.6f, want %s. Nothing of it was kept. "+
		"Either %spin the model's revision; or give the changed model a revision or a name of its own, and so another embed_id; "+
		"or start over: cubeset cache rm --teacher %.12s, and build into a new folder",
		t.name, len(probeTexts()), t.embedID, least, want, hint, t.embedID)
}

// drift compares vectors of dims values each: the least cosine, 0 where one of
// two is zero, and whether all bits are the same.
func drift(was, now []float32, dims int) (least float64, same bool) {
	least, same = 1, true
	for at := 0; at < len(was); at += dims {
		a, b := was[at:at+dims], now[at:at+dims]
		if slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }) {
			continue
		}
		same = false
		cos, _, _ := cosine(a, b)
		if cos != cos {
			cos = 0
		}
		least = min(least, float64(cos))
	}
	return least, same
}

// guards says whether the cache has vectors of an embed_id: without any, a
// record is of no use. What another process is writing may be some.
func (p *probes) guards(embedID string) bool {
	u, err := cache.Survey(p.cache, p.fs)
	if err != nil || u.Unsealed > 0 {
		return true
	}
	return slices.ContainsFunc(u.Recipes, func(r cache.RecipeUsage) bool {
		var doc struct {
			EmbedID string `json:"embed_id"`
		}
		return r.Entries > 0 && json.Unmarshal(r.Doc, &doc) == nil && doc.EmbedID == embedID
	})
}

// errProbeRecord is a record that is damaged.
var errProbeRecord = errors.New("the record of its probes is damaged")

func (p *probes) path(embedID string) string {
	return filepath.Join(p.cache, probesFolder, embedID+probesExt)
}

// read returns the n values recorded for an embed_id.
func (p *probes) read(embedID string, n int) ([]float32, error) {
	fi, err := p.fs.Stat(p.path(embedID))
	if err != nil {
		return nil, err
	}
	if fi.Mode().IsRegular() && fi.Size() != int64(probesSize(n)) {
		return nil, errProbeRecord
	}
	b, err := p.fs.ReadFile(p.path(embedID))
	if err != nil {
		return nil, err
	}
	return decodeProbes(b, n)
}

// write records values that nobody has recorded yet, as one step: fs.ErrExist
// says that somebody has.
func (p *probes) write(embedID string, values []float32) error {
	path := p.path(embedID)
	if err := p.fs.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft := path + "." + rand.Text() + ".new"
	f, err := p.fs.CreateNew(draft)
	if err != nil {
		return err
	}
	defer p.fs.Remove(draft)
	_, err = f.Write(encodeProbes(values))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := p.fs.Link(draft, path); err != nil {
		return err
	}
	return p.fs.SyncDir(filepath.Dir(path))
}

// replace records values whatever is there.
func (p *probes) replace(embedID string, values []float32) error {
	dir, name := filepath.Split(p.path(embedID))
	return fsx.WriteFile(p.fs, filepath.Clean(dir), name, encodeProbes(values))
}

// encodeProbes is a record: CUBEPRB1, the values as little-endian float32, and
// the sha256 of all that.
func encodeProbes(values []float32) []byte {
	b := append(make([]byte, 0, probesSize(len(values))), probesMagic...)
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// probesSize is the bytes of a record of n values.
func probesSize(n int) int { return len(probesMagic) + 4*n + sha256.Size }

// decodeProbes reads a record of n values.
func decodeProbes(b []byte, n int) ([]float32, error) {
	if len(b) != probesSize(n) || !bytes.HasPrefix(b, []byte(probesMagic)) {
		return nil, errProbeRecord
	}
	body := b[:len(b)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], b[len(body):]) {
		return nil, errProbeRecord
	}
	values := make([]float32, n)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[len(probesMagic)+4*i:]))
	}
	return values, nil
}
