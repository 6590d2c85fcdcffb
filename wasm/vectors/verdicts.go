package vectors

import "math"

// verdicts are section 5.
func verdicts(l *list) {
	write := func(v uint64) Builder { return Filtering(Verdicts(int64(v))) }
	score := func(bits uint32) uint64 { return 1 | uint64(bits)<<32 }
	float := func(f float32) uint64 { return score(math.Float32bits(f)) }
	drop := func(reason uint64) uint64 { return reason << 16 }

	l.failRow("5.1", "keep is 2", "bad_verdict", 0, write(2))
	l.failRow("5.1", "keep is 255", "bad_verdict", 0, write(0xff))
	l.failRow("5.1", "reserved is 1, rewritten", "bad_verdict", 0, write(1|1<<8))
	l.failRow("5.1", "reserved is 255", "bad_verdict", 0, write(1|0xff<<8))

	l.failRow("5.2", "dropped without a reason", "bad_reason", 0, write(0))
	l.failRow("5.2", "kept with a reason", "bad_reason", 0, write(1|drop(7)))
	l.failRow("5.2", "a reason that is not declared", "bad_reason", 0, write(drop(8)))
	l.failRow("5.2", "reason 65535", "bad_reason", 0, write(drop(0xffff)))
	dropped := l.host("5.2", "dropped for a declared reason", write(drop(7)|float(2.5)&^1), "eight")
	for range 8 {
		dropped.Expect.Verdicts = append(dropped.Expect.Verdicts, Verdict{Reason: 7, Score: 2.5})
	}
	highest := write(drop(1023))
	highest.Manifest = `{"name":"vector","version":"1","abi":1,"reasons":[{"code":1023,"name":"last"}]}`
	dropped = l.host("5.2", "reason 1023", highest, "eight")
	for range 8 {
		dropped.Expect.Verdicts = append(dropped.Expect.Verdicts, Verdict{Reason: 1023})
	}

	l.failRow("5.3", "not a number", "nan_score", 0, write(score(0x7fc00000)))
	l.failRow("5.3", "not a number, with a sign and a payload", "nan_score", 0, write(score(0xff800001)))
	l.failRow("5.3", "infinity", "nan_score", 0, write(score(0x7f800000)))
	l.failRow("5.3", "minus infinity", "nan_score", 0, write(score(0xff800000)))
	l.failRow("5.3", "not a number for a dropped row", "nan_score", 0, write(drop(7)|score(0x7fc00000)&^1))
	l.scores("5.3", "the largest number", write(float(math.MaxFloat32)), math.MaxFloat32)
	l.scores("5.3", "the smallest number", write(float(math.SmallestNonzeroFloat32)), math.SmallestNonzeroFloat32)

	l.failRow("5.4", "nothing written", "bad_verdict", 0, Filtering(Const(0)))
	some := func(cond []byte, v int64) Builder { // only the rows where cond holds
		return Filtering(EachRow(If(cond, verdictAt(), Const64(v), []byte{0x37, 0, 0})))
	}
	l.failRow("5.4", "only the first three rows", "bad_verdict", 3, some(Cat(Row(), Const(3), []byte{0x49}), 1))
	l.failRow("5.4", "all rows but the last", "bad_verdict", 7, some(Cat(Row(), Const(7), []byte{0x49}), 1))
	l.failRow("5.4", "only the first byte of each", "bad_verdict", 0, Filtering(EachRow(Cat(verdictAt(), Const(1), []byte{0x3a, 0, 0}))))
	l.failRow("5.4 5.3", "all but the scores", "nan_score", 0, Filtering(EachRow(Cat(verdictAt(), Const(1), []byte{0x36, 0, 0}))))
	stale := l.host("5.4", "what an earlier batch left does not count", func() Builder {
		b := Guest()
		b.Globals = [][]byte{Counter()}
		return Before(b, Cat(If(Global(0), Return(Const(0))), SetGlobal(0, Const(1))))
	}(), "eight", "eight")
	zero := 0
	stale.Expect = Expect{Code: "bad_verdict", At: AtFilter, Row: &zero}

	cut := l.host("5.5", "the same rows again get the same verdicts", Guest(), "eight", "long", "eight", "eight")
	cut.Expect.Verdicts = kept(8)
	in := inputs()["full"]
	alone := hashed("", func(hash, _ uint64) []byte {
		return signed(textHash(hash, Add(Get(0), Field(16)), Add(Get(0), Field(20))))
	})
	again := l.host("5.5", "other rows before change nothing", alone, "eight", "full")
	for _, s := range hashes(in.Questions) {
		again.Expect.Verdicts = append(again.Expect.Verdicts, Verdict{Keep: true, Score: s})
	}

	from := func(row int64, v int64) []byte { // rows from that one on get v
		return EachRow(Cat(verdictAt(), Const64(v), Const64(1), Cat(Row(), Const(row), []byte{0x4f, 0x1b}), []byte{0x37, 0, 0}))
	}
	l.failRow("5.6", "of several wrong verdicts, the first counts", "bad_verdict", 2, Filtering(from(2, 7)))
	two := EachRow(Cat(verdictAt(),
		Const64(1|8<<16), Cat(Const64(1|0xff<<8), Const64(1), Cat(Row(), Const(5), []byte{0x46, 0x1b})), Cat(Row(), Const(4), []byte{0x46, 0x1b}),
		[]byte{0x37, 0, 0}))
	l.failRow("5.6", "whatever kinds they are of", "bad_reason", 4, Filtering(two))
}
