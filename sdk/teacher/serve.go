package teacher

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc"
)

// parentWatch is how often a teacher looks whether its host is still there.
const parentWatch = 250 * time.Millisecond

// writeBytes is how much of a reply is written at once.
const writeBytes = 256 << 10

// Serve runs e as a teacher and returns when the host is done with it. Call it
// first thing in main: what is printed to standard output from then on goes to
// standard error, so it cannot be mistaken for the handshake. Started by hand,
// it says what the program is and exits with status 1. When the host dies, the
// process exits.
func Serve(e Embedder) {
	if os.Getenv(Handshake.MagicCookieKey) != Handshake.MagicCookieValue {
		fmt.Fprintln(os.Stderr, introduction(e))
		os.Exit(1)
	}
	go watchParent(os.Getppid())
	if err := guardStdout(); err != nil {
		fmt.Fprintln(os.Stderr, "standard output:", err)
		os.Exit(1)
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  Handshake,
		VersionedPlugins: Protocols(&server{embedder: e}),
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(o, grpc.MaxRecvMsgSize(ReceiveBytesMax), grpc.WriteBufferSize(writeBytes))...)
		},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
	})
}

// introduction is what a person sees who runs a teacher by hand.
func introduction(e Embedder) string {
	name := "a teacher"
	if d, err := e.Describe(context.Background()); err == nil && d.Validate() == nil {
		name = fmt.Sprintf("the teacher %s (%s, %d values a vector)", d.Name, d.Model, d.Dims)
	}
	return "This is " + name + " for cubeset, which starts it by itself:\n" +
		"  cubeset build chats.jsonl -o out --teacher " + os.Args[0]
}

// watchParent ends the process once its parent is another one: the host is
// gone, and nobody else would ever stop us.
func watchParent(parent int) {
	for range time.Tick(parentWatch) {
		if os.Getppid() != parent {
			os.Exit(1)
		}
	}
}

// guardStdout keeps the real standard output for the handshake line alone.
// Descriptor 1 becomes standard error, for C libraries and children; os.Stdout
// becomes a pipe of which only the handshake gets through.
func guardStdout() error {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return err
	}
	if err := unix.Dup2(2, 1); err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	os.Stdout = w
	go sortLines(r, os.NewFile(uintptr(fd), "handshake"), os.Stderr)
	return nil
}

// sortLines copies the handshake line to handshake and the rest to other.
func sortLines(r io.Reader, handshake, other io.Writer) {
	mark := fmt.Sprintf("%d|%d|unix|", plugin.CoreProtocolVersion, Version)
	b := bufio.NewReader(r)
	for {
		line, err := b.ReadString('\n')
		if i := strings.Index(line, mark); i >= 0 {
			io.WriteString(handshake, line[i:])
			line = line[:i] // a print without line end came first
		}
		io.WriteString(other, line)
		if err != nil {
			return
		}
	}
}
