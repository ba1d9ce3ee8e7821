#!/usr/bin/env node
// Starts the command. Older versions of Node have to understand this file, to say which one is needed:
// no syntax after ES2020, no top-level `await`, and no static imports.

// As `engines` of package.json says.
const NEEDED = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const [neededMajor = 0, neededMinor = 0] = NEEDED;
if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  console.error(
    `vinext-seed needs Node.js ${NEEDED.join(".")} or later, and this is ${process.versions.node}.`,
  );
  process.exitCode = 2;
} else {
  import("../lib/cli/main.js")
    .then(({ main }) => main(process.argv.slice(2)))
    .then((exitCode) => {
      process.exitCode = exitCode;
    })
    .catch(({ code, message, stack }) => {
      // The errors of the native code's absence have a code; anything else is a bug.
      console.error(`error: ${code === undefined ? stack : `${message} (${code})`}`);
      process.exitCode = 1;
    });
}
