// Runs once, after the script: what was read in its text must be what it says.
(declared) => {
  const say = (name, is, read) => {
    throw new TypeError(`${name} is ${is} but was read as ${read}: declare it once, as JSON, on a line that starts with const ${name} =`);
  };
  const same = (name, said) => {
    const [is, read] = [JSON.stringify(said), JSON.stringify(declared[name])];
    if (is !== read) say(name, is, read);
  };
  same("reasons", typeof reasons === "undefined" ? ["dropped"] : reasons);
  same("needs", typeof needs === "undefined" ? [] : needs);
  if (typeof options !== "undefined" && declared.text.length === 1) say("options", JSON.stringify(options), "none");
  if (typeof keep !== "function") throw new TypeError("there is no function keep(row)");
  return keep;
}
