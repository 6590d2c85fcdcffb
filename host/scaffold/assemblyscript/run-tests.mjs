// Runs what a module exports under a name that starts with "test": with no host,
// and with what cubeset would import replaced.
import { readFileSync } from "node:fs";

const name = process.argv[2];
let memory;
const text = (at, bytes) => new TextDecoder().decode(new Uint8Array(memory.buffer, at, bytes));
const string = (at) => (at ? new TextDecoder("utf-16le").decode(new Uint8Array(memory.buffer, at, new Uint32Array(memory.buffer)[(at - 4) >> 2])) : "");
const imports = {
  cubeset: { log: (level, at, bytes) => console.log(`  log ${level}: ${text(at, bytes)}`) },
  env: {
    abort: (message, file, line, column) => {
      throw new Error(`${string(message) || "abort"} at ${string(file)}:${line}:${column}`);
    },
  },
};
const module = await WebAssembly.compile(readFileSync(name));
const fresh = async () => {
  const { exports } = await WebAssembly.instantiate(module, imports);
  memory = exports.memory;
  return exports;
};
const tests = WebAssembly.Module.exports(module).map((e) => e.name).filter((n) => n.startsWith("test"));
let failed = 0;
for (const test of tests) {
  try {
    (await fresh())[test]();
    console.log(`ok ${test}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${test}: ${error.message}`);
  }
}
console.log(`${tests.length - failed} passed, ${failed} failed`);
process.exit(failed || !tests.length ? 1 : 0);
