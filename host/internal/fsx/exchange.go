package fsx

import "os"

// exchangeByRename swaps a and b with three renames. Between the first and the
// second a does not exist: a reader that looks then sees nothing.
func exchangeByRename(a, b string) error {
	old := a + ".old"
	if err := os.Rename(a, old); err != nil {
		return err
	}
	if err := os.Rename(b, a); err != nil {
		return err
	}
	return os.Rename(old, b)
}
