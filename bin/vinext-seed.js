#!/usr/bin/env node
// Starts the command. Older versions of Node must be able to parse this file, so that it can report
// the required version: no syntax after ES2020, no top-level `await`, and no static imports.

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
      // Errors about missing native code have a code; anything else is a bug.
      console.error(`error: ${code === undefined ? stack : `${message} (${code})`}`);
      process.exitCode = 1;
    });
}
