// Drops answers that ask back, and those that say less than a few words.
const reasons = ["asks_back", "curt"];
const options = {"words_min": 5};

function keep(row) {
  const words = row.answer.slice(0, 4096).match(/\p{L}+/gu) ?? [];
  if (row.answer.trimEnd().endsWith("?")) return "asks_back";
  return {keep: words.length >= options.words_min || "curt", score: words.length};
}
