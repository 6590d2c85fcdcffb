// Runs once, after the script: what was read in its text must be what it says.
(declared) => {
  const same = (name, said) => {
    const [has, want] = [JSON.stringify(said), JSON.stringify(declared[name])];
    if (has !== want) throw new TypeError(`${name} is ${has}, and where it is first declared ${want}`);
  };
  same("reasons", typeof reasons === "undefined" ? ["dropped"] : reasons);
  same("needs", typeof needs === "undefined" ? [] : needs);
  if (typeof keep !== "function") throw new TypeError("there is no function keep(row)");
  return keep;
}
