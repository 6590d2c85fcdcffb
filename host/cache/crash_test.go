package cache

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

// address is where a slice begins.
func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// kill puts rows through a store that then dies: its lock is gone, its segment
// is not sealed.
func kill(t testing.TB, dir string, keys []Key, payloads [][]byte, o Options) (segment string) {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, keys, payloads)
	a := s.view.Load().active
	if err := a.release(); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.mappings {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s.view.Store(nil)
	return a.path
}

func TestTornTailIsCutAndSealed(t *testing.T) {
	for _, torn := range []string{"", "x", strings.Repeat("\x00", 64), "crc\x00" + recordMagic + "\x10\x00\x00\x00", strings.Repeat("CSR1", 100)} {
		dir := scratch(t)
		keys, want := rows(0, 12)
		segment := kill(t, dir, keys, want, options())
		whole, err := os.ReadFile(segment)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(segment, append(whole, torn...), 0o600); err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, dir, options())
		if n := get(t, s, keys, want); n != 12 {
			t.Fatalf("%d hits, want 12", n)
		}
		if after, err := os.ReadFile(segment); err != nil || string(after) != string(whole) {
			t.Fatalf("%d bytes are left, want the %d whole ones, %v", len(after), len(whole), err)
		}
		if n := len(files(t, dir, indexExt)); n != 1 {
			t.Fatalf("%d indexes, want 1", n)
		}
	}
}

func TestEveryCutOfADeadSegment(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 4)
	segment := kill(t, dir, keys, want, options())
	whole, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		dir := scratch(t)
		path := filepath.Join(dir, formatFolder, filepath.Base(segment))
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, options())
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		end, n := int64(headerBytes), 0
		for _, p := range want { // a record is whole once its payload is: padding may be missing
			if end+headerBytes+int64(len(p)) > int64(cut) {
				break
			}
			end, n = end+recordBytes(len(p)), n+1
		}
		if got := get(t, s, keys, want); got != n {
			t.Fatalf("cut at %d: %d hits, want %d", cut, got, n)
		}
		mustClose(t, s)
	}
}

// workload opens a cache, puts rows in small steps and closes it. It reports
// the rows that were acknowledged, whatever else went wrong.
func workload(dir string, o Options, keys []Key, payloads [][]byte) (acked []bool, err error) {
	acked = make([]bool, len(keys))
	s, err := Open(dir, o)
	if err != nil {
		return acked, err
	}
	var errs []error
	for i := 0; i < len(keys); i += 10 {
		err := s.Put(recipe, keys[i:i+10], payloads[i:i+10])
		for j := range acked[i : i+10] {
			acked[i+j] = err == nil
		}
		errs = append(errs, err)
	}
	errs = append(errs, s.Describe(recipe, doc), s.Checkpoint(), s.Close())
	return acked, errors.Join(errs...)
}

func TestStopOrFailureAtEveryCall(t *testing.T) {
	keys, want := rows(0, 120)
	old, oldWant := rows(500, 300) // enough sealed segments that a merge is due
	for _, c := range []struct {
		name string
		stop bool
		err  error
	}{{"stop", true, nil}, {"disk full", false, syscall.ENOSPC}, {"bad disk", false, syscall.EIO}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for at := 1; ; at++ {
				dir := scratch(t)
				seed(t, dir, old, oldWant)
				o := options()
				f := &fsx.Fault{FS: fsx.Quick{}, At: at, Stop: c.stop, Err: c.err}
				o.FS = f
				acked, err := workload(dir, o, keys, want)
				if f.Calls() < at {
					if err != nil {
						t.Fatalf("no call failed, but: %v", err)
					}
					if at < 100 {
						t.Fatalf("only %d calls", at)
					}
					return
				}
				s, err := Open(dir, options())
				if err != nil {
					t.Fatalf("call %d: the next Open: %v", at, err)
				}
				get(t, s, keys, want)
				for i := range keys {
					if acked[i] && get(t, s, keys[i:i+1], want[i:i+1]) != 1 {
						t.Fatalf("call %d: acknowledged row %d is lost", at, i)
					}
				}
				if n := get(t, s, old, oldWant); n != len(old) {
					t.Fatalf("call %d: %d of the old rows, want %d", at, n, len(old))
				}
				mustPut(t, s, keys, want)
				if n := get(t, s, keys, want); n != len(keys) {
					t.Fatalf("call %d: %d hits after putting again", at, n)
				}
				mustClose(t, s)
				if d := files(t, dir, draftExt); len(d) != 0 {
					t.Fatalf("call %d: the next Open left %d drafts", at, len(d))
				}
			}
		})
	}
}

// seed leaves sealed segments and a dead writer's unsealed one.
func seed(t *testing.T, dir string, keys []Key, payloads [][]byte) {
	t.Helper()
	s, err := Open(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, keys[:len(keys)-10], payloads[:len(keys)-10])
	mustClose(t, s)
	kill(t, dir, keys[len(keys)-10:], payloads[len(keys)-10:], options())
}

func TestFullDiskKeepsTheStoreReadable(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 20)
	o := options()
	f := &fsx.Fault{FS: fsx.Quick{}}
	o.FS = f
	s := mustOpen(t, dir, o)
	mustPut(t, s, keys[:10], want[:10])
	segment := s.view.Load().active.path
	before, err := os.Stat(segment)
	if err != nil {
		t.Fatal(err)
	}
	f.At, f.Err = f.Calls()+1, syscall.ENOSPC
	err = s.Put(recipe, keys[10:], want[10:])
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "cache: append 10 records to "+segment+": ") {
		t.Fatalf("error: %v", err)
	}
	if after, err := os.Stat(segment); err != nil || after.Size() != before.Size() {
		t.Fatalf("the tail was not cut: %d bytes, want %d, %v", after.Size(), before.Size(), err)
	}
	if n := get(t, s, keys, want); n != 10 {
		t.Fatalf("%d hits, want 10", n)
	}
	mustPut(t, s, keys[10:], want[10:])
	if n := get(t, s, keys, want); n != 20 {
		t.Fatalf("%d hits after another try, want 20", n)
	}
	mustClose(t, s)
	if n := get(t, mustOpen(t, dir, options()), keys, want); n != 20 {
		t.Fatalf("%d hits after reopening, want 20", n)
	}
}

func TestUnwritableFolderIsSaidPlainly(t *testing.T) {
	for _, errno := range []error{syscall.EROFS, syscall.EACCES} {
		for at := 1; at <= 9; at++ { // mkdir and stat of four folders, then the draft
			o := options()
			o.FS = &fsx.Fault{FS: fsx.Quick{}, At: at, Err: errno}
			_, err := Open(scratch(t), o)
			if want := at%2 == 1; err == nil || errors.Is(err, ErrReadOnly) != want {
				t.Errorf("call %d fails with %v: %v", at, errno, err)
			}
		}
	}
}

const childFolder = "CUBESET_CACHE_TEST_CHILD"

// TestMain lets the test binary play a writer that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		fmt.Println(writeForever(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForever says after each Put how many rows were acknowledged.
func writeForever(dir string) error {
	o := options()
	o.SegmentBytesMax = 256 << 10
	s, err := Open(dir, o)
	if err != nil {
		return err
	}
	for n := 0; ; n += 20 {
		keys, payloads := rows(n, 20)
		if err := s.Put(recipe, keys, payloads); err != nil {
			return err
		}
		fmt.Println(n + 20)
	}
}

func TestKilledWriterLosesNothingAcknowledged(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(8, 8))
	for _, after := range []int{1, 7, 40, 173, random.IntN(200), random.IntN(200), random.IntN(200), random.IntN(200)} {
		dir := scratch(t)
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childFolder+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, acked, last := bufio.NewScanner(out), 0, ""
		for i := 0; lines.Scan(); i++ {
			last = lines.Text()
			if n, err := strconv.Atoi(last); err == nil {
				acked = n
			}
			if i == after {
				if err := cmd.Process.Kill(); err != nil { // it is busy with the next Put
					t.Fatal(err)
				}
			}
		}
		cmd.Wait()
		if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
			t.Fatalf("the child ended by itself: %s", last)
		}
		keys, want := rows(0, acked+20)
		s := mustOpen(t, dir, options())
		if n := get(t, s, keys[:acked], want[:acked]); n != acked {
			t.Fatalf("killed after %d puts: %d hits, %d were acknowledged", after, n, acked)
		}
		get(t, s, keys, want)
	}
}
