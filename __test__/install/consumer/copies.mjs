// Two installations in one process. Usage: copies.mjs <directory> <directory>

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { exercise } from "./exercise.mjs";

const copies = await Promise.all(
  process.argv.slice(2).map((directory) => {
    const entry = createRequire(path.join(directory, "package.json")).resolve(
      "@vinext/seed-native",
    );
    return import(pathToFileURL(entry).href);
  }),
);
if (copies[0] === copies[1]) throw new Error("both are the same copy");
console.log(JSON.stringify(await Promise.all(copies.map((copy) => exercise(copy)))));
