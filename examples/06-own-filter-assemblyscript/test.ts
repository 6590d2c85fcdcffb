import { Config, Row, Text, Vector, Verdict, drop, keep } from "../../sdk/assemblyscript/cubeset";
import { dot } from "./dot";
import { APART, Alike, SHORT } from "./filter";

function judge(question: string, answer: string, a: StaticArray<f32>, b: StaticArray<f32>): Verdict {
  const alike = new Alike(), row = new Row();
  alike.configure(new Config('{"characters_min":3,"dot_min":0.5}'));
  row.question = Text.of(question);
  row.answer = Text.of(answer);
  row.questionEmbedding = Vector.of(a);
  row.answerEmbedding = Vector.of(b);
  return alike.row(row);
}

export function testJudgesRows(): void {
  const x: StaticArray<f32> = [1, 0, 0, 0], y: StaticArray<f32> = [0.6, 0.8, 0, 0];
  assert(judge("Why?", "Because.", x, y) == keep(0.6));
  assert(judge("Why?", "So", x, y) == drop(SHORT, 0.6));
  assert(judge("да", "Because.", x, x) == drop(SHORT, 1));
  assert(judge("Why?", "Because.", x, [0, 1, 0, 0]) == drop(APART, 0));
}

export function testDotIsFinite(): void {
  const big: StaticArray<f32> = [f32.MAX_VALUE, f32.MAX_VALUE, 1, 1];
  assert(dot(Vector.of(big), Vector.of(big)) == 1);
  assert(dot(Vector.of(big), Vector.of([-f32.MAX_VALUE, f32.MAX_VALUE, 1, 1])) == -1);
}
