package foreign

import (
	"os"
	"path/filepath"
	"testing"
)

// publicFiles names a copy of github.com/apache/parquet-testing: files that
// made one reader or another fail.
const publicFiles = "CUBESET_PARQUET_TESTING"

// tolerable is bad for some readers only: its indices have no bits, and are 0.
const tolerable = "ARROW-GH-43605.parquet"

// No public file, sound or bad, gives more than rows or an error of a kind.
func TestPublicFiles(t *testing.T) {
	root := os.Getenv(publicFiles)
	if root == "" {
		t.Skipf("%s does not name a copy of github.com/apache/parquet-testing", publicFiles)
	}
	for _, folder := range []string{"bad_data", "data"} {
		names, err := filepath.Glob(filepath.Join(root, folder, "*.parquet*"))
		if err != nil || len(names) == 0 {
			t.Fatalf("no files in %s, %v", folder, err)
		}
		for _, name := range names {
			t.Run(folder+"/"+filepath.Base(name), func(t *testing.T) {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if err = survive(t, name, b); err == nil && folder == "bad_data" && filepath.Base(name) != tolerable {
					t.Error("read without an error")
				}
			})
		}
	}
}
