package host

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// cosines are those of the rows as they were written, and as the teacher saw
// them.
func cosines(t *testing.T, dir string) (written, native map[string]float64) {
	t.Helper()
	written, native = map[string]float64{}, map[string]float64{}
	parts, _ := filepath.Glob(filepath.Join(dir, "data", "*.parquet"))
	for _, path := range parts {
		p, err := tensor.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range p.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			cos, norm, _ := cosine(r.QuestionEmbedding, r.AnswerEmbedding)
			if math.Abs(norm-1) > 1e-5 {
				t.Fatalf("a vector has length %v", norm)
			}
			written[r.ID], native[r.ID] = float64(cos), float64(r.Similarity)
		}
		p.Close()
	}
	return written, native
}

func change(written, native map[string]float64) (worst float64) {
	for id := range written {
		worst = max(worst, math.Abs(written[id]-native[id]))
	}
	return worst
}

// Another shape is another space, and costs no call of the teacher.
func TestAnotherShapeProjectsWhatIsCached(t *testing.T) {
	c := testConfig(t, unlike(200))
	c.Preset, c.Licence = "none", "cc-by-4.0"
	native := mustBuild(t, c)
	spaces := map[string]bool{native.Teacher.SpaceID: true}
	for _, test := range []struct {
		shape, kind string
		worst       float64
	}{
		{"768", "native", 1e-5}, {"4,192", "native", 1e-5}, {"16x8x12", "orthonormal", 1e-5}, {"8x8x6", "orthonormal", 0.5},
	} {
		c.Shape, c.Out = test.shape, filepath.Join(t.TempDir(), "out")
		s := mustBuild(t, c)
		if s.Teacher.Texts != 0 || s.Kept != native.Kept {
			t.Errorf("%s: %d texts were embedded, %d rows kept of %d", test.shape, s.Teacher.Texts, s.Kept, native.Kept)
		}
		spaces[s.Teacher.SpaceID] = true
		m, err := tensor.ReadManifest(fsx.OS{}, c.Out)
		if err != nil {
			t.Fatal(err)
		}
		if m.Teacher.Projection != test.kind || !m.Shape.Equal(c.shape()) || m.Licence != "cc-by-4.0" {
			t.Errorf("%s: the manifest says %s, %v, %q", test.shape, m.Teacher.Projection, m.Shape, m.Licence)
		}
		if d := change(cosines(t, c.Out)); d > test.worst {
			t.Errorf("%s: a cosine changed by %v", test.shape, d)
		}
		if faults, err := tensor.Verify(fsx.OS{}, c.Out, tensor.VerifyOptions{}); err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %v", test.shape, faults, err)
		}
	}
	if len(spaces) != 3 {
		t.Errorf("%d spaces, want 3", len(spaces))
	}
}

func TestAFittedProjectionLosesLess(t *testing.T) {
	// Texts of few words, whose vectors lie along few directions.
	words := strings.Fields("harbour museum parcel train bridge ticket garden window doctor number letter market winter summer")
	var pairs strings.Builder
	for i := range 400 {
		w := func(k int) string { return words[(i*k+i*i/7)%len(words)] }
		fmt.Fprintf(&pairs, "{\"question\": \"%s %s %s?\", \"answer\": \"%s %s %s\"}\n", w(1), w(3), w(5), w(9), w(11), w(13))
	}
	c := testConfig(t, pairs.String())
	c.Preset, c.Shape, c.Dedup = "none", "8x8x3", "none"
	mustBuild(t, c)
	plain := change(cosines(t, c.Out))

	file := filepath.Join(t.TempDir(), "projection.safetensors")
	fo := DefaultFitOptions()
	fo.File = file
	sum, err := Fit(context.Background(), c, testOptions(t, nil), fo)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Teacher.Texts != 0 || sum.In != 768 || sum.Out != 192 || sum.Change > sum.Unfitted.Change/2 {
		t.Errorf("%+v", sum)
	}
	c.Projection = file
	s := mustBuild(t, c)
	if fitted := change(cosines(t, c.Out)); fitted > plain/2 || s.Teacher.Texts != 0 {
		t.Errorf("cosines change by up to %v when fitted, %v without; %d texts were embedded", fitted, plain, s.Teacher.Texts)
	}
	m, err := tensor.ReadManifest(fsx.OS{}, c.Out)
	if err != nil || m.Teacher.Projection != "svd sha256:"+sum.SHA256 {
		t.Errorf("the manifest says %q, %v", m.Teacher.Projection, err)
	}
	settle(t, c.Inputs[0])
	settle(t, file)
	mustBuild(t, c)
	if _, ok := upToDate(c, fsx.OS{}, lookAtSources(t.Context(), c, fsx.OS{})); !ok {
		t.Error("nothing changed, and that was not noticed")
	}
	rewrite(t, file, func(b []byte) { b[len(b)-1] ^= 0x40 })
	if _, ok := upToDate(c, fsx.OS{}, lookAtSources(t.Context(), c, fsx.OS{})); ok {
		t.Error("the projection changed, and that was not noticed")
	}
	c.Shape = "8x8x12"
	if _, err := Build(context.Background(), c, testOptions(t, nil)); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "takes 768 values") {
		t.Error(err)
	}
	os.Remove(file)
	if _, err := Build(context.Background(), c, testOptions(t, nil)); !errors.Is(err, ErrConfig) || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	c.Projection = ""
	if _, err := Fit(context.Background(), c, testOptions(t, nil), fo); !errors.Is(err, ErrConfig) {
		t.Errorf("fitted where nothing is lost: %v", err)
	}
}
