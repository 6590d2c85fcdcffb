package static

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cubeset/cubeset/sdk/teacher"
)

const (
	wordBytesMax = 4 << 10 // of a word in a file; longer means that it is none
	lineBytesMax = 1 << 20 // of a line of a text file
	valuesMax    = 1 << 33 // of a table: 32 GiB
)

// wordFile is a file of words and their vectors.
type wordFile struct {
	config Config
	read   reader
}

// A reader reads the first words of a file of size bytes, 0 = unknown.
type reader func(r *bufio.Reader, size int64, most int) (words, error)

// words are what such a file holds. With a file cut short by most, what comes
// behind is not looked at.
type words struct {
	dims   int
	ids    map[string]int32
	values []float32
}

func (f wordFile) files() []string { return []string{f.config.Path} }

func (f wordFile) describe() (teacher.Description, error) {
	w, err := f.open(1)
	d := teacher.Description{
		Model: "word-vectors", Truncation: "none", Normalised: true, Dims: w.dims, MaxTokens: f.config.MaxTokens,
	}
	if f.config.MaxTokens > 0 {
		d.Truncation = "end"
	}
	if f.config.MaxWords > 0 {
		d.Revision = "+words-" + strconv.Itoa(f.config.MaxWords)
	}
	return d, err
}

func (f wordFile) load() (*model, error) {
	most := f.config.MaxWords
	if most == 0 {
		most = countMax
	}
	w, err := f.open(most)
	if err != nil {
		return nil, err
	}
	return &model{
		dims: w.dims, values: w.values, tokenizer: lookup{w.ids}, unknown: unknownWord,
		maxTokens: f.config.MaxTokens, normalise: true,
	}, nil
}

// open reads the first words of the file.
func (f wordFile) open(most int) (words, error) {
	file, err := os.Open(f.config.Path)
	if err != nil {
		return words{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return words{}, err
	}
	var r io.Reader = file
	size := info.Size()
	if strings.HasSuffix(strings.ToLower(f.config.Path), ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			return words{}, fmt.Errorf("%s: %w", f.config.Path, err)
		}
		size = 0
	}
	w, err := f.read(bufio.NewReaderSize(r, 1<<16), size, most)
	if err != nil {
		return words{}, fmt.Errorf("%s: %w", f.config.Path, err)
	}
	return w, nil
}

// readBinary reads what word2vec writes with -binary 1: a line of two numbers,
// how many words and of how many values, then each word, a space, and its
// values as little-endian float32. A line break may follow.
func readBinary(r *bufio.Reader, size int64, most int) (words, error) {
	line, err := readLine(r)
	if err != nil {
		return words{}, err
	}
	n, dims, ok := readCounts(line)
	if !ok {
		return words{}, errors.New("line 1: want two numbers, of words and of values a word")
	}
	w := words{dims: dims, ids: map[string]int32{}}
	w.reserve(min(int64(n), int64(most), size/int64(4*dims)))
	row := make([]byte, 4*dims)
	for i := range min(n, most) {
		word, err := readWord(r)
		if err == nil {
			_, err = io.ReadFull(r, row)
		}
		if err != nil {
			return words{}, fmt.Errorf("word %d of %d: %w", i+1, n, unexpected(err))
		}
		vector, err := w.add(word)
		if err != nil {
			return words{}, fmt.Errorf("word %d: %w", i+1, err)
		}
		for d := range vector {
			vector[d] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*d:]))
		}
		if err := finite(vector); err != nil {
			return words{}, fmt.Errorf("word %d: %w", i+1, err)
		}
	}
	return w, nil
}

// readWord reads up to a space.
func readWord(r *bufio.Reader) (string, error) {
	var word []byte
	for {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return "", err
		case c == ' ':
			return string(word), nil
		case c == '\n' && len(word) == 0: // the end of the vector before
		case len(word) == wordBytesMax:
			return "", fmt.Errorf("longer than %d bytes", wordBytesMax)
		default:
			word = append(word, c)
		}
	}
}

// readText reads what GloVe and word2vec write as text: a word a line, then its
// values, with spaces between them. Before them word2vec has a line of two
// numbers. A word of GloVe may hold spaces itself.
func readText(r *bufio.Reader, size int64, most int) (words, error) {
	w := words{ids: map[string]int32{}}
	for n := 1; len(w.ids) < most; n++ {
		line, err := readLine(r)
		if err == io.EOF {
			break
		}
		if err != nil {
			return words{}, fmt.Errorf("line %d: %w", n, err)
		}
		if len(line) == 0 {
			continue
		}
		if n == 1 {
			if _, dims, ok := readCounts(line); ok {
				w.dims = dims
				continue
			}
			w.dims = bytes.Count(line, []byte(" "))
		}
		if len(w.ids) == 0 {
			w.reserve(min(int64(most), size/int64(len(line)+1)))
		}
		if err := w.addLine(line); err != nil {
			return words{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if len(w.ids) == 0 {
		return words{}, errors.New("no words")
	}
	return w, nil
}

// addLine adds a word and its values. The values are the last fields.
func (w *words) addLine(line []byte) error {
	fields := bytes.Split(line, []byte(" "))
	if len(fields) < w.dims+1 || w.dims < 1 || w.dims > teacher.DimsMax {
		return fmt.Errorf("%d fields, want a word and %d values", len(fields), w.dims)
	}
	values := fields[len(fields)-w.dims:]
	word := line
	for _, v := range values {
		word = word[:len(word)-len(v)-1]
	}
	vector, err := w.add(string(word))
	if err != nil {
		return err
	}
	for i, v := range values {
		x, err := strconv.ParseFloat(string(v), 32)
		if err != nil {
			return fmt.Errorf("value %d is no number", i+1)
		}
		vector[i] = float32(x)
	}
	return finite(vector)
}

// reserve makes room for about n words at once: a table that grows is copied
// over and over.
func (w *words) reserve(n int64) {
	if n > 0 && w.dims > 0 && n <= valuesMax/int64(w.dims) {
		w.values = make([]float32, 0, int(n)*w.dims)
		w.ids = make(map[string]int32, n)
	}
}

// add makes room for a word's vector. Of a word that is there twice the first
// one counts; the other stays out of reach.
func (w *words) add(word string) ([]float32, error) {
	if w.dims < 1 || w.dims > teacher.DimsMax {
		return nil, fmt.Errorf("%d values a vector, want 1 to %d", w.dims, teacher.DimsMax)
	}
	at := len(w.values)
	if at+w.dims > valuesMax {
		return nil, fmt.Errorf("more than %d values", valuesMax)
	}
	if _, twice := w.ids[word]; !twice {
		w.ids[word] = int32(at / w.dims)
	}
	w.values = append(w.values, make([]float32, w.dims)...)
	return w.values[at:], nil
}

func finite(vector []float32) error {
	for i, x := range vector {
		if x-x != 0 {
			return fmt.Errorf("value %d is not finite", i+1)
		}
	}
	return nil
}

// readCounts reads a line of two numbers: of words, and of values a word.
func readCounts(line []byte) (n, dims int, ok bool) {
	a, b, ok := strings.Cut(strings.TrimSpace(string(line)), " ")
	n, err := strconv.Atoi(a)
	dims, err2 := strconv.Atoi(b)
	return n, dims, ok && err == nil && err2 == nil && n > 0 && dims > 0 && n <= countMax && dims <= teacher.DimsMax
}

// readLine reads a line without its end. It gives io.EOF behind the last one.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > lineBytesMax:
			return nil, fmt.Errorf("longer than %d bytes", lineBytesMax)
		case err == bufio.ErrBufferFull:
			continue
		case err != nil && (err != io.EOF || len(line) == 0):
			return nil, err
		}
		return bytes.TrimRight(line, " \r\n"), nil
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// lookup finds the words of a text in a table. Such tables do not say how
// their texts were split. So a stretch without white space is looked up as it
// stands; if it is not there, without the punctuation around it; then its parts
// between punctuation one by one. Each is looked up in lower case too.
type lookup struct{ ids map[string]int32 }

func (l lookup) tokens(s *scratch, text []byte) {
	for stretch := range bytes.FieldsSeq(text) {
		if l.add(s, stretch) {
			continue
		}
		core := bytes.TrimFunc(stretch, isPunctuation)
		if len(core) == 0 { // punctuation alone says nothing
			continue
		}
		if len(core) < len(stretch) && l.add(s, core) {
			continue
		}
		for part := range bytes.FieldsFuncSeq(core, isPunctuation) {
			if !l.add(s, part) {
				s.ids = append(s.ids, unknownWord)
			}
		}
	}
}

// add looks a word up and reports whether it is there.
func (l lookup) add(s *scratch, word []byte) bool {
	id, ok := l.ids[string(word)]
	if !ok {
		s.text = s.text[:0]
		for len(word) > 0 {
			r, n := utf8.DecodeRune(word)
			s.text = utf8.AppendRune(s.text, unicode.ToLower(r))
			word = word[n:]
		}
		id, ok = l.ids[string(s.text)]
	}
	if ok {
		s.ids = append(s.ids, id)
	}
	return ok
}
