// Package split sends each group of rows to the train or the validation set.
// The choice depends on the seed and the group alone, so it is the same in
// every build, on every machine and in every order, and stays when rows are
// appended.
package split

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"strconv"
)

// The names of the splits, as they stand in the split column and file names.
const (
	Train      = "train"
	Validation = "validation"
)

// Splitter assigns groups to splits. The zero value is not valid; use New.
type Splitter struct {
	prefix []byte // "cubeset.split.v1\0" seed "\0"
	limit  uint64 // u < limit is validation
	all    bool   // fraction 1: limit would not fit
}

// New makes a Splitter that sends the share fraction of all groups, a decimal
// number in [0,1] such as "0.2", to validation. The decimal is taken exactly:
// with u the first 8 bytes, big endian, of
//
//	sha256("cubeset.split.v1\0" ‖ seed in decimal ‖ "\0" ‖ group)
//
// a group is in validation if and only if u < fraction·2^64.
func New(fraction string, seed int64) (Splitter, error) {
	f, ok := new(big.Rat).SetString(fraction)
	if !ok || f.Sign() < 0 || f.Cmp(big.NewRat(1, 1)) > 0 {
		return Splitter{}, fmt.Errorf("validation: %q is not a number from 0 to 1", fraction)
	}
	// u < f·2^64 for whole u is u < ceil(f·2^64).
	f.Mul(f, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 64)))
	limit, rest := new(big.Int).QuoRem(f.Num(), f.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		limit.Add(limit, big.NewInt(1))
	}
	return Splitter{
		prefix: []byte("cubeset.split.v1\x00" + strconv.FormatInt(seed, 10) + "\x00"),
		limit:  limit.Uint64(),
		all:    !limit.IsUint64(),
	}, nil
}

// Of is the split of a group.
func (s Splitter) Of(group string) string {
	if s.all || s.hash(group) < s.limit {
		return Validation
	}
	return Train
}

func (s Splitter) hash(group string) uint64 {
	var buf [512]byte
	sum := sha256.Sum256(append(append(buf[:0], s.prefix...), group...))
	return binary.BigEndian.Uint64(sum[:8])
}
