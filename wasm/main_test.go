package wasm_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/vectors"
)

const childEnv = "CUBESET_CHILD"

// The test binary plays the process whose memory is measured.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(m.Run())
	}
	if err := measure(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// trial is a module that is run on eight rows, and the code of its error.
type trial struct {
	name   string
	module []byte
	want   string
}

// greedy are modules after memory, beside the vectors.
func greedy() []trial {
	forever := func(code ...[]byte) []byte {
		body := append([][]byte{{0x03, 0x40}}, code...)
		return vectors.Filtering(vectors.Cat(append(body, []byte{0x0c, 0, 0x0b}, vectors.Const(0))...)).Bytes()
	}
	grow := func(pages int64) []byte { return vectors.Cat(vectors.Const(pages), []byte{0x40, 0, 0x1a}) }
	fill := vectors.Cat(vectors.Const(0), vectors.Const(1), []byte{0x3f, 0}, vectors.Const(16), []byte{0x74, 0xfc, 11, 0})
	initial := vectors.Filtering(vectors.Cat([]byte{0x00}))
	initial.Memory = vectors.Cat([]byte{0}, vectors.U(4000)) // the rest is for cs_reserve
	return []trial{
		{"memory.grow by a page", forever(grow(1)), "fuel"},
		{"memory.grow by 16 pages", forever(grow(16)), "fuel"},
		{"memory.grow by 2 GiB", forever(grow(32_768)), "fuel"},
		{"memory.grow and memory.fill", forever(grow(1024), fill), "fuel"},
		{"250 MiB from the start, filled", func() []byte {
			initial.Funcs[vectors.FuncFilter].Code = vectors.Cat(fill, []byte{0x00})
			return initial.Bytes()
		}(), "trap"},
	}
}

const (
	memoryMax   = 512 << 20 // of a process that runs a hostile module
	statusFile  = "/proc/self/status"
	forgetsPeak = "/proc/self/clear_refs"
)

// corpus is every module whose memory is measured: the vectors that are a module
// and eight rows, and more.
func corpus() (all []trial) {
	for _, v := range vectors.All() {
		eight := len(v.Batches) == 1 && v.Batches[0].Rows == "rows/eight.json" || len(v.Batches) == 0 && v.Expect.Code != ""
		if v.Kind == vectors.KindHost && eight && v.Limits == nil && v.Config == nil && v.Blobs == nil {
			all = append(all, trial{v.ID + " " + v.Name, v.Wasm(), v.Expect.Code})
		}
	}
	return slices.Concat(all, greedy(), heavy())
}

// measure runs every module with the usual ceiling of memory and prints the most
// that this process has had since the last.
func measure() error {
	c := wasm.DefaultConfig()
	c.FuelBase, c.FuelPerRow = 6_000_000, 1000
	r, err := wasm.NewRuntime(ctx, c)
	if err != nil {
		return err
	}
	for _, v := range corpus() {
		debug.FreeOSMemory()
		os.WriteFile(forgetsPeak, []byte("5"), 0) // where it cannot, the peak is of all so far
		_, err := run(r, v.module)
		if got := string(code(err)); got != v.want {
			return fmt.Errorf("%s: got %v, want %q", v.name, err, v.want)
		}
		peak, err := peakMemory()
		if err != nil {
			return err
		}
		fmt.Printf("%d %s\n", peak, v.name)
	}
	return r.Close(context.Background())
}

func peakMemory() (bytes int, err error) {
	status, err := os.ReadFile(statusFile)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(kib), " kB"))
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no VmHWM", statusFile)
}

// TestMemoryOfTheHost holds the process that runs hostile modules to memoryMax.
func TestMemoryOfTheHost(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector has memory of its own")
	}
	t.Parallel()
	if _, err := peakMemory(); err != nil {
		t.Skip("needs Linux: ", err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"=1")
	var said strings.Builder
	child.Stderr = &said
	out, err := child.Output()
	if err != nil {
		t.Fatalf("%v: %s; it had done:\n%s", err, said.String(), out)
	}
	lines, most := bufio.NewScanner(strings.NewReader(string(out))), 0
	n := 0
	for ; lines.Scan(); n++ {
		size, name, _ := strings.Cut(lines.Text(), " ")
		peak, err := strconv.Atoi(size)
		if err != nil {
			t.Fatal(err)
		}
		if most = max(most, peak); peak > memoryMax {
			t.Errorf("%s: %d bytes, want at most %d", name, peak, memoryMax)
		}
	}
	if want := len(corpus()); n != want {
		t.Errorf("%d modules were measured, want %d", n, want)
	}
	t.Logf("at most %d MiB", most>>20)
}
