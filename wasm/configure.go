package wasm

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// The configuration layout of ABI.md.
const (
	configMagic       = "CSC1"
	configHeaderBytes = 32
	blobEntry         = 16
	blobsMax          = 64
	blobBytesMax      = 64 << 20 // all together
)

var blobName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// packConfig is the buffer of cs_configure.
func packConfig(config json.RawMessage, blobs map[string][]byte) ([]byte, error) {
	if len(blobs) > blobsMax {
		return nil, fmt.Errorf("%d blobs, at most %d", len(blobs), blobsMax)
	}
	names := slices.Sorted(maps.Keys(blobs))
	size := 0
	for _, n := range names {
		if !blobName.MatchString(n) {
			return nil, fmt.Errorf("blob name %.80q is not %s", n, blobName)
		}
		if size += len(blobs[n]); size > blobBytesMax {
			return nil, fmt.Errorf("blobs of more than %d bytes", blobBytesMax)
		}
	}
	le := binary.LittleEndian
	b := make([]byte, configHeaderBytes+blobEntry*len(names))
	put := func(p []byte) (off, n uint32) {
		for len(b)%columnAlign != 0 {
			b = append(b, 0)
		}
		off = uint32(len(b))
		b = append(b, p...)
		return off, uint32(len(p))
	}
	entry := func(at int, p []byte) {
		off, n := put(p)
		le.PutUint32(b[at:], off)
		le.PutUint32(b[at+4:], n)
	}
	copy(b, configMagic)
	le.PutUint32(b[4:], configHeaderBytes)
	le.PutUint32(b[8:], uint32(len(names)))
	entry(16, config)
	if len(names) > 0 {
		le.PutUint32(b[24:], configHeaderBytes)
	}
	for i, n := range names {
		at := configHeaderBytes + blobEntry*i
		entry(at, []byte(n))
		entry(at+8, blobs[n])
	}
	le.PutUint32(b[28:], uint32(len(b)))
	return b, nil
}
