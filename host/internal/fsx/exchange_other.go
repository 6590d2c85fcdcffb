//go:build !linux

package fsx

func (OS) Exchange(a, b string) error { return exchangeByRename(a, b) }
