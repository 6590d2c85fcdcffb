// @NAME@ drops rows whose answer is too short.
import { Config, Filter, Row, Verdict, drop, keep, register } from "./cubeset";
export { cubeset_filter_v1, cs_reserve, cs_configure, cs_filter, cs_error } from "./cubeset";

export const ANSWER_SHORT: u16 = 1; // a reason of manifest.json

export class Short extends Filter {
  answerMin: f64 = 0;

  configure(config: Config): void {
    this.answerMin = config.number("answer_min");
  }

  row(row: Row): Verdict {
    const n = row.answer.characters;
    return n < this.answerMin ? drop(ANSWER_SHORT, f32(n)) : keep(f32(n));
  }
}

register(new Short());
