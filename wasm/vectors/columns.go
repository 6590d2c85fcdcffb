package vectors

import (
	"math"
	"strings"
)

// allNeeds is every column there is.
const allNeeds = `"embeddings","context","id","lang","similarity","source","dialogue","scores"`

// hashed is a guest with hash and find, whose rows score what the f32 of code is.
func hashed(needs string, code func(hash, find uint64) []byte) Builder {
	b := Guest()
	hash, find := Hashing(&b)
	s := ScoringFloat(code(hash, find))
	b.Funcs[FuncFilter].Code, b.Funcs[FuncFilter].Locals = s.Funcs[FuncFilter].Code, s.Funcs[FuncFilter].Locals
	if needs != "" {
		b = Needing(b, needs)
	}
	return b
}

// signed is an i32 as f32.
func signed(v []byte) []byte { return Cat(v, []byte{0xb2}) }

// extension is the address of an extension.
func extension(find uint64, tag int64) []byte {
	return Add(Get(0), Cat(Get(0), Const(tag), Call(find)))
}

// rowsTimes4 is the bytes of a column of 32-bit numbers.
func rowsTimes4() []byte { return Mul(Field(8), Const(4)) }

// textsHash is the hash of the row's text in texts at an address.
func textsHash(hash uint64, at []byte) []byte {
	return signed(textHash(hash, at, Add(at, rowsTimes4(), Const(4))))
}

// floatAt is the f32 at an address.
func floatAt(at []byte) []byte { return Cat(at, []byte{0x2a, 0, 0}) }

func hashes(texts []string) (all []float32) {
	for _, s := range texts {
		all = append(all, fnv(s))
	}
	return all
}

// columns are section 4, for hosts.
func columns(l *list) {
	in := inputs()
	full := in["full"]
	check := func(offset uint64, want []byte) []byte { return If(Differ(Field(offset), want), Trap()) }
	l.keep("4.1", "magic, header_size, rows, flags and total", Before(Guest(), Cat(
		check(0, Const(0x31425343)), check(4, Const(64)), check(8, Const(8)), check(12, Const(0)), check(48, Get(1)))))
	l.score("4.1", "row_base", Before(Scoring(Load(Get(0), 56)), check(60, Const(1))), "later", 5, 5, 5, 5, 5, 5, 5, 5)
	l.keep("4.1", "what is absent is 0", Before(Guest(), Cat(check(32, Const(0)), check(36, Const(0)), check(40, Const(0)), check(52, Const(0)))))

	aligned := func(offset uint64) []byte {
		return If(Cat(Field(offset), Const(15), []byte{0x71}), Trap())
	}
	var every []byte
	for _, offset := range []uint64{16, 20, 24, 28, 32, 36, 44, 52} {
		every = Cat(every, aligned(offset))
	}
	ends := If(Differ(Add(Field(44), Mul(Field(8), Const(8))), Field(48)), Trap())
	l.score("4.2", "every column at a multiple of 16, the verdicts last", Before(Needing(Guest(), allNeeds), Cat(every, ends)), "full", 0, 0, 0, 0)
	gap := Cat( // from the last offset of the questions to the next multiple of 16
		Set(2, Add(Field(16), Mul(Add(Field(8), Const(1)), Const(4)))),
		[]byte{0x02, 0x40, 0x03, 0x40}, Get(2), Const(15), []byte{0x71, 0x45, 0x0d, 1},
		If(Cat(Add(Get(0), Get(2)), []byte{0x2d, 0, 0}), Trap()), Set(2, Add(Get(2), Const(1))), []byte{0x0c, 0, 0x0b, 0x0b},
		Set(2, Const(0)),
	)
	v := l.host("4.2", "zeros between columns, also where an earlier batch was", Before(Guest(), gap), "long", "eight")
	v.Expect.Verdicts = kept(8)

	none := l.host("4.4", "no rows", Guest(), "none")
	none.Expect.Verdicts = []Verdict{}
	none = l.host("4.4", "no rows, and every column", Needing(Guest(), `"context","id","lang","similarity","source","dialogue","scores"`), "none")
	none.Expect.Verdicts = []Verdict{}

	text := func(offsets, data uint64) func(uint64, uint64) []byte {
		return func(hash, _ uint64) []byte {
			return signed(textHash(hash, Add(Get(0), Field(offsets)), Add(Get(0), Field(data))))
		}
	}
	l.score("4.5", "the bytes of every question", hashed("", text(16, 20)), "full", hashes(full.Questions)...)
	l.score("4.5", "the bytes of every answer", hashed("", text(24, 28)), "full", hashes(full.Answers)...)
	l.score("4.5", "offsets begin at 0 and end where the data ends", Before(Scoring(Load(Add(Get(0), Field(16), Mul(Field(8), Const(4))), 0)), If(Load(Add(Get(0), Field(16)), 0), Trap())),
		"full", lengths(full.Questions)...)

	value := func(field uint64, i int64) Builder { // value i of the row's embedding
		return Needing(ScoringFloat(floatAt(Add(Get(0), Field(field), Mul(Add(Mul(Row(), Field(40)), Const(i)), Const(4))))), `"embeddings"`)
	}
	at := func(vectors [][]float32, i int) (all []float32) {
		for _, v := range vectors {
			all = append(all, v[i])
		}
		return all
	}
	l.score("4.6", "the first value of every question's embedding", value(32, 0), "full", at(full.QuestionEmbeddings, 0)...)
	l.score("4.6", "the last value of every answer's embedding, one of them denormal", value(36, 2), "full", at(full.AnswerEmbeddings, 2)...)
	l.score("4.6", "dim", Needing(Scoring(Field(40)), `"embeddings"`), "full", 3, 3, 3, 3)

	l.score("4.7", "an entry of zeros ends the table", hashed(allNeeds, func(_, find uint64) []byte {
		return signed(Cat(Get(0), Const(99), Call(find)))
	}), "full", 0, 0, 0, 0)
	l.score("4.7", "bytes of an extension", Needing(Scoring(Load(Add(Get(0), Field(52)), 8)), `"similarity"`), "full", 16, 16, 16, 16)
	for _, c := range []struct {
		need string
		tag  int64
		want []string
	}{{"context", 1, full.Contexts}, {"id", 2, full.IDs}, {"lang", 3, full.Langs}, {"source", 5, full.Sources}} {
		b := func(needs string) Builder {
			return hashed(needs, func(hash, find uint64) []byte { return textsHash(hash, extension(find, c.tag)) })
		}
		l.score("4.8 4.7", c.need, b(`"`+c.need+`"`), "full", hashes(c.want)...)
		l.score("4.8 4.7", c.need+" among all columns", b(allNeeds), "full", hashes(c.want)...)
		l.score("4.9", c.need+" that the input lacks", b(`"`+c.need+`"`), "bare", fnv(""), fnv(""))
	}
	similarity := hashed(allNeeds, func(_, find uint64) []byte {
		return floatAt(Add(extension(find, 4), Mul(Row(), Const(4))))
	})
	l.score("4.7", "similarity", similarity, "full", full.Similarity...)
	turn := hashed(`"dialogue"`, func(_, find uint64) []byte {
		return signed(Load(Add(extension(find, 6), Mul(Row(), Const(4))), 0))
	})
	l.score("4.7", "turns", turn, "full", 0, 1, -1, math.MaxInt32)
	l.score("4.9", "turns that the input lacks", turn, "bare", -1, -1)
	dialogue := hashed(`"dialogue"`, func(hash, find uint64) []byte {
		return textsHash(hash, Add(extension(find, 6), rowsTimes4()))
	})
	l.score("4.7", "ids of dialogues", dialogue, "full", hashes(full.DialogueIDs)...)
	l.score("4.9", "dialogues that the input lacks", dialogue, "bare", fnv(""), fnv(""))
	earlier(l, full)
	for _, need := range []string{"context", "id", "lang", "similarity", "source", "dialogue", "scores"} {
		tags := map[string]int64{"context": 1, "id": 2, "lang": 3, "similarity": 4, "source": 5, "dialogue": 6, "scores": 7}
		others := strings.ReplaceAll(strings.ReplaceAll(allNeeds, `"`+need+`",`, ""), `,"`+need+`"`, "")
		l.score("4.9", need+" is not there unless it is asked for", hashed(others, func(_, find uint64) []byte {
			return signed(Cat(Get(0), Const(tags[need]), Call(find)))
		}), "full", 0, 0, 0, 0)
	}
	l.score("4.9", "embeddings are not there unless they are asked for", Needing(Scoring(Add(Field(32), Field(36), Field(40))), `"similarity"`), "bare", 0, 0)

	scribble := Before(Guest(), Cat( // over everything up to the verdicts, which it remembers
		Set(2, Field(44)), Get(0), Const(0xaa), Get(2), []byte{0xfc, 11, 0},
		Add(Get(0), Const(44)), Get(2), []byte{0x36, 0, 0}, Add(Get(0), Const(8)), Const(8), []byte{0x36, 0, 0}, Set(2, Const(0)),
	))
	v = l.host("4.10", "a guest that writes over the columns harms only itself", scribble, "eight", "eight")
	v.Expect.Verdicts = kept(8)
}

func lengths(texts []string) (all []float32) {
	total := 0
	for _, s := range texts {
		total += len(s)
	}
	for range texts {
		all = append(all, float32(total))
	}
	return all
}

// earlier are the scores of filters before.
func earlier(l *list, full *Rows) {
	of := func(find uint64, column int64) []byte { // the value of a column, behind k and k+1 offsets
		at := extension(find, 7)
		values := Add(at, Mul(Add(Load(at, 0), Const(2)), Const(4)))
		return floatAt(Add(values, Mul(Const(column), rowsTimes4()), Mul(Row(), Const(4))))
	}
	for i, c := range full.Scores {
		l.score("4.7", "scores of "+c.Name, hashed(`"scores"`, func(_, find uint64) []byte { return of(find, int64(i)) }), "full", c.Values...)
	}
	l.score("4.7", "the name of the second earlier filter", hashed(`"scores"`, func(hash, find uint64) []byte {
		at := extension(find, 7)
		k := Load(at, 0)
		data := Add(at, Mul(Add(k, Const(2)), Const(4)), Mul(k, rowsTimes4()))
		return signed(Cat(Add(data, Load(at, 8)), Sub(Load(at, 12), Load(at, 8)), Call(hash)))
	}), "full", fnv("echo"), fnv("echo"), fnv("echo"), fnv("echo"))
	l.score("4.9", "no scores before the first filter", hashed(`"scores"`, func(_, find uint64) []byte {
		return signed(Load(extension(find, 7), 0))
	}), "bare", 0, 0)
}
