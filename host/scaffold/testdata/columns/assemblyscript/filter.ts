// columns hashes all it is given.
import { Config, Filter, INFO, Row, Text, Verdict, drop, keep, log, register } from "./cubeset";
export { cubeset_filter_v1, cs_reserve, cs_configure, cs_filter, cs_error } from "./cubeset";

let h: u32 = 0; // FNV-1a

function byte(b: u32): void {
  h = (h ^ (b & 0xff)) * 16777619;
}

function text(s: Text): void {
  for (let i = 0; i < s.length; i++) byte(s[i]);
  byte(0);
}

function word(v: u32): void {
  for (let i: u32 = 0; i < 4; i++) byte(v >> (8 * i));
}

function real(v: f32): void {
  word(reinterpret<u32>(v));
}

class Columns extends Filter {
  seed: u32 = 0;

  configure(config: Config): void {
    const s = config.string("text"), number = reinterpret<u64>(config.number("number")), words = config.blob("words");
    if (s == "fail") return config.fail("asked to fail");
    h = 2166136261;
    word(u32(number));
    word(u32(number >> 32));
    word(u32(config.bool("flag")));
    text(Text.of(s));
    text(words === null ? new Text() : words);
    this.seed = h;
    log(INFO, "hashed the options");
  }

  row(r: Row): Verdict {
    if (r.answer.length > 3 && r.answer.toString().includes("trap")) throw new Error("asked to trap");
    h = this.seed;
    word(u32(r.number));
    word(u32(r.number >> 32));
    text(r.question);
    text(r.answer);
    text(r.context);
    text(r.id);
    text(r.lang);
    text(r.source);
    text(r.dialogueId);
    word(r.turn);
    real(r.similarity);
    for (let i = 0; i < r.questionEmbedding.length; i++) {
      real(r.questionEmbedding[i]);
      real(r.answerEmbedding[i]);
    }
    for (let k = 0; k < r.scores.length; k++) {
      text(r.scores[k].filter);
      real(r.scores[k].value);
    }
    const score = f32(h & 0xffffff);
    return ((h >> 24) & 1) != 0 ? drop(7, score) : keep(score);
  }
}

register(new Columns());
