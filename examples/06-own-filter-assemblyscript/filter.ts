// alike drops rows with a short text, and those whose two vectors point apart.
import { Config, Filter, Row, Verdict, drop, keep, register } from "../../sdk/assemblyscript/cubeset";
import { dot } from "./dot";
export { cubeset_filter_v1, cs_reserve, cs_configure, cs_filter, cs_error } from "../../sdk/assemblyscript/cubeset";

export const SHORT: u16 = 1, APART: u16 = 2; // the reasons of manifest.json

export class Alike extends Filter {
  charactersMin: f64 = 0;
  dotMin: f32 = 0;

  configure(config: Config): void {
    this.charactersMin = config.number("characters_min");
    this.dotMin = f32(config.number("dot_min"));
  }

  row(row: Row): Verdict {
    const d = dot(row.questionEmbedding, row.answerEmbedding);
    if (min(row.question.characters, row.answer.characters) < this.charactersMin) return drop(SHORT, d);
    return d < this.dotMin ? drop(APART, d) : keep(d);
  }
}

register(new Alike());
