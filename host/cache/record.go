package cache

import (
	"encoding/binary"
	"hash/crc32"
)

// A record is a header of headerBytes and the payload, padded to alignBytes:
//
//	 0  crc32c of bytes 4 .. 64+length
//	 4  magic "CSR1"
//	 8  payload length
//	12  kind of payload; 1 is float32
//	16  first 8 bytes of the recipe
//	24  zero
//	32  key
const (
	headerBytes = 64
	alignBytes  = 64
	recordMagic = "CSR1"
	kindFloat32 = 1

	segmentMagic = "CUBESEG1" // the first bytes of a segment's own header
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// recordBytes is what a payload of n bytes takes up.
func recordBytes(n int) int64 {
	return (headerBytes + int64(n) + alignBytes - 1) &^ (alignBytes - 1)
}

func appendRecord(b []byte, recipe recipePrefix, key *Key, payload []byte) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = append(b, recordMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, kindFloat32, 0, 0, 0)
	b = append(b, recipe[:]...)
	b = append(b, make([]byte, 8)...)
	b = append(b, key[:]...)
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b[start:], crc32.Checksum(b[start+4:], castagnoli))
	return append(b, make([]byte, recordBytes(len(payload))-headerBytes-int64(len(payload)))...)
}

// frame reads a header as far as it says where the record ends.
func frame(b []byte) (payload int, ok bool) {
	if len(b) < headerBytes || string(b[4:8]) != recordMagic {
		return 0, false
	}
	n := int64(binary.LittleEndian.Uint32(b[8:]))
	if n > payloadBytesMax || headerBytes+n > int64(len(b)) {
		return 0, false
	}
	return int(n), true
}

// check returns the payload of the record at the start of b, or false if it is
// not whole. A mapped page that cannot be read, because the file was cut or the
// disk failed, is a bad record too: debug.SetPanicOnFault must be on.
func check(b []byte) (payload []byte, ok bool) {
	defer func() {
		if unreadable(recover()) {
			payload, ok = nil, false
		}
	}()
	n, framed := frame(b)
	if !framed || crc32.Checksum(b[4:headerBytes+n], castagnoli) != binary.LittleEndian.Uint32(b) {
		return nil, false
	}
	return b[headerBytes : headerBytes+n : headerBytes+n], true
}

func recordKey(rec []byte) *Key { return (*Key)(rec[32:64]) }

func recordRecipe(rec []byte) recipePrefix { return recipePrefix(rec[16:24]) }

// found is what a scan makes of a segment.
type found struct {
	entries []entry
	recipes map[recipePrefix]recipeCount
	end     int64 // where the last whole record ends
}

// scan walks the records of a segment from the front. A bad record whose header
// still says where it ends is stepped over; at anything else the walk stops. It
// never looks inside a record, so that no payload can pass for one.
func scan(b []byte) found {
	f := found{recipes: map[recipePrefix]recipeCount{}, end: headerBytes}
	for at := int64(headerBytes); at < int64(len(b)); {
		n, framed := frameAt(b[at:])
		if !framed {
			break
		}
		size := recordBytes(n)
		if _, ok := check(b[at:]); ok {
			f.entries = append(f.entries, entry{recordKey(b[at:]).fragment(), location(0, at)})
			f.recipes[recordRecipe(b[at:])] = f.recipes[recordRecipe(b[at:])].plus(1, size)
			f.end = min(at+size, int64(len(b)))
		}
		at += size
	}
	return f
}

// frameAt is frame for a page that may be unreadable.
func frameAt(b []byte) (n int, ok bool) {
	defer func() {
		if unreadable(recover()) {
			n, ok = 0, false
		}
	}()
	return frame(b)
}

// unreadable says whether a recovered panic is a fault of mapped memory. Any
// other panic goes on: it is a bug of ours.
func unreadable(e any) bool {
	if e == nil {
		return false
	}
	if _, fault := e.(interface{ Addr() uintptr }); !fault {
		panic(e)
	}
	return true
}
