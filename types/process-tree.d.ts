/**
 * Where Windows keeps `taskkill`; nothing on other systems. Not looked up in PATH, where the
 * project may have a program of that name.
 */
export function taskkillPath(): string | undefined;
/**
 * @param {number} pid a process that has not been waited for, or this one
 * @param {string | undefined} taskkill see `taskkillPath`
 * @param {() => void} [whenDone] called once: at once on Unix, else when `taskkill` has ended
 */
export function endTree(pid: number, taskkill: string | undefined, whenDone?: () => void): void;
