package teacher

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The test binary plays a teacher, and a host that does not end its teachers.
const role = "TEACHER_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "teacher":
		Serve(model{embed: lengths})
	case "host":
		playHost()
	default:
		os.Exit(m.Run())
	}
}

// playHost starts a teacher as a host without any precautions would, prints
// its process number and waits for the end.
func playHost() {
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{role + "=teacher", Handshake.MagicCookieKey + "=" + Handshake.MagicCookieValue, "TMPDIR=" + os.Getenv("TMPDIR")}
	cmd.ExtraFiles = []*os.File{os.NewFile(3, "lifeline")}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "1|1|unix|") {
		fmt.Println(line, err)
		os.Exit(1)
	}
	fmt.Println(cmd.Process.Pid)
	time.Sleep(time.Hour)
}

func TestServeByHand(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role+"=teacher")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	want := "This is the teacher fake (test/fake, 3 values a vector) for cubeset, which starts it by itself:\n" +
		"  cubeset build chats.jsonl -o out --teacher " + os.Args[0] + "\n"
	if cmd.ProcessState.ExitCode() != 1 || stderr.String() != want || len(out) != 0 {
		t.Errorf("%v, on stdout %q, on stderr %q", err, out, stderr.String())
	}
}

// The teacher sees by itself that its host is gone. It holds the write end of
// a pipe that nobody else does: end of file means that it has ended.
func TestParentWatch(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), role+"=host", "TMPDIR="+t.TempDir())
	host.ExtraFiles = []*os.File{w}
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	line, err := bufio.NewReader(out).ReadString('\n')
	pid, convErr := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || convErr != nil {
		t.Fatalf("the host said %q", line)
	}
	host.Process.Kill()
	host.Wait()
	r.SetReadDeadline(time.Now().Add(2 * time.Second))
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("teacher still there 2 s after its host: %v", err)
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
		}
	}
}

// Only the handshake line comes through, also after a print without line end.
func TestSortLines(t *testing.T) {
	in := "hello\nloading 50%1|1|unix|/tmp/x|grpc|AAAA\nmore\nand more"
	var handshake, other strings.Builder
	sortLines(strings.NewReader(in), &handshake, &other)
	if handshake.String() != "1|1|unix|/tmp/x|grpc|AAAA\n" || other.String() != "hello\nloading 50%more\nand more" {
		t.Errorf("handshake %q, other %q", handshake.String(), other.String())
	}
}
