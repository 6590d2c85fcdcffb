package plugins

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/sdk/teacher"
)

func TestEmbed(t *testing.T) {
	f := startMode(t, "healthy")
	texts := numbered(1000) // four calls
	dst := make([]float32, len(texts)*fakeDims)
	rows, err := f.Embed(t.Context(), texts, dst)
	if err != nil {
		t.Fatal(err)
	}
	wantVectors(t, texts, dst, rows)
	if rows, err := f.Embed(t.Context(), nil, nil); err != nil || len(rows) != 0 {
		t.Error(rows, err)
	}
}

func TestEmbedFails(t *testing.T) {
	for _, c := range []struct {
		mode string
		kind Kind
		want string
	}{
		{"dies", ErrDied, "died (exit status 3) while embedding 4 texts"},
		{"nan", ErrNotFinite, "text 3: value 5 of the vector is NaN"},
		{"infinite", ErrNotFinite, "text 3: value 767 of the vector is -Inf"},
		{"huge", ErrNotFinite, "text 3: the vector is too long for float32"},
		{"zero", ErrZeroNorm, "text 3: the vector is zero"},
		{"tiny", ErrZeroNorm, "text 3: the vector is zero"},
		{"raw 767", ErrShape, "wrong vector length: got 767 values a row, want 768"},
		{"raw few", ErrShape, "returned 3 rows for 4 texts"},
		{"raw bytes", ErrShape, "wrong vector length: got 12287 bytes for 4 rows, want 12288"},
		{"raw 64 MiB", ErrProtocol, "message over the limit: grpc: received message larger than max (67108874 vs. 79872)"},
		{"raw tokens", ErrProtocol, "returned 5 token counts for 4 texts"},
		{"raw truncated", ErrProtocol, "returned 5 truncation marks for 4 texts"},
		{"raw row", ErrProtocol, "returned an error for row 4 of 4, or two"},
		{"raw twice", ErrProtocol, "returned an error for row 0 of 4, or two"},
		{"raw unimplemented", ErrProtocol, "method Embed not implemented"},
		{"panics", ErrFailed, "failed on a batch of 4 texts (Internal): panic: runtime error: index out of range [4] with length 4"},
		{"panics with the text", ErrFailed, "failed on a batch of 4 texts (Internal): panic with a string"},
		{"quotes the text", ErrFailed, `failed on a batch of 4 texts (Internal): cannot read "[text] [text] [text] [text]", sorry`},
		{"fails", ErrFailed, `failed on a batch of 4 texts (Internal): no\u001b[2J memory`},
		{"busy", ErrBusy, "busy: busy: 3 in the queue"},
		{"unavailable", ErrBusy, "unavailable: unavailable: endpoint is down"},
		{"stop", ErrStop, "cannot go on: the key was refused"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			f := startMode(t, c.mode)
			texts := numbered(4)
			_, err := f.Embed(t.Context(), texts, make([]float32, 4*fakeDims))
			if err == nil {
				t.Fatal("no error")
			}
			if want := "teacher fake: " + c.want; err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if !errors.Is(err, c.kind) {
				t.Errorf("%v is no %v", err, c.kind)
			}
			var e *Error
			if !errors.As(err, &e) || (e.Row == 3) != strings.HasPrefix(c.want, "text 3") {
				t.Errorf("row of %+v", e)
			}
			if strings.Contains(err.Error(), texts[0]) {
				t.Errorf("the error quotes a text: %v", err)
			}
		})
	}
}

func TestEmbedTimeout(t *testing.T) {
	o := DefaultOptions()
	o.CallTimeout = 200 * time.Millisecond
	f := start(t, fakeSpec("hangs"), o)
	_, err := f.Embed(t.Context(), numbered(2), make([]float32, 2*fakeDims))
	if !errors.Is(err, ErrTimeout) || err.Error() != "teacher fake: no answer within 200ms" {
		t.Errorf("got %v", err)
	}
}

func TestEmbedCancelled(t *testing.T) {
	f := startMode(t, "hangs")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := f.Embed(ctx, numbered(2), make([]float32, 2*fakeDims))
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

// A deadline of the caller's is no fault of the teacher, even if the teacher's
// timer for it goes off first; one that is far off has nothing to do with it.
func TestEmbedDeadlineSeenEarly(t *testing.T) {
	early := status.Error(codes.DeadlineExceeded, "context deadline exceeded")
	for _, c := range []struct {
		left    time.Duration
		timeout bool
	}{{20 * time.Millisecond, false}, {time.Hour, true}} {
		ctx, cancel := context.WithTimeout(t.Context(), c.left)
		err := (&Teacher{name: "fake"}).callError(ctx, early, []string{"text"})
		if errors.Is(err, ErrTimeout) != c.timeout || errors.Is(err, context.DeadlineExceeded) == c.timeout {
			t.Errorf("%v before the deadline: got %v", c.left, err)
		}
		cancel()
	}
}

// A teacher that is gone says so at once, and every time.
func TestEmbedAfterDeath(t *testing.T) {
	f := startMode(t, "healthy")
	syscall.Kill(f.Pid(), syscall.SIGKILL)
	for range 3 {
		_, err := f.Embed(t.Context(), numbered(1), make([]float32, fakeDims))
		if !errors.Is(err, ErrDied) || err.Error() != "teacher fake: died (signal: killed) while embedding 1 text" {
			t.Errorf("got %v", err)
		}
	}
}

func TestEmbedAfterClose(t *testing.T) {
	f := startMode(t, "healthy")
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	_, err := f.Embed(t.Context(), numbered(1), make([]float32, fakeDims))
	if !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// Refused rows are zero and have a reason; the others are as ever.
func TestEmbedRows(t *testing.T) {
	f := startMode(t, "rows")
	texts := []string{"", "fine", "refuse me, please", "\xff", "odd code", "longer", strings.Repeat("x", teacher.RequestBytesMax)}
	dst := make([]float32, len(texts)*fakeDims)
	for i := range dst {
		dst[i] = 7
	}
	rows, err := f.Embed(t.Context(), texts, dst)
	if err != nil {
		t.Fatal(err)
	}
	wantVectors(t, texts, dst, rows)
	for i, want := range []struct{ code, err string }{
		{CodeEmpty, "text refused: empty"}, {},
		{"taste", "text refused: taste: [text] is not for me"},
		{CodeUTF8, "text refused: utf8"},
		{CodeRefused, "text refused: refused: no"}, {},
		{CodeTooLong, "text refused: too_long"},
	} {
		got := ""
		if rows[i].Err != nil {
			got = rows[i].Err.Error()
		}
		if rows[i].Code != want.code || got != want.err {
			t.Errorf("row %d: got %q, %q, want %q, %q", i, rows[i].Code, got, want.code, want.err)
		}
	}
	if rows[1].Tokens != 4 || rows[1].Truncated || rows[5].Tokens != 6 || !rows[5].Truncated {
		t.Errorf("tokens: %+v", rows)
	}
}

// A teacher that cannot take a batch gets it in halves, and loses only the
// text that is at fault.
func TestEmbedHalves(t *testing.T) {
	for _, c := range []struct {
		mode  string
		texts []string
		want  []string // codes
	}{
		{"one at a time", numbered(5), make([]string, 5)},
		{"bundle of 3", numbered(10), make([]string, 10)},
		{"choosy", []string{"a", "b", "a bad text it is", "c", "d"}, []string{"", "", CodeRefused, "", ""}},
		{"short texts only", []string{"a", "b", strings.Repeat("long", 9), "d"}, []string{"", "", CodeTooLong, ""}},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			f := startMode(t, c.mode)
			dst := make([]float32, len(c.texts)*fakeDims)
			rows, err := f.Embed(t.Context(), c.texts, dst)
			if err != nil {
				t.Fatal(err)
			}
			wantVectors(t, c.texts, dst, rows)
			for i, want := range c.want {
				if rows[i].Code != want {
					t.Errorf("row %d: %q, want %q", i, rows[i].Code, want)
				}
				if err := rows[i].Err; err != nil && strings.Contains(err.Error(), c.texts[i]) {
					t.Errorf("row %d quotes its text: %v", i, err)
				}
			}
		})
	}
}

// Texts too many bytes for one call go in several.
func TestEmbedManyBytes(t *testing.T) {
	f := startMode(t, "healthy")
	texts := make([]string, 5)
	for i := range texts {
		texts[i] = strings.Repeat("y", 3<<20+i)
	}
	dst := make([]float32, len(texts)*fakeDims)
	rows, err := f.Embed(t.Context(), texts, dst)
	if err != nil {
		t.Fatal(err)
	}
	wantVectors(t, texts, dst, rows)
}

func TestEmbedShortRoom(t *testing.T) {
	f := startMode(t, "healthy")
	_, err := f.Embed(t.Context(), numbered(2), make([]float32, fakeDims))
	if !errors.Is(err, ErrShape) || err.Error() != "teacher fake: room for 768 values, want 2 texts × 768" {
		t.Errorf("got %v", err)
	}
}

func TestEmbedConcurrently(t *testing.T) {
	f := startMode(t, "healthy")
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			texts := numbered(100 + n)
			dst := make([]float32, len(texts)*fakeDims)
			rows, err := f.Embed(t.Context(), texts, dst)
			if err != nil {
				t.Error(err)
				return
			}
			wantVectors(t, texts, dst, rows)
		})
	}
	group.Wait()
}

// Whatever the texts, batches cover them in order, within both limits.
func TestBatch(t *testing.T) {
	big := strings.Repeat("z", teacher.RequestBytesMax)
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{1, 5, 1 << 20, 3 << 20, 8<<20 - textOverhead}), 1, 40).Draw(t, "sizes")
		limit := rapid.IntRange(1, 10).Draw(t, "limit")
		texts := make([]string, len(sizes))
		for i, n := range sizes {
			texts[i] = big[:n]
		}
		for i := 0; i < len(texts); {
			n := limits{rows: limit, tokens: math.MaxInt}.batch(texts[i:])
			bytes := 0
			for _, text := range texts[i : i+n] {
				bytes += len(text) + textOverhead
			}
			if n < 1 || n > limit || bytes > teacher.RequestBytesMax {
				t.Fatalf("%d texts, %d bytes", n, bytes)
			}
			if i += n; i < len(texts) && n < limit && bytes+len(texts[i])+textOverhead <= teacher.RequestBytesMax {
				t.Fatalf("the batch of %d ends early", n)
			}
		}
	})
}

// Nor do they hold more tokens than the estimate allows, or else one text.
func TestBatchTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringN(1, 40, -1), 1, 60).Draw(t, "texts")
		l := limits{rows: 50, tokens: rapid.IntRange(1, 60).Draw(t, "tokens"), textTokens: rapid.SampledFrom([]int{0, 8}).Draw(t, "read of a text")}
		for i := 0; i < len(texts); {
			n, sum := l.batch(texts[i:]), 0
			for _, text := range texts[i : i+n] {
				sum += l.estimate(text)
			}
			if n < 1 || n > 1 && sum > l.tokens {
				t.Fatalf("%d texts of about %d tokens, want %d", n, sum, l.tokens)
			}
			if i += n; i < len(texts) && n < l.rows && unfit(texts[i]) == "" && sum+l.estimate(texts[i]) <= l.tokens {
				t.Fatalf("the batch of %d ends early", n)
			}
		}
	})
}

func BenchmarkTransport(b *testing.B) {
	f := startMode(b, "healthy")
	const rows = 256
	texts := make([]string, rows)
	for i := range texts {
		texts[i] = "What is the difference between a cube and a flat embedding?"
	}
	dst := make([]float32, rows*fakeDims)
	b.SetBytes(rows * fakeDims * 4)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Embed(b.Context(), texts, dst); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*rows), "µs/row")
}

func BenchmarkDecode(b *testing.B) {
	src := make([]byte, fakeDims*4)
	src[3] = 0x3f
	dst := make([]float32, fakeDims)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := decode(dst, src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		f, err := Start(b.Context(), fakeSpec("healthy"), DefaultOptions())
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
