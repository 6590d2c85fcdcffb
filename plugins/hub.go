package plugins

import (
	"os"
	"path/filepath"
	"strings"
)

// HubFolder is where the Hugging Face cache of this user keeps a model
// "org/name" at a commit, and whether it is there. The layout is that of the
// package huggingface_hub: HF_HUB_CACHE, else HF_HOME/hub, else
// ~/.cache/huggingface/hub; in it models--org--name/snapshots/COMMIT.
func HubFolder(model, revision string) (dir string, there bool) {
	root := os.Getenv("HF_HUB_CACHE")
	if root == "" {
		home := os.Getenv("HF_HOME")
		if home == "" {
			cache := os.Getenv("XDG_CACHE_HOME")
			if cache == "" {
				user, err := os.UserHomeDir()
				if err != nil {
					return "", false
				}
				cache = filepath.Join(user, ".cache")
			}
			home = filepath.Join(cache, "huggingface")
		}
		root = filepath.Join(home, "hub")
	}
	dir = filepath.Join(root, "models--"+strings.ReplaceAll(model, "/", "--"), "snapshots", revision)
	info, err := os.Stat(dir)
	return dir, err == nil && info.IsDir()
}
