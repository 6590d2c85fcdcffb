// Package split sends each group of rows to the train, validation or test set.
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
	Test       = "test"
)

// Names are all splits, in the order in which they are listed.
func Names() []string { return []string{Train, Validation, Test} }

// Splitter assigns groups to splits. The zero value is not valid; use New.
type Splitter struct {
	prefix           []byte // "cubeset.split.v1\0" seed "\0"
	validation, test limit
}

// limit is a bound on u, from 0 to 2^64.
type limit struct {
	u   uint64
	all bool // 2^64, which u cannot hold
}

func (l limit) above(u uint64) bool { return l.all || u < l.u }

// New makes a Splitter that sends the share validation of all groups to
// validation and the share test to test; both are decimal numbers in [0,1]
// such as "0.2", and so is their sum. They are taken exactly: with u the first
// 8 bytes, big endian, of
//
//	sha256("cubeset.split.v1\0" ‖ seed in decimal ‖ "\0" ‖ group)
//
// a group is in validation if u < validation·2^64, else in test if
// u < (validation+test)·2^64, else in train.
func New(validation, test string, seed int64) (Splitter, error) {
	v, err := fraction("validation", validation)
	if err != nil {
		return Splitter{}, err
	}
	t, err := fraction("test", test)
	if err != nil {
		return Splitter{}, err
	}
	sum := new(big.Rat).Add(v, t)
	if sum.Cmp(big.NewRat(1, 1)) > 0 {
		return Splitter{}, fmt.Errorf("test: %s and validation's %s are more than all", test, validation)
	}
	return Splitter{
		prefix:     []byte("cubeset.split.v1\x00" + strconv.FormatInt(seed, 10) + "\x00"),
		validation: limitOf(v), test: limitOf(sum),
	}, nil
}

func fraction(name, s string) (*big.Rat, error) {
	f, ok := new(big.Rat).SetString(s)
	if !ok || f.Sign() < 0 || f.Cmp(big.NewRat(1, 1)) > 0 {
		return nil, fmt.Errorf("%s: %q is not a number from 0 to 1", name, s)
	}
	return f, nil
}

// limitOf is f·2^64, rounded up: u < f·2^64 for whole u is u < ceil(f·2^64).
func limitOf(f *big.Rat) limit {
	f = new(big.Rat).Mul(f, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 64)))
	n, rest := new(big.Int).QuoRem(f.Num(), f.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	return limit{n.Uint64(), !n.IsUint64()}
}

// Of is the split of a group.
func (s Splitter) Of(group string) string {
	switch u := s.hash(group); {
	case s.validation.above(u):
		return Validation
	case s.test.above(u):
		return Test
	}
	return Train
}

func (s Splitter) hash(group string) uint64 {
	var buf [512]byte
	sum := sha256.Sum256(append(append(buf[:0], s.prefix...), group...))
	return binary.BigEndian.Uint64(sum[:8])
}
