package httpteacher

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// keyBytesMax is longer than any key, and shorter than most files that somebody
// names by mistake.
const keyBytesMax = 8 << 10

// hidden is what stands where the key stood.
const hidden = "[key]"

// secret is a key. It prints as [key], whoever prints it.
type secret struct{ value string }

func (s secret) String() string               { return hidden }
func (s secret) GoString() string             { return hidden }
func (s secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// hide is text without the key.
func (s secret) hide(text string) string {
	if s.value == "" {
		return text
	}
	return strings.ReplaceAll(text, s.value, hidden)
}

// readKey returns the key c names, empty if it names none.
func (c Config) readKey() (secret, error) {
	switch {
	case c.KeyEnv != "":
		v := os.Getenv(c.KeyEnv)
		if v == "" {
			return secret{}, fmt.Errorf("the variable %s, which is to hold the key, is not set", c.KeyEnv)
		}
		return checkKey(v, c.KeyEnv)
	case c.KeyFile != "":
		f, err := os.Open(c.KeyFile)
		if err != nil {
			return secret{}, fmt.Errorf("key_file: %w", err)
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, keyBytesMax+1))
		if err != nil {
			return secret{}, fmt.Errorf("key_file: %w", err)
		}
		return checkKey(string(b), c.KeyFile)
	}
	return secret{}, nil
}

// checkKey trims a key, and refuses what a header cannot hold.
func checkKey(value, from string) (secret, error) {
	value = strings.TrimSpace(value)
	if len(value) > keyBytesMax {
		return secret{}, fmt.Errorf("%s: over %d bytes: that is no key", from, keyBytesMax)
	}
	if value == "" {
		return secret{}, errors.New(from + ": empty")
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII-1 }) {
		return secret{}, errors.New(from + ": holds white space or a character that no key has")
	}
	return secret{value}, nil
}

// keyName is where the key comes from, for people.
func (c Config) keyName() string {
	switch {
	case c.KeyEnv != "":
		return "the key in " + c.KeyEnv
	case c.KeyFile != "":
		return "the key in " + c.KeyFile
	}
	return "a request without a key"
}
