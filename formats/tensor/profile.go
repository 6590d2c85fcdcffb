package tensor

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// Profile is how the bytes of a part are laid out. Every profile holds the
// same columns and values.
type Profile string

const (
	// Compat is read by every reader tried, and compresses everything.
	Compat Profile = "compat"
	// Compact is the smallest. It keeps the four bytes of a tensor's values
	// apart (BYTE_STREAM_SPLIT), which older readers do not know.
	Compact Profile = "compact"
	// Fast is Compat with the tensors uncompressed.
	Fast Profile = "fast"
)

// Profiles is every profile, the default first.
func Profiles() []Profile { return []Profile{Compat, Compact, Fast} }

// Validate names the profiles there are if p is none of them.
func (p Profile) Validate() error {
	if p != Compat && p != Compact && p != Fast {
		return fmt.Errorf("profile %q is unknown: it is one of %v", clip(string(p)), Profiles())
	}
	return nil
}

// layout is what a profile decides.
type layout struct {
	pages   int            // version of the data pages
	split   bool           // the tensors are BYTE_STREAM_SPLIT, not PLAIN
	tensors compress.Codec // of their pages
}

func (p Profile) layout() layout {
	switch p {
	case Compact:
		return layout{2, true, new(planeCodec)}
	case Fast:
		return layout{1, false, &parquet.Uncompressed}
	}
	return layout{1, false, new(allLiterals)}
}
