package cache

import (
	"errors"
	"path/filepath"
)

// Locate is where the cache lives when nobody says otherwise: $CUBESET_CACHE,
// else $XDG_CACHE_HOME/cubeset, else ~/.cache/cubeset. env is os.Getenv or a
// stand-in for it.
func Locate(env func(string) string) (string, error) {
	if dir := env("CUBESET_CACHE"); dir != "" {
		return dir, nil
	}
	// The XDG specification tells readers to ignore a relative path.
	if dir := env("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "cubeset"), nil
	}
	if home := env("HOME"); home != "" {
		return filepath.Join(home, ".cache", "cubeset"), nil
	}
	return "", errors.New("no place for the cache: none of CUBESET_CACHE, XDG_CACHE_HOME and HOME is set")
}
