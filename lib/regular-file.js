// Reads small untrusted files without blocking on a pipe or exceeding a limit.

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/**
 * @param {string} file
 * @param {number} maxBytes
 * @returns {string} its text
 * @throws what the file system says, or an error with the code `EFBIG` or `ENOTREG`
 */
export function readRegularFile(file, maxBytes) {
  // A FIFO would block until a writer opens it. Windows has neither FIFOs nor this flag.
  const handle = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(handle).isFile()) throw failure("ENOTREG", `${file} is not a regular file`);
    // Reading one byte more than allowed detects larger files, even if the reported size is wrong,
    // as in /proc.
    const buffer = Buffer.alloc(Math.min(fstatSync(handle).size, maxBytes) + 1);
    let length = 0;
    for (;;) {
      const read = readSync(handle, buffer, length, buffer.length - length, null);
      length += read;
      if (read === 0 || length === buffer.length) break;
    }
    if (length === buffer.length)
      throw failure("EFBIG", `${file} is larger than ${maxBytes} bytes`);
    return buffer.toString("utf-8", 0, length);
  } finally {
    closeSync(handle);
  }
}

/**
 * @param {string} code
 * @param {string} message
 */
function failure(code, message) {
  return Object.assign(new Error(message), { code });
}
