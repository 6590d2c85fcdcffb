// Runs once, before the script: (config, say) gives what the guest needs of the
// options, and leaves the script an environment that is the same each time.
(config, say) => {
  delete Math.random;
  globalThis.console = { log: (...all) => say(all.map(String).join(" ")) };
  const { script, ...options } = JSON.parse(config);
  // What stands for the options keeps the lines of what it replaces.
  script.source = script.text.join(JSON.stringify(options) + "\n".repeat(script.lines));
  return script;
}
