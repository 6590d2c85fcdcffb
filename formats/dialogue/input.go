package dialogue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Input is an open file of dialogues. Its methods are for one goroutine, but
// for Parser and Bytes.
type Input struct {
	path    string
	options Options
	layout  layout
	file    io.Closer
	size    int64
	packed  *counter
	plain   *unpacker
	w       *window
	split   splitter
	names   *names
}

// Open opens a file, unpacks it if its first bytes are those of gzip, bzip2 or
// Zstandard, tells its format, and reads the header line if it is a table. The
// path "-" is the standard input, and "a.zip!/b/c.jsonl" the file b/c.jsonl in
// the archive a.zip. Find makes such paths of folders, patterns and archives.
//
// Format "auto" goes by the name if it ends in .jsonl, .ndjson, .csv, .tsv, .yml
// or .yaml (before .gz, .bz2 or .zst), and else by the content. Parquet is told
// by its first bytes, whatever the name; it has to be a file of its own, neither
// packed as a whole, nor in an archive, nor the standard input.
func Open(path string, o Options) (*Input, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	in := &Input{path: path, options: o, size: -1}
	if err := in.open(); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

// open finds the bytes of the file. A file of the very name counts before a
// member of an archive.
func (in *Input) open() error {
	if in.path == "-" {
		return in.start(os.Stdin)
	}
	f, err := os.Open(in.path)
	if archive, name, ok := cutMember(in.path); ok && errors.Is(err, fs.ErrNotExist) {
		m, err := openMember(archive, name)
		if err != nil {
			return err
		}
		in.file, in.size, in.packed = m.file, m.size, m.packed
		return in.start(m)
	}
	if err != nil {
		return err
	}
	in.file = f
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s: is a folder, not a file", in.path)
	case info.Mode().IsRegular():
		in.size = info.Size()
	}
	return in.start(f)
}

// start reads as much as it takes to know what the file is.
func (in *Input) start(src io.Reader) (err error) {
	if in.names, err = newNames(in.options.Fields); err != nil {
		return err
	}
	if in.packed == nil { // not a member of an archive, which counts itself
		in.packed = &counter{r: src}
		src = in.packed
	}
	if in.plain, err = newUnpacker(src, in.packed, in.options.PlainBytesMax); err != nil {
		return in.at(1, err)
	}
	in.w = newWindow(in.plain, in.options.RecordBytesMax)
	head := in.w.look(sniffBytes)
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		in.w.advance(3)
		head = in.w.ahead()
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return in.at(1, fmt.Errorf("%w: a zip archive; name a file in it, as in a.zip!/b.jsonl", ErrFormat))
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return in.at(1, fmt.Errorf("%w: text in UTF-16; save it as UTF-8", ErrFormat))
	}
	format := in.options.Format
	if format == "auto" {
		if format = sniff(in.Name(), head, in.names); format == "" {
			if in.w.err != nil && !in.w.ended() {
				return in.at(1, in.w.err)
			}
			return in.at(1, fmt.Errorf("%w: the content is not JSON, no line of it begins with Q: and the first is no header with a question and an answer column", ErrFormat))
		}
	}
	if in.layout, err = parseLayout(format); err != nil {
		return in.at(1, err)
	}
	switch in.layout.format {
	case "jsonl", "eou":
		in.split = lineSplit{in.w}
	case "json":
		in.split = &jsonSplit{w: in.w, names: in.names}
	case "flat":
		in.split = flatSplit{in.w}
	case "parlai":
		in.split = parlaiSplit{in.w}
	case "parquet":
		return in.startParquet()
	case "qa":
		in.split = qaSplit{in.w}
	case "transcript":
		in.split = transcriptSplit{in.w}
	case "yaml":
		in.split = &yamlSplit{w: in.w}
	default:
		return in.startTable()
	}
	return nil
}

func (in *Input) startTable() error {
	in.split = csvSplit{in.w, in.layout.comma()}
	if in.layout.columns != nil {
		return nil // of a file without a header line
	}
	header, ok := in.split.next()
	switch {
	case !ok && !in.w.ended():
		return in.at(in.w.line, in.w.err)
	case header.Skip != "":
		return in.at(header.Line, fmt.Errorf("%w: the header line is longer than %d bytes", ErrFormat, in.options.RecordBytesMax))
	}
	columns, fault := csvColumns(header.Raw, in.layout.comma(), in.names)
	if fault != nil {
		return in.at(header.Line+fault.lines, fmt.Errorf("%w: the header line: %s", ErrFormat, fault.what))
	}
	in.layout.columns = columns
	if err := in.layout.check(); err != nil {
		return in.at(max(1, header.Line), err)
	}
	return nil
}

func (in *Input) at(line int64, err error) error {
	return &Error{Pos{in.path, line}, err}
}

// Records yields the records from where the last call left off. An error is
// the last thing it yields: an *Error with the line reached, after every record
// that is whole. Record.Raw is valid until the next record is asked for.
func (in *Input) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			r, ok := in.split.next()
			if !ok {
				break
			}
			if !yield(r, nil) {
				return
			}
		}
		if !in.w.ended() {
			yield(Record{Line: in.w.line}, in.at(in.w.line, in.w.err))
		}
	}
}

// Parser is a new parser of this file's records, for one goroutine. It remains
// of use after Close.
func (in *Input) Parser() *Parser { return newParser(in.layout, in.Name(), in.names, in.options) }

// Name is the base name of the file, which is the source of pairs that name
// none; "stdin" for the standard input.
func (in *Input) Name() string {
	if in.path == "-" {
		return "stdin"
	}
	return filepath.Base(in.path)
}

// Format is what the file was opened as: the Name of a Format, followed for a
// table by its columns, as in "csv:id,question,-,answer". Together with Name it
// and the Options it is all that NewParser needs, so records with equal bytes,
// formats and names make equal pairs.
func (in *Input) Format() string { return in.layout.String() }

// Bytes is how much of the file was read so far, before unpacking.
func (in *Input) Bytes() int64 { return in.packed.n.Load() }

// Size is the size of the file in bytes, before unpacking, or -1 where that is
// not known.
func (in *Input) Size() int64 { return in.size }

// Close closes the file, but not the standard input.
func (in *Input) Close() error {
	if in.plain != nil {
		in.plain.close()
	}
	if in.file == nil {
		return nil
	}
	return in.file.Close()
}
