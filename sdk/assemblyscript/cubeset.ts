// All that a cubeset quality filter in AssemblyScript needs, version 1 of the
// ABI: a class that extends Filter, and two lines that export it.
//
//   import { Config, Filter, Row, Verdict, drop, keep, register } from "./cubeset";
//   export { cubeset_filter_v1, cs_reserve, cs_configure, cs_filter, cs_error } from "./cubeset";
//
//   const TOO_SHORT: u16 = 1;
//
//   export class Short extends Filter {
//     answerMin: f64 = 0;
//
//     configure(config: Config): void {
//       this.answerMin = config.number("answer_min");
//     }
//
//     row(row: Row): Verdict {
//       const n = row.answer.characters;
//       return n < this.answerMin ? drop(TOO_SHORT, f32(n)) : keep(f32(n));
//     }
//   }
//
//   register(new Short());
//
// It is compiled by asc with --runtime minimal: what row allocates is collected
// after each batch.

// Filter is a quality filter.
export abstract class Filter {
  // configure reads the options once, before the first row. What goes wrong,
  // config.fail and options of another type, ends the build.
  configure(config: Config): void {}

  // row judges one row, by what is in it and by the options, and by nothing
  // else: not by rows before it.
  abstract row(row: Row): Verdict;
}

// Verdict is what a filter says of one row; keep and drop make one.
export type Verdict = u64;

// keep keeps the row. The score is finite, and becomes a column of the dataset.
export function keep(score: f32): Verdict {
  return drop(0, score);
}

// drop drops the row for a reason of the manifest.
export function drop(reason: u16, score: f32): Verdict {
  return (u64(reinterpret<u32>(score)) << 32) | u64(reason);
}

// Row is a question and an answer. What comes after the answer is there only if
// the manifest's needs ask for it. One Row serves all rows, and its texts and
// vectors are views of the host's buffer: what is kept has to be copied.
export class Row {
  number: u64 = 0; // in its chunk
  question: Text = new Text();
  answer: Text = new Text();
  context: Text = new Text(); // needs "context": what came before the question
  id: Text = new Text(); // needs "id"
  lang: Text = new Text(); // needs "lang": as the input gave it, empty if unknown
  source: Text = new Text(); // needs "source": the file or collection
  dialogueId: Text = new Text(); // needs "dialogue"
  turn: i32 = -1; // needs "dialogue"; -1 if unknown
  similarity: f32 = 0; // needs "similarity": cosine of the two embeddings
  questionEmbedding: Vector = new Vector(); // needs "embeddings": the teacher's own
  answerEmbedding: Vector = new Vector();
  scores: Array<Score> = []; // needs "scores": of the filters that ran before
}

// Score is what an earlier filter said of the row.
export class Score {
  filter: Text = new Text();
  value: f32 = 0;
}

// Text is UTF-8 in memory. Reading its bytes allocates nothing; toString does.
export class Text {
  data: usize = 0; // address of the first byte
  length: i32 = 0; // in bytes
  private kept: ArrayBuffer | null = null; // what data points into, if it is ours

  static of(s: string): Text {
    const text = new Text(), bytes = String.UTF8.encode(s);
    text.kept = bytes;
    text.set(changetype<usize>(bytes), bytes.byteLength);
    return text;
  }

  set(data: usize, length: i32): void {
    this.data = data;
    this.length = length;
  }

  // copy is a text that stays.
  copy(): Text {
    const text = new Text(), bytes = new ArrayBuffer(this.length);
    memory.copy(changetype<usize>(bytes), this.data, this.length);
    text.kept = bytes;
    text.set(changetype<usize>(bytes), this.length);
    return text;
  }

  @operator("[]")
  at(i: i32): u8 {
    assert(u32(i) < u32(this.length));
    return load<u8>(this.data + i);
  }

  // characters is how many there are, not bytes.
  get characters(): i32 {
    let n = 0;
    for (let p = this.data, end = p + this.length; p < end; p++) n += i32((load<u8>(p) & 0xc0) != 0x80);
    return n;
  }

  equals(other: Text): bool {
    return this.length == other.length && memory.compare(this.data, other.data, this.length) == 0;
  }

  toString(): string {
    return String.UTF8.decodeUnsafe(this.data, this.length);
  }
}

// Vector is an embedding where the host put it.
export class Vector {
  data: usize = 0; // address of the first value
  length: i32 = 0;
  private kept: StaticArray<f32> | null = null;

  static of(values: StaticArray<f32>): Vector {
    const v = new Vector();
    v.kept = values;
    v.set(changetype<usize>(values), values.length);
    return v;
  }

  set(data: usize, length: i32): void {
    this.data = data;
    this.length = length;
  }

  @operator("[]")
  at(i: i32): f32 {
    assert(u32(i) < u32(this.length));
    return load<f32>(this.data + (usize(i) << 2));
  }
}

// Config is the options, as the host merged and checked them, and the blobs.
export class Config {
  error: string = "";
  private block: usize = 0;

  // new Config('{"min":3}') is a configuration for a test.
  constructor(private options: string) {}

  static read(block: usize): Config {
    const config = new Config(String.UTF8.decodeUnsafe(block + load<u32>(block, 16), load<u32>(block, 20)));
    config.block = block;
    return config;
  }

  // fail ends the build with at most 256 bytes of a message. The first counts.
  fail(message: string): void {
    if (this.error == "") this.error = message;
  }

  number(key: string): f64 {
    const json = this.json(key), value = Number.parseFloat(json);
    if (json != "" && !isNaN(value)) {
      let plain = true;
      for (let i = 0; i < json.length; i++) plain = plain && "+-.0123456789eE".includes(json.charAt(i));
      if (plain) return value;
    }
    this.fail(key + " is not a number");
    return 0;
  }

  bool(key: string): bool {
    const json = this.json(key);
    if (json != "true" && json != "false") this.fail(key + " is neither true nor false");
    return json == "true";
  }

  string(key: string): string {
    const text = unquote(this.json(key));
    if (text === null) this.fail(key + " is not a text");
    return text === null ? "" : text;
  }

  // json is the JSON of an option, for lists and objects; empty if there is none.
  json(key: string): string {
    const s = this.options;
    for (let name = past(s, 0, OPEN); name > 0; ) {
      const after = valueEnd(s, name), value = past(s, after, COLON);
      if (value < 0) break;
      const end = valueEnd(s, value), found = unquote(s.substring(name, after));
      if (found !== null && found == key) return s.substring(value, end);
      name = past(s, end, COMMA);
    }
    return "";
  }

  // blob is a named file, a word list for example; null if there is none.
  blob(name: string): Text | null {
    const block = this.block, want = Text.of(name), found = new Text();
    if (block == 0) return null;
    for (let i: u32 = 0; i < load<u32>(block, 8); i++) {
      const entry = block + load<u32>(block, 24) + 16 * i;
      found.set(block + load<u32>(entry), load<u32>(entry, 4));
      if (found.equals(want)) {
        found.set(block + load<u32>(entry, 8), load<u32>(entry, 12));
        return found.copy();
      }
    }
    return null;
  }
}

// What JSON is made of.
const QUOTE: i32 = 0x22, BACKSLASH: i32 = 0x5c, COMMA: i32 = 0x2c, COLON: i32 = 0x3a;
const OPEN: i32 = 0x7b, CLOSE: i32 = 0x7d, OPEN_LIST: i32 = 0x5b, CLOSE_LIST: i32 = 0x5d, SMALL_U: i32 = 0x75;

function isSpace(c: i32): bool {
  return c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09;
}

// past is what follows the sign c, with white space around it; -1 if the next
// sign is another.
function past(s: string, at: i32, c: i32): i32 {
  while (at < s.length && isSpace(s.charCodeAt(at))) at++;
  if (at >= s.length || s.charCodeAt(at) != c) return -1;
  for (at++; at < s.length && isSpace(s.charCodeAt(at)); ) at++;
  return at;
}

// valueEnd is the end of the JSON value that starts at at.
function valueEnd(s: string, at: i32): i32 {
  let depth = 0, quoted = false;
  for (; at < s.length; at++) {
    const c = s.charCodeAt(at);
    if (quoted) {
      if (c == BACKSLASH) at++;
      else if (c == QUOTE) quoted = false;
    } else if (c == QUOTE) quoted = true;
    else if (c == OPEN || c == OPEN_LIST) depth++;
    else if (depth > 0 && (c == CLOSE || c == CLOSE_LIST)) depth--;
    else if (depth == 0 && (c == COMMA || c == COLON || c == CLOSE || isSpace(c))) break;
  }
  return at < s.length ? at : s.length;
}

// unquote is the text of a JSON string; null if it is none.
function unquote(json: string): string | null {
  const end = json.length - 1, units: i32[] = [];
  if (end < 1 || json.charCodeAt(0) != QUOTE || json.charCodeAt(end) != QUOTE) return null;
  for (let i = 1; i < end; i++) {
    let c = json.charCodeAt(i);
    if (c == BACKSLASH) {
      const escape = json.charCodeAt(++i), plain = '"\\/bfnrt'.indexOf(String.fromCharCode(escape));
      if (i < end && plain >= 0) {
        c = '"\\/\b\f\n\r\t'.charCodeAt(plain);
      } else if (escape == SMALL_U && i + 4 < end) {
        const unit = parseInt(json.substr(i + 1, 4), 16);
        if (isNaN(unit)) return null;
        c = i32(unit); // halves of a pair come one after the other
        i += 4;
      } else {
        return null;
      }
    }
    units.push(c);
  }
  return String.fromCharCodes(units);
}

// Levels of log.
export const DEBUG: i32 = 0;
export const INFO: i32 = 1;
export const WARNING: i32 = 2;
export const ERROR: i32 = 3;

@external("cubeset", "log")
declare function hostLog(level: i32, data: usize, length: i32): void;

// log sends one message to the host's log, which hears 64 KiB from an instance.
export function log(level: i32, message: string): void {
  const text = String.UTF8.encode(message);
  hostLog(level, changetype<usize>(text), text.byteLength);
}

// The exports -------------------------------------------------------------

let filter: Filter | null = null;
let buffer: usize = 0;
let capacity: u32 = 0;
let complaint = new ArrayBuffer(0);
const row = new Row();

// register makes f the filter of this module.
export function register(f: Filter): void {
  filter = f;
}

export function cubeset_filter_v1(): u32 {
  return 1;
}

export function cs_reserve(n: u32): usize {
  if (buffer == 0 || n > capacity) {
    if (buffer) heap.free(buffer);
    buffer = heap.alloc(n);
    capacity = n;
  }
  return buffer;
}

export function cs_configure(p: usize, n: u32): i32 {
  if (n < 32 || load<u32>(p) != 0x31435343) return failed("not a configuration"); // "CSC1"
  if (filter === null) return failed("no filter: is register called?");
  const config = Config.read(p);
  filter!.configure(config);
  return config.error == "" ? 0 : failed(config.error);
}

export function cs_filter(p: usize, n: u32): i32 {
  if (n < 64 || load<u32>(p) != 0x31425343) return failed("not a batch"); // "CSB1"
  const f = filter!, rows = load<u32>(p, 8);
  const questions = p + load<u32>(p, 16), questionData = p + load<u32>(p, 20);
  const answers = p + load<u32>(p, 24), answerData = p + load<u32>(p, 28);
  const extensions = load<u32>(p, 52);
  row.number = load<u64>(p, 56);
  row.turn = -1;
  for (let i: u32 = 0, out = p + load<u32>(p, 44); i < rows; i++, row.number++, out += 8) {
    setText(row.question, questions, questionData, i);
    setText(row.answer, answers, answerData, i);
    setVectors(p, i);
    if (extensions) setExtensions(p, p + extensions, rows, i);
    const verdict = f.row(row);
    store<u16>(out, u16(u16(verdict) == 0)); // keep, and a reserved byte
    store<u16>(out, u16(verdict), 2);
    store<u32>(out, u32(verdict >> 32), 4);
  }
  __collect();
  return 0;
}

export function cs_error(): u64 {
  return (u64(changetype<usize>(complaint)) << 32) | u64(complaint.byteLength);
}

function failed(message: string): i32 {
  complaint = String.UTF8.encode(message);
  return 1;
}

// setText makes it text i of a column.
function setText(text: Text, offsets: usize, data: usize, i: u32): void {
  const at = offsets + (usize(i) << 2), from = load<u32>(at);
  text.set(data + from, load<u32>(at, 4) - from);
}

function setVectors(p: usize, i: u32): void {
  const questions = load<u32>(p, 32), dim = load<u32>(p, 40);
  if (questions == 0) return;
  row.questionEmbedding.set(p + questions + 4 * i * dim, dim);
  row.answerEmbedding.set(p + load<u32>(p, 36) + 4 * i * dim, dim);
}

// setExtensions reads row i of the columns in the table; it skips tags it does
// not know.
function setExtensions(p: usize, table: usize, rows: u32, i: u32): void {
  const ends = 4 * (rows + 1);
  for (let tag = load<u32>(table); tag != 0; table += 12, tag = load<u32>(table)) {
    const at = p + load<u32>(table, 4);
    if (tag == 1) setText(row.context, at, at + ends, i);
    else if (tag == 2) setText(row.id, at, at + ends, i);
    else if (tag == 3) setText(row.lang, at, at + ends, i);
    else if (tag == 4) row.similarity = load<f32>(at + 4 * i);
    else if (tag == 5) setText(row.source, at, at + ends, i);
    else if (tag == 6) {
      row.turn = load<i32>(at + 4 * i);
      setText(row.dialogueId, at + 4 * rows, at + 4 * rows + ends, i);
    } else if (tag == 7) setScores(at, rows, i);
  }
}

function setScores(at: usize, rows: u32, i: u32): void {
  const count = load<u32>(at), values = at + 4 + 4 * (count + 1), names = values + 4 * count * rows;
  while (row.scores.length < i32(count)) row.scores.push(new Score());
  if (row.scores.length > i32(count)) row.scores.length = count;
  for (let k: u32 = 0; k < count; k++) {
    const score = row.scores[k];
    setText(score.filter, at + 4, names, k);
    score.value = load<f32>(values + 4 * (k * rows + i));
  }
}
