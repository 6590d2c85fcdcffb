// The tests of cubeset.ts: npm install && npm test
import { Config, Filter, INFO, Row, Text, Vector, Verdict, cs_configure, cs_error, cs_filter, cs_reserve, drop, keep, log, register } from "./cubeset";

// Form is a message of the host being written where a guest has it.
class Form {
  at: usize = cs_reserve(4096);
  size: u32;

  constructor(magic: u32, header: u32) {
    memory.fill(this.at, 0, 4096);
    store<u32>(this.at, magic);
    this.size = header;
  }

  put(at: u32, values: u32[]): void {
    for (let i = 0; i < values.length; i++) store<u32>(this.at + at + 4 * i, values[i]);
  }

  // add appends a column at a multiple of 16, numbers before text.
  add(numbers: u32[], text: string): u32 {
    const at = (this.size + 15) & ~15, bytes = String.UTF8.encode(text);
    this.put(at, numbers);
    this.size = at + 4 * numbers.length;
    memory.copy(this.at + this.size, changetype<usize>(bytes), bytes.byteLength);
    this.size += bytes.byteLength;
    return at;
  }

  floats(values: f32[]): u32 {
    return this.add(values.map<u32>((v) => reinterpret<u32>(v)), "");
  }
}

function batch(whole: bool): Form {
  const f = new Form(0x31425343, 64);
  f.put(8, [2]);
  f.put(16, [f.add([0, 2, 7], ""), f.add([], "hiми!"), f.add([0, 0, 5], ""), f.add([], "fine.")]);
  f.put(56, [9, 1]);
  if (whole) {
    f.put(32, [f.floats([1, 2, 3, 4]), f.floats([5, 6, 7, 8]), 2]);
    const table = f.add(new Array<u32>(27), "");
    f.put(52, [table]);
    const scores: u32[] = [2, 0, 4, 6, reinterpret<u32>(<f32>1), reinterpret<u32>(<f32>2), reinterpret<u32>(<f32>3), reinterpret<u32>(<f32>4)];
    const columns: u32[] = [
      f.add([0, 1, 1], "c"), f.add([0, 1, 3], "aab"), f.add([0, 2, 4], "enru"), f.floats([0.25, 0.5]),
      f.add([0, 0, 1], "s"), f.add([0xffffffff, 3, 0, 0, 1], "d"), f.add(scores, "echopi"),
    ];
    for (let i = 0; i < columns.length; i++) f.put(table + 12 * i, [i + 1, columns[i]]);
    f.put(table + 12 * columns.length, [99]); // a column of a later revision
  }
  f.put(44, [f.add([~0, ~0, ~0, ~0], ""), f.size]);
  return f;
}

// Recorder writes down what it sees.
class Recorder extends Filter {
  seen: string[] = [];
  min: f64 = 0;
  words: string = "";

  configure(config: Config): void {
    const words = config.blob("words");
    if (words === null || config.blob("word") !== null) return config.fail("no words");
    this.words = words.toString();
    this.min = config.number("min");
  }

  row(r: Row): Verdict {
    let s = `${r.number} ${r.question}|${r.answer}|${r.context}|${r.id}|${r.lang}|${r.source}|${r.dialogueId}|${r.turn}|${r.similarity}`;
    for (let i = 0; i < r.answerEmbedding.length; i++) s += ` ${r.questionEmbedding[i]},${r.answerEmbedding[i]}`;
    for (let k = 0; k < r.scores.length; k++) s += ` ${r.scores[k].filter}=${r.scores[k].value}`;
    this.seen.push(s);
    return r.answer.length > 0 ? keep(0.5) : drop(7, -1.5);
  }
}

function same(got: string, want: string): void {
  assert(got == want, "got <" + got + ">, want <" + want + ">");
}

function lastError(): string {
  const at = cs_error();
  return String.UTF8.decodeUnsafe(usize(at >> 32), usize(at & 0xffffffff));
}

export function testRowsAndVerdicts(): void {
  const r = new Recorder(), f = batch(true);
  register(r);
  assert(cs_filter(f.at, f.size) == 0);
  same(r.seen[0], "4294967305 hi||c|a|en|||-1|0.25 1.0,5.0 2.0,6.0 echo=1.0 pi=3.0");
  same(r.seen[1], "4294967306 ми!|fine.||ab|ru|s|d|3|0.5 3.0,7.0 4.0,8.0 echo=2.0 pi=4.0");
  const verdicts = f.at + f.size - 16;
  assert(load<u64>(verdicts) == 0xbfc0000000070000 && load<u64>(verdicts, 8) == 0x3f00000000000001);
}

export function testTextsAlone(): void {
  const r = new Recorder(), f = batch(false);
  register(r);
  assert(cs_filter(f.at, f.size) == 0);
  same(r.seen[1], "4294967306 ми!|fine.||||||-1|0.0");
  f.put(8, [0]);
  assert(cs_filter(f.at, f.size) == 0 && r.seen.length == 2);
  assert(cs_filter(f.at, 63) == 1);
  same(lastError(), "not a batch");
}

export function testMemoryStaysThatOfABatch(): void {
  register(new Recorder());
  let pages = 0;
  for (let i = 0; i < 2000; i++) {
    const r = new Recorder();
    register(r);
    const f = batch(true);
    cs_filter(f.at, f.size);
    if (i == 100) pages = memory.size();
  }
  assert(memory.size() == pages);
}

export function testConfigures(): void {
  const r = new Recorder(), f = new Form(0x31435343, 32);
  register(r);
  f.put(16, [f.add([], '{"min":2}'), 9]);
  const table = f.add([0, 0, 0, 0], "");
  f.put(24, [table]);
  assert(cs_configure(f.at, f.size) == 1);
  same(lastError(), "no words");
  f.put(8, [1]);
  f.put(table, [f.add([], "words"), 5, f.add([], "a b"), 3]);
  assert(cs_configure(f.at, f.size) == 0 && r.min == 2);
  same(r.words, "a b");
  assert(cs_configure(f.at, 31) == 1);
  same(lastError(), "not a configuration");
}

export function testOptions(): void {
  const c = new Config(' { "a" : 1, "b":{"a":[2,"}"]}, "c\\n": "x\\"y" ,"d":true,"e":-2.5e-7,"f":1e+21}');
  assert(c.number("a") == 1 && c.number("e") == -2.5e-7 && c.number("f") == 1e21 && c.bool("d"));
  same(c.json("b"), '{"a":[2,"}"]}');
  same(c.string("c\n"), 'x"y');
  same(c.error, "");
  c.number("d");
  c.bool("a");
  same(c.error, "d is not a number");
  const broken = ["", "[]", "{", "{}", '{"a"', '{"a":', "{x:1}", "{,}", '{"b":1 ', '{"b\\'];
  for (let i = 0; i < broken.length; i++) same(new Config(broken[i]).json("a"), "");
}

export function testTexts(): void {
  same(new Config('{"s":"a\\u0416\\ud83d\\ude00\\n\\/"}').string("s"), "aЖ😀\n/");
  const wrong = ["3", '"\\q"', '"\\u12"', '"x', "null"];
  for (let i = 0; i < wrong.length; i++) {
    const c = new Config('{"s":' + wrong[i] + "}");
    c.string("s");
    same(c.error, "s is not a text");
  }
  const t = Text.of("ми!");
  assert(t.characters == 3 && t.length == 5 && t[4] == 0x21 && t.equals(t.copy()) && !t.equals(Text.of("ми?")));
  assert(Vector.of([1, 2])[1] == 2);
  log(INFO, "a message");
}
