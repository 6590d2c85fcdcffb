package precomputed

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

const textBytesMax = 16 << 20 // of a line

// readTexts reads the texts of a file into an index.
func readTexts(name string) (index, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decode := plainText
	if extension(name) == ".jsonl" {
		decode = jsonText
	}
	x, err := scanTexts(f, decode)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return x, nil
}

// scanTexts reads a text a line. An error begins with the line's number.
func scanTexts(r io.Reader, decode func([]byte) (string, error)) (index, error) {
	var x index
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 1<<16), textBytesMax)
	n := 0
	for s.Scan() {
		n++
		text, err := decode(s.Bytes())
		if err == nil {
			err = x.add(canonical(text))
		}
		if err != nil {
			return nil, fmt.Errorf("%d: %w", n, err)
		}
	}
	if err := s.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("longer than %d bytes", textBytesMax)
		}
		return nil, fmt.Errorf("%d: %w", n+1, err)
	}
	return x, nil
}

func plainText(line []byte) (string, error) {
	if !utf8.Valid(line) {
		return "", errors.New("not UTF-8")
	}
	return string(line), nil
}

// jsonText reads a string, or the field "text" of an object.
func jsonText(line []byte) (string, error) {
	if !utf8.Valid(line) {
		return "", errors.New("not UTF-8")
	}
	line = bytes.TrimSpace(line)
	var object struct{ Text *string }
	to := any(&object)
	if len(line) > 0 && line[0] == '"' {
		to = &object.Text
	}
	// The decoder's own message may quote the text.
	if json.Unmarshal(line, to) != nil || object.Text == nil {
		return "", errors.New(`neither a JSON string nor an object with a string "text"`)
	}
	return *object.Text, nil
}
