// npm test
import { Config, Row, Text, Verdict, drop, keep } from "./cubeset";
import { ANSWER_SHORT, Short } from "./filter";

function judge(answer: string): Verdict {
  const short = new Short(), row = new Row();
  short.configure(new Config('{"answer_min":5}'));
  row.question = Text.of("Really?");
  row.answer = Text.of(answer);
  return short.row(row);
}

export function testDropsShortAnswers(): void {
  assert(judge("Yes.") == drop(ANSWER_SHORT, 4));
  assert(judge("Да-да") == keep(5));
  assert(judge("") == drop(ANSWER_SHORT, 0));
}

export function testRefusesOptionsOfAnotherType(): void {
  const config = new Config('{"answer_min":"five"}');
  new Short().configure(config);
  assert(config.error != "");
}
