// A filter in plain Go, with nothing but ABI.md and the standard library: it
// drops rows whose answer holds one of the words in the blob "words". Built with
// GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
	"unsafe"
)

func main() {}

var (
	buffer []byte
	words  [][]byte
	config struct {
		Say string `json:"say"`
	}
)

//go:wasmexport cubeset_filter_v1
func revision() uint32 { return 1 }

//go:wasmexport cs_reserve
func reserve(n uint32) uint32 {
	buffer = make([]byte, n+16)
	p := uint32(uintptr(unsafe.Pointer(&buffer[0])))
	skip := -p % 16
	buffer = buffer[skip:]
	return p + skip
}

func u32(at uint32) uint32 { return *(*uint32)(unsafe.Pointer(&buffer[at])) }

func slice(at uint32) []byte { return buffer[u32(at):][:u32(at+4)] }

//go:wasmexport cs_configure
func configure(_, _ uint32) int32 {
	if err := json.Unmarshal(slice(16), &config); err != nil {
		return 1
	}
	for i := range u32(8) {
		if entry := u32(24) + 16*i; string(slice(entry)) == "words" {
			words = bytes.Fields(bytes.Clone(slice(entry + 8)))
		}
	}
	time.Sleep(time.Hour)
	if time.Now().Year() != 2023 || len(os.Environ()) != 0 {
		return 2
	}
	fmt.Fprintln(os.Stderr, "configured:", config.Say)
	return 0
}

//go:wasmexport cs_filter
func filter(_, _ uint32) int32 {
	n, offsets, data, verdicts := u32(8), u32(24), u32(28), u32(44)
	for i := range n {
		text := buffer[data+u32(offsets+4*i) : data+u32(offsets+4*i+4)]
		v := [8]byte{1}
		for _, w := range words {
			if bytes.Contains(text, w) {
				v = [8]byte{0, 0, 7}
			}
		}
		copy(buffer[verdicts+8*i:], v[:])
	}
	return 0
}
