package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/cubeset/cubeset/host/internal/guard"
	"github.com/cubeset/cubeset/wasm"
)

// CompileCommand is what a process is told to be that compiles a filter.
const CompileCommand = "__compile"

// meteredBytesMax bounds what the compiling child reads: a metered module is
// at most a few times as large as one that passes the scan.
const meteredBytesMax = 256 << 20

// precompile has a child of this program compile filters into dir. A compiler
// has no limits of its own, and a module of a few bytes can make it ask for
// all memory there is: then the child dies, and the build says why. A module
// is compiled once and then found in dir by what it is, by the compiler's
// version and by the processor's.
func precompile(dir string, self []string) func(context.Context, []byte) error {
	return func(ctx context.Context, metered []byte) error {
		sum := sha256.Sum256(append([]byte(compilerVersion()+"\x00"), metered...))
		mark := filepath.Join(dir, "compiled-"+hex.EncodeToString(sum[:]))
		if _, err := os.Stat(mark); err == nil {
			return nil
		}
		argv := append(append([]string{}, self...), CompileCommand, dir)
		if err := guard.Run(ctx, argv, []string{childEnv + "=1"}, metered); err != nil {
			return err
		}
		return os.WriteFile(mark, nil, 0o600)
	}
}

// CompileChild is the child: it compiles the metered module on r into dir.
func CompileChild(ctx context.Context, dir string, r io.Reader) error {
	if err := guard.Limit(); err != nil {
		return err
	}
	metered, err := io.ReadAll(io.LimitReader(r, meteredBytesMax+1))
	if err != nil {
		return err
	}
	if len(metered) > meteredBytesMax {
		return fmt.Errorf("a metered module of more than %d bytes", meteredBytesMax)
	}
	return wasm.Compile(ctx, dir, metered)
}

// compilerVersion changes whenever compiled code must be made anew.
func compilerVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/tetratelabs/wazero" {
			return m.Version + " " + info.GoVersion
		}
	}
	return info.GoVersion
}
